package store

import (
	"context"
	"log/slog"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// KeepStamp keeps the server's signature over a page that is about to be applied. One of another epoch, or that is not
// the pinned server's, is passed over: nothing could be done with it.
func (s *Store) KeepStamp(ctx context.Context, stamp wire.Stamp) error {
	m := s.member.Load()
	if m == nil || stamp.Epoch != m.enrolment.Epoch {
		return nil
	}
	if err := stamp.Verify(m.enrolment.ServerKey); err != nil {
		s.log.WarnContext(ctx, "stamp of a page does not verify", slog.Any("error", err))
		return nil
	}
	return s.update(ctx, "store.KeepStamp", "scope "+stamp.Scope.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		revisions := make([]byte, 0, len(stamp.Revisions)*len(survey.RevID{}))
		for _, id := range stamp.Revisions {
			revisions = append(revisions, id[:]...)
		}
		return t.exec(ctx, `INSERT INTO stamp (scope_id, epoch, after_n, revisions, signature) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (scope_id, epoch, after_n) DO UPDATE SET revisions = excluded.revisions, signature = excluded.signature
			WHERE length(excluded.revisions) >= length(stamp.revisions)`,
			stamp.Scope[:], stamp.Epoch[:], int64(stamp.After), revisions, stamp.Signature)
	})
}

// ToReconcile returns the scopes of which something was read in an earlier life of the server.
func (s *Store) ToReconcile(ctx context.Context) ([]survey.ScopeID, error) {
	m := s.member.Load()
	if m == nil {
		return nil, nil
	}
	var scopes []survey.ScopeID
	err := s.db.each(ctx, "SELECT DISTINCT scope_id FROM stamp WHERE epoch <> ?", []any{m.enrolment.Epoch[:]}, func(row rowScan) error {
		var scope survey.ScopeID
		err := row(&scope)
		if _, granted := m.granted[scope]; granted {
			scopes = append(scopes, scope)
		}
		return err
	})
	return scopes, opError("store.ToReconcile", "", err)
}

// Stamped returns what of a scope is held here under the server's stamps.
func (s *Store) Stamped(ctx context.Context, scope survey.ScopeID) ([]survey.RevID, error) {
	here := map[survey.RevID]struct{}{}
	err := s.db.each(ctx, "SELECT rev_id FROM revision WHERE scope_id = ?", []any{scope[:]}, func(row rowScan) error {
		var id survey.RevID
		err := row(&id)
		here[id] = struct{}{}
		return err
	})
	if err != nil {
		return nil, opError("store.Stamped", "", err)
	}
	var ids []survey.RevID
	err = s.stamps(ctx, scope, func(stamp wire.Stamp) error {
		for _, id := range stamp.Revisions {
			if _, held := here[id]; held {
				ids = append(ids, id)
				delete(here, id)
			}
		}
		return nil
	})
	return ids, opError("store.Stamped", "", err)
}

// Offer makes an offer of the first of these revisions, at most maxEntries of them and about maxBytes, with the stamps
// they stand in. A revision that is not what was written is left out.
func (s *Store) Offer(ctx context.Context, scope survey.ScopeID, ids []survey.RevID, maxEntries, maxBytes int) (offer wire.Offer, rest []survey.RevID, err error) {
	offer.Scope = scope
	var chosen []survey.RevID
	for maxEntries = min(maxEntries, wire.MaxEntries); len(ids) > 0 && len(offer.Revisions) < maxEntries && (maxBytes > 0 || len(offer.Revisions) == 0); ids = ids[1:] {
		var payload []byte
		err := s.db.reader.QueryRowContext(ctx, "SELECT payload_sealed FROM revision WHERE rev_id = ?", ids[0][:]).Scan(&payload)
		if err != nil {
			return offer, ids, opError("store.Offer", "", err)
		}
		r, err := s.openRevision(ids[0], payload)
		if s.leaveOut(ctx, placeOf("revision.payload_sealed", ids[0][:]), err) {
			continue
		}
		if err != nil {
			return offer, ids, opError("store.Offer", "", err)
		}
		maxBytes -= len(payload)
		offer.Revisions, chosen = append(offer.Revisions, r), append(chosen, r.ID)
	}
	offer.Stamps, err = s.covering(ctx, scope, chosen)
	return offer, ids, opError("store.Offer", "", err)
}

// covering returns stamps that every one of the revisions stands in.
func (s *Store) covering(ctx context.Context, scope survey.ScopeID, ids []survey.RevID) (stamps []wire.Stamp, err error) {
	left := map[survey.RevID]struct{}{}
	for _, id := range ids {
		left[id] = struct{}{}
	}
	err = s.stamps(ctx, scope, func(stamp wire.Stamp) error {
		before := len(left)
		for _, id := range stamp.Revisions {
			delete(left, id)
		}
		if len(left) < before {
			stamps = append(stamps, stamp)
		}
		return nil
	})
	return stamps, err
}

// stamps calls use for every stamp of a scope.
func (s *Store) stamps(ctx context.Context, scope survey.ScopeID, use func(wire.Stamp) error) error {
	return s.db.each(ctx, "SELECT epoch, after_n, revisions, signature FROM stamp WHERE scope_id = ? ORDER BY epoch, after_n", []any{scope[:]}, func(row rowScan) error {
		stamp := wire.Stamp{Scope: scope}
		var after int64
		var revisions []byte
		if err := row(&stamp.Epoch, &after, &revisions, &stamp.Signature); err != nil {
			return err
		}
		stamp.After = uint64(after)
		for id := range slices.Chunk(revisions, len(survey.RevID{})) {
			stamp.Revisions = append(stamp.Revisions, survey.RevID(id))
		}
		return use(stamp)
	})
}

// Reconciled notes that the server lacks nothing of a scope: the stamps of its earlier lives have served.
func (s *Store) Reconciled(ctx context.Context, scope survey.ScopeID) error {
	return s.update(ctx, "store.Reconciled", "scope "+scope.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		if s.self.enrolment == nil {
			return nil
		}
		return t.exec(ctx, "DELETE FROM stamp WHERE scope_id = ? AND epoch <> ?", scope[:], s.self.enrolment.Epoch[:])
	})
}
