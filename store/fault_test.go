package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
)

// TestFaultAtEveryOperation has each operation of each kind of transaction fail: once, and for good. What fails says so
// and leaves everything as it was; what has been acknowledged stays; and when the disk is well again, work goes on.
func TestFaultAtEveryOperation(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := prepare(t, d)
			root, runs := shortTempDir(t), 0
			for _, how := range []crashfs.Failure{crashfs.Full, crashfs.WriteError, crashfs.SyncError} {
				for _, sticky := range []bool{false, true} {
					for at, hit := 1, true; hit; at += stride() {
						trial := *w
						trial.dir, trial.office = filepath.Join(root, "trial"), w.office.clone()
						if err := os.CopyFS(trial.dir, os.DirFS(w.dir)); err != nil {
							t.Fatal(err)
						}
						var err error
						hit, err = trial.suffer(d, crashfs.Fault{At: at, How: how, Sticky: sticky})
						if err != nil {
							t.Errorf("operation %d, failure %d, sticky %v: %v", at, how, sticky, err)
						}
						if err := os.RemoveAll(trial.dir); err != nil {
							t.Fatal(err)
						}
						runs++
					}
				}
			}
			t.Logf("%d runs", runs)
		})
	}
}

// stride is how many operations apart faults are set in a short run.
func stride() int {
	switch {
	case soak() > 0:
		return 1
	case testing.Short(), raceDetector:
		return 41
	}
	return 7
}

// suffer does a deed with a fault, and reports whether the fault came and what it broke.
func (w *workshop) suffer(d deed, f crashfs.Fault) (hit bool, err error) {
	w.disk.Fail(crashfs.Fault{})
	if err := w.open(); err != nil {
		return false, err
	}
	defer w.store.Close()
	before, err := portrait(w.store)
	if err != nil {
		return false, err
	}
	w.disk.Fail(f)
	for i, step := range d.steps {
		failure := step(w)
		hit = w.disk.Failed() > 0
		if hit {
			w.disk.Fail(crashfs.Fault{})
		}
		if failure != nil {
			return hit, w.recover(before, failure, d.steps[i:])
		}
		if before, err = portrait(w.store); err != nil {
			return hit, err
		}
	}
	w.disk.Fail(crashfs.Fault{})
	return hit, nil
}

// recover checks that a step that failed said why and changed nothing, and does it again with what follows.
func (w *workshop) recover(before string, failure error, steps []act) error {
	if kind := survey.KindOf(failure); kind != survey.Full && kind != survey.Internal || survey.MessageOf(failure) == "" {
		return fmt.Errorf("refused as %v with %q: %w", kind, survey.MessageOf(failure), failure)
	}
	after, err := portrait(w.store)
	if err != nil {
		return fmt.Errorf("after %w: %w", failure, err)
	}
	if after != before {
		return fmt.Errorf("changed by what failed with %w: %s", failure, cmp.Diff(before, after))
	}
	for _, step := range steps {
		if err := step(w); err != nil {
			return fmt.Errorf("the disk is well again: %w", err)
		}
	}
	return w.reopen()
}

// reopen checks that a store opened again tells what it told before.
func (w *workshop) reopen() error {
	before, err := portrait(w.store)
	if err := errors.Join(err, w.store.Close(), w.open()); err != nil {
		return err
	}
	after, err := portrait(w.store)
	if err == nil && before != after {
		err = fmt.Errorf("opened again: %s", cmp.Diff(before, after))
	}
	return err
}
