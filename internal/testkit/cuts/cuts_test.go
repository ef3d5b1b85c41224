package cuts

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/internal/testkit/proxy"
	"zoucun/internal/testkit/stage"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// tabletFolder names the folder of the store in which a child of this test is a tablet.
const tabletFolder = "ZOUCUN_TEST_TABLET"

// TestMain lets the test start this binary again as a tablet.
func TestMain(m *testing.M) {
	if dir := os.Getenv(tabletFolder); dir != "" {
		if err := beTablet(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beTablet runs a store and its agent. A line on standard input is a command: "enrol ADDRESS CODE", "write" for three
// records, one with a picture of 200 KB, and "wake". It says what it has done, and "home" whenever everything has been
// handed over.
func beTablet(dir string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s, err := store.Open(ctx, dir, store.Options{Clock: time.Now})
	if err != nil {
		return err
	}
	agent := client.New(s, client.Options{Clock: time.Now, OnProgress: func(p survey.Progress) {
		k, err := s.Safekeeping(ctx)
		if p.Activity == survey.Idle && err == nil && k.Waiting+k.Files == 0 {
			fmt.Println("home", k.Delivered)
		}
	}})
	go func() { _ = agent.Run(ctx) }()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "enrol":
			if _, err := client.Enrol(ctx, s, words[1], words[2], client.Options{Clock: time.Now}); err != nil {
				return err
			}
			fmt.Println("enrolled")
		case "write":
			if err := write(ctx, s); err != nil {
				return err
			}
		case "wake":
			agent.Wake()
		}
	}
	return nil
}

// write finishes three visits, the second with a picture, and says which once they are safe.
func write(ctx context.Context, s *store.Store) error {
	e, _, err := s.Enrolment(ctx)
	if err != nil {
		return err
	}
	for i := range 3 {
		d := survey.Draft{
			ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: e.Grant.Scopes[0], Author: e.Grant.Person, Title: "张三",
		}
		sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{"heard_worry": "路不好走"}, Touched: []survey.FieldPath{"heard_worry"}}
		if err := s.BeginDraft(ctx, d, nil); err != nil {
			return err
		}
		if i == 1 {
			photo := make([]byte, 200<<10)
			random := rand.NewChaCha8(sha256.Sum256(d.ID[:]))
			_, _ = random.Read(photo) // never fails
			if err := s.AttachFile(ctx, d.ID, "门口.jpg", "image/jpeg", photo); err != nil {
				return err
			}
			sub.Attachments = []string{"门口.jpg"}
		}
		if err := s.FinishVisit(ctx, d, sub); err != nil {
			return err
		}
		fmt.Println("wrote", d.ID)
	}
	return nil
}

// tablet is the child.
type tablet struct {
	dir   string
	wrap  []string // what the child is started by
	cmd   *exec.Cmd
	say   io.WriteCloser
	lines chan string
}

func (d *tablet) start(t *testing.T) {
	t.Helper()
	args := append(append([]string{}, d.wrap...), os.Args[0])
	d.cmd = exec.CommandContext(t.Context(), args[0], args[1:]...)
	d.cmd.Env = append(os.Environ(), tabletFolder+"="+d.dir, "NO_PROXY=*")
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	must(t, err)
	d.say, err = d.cmd.StdinPipe()
	must(t, err)
	must(t, d.cmd.Start())
	lines := make(chan string, 1024)
	d.lines = lines
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
	}()
}

func (d *tablet) kill(t *testing.T) {
	t.Helper()
	must(t, d.cmd.Process.Kill())
	_ = d.cmd.Wait() // killed
}

func (d *tablet) tell(t *testing.T, command string) {
	t.Helper()
	_, err := fmt.Fprintln(d.say, command)
	must(t, err)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// town is the server's program behind a proxy, and what this test has been told is safe.
type town struct {
	stage  *stage.Stage
	proxy  *proxy.Proxy
	tablet *tablet
	wrote  map[string]bool
	home   int // records the tablet has said are handed over
}

// build makes the server's programs.
func build(t *testing.T) string {
	t.Helper()
	root, err := stage.Root()
	must(t, err)
	bin := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/zoucund", "./cmd/zouctl")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func settle(t *testing.T, bin string) *town {
	t.Helper()
	s, err := stage.New(t.Context(), bin, t.TempDir(), io.Discard)
	must(t, err)
	must(t, s.StartServer(t.Context()))
	t.Cleanup(func() { _ = s.KillServer() })
	must(t, s.Furnish(t.Context()))
	code, err := s.Code(t.Context(), stage.Person)
	must(t, err)
	p, err := proxy.New(t.Context(), strings.TrimPrefix(s.URL(), "https://"))
	must(t, err)
	t.Cleanup(func() { _ = p.Close() })
	w := &town{stage: s, proxy: p, tablet: &tablet{dir: t.TempDir()}, wrote: map[string]bool{}}
	w.tablet.start(t)
	t.Cleanup(func() { w.tablet.kill(t) })
	w.tablet.tell(t, "enrol https://"+p.Addr()+" "+code)
	w.until(t, "enrolled", nil, nil)
	w.until(t, "home", nil, nil)
	return w
}

// patience is how long to wait for a program before the test has failed.
const patience = 2 * time.Minute

// until reads what the tablet says up to a line with that word. Meanwhile it calls interrupt when cut is closed, once.
func (w *town) until(t *testing.T, word string, cut <-chan struct{}, interrupt func()) {
	t.Helper()
	nudge := time.NewTicker(300 * time.Millisecond)
	defer nudge.Stop()
	deadline := time.After(patience)
	for {
		select {
		case line, more := <-w.tablet.lines:
			if !more {
				t.Fatal("the tablet has ended")
			}
			first, rest, _ := strings.Cut(line, " ")
			if first == "wrote" {
				w.wrote[rest] = true
			}
			if n, err := strconv.Atoi(rest); err == nil && first == "home" {
				w.home = n
			}
			if first == word {
				return
			}
		case <-cut:
			cut = nil
			interrupt()
		case <-nudge.C:
			w.tablet.tell(t, "wake")
		case <-deadline:
			t.Fatalf("waited for %q", word)
		}
	}
}

// round writes three records, cuts the connections after so many bytes and kills who is to be killed, and waits until
// everything is handed over all the same. It reports whether the cut was reached.
func (w *town) round(t *testing.T, after int64, toServer bool, killed string) bool {
	t.Helper()
	w.proxy.Cut()
	cut := w.proxy.CutAfter(after, toServer)
	w.tablet.tell(t, "write")
	for range 3 {
		w.until(t, "wrote", nil, nil)
	}
	reached := false
	for w.home < len(w.wrote) {
		w.until(t, "home", cut, func() {
			reached, cut = true, nil
			w.kill(t, killed)
		})
	}
	return reached
}

func (w *town) kill(t *testing.T, who string) {
	t.Helper()
	switch who {
	case "tablet":
		w.tablet.kill(t)
		w.tablet.start(t)
	case "server":
		must(t, w.stage.KillServer())
		must(t, w.stage.StartServer(t.Context()))
	}
}

// check looks into the server's folder for everything the tablet was told is safe.
func (w *town) check(t *testing.T) {
	t.Helper()
	folder, err := server.OpenFolder(w.stage.Path("server"), time.Now())
	must(t, err)
	c, err := central.Open(t.Context(), folder.Database(), central.Options{Key: folder.Key, Clock: time.Now})
	must(t, err)
	blobs, err := blob.OpenFolder(folder.Blobs())
	must(t, err)
	there := map[string]bool{}
	err = c.Records(t.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if there[r.ID.String()] = true; len(r.Heads) != 1 {
			t.Errorf("visit %s has heads %v", r.ID, r.Heads)
		}
		for _, file := range r.Files {
			data := make([]byte, file.Size)
			if n, err := blobs.Read(t.Context(), file.SHA256, 0, data); err != nil || int64(n) != file.Size || sha256.Sum256(data) != file.SHA256 {
				t.Errorf("the picture of visit %s: %d bytes, %v", r.ID, n, err)
			}
		}
		return nil
	})
	must(t, errors.Join(err, c.Close()))
	if len(there) != len(w.wrote) {
		t.Errorf("the server has %d visits of %d", len(there), len(w.wrote))
	}
	for id := range w.wrote {
		if !there[id] {
			t.Errorf("visit %s was safe and is nowhere", id)
		}
	}
}

// renewed is after how many cuts a town is begun anew: pictures add up.
const renewed = 250

// TestCutsBetweenPrograms cuts the connection of two programs after every so many bytes of a push of three records with
// a picture, in one direction and in the other; now and then one of the two is killed at that moment. ZOUCUN_CUTS says
// after every how many; at 1 it takes a day and a half.
func TestCutsBetweenPrograms(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("kill -9 is of another world")
	}
	strides := map[bool]int64{true: 13_337, false: 613}
	if every, err := strconv.ParseInt(os.Getenv("ZOUCUN_CUTS"), 10, 64); err == nil && every > 0 {
		strides = map[bool]int64{true: every, false: every}
	}
	bin := build(t)
	for _, toServer := range []bool{true, false} {
		t.Run(map[bool]string{true: "to the server", false: "from the server"}[toServer], func(t *testing.T) {
			w, cuts, after := settle(t, bin), 0, int64(0)
			for reached := true; reached; after += strides[toServer] {
				reached = w.round(t, after, toServer, []string{"", "tablet", "", "server"}[cuts%4])
				if cuts++; cuts%renewed == 0 {
					w.check(t)
					w = settle(t, bin)
				}
			}
			w.check(t)
			t.Logf("%d cuts; whole after %d bytes", cuts-1, after-strides[toServer])
		})
	}
}

// TestTabletWithoutAnyNetwork starts the tablet where there is no network at all, not even a way to ask for one, lets it
// write there, and then brings it home.
func TestTabletWithoutAnyNetwork(t *testing.T) {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("no unshare on this machine")
	}
	wrap := []string{unshare, "--net"}
	if out, err := exec.CommandContext(t.Context(), wrap[0], append(wrap[1:], "true")...).CombinedOutput(); err != nil {
		wrap = []string{unshare, "--net", "--map-root-user"}
		if exec.CommandContext(t.Context(), wrap[0], append(wrap[1:], "true")...).Run() != nil {
			t.Skipf("this machine allows no network namespace: %s", out)
		}
	}
	w := settle(t, build(t))
	w.tablet.kill(t)
	w.tablet.wrap = wrap
	w.tablet.start(t)
	w.tablet.tell(t, "write")
	for range 3 {
		w.until(t, "wrote", nil, nil)
	}
	w.tablet.kill(t)
	w.tablet.wrap = nil
	w.tablet.start(t)
	for w.home < len(w.wrote) {
		w.until(t, "home", nil, nil)
	}
	w.check(t)
	if _, err := os.Stat(filepath.Join(w.tablet.dir, "zoucun.db")); err != nil {
		t.Error(err)
	}
}
