package link

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestFigures prints what handing over costs on modelled networks, in virtual time, a line for each as make bench takes
// it: figure NAME VALUE UNIT. The payload is what pushes hold as [wire.Pack] has it, and photos. The line is what it takes at the
// network's rate, the limit what it takes with its accidents.
func TestFigures(t *testing.T) {
	if os.Getenv("ZOUCUN_FIGURES") == "" {
		t.Skip("make bench asks for figures")
	}
	for _, trial := range []struct {
		name string
		m    Model
		load load
	}{
		{"4G/text", FourG, load{visits: 2000, words: 160}},
		{"4G/text+photos", FourG, load{visits: 200, words: 160, photos: 80, kb: 300}},
		{"2G/text", TwoG, load{visits: 1000, words: 160}},
		{"2G/text+photos", TwoG, load{visits: 50, words: 160, photos: 20, kb: 300}},
	} {
		r, least := severalTimes(t, trial.m, trial.load)
		figure := func(name string, value float64, unit string) {
			fmt.Printf("figure link.%s/%s %.2f %s\n", trial.name, name, value, unit)
		}
		line := float64(r.payload) * 8 / float64(trial.m.Bits)
		figure("up-to-payload", float64(r.Up)/float64(r.payload), "ratio")
		figure("cuts", float64(r.Cuts), "cuts")
		figure("again-per-cut", float64(max(0, r.Up-r.payload))/float64(max(1, r.Cuts))/1024, "KiB")
		figure("time-to-line", r.took.Seconds()/line, "ratio")
		figure("time-to-limit", r.took.Seconds()/least.Seconds(), "ratio")
		figure("time", r.took.Seconds(), "virtual-s")
		figure("connections", float64(r.Connections), "connections")
		figure("requests", float64(r.requests), "requests")
		if trial.load.photos == 0 {
			figure("packed-record", float64(r.payload)/float64(rounds*trial.load.visits), "B")
		}
	}
}

// rounds is how many times it is measured, as accidents are.
const rounds = 3

// severalTimes returns what came of several runs together, and how long they take at the least.
func severalTimes(t *testing.T, m Model, l load) (all trip, least time.Duration) {
	t.Helper()
	for seed := uint64(11); seed < 11+rounds; seed++ {
		r := handOver(t, m, seed, l, true)
		least += limit(t, m, seed, r.payload)
		all.Connections, all.Up, all.Down, all.Cuts = all.Connections+r.Connections, all.Up+r.Up, all.Down+r.Down, all.Cuts+r.Cuts
		all.took, all.payload, all.requests = all.took+r.took, all.payload+r.payload, all.requests+r.requests
	}
	return all, least
}
