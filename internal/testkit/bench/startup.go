package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"zoucun/internal/testkit/robot"
	"zoucun/internal/testkit/stage"
)

// startup measures the time from starting a program to its window standing on the screen, the app's and that of an
// empty Fyne window in turn. The app has its township and shows the list it opens with.
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
	home, end, err := enrolled(ctx, dir)
	if err != nil {
		return err
	}
	defer end()
	desktop, err := robot.NewDesktop(ctx, robot.DesktopSpec{Dir: dir, Width: 1280, Height: 800})
	if err != nil {
		return err
	}
	defer func() { _ = desktop.Close() }()
	var ours, theirs []time.Duration
	for range times {
		a, err := desktop.TimeToWindow(ctx, os.Getenv("ZOUCUN_BIN")+"/zoucun", "-data", home)
		if err != nil {
			return err
		}
		b, err := desktop.TimeToWindow(ctx, empty)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	return report(w, ours, theirs)
}

func report(w io.Writer, ours, theirs []time.Duration) error {
	slices.Sort(ours)
	slices.Sort(theirs)
	middle := len(ours) / 2
	_, err := fmt.Fprintf(w, "app.Start %d ms\napp.Start/min %d ms\napp.Start/max %d ms\napp.Start/empty %d ms\napp.Start/ratio %.2f x\n",
		ours[middle].Milliseconds(), ours[0].Milliseconds(), ours[len(ours)-1].Milliseconds(), theirs[middle].Milliseconds(),
		float64(ours[middle])/float64(theirs[middle]))
	return err
}

// enrolled makes an app's folder that holds the made-up township. The server ends with end.
func enrolled(ctx context.Context, dir string) (home string, end func(), err error) {
	s, err := stage.New(os.Getenv("ZOUCUN_BIN"), dir, io.Discard)
	if err != nil {
		return "", nil, err
	}
	if err := s.StartServer(ctx); err != nil {
		return "", nil, err
	}
	end = func() { _ = s.StopServer() }
	if err := s.Furnish(ctx, "assets/forms/QZ-01"); err != nil {
		end()
		return "", nil, err
	}
	return s.Path("app"), end, nil
}
