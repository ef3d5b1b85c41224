package survey

import "time"

// Clock tells the time. Only main functions read the machine's own; everyone else is given one.
type Clock func() time.Time

// Millis is a moment in milliseconds since 1970-01-01 UTC, as databases and frames hold it.
type Millis int64

// MillisOf returns t to the millisecond.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time returns the moment in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// HLC is a hybrid logical clock: 48 bits of milliseconds since 1970 and 16 bits of counter.
//
// It orders what is displayed and breaks ties; no correctness rests on it. See Kulkarni et al., "Logical Physical
// Clocks" (2014).
type HLC uint64

// Next returns the first HLC after h that is not before now.
func (h HLC) Next(now time.Time) HLC {
	wall := HLC(uint64(max(0, now.UnixMilli())) << 16) // a clock set to before 1970 counts as none
	if wall > h {
		return wall
	}
	return h + 1
}

// Time returns the wall-clock part.
func (h HLC) Time() time.Time { return time.UnixMilli(int64(h >> 16)).UTC() }
