package township

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
	"zoucun/form"
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// stack is a navigator without a window: it keeps screens and what was said.
type stack struct {
	screens    []*view.Screen
	complaints []error
	told       []string
}

func (s *stack) Push(screen *view.Screen)  { s.screens = append(s.screens, screen) }
func (s *stack) Reset(screen *view.Screen) { s.screens = []*view.Screen{screen} }
func (s *stack) Back() {
	s.screens = s.screens[:len(s.screens)-1]
	if top := s.top(); top.Changed != nil {
		top.Changed()
	}
}
func (s *stack) Refresh()           {}
func (s *stack) Complain(err error) { s.complaints = append(s.complaints, err) }
func (s *stack) Tell(words string)  { s.told = append(s.told, words) }
func (s *stack) top() *view.Screen  { return s.screens[len(s.screens)-1] }

// desk is the township's laptop, with a host that does everything at once.
type desk struct {
	*stack

	t          *testing.T
	host       view.Host
	store      *store.Store
	households []survey.FoundHousehold // of the first village
	now        time.Time
	numbers    int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(widgets.NewTheme(
		widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, widgets.TextNormal))
	d := &desk{stack: &stack{}, t: t, now: noon}
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d.store = s
	folder, err := assets.Form("QZ-01")
	if err != nil {
		t.Fatal(err)
	}
	if err := device.Prepare(t.Context(), s, device.Spec{Seed: 1, Households: 120, Forms: map[string]fs.FS{"QZ-01": folder}}); err != nil {
		t.Fatal(err)
	}
	d.households = s.SearchHouseholds(s.Villages()[0].ID, "", 0)
	d.host = view.Host{
		Navigator: d.stack, Ctx: t.Context, Now: func() time.Time { return d.now },
		Later:    func(time.Duration, func()) func() { return func() {} },
		Do:       func(work func(context.Context) error, then func(error)) { then(work(t.Context())) },
		PickFile: func([]string, func(string, io.ReadCloser)) {},
	}
	return d
}

// visit pays a visit to a household. Fields are written "visit/people_asked=3"; a problem is "problem=路灯不亮".
func (d *desk) visit(h survey.Household, fields ...string) survey.RecordID {
	d.t.Helper()
	d.now = d.now.Add(time.Second)
	d.numbers++
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	draft := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: h.Scope, Household: h.ID, Author: self.Grant.Person, Title: h.Head,
	}
	sub := form.Submission{
		Form: "QZ-01", Version: "1.0", InstanceName: fmt.Sprintf("QZ-%04d %s", d.numbers, h.Head),
		Fields: survey.Fields{
			"visit/visit_date": "2026-11-20", "visit/visit_result": "talked", "visit/people_asked": "2", "visit/visit_channel": "home",
			"visit/village_id": h.Village.String(), "hh/respondent_mode": "anonymous", "hear/heard_ask": "想修路",
			"finish/visitor_sign": self.Grant.Person.String(), "head/entry_mode": "onsite",
		},
	}
	for _, field := range fields {
		path, value, _ := strings.Cut(field, "=")
		if path == "problem" {
			d.problem(&sub, h, value)
			continue
		}
		sub.Fields[survey.FieldPath(path)] = value
		if value == "" {
			delete(sub.Fields, survey.FieldPath(path))
		}
	}
	if err := d.store.BeginDraft(d.t.Context(), draft, nil); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.FinishVisit(d.t.Context(), draft, sub); err != nil {
		d.t.Fatal(err)
	}
	return survey.RecordID(draft.ID)
}

// problem adds a problem, written "title/cat1/state".
func (d *desk) problem(sub *form.Submission, h survey.Household, text string) {
	title, rest, _ := strings.Cut(text, "/")
	category, state, _ := strings.Cut(rest, "/")
	instance := survey.FieldPath("problems/issues[" + survey.NewID[survey.RecordID]().String() + "]")
	for name, value := range map[survey.FieldPath]string{"title": title, "cat1": category, "nature": "help", "source": "household"} {
		sub.Fields[instance+"/"+name] = value
	}
	sub.Fields["problems/has_issue"] = "yes"
	sub.Entities = append(sub.Entities, form.EntityChange{
		Dataset: "problem", ID: survey.NewID[survey.RecordID]().String(), Create: true, Label: title, Instance: instance,
		Properties: map[string]string{"cat1": category, "state": state, "household": h.ID.String(), "nature": "help"},
	})
}

// book is a full book of what the laptop holds.
func (d *desk) book() (*workbench.Words, *workbench.Book) {
	d.t.Helper()
	book := workbench.NewBook(d.store)
	d.t.Cleanup(book.Close)
	if err := book.Fill(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return workbench.NewWords(d.store), book
}

// words returns everything a tree of objects says.
func words(o fyne.CanvasObject) []string {
	if o == nil || !o.Visible() {
		return nil
	}
	var said []string
	if s, ok := o.(interface{ Shown() string }); ok {
		said = append(said, s.Shown())
	}
	for _, child := range children(o) {
		said = append(said, words(child)...)
	}
	return said
}

func children(o fyne.CanvasObject) []fyne.CanvasObject {
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

// tap taps the first visible thing that says exactly this, in the bar or on the screen.
func (d *desk) tap(text string) {
	d.t.Helper()
	for _, action := range d.top().Actions {
		if action.Text == text {
			action.OnTap()
			return
		}
	}
	d.lay()
	if !tapIn(d.top().Body, text) {
		d.t.Fatalf("nothing to tap says %q; there is %q", text, words(d.top().Body))
	}
}

func tapIn(o fyne.CanvasObject, text string) bool {
	if o == nil || !o.Visible() {
		return false
	}
	s, says := o.(interface{ Shown() string })
	if tappable, ok := o.(fyne.Tappable); ok && says && s.Shown() == text {
		tappable.Tapped(&fyne.PointEvent{})
		return true
	}
	for _, child := range children(o) {
		if tapIn(child, text) {
			return true
		}
	}
	return false
}

func (d *desk) sees(text string) {
	d.t.Helper()
	d.lay()
	if all := strings.Join(words(d.top().Body), "\n"); !strings.Contains(all, text) {
		d.t.Errorf("the screen does not say %q but:\n%s", text, all)
	}
}

func (d *desk) misses(text string) {
	d.t.Helper()
	d.lay()
	if all := strings.Join(words(d.top().Body), "\n"); strings.Contains(all, text) {
		d.t.Errorf("the screen says %q:\n%s", text, all)
	}
}

// lay lays the screen on top out in a window.
func (d *desk) lay() fyne.Window {
	w := test.NewWindow(d.top().Body)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1280, 744))
	d.t.Cleanup(w.Close)
	return w
}

// look keeps a picture of the screen on top, as the window shows it, where ZOUCUN_PICTURES says.
func (d *desk) look(name string, height ...float32) {
	d.t.Helper()
	dir := os.Getenv("ZOUCUN_PICTURES")
	if dir == "" {
		return
	}
	top := d.top()
	bar := widgets.NewTopBar()
	bar.Set(widgets.TopBarSpec{Title: top.Title, Subtitle: top.Subtitle, Actions: top.Actions})
	frame := widgets.NewFrame()
	frame.Set([]fyne.CanvasObject{bar.Object}, top.Body)
	w := test.NewWindow(frame)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1280, append(height, 800)[0]))
	d.t.Cleanup(w.Close)
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, w.Canvas().Capture()); err != nil {
		d.t.Fatal(err)
	}
}

// inBench shows a section in the workbench.
func (d *desk) inBench(sections ...Section) {
	NewBench(d.host, BenchSpec{Sections: sections, Who: "青塘镇 王审核"}).Open(0)
}
