package store

import (
	"context"
	"errors"

	"zoucun/survey"
)

// RemoveScope takes everything of a scope out of view that this device may no longer see, and shreds it, but for what
// is still needed: records with something the server has not signed for stay until that is handed over, and the
// device's own revisions until they are held off the server's machine and their attachments have been handed over.
func (s *Store) RemoveScope(ctx context.Context, scope survey.ScopeID) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	var loose []survey.Hash
	err := s.update(ctx, "store.RemoveScope", "scope "+scope.String(), func(ctx context.Context, t *tx) (err error) {
		t.after = append(t.after, func() { s.dropFromRegister(scope) })
		if err := t.exec(ctx, "INSERT INTO withdrawn (scope_id) VALUES (?) ON CONFLICT DO NOTHING", scope[:]); err != nil {
			return err
		}
		loose, err = s.shred(ctx, t, scope)
		return errors.Join(err, t.exec(ctx, "DELETE FROM cursor WHERE scope_id = ?", scope[:]),
			t.exec(ctx, "DELETE FROM handed_down WHERE scope_id = ?", scope[:]))
	})
	s.tidy(ctx, loose...)
	return err
}

// shredWithdrawn goes on with the scopes of which something had to stay, and forgets those of which nothing is left or
// that are granted again. It returns the attachments that nothing refers to any more.
func (s *Store) shredWithdrawn(ctx context.Context, t *tx) (loose []survey.Hash, err error) {
	var scopes []survey.ScopeID
	err = t.each(ctx, "SELECT scope_id FROM withdrawn", nil, func(row rowScan) error {
		var scope survey.ScopeID
		err := row(&scope)
		scopes = append(scopes, scope)
		return err
	})
	for _, scope := range scopes {
		if s.grants(scope) {
			err = errors.Join(err, t.exec(ctx, "DELETE FROM withdrawn WHERE scope_id = ?", scope[:]))
			continue
		}
		more, shredErr := s.shred(ctx, t, scope)
		loose = append(loose, more...)
		err = errors.Join(err, shredErr,
			t.exec(ctx, "DELETE FROM withdrawn WHERE scope_id = ?1 AND NOT EXISTS (SELECT 1 FROM revision WHERE scope_id = ?1)", scope[:]))
	}
	return loose, err
}

func (s *Store) grants(scope survey.ScopeID) bool {
	m := s.member.Load()
	if m == nil {
		return false
	}
	_, granted := m.granted[scope]
	return granted
}

// shred deletes what need not be kept of a scope, and returns the attachments that nothing refers to any more.
func (s *Store) shred(ctx context.Context, t *tx, scope survey.ScopeID) (loose []survey.Hash, err error) {
	const (
		mine     = "SELECT record_id FROM unsigned_record"
		followed = "SELECT scope_id FROM cursor WHERE scope_id <> ?1"
		needed   = "SELECT rev_id FROM rlog UNION SELECT f.rev_id FROM blob_ref f JOIN blob b ON b.sha256 = f.sha256 WHERE b.done = 0"
	)
	err = errors.Join(
		s.unfind(ctx, t, "SELECT record_id FROM record WHERE scope_id = ?", scope[:]),
		// A record that has been in another scope before takes revisions along that belong to that feed too: it is read again.
		t.exec(ctx, `UPDATE cursor SET seq = 0 WHERE scope_id IN (SELECT v.scope_id FROM revision v
			JOIN record r ON r.record_id = v.record_id WHERE r.scope_id = ?1 AND v.scope_id <> ?1)`, scope[:]),
		t.exec(ctx, `DELETE FROM record_head WHERE record_id IN (SELECT record_id FROM record WHERE scope_id = ?1)
			AND record_id NOT IN (`+mine+")", scope[:]),
		// Revisions of a record that has moved to a scope that is still followed stay, and belong to that from here on: they are in
		// its feed too, also when the record has moved on. Those that came with a record that has moved here go with it.
		t.exec(ctx, `UPDATE revision SET scope_id = (SELECT r.scope_id FROM record r WHERE r.record_id = revision.record_id)
			WHERE scope_id = ?1 AND record_id IN (SELECT record_id FROM record WHERE scope_id IN (`+followed+`))`, scope[:]),
		t.exec(ctx, `DELETE FROM revision WHERE rev_id NOT IN (`+needed+`) AND record_id NOT IN (`+mine+`)
			AND (scope_id = ?1 OR scope_id NOT IN (`+followed+`) AND record_id IN (SELECT record_id FROM record WHERE scope_id = ?1))`, scope[:]),
		t.exec(ctx, "DELETE FROM record WHERE scope_id = ? AND record_id NOT IN ("+mine+")", scope[:]),
		t.exec(ctx, "DELETE FROM stamp WHERE scope_id = ?", scope[:]),
	)
	if err != nil {
		return nil, err
	}
	const unused = "FROM blob WHERE done = 1 AND sha256 NOT IN (SELECT sha256 FROM blob_ref)"
	err = t.each(ctx, "SELECT sha256 "+unused, nil, func(row rowScan) error {
		var hash survey.Hash
		err := row(&hash)
		loose = append(loose, hash)
		return err
	})
	return loose, errors.Join(err, t.exec(ctx, "DELETE "+unused))
}

func (s *Store) dropFromRegister(scope survey.ScopeID) {
	if m := s.member.Load(); m != nil && m.shared == scope {
		s.register.dropShared()
	}
	s.register.dropScope(scope)
}
