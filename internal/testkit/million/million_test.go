package million_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zoucun/internal/testkit/device"
	"zoucun/internal/testkit/million"
	"zoucun/store"
	"zoucun/survey"
)

// township returns a folder with a township of so many households, visits and problems. Where ZOUCUN_LARGE names a
// folder it is kept there for the next time.
func township(tb testing.TB, households, records int) string {
	tb.Helper()
	dir := tb.TempDir()
	if kept := os.Getenv("ZOUCUN_LARGE"); kept != "" {
		dir = filepath.Join(kept, fmt.Sprintf("%d-%d", households, records))
		if _, err := os.Stat(filepath.Join(dir, "whole")); err == nil {
			return dir
		}
	}
	s, err := store.Open(tb.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	begun := time.Now()
	if err := device.Prepare(tb.Context(), s, device.Spec{Seed: 1, Households: households, Roles: []survey.Role{survey.RoleTownship}}); err != nil {
		tb.Fatal(err)
	}
	if err := million.Fill(tb.Context(), s, million.Records{Seed: 1, Count: records, Begin: time.Date(2021, 1, 4, 8, 0, 0, 0, time.UTC)}); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%d records received in %v", records, time.Since(begun))
	begun = time.Now()
	f, stop := find(tb, s)
	until(tb, f, func(unread, of int) bool { return of > 0 && unread == 0 })
	stop()
	tb.Logf("and read for searching in %v", time.Since(begun))
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "whole"), nil, 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func find(tb testing.TB, s *store.Store) (f *store.Finder, stop func()) {
	tb.Helper()
	f = s.NewFinder()
	ctx, cancel := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx) })
	return f, func() {
		cancel()
		running.Wait()
	}
}

func until(tb testing.TB, f *store.Finder, holds func(unread, of int) bool) {
	tb.Helper()
	for !holds(f.Unread()) {
		time.Sleep(2 * time.Millisecond)
		if tb.Context().Err() != nil {
			tb.Fatal("ended")
		}
	}
}

func TestFill(t *testing.T) {
	dir := township(t, 300, 3000)
	s, err := store.Open(t.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, stop := find(t, s)
	defer stop()
	until(t, f, func(unread, of int) bool { return of == 3000 && unread == 0 })
	for _, query := range []string{million.FormNumber(1235), "路灯坏了没人修", "张"} {
		if found, err := f.Search(t.Context(), query, 10); err != nil || len(found.Visits) == 0 {
			t.Errorf("%q: %+v, %v", query, found, err)
		}
	}
}

// queries are what is typed at a search of a million records, by what is looked for.
var queries = map[string][]string{
	"names":    {"张", "王秀英", "欧阳", "李建国", "没有这个人"},
	"pinyin":   {"z", "zhangwei", "wangxiu", "shuiguan", "luden", "xyzz"},
	"initials": {"zs", "wxm", "ldhl", "sglsl"},
	"numbers":  {"0012-w", "QZ-349999-2026-K031T-1234-W", "15400001234", "1234", "017"},
	"texts":    {"路灯", "希望早点修好", "挡土墙塌了一截", "没有这句话的", "桥面裂了缝夜里", "土地流转租金一直没到账"},
}

// BenchmarkMillion is the township's search over 30,000 households and a million records: from a closed database to a
// search that finds in all of them, one search, and what all of it takes of memory.
func BenchmarkMillion(b *testing.B) {
	records := 970_000
	if n, err := strconv.Atoi(os.Getenv("ZOUCUN_RECORDS")); err == nil {
		records = n
	}
	dir := township(b, 30_000, records)
	debug.FreeOSMemory()
	before := resident(b)
	begun := time.Now()
	s, err := store.Open(b.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	f, stop := find(b, s)
	defer stop()
	opened := time.Since(begun)
	if _, err := f.Search(b.Context(), "王秀英", 50); err != nil {
		b.Fatal(err)
	}
	usable := time.Since(begun)
	until(b, f, func(unread, of int) bool { return of == records && unread < 32768 })
	whole := time.Since(begun)
	until(b, f, func(unread, of int) bool { return unread == 0 })
	for _, kind := range slices.Sorted(maps.Keys(queries)) {
		b.Run(kind, func(b *testing.B) {
			var taken []time.Duration
			for b.Loop() {
				for _, query := range queries[kind] {
					begun := time.Now()
					if _, err := f.Search(b.Context(), query, 50); err != nil {
						b.Fatal(err)
					}
					taken = append(taken, time.Since(begun))
				}
			}
			slices.Sort(taken)
			b.ReportMetric(float64(taken[len(taken)/2].Microseconds())/1000, "search-p50-ms")
			b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds())/1000, "search-p99-ms")
		})
	}
	debug.FreeOSMemory()
	after := resident(b)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			runtime.KeepAlive(f)
		}
		b.ReportMetric(opened.Seconds()*1000, "opened-ms")
		b.ReportMetric(usable.Seconds()*1000, "usable-ms")
		b.ReportMetric(whole.Seconds()*1000, "all-found-ms")
		b.ReportMetric(after-before, "memory-MiB")
		b.ReportMetric(after, "resident-MiB")
	})
}

// resident returns how much memory the process has, as Linux counts it; elsewhere what Go has taken.
func resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.Sys) / (1 << 20)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
