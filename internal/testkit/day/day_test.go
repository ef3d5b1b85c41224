package day

import (
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

// TestWeek lives through a small week.
func TestWeek(t *testing.T) {
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Live(t.Context(), Options{
		Size: Small, Dir: t.TempDir(), Ctl: ctl(t), Form: os.DirFS(filepath.Join(root, "assets", "forms", "QZ-01")), Seed: 1, Log: t.Logf,
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
}
