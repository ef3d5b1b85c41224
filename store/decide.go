package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"zoucun/survey"
)

// Conflicts returns what waits for a decision: every conflict of the records in use, with who has said what, by village,
// record and field. What tasks say apart is not among them: the later word counts there, and the decision it leads to is
// the record's own.
func (s *Store) Conflicts(ctx context.Context) ([]survey.RecordConflict, error) {
	conflicts, err := s.conflicts(ctx)
	for i := range conflicts {
		if err == nil {
			conflicts[i].Sides, err = s.sides(ctx, conflicts[i].Conflict)
		}
	}
	return conflicts, opError("store.Conflicts", "", err)
}

func (s *Store) conflicts(ctx context.Context) ([]survey.RecordConflict, error) {
	var conflicts []survey.RecordConflict
	err := s.db.each(ctx, `SELECT r.record_id, r.scope_id, r.hlc, r.voided, r.card_sealed, c.conflict_sealed
		FROM conflict c JOIN record r ON r.record_id = c.record_id
		WHERE r.voided = 0 AND r.type_tag <> ? ORDER BY r.scope_id, r.record_id, c.ordinal`,
		[]any{s.typeTag(survey.TypeTask)}, func(row rowScan) error {
			var kept []byte
			face, err := s.openCard(func(dest ...any) error { return row(append(dest, &kept)...) })
			if s.leaveOut(ctx, placeOf("record.card_sealed", face.id[:]), err) {
				return nil
			}
			if err != nil {
				return err
			}
			conflict, err := open[survey.Conflict](s.vault, kept, placeOf("conflict.conflict_sealed", face.id[:]))
			conflicts = append(conflicts, survey.RecordConflict{Record: face.id, Type: face.Type, Scope: face.scope, Conflict: conflict})
			return err
		})
	return conflicts, err
}

func (s *Store) sides(ctx context.Context, c survey.Conflict) ([]survey.Side, error) {
	sides := make([]survey.Side, len(c.Values))
	for i, value := range c.Values {
		statement, err := s.statement(ctx, value.Revision)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sides[i] = survey.Side{Author: statement.Header.Author, Device: statement.Header.Device, HLC: statement.HLC}
	}
	return sides, nil
}

// statement returns one revision as a person may read it.
func (s *Store) statement(ctx context.Context, id survey.RevID) (survey.Statement, error) {
	var hlc int64
	var payload []byte
	err := s.db.reader.QueryRowContext(ctx, "SELECT hlc, payload_sealed FROM revision WHERE rev_id = ?", id[:]).Scan(&hlc, &payload)
	if err != nil {
		return survey.Statement{}, err
	}
	e, err := s.openEdit(id, survey.HLC(hlc), payload)
	return survey.Statement{ID: e.ID, Header: e.Header, Body: e.Body, Erased: e.Erased, HLC: e.HLC}, err
}

// ConflictCount returns how many conflicts wait for a decision.
func (s *Store) ConflictCount(ctx context.Context) (int, error) {
	var n int
	err := s.db.reader.QueryRowContext(ctx, `SELECT count(*) FROM conflict c JOIN record r ON r.record_id = c.record_id
		WHERE r.voided = 0 AND r.type_tag <> ?`, s.typeTag(survey.TypeTask)).Scan(&n)
	return n, opError("store.ConflictCount", "", err)
}

// Parted returns the records in use whose edits made apart agree: they have several heads and no conflict, the one that
// changed last first.
func (s *Store) Parted(ctx context.Context) ([]survey.RecordID, error) {
	var ids []survey.RecordID
	err := s.db.each(ctx, `SELECT r.record_id FROM parted p JOIN record r ON r.record_id = p.record_id
		WHERE r.voided = 0 AND r.type_tag NOT IN (?, ?) AND r.record_id NOT IN (SELECT record_id FROM conflict) ORDER BY r.hlc DESC`,
		[]any{s.typeTag(survey.TypeTask), s.typeTag(survey.TypeForm)}, func(row rowScan) error {
			var id survey.RecordID
			err := row(&id)
			ids = append(ids, id)
			return err
		})
	return ids, opError("store.Parted", "", err)
}

// Decisions returns the revisions by which people have decided something, the latest first, at most limit of them.
func (s *Store) Decisions(ctx context.Context, limit int) ([]survey.Statement, error) {
	var decisions []survey.Statement
	err := s.db.each(ctx, `SELECT v.rev_id, v.hlc, v.payload_sealed FROM decision d JOIN revision v ON v.rev_id = d.rev_id
		ORDER BY v.hlc DESC, v.rev_id LIMIT ?`, []any{limit}, func(row rowScan) error {
		var id survey.RevID
		var hlc int64
		var payload []byte
		if err := row(&id, &hlc, &payload); err != nil {
			return err
		}
		e, err := s.openEdit(id, survey.HLC(hlc), payload)
		if s.leaveOut(ctx, placeOf("revision.payload_sealed", id[:]), err) {
			return nil
		}
		decisions = append(decisions, survey.Statement{ID: e.ID, Header: e.Header, Body: e.Body, Erased: e.Erased, HLC: e.HLC})
		return err
	})
	return decisions, opError("store.Decisions", "", err)
}

// Tasks returns the tasks that wait for something, the oldest first.
func (s *Store) Tasks(ctx context.Context) ([]survey.Task, error) {
	var tasks []survey.Task
	err := s.allCards(ctx, "WHERE r.voided = 0 AND r.record_id IN (SELECT record_id FROM waiting)", nil, func(c cardRow) error {
		task := survey.TaskFrom(c.record())
		task.By, task.At = c.Author, c.Written
		tasks = append(tasks, task)
		return nil
	})
	slices.SortFunc(tasks, func(a, b survey.Task) int { return cmp.Or(cmp.Compare(a.At, b.At), a.ID.Compare(b.ID)) })
	return tasks, opError("store.Tasks", "", err)
}

// Beside returns pairs of records of a type in use that are about one household, or about households that count as one,
// and were last written no further apart than a time; each pair at least once. Of the records that were first known before
// a call that returned known, only pairs with later ones and those of joined households are returned.
func (s *Store) Beside(ctx context.Context, kind survey.RecordType, within time.Duration, known int64) (pairs [][2]survey.RecordID, now int64, err error) {
	// CROSS JOIN keeps SQLite to this order, and the plus from an index that would have it look at every record of the type.
	const near = "abs(o.hlc - r.hlc) <= ?2 AND o.type_tag = ?1 AND o.voided = 0 AND +r.type_tag = ?1 AND r.voided = 0"
	args := []any{s.typeTag(kind), within.Milliseconds() << 16, known}
	if err := s.db.reader.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM record").Scan(&now); err != nil {
		return nil, known, opError("store.Beside", "type "+string(kind), err)
	}
	err = s.db.each(ctx, `
		SELECT r.record_id, o.record_id FROM record r CROSS JOIN record o ON o.about = r.about
		 WHERE r.rowid > ?3 AND o.rowid < r.rowid AND `+near+`
		UNION
		SELECT r.record_id, o.record_id FROM joined a CROSS JOIN joined b ON b.kept_id = a.kept_id CROSS JOIN record r ON r.about = a.record_id
		  CROSS JOIN record o ON o.about IN (b.record_id, b.kept_id)
		 WHERE o.about <> r.about AND `+near, args, func(row rowScan) error {
		var p [2]survey.RecordID
		err := row(&p[0], &p[1])
		pairs = append(pairs, p)
		return err
	})
	return pairs, now, opError("store.Beside", "type "+string(kind), err)
}

// Card returns a record as lists show it, itself even where it counts as another: of a visit only whom it was paid to and
// its name, conflicts counted, heads left out. One that is not here is of kind NotFound.
func (s *Store) Card(ctx context.Context, id survey.RecordID) (survey.Record, error) {
	var found survey.Record
	err := s.allCards(ctx, "WHERE r.record_id = ?", []any{id[:]}, func(c cardRow) error {
		found = c.record()
		found.Form, found.FormVersion = c.Form, c.Version
		return nil
	})
	if err == nil && found.ID.IsZero() {
		err = notFound("store.Card", "record "+id.String())
	}
	return found, opError("store.Card", "record "+id.String(), err)
}
