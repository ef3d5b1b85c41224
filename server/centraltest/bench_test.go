package centraltest

import (
	"testing"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// BenchmarkReceive pushes full segments of visits, each a durable transaction.
func BenchmarkReceive(b *testing.B) {
	onBoth(b, func(b *testing.B, c *central.Central) {
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

// BenchmarkFeed reads a village of 2,000 revisions from the start.
func BenchmarkFeed(b *testing.B) {
	onBoth(b, func(b *testing.B, c *central.Central) {
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

func onBoth(b *testing.B, bench func(b *testing.B, c *central.Central)) {
	b.Helper()
	clock := NewClock()
	b.Run("sqlite", func(b *testing.B) { bench(b, Open(b, freshFile(b), clock.Now)) })
	b.Run("postgres", func(b *testing.B) { bench(b, Open(b, StartPostgres(b).Database(b), clock.Now)) })
}
