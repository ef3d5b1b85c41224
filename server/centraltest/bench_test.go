package centraltest

import (
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// BenchmarkReceive pushes full segments of visits, each a durable transaction.
func BenchmarkReceive(b *testing.B) {
	for name, fresh := range backends() {
		b.Run(name, func(b *testing.B) {
			c := Open(b, fresh(b), NewClock().Now)
			scope := survey.NewID[survey.ScopeID]()
			d := Enrolled(b, c, []survey.ScopeID{scope}, survey.RoleCadre)
			for b.Loop() {
				b.StopTimer()
				first := uint64(len(d.Log)) + 1
				for range wire.MaxEntries {
					d.Visit(b, scope, "路灯坏了，晚上看不见")
				}
				b.StartTimer()
				d.Send(b, c, first)
			}
			b.ReportMetric(float64(wire.MaxEntries*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkFeed reads a village of 2,000 revisions from the start.
func BenchmarkFeed(b *testing.B) {
	for name, fresh := range backends() {
		b.Run(name, func(b *testing.B) {
			c := Open(b, fresh(b), NewClock().Now)
			scope := survey.NewID[survey.ScopeID]()
			d := Enrolled(b, c, []survey.ScopeID{scope}, survey.RoleCadre)
			for range 10 {
				first := uint64(len(d.Log)) + 1
				for range wire.MaxEntries {
					d.Visit(b, scope, "路灯坏了，晚上看不见")
				}
				d.Send(b, c, first)
			}
			for b.Loop() {
				if err := NewReader(d).Pull(b, c, wire.MaxPage); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(d.Log)*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func backends() map[string]Backend {
	return map[string]Backend{
		"sqlite":   freshFile,
		"postgres": func(tb testing.TB) string { tb.Helper(); return StartPostgres(tb).Database(tb) },
	}
}
