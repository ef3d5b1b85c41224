package field

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// BenchmarkScroll measures what a frame of scrolling through a village's list costs before it is painted, in a register
// of 50,000 households: rows that come into sight get their words and their places.
func BenchmarkScroll(b *testing.B) {
	d := newDeskOf(b, 50_000)
	screen := d.home()
	d.show(screen, 800, 1280)
	list := findList(screen.Body)
	if list == nil {
		b.Fatal("the screen has no list")
	}
	const step = 120 // a fast drag, in pixels a frame
	var frames []time.Duration
	offset := float32(0)
	for b.Loop() {
		begun := time.Now()
		list.ScrollToOffset(offset)
		d.wait()
		frames = append(frames, time.Since(begun))
		if offset += step; offset > float32(list.Length())*60 {
			offset = 0
		}
	}
	slices.Sort(frames)
	b.ReportMetric(float64(frames[len(frames)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkOpenDraft opens drafts of the 群众工作调查表 on a device that holds 50,000 visits.
func BenchmarkOpenDraft(b *testing.B) {
	d := newDesk(b, "QZ-01")
	d.holdVisits(50_000)
	self, _, err := d.store.Enrolment(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var drafts []survey.DraftID
	for range 20 {
		v := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})
		for path, value := range map[survey.FieldPath]string{"visit/visit_result": "talked", "visit/visit_band": "morning"} {
			if err := v.Answer(b.Context(), path, value); err != nil {
				b.Fatal(err)
			}
		}
		for i := range 40 {
			if err := v.Answer(b.Context(), "hear/heard_worry", strings.Repeat("路灯坏了", i)); err != nil {
				b.Fatal(err)
			}
		}
		drafts = append(drafts, v.Draft().ID)
	}
	desk := present.Desk{
		Forms: d.store, Keeper: d.store, Definitions: &present.Definitions{}, Enrolment: self, Now: d.host.Now, Later: d.host.Later,
	}
	var taken []time.Duration
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		if _, err := desk.Resume(b.Context(), drafts[i%len(drafts)]); err != nil {
			b.Fatal(err)
		}
		taken = append(taken, time.Since(begun))
	}
	slices.Sort(taken)
	b.ReportMetric(float64(taken[len(taken)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(taken[len(taken)*99/100].Microseconds())/1000, "p99-ms")
}

// holdVisits has visits of others arrive by pull.
func (d *desk) holdVisits(count int) {
	d.t.Helper()
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	village := d.store.Villages()[0].ID
	scope := survey.VillageScope(village)
	household := d.store.SearchHouseholds(village, "", 1)[0].ID
	cursors, err := d.store.Cursors(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	after := cursors[slices.IndexFunc(cursors, func(c survey.Cursor) bool { return c.Scope == scope })].Seq
	hlc := survey.HLC(0).Next(noon)
	for held := 0; held < count; held += wire.MaxItems {
		page := wire.FeedPage{Scope: scope, Epoch: self.Epoch, After: after, Head: after + wire.MaxItems}
		for i := range wire.MaxItems {
			hlc++
			r, err := wire.SealRevision(survey.Header{
				Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: scope, Form: "QZ-01",
				FormVersion: "1.0", HLC: hlc, Touched: []survey.FieldPath{"hear/heard_worry"},
			}, survey.Body{Fields: survey.Fields{
				survey.VisitHousehold: household.String(), survey.VisitName: "区安", "hear/heard_worry": strings.Repeat("路灯坏了。", 20),
			}}, rand.Reader)
			if err != nil {
				d.t.Fatal(err)
			}
			page.Items = append(page.Items, wire.FeedItem{Seq: after + uint64(i) + 1, Op: wire.FeedPut, HLC: hlc, Revision: r})
		}
		if err := d.store.ApplyPage(d.t.Context(), page); err != nil {
			d.t.Fatal(err)
		}
		after += wire.MaxItems
	}
}

func findList(o fyne.CanvasObject) *widgets.List {
	if list, ok := o.(*widgets.List); ok {
		return list
	}
	for _, child := range children(o) {
		if list := findList(child); list != nil {
			return list
		}
	}
	return nil
}
