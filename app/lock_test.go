package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/survey"
)

const (
	pin, secondPIN = "846021", "772910"
	confided       = "路灯坏了三个月没人管"
)

// pocket is a device key in memory.
type pocket struct{ secret []byte }

// Secret implements store.DeviceKey.
func (p pocket) Secret(context.Context, bool) ([]byte, error) { return p.secret, nil }

// locked makes a program on a device with a key of its own, enrolled, with a PIN for the person it was given to.
func locked(t *testing.T, width, height float32) *program {
	t.Helper()
	p := rehearse(t, widgets.TextNormal, width, height)
	p.device = pocket{[]byte("the secret of this device")}
	openKeys(t, p)
	furnish(t, p)
	p.idle = idle{limit: time.Hour, last: noon}
	p.enter()
	p.openSettings()
	p.press(t, "设密码", "开始设密码")
	p.enterPIN(t, pin, "下一步")
	p.enterPIN(t, pin, "下一步")
	if len(p.keys.People()) != 1 || p.store == nil {
		t.Fatalf("no PIN was set; the window says %s", p.says())
	}
	p.press(t, "知道了")
	return p
}

// press taps what says each of the texts, one after the other.
func (p *program) press(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !tapAnywhere(p.shell.window.Content(), text) {
			t.Fatalf("nothing to tap says %q; the window says %s", text, p.says())
		}
	}
}

func (p *program) enterPIN(t *testing.T, pin, enter string) {
	t.Helper()
	for _, digit := range pin {
		p.press(t, string(digit))
	}
	p.press(t, enter)
}

// says returns every word in the window.
func (p *program) says() string { return strings.Join(allWords(p.shell.window.Content()), " ") }

func allWords(o fyne.CanvasObject) []string {
	if o == nil || !o.Visible() {
		return nil
	}
	var said []string
	if s, ok := o.(interface{ Shown() string }); ok {
		said = append(said, s.Shown())
	}
	if s, ok := o.(interface{ Typed() string }); ok {
		said = append(said, s.Typed())
	}
	for _, child := range childrenOf(o) {
		said = append(said, allWords(child)...)
	}
	return said
}

func childrenOf(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case *fyne.Container:
		return o.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{o.Content}
	case fyne.Widget:
		return test.WidgetRenderer(o).Objects()
	}
	return nil
}

func tapAnywhere(o fyne.CanvasObject, text string) bool {
	if o == nil || !o.Visible() {
		return false
	}
	s, says := o.(interface{ Shown() string })
	if tappable, ok := o.(fyne.Tappable); ok && says && s.Shown() == text {
		tappable.Tapped(&fyne.PointEvent{})
		return true
	}
	return slices.ContainsFunc(childrenOf(o), func(child fyne.CanvasObject) bool { return tapAnywhere(child, text) })
}

// household returns the first household of the first village.
func (p *program) household() (village, household survey.RecordID, head string) {
	village = p.store.Villages()[0].ID
	h := p.store.SearchHouseholds(village, "", 1)[0]
	return village, h.ID, h.Head
}

// talked makes the form ask what was said.
func talked(t *testing.T, v *present.Visit) {
	t.Helper()
	if err := v.Answer(t.Context(), "visit/visit_result", "talked"); err != nil {
		t.Fatal(err)
	}
}

func TestUnlockingShowsThePlaceOneLeft(t *testing.T) {
	p := locked(t, 1280, 800)
	village, household, head := p.household()
	p.goHome(village)
	p.beginVisit(village, household)
	v := p.filling.visit
	talked(t, v)
	p.press(t, "3 两听一看")
	draft, page := v.Draft().ID, v.Page().Key
	v.Type(t.Context(), "hear/heard_worry", confided) // not kept yet

	p.handOn()
	if p.store != nil || !p.keys.Locked() || p.filling.visit != nil || len(p.shell.stack) != 1 {
		t.Fatalf("locked, and still there: store %v, keys locked %v, %d screens", p.store, p.keys.Locked(), len(p.shell.stack))
	}
	for _, personal := range []string{confided, head, "青塘", "3 两听一看"} {
		if said := p.says() + p.shell.window.Title(); strings.Contains(said, personal) {
			t.Errorf("the locked window says %q: %s", personal, said)
		}
	}
	p.enterPIN(t, "111222", "打开")
	if !strings.Contains(p.says(), "还可以再试 9 次") || !p.keys.Locked() {
		t.Errorf("after a wrong PIN: %s", p.says())
	}
	p.enterPIN(t, pin, "打开")
	if p.filling.visit == nil || p.filling.visit.Draft().ID != draft || p.filling.visit.Page().Key != page {
		t.Fatalf("unlocked, and elsewhere: %s", p.says())
	}
	if !strings.Contains(p.says(), confided) {
		t.Error("what had been typed before locking is gone")
	}
	if p.village != village {
		t.Error("another village")
	}
}

func TestTheTabletIsHandedOn(t *testing.T) {
	p := locked(t, 800, 1280)
	village, household, _ := p.household()
	p.beginVisit(village, household)
	p.shell.Home()
	colleague := p.store.Staff()[0]
	if colleague.ID == p.who().ID {
		colleague = p.store.Staff()[1]
	}
	p.openSettings()
	p.press(t, "添加使用人")
	p.shell.window.Content().Refresh()
	p.press(t, colleague.Name, "开始设密码")
	p.enterPIN(t, secondPIN, "下一步")
	p.enterPIN(t, pin, "下一步")
	if !strings.Contains(p.says(), "两次输的不一样") {
		t.Fatalf("two different PINs: %s", p.says())
	}
	p.enterPIN(t, secondPIN, "下一步")
	p.enterPIN(t, secondPIN, "下一步")
	if len(p.keys.People()) != 2 || !strings.Contains(p.says(), "密码设好了") {
		t.Fatalf("%+v; %s", p.keys.People(), p.says())
	}
	p.openSettings()
	p.press(t, "现在锁屏（交给别人用）")
	if said := p.says(); strings.Contains(said, colleague.Name) || !strings.Contains(said, "你是哪一位") {
		t.Errorf("the lock screen says %s", said)
	}
	user, _ := p.locks.Person(colleague.ID)
	p.press(t, user.Label)
	p.enterPIN(t, secondPIN, "打开")
	if p.who().ID != colleague.ID || p.filling.visit != nil {
		t.Fatalf("unlocked for %+v, with %v open", p.who(), p.filling.visit)
	}
	if drafts, err := p.store.Drafts(t.Context()); err != nil || len(drafts) != 0 {
		t.Errorf("the second sees %+v, %v", drafts, err)
	}
	p.beginVisit(village, household)
	if author := p.filling.visit.Draft().Author; author != colleague.ID {
		t.Errorf("the second's visit is %v's", author)
	}
	p.press(t, "目录", "1 走访情况", "家中无人", "目录", "完成走访")
	waiting, err := p.store.Waiting(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Author != colleague.ID {
		t.Errorf("the second's records: %+v, %v; %s", waiting, err, p.says())
	}
	p.handOn()
	first := slices.IndexFunc(p.keys.People(), func(u survey.User) bool { return u.ID != colleague.ID })
	p.press(t, p.keys.People()[first].Label)
	p.enterPIN(t, pin, "打开")
	drafts, err := p.store.Drafts(t.Context())
	if err != nil || len(drafts) != 1 {
		t.Errorf("the first sees %+v, %v", drafts, err)
	}
	if waiting, err = p.store.Waiting(t.Context()); err != nil || len(waiting) != 0 {
		t.Errorf("the first's own records: %+v, %v", waiting, err)
	}
}

func TestTenWrongPINsLeaveTheRecoveryKey(t *testing.T) {
	p := locked(t, 800, 1280)
	township, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.keys.SetRecovery([]string{township.Recipient().String()}); err != nil {
		t.Fatal(err)
	}
	p.handOn()
	for range 10 {
		p.enterPIN(t, "111222", "打开")
	}
	if said := p.says(); !strings.Contains(said, "已经销毁") || strings.Contains(said, "退格") {
		t.Fatalf("after ten wrong ones: %s", said)
	}
	p.host.PickFile = func(_ []string, then func(string, io.ReadCloser)) {
		then("recovery.txt", io.NopCloser(strings.NewReader("# county\n"+township.String()+"\n")))
	}
	p.showLock(survey.PersonID{})
	p.press(t, "用恢复钥匙打开", "选择钥匙文件")
	p.enterPIN(t, secondPIN, "下一步")
	p.enterPIN(t, secondPIN, "下一步")
	if p.store == nil || p.keys.Locked() {
		t.Fatalf("not recovered: %s", p.says())
	}
	p.handOn()
	p.enterPIN(t, secondPIN, "打开")
	if p.store == nil {
		t.Errorf("the new PIN does not open: %s", p.says())
	}
}

func TestWithoutADeviceKeyAPassphraseIsAsked(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	furnish(t, p)
	p.self, _, _ = p.store.Enrolment(t.Context())
	p.offerPIN()
	p.press(t, "开始设密码")
	if said := p.says(); !strings.Contains(said, "没有保管钥匙的地方") || strings.Contains(said, "退格") {
		t.Errorf("the person is asked: %s", said)
	}
	p.press(t, "以后再设")
	if len(p.keys.People()) != 0 || !strings.Contains(p.says(), "选择村") {
		t.Errorf("put off: %s", p.says())
	}
}

func TestADeviceThatNobodyTouchesLocksItself(t *testing.T) {
	p := locked(t, 800, 1280)
	now := noon
	p.opt.Clock = func() time.Time { return now }
	p.setIdle(2)
	p.idle.touch(now)
	widgets.OnActivity(func() { p.idle.touch(now) })
	now = now.Add(119 * time.Second)
	p.wake()
	if p.keys.Locked() {
		t.Fatal("locked too early")
	}
	p.openSettings() // no touch
	p.press(t, "返回") // a touch
	now = now.Add(119 * time.Second)
	if p.lockIfIdle() {
		t.Fatal("locked although somebody was there")
	}
	now = now.Add(2 * time.Second)
	p.wake() // back in sight after longer than that
	if !p.keys.Locked() || p.store != nil {
		t.Fatal("not locked")
	}
	if p.lockIfIdle() {
		t.Error("locked twice")
	}
}

func TestIdleAsksTwoClocks(t *testing.T) {
	i := idle{limit: time.Minute}
	start := time.Now()
	i.touch(start)
	for name, test := range map[string]struct {
		now  time.Time
		want bool
	}{
		"at once":                      {start, false},
		"a minute on both clocks":      {start.Add(time.Minute), true},
		"a tablet that slept":          {start.Round(0).Add(time.Hour), true},
		"a clock that was put back":    {start.Round(0).AddDate(-56, 0, 0), true},
		"a clock that was put to 2040": {start.Round(0).AddDate(14, 0, 0), true},
	} {
		if got := i.due(test.now); got != test.want {
			t.Errorf("%s: due %v", name, got)
		}
	}
}

func TestAWrongClockIsNamedAndLocksNobodyOut(t *testing.T) {
	for _, year := range []int{1970, 2040} {
		t.Run(strconv.Itoa(year), func(t *testing.T) {
			p := locked(t, 800, 1280)
			now := time.Date(year, 1, 2, 8, 0, 0, 0, time.UTC)
			p.opt.Clock = func() time.Time { return now }
			p.host.Now = p.opt.Clock
			if !p.lockIfIdle() {
				t.Fatal("a clock that jumped leaves the device open")
			}
			if said := p.says(); !strings.Contains(said, strconv.Itoa(year)+"年1月2日，多半不对") {
				t.Errorf("the lock screen says %s", said)
			}
			p.enterPIN(t, pin, "打开")
			if p.store == nil || !strings.Contains(p.says(), "多半不对") {
				t.Fatalf("locked out: %s", p.says())
			}
			village, household, _ := p.household()
			p.beginVisit(village, household)
			p.press(t, "目录", "1 走访情况", "家中无人", "目录", "完成走访")
			if waiting, err := p.store.Waiting(t.Context()); err != nil || len(waiting) != 1 {
				t.Errorf("a visit was not finished: %v %v; %s", waiting, err, p.says())
			}
			now = noon.Add(time.Hour) // put right
			p.lockIfIdle()
			p.handOn()
			p.enterPIN(t, pin, "打开")
			if p.store == nil {
				t.Errorf("locked out once the clock was right: %s", p.says())
			}
		})
	}
}

func TestOnAnotherDeviceThePINIsNotTried(t *testing.T) {
	p := locked(t, 800, 1280)
	p.handOn()
	p.device = pocket{[]byte("another device")}
	openKeys(t, p)
	p.showLock(survey.PersonID{})
	p.enterPIN(t, pin, "打开")
	if said := p.says(); !strings.Contains(said, "另一台设备") || !strings.Contains(said, "数据没有变动") {
		t.Errorf("on a copy: %s", said)
	}
	if left := p.keys.People()[0].TriesLeft; left != 10 {
		t.Errorf("%d tries are left", left)
	}
}

func TestTheAgentEndsWithTheLock(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	furnish(t, p)
	c := newCarrier(p)
	c.start(t.Context())
	done := make(chan struct{})
	go func() {
		c.end()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the agent goes on")
	}
}

// TestNothingPersonalInTheAppsFolderOrLog uses the app with a PIN, an undo, a lock and an error, and looks into every
// file and every line it has written.
func TestNothingPersonalInTheAppsFolderOrLog(t *testing.T) {
	p := locked(t, 1280, 800)
	var log bytes.Buffer
	p.opt.Log = NewLog(&log)
	p.shell.log = p.opt.Log
	village, household, head := p.household()
	p.beginVisit(village, household)
	v := p.filling.visit
	talked(t, v)
	p.press(t, "3 两听一看")
	for _, text := range []string{"先写的秘密", confided} {
		if err := v.Answer(t.Context(), "hear/heard_worry", text); err != nil {
			t.Fatal(err)
		}
	}
	p.press(t, "撤销", "恢复", "以前写的")
	p.shell.Back()
	p.shell.Complain(&survey.Error{Kind: survey.Damaged, Op: "test", Err: parseFault(confided)})
	p.handOn()
	p.enterPIN(t, pin, "打开")
	p.handOn()
	secrets := []string{confided, "先写的秘密", head, pin, "heard_worry"}
	err := filepath.WalkDir(p.opt.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", entry.Name(), secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "test damaged") {
		t.Errorf("the log lacks what happened: %s", log.String())
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log.String())
		}
	}
	if title := p.shell.window.Title(); title != "走村" {
		t.Errorf("the window is called %q", title)
	}
}

// parseFault is an error of a library that quotes what it could not read.
func parseFault(text string) error {
	_, err := strconv.Atoi(text)
	return fmt.Errorf("reading: %w", err)
}

func TestACrashSaysWhereAndNotWhat(t *testing.T) {
	for name, value := range map[string]any{
		"a string": "answer: " + confided, "an error": parseFault(confided), "a struct": struct{ Answer string }{confided},
		"errors": errors.Join(parseFault(confided), &survey.Error{Op: "form.Set", Err: parseFault(confided)}),
	} {
		var out bytes.Buffer
		func() {
			defer func() { writeCrash(&out, recover(), debug.Stack()) }()
			panic(value)
		}()
		if strings.Contains(out.String(), confided) || !strings.Contains(out.String(), "lock_test.go") {
			t.Errorf("%s: %s", name, out.String())
		}
	}
	var out bytes.Buffer
	NewLog(&out).Error("lost", slog.Any("err", fmt.Errorf("open: %w", &survey.Error{
		Op: "store.Open", Subject: "draft 0192", Kind: survey.Full, Err: errors.Join(fs.ErrPermission, context.Canceled),
	})))
	for _, want := range []string{"store.Open draft 0192 full", "permission denied", "context canceled"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q: %s", want, out.String())
		}
	}
}
