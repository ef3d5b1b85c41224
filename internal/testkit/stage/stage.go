// Package stage sets up the real programs on this machine: a server process with its
// data folder, and zouctl beside it. A test or a demo acts on it.
package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Township is the name the server gives its county in a demo or a test.
const Township = "青塘镇"

// Person is a cadre whom the township's generator always invents with seed 1.
const Person = "谢月忠"

// Stage is a server's data folder and the programs that work on it.
type Stage struct {
	bin     string
	dir     string
	address string
	log     io.Writer
	server  *exec.Cmd
}

// New returns a stage in dir with the programs in bin. What they print goes to log. The server listens on a free port
// of the loopback and keeps it when it is started again.
func New(ctx context.Context, bin, dir string, log io.Writer) (*Stage, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return &Stage{bin: bin, dir: dir, address: listener.Addr().String(), log: log}, nil
}

// URL returns the server's base address.
func (s *Stage) URL() string { return "https://" + s.address }

// Program returns the path of one of the product's programs.
func (s *Stage) Program(name string) string { return filepath.Join(s.bin, name) }

// Path returns a file of the stage.
func (s *Stage) Path(name string) string { return filepath.Join(s.dir, name) }

// StartServer starts the server and waits until it answers.
func (s *Stage) StartServer(ctx context.Context) error {
	s.server = exec.CommandContext(context.WithoutCancel(ctx), s.Program("zoucund"), "-listen", s.address, "-data", s.Path("server"), "-township", Township)
	s.server.Stdout, s.server.Stderr = s.log, s.log
	if err := s.server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	_, err := s.Ctl(ctx, "wait", "-listen", s.address)
	return err
}

// ServerPID returns the process of the server that runs.
func (s *Stage) ServerPID() int { return s.server.Process.Pid }

// StopServer asks the server to end and waits until it has. Without a server it does nothing.
func (s *Stage) StopServer() error { return s.end(syscall.SIGTERM) }

// KillServer ends the server without warning.
func (s *Stage) KillServer() error { return s.end(syscall.SIGKILL) }

func (s *Stage) end(signal syscall.Signal) error {
	if s.server == nil {
		return nil
	}
	server := s.server
	s.server = nil
	if err := server.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal the server: %w", err)
	}
	err := server.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && signal == syscall.SIGKILL {
		return nil
	}
	return err
}

// Ctl runs zouctl on the server's data and returns what it prints.
func (s *Stage) Ctl(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Program("zouctl"), append([]string{"-data", s.Path("server")}, args...)...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("zouctl %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	return out.String(), nil
}

// Furnish gives the server the forms in the folders and the made-up township.
func (s *Stage) Furnish(ctx context.Context, forms ...string) error {
	roster := s.Path("township.xlsx")
	steps := [][]string{{"township", "generate", roster}, {"roster", "import", roster}}
	for _, form := range forms {
		steps = append(steps, []string{"form", "import", form})
	}
	for _, step := range steps {
		if _, err := s.Ctl(ctx, step...); err != nil {
			return err
		}
	}
	return nil
}

// Code returns a one-time code for a person.
func (s *Stage) Code(ctx context.Context, person string) (string, error) {
	out, err := s.Ctl(ctx, "enrol-code", "-person", person)
	return strings.TrimSpace(out), err
}

// Root returns the repository's folder, from anywhere below it.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod here or above")
		}
		dir = parent
	}
}
