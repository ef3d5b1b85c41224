package sim

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
)

// Kind is what a step does.
type Kind = string

// Kinds of steps. A and B are explained beside each; numbers beyond what there is count from the beginning again.
const (
	// On a tablet.
	Visit   Kind = "visit"   // visit household A and finish, with B problems
	Edit    Kind = "edit"    // visit household A and change its field B
	Photo   Kind = "photo"   // visit household A with a picture of B KB
	Draft   Kind = "draft"   // begin a visit to household A and answer B questions
	Finish  Kind = "finish"  // finish draft A
	Advance Kind = "go"      // move the tablet's exchange with the server on, or begin a round if one is due; it takes B ms
	Wake    Kind = "wake"    // the person asks for a round now
	Trouble Kind = "trouble" // the next exchange meets trouble A, at B per mille of its bytes
	Clock   Kind = "clock"   // the tablet's clock jumps to A
	Kill    Kind = "kill"    // the app is killed
	Power   Kind = "power"   // the battery is pulled; B says where in what was being done last
	Clone   Kind = "clone"   // the app's folder is copied to another tablet, and both go on
	Disk    Kind = "disk"    // operation A of the disk from now fails; B says how
	Newer   Kind = "newer"   // visit household A with a newer form, which asks of the household what others do not know
	Dark    Kind = "dark"    // the county is out of the tablet's reach if A is odd, and in it otherwise
	Give    Kind = "give"    // the tablet gives its work to tablet A; B says what befalls the meeting
	Stick   Kind = "stick"   // the tablet's stick goes its next way: out, to the office, home
	Lost    Kind = "lost"    // the tablet's stick is lost
	// At the township and on the server.
	Register    Kind = "register"     // change field B of household A
	NewHome     Kind = "newhome"      // enter a household in village A
	Move        Kind = "move"         // move household A to village B
	Decide      Kind = "decide"       // decide what is in conflict in household A
	Void        Kind = "void"         // take visit A out of use
	Revoke      Kind = "revoke"       // withdraw the tablet's grant
	Regrant     Kind = "regrant"      // grant the tablet the villages in the bits of A
	Backup      Kind = "backup"       // what has come so far is held off the server's machine too
	KillServer  Kind = "kill-server"  // the server is killed
	PowerServer Kind = "power-server" // the server loses power; B says where in what it did last
	Restore     Kind = "restore"      // the server's database is put back to the last backup; if A is odd nobody is told
	// At the receiving point.
	Forward   Kind = "forward"    // a round with the county; A says what befalls it
	KillPoint Kind = "kill-point" // it is switched off and on again
	LosePoint Kind = "lose-point" // its disk is lost, and another takes its place
	// Everywhere.
	Pass Kind = "pass" // A seconds go by
)

// Step is one thing that happens. Node is the tablet.
type Step struct {
	Kind Kind
	Node int
	A, B int
}

// Script is everything that happens, in order, before all troubles end and everybody has time.
type Script struct {
	Seed    uint64 // of the tablets' waiting times
	Tablets int
	Steps   []Step
}

// villages and homes are how large the township is when it begins.
const (
	villages = 2
	homes    = 3 // of each village
)

// weight is how often a kind is drawn.
type weight struct {
	kind Kind
	n    int
	a, b int // bounds of A and B
}

// everyday is what happens in every script; perils are switched on by themselves, so that some scripts are full of one
// kind of trouble.
var (
	everyday = []weight{
		{Visit, 8, 6, 3},
		{Edit, 8, 6, 3},
		{Photo, 3, 6, 40},
		{Draft, 4, 6, 4},
		{Finish, 4, 4, 1},
		{Advance, 70, 1, 4000},
		{Wake, 6, 1, 1},
		{Pass, 10, 400, 1},
		{Register, 3, 8, 3},
	}
	perils = [][]weight{
		{{Trouble, 26, len(troubles), 1000}},
		{{Trouble, 8, len(troubles), 1000}, {Pass, 3, 20000, 1}},
		{{Kill, 5, 1, 1}, {KillServer, 3, 1, 1}},
		{{Power, 4, 1, 1000}, {PowerServer, 3, 1, 1000}},
		{{Clock, 4, len(moments), 1}},
		{{Move, 2, 8, villages}, {NewHome, 2, villages, 1}, {Decide, 3, 8, 1}, {Void, 2, 9, 1}},
		{{Regrant, 3, 1 << villages, 1}, {Revoke, 1, 1, 1}},
		{{Clone, 1, 1, 1}},
		{{Disk, 4, 40, 3}},
		{{Backup, 3, 1, 1}},
		{{Newer, 4, 6, 1}},
	}
	// roads are drawn like perils, and leave the county out of reach for a while: what is not there by the network comes by them.
	roads = [][]weight{
		{{Dark, 5, 2, 1}, {Forward, 6, howMany, 1}, {KillPoint, 1, 1, 1}, {LosePoint, 1, 1, 1}},
		{{Dark, 5, 2, 1}, {Stick, 9, 1, 1}, {Lost, 1, 1, 1}},
		{{Dark, 5, 2, 1}, {Give, 6, most, meetings}},
		{{Backup, 3, 1, 1}, {Restore, 2, 2, 1}},
	}
)

// Drawn returns the script of a seed.
func Drawn(seed uint64) Script {
	random := rand.New(rand.NewPCG(seed, 0x5a)) //nolint:gosec // has to be repeatable
	s := Script{Seed: seed, Tablets: 2 + random.IntN(3)}
	table := everyday
	for _, peril := range slices.Concat(perils, roads) {
		if random.IntN(3) == 0 {
			table = append(slices.Clip(table), peril...)
		}
	}
	total := 0
	for _, w := range table {
		total += w.n
	}
	for range 60 + random.IntN(140) {
		at := random.IntN(total)
		for _, w := range table {
			if at -= w.n; at < 0 {
				s.Steps = append(s.Steps, Step{w.kind, random.IntN(s.Tablets), random.IntN(w.a), random.IntN(w.b)})
				break
			}
		}
	}
	return s
}

// String returns the script as [Read] reads it.
func (s Script) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d tablets %d\n", s.Seed, s.Tablets)
	for _, step := range s.Steps {
		fmt.Fprintf(&text, "%s %d %d %d\n", step.Kind, step.Node, step.A, step.B)
	}
	return text.String()
}

// Read reads a script.
func Read(r io.Reader) (Script, error) {
	var s Script
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var err error
		var step Step
		if strings.HasPrefix(line, "seed ") {
			_, err = fmt.Sscanf(line, "seed %d tablets %d", &s.Seed, &s.Tablets)
		} else if _, err = fmt.Sscanf(line, "%s %d %d %d", &step.Kind, &step.Node, &step.A, &step.B); err == nil {
			s.Steps = append(s.Steps, step)
		}
		if err != nil {
			return s, fmt.Errorf("line %d: %q: %w", n, line, err)
		}
	}
	if s.Tablets < 1 {
		return s, fmt.Errorf("a script begins with: seed 1 tablets 2")
	}
	return s, lines.Err()
}
