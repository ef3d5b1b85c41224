package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

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

// TestThePeerIsPinned looks at what make bench would fetch: one exact version of each package, from whatever registry the
// machine has.
func TestThePeerIsPinned(t *testing.T) {
	var manifest struct{ Dependencies map[string]string }
	data, err := os.ReadFile("testdata/peer/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile("testdata/peer/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("the lock file names a registry")
	}
	for name, version := range manifest.Dependencies {
		if strings.ContainsAny(version, "^~*><x ") || !strings.Contains(string(lock), `"`+name+`": "`+version+`"`) {
			t.Errorf("%s %q is not pinned", name, version)
		}
	}
	if _, ok := manifest.Dependencies[peerPackage]; !ok {
		t.Errorf("%s is not fetched", peerPackage)
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
