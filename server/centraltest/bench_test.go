package centraltest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// BenchmarkErase takes out households that have been edited twice, a full run in each transaction.
func BenchmarkErase(b *testing.B) {
	for name, fresh := range backends() {
		b.Run(name, func(b *testing.B) {
			c := Open(b, fresh(b), NewClock().Now)
			scope := survey.NewID[survey.ScopeID]()
			d := Enrolled(b, c, []survey.ScopeID{scope}, survey.RoleCadre)
			for b.Loop() {
				b.StopTimer()
				var erasures []survey.Erasure
				for range wire.MaxEntries {
					sent := uint64(len(d.Log)) + 1
					id := survey.NewID[survey.RecordID]()
					root := d.Household(b, id, scope, survey.Fields{"label": "王秀英"})
					d.Household(b, id, scope, survey.Fields{"label": "王秀英", "phone": "13800000001"}, root.ID)
					d.Send(b, c, sent)
					erasures = append(erasures, survey.Erasure{Record: id})
				}
				b.StartTimer()
				erase(b, c, wire.MaxEntries, erasures...)
			}
			b.ReportMetric(float64(wire.MaxEntries*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkAudit looks over logs and feeds of 2,000 revisions.
func BenchmarkAudit(b *testing.B) {
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
				wantSound(b, c)
			}
			b.ReportMetric(float64(len(d.Log)*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkReadersAndWriters has 200 tablets follow a village while 8 others push to it, and counts what a reader gets
// with a gap before it or twice.
func BenchmarkReadersAndWriters(b *testing.B) {
	const readers, writers, pushes, records = 200, 8, 10, 20
	for name, fresh := range backends() {
		b.Run(name, func(b *testing.B) {
			var gaps, doubles, read atomic.Int64
			for b.Loop() {
				b.StopTimer()
				c := Open(b, fresh(b), NewClock().Now)
				scope := survey.NewID[survey.ScopeID]()
				var following, pushing sync.WaitGroup
				done := make(chan struct{})
				devices := make([]*Device, readers+writers)
				for i := range devices {
					devices[i] = Enrolled(b, c, []survey.ScopeID{scope}, survey.RoleCadre)
				}
				b.StartTimer()
				for _, d := range devices[:readers] {
					following.Go(func() {
						r := NewReader(d)
						for last := false; ; {
							if err := r.Pull(b, c, wire.MaxPage); err != nil {
								gaps.Add(1)
								return
							}
							if last {
								break
							}
							select {
							case <-done:
								last = true
							case <-time.After(50 * time.Millisecond):
							}
						}
						gaps.Add(int64(writers*pushes*records - len(r.Seen)))
						for _, times := range r.Seen {
							doubles.Add(int64(times - 1))
							read.Add(1)
						}
					})
				}
				for _, d := range devices[readers:] {
					pushing.Go(func() {
						for range pushes {
							first := uint64(len(d.Log)) + 1
							for range records {
								d.Visit(b, scope, "路灯坏了，晚上看不见")
							}
							d.Send(b, c, first)
						}
					})
				}
				pushing.Wait()
				close(done)
				following.Wait()
			}
			b.ReportMetric(float64(gaps.Load()), "gaps")
			b.ReportMetric(float64(doubles.Load()), "duplicates")
			b.ReportMetric(float64(read.Load())/b.Elapsed().Seconds(), "records-read/s")
		})
	}
}

func backends() map[string]Backend {
	return map[string]Backend{
		"sqlite":   freshFile,
		"postgres": func(tb testing.TB) string { tb.Helper(); return StartPostgres(tb).Database(tb) },
	}
}
