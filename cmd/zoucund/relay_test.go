package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/internal/qr"
	"zoucun/server"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// asProgram makes the test binary be zoucund.
const asProgram = "ZOUCUND_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a zoucund in a process of its own.
type process struct {
	command *exec.Cmd
	address string
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{command: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)} //nolint:gosec // itself
	p.command.Env = append(os.Environ(), asProgram+"=1")
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	found := regexp.MustCompile(`https://(\S+) 证书指纹`).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("line %q, %v", line, err)
	}
	p.address = found[1]
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return p
}

func (p *process) kill() {
	_ = p.command.Process.Signal(syscall.SIGKILL)
	_ = p.command.Wait()
}

// countyFolder makes a county with one village in a data folder, and returns codes for a cadre and a relay.
func countyFolder(t *testing.T, data string) (person survey.PersonID, village survey.RecordID, cadre, relay string) {
	t.Helper()
	folder, err := server.OpenFolder(data, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := central.Open(t.Context(), folder.Database(), central.Options{Key: folder.Key, County: 990001, Township: "青田乡", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	person, village = survey.NewID[survey.PersonID](), survey.NewID[survey.RecordID]()
	shared := survey.RegisterScope(990001)
	_, err = c.Write(t.Context(), person, []central.Write{
		{Record: survey.RecordID(person), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "测试员"}},
		{Record: village, Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: "前村"}.Fields()},
	})
	if err != nil {
		t.Fatal(err)
	}
	code := func(role survey.Role) string {
		code, err := c.NewCode(t.Context(), person, []survey.ScopeID{survey.VillageScope(village)}, []survey.Role{role}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	return person, village, code(survey.RoleCadre), code(survey.RoleRelay)
}

// A tablet's visit goes by a relay's process to a county's process; both are killed on the way.
func TestRelayBetweenProcesses(t *testing.T) {
	data, relayData := filepath.Join(t.TempDir(), "county"), filepath.Join(t.TempDir(), "relay")
	person, village, cadre, code := countyFolder(t, data)
	county := launch(t, "-listen", "127.0.0.1:0", "-data", data)
	tablet, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer tablet.Close()
	o := client.Options{Clock: time.Now, Rand: func() float64 { return 0 }}
	e, err := client.Enrol(t.Context(), tablet, county.address, cadre, o)
	if err != nil {
		t.Fatal(err)
	}
	relay := launch(t, "relay", "-listen", "127.0.0.1:0", "-data", relayData, "-upstream", county.address, "-code", code)

	// The QR code on the relay's screen says where it is.
	picture := filepath.Join(relayData, "relay.png")
	eventually(t, "the QR code's picture", func() bool { _, err := os.Stat(picture); return err == nil })
	time.Sleep(200 * time.Millisecond)
	drawn, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	said, err := qr.Read(drawn)
	if err != nil {
		t.Fatal(err)
	}
	invite, err := wire.ParseInvite(said)
	if err != nil || invite.Address != relay.address || invite.Township != "青田乡" {
		t.Fatalf("invitation %+v, %v", invite, err)
	}
	met, err := client.MeetRelay(t.Context(), e, e.Grant.Device, invite.Address, invite.Pin, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tablet.KeepRelay(t.Context(), met); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // the relay hears of the tablet at its first contact
	county.kill()

	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(village),
		Household: survey.NewID[survey.RecordID](), Author: person, Title: "张三",
	}
	if err := tablet.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	if err := tablet.FinishVisit(t.Context(), d, form.Submission{Fields: survey.Fields{"heard_worry": "路"}, Touched: []survey.FieldPath{"heard_worry"}}); err != nil {
		t.Fatal(err)
	}
	agent := client.New(tablet, o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = agent.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	keeping := func() survey.Safekeeping {
		k, err := tablet.Safekeeping(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	eventually(t, "乡镇已收", func() bool { k := keeping(); return k.Relayed == 1 && k.Waiting == 1 })
	relay.kill()
	launch(t, "-listen", county.address, "-data", data)
	launch(t, "relay", "-listen", relay.address, "-data", relayData)
	eventually(t, "县里已收", func() bool { k := keeping(); return k.Waiting == 0 && k.Delivered == 1 })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("not within 30 s:", what)
}

func TestRelayRefusesWithASentence(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"not enrolled":   {[]string{"-data", t.TempDir()}, "还没有登记"},
		"stray words":    {[]string{"x"}, "命令行参数不对"},
		"nobody there":   {[]string{"-data", t.TempDir(), "-upstream", "127.0.0.1:1", "-code", "0123-4567-89AB"}, "连不上服务器"},
		"not a code":     {[]string{"-data", t.TempDir(), "-upstream", "127.0.0.1:1", "-code", "短"}, "登记码应是"},
		"not an address": {[]string{"-data", t.TempDir(), "-upstream", "http://x", "-code", "0123-4567-89AB"}, "地址不对"},
	} {
		err := run(t.Context(), append([]string{"relay", "-listen", "127.0.0.1:0"}, c.args...), io.Discard, io.Discard)
		if err == nil || !strings.Contains(survey.MessageOf(err), c.says) {
			t.Errorf("%s: %v, %q", name, err, survey.MessageOf(err))
		}
	}
}

// A new tablet that reaches only the relay's process is enrolled, reads the register and hands over, while the county's
// process is gone for all but the enrolment.
func TestNewTabletByRelayProcess(t *testing.T) {
	data, relayData := filepath.Join(t.TempDir(), "county"), filepath.Join(t.TempDir(), "relay")
	_, _, cadre, code := countyFolder(t, data)
	county := launch(t, "-listen", "127.0.0.1:0", "-data", data)
	key := filepath.Join(t.TempDir(), "stick.key")
	relay := launch(t, "relay", "-listen", "127.0.0.1:0", "-data", relayData, "-upstream", county.address, "-code", code, "-key", key)
	tablet, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer tablet.Close()
	o := client.Options{Clock: time.Now, Rand: func() float64 { return 0 }}
	e, err := client.Enrol(t.Context(), tablet, relay.address, cadre, o)
	if err != nil || !strings.HasSuffix(e.Server, county.address) {
		t.Fatalf("enrolled at %q, %v", e.Server, err)
	}
	time.Sleep(time.Second) // the relay is woken and hears of the tablet
	county.kill()
	relay.kill()
	relay = launch(t, "relay", "-listen", relay.address, "-data", relayData, "-key", key)
	agent := client.New(tablet, o)
	eventually(t, "the register", func() bool {
		_, _ = agent.Round(t.Context())
		return len(tablet.Villages()) == 1
	})
	if _, err := client.Enrol(t.Context(), tablet, relay.address, cadre, o); survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "登记码没有用掉") {
		t.Errorf("while the county is gone: %v, %q", err, survey.MessageOf(err))
	}
}
