package township

import (
	"bytes"
	"context"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"github.com/xuri/excelize/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
)

// clerk is somebody at a township's laptop with a real store, and a host that does everything at once.
type clerk struct {
	*testing.T

	store   *store.Store
	screens []*view.Screen
	window  fyne.Window
	told    []string
	wrong   []error
	saved   map[string][]byte
	roll    *workbench.Roll
}

func (c *clerk) Push(s *view.Screen)  { c.screens = append(c.screens, s); c.show() }
func (c *clerk) Reset(s *view.Screen) { c.screens = []*view.Screen{s}; c.show() }
func (c *clerk) Refresh()             {}
func (c *clerk) Complain(err error)   { c.wrong = append(c.wrong, err) }
func (c *clerk) Tell(words string)    { c.told = append(c.told, words) }
func (c *clerk) top() *view.Screen    { return c.screens[len(c.screens)-1] }
func (c *clerk) show()                { c.window.SetContent(c.top().Body) }
func (c *clerk) Back() {
	if top := c.top(); top.Back == nil || !top.Back() {
		c.screens = c.screens[:len(c.screens)-1]
		c.show()
	}
}

func newClerk(t *testing.T) *clerk {
	t.Helper()
	fonts := widgets.Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}
	test.NewTempApp(t).Settings().SetTheme(widgets.NewTheme(fonts, widgets.TextNormal))
	widgets.UseFonts(fonts)
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))
	clock := func() time.Time { now = now.Add(time.Second); return now }
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := device.Prepare(t.Context(), s, device.Spec{Seed: 7, Households: 60}); err != nil {
		t.Fatal(err)
	}
	self, _, err := s.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &clerk{
		T: t, store: s, window: test.NewTempWindow(t, container.NewWithoutLayout()), saved: map[string][]byte{},
		roll: workbench.NewRoll(s, self.Grant.Person, self.Grant.County, clock),
	}
	c.window.SetPadded(false)
	c.window.Resize(fyne.NewSize(1280, 800))
	host := view.Host{
		Navigator: c, Ctx: t.Context, Now: clock,
		Later: func(after time.Duration, f func()) func() {
			if after < progressPause {
				f() // nobody goes on typing
			}
			return func() {}
		},
		Do: func(work func(context.Context) error, then func(error)) { then(work(t.Context())) },
	}
	bench := NewBench(host, BenchSpec{Who: "清溪镇 王芳", Sections: []Section{{Name: "名册", Screen: func() *view.Screen {
		return NewRegister(host, RegisterSpec{Presenter: c.roll, Save: func(name string, data []byte) { c.saved[name] = data }})
	}}}})
	bench.Open(0)
	return c
}

// option is one answer of a choice.
type option interface {
	fyne.Tappable
	Shown() string
	Chosen() bool
}

// press taps what shows some words: a button, a row, or an action of the bar.
func (c *clerk) press(words string) {
	c.Helper()
	for _, action := range c.top().Actions {
		if strings.HasPrefix(action.Text, words) {
			action.OnTap()
			return
		}
	}
	for _, o := range test.LaidOutObjects(c.window.Content()) {
		if b, ok := o.(*widgets.Button); ok && b.Shown() == words {
			test.Tap(b)
			return
		}
		if r, ok := o.(*widgets.Row); ok && strings.HasPrefix(r.Shown(), words) {
			test.Tap(r)
			return
		}
		if one, ok := o.(option); ok && one.Shown() == words {
			test.Tap(one)
			return
		}
	}
	c.Fatalf("nothing says %q on: %s", words, c.text())
}

func (c *clerk) text() string {
	var all []string
	for _, o := range test.LaidOutObjects(c.window.Content()) {
		switch o := o.(type) {
		case *widgets.Text:
			all = append(all, o.Shown())
		}
	}
	return strings.Join(all, " ")
}

// sees fails unless the screen says all of the words.
func (c *clerk) sees(words ...string) {
	c.Helper()
	text := c.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.Errorf("the screen does not say %q: %s", w, text)
		}
	}
}

// picture keeps what the window shows where ZOUCUN_PICTURES names a folder.
func (c *clerk) picture(name string) {
	c.Helper()
	dir := os.Getenv("ZOUCUN_PICTURES")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		c.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, c.window.Canvas().Capture()); err != nil {
		c.Fatal(err)
	}
}

// type writes into the field whose prompt or place among the fields is given.
func (c *clerk) write(at int, text string) {
	c.Helper()
	n := 0
	for _, o := range test.LaidOutObjects(c.window.Content()) {
		if f, ok := o.(*widgets.Field); ok {
			if n == at {
				f.SetText(text)
				return
			}
			n++
		}
	}
	c.Fatalf("there is no field %d", at)
}

// upper is a table of the kind offices above hand down: a title, a header of two rows with merged cells, a total.
func (c *clerk) upper(rows ...[]any) []byte {
	c.Helper()
	f := excelize.NewFile()
	set := func(cell string, values []any) {
		if err := f.SetSheetRow("Sheet1", cell, &values); err != nil {
			c.Fatal(err)
		}
	}
	set("A1", []any{"清溪镇农户情况登记表"})
	set("A2", []any{"序号", "村名", "组别", "户编号", "户主姓名", "人口", nil, "联系电话"})
	set("A3", []any{nil, nil, nil, nil, nil, "常住", "外出"})
	for _, m := range [][2]string{{"A1", "H1"}, {"A2", "A3"}, {"B2", "B3"}, {"C2", "C3"}, {"D2", "D3"}, {"E2", "E3"}, {"F2", "G2"}, {"H2", "H3"}} {
		if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
			c.Fatal(err)
		}
	}
	for i, row := range rows {
		set("A"+string(rune('4'+i)), row)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		c.Fatal(err)
	}
	return b.Bytes()
}

func (c *clerk) drop(name string, data []byte) {
	c.screens[0].Drop(name, io.NopCloser(bytes.NewReader(data)))
}

func TestRegisterIsEditedAndUndone(t *testing.T) {
	c := newClerk(t)
	village := c.store.Villages()[0]
	h := c.store.SearchHouseholds(village.ID, "", 1)[0]
	c.sees("村和组", "户", "包村包组包户", "承办单位", "政策卡", "轮次", village.Name, h.Head)
	c.picture("register-households")
	c.press(h.Head)
	c.sees("改动记录", "只发给能看这个村的平板")
	c.write(5, "１３９ 0000 0001")
	c.press("保存")
	if now, err := c.store.Household(t.Context(), h.ID); err != nil || now.Phone != "13900000001" {
		t.Fatalf("the phone is %q, %v", now.Phone, err)
	}
	c.press(h.Head)
	c.sees("→ 13900000001")
	c.picture("register-history")
	c.press("撤销这次改动")
	if now, err := c.store.Household(t.Context(), h.ID); err != nil || now.Phone != h.Phone {
		t.Errorf("after undoing the phone is %q, %v", now.Phone, err)
	}
	c.press(h.Head)
	c.press("停用……")
	c.press("停用")
	c.sees("请写明为什么停用")
	if len(c.wrong) > 0 {
		t.Error(c.wrong)
	}
}

func TestVacanciesOfTheChainAreShownAndFilled(t *testing.T) {
	c := newClerk(t)
	var staff string
	lines, _, err := c.roll.List(t.Context(), workbench.Registers[2], survey.RecordID{}, "")
	if err != nil || len(lines) == 0 {
		t.Fatal(err)
	}
	staff = lines[0].Title
	c.press("包村包组包户")
	c.sees("空缺", "包村", "包组")
	c.press("包村　")
	c.press("点这里选择")
	c.picture("register-staff")
	c.write(0, "lay") // 刘安玉
	c.press(staff)
	c.sees(staff)
	c.press("保存")
	c.sees(staff, "2026-11-26 起")
	c.picture("register-chain")
	if len(c.wrong) > 0 {
		t.Error(c.wrong)
	}
}

func TestOfTwoWithOneNameEitherIsPicked(t *testing.T) {
	c := newClerk(t)
	ctx, staff, chain := t.Context(), workbench.Registers[2], workbench.Registers[3]
	lines, _, err := c.roll.List(ctx, staff, survey.RecordID{}, "")
	if err != nil {
		t.Fatal(err)
	}
	twin := survey.Amendment{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeStaff, Kind: survey.Put, Scope: lines[0].Scope,
		Fields: survey.Fields{survey.StaffName: lines[0].Title, survey.StaffPost: "驻村干部"},
	}
	if err := c.store.Amend(ctx, twin); err != nil {
		t.Fatal(err)
	}
	village := c.store.Villages()[0].ID
	posts, _, err := c.roll.List(ctx, chain, village, "")
	if err != nil {
		t.Fatal(err)
	}
	s := c.roll.Open(chain, posts[0], village)
	who := s.Columns()[0]
	s.Values[who.Field] = lines[0].Title
	if err := c.roll.Save(ctx, s); !strings.Contains(survey.MessageOf(err), "2 位") {
		t.Errorf("a name of two people: %v", err)
	}
	offers, err := c.roll.Offers(ctx, s, who)
	if err != nil {
		t.Fatal(err)
	}
	for _, offer := range offers {
		if offer.Name != twin.Record.String() {
			continue
		}
		s.Pick(who, offer)
		if err := c.roll.Save(ctx, s); err != nil {
			t.Fatal(survey.MessageOf(err))
		}
	}
	posts, _, err = c.roll.List(ctx, chain, village, "")
	if err != nil || posts[0].Record.Fields[survey.DutyWho] != twin.Record.String() {
		t.Errorf("the village is given to %v, %v", posts[0].Record.Fields, err)
	}
}

func TestHouseholdsAreGivenGroupsOfTheirVillage(t *testing.T) {
	c := newClerk(t)
	village := c.store.Villages()[0]
	h := c.store.SearchHouseholds(village.ID, "", 1)[0]
	groups := c.store.Groups(village.ID)
	c.press(h.Head)
	c.press("更改")
	c.sees(groups[0].Name, groups[1].Name)
	c.picture("register-group")
	c.press(groups[1].Name)
	c.sees(groups[1].Name)
	c.press("偏远")
	c.picture("register-picked")
	c.press("保存")
	if now, err := c.store.Household(t.Context(), h.ID); err != nil || now.Group != groups[1].ID || now.Location != survey.Remote {
		t.Fatalf("the household is %+v, %v", now, err)
	}
	c.press(h.Head)
	c.press("更改")
	c.write(0, "新屋组")
	c.press("新屋组")
	c.press("保存")
	now, err := c.store.Household(t.Context(), h.ID)
	if added := c.store.Groups(village.ID); err != nil || len(added) != len(groups)+1 || added[len(groups)].ID != now.Group || added[len(groups)].Name != "新屋组" {
		t.Errorf("the household is in %s of %v, %v", now.Group, added, err)
	}
	if len(c.wrong) > 0 {
		t.Error(c.wrong)
	}
}

func TestImportIsPreviewedWrittenAndTakenBack(t *testing.T) {
	c := newClerk(t)
	village := c.store.Villages()[0]
	h := c.store.SearchHouseholds(village.ID, "", 1)[0]
	before := c.store.HouseholdCount(village.ID)
	data := c.upper(
		[]any{1, village.Name, "", h.Code, h.Head, "", "", "13700000002"},
		[]any{2, village.Name, "新组", "N-001", "𬱖𠮷", "３", "1", 13800000003},
		[]any{3, village.Name, "新组", "N-001", "重号", "3", "1", ""},
		[]any{4, "没有村", "", "N-002", "王一", "3", "1", ""},
		[]any{"合计", "", "", "", "", 9, 3, ""},
	)
	c.drop("农户情况.xlsx", data)
	c.sees("每一列算什么", "人口/常住", "→ 常住人数", "→ 户编号")
	c.picture("import-columns")
	c.press("看要改什么")
	c.sees("新增 1", "改动 1", "拒绝 2", "D6", "与第 5 行重复", "B7", "本机没有“没有村”")
	c.Back()
	c.press("看要改什么") // once more: the file is read again
	c.sees("新增 1", "改动 1", "拒绝 2", "D6")
	c.picture("import-refused")
	c.press("改动 1")
	c.sees("→ 13700000002")
	c.picture("import-changed")
	if c.store.HouseholdCount(village.ID) != before {
		t.Error("something was written before anybody said so")
	}
	c.press("写入")
	if n := c.store.HouseholdCount(village.ID); n != before+1 || len(c.wrong) > 0 {
		t.Fatalf("%d households, want %d; %v", n, before+1, c.wrong)
	}
	found := c.store.SearchHouseholds(village.ID, "N-001", 1)[0]
	if found.Head != "𬱖𠮷" || found.Phone != "13800000003" || found.Resident != 3 || found.Group.IsZero() {
		t.Errorf("the new household is %+v", found)
	}
	c.drop("农户情况.xlsx", data)
	c.sees("已按上次的选法")
	c.press("看要改什么")
	c.sees("新增 0", "改动 0", "不变 2")
	c.Back()
	c.Back()
	c.press("导入记录")
	c.picture("imports")
	c.press("撤销……")
	c.press("整批撤销")
	if n := c.store.HouseholdCount(village.ID); n != before || len(c.wrong) > 0 {
		t.Errorf("%d households after taking the import back, want %d; %v", n, before, c.wrong)
	}
	if now, err := c.store.Household(t.Context(), h.ID); err != nil || now.Phone != h.Phone {
		t.Errorf("the phone is %q, want %q", now.Phone, h.Phone)
	}
}

func TestAnUpperTableIsFilled(t *testing.T) {
	c := newClerk(t)
	village := c.store.Villages()[0]
	c.drop("上级表.xlsx", c.upper([]any{"填表人：", "", "", "", "", "", "", ""}))
	c.press("填这张表")
	if len(c.wrong) > 0 {
		t.Fatal(c.wrong)
	}
	book, err := excelize.OpenReader(bytes.NewReader(c.saved["已填-上级表.xlsx"]))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	all := c.store.SearchHouseholds(village.ID, "", 0)
	if rows[0][0] != "清溪镇农户情况登记表" || rows[3][4] != all[0].Head || rows[3][3] != all[0].Code {
		t.Errorf("the table begins %q", rows[:4])
	}
	last := rows[len(rows)-1]
	if len(rows) != 3+len(all)+1 || !slices.Contains(last, "填表人：") {
		t.Errorf("%d rows, the last %q; want the foot below %d households", len(rows), last, len(all))
	}
}

func TestWhatIsExportedIsReadBackUnchanged(t *testing.T) {
	c := newClerk(t)
	c.press("导出")
	c.picture("register-export")
	c.press("存成表格 .xlsx")
	c.press("存成文本 .csv")
	if len(c.saved) != 2 {
		t.Fatalf("%d files", len(c.saved))
	}
	for name, data := range c.saved {
		c.drop(name, data)
		c.press("看要改什么")
		c.sees("新增 0", "改动 0", "拒绝 0")
		c.Back()
		c.Back()
	}
	if len(c.wrong) > 0 {
		t.Error(c.wrong)
	}
}
