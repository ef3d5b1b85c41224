package client

import (
	"time"

	"zoucun/sync/wire"
)

// A batch should keep the link busy for about this long: shorter wastes round trips, longer loses more to a cut.
const batchTime = 6 * time.Second

// Bounds of a batch in bytes before compression.
const (
	smallestBatch = 8 << 10
	firstBatch    = 64 << 10
	largestBatch  = 768 << 10
)

// pace is how much to exchange at once, learnt from how the last exchanges went.
type pace struct {
	batch   int // bytes before compression
	entries int // of a push
}

func newPace() pace { return pace{batch: firstBatch, entries: wire.MaxEntries} }

// took learns from an exchange of so many bytes. It grows to at most four times, as one fast exchange proves little.
func (p *pace) took(bytes int, d time.Duration) {
	p.entries = min(2*p.entries, wire.MaxEntries)
	if bytes < smallestBatch/2 || d <= 0 {
		return
	}
	fitting := float64(bytes) / d.Seconds() * batchTime.Seconds()
	p.batch = clampBatch(int(min(fitting, 4*float64(p.batch))))
}

// shrink learns from a failure.
func (p *pace) shrink() { p.batch = clampBatch(p.batch / 2) }

// tooLarge learns that the server would not take so many entries at once.
func (p *pace) tooLarge(entries int) {
	p.shrink()
	p.entries = max(1, entries/2)
}

func clampBatch(n int) int { return min(max(n, smallestBatch), largestBatch) }
