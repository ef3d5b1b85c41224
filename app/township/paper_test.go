package township

import (
	"context"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/report/paper"
	"zoucun/store"
	"zoucun/survey"
)

// paperDesk is the section 表册 in a window, on a device with a township.
type paperDesk struct {
	t       *testing.T
	screens []*view.Screen
	said    []string
	errs    []error
	window  fyne.Window
	saved   map[string][]byte
	printed int
}

func (d *paperDesk) Push(s *view.Screen)  { d.screens = append(d.screens, s) }
func (d *paperDesk) Reset(s *view.Screen) { d.screens = []*view.Screen{s} }
func (d *paperDesk) Back()                { d.screens = d.screens[:len(d.screens)-1] }
func (d *paperDesk) Refresh()             {}
func (d *paperDesk) Complain(err error)   { d.errs = append(d.errs, err) }
func (d *paperDesk) Tell(words string)    { d.said = append(d.said, words) }

func newPaperDesk(t *testing.T, printing error) *paperDesk {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(widgets.NewTheme(
		widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, widgets.TextNormal))
	now := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	folder, err := assets.Form("QZ-01")
	if err != nil {
		t.Fatal(err)
	}
	if err := device.Prepare(t.Context(), s, device.Spec{Seed: 1, Households: 30, Forms: map[string]fs.FS{"QZ-01": folder}}); err != nil {
		t.Fatal(err)
	}
	self, _, err := s.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	papers := workbench.NewPapers(s, self, survey.Staff{ID: self.Grant.Person}, now, func() (*paper.Fonts, error) {
		return paper.NewFonts(assets.FontRegular(), assets.FontBold())
	})
	d := &paperDesk{t: t, saved: map[string][]byte{}}
	host := view.Host{
		Navigator: d, Ctx: t.Context, Now: now, Later: func(time.Duration, func()) func() { return func() {} },
		Do: func(work func(context.Context) error, then func(error)) { then(work(t.Context())) },
	}
	d.Reset(NewPapers(host, PapersSpec{
		Papers: papers, Save: func(name string, data []byte) { d.saved[name] = data },
		Print: func(context.Context, workbench.Paper) error { d.printed++; return printing },
	}))
	d.window = test.NewWindow(d.screens[0].Body)
	d.window.SetPadded(false)
	d.window.Resize(fyne.NewSize(1090, 1500))
	t.Cleanup(d.window.Close)
	return d
}

func paperParts(o fyne.CanvasObject) []fyne.CanvasObject {
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

func (d *paperDesk) find(o fyne.CanvasObject, text string) fyne.CanvasObject {
	if o == nil || !o.Visible() {
		return nil
	}
	if s, ok := o.(interface{ Shown() string }); ok && s.Shown() == text {
		if _, ok := o.(fyne.Tappable); ok {
			return o
		}
	}
	for _, child := range paperParts(o) {
		if found := d.find(child, text); found != nil {
			return found
		}
	}
	return nil
}

func (d *paperDesk) tap(text string) {
	d.t.Helper()
	found, ok := d.find(d.window.Content(), text).(fyne.Tappable)
	if !ok {
		d.t.Fatalf("nothing to tap says %q:\n%s", text, d.words(d.window.Content()))
	}
	found.Tapped(nil)
}

func (d *paperDesk) words(o fyne.CanvasObject) string {
	if o == nil || !o.Visible() {
		return ""
	}
	var b strings.Builder
	if s, ok := o.(interface{ Shown() string }); ok {
		b.WriteString(s.Shown() + "\n")
	}
	for _, child := range paperParts(o) {
		b.WriteString(d.words(child))
	}
	return b.String()
}

func (d *paperDesk) sees(text string) {
	d.t.Helper()
	if all := d.words(d.window.Content()); !strings.Contains(all, text) {
		d.t.Errorf("the screen does not say %q but:\n%s", text, all)
	}
}

func (d *paperDesk) photograph(name string) {
	d.t.Helper()
	folder := os.Getenv("ZOUCUN_SCREENS")
	if folder == "" {
		return
	}
	f, err := os.Create(folder + "/" + name + ".png")
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := png.Encode(f, d.window.Canvas().Capture()); err != nil {
		d.t.Error(err)
	}
}

func TestAPaperIsMadeSavedAndPrinted(t *testing.T) {
	d := newPaperDesk(t, nil)
	d.photograph("papers")
	d.tap("生成")
	d.sees("没有可以打印的内容")
	d.tap("群众工作调查表（空白）")
	d.tap("生成")
	d.sees("做好了：群众工作调查表（空白），1 份")
	d.photograph("papers-made")
	d.tap("保存")
	d.tap("打印")
	if len(d.saved) != 1 || d.printed != 1 || len(d.said) != 1 || len(d.errs) > 0 {
		t.Errorf("%d saved, %d printed, said %q, complaints %v", len(d.saved), d.printed, d.said, d.errs)
	}
	for name, data := range d.saved {
		if name != "群众工作调查表-20261122-120000.pdf" || !strings.HasPrefix(string(data), "%PDF-") {
			t.Errorf("saved %q, %d bytes", name, len(data))
		}
	}
}

func TestWithoutAPrinterThePaperStays(t *testing.T) {
	d := newPaperDesk(t, errors.New("no printer"))
	d.tap("群众工作调查表（空白）")
	d.tap("生成")
	d.tap("打印")
	if len(d.errs) != 1 {
		t.Errorf("complaints %v", d.errs)
	}
	d.sees("做好了")
	d.tap("表格 .xlsx")
	d.tap("生成")
	if d.find(d.window.Content(), "打印") != nil {
		t.Error("a workbook is sent to the printer by the program that opens it")
	}
}

func TestAHouseholdsFileAsksWhy(t *testing.T) {
	d := newPaperDesk(t, nil)
	d.tap("一户一档")
	d.sees("为什么要打印")
	d.tap("生成")
	d.sees("请先选一户。")
	d.photograph("papers-household")
	d.tap("群众工作调查表（预填）")
	d.sees("不选就是全村每户一张")
}
