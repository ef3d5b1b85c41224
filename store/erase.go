package store

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// eraseAncestors keeps the promise of every Erase among a record's revisions: what its ancestors said goes, also what
// those said that came after it.
func (s *Store) eraseAncestors(ctx context.Context, t *tx, edits []merge.Edit) error {
	if !slices.ContainsFunc(edits, func(e merge.Edit) bool { return e.Header.Kind == survey.Erase }) {
		return nil
	}
	gone := merge.Erased(edits)
	for _, edit := range edits {
		if edit.Erased || !slices.Contains(gone, edit.ID) {
			continue
		}
		if err := s.strip(ctx, t, edit.ID); err != nil {
			return err
		}
	}
	return nil
}

// eraseLeft takes out everything that is here of a record which was erased in a scope this device does not read, but for
// what no server has signed for yet.
func (s *Store) eraseLeft(ctx context.Context, t *tx, id survey.RecordID) error {
	var signed []survey.RevID
	err := t.each(ctx, `SELECT v.rev_id FROM revision v WHERE v.record_id = ?
		AND NOT EXISTS (SELECT 1 FROM unsigned_record u WHERE u.record_id = v.record_id)`, []any{id[:]}, func(row rowScan) error {
		var rev survey.RevID
		err := row(&rev)
		signed = append(signed, rev)
		return err
	})
	for _, rev := range signed {
		err = errors.Join(err, s.strip(ctx, t, rev))
	}
	return err
}

// strip takes out what one revision said. Its header, its identifier and every signature over it stay good. A push that
// waits for its receipt would not be the same to the byte any more: it is given up, and the next one carries the same
// segment.
func (s *Store) strip(ctx context.Context, t *tx, id survey.RevID) error {
	var payload []byte
	if err := t.row(ctx, "SELECT payload_sealed FROM revision WHERE rev_id = ?", []any{id[:]}, &payload); err != nil {
		return err
	}
	r, err := s.openRevision(id, payload)
	if s.leaveOut(ctx, placeOf("revision.payload_sealed", id[:]), err) {
		return nil // it comes again from the feed, erased
	}
	if err != nil {
		return err
	}
	if payload, err = sealed(s.vault, wire.Erase(r), placeOf("revision.payload_sealed", id[:])); err != nil {
		return err
	}
	t.erased = true
	return errors.Join(
		s.unfind(ctx, t, "SELECT ? AS record_id", r.Header.Record[:]),
		t.exec(ctx, "UPDATE revision SET payload_sealed = ? WHERE rev_id = ?", payload, id[:]),
		s.stripFiles(ctx, t, id),
		t.exec(ctx, `DELETE FROM push WHERE EXISTS (SELECT 1 FROM rlog l
			WHERE l.rev_id = ? AND l.replica_id = push.replica_id AND l.n BETWEEN push.first_n AND push.last_n)`, id[:]),
	)
}

// stripFiles forgets the attachments of a revision that no other refers to.
func (s *Store) stripFiles(ctx context.Context, t *tx, id survey.RevID) error {
	err := t.each(ctx, "SELECT sha256 FROM blob_ref WHERE rev_id = ?", []any{id[:]}, func(row rowScan) error {
		var sum survey.Hash
		err := row(&sum)
		t.gone = append(t.gone, sum)
		return err
	})
	return errors.Join(err,
		t.exec(ctx, "DELETE FROM blob_ref WHERE rev_id = ?", id[:]),
		t.exec(ctx, "DELETE FROM blob WHERE NOT EXISTS (SELECT 1 FROM blob_ref f WHERE f.sha256 = blob.sha256)"),
	)
}

// forget takes out of every other place on the disk what a transaction has erased: files of attachments, SQLite's log,
// and the copies made before the database was brought forward.
func (s *Store) forget(ctx context.Context, files []survey.Hash) {
	s.blobsInUse.Lock()
	s.tidy(ctx, files...)
	s.blobsInUse.Unlock()
	err := s.emptyLog(ctx)
	copies, globErr := filepath.Glob(filepath.Join(filepath.Dir(string(s.blobs)), "zoucun.db.before-*"))
	for _, name := range copies {
		err = errors.Join(err, s.disk.Remove(name))
	}
	if err = errors.Join(err, globErr); err != nil {
		s.log.WarnContext(ctx, "what was erased stays in SQLite's log for now", slog.Any("error", err))
	}
}

// emptyLog has SQLite write its log into the database and cut it off. While somebody reads it cannot; closing the
// database does the same.
func (s *Store) emptyLog(ctx context.Context) error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	var busy, pages, done int
	if err := s.db.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody reads")
	}
	return nil
}
