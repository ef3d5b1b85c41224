// Command demo plays one visit on a virtual screen, with real programs and real pointer and key events, and keeps a
// picture of each step. At the end it prints the record as the server holds it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"zoucun/internal/testkit/journey"
	"zoucun/internal/testkit/robot"
	"zoucun/internal/testkit/stage"
)

func main() {
	out := flag.String("out", "var/demo", "`folder` for the pictures; what is in it is removed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, w io.Writer) (err error) {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	scratch, err := filepath.Abs(filepath.Join(out, "run"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(scratch, "log.txt"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s, err := stage.New(ctx, os.Getenv("ZOUCUN_BIN"), scratch, log)
	if err != nil {
		return err
	}
	if err := s.StartServer(ctx); err != nil {
		return err
	}
	defer func() { _ = s.StopServer() }()
	if err := s.Furnish(ctx, "assets/forms/QZ-01"); err != nil {
		return err
	}
	d := &demo{stage: s, out: out, log: log, words: w}
	if err := d.visit(ctx); err != nil {
		return err
	}
	return d.upright(ctx)
}

// demo keeps the pictures of one run.
type demo struct {
	stage *stage.Stage
	out   string
	log   io.Writer
	words io.Writer
	shots int
}

// open opens the app on a screen of its own.
func (d *demo) open(ctx context.Context, width, height int, pinyin bool) (*journey.Journey, func(), error) {
	desktop, err := robot.NewDesktop(ctx, robot.DesktopSpec{
		Dir: d.stage.Path(fmt.Sprintf("screen-%d", d.shots)), Width: width, Height: height, Pinyin: pinyin,
	})
	if err != nil {
		return nil, nil, err
	}
	end := func() { _ = desktop.Close() }
	window, err := desktop.Open(ctx, d.log, d.stage.Program("zoucun"),
		"-data", d.stage.Path("app"), "-size", fmt.Sprintf("%dx%d", width, height))
	if err != nil {
		end()
		return nil, nil, err
	}
	shoot := func(ctx context.Context, name string) error {
		d.shots++
		file := fmt.Sprintf("%02d-%s-%dx%d.png", d.shots, strings.ReplaceAll(name, " ", "-"), width, height)
		_, _ = fmt.Fprintln(d.words, filepath.Join(d.out, file))
		return desktop.Screenshot(ctx, filepath.Join(d.out, file))
	}
	return &journey.Journey{Window: window, Step: shoot}, end, nil
}

// visit plays the whole way on a laptop's screen and prints what arrived.
func (d *demo) visit(ctx context.Context) error {
	code, err := d.stage.Code(ctx, stage.Person)
	if err != nil {
		return err
	}
	if err := d.play(ctx, false, func(j *journey.Journey) []step {
		enrol := func(ctx context.Context) error { return j.Enrol(ctx, d.stage.URL(), code) }
		return []step{enrol, j.Open, j.Visit}
	}); err != nil {
		return err
	}
	// The app was ended in the middle of the form. The next one goes on, with an input method.
	if err := d.play(ctx, true, func(j *journey.Journey) []step { return []step{j.Resume, j.Pinyin} }); err != nil {
		return err
	}
	if err := d.play(ctx, false, func(j *journey.Journey) []step {
		stumble := func(ctx context.Context) error { return j.Stumble(ctx, "已念告知") }
		return []step{j.Resume, j.Problems, stumble, j.Close, j.Finish, j.Delivered}
	}); err != nil {
		return err
	}
	return d.print(ctx)
}

type step func(context.Context) error

// play opens the app, takes the steps, and ends the app without warning.
func (d *demo) play(ctx context.Context, pinyin bool, steps func(*journey.Journey) []step) error {
	j, end, err := d.open(ctx, 1280, 800, pinyin)
	if err != nil {
		return err
	}
	defer end()
	defer j.Window.Kill()
	for _, step := range steps(j) {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// print shows the visit and its problems as the server holds them.
func (d *demo) print(ctx context.Context) error {
	for _, kind := range []string{"visit", "problem"} {
		records, err := d.stage.Ctl(ctx, "records", "-type", kind)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(d.words, records); err != nil {
			return err
		}
	}
	return nil
}

// upright shows the main screens as a tablet held upright does.
func (d *demo) upright(ctx context.Context) error {
	j, end, err := d.open(ctx, 800, 1280, false)
	if err != nil {
		return err
	}
	defer end()
	if err := j.Open(ctx); err != nil {
		return err
	}
	if err := j.Leaf(ctx, 2); err != nil {
		return err
	}
	return j.Index(ctx)
}
