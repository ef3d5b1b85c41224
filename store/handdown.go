package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// appliedAtOnce is how many items of a page are taken over in one transaction: an answer that is being typed meanwhile
// waits no longer than that takes.
const appliedAtOnce = 200

// ApplySigned takes over a run of a feed that somebody handed down who need not be trusted, and returns how many items of
// it were new. The page must be the county's word to the last item; it may begin before where the feed has been followed
// to, and what lies there is passed over. A page that has a gap before it, of another epoch than the county itself has
// named, or of a scope that is not granted changes nothing; one that the county did not sign like this is Damaged.
func (s *Store) ApplySigned(ctx context.Context, page wire.FeedPage) (fresh int, err error) {
	m := s.member.Load()
	if m == nil || page.Epoch != m.enrolment.Epoch || !s.grants(page.Scope) {
		return 0, nil
	}
	if err := page.Verify(m.enrolment.ServerKey); err != nil {
		return 0, damaged("store.ApplySigned", "scope "+page.Scope.String(), err)
	}
	at, err := s.followed(ctx, page.Scope, page.Epoch)
	if err != nil || at < page.After || at > page.End() {
		return 0, opError("store.ApplySigned", "scope "+page.Scope.String(), err)
	}
	if at < page.End() {
		if err := s.KeepStamp(ctx, wire.StampOf(page)); err != nil {
			return 0, err
		}
	}
	rest := page
	rest.After, rest.Items = at, page.Items[at-page.After:]
	for items := range slices.Chunk(rest.Items, appliedAtOnce) {
		part := rest
		part.Items = items
		if err := s.applyPage(ctx, part, survey.RoadRelay); err != nil {
			return fresh, err
		}
		rest.After += uint64(len(items))
		fresh += len(items)
	}
	if page.End() < page.Head {
		return fresh, nil
	}
	return fresh, s.noteHandedDown(ctx, page)
}

// followed returns how far a feed has been followed in an epoch.
func (s *Store) followed(ctx context.Context, scope survey.ScopeID, epoch survey.Epoch) (seq uint64, err error) {
	err = s.db.reader.QueryRowContext(ctx, "SELECT seq FROM cursor WHERE scope_id = ? AND epoch = ?", scope[:], epoch[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// noteHandedDown notes that a feed is known to its end as of the page's time.
func (s *Store) noteHandedDown(ctx context.Context, page wire.FeedPage) error {
	return s.update(ctx, "store.noteHandedDown", "scope "+page.Scope.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		return t.exec(ctx, `INSERT INTO handed_down (scope_id, epoch, as_of) VALUES (?, ?, ?) ON CONFLICT (scope_id) DO UPDATE
			SET epoch = excluded.epoch, as_of = excluded.as_of WHERE excluded.as_of > as_of OR excluded.epoch <> epoch`,
			page.Scope[:], page.Epoch[:], int64(page.Time))
	})
}

// handedDown returns until when every granted feed is known by what receiving points have handed down, zero while one of
// them is not.
func (s *Store) handedDown(ctx context.Context) (survey.Millis, error) {
	m := s.member.Load()
	if m == nil {
		return 0, nil
	}
	var oldest survey.Millis
	feeds := 0
	err := s.db.each(ctx, "SELECT scope_id, as_of FROM handed_down WHERE epoch = ?", []any{m.enrolment.Epoch[:]}, func(row rowScan) error {
		var scope survey.ScopeID
		var at survey.Millis
		if err := row(&scope, (*int64)(&at)); err != nil {
			return err
		}
		if _, granted := m.granted[scope]; !granted {
			return nil
		}
		if feeds++; feeds == 1 || at < oldest {
			oldest = at
		}
		return nil
	})
	if feeds < len(m.granted) {
		oldest = 0
	}
	return oldest, err
}
