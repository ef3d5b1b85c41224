package store

import (
	"context"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// LogAccess writes a line of the access log: a record in the household's village and an entry at the end of this
// device's log, signed and handed over like any other. When it returns nil the line is on the disk.
func (s *Store) LogAccess(ctx context.Context, a survey.Access) error {
	return s.update(ctx, "store.LogAccess", "record "+a.Household.String(), func(ctx context.Context, t *tx) error {
		return s.logAccess(ctx, t, a)
	})
}

func (s *Store) logAccess(ctx context.Context, t *tx, a survey.Access) error {
	a.Where, a.At = survey.WhereDevice, survey.MillisOf(t.now)
	return s.write(ctx, t, survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeAccess, Kind: survey.Put, Scope: a.Scope, Author: a.Person,
	}, survey.Body{Fields: a.Fields()})
}

// Correct writes a revision that changes some fields of a record, and the line of the access log that says so, in one
// transaction. What the fields said before stays in the record's history, with who changed it and why.
func (s *Store) Correct(ctx context.Context, c survey.Correction) error {
	return s.update(ctx, "store.Correct", "record "+c.Record.String(), func(ctx context.Context, t *tx) error {
		now, err := s.present(ctx, t, c.Record)
		if err != nil {
			return err
		}
		if len(now.Heads) == 0 || now.Voided {
			return notFound("store.Correct", "record "+c.Record.String())
		}
		body := survey.Body{Fields: maps.Clone(now.Fields), Attachments: now.Files, Note: c.Reason}
		maps.Copy(body.Fields, c.Fields)
		err = s.write(ctx, t, survey.Header{
			Record: now.ID, Type: now.Type, Kind: survey.Put, Scope: now.Scope, Form: now.Form, FormVersion: now.FormVersion,
			Author: c.Author, Touched: slices.Collect(maps.Keys(c.Fields)),
		}, body)
		if err != nil {
			return err
		}
		return s.logAccess(ctx, t, survey.Access{
			Scope: now.Scope, Household: c.Household, Person: c.Author, Act: survey.ActCorrect, Reason: c.Reason,
		})
	})
}

// Held returns everything this device holds on a household: the household itself first and those that were joined to
// it, then its visits, its problems and who has looked at them, each kind in the order in which they began. Voided records are among them.
func (s *Store) Held(ctx context.Context, household survey.RecordID) ([]survey.Holding, error) {
	var held []survey.Holding
	err := s.update(ctx, "store.Held", "record "+household.String(), func(ctx context.Context, t *tx) (err error) {
		t.quiet = true
		held, err = s.held(ctx, t, household)
		return err
	})
	return held, err
}

func (s *Store) held(ctx context.Context, t *tx, household survey.RecordID) ([]survey.Holding, error) {
	household = s.Kept(household)
	ids := []survey.RecordID{household}
	err := t.each(ctx, `SELECT record_id FROM joined WHERE kept_id = ?1
		UNION SELECT record_id FROM record WHERE about = ?1 OR about IN (SELECT record_id FROM joined WHERE kept_id = ?1)`,
		[]any{household[:]}, func(row rowScan) error {
			var id survey.RecordID
			err := row(&id)
			ids = append(ids, id)
			return err
		})
	if err != nil {
		return nil, err
	}
	var held []survey.Holding
	for _, id := range ids {
		edits, err := s.edits(ctx, t, id)
		if err != nil {
			return nil, err
		}
		if len(edits) > 0 {
			held = append(held, merge.HoldingOf(edits))
		}
	}
	if len(held) == 0 {
		return nil, notFound("store.Held", "record "+household.String())
	}
	survey.SortHoldings(held)
	return held, nil
}
