package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"zoucun/survey"
)

// arrivalsKept is how long it is remembered what came in.
const arrivalsKept = 60 * 24 * time.Hour

// noteArrivals counts what a page has brought from other devices, at the township.
func (s *Store) noteArrivals(ctx context.Context, t *tx, road survey.Road) error {
	m := s.member.Load()
	if m == nil || !m.enrolment.Grant.Has(survey.RoleTownship) || len(t.arrived) == 0 {
		return nil
	}
	came := map[string]*survey.Arrival{}
	now := survey.MillisOf(t.now)
	for _, h := range t.arrived {
		if h.Device == s.self.device || h.Type == survey.TypeSealed { // an envelope tells nobody who brought it
			continue
		}
		key := fmt.Sprintf("%s %d %s %s", t.now.Local().Format(time.DateOnly), road, h.Device, h.Author)
		if came[key] == nil {
			came[key] = &survey.Arrival{Road: road, Device: h.Device, Person: h.Author, First: now}
		}
		countArrival(came[key], h.Type)
	}
	for key, a := range came {
		if err := s.keepArrival(ctx, t, s.vault.tag("arrival", key), *a, now); err != nil {
			return err
		}
	}
	return t.exec(ctx, "DELETE FROM arrival WHERE last < ?", int64(now)-arrivalsKept.Milliseconds())
}

func countArrival(a *survey.Arrival, of survey.RecordType) {
	switch of { //nolint:exhaustive // the others are counted together
	case survey.TypeVisit:
		a.Visits++
	case survey.TypeProblem:
		a.Problems++
	case survey.TypeHousehold:
		a.Households++
	default:
		a.Others++
	}
}

// keepArrival adds to what came before on the same day.
func (s *Store) keepArrival(ctx context.Context, t *tx, tag []byte, a survey.Arrival, now survey.Millis) error {
	var kept []byte
	err := t.row(ctx, "SELECT arrival_sealed FROM arrival WHERE arrival_tag = ?", []any{tag}, &kept)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil {
		if before, err := open[survey.Arrival](s.vault, kept, placeOf("arrival.arrival_sealed", tag)); err == nil {
			a.First = before.First
			a.Visits, a.Problems = a.Visits+before.Visits, a.Problems+before.Problems
			a.Households, a.Others = a.Households+before.Households, a.Others+before.Others
		}
	}
	a.Last = now
	row, err := sealed(s.vault, a, placeOf("arrival.arrival_sealed", tag))
	if err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO arrival (arrival_tag, last, arrival_sealed) VALUES (?, ?, ?)
		ON CONFLICT (arrival_tag) DO UPDATE SET last = excluded.last, arrival_sealed = excluded.arrival_sealed`, tag, int64(now), row)
}

// Arrivals returns what came in from other devices since a moment, the latest first: one for each day, road, device and
// person. Only a device of the township's notes it.
func (s *Store) Arrivals(ctx context.Context, since survey.Millis) ([]survey.Arrival, error) {
	var all []survey.Arrival
	err := s.db.each(ctx, "SELECT arrival_tag, arrival_sealed FROM arrival WHERE last >= ? ORDER BY last DESC, arrival_tag", []any{int64(since)},
		func(row rowScan) error {
			var tag, kept []byte
			if err := row(&tag, &kept); err != nil {
				return err
			}
			a, err := open[survey.Arrival](s.vault, kept, placeOf("arrival.arrival_sealed", tag))
			if s.leaveOut(ctx, placeOf("arrival.arrival_sealed", tag), err) {
				return nil
			}
			all = append(all, a)
			return err
		})
	return all, opError("store.Arrivals", "", err)
}
