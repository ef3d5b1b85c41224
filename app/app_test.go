package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/test"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

func tell() time.Time { return noon }

func TestNumbersAreNeverGivenTwice(t *testing.T) {
	n := numbers{filepath.Join(t.TempDir(), "form_number")}
	for want := 1; want <= 5; want++ {
		if got, err := n.next(); err != nil || got != want {
			t.Fatalf("next = %d, %v; want %d", got, err, want)
		}
	}
	if err := os.WriteFile(n.file, []byte("seven"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.next(); survey.KindOf(err) != survey.Damaged {
		t.Errorf("next over a damaged file = %v", err)
	}
	if _, err := (numbers{filepath.Join(t.TempDir(), "gone", "form_number")}).next(); survey.MessageOf(err) == "" {
		t.Errorf("next without a folder = %v", err)
	}
}

// rehearse makes a program whose window is in memory.
func rehearse(t *testing.T, textSize float32, width, height float32) *program {
	t.Helper()
	ui := test.NewTempApp(t)
	p := &program{ui: ui, opt: Options{Data: t.TempDir(), Clock: tell, Log: slog.New(slog.DiscardHandler)}, ctx: t.Context, carrying: func() {}}
	if err := p.dress(); err != nil {
		t.Fatal(err)
	}
	ui.Settings().SetTheme(widgets.NewTheme(p.fonts, textSize))
	w := ui.NewWindow("走村")
	w.SetPadded(false)
	t.Cleanup(w.Close)
	p.shell = newShell(w, p.opt.Log)
	openKeys(t, p)
	p.shell.setStatus(present.Status{Words: "3 份已存在本机，等待网络"})
	p.host = p.shell.host(t.Context(), tell)
	p.host.Do = func(work func(context.Context) error, then func(error)) { then(work(t.Context())) }
	p.host.Later = func(time.Duration, func()) func() { return func() {} } // a test has no goroutine for it
	w.Resize(fyne.NewSize(width, height))
	return p
}

// openKeys reads the keys of the program's folder, as it does when it starts.
func openKeys(t *testing.T, p *program) {
	t.Helper()
	keys, err := store.OpenKeys(p.opt.Data, store.KeyOptions{Device: p.device, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	p.keys, p.locks = keys, present.NewLock(keys)
}

// cheap makes trying a PIN quick.
var cheap = seal.Cost{Passes: 1, MiB: 1, Threads: 1}

// furnish gives the program a store with a township.
func furnish(t *testing.T, p *program) {
	t.Helper()
	s, err := store.Open(t.Context(), p.opt.Data, store.Options{Clock: p.opt.Clock, Keyring: p.keys, Log: p.opt.Log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.store == nil {
			return // locked
		}
		if err := p.store.Close(); err != nil {
			t.Error(err)
		}
	})
	forms := map[string]fs.FS{}
	for _, id := range []string{"QZ-01"} {
		if forms[id], err = assets.Form(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := device.Prepare(t.Context(), s, device.Spec{Seed: 1, Households: 60, Forms: forms}); err != nil {
		t.Fatal(err)
	}
	p.store = s
	if p.self, _, err = s.Enrolment(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestNothingOverflows(t *testing.T) {
	for _, size := range []struct{ text, width, height float32 }{
		{widgets.TextNormal, 800, 1280},
		{widgets.TextNormal, 1280, 800},
		{widgets.TextLargest, 800, 1280},
		{widgets.TextLargest, 1280, 800},
		{widgets.TextNormal, 533, 853},
		{widgets.TextNormal, 853, 533},
	} {
		t.Run(fmt.Sprintf("%vx%v at %v", size.width, size.height, size.text), func(t *testing.T) {
			p := rehearse(t, size.text, size.width, size.height)
			furnish(t, p)
			fits := func(what string) {
				t.Helper()
				frame := p.shell.window.Content()
				if need := frame.MinSize(); need.Width > size.width || need.Height > size.height {
					t.Errorf("%s needs %v", what, need)
				}
				inside(t, what, frame, fyne.Position{}, size.width)
			}
			village := p.store.Villages()[0].ID
			household := p.store.SearchHouseholds(village, "", 1)[0].ID
			p.shell.Reset(field.NewEnrol(p.host, field.EnrolSpec{Presenter: present.NewEnrol(p)}))
			fits("enrolment")
			p.chooseVillage()
			fits("the villages")
			p.goHome(village)
			fits("the households")
			p.carry = newCarrier(p)
			p.openSettings()
			fits("the settings")
			p.shell.Push(p.spareScreen(p.carry.spare))
			fits("the second copy")
			p.shell.Back()
			if err := p.store.KeepRelay(t.Context(), survey.Relay{Address: "https://192.168.43.1:8444", Name: "青田乡"}); err != nil {
				t.Fatal(err)
			}
			p.shell.Push(p.relayScreen())
			fits("the receiving points")
			p.shell.Back()
			p.shell.Push(p.errandScreen())
			fits("what is carried")
			p.shell.Back()
			p.shell.Back()
			p.shell.Complain(&survey.Error{Kind: survey.Full})
			fits("a complaint")
			p.shell.Push(p.lists())
			fits("the lists")
			p.visitEveryPage(t, village, household, fits)
		})
	}
}

// visitEveryPage turns every page of a visit and calls fits on each.
func (p *program) visitEveryPage(t *testing.T, village, household survey.RecordID, fits func(string)) {
	t.Helper()
	v, err := p.desk().Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"}, village, household)
	if err != nil {
		t.Fatal(err)
	}
	p.shell.Push(field.NewVisit(p.host, field.VisitSpec{Presenter: v}))
	answer := func(path survey.FieldPath, value string) {
		t.Helper()
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	answer("visit/visit_result", "talked")
	answer("hh/respondent_mode", "real")
	answer("problems/has_issue", "yes")
	answer("consent/sign_mode", "self")
	for i := range v.Index() {
		v.GoSection(i)
		for {
			page := v.Page()
			v.OnChange()
			fits(fmt.Sprintf("%s, page %d", page.Title, page.Number))
			if page.Number == page.Of {
				break
			}
			v.Next()
		}
	}
}

// inside fails for everything with words or borders that reaches beyond the window's sides.
func inside(t *testing.T, what string, o fyne.CanvasObject, origin fyne.Position, width float32) {
	t.Helper()
	if o == nil || !o.Visible() {
		return
	}
	at := origin.Add(o.Position())
	if s, ok := o.(interface{ Shown() string }); ok {
		if at.X < 0 || at.X+o.Size().Width > width+0.5 {
			t.Errorf("%s: %q reaches from %v to %v", what, s.Shown(), at.X, at.X+o.Size().Width)
		}
		if need := widgets.HeightFor(o, o.Size().Width); o.Size().Height+0.5 < need {
			t.Errorf("%s: %q is %v high and needs %v", what, s.Shown(), o.Size().Height, need)
		}
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			inside(t, what, child, at, width)
		}
	case *container.Scroll:
		inside(t, what, o.Content, at, width)
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			inside(t, what, child, at, width)
		}
	}
}

func TestTheBackButtonGoesThroughTheScreens(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	furnish(t, p)
	left := 0
	p.goHome(p.store.Villages()[0].ID)
	p.shell.Push(&view.Screen{Title: "一", Body: widgets.NewPage(), Leave: func() { left++ }})
	p.shell.Push(&view.Screen{Title: "二", Body: widgets.NewPage()})
	back := func() { p.shell.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: mobile.KeyBack}) }
	back()
	if got := p.shell.top().Title; got != "一" || left != 1 {
		t.Errorf("on top %q, left %d times", got, left)
	}
	back()
	back()
	if len(p.shell.stack) != 1 || left != 2 {
		t.Errorf("%d screens, left %d times", len(p.shell.stack), left)
	}
}

func TestEverythingIsKeptWhenTheProgramGoesOutOfSight(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	kept := 0
	for range 3 {
		p.shell.Push(&view.Screen{Body: widgets.NewPage(), Leave: func() { kept++ }})
	}
	kept = 0
	p.shell.keep()
	if kept != 3 {
		t.Errorf("%d of 3 screens were kept", kept)
	}
}

func TestWhatWasBegunBeforeLockingEndsWithoutAWord(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	p.shell.Push(&view.Screen{Title: "一", Body: widgets.NewPage()})
	p.shell.Tell("说过的话")
	came := 0
	late := p.shell.inThisLife(func() { came++ })
	late()
	p.shell.forget()
	late()
	p.shell.inThisLife(func() { came++ })()
	if came != 2 {
		t.Errorf("%d of 3 came back, want the first and the last", came)
	}
	if len(p.shell.stack) != 0 || p.shell.notice != nil {
		t.Errorf("%d screens and %v are left", len(p.shell.stack), p.shell.notice)
	}
}

func TestWhatWasSalvagedIsToldUntilRead(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	t.Run("a page of the database is destroyed", func(t *testing.T) {
		furnish(t, p) // and closed when this part ends
	})
	file := filepath.Join(p.opt.Data, "zoucun.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4096 {
		data[len(data)/2/4096*4096+i] = 0xff
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), p.opt.Data, store.Options{Clock: tell})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	p.store = s
	p.tellOfSalvage()
	if p.shell.notice == nil {
		t.Fatal("nothing was said of a salvaged database")
	}
	test.Tap(tappable(t, p.shell.notice, "知道了"))
	if p.shell.notice != nil {
		t.Error("what has been read is still there")
	}
	if p.tellOfSalvage(); p.shell.notice != nil {
		t.Error("what has been read is said again")
	}
}

// tappable finds the button that says a text.
func tappable(t *testing.T, o fyne.CanvasObject, text string) fyne.Tappable {
	t.Helper()
	if button, ok := o.(interface {
		fyne.Tappable
		Shown() string
	}); ok && button.Shown() == text {
		return button
	}
	if box, ok := o.(*fyne.Container); ok {
		for _, child := range box.Objects {
			if found := tappable(t, child, text); found != nil {
				return found
			}
		}
	}
	return nil
}

func TestTheLastReportIsTheOneShown(t *testing.T) {
	c := &carrier{reports: make(chan survey.Progress, 1)}
	for i := range 10 {
		c.report(survey.Progress{Done: int64(i)})
	}
	if got := (<-c.reports).Done; got != 9 {
		t.Errorf("report %d is shown, want the last", got)
	}
}

func TestTheToolkitSpeaksChinese(t *testing.T) {
	rehearse(t, widgets.TextNormal, 800, 1280)
	if got := lang.L("Copy"); got != "复制" {
		t.Errorf("Copy is %q whatever the device's language", got)
	}
}
