package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRewrite(t *testing.T) {
	given := `goos: linux
pkg: zoucun/store
BenchmarkSave/answer-2         	     100	   1234 ns/op	         4.500 p99-ms
PASS
ok  	zoucun/store	1.2s
`
	want := "store.Save/answer 1234 ns/op\nstore.Save/answer 4.500 p99-ms\n"
	var got strings.Builder
	if err := rewrite(&got, strings.NewReader(given)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestToldPassesOnFigures(t *testing.T) {
	var got strings.Builder
	err := told(&got, strings.NewReader("=== RUN   TestFigures\nfigure link.2G/text/cuts 4.00 cuts\n--- PASS: TestFigures\n"))
	if want := "link.2G/text/cuts 4.00 cuts\n"; err != nil || got.String() != want {
		t.Errorf("told %q, %v; want %q", got.String(), err, want)
	}
}
