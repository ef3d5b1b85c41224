package township

import (
	"context"
	"crypto/rand"
	"image/png"
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
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// office is a township's laptop with a real store, to which two cadres' tablets have brought what they wrote.
type office struct {
	*testing.T

	store   *store.Store
	now     time.Time
	bench   *Bench
	decide  *workbench.Decide
	twins   *workbench.Twins
	shown   *view.Screen
	window  fyne.Window
	said    []string
	wrong   []error
	village survey.RecordID
	heard   map[survey.ScopeID]uint64
	writers [2]survey.Staff
	devices [2]survey.DeviceID
}

func (o *office) Push(s *view.Screen)  { o.Reset(s) }
func (o *office) Back()                {}
func (o *office) Refresh()             {}
func (o *office) Complain(err error)   { o.wrong = append(o.wrong, err) }
func (o *office) Tell(words string)    { o.said = append(o.said, words) }
func (o *office) Reset(s *view.Screen) { o.shown = s; o.window.SetContent(s.Body) }

func newOffice(t *testing.T) *office {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(widgets.NewTheme(
		widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, widgets.TextNormal))
	widgets.UseFonts(widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()})
	o := &office{T: t, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.FixedZone("CST", 8*3600)), heard: map[survey.ScopeID]uint64{}}
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: o.tick})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	o.store = s
	if err := device.Prepare(t.Context(), s, device.Spec{Seed: 1, Households: 60}); err != nil {
		t.Fatal(err)
	}
	o.village = s.Villages()[0].ID
	staff := s.Staff()
	o.writers = [2]survey.Staff{staff[1], staff[2]}
	o.devices = [2]survey.DeviceID{survey.NewID[survey.DeviceID](), survey.NewID[survey.DeviceID]()}
	cursors, err := s.Cursors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cursors {
		o.heard[c.Scope] = c.Seq
	}
	o.window = test.NewWindow(nil)
	o.window.SetPadded(false)
	o.window.Resize(fyne.NewSize(1280, 740)) // 800 less the bar
	t.Cleanup(o.window.Close)
	return o
}

func (o *office) tick() time.Time {
	o.now = o.now.Add(time.Second)
	return o.now
}

// hear brings a revision that one of the tablets wrote.
func (o *office) hear(by int, h survey.Header, fields survey.Fields, note string, off time.Duration) {
	o.Helper()
	at := o.tick()
	h.Author, h.Device, h.HLC, h.Wall = o.writers[by].ID, o.devices[by], survey.HLC(0).Next(at), survey.MillisOf(at.Add(off))
	h.Scope = survey.VillageScope(o.village)
	for path := range fields {
		h.Touched = append(h.Touched, path)
	}
	body := survey.Body{Fields: survey.Fields{}, Note: note}
	if held, err := o.store.Holding(o.Context(), h.Record); err == nil && h.Kind == survey.Put {
		for path, value := range held.Statements[0].Body.Fields {
			body.Fields[path] = value
		}
	}
	for path, value := range fields {
		body.Fields[path] = value
	}
	r, err := wire.SealRevision(h, body, rand.Reader)
	if err != nil {
		o.Fatal(err)
	}
	self, _, err := o.store.Enrolment(o.Context())
	if err != nil {
		o.Fatal(err)
	}
	after := o.heard[h.Scope]
	page := wire.FeedPage{Scope: h.Scope, Epoch: self.Epoch, After: after, Items: []wire.FeedItem{{Seq: after + 1, Op: wire.FeedPut, HLC: h.HLC, Revision: r}}}
	if err := o.store.ApplyPage(o.Context(), page); err != nil {
		o.Fatal(err)
	}
	o.heard[h.Scope]++
}

// apart lets both tablets change a household without knowing of one another.
func (o *office) apart(home survey.RecordID, one, other survey.Fields) {
	o.Helper()
	held, err := o.store.Holding(o.Context(), home)
	if err != nil {
		o.Fatal(err)
	}
	h := survey.Header{Record: home, Type: survey.TypeHousehold, Kind: survey.Put, Parents: held.Record.Heads}
	o.hear(0, h, one, "本人说号码换了", 0)
	o.hear(1, h, other, "", 3*time.Hour)
}

func (o *office) homes() []survey.FoundHousehold { return o.store.SearchHouseholds(o.village, "", 0) }

// sit opens the workbench.
func (o *office) sit(section int) {
	words := workbench.NewWords(o.store)
	self, _, _ := o.store.Enrolment(o.Context())
	me := survey.Staff{ID: self.Grant.Person, Name: self.Grant.Name}
	now := func() time.Time { return o.now }
	o.decide, o.twins = workbench.NewDecide(o.store, words, me, now), workbench.NewTwins(o.store, words, me, now)
	host := view.Host{
		Navigator: o, Ctx: o.Context, Now: now,
		Later: func(_ time.Duration, f func()) func() { return func() {} },
		Do:    func(work func(context.Context) error, then func(error)) { then(work(o.Context())) },
	}
	count := func() { o.bench.Count() }
	o.bench = NewBench(host, BenchSpec{Who: "青溪镇 周芳", Sections: []Section{
		{Name: "待决", Screen: func() *view.Screen { return NewDecide(host, DecideSpec{o.decide, count}) }, Wait: func() string { return waits(o.decide.Len()) }},
		{Name: "疑似重复", Screen: func() *view.Screen { return NewTwins(host, TwinsSpec{o.twins, count}) }},
	}})
	o.bench.Open(section)
}

func waits(n int) string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("|", n)
}

// look keeps a picture of the window where ZOUCUN_PICTURES says.
func (o *office) look(name string) {
	dir := os.Getenv("ZOUCUN_PICTURES")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		o.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, o.window.Canvas().Capture()); err != nil {
		o.Fatal(err)
	}
}

// press types a character that no field wants.
func (o *office) press(keys string) {
	for _, key := range keys {
		o.shown.Typed(key)
	}
}

func (o *office) sees(text string) {
	o.Helper()
	if all := strings.Join(textsIn(o.shown.Body), "\n"); !strings.Contains(all, text) {
		o.Errorf("the screen does not say %q but:\n%s", text, all)
	}
}

func (o *office) tap(text string) {
	o.Helper()
	if !tapFirst(o.shown.Body, text) {
		o.Fatalf("nothing to tap says %q; there is %q", text, textsIn(o.shown.Body))
	}
}

func textsIn(ob fyne.CanvasObject) []string {
	if ob == nil || !ob.Visible() {
		return nil
	}
	var said []string
	if s, ok := ob.(interface{ Shown() string }); ok {
		said = append(said, s.Shown())
	}
	for _, child := range partsOf(ob) {
		said = append(said, textsIn(child)...)
	}
	return said
}

func partsOf(ob fyne.CanvasObject) []fyne.CanvasObject {
	switch ob := ob.(type) {
	case *fyne.Container:
		return ob.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{ob.Content}
	case fyne.Widget:
		return test.WidgetRenderer(ob).Objects()
	}
	return nil
}

func tapFirst(ob fyne.CanvasObject, text string) bool {
	if ob == nil || !ob.Visible() {
		return false
	}
	s, says := ob.(interface{ Shown() string })
	if tappable, ok := ob.(fyne.Tappable); ok && says && strings.HasPrefix(s.Shown(), text) {
		tappable.Tapped(&fyne.PointEvent{})
		return true
	}
	for _, child := range partsOf(ob) {
		if tapFirst(child, text) {
			return true
		}
	}
	return false
}

func phoneOf(number string) survey.Fields { return survey.Fields{survey.HouseholdPhone: number} }

func TestDecideByKeys(t *testing.T) {
	o := newOffice(t)
	homes := o.homes()
	o.apart(homes[0].ID, phoneOf("13900000002"), phoneOf("13700000003"))
	o.apart(homes[1].ID, survey.Fields{survey.HouseholdMembers: "王强、王丽"}, survey.Fields{survey.HouseholdMembers: "王强、赵小敏"})
	o.apart(homes[2].ID, phoneOf("13600000004"), survey.Fields{survey.HouseholdDoor: "4组9号"})
	o.sit(0)
	o.look("decide-card")
	o.sees("时间不确定")
	o.sees("还有 2 条要定")
	o.sees("本人说号码换了")
	first := homes[0].ID
	if o.decide.Len() != 2 {
		t.Fatalf("%d cards", o.decide.Len())
	}
	o.press("1")
	o.sees("就这样定")
	o.look("decide-confirm")
	if n, _ := o.store.ConflictCount(t.Context()); n != 2 {
		t.Error("something was written before it was confirmed")
	}
	o.press("1")
	o.sees("还有 1 条要定") // the next by itself
	o.press("3")       // both, or nothing where the field is no set
	o.press("3")
	o.press("11")
	h, err := o.store.Household(t.Context(), first)
	n, errCount := o.store.ConflictCount(t.Context())
	if err != nil || errCount != nil || h.Conflicted || n != 0 || o.decide.Len() != 0 {
		t.Errorf("decided: %+v, %d conflicts, %v %v", h, n, err, errCount)
	}
	o.sees("没有要定的")
	o.tap("自动合并的")
	o.sees("4组9号")
	o.look("decide-merged")
	o.tap("已经定的")
	o.look("decide-past")
	o.tap("撤销")
	o.sees("撤销以后")
	o.tap("就这样定")
	if o.decide.Len() != 1 {
		t.Errorf("taken back: %d cards; wrong %v", o.decide.Len(), o.wrong)
	}
	if len(o.wrong) > 0 {
		t.Error(o.wrong)
	}
}

func TestDecideAsksAndWaits(t *testing.T) {
	o := newOffice(t)
	o.apart(o.homes()[0].ID, phoneOf("13900000002"), phoneOf("13700000003"))
	o.sit(0)
	o.tap("都不对，另写")
	o.press("1") // the digits belong to the field now
	o.sees("用这个值")
	o.look("decide-write")
	o.tap("不写了")
	o.tap("问" + o.writers[0].Name)
	o.sees("回答以后自动定下来")
	o.tap("就这样定")
	o.sees("没有要定的")
	o.tap("等别人回答")
	o.sees("收回，自己定")
	o.look("decide-waiting")
	o.tap("收回，自己定")
	if o.decide.Len() != 1 || len(o.wrong) > 0 {
		t.Errorf("recalled: %d cards, %v", o.decide.Len(), o.wrong)
	}
}

func TestTwinsByKeys(t *testing.T) {
	o := newOffice(t)
	homes := o.homes()
	for i, h := range homes[:3] {
		o.hear(i%2, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeHousehold, Kind: survey.Put}, survey.Fields{
			survey.HouseholdHead: h.Head, survey.HouseholdDoor: h.Door, survey.HouseholdGroup: h.Group.String(), survey.HouseholdVillage: o.village.String(),
			survey.HouseholdPhone: []string{"13800009999", "", h.Phone}[i],
		}, "", 0)
	}
	before := len(o.homes())
	o.sit(1)
	pairs, ready := o.twins.Pairs()
	if !ready || len(pairs) != 3 {
		t.Fatalf("%d pairs, ready %v: %+v", len(pairs), ready, pairs)
	}
	o.sees("是不是同一户")
	o.look("twins-pair")
	o.press("1")
	o.sees("以后只列")
	o.look("twins-confirm")
	o.press("1")
	o.press("22")
	o.press("11")
	if left := len(o.homes()); left != before-2 || len(o.wrong) > 0 {
		t.Errorf("%d of %d households left, %v", left, before, o.wrong)
	}
	o.sees("没有疑似重复的")
	o.tap("已经并的")
	o.look("twins-joints")
	o.tap("拆开")
	o.tap("拆开")
	if links, err := o.store.Links(t.Context()); err != nil || len(links) != 3 {
		t.Errorf("links %v, %v", links, err)
	}
}
