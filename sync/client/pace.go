package client

import (
	"time"

	"zoucun/sync/wire"
)

// Times for which an exchange should keep the link busy. A page of a feed counts as a whole or not at all: shorter wastes
// round trips, longer loses more to a cut. Of a push and of a chunk of an attachment whatever has come counts, so they may be
// longer; a chunk has to end before the link is taken for stalled.
const (
	batchTime = 8 * time.Second
	pushTimes = 8 // as long as a batch
	chunkTime = 20 * time.Second
)

// Bounds of a batch, in bytes before compression, and of a chunk. A chunk is worth its round trip, and what the largest
// push holds is built and stored in a moment.
const (
	smallestBatch = 8 << 10
	firstBatch    = 32 << 10
	largestBatch  = 3 << 20
	smallestChunk = 16 << 10
	firstChunk    = 64 << 10
	largestPush   = 8 * wire.MaxEntries // entries
)

// pace is how much to exchange at once, learnt from how the last exchanges went.
type pace struct {
	batch   int           // bytes before compression
	entries int           // of a push
	chunk   int           // bytes of an attachment
	begun   bool          // bytes have told how fast it is
	trip    time.Duration // the shortest exchange of next to nothing: what of each is waiting, not sending
}

func newPace() pace { return pace{batch: firstBatch, entries: wire.MaxEntries, chunk: firstChunk} }

// took learns from an exchange of so many bytes before compression, which were so many on the wire; either may not be
// known, and is 0. Connecting is not part of it.
func (p *pace) took(bytes, packed int, d time.Duration) {
	if d <= 0 {
		return
	}
	if bytes < smallestBatch/4 && packed < smallestBatch/4 {
		p.waited(d)
		return
	}
	p.begun = true
	if bytes > 0 {
		p.entries = min(2*p.entries, largestPush)
	}
	if bytes >= smallestBatch/2 {
		p.batch = clampBatch(p.fitting(bytes, p.batch, d, batchTime))
	}
	if packed >= smallestChunk/2 {
		p.chunk = clampChunk(p.fitting(packed, p.chunk, d, chunkTime))
	}
}

// perTrip is how many bytes a link carries, by and large and with care, in the time of a round trip: one that answers in 60 ms
// has 130 KB/s at least, one that takes three seconds hardly three.
const perTrip = 8 << 10

// waited learns from an exchange of next to nothing. Until bytes have told more, its time says what kind of network it is.
func (p *pace) waited(d time.Duration) {
	if p.trip > 0 && d >= p.trip {
		return
	}
	if p.trip = d; !p.begun {
		guess := perTrip / d.Seconds()
		p.batch = clampBatch(int(min(guess*batchTime.Seconds(), largestBatch)))
		p.chunk = clampChunk(int(min(guess*chunkTime.Seconds(), wire.MaxChunk)))
		p.entries = largestPush // the bytes hold it
	}
}

// fitting returns how many bytes keep the link busy for a time, where so many took d, the waiting included. It grows to at most
// four times what it was, as one fast exchange proves little.
func (p *pace) fitting(bytes, before int, d, busy time.Duration) int {
	air := max(d-p.trip, d/2)
	return int(min(float64(bytes)/air.Seconds()*busy.Seconds(), 4*float64(before)))
}

// shrink learns from a failure.
func (p *pace) shrink() { p.batch = clampBatch(p.batch / 2) }

// stuck learns from a chunk of which nothing came: something on the way may not let so many bytes pass.
func (p *pace) stuck() { p.chunk = clampChunk(p.chunk / 2) }

// tooLarge learns that so many entries at once do not get across. The batch has shrunk with the failure.
func (p *pace) tooLarge(entries int) { p.entries = max(1, entries/2) }

// slow reports whether the network is worth more time of the processor than of its own.
func (p *pace) slow() bool { return p.batch < largestBatch/4 }

// resumed returns how much a push should hold, in bytes before compression, as what of it has come before a cut is not sent
// again.
func (p *pace) resumed() int { return min(pushTimes*p.batch, largestBatch) }

func clampBatch(n int) int { return min(max(n, smallestBatch), largestBatch) }

func clampChunk(n int) int { return min(max(n, smallestChunk), wire.MaxChunk) }
