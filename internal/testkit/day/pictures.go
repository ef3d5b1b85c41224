package day

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"zoucun/internal/testkit/robot"
)

// sections are the parts of the workbench, as its list names them.
var sections = []string{"收件", "待决", "疑似重复", "审核", "名册", "查找", "表册", "统计"}

// Pictures opens the laptop's workbench in a real window and takes a picture of each section into a folder.
func (w *Week) Pictures(ctx context.Context, program, folder, when string) (err error) {
	if err := errors.Join(os.MkdirAll(folder, 0o750), w.laptop.store.Close()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.laptop.open(context.WithoutCancel(ctx), w.county, w.laptop.dir)) }()
	screen, err := os.MkdirTemp("", "day") // a socket's path has to be short
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(screen)) }()
	desktop, err := robot.NewDesktop(ctx, robot.DesktopSpec{Dir: screen, Width: 1280, Height: 800})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desktop.Close()) }()
	window, err := desktop.Open(ctx, io.Discard, program, "-data", w.laptop.dir, "-size", "1280x800")
	if err != nil {
		return err
	}
	defer window.Close()
	for i, section := range sections {
		if err := window.Tap(ctx, section, robot.Says(section)); err != nil {
			return err
		}
		time.Sleep(3 * time.Second) // lists are read in the background
		if err := desktop.Screenshot(ctx, filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", when, i+1, section))); err != nil {
			return err
		}
	}
	return nil
}
