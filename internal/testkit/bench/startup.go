package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/internal/testkit/robot"
	"zoucun/store"
)

// rest is how long a program is left alone before its memory is read.
const rest = 3 * time.Second

// startup measures the app from outside, in turn with an empty Fyne window: how long until the window stands on the
// screen, and the memory it rests at. Once the app holds a township, once a county of 50,000 households.
func startup(ctx context.Context, w io.Writer, times int) (err error) {
	dir, err := os.MkdirTemp("", "zoucun-bench")
	if err != nil {
		return fmt.Errorf("startup: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	empty := filepath.Join(dir, "empty")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "x11,migrated_fynedo", "-o", empty, "./internal/testkit/bench/testdata/empty")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the empty window: %w", err)
	}
	desktop, err := robot.NewDesktop(ctx, robot.DesktopSpec{Dir: dir, Width: 1280, Height: 800})
	if err != nil {
		return err
	}
	defer func() { _ = desktop.Close() }()
	for _, households := range []int{420, 50_000} {
		home := filepath.Join(dir, fmt.Sprint(households))
		if err := furnish(ctx, home, households); err != nil {
			return err
		}
		app := []string{filepath.Join(os.Getenv("ZOUCUN_BIN"), "zoucun"), "-data", home}
		ours, theirs, err := inTurn(ctx, desktop, times, app, []string{empty})
		if err != nil {
			return err
		}
		if err := report(w, fmt.Sprintf("app.Start%d", households), ours, theirs); err != nil {
			return err
		}
	}
	return nil
}

// inTurn starts one program and the other, over and over.
func inTurn(ctx context.Context, d *robot.Desktop, times int, a, b []string) (ofA, ofB []robot.Start, err error) {
	for range times {
		for _, side := range []struct {
			command []string
			starts  *[]robot.Start
		}{{a, &ofA}, {b, &ofB}} {
			start, err := d.Measure(ctx, rest, side.command[0], side.command[1:]...)
			if err != nil {
				return nil, nil, err
			}
			*side.starts = append(*side.starts, start)
		}
	}
	return ofA, ofB, nil
}

// report writes medians, their ratio, and the spread.
func report(w io.Writer, name string, ours, theirs []robot.Start) error {
	window := func(s robot.Start) float64 { return float64(s.Window.Microseconds()) / 1000 }
	memory := func(s robot.Start) float64 { return float64(s.Resident) / (1 << 20) }
	for _, figure := range []struct {
		name, unit string
		of         func(robot.Start) float64
	}{{"/window", "ms", window}, {"/resident", "MiB", memory}} {
		a, b := ordered(ours, figure.of), ordered(theirs, figure.of)
		middle := len(a) / 2
		_, err := fmt.Fprintf(w, "%[1]s %.1[3]f %[2]s\n%[1]s/min %.1[4]f %[2]s\n%[1]s/max %.1[5]f %[2]s\n%[1]s/empty %.1[6]f %[2]s\n%[1]s/ratio %.2[7]f x\n",
			name+figure.name, figure.unit, a[middle], a[0], a[len(a)-1], b[middle], a[middle]/b[middle])
		if err != nil {
			return fmt.Errorf("write figures: %w", err)
		}
	}
	return nil
}

func ordered(starts []robot.Start, of func(robot.Start) float64) []float64 {
	values := make([]float64, len(starts))
	for i, s := range starts {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values
}

// furnish makes an app's folder that holds a township of some size.
func furnish(ctx context.Context, home string, households int) error {
	s, err := store.Open(ctx, home, store.Options{Clock: time.Now})
	if err != nil {
		return err
	}
	form, err := assets.Form("QZ-01")
	if err != nil {
		return err
	}
	err = device.Prepare(ctx, s, device.Spec{Seed: 1, Households: households, Forms: map[string]fs.FS{"QZ-01": form}})
	if closing := s.Close(); err == nil {
		err = closing
	}
	return err
}
