package workbench_test

import (
	"crypto/rand"
	"runtime"
	"slices"
	"strings"
	"testing"

	"zoucun/app/workbench"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// hold gives the device so many visits that others wrote.
func (p *printery) hold(tb testing.TB, count int) {
	tb.Helper()
	scope := survey.VillageScope(p.village)
	households := p.households()
	cursors, err := p.store.Cursors(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	after := cursors[slices.IndexFunc(cursors, func(c survey.Cursor) bool { return c.Scope == scope })].Seq
	hlc := survey.HLC(0).Next(paperNoon)
	for held := 0; held < count; held += wire.MaxItems {
		page := wire.FeedPage{Scope: scope, Epoch: p.self.Epoch, After: after, Head: after + wire.MaxItems}
		for i := range min(wire.MaxItems, count-held) {
			hlc++
			h := households[(held+i)%len(households)]
			r, err := wire.SealRevision(survey.Header{
				Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: scope, Form: "QZ-01",
				FormVersion: "1.0", Author: p.self.Grant.Person, HLC: hlc, Wall: survey.MillisOf(paperNoon),
			}, survey.Body{Fields: survey.Fields{
				survey.VisitHousehold: h.ID.String(), survey.VisitName: h.Head, "visit/visit_date": "2026-11-20", "visit/village_id": p.village.String(),
				"visit/visit_result": "talked", "hh/respondent_mode": "named", "hh/respondent_name": h.Head, "visit/visit_band": "morning",
				"hear/heard_thought": strings.Repeat("想把门前的路硬化。", 8), "hear/heard_worry": strings.Repeat("路灯坏了。", 20),
				"problems/issues[0192f0c1-0000-7000-8000-0000000000a1]/title":  "门前水渠堵了",
				"problems/issues[0192f0c1-0000-7000-8000-0000000000a1]/nature": "help",
				"problems/issues[0192f0c1-0000-7000-8000-0000000000a1]/detail": strings.Repeat("今年六月起水就下不来。", 10),
			}}, rand.Reader)
			if err != nil {
				tb.Fatal(err)
			}
			page.Items = append(page.Items, wire.FeedItem{Seq: after + uint64(i) + 1, Op: wire.FeedPut, HLC: hlc, Revision: r})
		}
		if err := p.store.ApplyPage(tb.Context(), page); err != nil {
			tb.Fatal(err)
		}
		after += wire.MaxItems
	}
}

// BenchmarkPrintVisits prints visits that a device holds into one file: read, decrypted, merged and laid out.
func BenchmarkPrintVisits(b *testing.B) {
	p := newPrintery(b)
	p.hold(b, 5000)
	order := workbench.PaperOrder{Kind: workbench.PaperFilled, Format: workbench.FormatPDF, Village: p.village, From: "2026-11-01", To: "2026-11-30"}
	var most uint64
	for b.Loop() {
		made, err := p.papers.Make(b.Context(), order, func(done, _ int) {
			if done%500 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		})
		if err != nil || made.Papers != 5000 {
			b.Fatalf("%d papers, %v", made.Papers, err)
		}
		b.ReportMetric(float64(len(made.Data))/1e6, "MB")
	}
	b.ReportMetric(float64(most)/1e6, "heap-MB")
}

// BenchmarkPrintVisit prints one visit of a device that holds few.
func BenchmarkPrintVisit(b *testing.B) {
	p := newPrintery(b)
	p.hold(b, 1)
	order := workbench.PaperOrder{Kind: workbench.PaperFilled, Format: workbench.FormatPDF, Village: p.village, From: "2026-11-01", To: "2026-11-30"}
	for b.Loop() {
		if _, err := p.papers.Make(b.Context(), order, nil); err != nil {
			b.Fatal(err)
		}
	}
}
