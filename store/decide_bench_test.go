package store

import (
	"fmt"
	"testing"
	"time"

	"zoucun/survey"
)

// crowd fills the database with rows of visits that nobody opens, four to a household in nine days, so that queries have to find their
// way among them.
func crowd(tb testing.TB, s *Store, rows int) {
	tb.Helper()
	ctx := tb.Context()
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	err := s.db.exec(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO record (record_id, scope_id, type_tag, about, hlc, voided, own, card_sealed)
		SELECT randomblob(16), ?2, ?3, CAST(printf('household%07d', i / 4) AS BLOB), (?4 + (i % 4) * 259200000) << 16, 0, 0, x'00' FROM n`,
		rows, make([]byte, 16), s.typeTag(survey.TypeVisit), monday.UnixMilli())
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkNextDecision measures, among 1,000,000 records, what one decision costs: the queue read anew, one record with all
// that was written of it, and the decision on the disk.
func BenchmarkNextDecision(b *testing.B) {
	const conflicts = 60
	l, ids := newLaptops(b, conflicts)
	for _, home := range ids {
		for i, phone := range []string{"13700000003", "13900000002"} {
			amend(b, l.stores[i], l.office.amendment(home, survey.Fields{survey.HouseholdPhone: phone}))
		}
	}
	for i := range 2 {
		l.push(b, i)
	}
	l.pull(b, 0)
	s := l.stores[0]
	crowd(b, s, 1_000_000)
	var took []time.Duration
	at := 0
	for b.Loop() {
		begun := time.Now()
		waiting, err := s.Conflicts(b.Context())
		if err != nil || len(waiting) == 0 && at < conflicts {
			b.Fatal(err)
		}
		if _, err := s.Tasks(b.Context()); err != nil {
			b.Fatal(err)
		}
		held, err := s.Holding(b.Context(), ids[at%conflicts])
		if err != nil {
			b.Fatal(err)
		}
		decision := l.office.amendment(held.Record.ID, survey.Fields{survey.HouseholdPhone: fmt.Sprint(at)})
		decision.Kind, decision.Heads = survey.Merge, held.Record.Heads
		amend(b, s, decision)
		took = append(took, time.Since(begun))
		at++
	}
	b.ReportMetric(float64(quantile(took, 0.5).Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(quantile(took, 0.99).Microseconds())/1000, "p99-ms")
}

// BenchmarkBeside measures how long the first look for visits that may be one takes among 1,000,000, and the next.
func BenchmarkBeside(b *testing.B) {
	s := enrolled(b, newOffice(b), b.TempDir())
	crowd(b, s, 1_000_000)
	for b.Loop() {
		begun := time.Now()
		pairs, known, err := s.Beside(b.Context(), survey.TypeVisit, time.Hour, 0)
		if err != nil {
			b.Fatal(err)
		}
		first := time.Since(begun)
		begun = time.Now()
		if _, _, err := s.Beside(b.Context(), survey.TypeVisit, time.Hour, known); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(first.Milliseconds()), "first-ms")
		b.ReportMetric(float64(time.Since(begun).Microseconds())/1000, "next-ms")
		b.ReportMetric(float64(len(pairs)), "pairs")
	}
}
