//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"zoucun/internal/testkit/journey"
	"zoucun/internal/testkit/proxy"
	"zoucun/internal/testkit/stage"
	"zoucun/store"
	"zoucun/sync/errand"
	"zoucun/sync/spare"
)

// offline is an app in whose window a visit was finished while the county was out of reach, and stays so: its line to
// the county is cut for good.
func offline(t *testing.T, before func(v *visitTest, j *journey.Journey)) (*visitTest, *journey.Journey) {
	t.Helper()
	v := newVisitTest(t)
	ctx := t.Context()
	key := filepath.Join(t.TempDir(), "恢复.key")
	made, err := v.stage.Ctl(ctx, "key", "make", key)
	v.must(err)
	_, err = v.stage.Ctl(ctx, "key", "add", "-use", "recovery", "-name", "县民政局", strings.TrimSpace(made))
	v.must(err)
	v.must(os.Rename(key, v.stage.Path("恢复.key")))
	line, err := proxy.New(ctx, strings.TrimPrefix(v.stage.URL(), "https://"))
	v.must(err)
	j := v.open()
	code, err := v.stage.Code(ctx, stage.Person)
	v.must(err)
	v.must(j.Enrol(ctx, "https://"+line.Addr(), code))
	v.must(j.Settle(ctx))
	before(v, j)
	v.must(j.Window.See(ctx, "与服务器核对过"))
	v.must(line.Close())
	v.must(j.Open(ctx))
	v.must(j.Visit(ctx))
	v.must(j.Close(ctx))
	v.must(j.Finish(ctx))
	v.must(j.Window.See(ctx, "1 份已存在本机"))
	if len(v.records("visit")) != 0 {
		t.Fatal("the visit is at the county though the line is cut")
	}
	return v, j
}

// restart ends the app and starts it again: it looks for a road at once.
func (v *visitTest) restart(j *journey.Journey) *journey.Journey {
	v.Helper()
	j.Window.Kill()
	return v.open()
}

// arrived waits until the county has the visit, whole and once.
func (v *visitTest) arrived() {
	v.Helper()
	v.eventually("the county has the visit", func() bool { return len(v.records("visit")) == 1 })
	visit := v.records("visit")[0]
	if len(visit.Heads) != 1 || visit.Conflicts != 0 || visit.Fields["hear/heard_worry"] != journey.Worry {
		v.Errorf("the county has %+v", visit)
	}
}

// A visit that no network carries goes to the township's receiving point on the office's Wi-Fi, which carries it to the
// county, and brings the county's word home: two ticks, one after the other.
func TestVisitByTheReceivingPoint(t *testing.T) {
	var end func()
	v, j := offline(t, func(v *visitTest, j *journey.Journey) {
		address, stop := v.relay()
		end = stop
		v.must(j.AddRelay(t.Context(), address))
	})
	defer end()
	ctx := t.Context()
	j = v.restart(j)
	v.must(j.Window.See(ctx, "1 份乡镇已收"))
	v.must(j.Records(ctx, "乡镇已收，等县里"))
	v.arrived()
	j = v.restart(j)
	v.must(j.Window.See(ctx, "全部已送达"))
	v.must(j.Records(ctx, "县里已收"))
}

// relay starts zoucund relay, and returns its address and what stops it.
func (v *visitTest) relay() (address string, stop func()) {
	v.Helper()
	code, err := v.stage.Ctl(v.Context(), "enrol-code", "-role", "relay", "-person", stage.Person)
	v.must(err)
	listener, err := (&net.ListenConfig{}).Listen(v.Context(), "tcp", "127.0.0.1:0")
	v.must(err)
	address = listener.Addr().String()
	v.must(listener.Close())
	cmd := exec.CommandContext(context.WithoutCancel(v.Context()), v.stage.Program("zoucund"), "relay", "-listen", address,
		"-data", v.stage.Path("relay"), "-upstream", v.stage.URL(), "-code", strings.TrimSpace(code))
	cmd.Stdout, cmd.Stderr = v.log, v.log
	v.must(cmd.Start())
	v.eventually("the receiving point answers", func() bool {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(v.Context(), "tcp", address)
		return err == nil && c.Close() == nil
	})
	return address, func() {
		v.must(cmd.Process.Signal(syscall.SIGTERM))
		v.must(cmd.Wait())
	}
}

// A visit goes to the county in a 数据包 that somebody carries on a stick, and the county's word comes back on it.
func TestVisitByStick(t *testing.T) {
	v, j := offline(t, func(*visitTest, *journey.Journey) {})
	ctx := t.Context()
	stick, office := t.TempDir(), t.TempDir()
	j.Window.Kill()
	v.inStore(func(s *store.Store) {
		done, err := spare.Export(ctx, s, stick, spare.ExportOptions{Clock: time.Now})
		v.must(err)
		if len(done.Files) == 0 || done.Attachments != 1 {
			t.Fatalf("copied out %+v", done)
		}
	})
	v.carry(stick, office)
	said, err := v.stage.Ctl(ctx, "bundle", "import", "-identity", v.stage.Path("恢复.key"), office)
	v.must(err)
	if !strings.Contains(said, "附件新收 1 个") {
		t.Errorf("the import says %s", said)
	}
	v.arrived()
	replies, err := filepath.Glob(filepath.Join(office, "*回执.zcb"))
	if err != nil || len(replies) != 1 {
		t.Fatal(replies, err)
	}
	v.inStore(func(s *store.Store) {
		reply, err := os.ReadFile(replies[0])
		v.must(err)
		home, err := spare.Receive(ctx, s, bytes.NewReader(reply), int64(len(reply)))
		v.must(err)
		if home.Entries == 0 {
			t.Errorf("the reply brought %+v", home)
		}
	})
	j = v.open()
	v.must(j.Records(ctx, "县里已收"))
}

// carry copies a stick's files by hand.
func (v *visitTest) carry(from, to string) {
	v.Helper()
	names, err := filepath.Glob(filepath.Join(from, "*.zcb"))
	v.must(err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		v.must(err)
		v.must(os.WriteFile(filepath.Join(to, filepath.Base(name)), data, 0o600))
	}
}

// inStore does something with the data of the app, which is not running.
func (v *visitTest) inStore(do func(s *store.Store)) {
	v.Helper()
	s, err := store.Open(v.Context(), v.stage.Path("app"), store.Options{Clock: time.Now})
	v.must(err)
	defer func() { v.must(s.Close()) }()
	do(s)
}

// A visit goes to the county on another tablet, whose person opens a meeting in the window; that tablet has a road, and
// brings the county's word home at the next meeting.
func TestVisitByAnotherTablet(t *testing.T) {
	v, j := offline(t, func(*visitTest, *journey.Journey) {})
	ctx := t.Context()
	j.Window.Kill()
	courier := v.courier()
	place := v.meeting(courier)
	v.inStore(func(s *store.Store) {
		given, err := errand.Give(ctx, s, place, errand.Options{Clock: time.Now})
		v.must(err)
		if given.Entries == 0 || given.Files != 1 {
			t.Errorf("given %+v", given)
		}
	})
	v.must(courier.Window.See(ctx, "个数据包。"))
	v.arrived()
	v.must(courier.Window.See(ctx, "替别人交到县里"))
	v.inStore(func(s *store.Store) {
		given, err := errand.Give(ctx, s, place, errand.Options{Clock: time.Now})
		v.must(err)
		if left, err := s.Unsigned(ctx); err != nil || left != 0 || given.Home == 0 {
			t.Errorf("home came word of %d entries, %d are left, %v", given.Home, left, err)
		}
	})
	courier.Window.Kill()
	j = v.open()
	v.must(j.Records(ctx, "县里已收"))
}

// courier starts a second app that reaches the county, and opens a meeting in it.
func (v *visitTest) courier() *journey.Journey {
	v.Helper()
	ctx := v.Context()
	window, err := v.desktop.Open(ctx, v.log, v.stage.Program("zoucun"), "-data", v.stage.Path("courier"), "-size", "1280x800")
	v.must(err)
	j := &journey.Journey{Window: window, Step: v.step}
	code, err := v.stage.Code(ctx, stage.Person)
	v.must(err)
	v.must(j.Enrol(ctx, v.stage.URL(), code))
	v.must(j.CarryForOthers(ctx))
	return j
}

var (
	addressShown = regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+:\d+$`)
	codeShown    = regexp.MustCompile(`^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$`)
)

// meeting reads off the screen where the courier is.
func (v *visitTest) meeting(j *journey.Journey) (place errand.Place) {
	v.Helper()
	view, err := j.Window.Look(v.Context())
	v.must(err)
	for _, o := range view.Objects {
		switch {
		case addressShown.MatchString(o.Text):
			place.Address = o.Text
		case codeShown.MatchString(o.Text):
			place.Code = o.Text
		}
	}
	if place.Address == "" || place.Code == "" {
		v.Fatalf("the screen shows %+v", place)
	}
	return place
}
