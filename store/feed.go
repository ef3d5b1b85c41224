package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Cursors returns how far every feed has been followed.
func (s *Store) Cursors(ctx context.Context) ([]survey.Cursor, error) {
	var cursors []survey.Cursor
	err := s.db.each(ctx, "SELECT epoch, scope_id, seq FROM cursor ORDER BY scope_id", nil, func(row rowScan) error {
		var c survey.Cursor
		err := row(&c.Epoch, &c.Scope, &c.Seq)
		cursors = append(cursors, c)
		return err
	})
	return cursors, opError("store.Cursors", "", err)
}

// ApplyPage takes over the next run of a feed: revisions, what records amount to, and the cursor, all in one
// transaction. A page of another epoch, or one that does not begin where the feed has been followed to, changes
// nothing; what a page brings again changes nothing either. A revision that is not what its identifier says makes the
// whole page an error of kind Damaged.
//
// What the page erases is gone from the database when ApplyPage returns; files of attachments go afterwards, and those
// that a killed process leaves are swept when the store is next opened.
func (s *Store) ApplyPage(ctx context.Context, page wire.FeedPage) error {
	return s.applyPage(ctx, page, survey.RoadNetwork)
}

func (s *Store) applyPage(ctx context.Context, page wire.FeedPage, road survey.Road) error {
	var done *tx
	err := s.update(ctx, "store.ApplyPage", "scope "+page.Scope.String(), func(ctx context.Context, t *tx) error {
		follows, err := s.follows(ctx, t, page)
		if err != nil || !follows {
			t.quiet = true
			return err
		}
		done = t
		touched, err := s.applyItems(ctx, t, page)
		if err != nil {
			return err
		}
		if err := s.noteArrivals(ctx, t, road); err != nil {
			return err
		}
		for _, id := range touched {
			if err := s.settle(ctx, t, id); err != nil {
				return err
			}
		}
		if t.reread[page.Scope] {
			return nil
		}
		return t.exec(ctx, `INSERT INTO cursor (scope_id, epoch, seq) VALUES (?, ?, ?)
			ON CONFLICT (scope_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq`,
			page.Scope[:], page.Epoch[:], int64(page.After)+int64(len(page.Items)))
	})
	if err == nil && done != nil && done.erased {
		s.forget(context.WithoutCancel(ctx), done.gone)
	}
	return err
}

// follows reports whether a page begins where its feed has been followed to.
func (s *Store) follows(ctx context.Context, t *tx, page wire.FeedPage) (bool, error) {
	if len(page.Items) == 0 || s.self.enrolment == nil || page.Epoch != s.self.enrolment.Epoch {
		return false, nil
	}
	var known survey.Cursor
	err := t.row(ctx, "SELECT epoch, seq FROM cursor WHERE scope_id = ?", []any{page.Scope[:]}, &known.Epoch, &known.Seq)
	if errors.Is(err, sql.ErrNoRows) {
		return page.After == 0, nil
	}
	return page.Epoch == known.Epoch && page.After == known.Seq, err
}

// applyItems keeps the revisions of a page and returns the records they belong to.
func (s *Store) applyItems(ctx context.Context, t *tx, page wire.FeedPage) ([]survey.RecordID, error) {
	var touched []survey.RecordID
	seen := map[survey.RecordID]bool{}
	for i, item := range page.Items {
		if item.Seq != page.After+uint64(i)+1 {
			return nil, damaged("store.applyItems", "", fmt.Errorf("seq %d after %d", item.Seq, page.After+uint64(i)))
		}
		changed, err := s.applyItem(ctx, t, page.Scope, item)
		if err != nil {
			return nil, err
		}
		id := item.Revision.Header.Record
		if item.Op == wire.FeedLeave {
			seen[id] = false // what came of it before on this page has gone again
			touched = slices.DeleteFunc(touched, func(t survey.RecordID) bool { return t == id })
		}
		if changed && !seen[id] {
			seen[id] = true
			touched = append(touched, id)
		}
	}
	return touched, nil
}

func (s *Store) applyItem(ctx context.Context, t *tx, scope survey.ScopeID, item wire.FeedItem) (bool, error) {
	if err := wire.VerifyRevision(item.Revision); err != nil {
		return false, damaged("store.applyItem", "revision "+item.Revision.ID.String(), err)
	}
	if err := s.keepHLC(ctx, t, item.HLC); err != nil {
		return false, err
	}
	if item.Op == wire.FeedLeave {
		return false, s.leave(ctx, t, scope, item.Revision.Header)
	}
	if err := t.exec(ctx, "DELETE FROM reject WHERE rev_id = ?", item.Revision.ID[:]); err != nil {
		return false, err
	}
	added, err := s.revise(ctx, t, item.Revision, item.HLC)
	if err != nil {
		return added, err
	}
	if added {
		t.arrived = append(t.arrived, item.Revision.Header)
	}
	if err := belong(ctx, t, scope, item.Revision, added); err != nil || added {
		return added, err
	}
	changed, err := t.change(ctx, "UPDATE revision SET hlc = ? WHERE rev_id = ? AND hlc <> ?",
		int64(item.HLC), item.Revision.ID[:], int64(item.HLC))
	if err != nil || changed {
		return changed, err
	}
	return outOfView(ctx, t, item.Revision.Header.Record)
}

// belong notes in which scope a revision is here. It is where it was written where that is followed, and otherwise the
// scope its record has moved to: with that it goes.
func belong(ctx context.Context, t *tx, scope survey.ScopeID, r survey.Revision, added bool) error {
	if written := scope == r.Header.Scope; written == added {
		return nil
	}
	return t.exec(ctx, "UPDATE revision SET scope_id = ? WHERE rev_id = ? AND scope_id <> ?", scope[:], r.ID[:], scope[:])
}

// outOfView reports whether a record is not shown although a revision of it is here: its scope was withdrawn, and is
// granted again.
func outOfView(ctx context.Context, t *tx, id survey.RecordID) (out bool, err error) {
	err = t.row(ctx, "SELECT NOT EXISTS (SELECT 1 FROM record WHERE record_id = ?)", []any{id[:]}, &out)
	return out, err
}

// leave takes a record out of view that has gone to another scope. Its revisions stay: it is not deleted, unless it was
// erased where it went.
func (s *Store) leave(ctx context.Context, t *tx, scope survey.ScopeID, h survey.Header) error {
	id := h.Record
	if _, granted := s.member.Load().granted[h.Scope]; h.Kind == survey.Erase && !granted {
		if err := s.eraseLeft(ctx, t, id); err != nil {
			return err
		}
	}
	t.after = append(t.after, func() { s.register.dropHousehold(scope, id) })
	return errors.Join(
		t.exec(ctx, "DELETE FROM record WHERE record_id = ? AND scope_id = ?", id[:], scope[:]),
		s.relink(ctx, t, id),
	)
}
