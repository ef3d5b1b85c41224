package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRatiosCompareWhatBothMeasured(t *testing.T) {
	ours := []string{
		"form.Load1000 2000000 median-ns/op", "form.Load1000 1 allocs/op", "form.Answer1000 500 p99-ns/op",
		"form.Filter100k/first 100 median-ns/op",
	}
	theirs := []string{
		"peer.Load1000 50000000 median-ns/op", "peer.Answer1000 7 median-ns/op", "peer.Filter100k/first 250 median-ns/op",
		"peer.Filter100k not measured: longer than 4m0s",
	}
	want := []string{"peer/form.Load1000 25.0 times-median", "peer/form.Filter100k/first 2.5 times-median"}
	if diff := cmp.Diff(want, ratios(theirs, ours)); diff != "" {
		t.Error(diff)
	}
}

// TestThePeersArePinned looks at what make bench would fetch: one exact version of each package, from whatever registry the
// machine has.
func TestThePeersArePinned(t *testing.T) {
	for folder, packages := range map[string][]string{"peer": {peerPackage}, "pouch": {"pouchdb", "express-pouchdb"}} {
		var manifest struct{ Dependencies map[string]string }
		data, err := os.ReadFile("testdata/" + folder + "/package.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &manifest); err != nil {
			t.Fatal(err)
		}
		lock, err := os.ReadFile("testdata/" + folder + "/package-lock.json")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(lock), `"resolved"`) {
			t.Errorf("the lock file of %s names a registry", folder)
		}
		for name, version := range manifest.Dependencies {
			if strings.ContainsAny(version, "^~*><x ") || !strings.Contains(string(lock), `"`+name+`": "`+version+`"`) {
				t.Errorf("%s %q is not pinned", name, version)
			}
		}
		for _, name := range packages {
			if _, ok := manifest.Dependencies[name]; !ok {
				t.Errorf("%s is not fetched", name)
			}
		}
	}
}

// TestUntilReadsTimes reads what a client of the comparison says.
func TestUntilReadsTimes(t *testing.T) {
	said := bufio.NewScanner(strings.NewReader("text 5000 2.5\nnoise\nphotos 200 3\ndone\nlate 1 1\n"))
	got, err := until(said, "done")
	if diff := cmp.Diff(map[string]float64{"text": 2.5, "photos": 3}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := until(said, "done"); err == nil {
		t.Error("a client that ended early passes for one that is done")
	}
}

// TestAProcessIsMeasured asks about this very process.
func TestAProcessIsMeasured(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = byte(i)
	}
	if mib := peak(os.Getpid()); mib < 64 {
		t.Errorf("a process that holds 64 MiB has a peak of %.1f", mib)
	}
	runtime.KeepAlive(held)
	for begun := time.Now(); time.Since(begun) < 300*time.Millisecond; {
		_ = sha256.Sum256(held[:1<<16])
	}
	if seconds := cpu(os.Getpid()); seconds < 0.02 {
		t.Errorf("a process that has computed took %.2f s", seconds)
	}
	if peak(-1) != 0 || cpu(-1) != 0 {
		t.Error("there is a process -1")
	}
}

// TestTheSameRecordsEachTime writes a few records twice.
func TestTheSameRecordsEachTime(t *testing.T) {
	var files [2][]byte
	for i := range files {
		name, text, err := writeRecords(t.TempDir(), 20, 0)
		if err != nil {
			t.Fatal(err)
		}
		if files[i], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		if mean := text / 20; mean < 1000 || mean > 6000 {
			t.Errorf("records of %d bytes", mean)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the records differ from run to run")
	}
}

func TestEveryPartOfThePeerIsOneOfOurs(t *testing.T) {
	script, err := os.ReadFile("testdata/peer/peer.mjs")
	if err != nil {
		t.Fatal(err)
	}
	benchmarks, err := os.ReadFile("../../../form/size_bench_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range slices.Sorted(slices.Values(peerParts)) {
		if !strings.Contains(string(script), part) || !strings.Contains(string(benchmarks), "func Benchmark"+part+"(") {
			t.Errorf("%s is measured on one side only", part)
		}
	}
}
