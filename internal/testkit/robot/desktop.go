// Package robot works a window as a person does: it sees what is on the screen, moves the pointer, presses keys, types
// Chinese through an input method, and takes pictures, on an X server of its own.
//
// It needs Xvfb, openbox, xdotool and import (ImageMagick); for pinyin also fcitx5 with its pinyin engine and
// dbus-run-session. What is missing is named in the error.
package robot

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DesktopSpec describes a desktop.
type DesktopSpec struct {
	Dir           string // for the files of the desktop's programs
	Width, Height int
	Pinyin        bool // start an input method; ctrl+space turns it on and off
}

// Desktop is an X server with a window manager. Everything it started ends with Close.
type Desktop struct {
	spec    DesktopSpec
	env     []string
	started []*exec.Cmd
}

// NewDesktop starts a desktop.
func NewDesktop(ctx context.Context, spec DesktopSpec) (*Desktop, error) {
	needed := []string{"Xvfb", "openbox", "xdotool", "import"}
	if spec.Pinyin {
		needed = append(needed, "fcitx5", "dbus-daemon")
	}
	for _, name := range needed {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("robot: %s is not installed", name)
		}
	}
	d := &Desktop{spec: spec}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Desktop) start(ctx context.Context) error {
	display, err := d.startServer(ctx)
	if err != nil {
		return err
	}
	d.env = append(os.Environ(), "DISPLAY="+display, "FYNE_SCALE=1", "LIBGL_ALWAYS_SOFTWARE=1", "NO_AT_BRIDGE=1",
		"XDG_CONFIG_HOME="+filepath.Join(d.spec.Dir, "config"), "XDG_RUNTIME_DIR="+filepath.Join(d.spec.Dir, "run"))
	if err := os.MkdirAll(filepath.Join(d.spec.Dir, "run"), 0o700); err != nil {
		return fmt.Errorf("robot: %w", err)
	}
	rules := filepath.Join(d.spec.Dir, "openbox.xml")
	if err := os.WriteFile(rules, []byte(windowRules), 0o600); err != nil {
		return fmt.Errorf("robot: %w", err)
	}
	if err := d.background(ctx, "openbox", "--config-file", rules); err != nil {
		return err
	}
	if d.spec.Pinyin {
		return d.startPinyin(ctx)
	}
	return nil
}

// windowRules make every window fill the screen without a frame, as on a tablet: what is at a place in the window is at
// the same place on the screen.
const windowRules = `<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
<applications><application type="normal"><decor>no</decor><maximized>yes</maximized><position force="yes"><x>0</x><y>0</y></position></application></applications>
</openbox_config>
`

// startServer starts Xvfb on the first free display and returns its name.
func (d *Desktop) startServer(ctx context.Context) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", fmt.Errorf("robot: %w", err)
	}
	defer func() { _ = r.Close() }()
	size := fmt.Sprintf("%dx%dx24", d.spec.Width, d.spec.Height)
	cmd := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", size, "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := d.launch(cmd); err != nil {
		return "", err
	}
	_ = w.Close()
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("robot: Xvfb named no display: %w", err)
	}
	return ":" + strings.TrimSpace(number), nil
}

const pinyinProfile = `[Groups/0]
Name=Default
Default Layout=us
DefaultIM=pinyin
[Groups/0/Items/0]
Name=keyboard-us
[Groups/0/Items/1]
Name=pinyin
[GroupOrder]
0=Default
`

// startPinyin starts a session bus and fcitx5 with the pinyin engine, reached through XIM.
func (d *Desktop) startPinyin(ctx context.Context) error {
	d.env = append(d.env, "LANG=zh_CN.UTF-8", "LC_ALL=zh_CN.UTF-8", "XMODIFIERS=@im=fcitx")
	profile := filepath.Join(d.spec.Dir, "config", "fcitx5", "profile")
	if err := os.MkdirAll(filepath.Dir(profile), 0o700); err != nil {
		return fmt.Errorf("robot: %w", err)
	}
	if err := os.WriteFile(profile, []byte(pinyinProfile), 0o600); err != nil {
		return fmt.Errorf("robot: %w", err)
	}
	bus := "unix:path=" + filepath.Join(d.spec.Dir, "run", "bus")
	if err := d.background(ctx, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+bus); err != nil {
		return err
	}
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+bus)
	if err := d.background(ctx, "fcitx5", "--disable=wayland"); err != nil {
		return err
	}
	return pause(ctx, 3*time.Second) // fcitx5 does not say when it is ready
}

// background starts a program of the desktop itself.
func (d *Desktop) background(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.env
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	return d.launch(cmd)
}

func (d *Desktop) launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("robot: start %s: %w", filepath.Base(cmd.Path), err)
	}
	d.started = append(d.started, cmd)
	return nil
}

// Close ends everything the desktop started, the last first.
func (d *Desktop) Close() error {
	for _, program := range slices.Backward(d.started) {
		end(program, syscall.SIGTERM)
	}
	d.started = nil
	return nil
}

// end signals a program and its children and waits for it; one that does not listen is killed.
func end(cmd *exec.Cmd, signal syscall.Signal) {
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it was told to end; how it did is of no interest
		close(done)
	}()
	_ = syscall.Kill(-cmd.Process.Pid, signal)
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

// Screenshot writes a picture of the whole screen as a PNG file.
func (d *Desktop) Screenshot(ctx context.Context, file string) error {
	return d.run(ctx, "import", "-window", "root", file)
}

func (d *Desktop) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("robot: %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
