package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"zoucun/internal/testkit/screen"
)

// Window is a program whose window the robot works.
type Window struct {
	desktop *Desktop
	cmd     *exec.Cmd
	socket  string
	ended   bool
}

// patience is how long something may take to appear.
const patience = 20 * time.Second

// Open starts a program built with the tag e2e and waits for its window. The program's output goes to log.
func (d *Desktop) Open(ctx context.Context, log io.Writer, program string, args ...string) (*Window, error) {
	w := &Window{desktop: d, socket: filepath.Join(d.spec.Dir, fmt.Sprintf("screen-%d", time.Now().UnixNano()))}
	w.cmd = exec.CommandContext(ctx, program, args...)
	w.cmd.Env = append(d.env, "ZOUCUN_SCREEN="+w.socket)
	w.cmd.Stdout, w.cmd.Stderr = log, log
	if err := d.launch(w.cmd); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(patience)
	for {
		_, err := w.Look(ctx)
		if err == nil {
			return w, pause(ctx, 500*time.Millisecond) // the window manager places it
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("robot: no window: %w", err)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// Flash starts a program and kills it after a while, whether or not it has come to show a window.
func (d *Desktop) Flash(ctx context.Context, log io.Writer, after time.Duration, program string, args ...string) error {
	w := &Window{desktop: d, socket: filepath.Join(d.spec.Dir, fmt.Sprintf("flash-%d", time.Now().UnixNano()))}
	w.cmd = exec.CommandContext(ctx, program, args...)
	w.cmd.Env = append(d.env, "ZOUCUN_SCREEN="+w.socket)
	w.cmd.Stdout, w.cmd.Stderr = log, log
	if err := d.launch(w.cmd); err != nil {
		return err
	}
	err := pause(ctx, after)
	w.Kill()
	return err
}

// Start is what starting a program costs.
type Start struct {
	Window   time.Duration // until its window is on the screen
	Resident int64         // bytes in memory once it has come to rest
}

// Measure starts a program, waits until its window is on the screen and it has come to rest, and ends it. The program
// needs no special build.
func (d *Desktop) Measure(ctx context.Context, rest time.Duration, program string, args ...string) (Start, error) {
	w := &Window{desktop: d, cmd: exec.CommandContext(ctx, program, args...)}
	w.cmd.Env = d.env
	begun := time.Now()
	if err := d.launch(w.cmd); err != nil {
		return Start{}, err
	}
	defer w.Close()
	for time.Since(begun) < patience {
		err := d.run(ctx, "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(w.cmd.Process.Pid))
		if err == nil {
			start := Start{Window: time.Since(begun)}
			if err := pause(ctx, rest); err != nil {
				return Start{}, err
			}
			start.Resident, err = resident(w.cmd.Process.Pid)
			return start, err
		}
		if err := pause(ctx, 2*time.Millisecond); err != nil {
			return Start{}, err
		}
	}
	return Start{}, fmt.Errorf("robot: %s shows no window", filepath.Base(program))
}

// resident returns the bytes of a process in memory, from Linux' /proc.
func resident(pid int) (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("robot: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); err == nil {
			return kilobytes << 10, nil
		}
	}
	return 0, errors.New("robot: /proc says nothing of memory")
}

// Kill ends the program without warning, as a flat battery does.
func (w *Window) Kill() { w.end(syscall.SIGKILL) }

// Close asks the program to end.
func (w *Window) Close() { w.end(syscall.SIGTERM) }

func (w *Window) end(signal syscall.Signal) {
	if w.ended {
		return
	}
	w.ended = true
	end(w.cmd, signal)
	for i, cmd := range w.desktop.started {
		if cmd == w.cmd {
			w.desktop.started = append(w.desktop.started[:i], w.desktop.started[i+1:]...)
			return
		}
	}
}

// Look returns what the window shows.
func (w *Window) Look(ctx context.Context) (screen.View, error) {
	var view screen.View
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", w.socket)
	if err != nil {
		return view, fmt.Errorf("robot: look: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := json.NewDecoder(conn).Decode(&view); err != nil {
		return view, fmt.Errorf("robot: look: %w", err)
	}
	return view, nil
}

// Match says whether an object is the one that is looked for.
type Match func(screen.Object) bool

// Says matches an object of whatever kind with exactly these words.
func Says(text string) Match { return func(o screen.Object) bool { return o.Text == text } }

// Contains matches an object whose words contain these.
func Contains(part string) Match {
	return func(o screen.Object) bool { return strings.Contains(o.Text, part) }
}

// Kind matches an object of a kind with exactly these words.
func Kind(kind, text string) Match {
	return func(o screen.Object) bool { return o.Kind == kind && o.Text == text }
}

// Find waits until something matches and returns it.
func (w *Window) Find(ctx context.Context, what string, match Match) (screen.Object, error) {
	return w.await(ctx, what, func(view screen.View) (screen.Object, bool) {
		for _, o := range view.Objects {
			if match(o) {
				return o, true
			}
		}
		return screen.Object{}, false
	})
}

// See waits until the words, or words that contain them, are on the screen.
func (w *Window) See(ctx context.Context, words string) error {
	_, err := w.Find(ctx, words, Contains(words))
	return err
}

// FindBelow waits for the first object of a kind that stands below words.
func (w *Window) FindBelow(ctx context.Context, words, kind, text string) (screen.Object, error) {
	return w.await(ctx, kind+" below "+words, func(view screen.View) (screen.Object, bool) {
		return Below(view, words, kind, text)
	})
}

// Below returns the first object of a kind that stands below words. An empty text stands for any.
func Below(view screen.View, words, kind, text string) (screen.Object, bool) {
	for i, o := range view.Objects {
		if !strings.Contains(o.Text, words) {
			continue
		}
		for _, below := range view.Objects[i+1:] {
			if below.Kind == kind && (text == "" || below.Text == text) {
				return below, true
			}
		}
	}
	return screen.Object{}, false
}

func (w *Window) await(ctx context.Context, what string, find func(screen.View) (screen.Object, bool)) (screen.Object, error) {
	deadline := time.Now().Add(patience)
	for {
		view, err := w.Look(ctx)
		if err != nil {
			return screen.Object{}, err
		}
		if o, ok := find(view); ok {
			return o, nil
		}
		if time.Now().After(deadline) {
			return screen.Object{}, fmt.Errorf("robot: %s is not on the screen; there is: %s", what, inventory(view))
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return screen.Object{}, err
		}
	}
}

func inventory(view screen.View) string {
	words := make([]string, len(view.Objects))
	for i, o := range view.Objects {
		words[i] = o.Kind + " " + strconv.Quote(o.Text)
	}
	return strings.Join(words, ", ")
}

// Tap clicks in the middle of what matches.
func (w *Window) Tap(ctx context.Context, what string, match Match) error {
	o, err := w.Find(ctx, what, match)
	if err != nil {
		return err
	}
	return w.Click(ctx, o)
}

// TapBelow clicks the first object of a kind that stands below words.
func (w *Window) TapBelow(ctx context.Context, words, kind, text string) error {
	o, err := w.FindBelow(ctx, words, kind, text)
	if err != nil {
		return err
	}
	return w.Click(ctx, o)
}

// Click presses and releases the pointer in the middle of an object.
func (w *Window) Click(ctx context.Context, o screen.Object) error {
	if err := w.move(ctx, o.X+o.W/2, o.Y+o.H/2); err != nil {
		return err
	}
	return w.settle(ctx, "click", "1")
}

func (w *Window) move(ctx context.Context, x, y int) error {
	return w.desktop.run(ctx, "xdotool", "mousemove", strconv.Itoa(x), strconv.Itoa(y))
}

// settle runs xdotool and gives the window the time of a few frames.
func (w *Window) settle(ctx context.Context, args ...string) error {
	if err := w.desktop.run(ctx, "xdotool", args...); err != nil {
		return err
	}
	return pause(ctx, 150*time.Millisecond)
}

// Drag draws with the pointer down through points given in thousandths of the object's size.
func (w *Window) Drag(ctx context.Context, o screen.Object, points ...[2]int) error {
	for i, p := range points {
		if err := w.move(ctx, o.X+o.W*p[0]/1000, o.Y+o.H*p[1]/1000); err != nil {
			return err
		}
		if i == 0 {
			if err := w.settle(ctx, "mousedown", "1"); err != nil {
				return err
			}
		}
		if err := pause(ctx, 30*time.Millisecond); err != nil {
			return err
		}
	}
	return w.settle(ctx, "mouseup", "1")
}

// Scroll turns the wheel over an object: down for positive notches.
func (w *Window) Scroll(ctx context.Context, o screen.Object, notches int) error {
	if err := w.move(ctx, o.X+o.W/2, o.Y+o.H/2); err != nil {
		return err
	}
	button := "5"
	if notches < 0 {
		button, notches = "4", -notches
	}
	return w.settle(ctx, "click", "--repeat", strconv.Itoa(notches), "--delay", "20", button)
}

// Reach turns the wheel over the page at the right until something that matches is well in sight, down to the end and
// then up to the beginning, and returns it.
func (w *Window) Reach(ctx context.Context, what string, match Match) (screen.Object, error) {
	view, err := w.Look(ctx)
	if err != nil {
		return screen.Object{}, err
	}
	page := screen.Object{X: view.Width / 2, Y: view.Height / 2, W: view.Width / 2, H: view.Height / 4}
	for _, notches := range []int{4, -4} {
		for range 60 {
			if view, err = w.Look(ctx); err != nil {
				return screen.Object{}, err
			}
			for _, o := range view.Objects {
				if match(o) && o.H > 20 && o.Y+o.H < view.Height-4 {
					return o, nil
				}
			}
			if err := w.Scroll(ctx, page, notches); err != nil {
				return screen.Object{}, err
			}
		}
	}
	return screen.Object{}, fmt.Errorf("robot: %s is nowhere on the page; there is: %s", what, inventory(view))
}

// Type presses the keys that give a text into the focused field. A character that is on no key is put on one for the
// moment; the server does not always tell the window in time, so the robot looks whether the character came, as a
// person does, and presses again.
func (w *Window) Type(ctx context.Context, text string) error {
	for _, run := range byKeyboard(text) {
		if run[0] < 0x80 {
			if err := w.typeRun(ctx, run); err != nil {
				return err
			}
			continue
		}
		if err := w.typeRare(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// byKeyboard cuts a text into runs of characters that are on keys, and single characters that are not.
func byKeyboard(text string) []string {
	var runs []string
	for _, r := range text {
		last := len(runs) - 1
		if r < 0x80 && last >= 0 && runs[last][0] < 0x80 {
			runs[last] += string(r)
			continue
		}
		runs = append(runs, string(r))
	}
	return runs
}

// typeRun types characters that are on keys, and waits until they have come: an input method hands keys on in its own
// time, and what is clicked next must not overtake them.
func (w *Window) typeRun(ctx context.Context, run string) error {
	if err := w.settle(ctx, "type", "--delay", "30", run); err != nil {
		return err
	}
	for range 40 {
		if now, err := w.focused(ctx); err != nil || strings.Contains(now, run) {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("robot: %q was typed and did not come", run)
}

// typeRare types one character until it has come.
func (w *Window) typeRare(ctx context.Context, character string) error {
	before, err := w.focused(ctx)
	if err != nil {
		return err
	}
	for range 8 {
		if err := w.desktop.run(ctx, "xdotool", "type", "--delay", "60", character); err != nil {
			return err
		}
		for range 40 { // a machine under load takes its time; a key pressed twice would come twice
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			if now, err := w.focused(ctx); err != nil || now != before {
				return err
			}
		}
	}
	return fmt.Errorf("robot: %s cannot be typed", character)
}

// focused returns what stands in the field that keys go to.
func (w *Window) focused(ctx context.Context) (string, error) {
	view, err := w.Look(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range view.Objects {
		if o.Focused {
			return o.Text, nil
		}
	}
	return "", errors.New("robot: no field has the focus")
}

// Pinyin types words through the input method: each is spelled and its first candidate taken. The desktop must have
// been started with Pinyin.
func (w *Window) Pinyin(ctx context.Context, spellings ...string) error {
	if err := w.Press(ctx, "ctrl+space"); err != nil {
		return err
	}
	for _, spelling := range spellings {
		for _, letter := range spelling {
			if err := w.Press(ctx, string(letter)); err != nil {
				return err
			}
		}
		if err := w.Press(ctx, "space"); err != nil {
			return err
		}
	}
	return w.Press(ctx, "ctrl+space")
}

// Press presses a key or a combination, as xdotool names it.
func (w *Window) Press(ctx context.Context, key string) error { return w.settle(ctx, "key", key) }
