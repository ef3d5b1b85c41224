package app

import "time"

// idle knows for how long nobody has touched the device.
type idle struct {
	limit time.Duration
	last  time.Time // of the last touch
}

// touch says that somebody is there.
func (i *idle) touch(now time.Time) { i.last = now }

// due reports whether nobody was there for as long as it takes. Two clocks are asked: the one on the wall goes on while
// a tablet sleeps, the other cannot be set. Where the first was put back nobody knows how long it was: that is enough.
func (i *idle) due(now time.Time) bool {
	wall := now.Round(0).Sub(i.last.Round(0))
	return wall < 0 || max(wall, now.Sub(i.last)) >= i.limit
}
