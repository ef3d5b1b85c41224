package sim

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var (
	seeds = flag.Int("sim.seeds", usual, "how many seeds are lived through")
	start = flag.Uint64("sim.start", 1, "the first of them")
	file  = flag.String("sim.script", "", "a file with one script to live through instead")
	tell  = flag.Bool("sim.v", false, "tell what happens")
)

// attempts is how often a failing script is run to find a shorter one.
const attempts = 400

// folder makes a folder in memory where the system has one: nothing here waits for a disk.
func folder(tb testing.TB) string {
	tb.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "sim"); err == nil { //nolint:usetesting // not on the disk, and gone with its world
		return dir
	}
	return tb.TempDir()
}

// live runs a script in a folder that is gone afterwards.
func live(tb testing.TB, s Script, broken Broken) Result {
	tb.Helper()
	dir := folder(tb)
	defer func() { _ = os.RemoveAll(dir) }()
	result, err := Run(tb.Context(), s, dir, broken)
	if err != nil {
		tb.Fatal(err)
	}
	return result
}

// TestSeeds lives through the scripts of many seeds. What a seed does wrong is shown with the shortest script that does
// it too.
func TestSeeds(t *testing.T) {
	if *file != "" {
		t.Skip("one script is asked for")
	}
	writes, rounds := 0, 0
	for seed := *start; seed < *start+uint64(*seeds) && !t.Failed(); seed++ {
		script := Drawn(seed)
		result := live(t, script, Broken{})
		writes, rounds = writes+result.Writes, rounds+result.Rounds
		if len(result.Violations) == 0 {
			continue
		}
		want := result.Violations[0].Invariant
		short := Shrink(script, attempts, func(s Script) bool { return live(t, s, Broken{}).Caught(want) })
		report(t, short, live(t, short, Broken{}))
	}
	t.Logf("%d seeds from %d: %d writes, %d rounds", *seeds, *start, writes, rounds)
}

// report says what a script did wrong, and how to see it again.
func report(t *testing.T, s Script, r Result) {
	t.Helper()
	for _, v := range r.Violations {
		t.Errorf("%s: %s", v.Invariant, v.What)
	}
	if *tell {
		for _, line := range r.Log {
			t.Log(line)
		}
	}
	t.Logf("seed %d; the shortest script found, to be put into a file for go test -run TestScript -sim.script FILE -sim.v:\n%s", s.Seed, s)
}

// TestScript lives through one script from a file.
func TestScript(t *testing.T) {
	if *file == "" {
		t.Skip("no script is asked for")
	}
	f, err := os.Open(*file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	script, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	report(t, script, live(t, script, Broken{}))
}

// TestKnownScripts lives once more through the scripts that have found something.
func TestKnownScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			script, err := Read(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if result := live(t, script, Broken{}); len(result.Violations) > 0 {
				report(t, script, result)
			}
		})
	}
}
