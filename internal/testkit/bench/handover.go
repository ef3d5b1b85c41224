package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"zoucun/internal/testkit/stage"
)

// What the public replication is, and how long it may take.
const (
	pouchFolder   = "internal/testkit/bench/testdata/pouch"
	pouchPatience = 10 * time.Minute
)

// handedOver is what came of handing records and photos over between two processes on the loopback.
type handedOver struct {
	text, photos   float64 // seconds
	server, client float64 // MiB that the process held at most, resident
	cpu            float64 // seconds of both processes: what a busy machine does not change much
	requests       float64 // for text; 0 where nobody counted
}

// handOver measures handing records and photos over by the loopback, ours and, where Node is, that of PouchDB 9 pushing to
// express-pouchdb: the same records, in the same run, each with every write on the disk.
func handOver(ctx context.Context, w io.Writer, withPeer bool) (err error) {
	dir, err := os.MkdirTemp("", "zoucun-handover")
	if err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	records, text, err := writeRecords(dir, handedRecords, handedPhotos)
	if err != nil {
		return err
	}
	ours, err := ourHandOver(ctx, filepath.Join(dir, "ours"), records)
	if err != nil {
		return err
	}
	lines := ours.figures("handover/ours", text)
	lines = append(lines, fmt.Sprintf("handover/ours/requests %.1f per-1000-records", ours.requests/handedRecords*1000),
		"handover/ours/durability SQLite,WAL,synchronous=FULL,both-sides;photos-fsync each-commit")
	if err := printLines(w, lines...); err != nil || !withPeer {
		return err
	}
	theirs, err := theirHandOver(ctx, filepath.Join(dir, "theirs"), records)
	if err != nil {
		return printLines(w, "handover/pouchdb not measured: "+err.Error())
	}
	lines = append(theirs.figures("handover/pouchdb", text), "handover/pouchdb/durability leveldb,sync-on-every-write,both-sides each-batch",
		fmt.Sprintf("handover/ratio/text %.2f times", theirs.text/ours.text), fmt.Sprintf("handover/ratio/photos %.2f times", theirs.photos/ours.photos), fmt.Sprintf("handover/ratio/cpu %.2f times", theirs.cpu/ours.cpu))
	return printLines(w, lines...)
}

func (h handedOver) figures(name string, text int) []string {
	return []string{
		fmt.Sprintf("%s/text %.0f records/s", name, handedRecords/h.text),
		fmt.Sprintf("%s/text/bytes %.2f MB/s", name, float64(text)/1e6/h.text),
		fmt.Sprintf("%s/photos %.2f MB/s", name, handedPhotos*handedPhoto/1e6/h.photos),
		fmt.Sprintf("%s/server %.0f MiB-peak", name, h.server),
		fmt.Sprintf("%s/client %.0f MiB-peak", name, h.client),
		fmt.Sprintf("%s/cpu %.2f s", name, h.cpu),
	}
}

// ourHandOver runs zoucund and a tablet.
func ourHandOver(ctx context.Context, dir, records string) (h handedOver, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return h, fmt.Errorf("hand over: %w", err)
	}
	requests := &counter{of: []byte("/v1/push")}
	s, err := stage.New(ctx, os.Getenv("ZOUCUN_BIN"), dir, requests)
	if err != nil {
		return h, err
	}
	if err := s.StartServer(ctx); err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.StopServer()) }()
	if err := s.Furnish(ctx); err != nil {
		return h, err
	}
	code, err := s.Code(ctx, stage.Person)
	if err != nil {
		return h, err
	}
	self, err := os.Executable()
	if err != nil {
		return h, fmt.Errorf("hand over: %w", err)
	}
	h, err = deliver(s.ServerPID(), exec.CommandContext(ctx, self, "-tablet", filepath.Join(dir, "tablet"), "-server", s.URL(), "-code", code, "-records", records))
	h.requests = float64(requests.count())
	return h, err
}

// theirHandOver runs two processes of Node.
func theirHandOver(ctx context.Context, dir, records string) (h handedOver, err error) {
	if why := install(ctx, pouchFolder); why != "" {
		return h, errors.New(why)
	}
	ctx, cancel := context.WithTimeout(ctx, pouchPatience)
	defer cancel()
	port, err := freePort(ctx)
	if err != nil {
		return h, err
	}
	node := func(role string, more ...string) (*exec.Cmd, error) {
		home := filepath.Join(dir, role)
		args := append([]string{"--expose-gc", "pouch.mjs", role, home, port}, more...)
		cmd := exec.CommandContext(ctx, "node", args...)
		cmd.Dir = pouchFolder
		return cmd, os.MkdirAll(home, 0o700)
	}
	server, err := node("server")
	if err != nil {
		return h, err
	}
	said, err := server.StdoutPipe()
	if err != nil {
		return h, err
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return h, err
	}
	defer func() { _ = errors.Join(server.Process.Kill(), server.Wait()) }()
	if _, err := until(bufio.NewScanner(said), "ready"); err != nil {
		return h, err
	}
	client, err := node("client", records)
	if err != nil {
		return h, err
	}
	return deliver(server.Process.Pid, client)
}

func freePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// deliver starts a client, lets it get ready and hand over, and measures what it and its server held meanwhile.
func deliver(server int, client *exec.Cmd) (h handedOver, err error) {
	client.Stderr = os.Stderr
	said, err := client.StdoutPipe()
	if err != nil {
		return h, fmt.Errorf("hand over: %w", err)
	}
	say, err := client.StdinPipe()
	if err != nil {
		return h, fmt.Errorf("hand over: %w", err)
	}
	if err := client.Start(); err != nil {
		return h, fmt.Errorf("hand over: %w", err)
	}
	lines := bufio.NewScanner(said)
	if _, err := until(lines, "ready"); err != nil {
		return h, errors.Join(err, client.Process.Kill(), client.Wait())
	}
	forgetPeak(server)
	forgetPeak(client.Process.Pid)
	before := cpu(server) + cpu(client.Process.Pid)
	_, _ = fmt.Fprintln(say) // a client that has ended is found out by what it does not say
	took, err := until(lines, "done")
	h = handedOver{
		text: took["text"], photos: took["photos"], server: peak(server), client: peak(client.Process.Pid),
		cpu: cpu(server) + cpu(client.Process.Pid) - before,
	}
	_, _ = fmt.Fprintln(say) // a client that has ended is found out by what it does not say
	if err = errors.Join(err, client.Wait()); err == nil && (h.text <= 0 || h.photos <= 0) {
		err = errors.New("hand over: no times")
	}
	return h, err
}

// until reads "name count seconds" lines up to one that is the word, and returns the seconds.
func until(lines *bufio.Scanner, word string) (map[string]float64, error) {
	seconds := map[string]float64{}
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if lines.Text() == word {
			return seconds, nil
		}
		if len(words) == 3 {
			seconds[words[0]], _ = strconv.ParseFloat(words[2], 64) // what is no number is no time
		}
	}
	return nil, errors.Join(fmt.Errorf("ended before %q", word), lines.Err())
}

// forgetPeak has the kernel begin anew to note how much a process holds at most. Where it cannot, the peak is that of its
// whole life.
func forgetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600)
}

// peak returns how many MiB a process has held at most, resident; 0 where the system does not tell.
func peak(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "VmHWM:" {
			kib, _ := strconv.ParseFloat(words[1], 64) // the kernel writes numbers
			return kib / 1024
		}
	}
	return 0
}

// ticks is how many of its units the kernel counts in a second of computing.
const ticks = 100

// cpu returns how many seconds a process has computed; 0 where the system does not tell.
func cpu(pid int) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold anything
	words := strings.Fields(rest)
	if len(words) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(words[11], 64) // the kernel writes numbers
	system, _ := strconv.ParseFloat(words[12], 64)
	return (user + system) / ticks
}

// counter counts the lines written to it that have a word.
type counter struct {
	of []byte

	mu sync.Mutex
	n  int
}

// Write implements [io.Writer].
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += bytes.Count(p, c.of)
	return len(p), nil
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
