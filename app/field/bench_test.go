package field

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
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
