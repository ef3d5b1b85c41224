package store

import (
	"context"
	"errors"

	"zoucun/survey"
)

// selectVisits adds to a card how far the least delivered of the record's own revisions has come: nothing for a visit
// that came by pull.
const selectVisits = `SELECT r.record_id, r.scope_id, r.hlc, r.voided, r.card_sealed,
	(SELECT min(d.far) FROM delivery d WHERE d.record_id = r.record_id) AS far
	FROM record r `

func (s *Store) visits(ctx context.Context, rest string, args ...any) ([]survey.Visit, error) {
	var visits []survey.Visit
	err := s.eachVisit(ctx, rest, args, func(v survey.Visit) error {
		visits = append(visits, v)
		return nil
	})
	return visits, err
}

func (s *Store) eachVisit(ctx context.Context, rest string, args []any, use func(survey.Visit) error) error {
	apart, err := s.apart(ctx)
	if err != nil {
		return err
	}
	return s.db.each(ctx, selectVisits+rest, args, func(row rowScan) error {
		var delivery *int64
		c, err := s.openCard(func(dest ...any) error { return row(append(dest, &delivery)...) })
		if s.leaveOut(ctx, placeOf("record.card_sealed", c.id[:]), err) {
			return nil
		}
		if err != nil {
			return err
		}
		visit := visitOf(s.resolved(c), delivery)
		visit.Apart = apart[c.id]
		return use(visit)
	})
}

func visitOf(c cardRow, delivery *int64) survey.Visit {
	household, err := parseRecordID(c.Fields[survey.VisitHousehold])
	if err != nil {
		household = survey.RecordID{}
	}
	v := survey.Visit{
		ID: c.id, Form: c.Form, Scope: c.scope, Household: household, Author: c.Author,
		Title: c.Fields[survey.VisitName], Finished: c.Written, Delivery: survey.FromOthers,
	}
	if delivery != nil {
		v.Delivery = [...]survey.Delivery{survey.OnDevice, survey.Received, survey.Durable}[*delivery]
	}
	return v
}

// errEnough ends a query that has brought as much as was asked for.
var errEnough = errors.New("enough")

// ownVisits returns visits of this device that whoever has unlocked it has paid, the latest first, at most limit of them
// when limit is positive.
func (s *Store) ownVisits(ctx context.Context, rest string, limit int) ([]survey.Visit, error) {
	var own []survey.Visit
	err := s.eachVisit(ctx, "WHERE r.type_tag = ? AND r.own = 1 AND "+rest+" ORDER BY r.hlc DESC", []any{s.typeTag(survey.TypeVisit)},
		func(v survey.Visit) error {
			if s.owner.person.IsZero() || v.Author == s.owner.person {
				own = append(own, v)
			}
			if limit > 0 && len(own) == limit {
				return errEnough
			}
			return nil
		})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return own, err
}

// Waiting returns the finished visits of whoever has unlocked the device that are only on it, the latest first.
func (s *Store) Waiting(ctx context.Context) ([]survey.Visit, error) {
	visits, err := s.ownVisits(ctx, "r.record_id IN (SELECT record_id FROM unsigned_record)", 0)
	if err != nil {
		return nil, opError("store.Waiting", "", err)
	}
	return visits, opError("store.Waiting", "", s.markRelayed(ctx, visits))
}

// Delivered returns visits of whoever has unlocked the device that the server has signed for, the latest first, at most
// limit of them when limit is positive.
func (s *Store) Delivered(ctx context.Context, limit int) ([]survey.Visit, error) {
	visits, err := s.ownVisits(ctx, "r.record_id NOT IN (SELECT record_id FROM unsigned_record)", limit)
	return visits, opError("store.Delivered", "", err)
}

// Safekeeping counts what is where: the drafts of whoever has unlocked the device, and everybody's visits and envelopes.
func (s *Store) Safekeeping(ctx context.Context) (survey.Safekeeping, error) {
	var k survey.Safekeeping
	var own, undurable, unrelayed int
	err := s.db.reader.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM draft WHERE owner IS NULL OR owner = ?3),
		(SELECT count(*) FROM record WHERE type_tag IN (?1, ?2) AND own = 1),
		(SELECT count(*) FROM unsigned_record u JOIN record r ON r.record_id = u.record_id WHERE r.type_tag IN (?1, ?2)),
		(SELECT count(*) FROM blob WHERE done = 0),
		(SELECT count(*) FROM undurable_record u JOIN record r ON r.record_id = u.record_id WHERE r.type_tag IN (?1, ?2)),
		(SELECT count(DISTINCT r.record_id) FROM reject j JOIN revision v ON v.rev_id = j.rev_id
			JOIN record r ON r.record_id = v.record_id WHERE r.type_tag IN (?1, ?2)),
		(SELECT count(*) FROM unrelayed_record u JOIN record r ON r.record_id = u.record_id WHERE r.type_tag IN (?1, ?2))`,
		s.typeTag(survey.TypeVisit), s.typeTag(survey.TypeSealed), s.owner.tag).
		Scan(&k.Drafts, &own, &k.Waiting, &k.Files, &undurable, &k.Apart, &unrelayed)
	if err == nil {
		k.AsOf, err = s.handedDown(ctx)
	}
	k.Delivered, k.Durable, k.Relayed = own-k.Waiting, own-undurable, k.Waiting-unrelayed
	return k, opError("store.Safekeeping", "", err)
}
