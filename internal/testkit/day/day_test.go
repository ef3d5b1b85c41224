package day

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"zoucun/internal/testkit/stage"
)

// ctl returns the path of zouctl: of the programs that were built already, or built here.
func ctl(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("ZOUCUN_BIN"); bin != "" {
		return filepath.Join(bin, "zouctl")
	}
	program := filepath.Join(t.TempDir(), "zouctl")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "zoucun/cmd/zouctl")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build zouctl: %v\n%s", err, out)
	}
	return program
}

var (
	full     = flag.Bool("day.full", false, "live through the whole week of ten tablets and 2,000 visits")
	pictures = flag.String("day.pictures", "", "the `folder` for pictures of the workbench, before and after its decisions")
)

// TestWeek lives through a week, a small one unless it is told otherwise, and the day after it at the workbench.
func TestWeek(t *testing.T) {
	size := Small
	if *full {
		size = Full
	}
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Live(t.Context(), Options{
		Size: size, Dir: t.TempDir(), Ctl: ctl(t), Form: os.DirFS(filepath.Join(root, "assets", "forms", "QZ-01")), Seed: 1, Log: t.Logf,
	})
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	lost, besides, err := w.Lost(t.Context())
	if err != nil || len(lost)+len(besides) > 0 {
		t.Errorf("lost %v, there without having been paid %v, %v", lost, besides, err)
	}
	found, err := w.conflicted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for c := range w.truth.conflicts {
		if _, there := found[c]; !there {
			t.Errorf("no decision is asked about %v", c)
		}
	}
	for c, what := range found {
		if _, planned := w.truth.conflicts[c]; !planned {
			t.Errorf("a decision is asked about %v, of which nobody differs: %v", c, what)
		}
	}
	if err := w.Equal(t.Context()); err != nil {
		t.Error(err)
	}
	picture(t, w, "before")
	decided(t, w)
	picture(t, w, "after")
}

// picture takes pictures of the workbench where they are wanted.
func picture(t *testing.T, w *Week, when string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	if err := w.Pictures(t.Context(), filepath.Join(os.Getenv("ZOUCUN_BIN"), "zoucun"), *pictures, when); err != nil {
		t.Error(err)
	}
}

// decided lets a person at the workbench decide, and expects one truth everywhere.
func decided(t *testing.T, w *Week) {
	t.Helper()
	d, err := w.Decide(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d fields and %d pairs decided, %d needed: %.2f", d.Fields, d.Pairs, d.Needed, d.Ratio())
	if d.Ratio() > 1.2 {
		t.Errorf("a person is asked %d times where %d were needed", d.Fields+d.Pairs, d.Needed)
	}
	if apart, joined := w.Apart(); apart+joined > 0 {
		t.Errorf("%d households are still there twice, %d were joined that are two", apart, joined)
	}
	if wrong, err := w.Settled(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("after all decisions: %v, %v", wrong, err)
	}
	if lost, besides, err := w.Lost(t.Context()); err != nil || len(lost)+len(besides) > 0 {
		t.Errorf("after all decisions: lost %v, besides %v, %v", lost, besides, err)
	}
	if err := w.Equal(t.Context()); err != nil {
		t.Error(err)
	}
}
