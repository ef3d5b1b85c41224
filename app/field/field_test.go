package field

import (
	"context"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/assets"
	"zoucun/form"
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
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
	if top := s.top(); top.Back == nil || !top.Back() {
		s.screens = s.screens[:len(s.screens)-1]
	}
}
func (s *stack) Refresh()           {}
func (s *stack) Complain(err error) { s.complaints = append(s.complaints, err) }
func (s *stack) Tell(words string)  { s.told = append(s.told, words) }
func (s *stack) top() *view.Screen  { return s.screens[len(s.screens)-1] }

// desk is a cadre's device in the morning, and a host that does everything at once.
type desk struct {
	*stack

	t      testing.TB
	host   view.Host
	dir    string // where the store lies
	store  *store.Store
	window fyne.Window
	now    time.Time
	due    []func()
}

func newDesk(tb testing.TB, forms ...string) *desk {
	tb.Helper()
	return newDeskOf(tb, 30, forms...)
}

// newDeskOf is a desk in a township of some size.
func newDeskOf(tb testing.TB, households int, forms ...string) *desk {
	tb.Helper()
	test.NewTempApp(tb).Settings().SetTheme(widgets.NewTheme(
		widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, widgets.TextNormal))
	d := &desk{stack: &stack{}, t: tb, now: noon, dir: tb.TempDir()}
	s, err := store.Open(tb.Context(), d.dir, store.Options{Clock: func() time.Time { return d.now }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	d.store = s
	spec := device.Spec{Seed: 1, Households: households, Forms: map[string]fs.FS{}, Recipients: offices}
	for _, id := range forms {
		if spec.Forms[id], err = assets.Form(id); err != nil {
			tb.Fatal(err)
		}
	}
	if err := device.Prepare(tb.Context(), s, spec); err != nil {
		tb.Fatal(err)
	}
	d.host = view.Host{
		Navigator: d.stack,
		Ctx:       tb.Context,
		Now:       func() time.Time { return d.now },
		Later:     d.later,
		Do:        func(work func(context.Context) error, then func(error)) { then(work(tb.Context())) },
		PickFile:  func([]string, func(string, io.ReadCloser)) {},
	}
	return d
}

func (d *desk) later(_ time.Duration, f func()) func() {
	cancelled := false
	d.due = append(d.due, func() {
		if !cancelled {
			f()
		}
	})
	return func() { cancelled = true }
}

// wait lets time pass.
func (d *desk) wait() {
	due := d.due
	d.due = nil
	for _, f := range due {
		f()
	}
}

// begin begins a visit to the first household of the first village.
func (d *desk) begin(info survey.FormInfo) *present.Visit {
	d.t.Helper()
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	village := d.store.Villages()[0].ID
	household := d.store.SearchHouseholds(village, "", 1)[0].ID
	v, err := present.Desk{
		Forms: d.store, Keeper: d.store, Sealer: d.store, Enrolment: self, Now: d.host.Now, Later: d.host.Later,
		NextNumber: func() (int, error) { return 1, nil },
	}.Begin(d.t.Context(), info, village, household)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

// show lays a screen out in a window.
func (d *desk) show(s *view.Screen, width, height float32) {
	d.t.Helper()
	d.Push(s)
	w := test.NewWindow(s.Body)
	d.window = w
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, height))
	d.t.Cleanup(w.Close)
	d.wait()
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

// tap taps the first visible thing that says exactly this.
func (d *desk) tap(text string) {
	d.t.Helper()
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
	if all := strings.Join(words(d.top().Body), "\n"); !strings.Contains(all, text) {
		d.t.Errorf("the screen does not say %q but:\n%s", text, all)
	}
}

func (d *desk) home() *view.Screen {
	return NewHome(d.host, HomeSpec{
		Households: present.NewHouseholds(d.store, d.store.Villages()[0].ID), Facts: d.store,
		OnVisit: func(survey.RecordID) {}, OnResume: func(survey.DraftID) {},
	})
}

func TestEveryTypeOfQuestionHasAControl(t *testing.T) {
	d := newDesk(t, "QZ-01")
	v := &visit{host: d.host, presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"}), screen: &view.Screen{}}
	for kind := form.Hidden; kind <= form.Sealed; kind++ {
		b := &block{visit: v, item: present.Item{Question: form.Question{
			Type: kind, Path: "visit/door_no", Choices: []form.Choice{{Name: "a", Label: "甲"}},
		}}}
		control := v.control(b)
		if quiet := kind == form.Hidden || kind == form.Note; quiet != (control == nil) {
			t.Errorf("%v: control %v", kind, control)
		}
	}
}

func TestAVisitFromTheCardToTheList(t *testing.T) {
	d := newDesk(t, "QZ-01")
	visit := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	finished := false
	d.show(NewVisit(d.host, VisitSpec{Presenter: visit, OnFinished: func() { finished = true }}), 1280, 800)
	d.tap("1 走访情况")
	d.sees("走访日期（必填）")
	d.tap("完成走访")
	if len(d.screens) != 2 {
		t.Fatal("a visit without a result was finished")
	}
	d.sees("请选走访结果。")
	d.tap("去修改")
	d.sees("请选走访结果。")
	d.tap("家中无人")
	if all := strings.Join(words(d.top().Body), "\n"); strings.Contains(all, "请选走访结果。") {
		t.Error("the answer is there, and still called missing")
	}
	d.tap("完成走访")
	if !finished || len(d.complaints) > 0 {
		t.Fatalf("finished %v, complaints %v", finished, d.complaints)
	}
	d.show(NewLists(d.host, ListsSpec{Keeper: d.store}), 800, 1280)
	d.sees("等待发送（1）")
}

func TestSectionsAppearWithTheAnswer(t *testing.T) {
	d := newDesk(t, "QZ-01")
	d.show(NewVisit(d.host, VisitSpec{Presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})}), 1280, 800)
	d.tap("1 走访情况")
	if all := strings.Join(words(d.top().Body), "\n"); strings.Contains(all, "5 政策知晓") {
		t.Error("policies are asked of nobody")
	}
	d.tap("见到并交谈")
	d.sees("5 政策知晓")
	d.sees("交谈人数")
}

func TestTypingKeepsTheField(t *testing.T) {
	d := newDesk(t, "QZ-01")
	screen := NewVisit(d.host, VisitSpec{Presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})})
	d.show(screen, 1280, 800)
	d.tap("9 结束")
	before := fields(screen.Body)
	before[len(before)-1].SetText("支书")
	d.wait()
	after := fields(screen.Body)
	if after[len(after)-1] != before[len(before)-1] {
		t.Error("the field was made anew while it was typed into: caret and keyboard are gone")
	}
	if got := after[len(after)-1].Typed(); got != "支书" {
		t.Errorf("the field says %q", got)
	}
}

func TestWhatAFingerIsOnStaysWhenTypingEnds(t *testing.T) {
	d := newDesk(t, "QZ-01")
	screen := NewVisit(d.host, VisitSpec{Presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})})
	d.show(screen, 1280, 800)
	d.tap("9 结束")
	all := fields(screen.Body)
	before := tappables(screen.Body)
	all[len(all)-1].SetText("支书")
	d.wait()
	if after := tappables(screen.Body); !slices.Equal(before, after) {
		t.Error("buttons were made anew: a tap that began on one is lost")
	}
}

func tappables(o fyne.CanvasObject) []fyne.CanvasObject {
	var found []fyne.CanvasObject
	if _, ok := o.(fyne.Tappable); ok {
		found = append(found, o)
	}
	for _, child := range children(o) {
		found = append(found, tappables(child)...)
	}
	return found
}

func fields(o fyne.CanvasObject) []*widgets.Field {
	if f, ok := o.(*widgets.Field); ok {
		return []*widgets.Field{f}
	}
	var found []*widgets.Field
	for _, child := range children(o) {
		found = append(found, fields(child)...)
	}
	return found
}

func TestARepeatIsAddedEditedAndRemoved(t *testing.T) {
	d := newDesk(t, "QZ-01")
	screen := NewVisit(d.host, VisitSpec{Presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})})
	d.show(screen, 1280, 800)
	d.tap("1 走访情况")
	d.tap("见到并交谈")
	d.tap("4 问题登记")
	d.tap("是")
	d.tap("填写")
	d.sees("性质")
	d.tap("求助")
	d.sees("一句话说清是什么事")
	if !screen.Back() {
		t.Fatal("no way back from an instance")
	}
	d.sees("求助")
	d.tap("＋ 添加问题")
	d.sees("问题 2")
	screen.Back()
	d.tap("删除")
	d.sees("删除这一条？")
}

func TestALongListOpensOnItsOwnPage(t *testing.T) {
	d := newDesk(t, "QZ-01")
	d.show(NewVisit(d.host, VisitSpec{Presenter: d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0"})}), 1280, 800)
	d.tap("1 走访情况")
	d.tap("更改")
	if len(d.screens) != 2 || d.top().Title != "村(社区)" {
		t.Fatalf("%d screens, on top %q", len(d.screens), d.top().Title)
	}
}

func TestHomeShowsOneOrBoth(t *testing.T) {
	d := newDesk(t, "QZ-01")
	name := present.NewHouseholds(d.store, d.store.Villages()[0].ID).Rows()[0].Title
	narrow := d.home()
	d.show(narrow, 800, 1280)
	d.tap(name)
	d.sees("开始走访")
	if !narrow.CanGoBack() || !narrow.Back() || narrow.CanGoBack() {
		t.Error("a narrow window does not go back from the card to the list")
	}
	wide := d.home()
	d.show(wide, 1280, 800)
	d.tap(name)
	d.sees("开始走访")
	d.sees("共 10 户")
	if wide.CanGoBack() {
		t.Error("a wide window shows both and has nothing to go back to")
	}
}

func TestEnrolSaysWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	done := false
	screen := NewEnrol(d.host, EnrolSpec{Presenter: present.NewEnrol(refusing{}), OnDone: func() { done = true }})
	d.show(screen, 800, 1280)
	screen.Actions[0].OnTap()
	d.sees("请填写服务器地址")
	for _, f := range fields(screen.Body) {
		f.SetText("x")
	}
	screen.Actions[0].OnTap()
	d.sees("登记码已经用过。")
	if done {
		t.Error("refused, and still done")
	}
}

// refusing is a server that refuses every code.
type refusing struct{}

func (refusing) Enrol(context.Context, wire.Invite) (survey.Enrolment, error) {
	return survey.Enrolment{}, &survey.Error{Kind: survey.Denied, Op: "refusing", Message: "登记码已经用过。"}
}

func TestFatalSaysThatNothingIsLost(t *testing.T) {
	d := newDesk(t)
	d.show(NewFatal(&survey.Error{Kind: survey.Newer}, func() {}), 800, 1280)
	d.sees("请先升级本程序")
	d.sees("没有改动")
}
