package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"zoucun/internal/township"
	"zoucun/report/sheet"
	"zoucun/survey"
)

// First bytes of files.
var (
	zipped      = []byte("PK")
	oldWorkbook = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// book builds a workbook in memory: sheet after sheet, row after row.
type book struct {
	t    testing.TB
	file *excelize.File
}

func newBook(tb testing.TB) *book {
	tb.Helper()
	file := excelize.NewFile()
	tb.Cleanup(func() { _ = file.Close() })
	return &book{t: tb, file: file}
}

func (b *book) sheet(name string, rows ...[]any) *book {
	b.t.Helper()
	if b.file.GetSheetName(0) == "Sheet1" {
		b.must(b.file.SetSheetName("Sheet1", name))
	} else if _, err := b.file.NewSheet(name); err != nil {
		b.t.Fatal(err)
	}
	for n, row := range rows {
		axis, err := excelize.CoordinatesToCellName(1, n+1)
		b.must(err)
		b.must(b.file.SetSheetRow(name, axis, &row))
	}
	return b
}

func (b *book) merge(sheet, from, to string) *book {
	b.t.Helper()
	b.must(b.file.MergeCell(sheet, from, to))
	return b
}

func (b *book) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) bytes() []byte {
	b.t.Helper()
	var out bytes.Buffer
	b.must(b.file.Write(&out))
	return out.Bytes()
}

func (b *book) read() Roster {
	b.t.Helper()
	roster, err := ReadRoster(bytes.NewReader(b.bytes()))
	if err != nil {
		b.t.Fatalf("ReadRoster: %v: %s", err, survey.MessageOf(err))
	}
	return roster
}

func row(cells ...any) []any { return cells }

var plainHeader = row("村", "组", "户编号", "户主", "门牌方位", "电话", "常住", "外出", "位置类型")

// one reads a roster with a single data row below plainHeader.
func one(t *testing.T, cells ...any) Roster {
	t.Helper()
	return newBook(t).sheet("花名册", plainHeader, cells).read()
}

func TestRosterTakesWhatATownshipKeeps(t *testing.T) {
	want := survey.Household{
		Code: "001", Head: "王𬱖", Door: "村东头", Phone: "15400000001", Resident: 3, Away: 1, Location: survey.Roadside,
	}
	t.Run("plain", func(t *testing.T) {
		got := one(t, "大坪村", "1组", "001", "王𬱖", "村东头", "15400000001", "3", "1", "路边")
		rows := []RosterRow{{Sheet: "花名册", Row: 2, Village: "大坪村", Group: "1组", Household: want}}
		if diff := cmp.Diff(Roster{Rows: rows}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("numbers and full-width digits", func(t *testing.T) {
		got := one(t, "大坪村", "1组", "００１", " 王 𬱖 ", "村东头", 15400000001, 3.0, "１人", "路边户")
		if diff := cmp.Diff(want, got.Rows[0].Household); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("titles above, other names, other order, second sheet", func(t *testing.T) {
		got := newBook(t).
			sheet("说明", row("本表由各村填写")).
			sheet("表一", row("青塘镇农户花名册"), row(), row("填报日期：2026年11月"),
				row("序号", "户主\n姓名", "联系电话（手机）", "户号", "行政村", "自然村", "家庭住址", "位置 类型", "常住人口（人）", "外出人口（人）"),
				row(1, "王𬱖", "154-0000-0001", "001", "大坪村", "1组", "村东头", "路旁", 3, 1)).read()
		if len(got.Rows) != 1 || !cmp.Equal(got.Rows[0].Household, want) {
			t.Errorf("got %+v", got)
		}
		if diff := cmp.Diff([]string{"“说明”没有花名册的表头"}, got.Ignored); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("two header rows", func(t *testing.T) {
		got := newBook(t).sheet("大坪村",
			row("户编号", "户主", "人口", nil, "电话"), row(nil, nil, "常住", "外出", nil),
			row("001", "王𬱖", 3, 1, "")).read()
		if h := got.Rows[0].Household; h.Resident != 3 || h.Away != 1 || got.Rows[0].Village != "大坪村" {
			t.Errorf("got %+v", got.Rows[0])
		}
	})
	t.Run("village in the title", func(t *testing.T) {
		got := newBook(t).sheet("Sheet1", row("青塘镇大坪村农户花名册"), row("户编号", "户主"), row("1", "王一")).read()
		if got.Rows[0].Village != "大坪村" {
			t.Errorf("village %q", got.Rows[0].Village)
		}
	})
}

func TestRosterKeepsNames(t *testing.T) {
	for _, name := range []string{"李𬱖", "㛃", "王䶮", "𠮷生", "阿依古丽·买买提", "欧阳锋", "Anna Li"} {
		if got := one(t, "大坪村", "", "1", name); len(got.Rows) != 1 || got.Rows[0].Household.Head != name {
			t.Errorf("%s became %+v", name, got)
		}
	}
}

func TestVillageWrittenOnce(t *testing.T) {
	roster := newBook(t).sheet("花名册", plainHeader,
		row("大坪村", "1组", "1", "甲"), row(nil, nil, "2", "乙"), row(nil, nil, "3", "丙"), row(nil, "2组", "4", "丁"),
		row("小计", nil, nil, "4户"),
		row("柳湾村", nil, "1", "戊"), row(nil, nil, "2", "己")).
		merge("花名册", "A2", "A5").merge("花名册", "B2", "B3").read()
	var got []string
	for _, r := range roster.Rows {
		got = append(got, r.Village+r.Group+r.Household.Code)
	}
	want := []string{"大坪村1组1", "大坪村1组2", "大坪村3", "大坪村2组4", "柳湾村1", "柳湾村2"}
	if diff := cmp.Diff(want, got); diff != "" || len(roster.Faults) > 0 {
		t.Errorf("%s%v", diff, roster.Faults)
	}
}

func TestRowsThatAreNoHouseholds(t *testing.T) {
	roster := newBook(t).sheet("花名册", plainHeader,
		row("大坪村", "1组", "1", "甲"), plainHeader, row(), row("大坪村", "2组"),
		row("合计", nil, nil, nil, nil, nil, 5, 6), row("  "), row("注：外出指半年以上"), row("制表人：", nil, nil, "李四")).read()
	if len(roster.Rows) != 1 || len(roster.Faults) != 0 {
		t.Errorf("got %+v", roster)
	}
}

func TestCodesThatLostTheirZeros(t *testing.T) {
	roster := newBook(t).sheet("花名册", plainHeader,
		row("大坪村", "", "001", "甲"), row("大坪村", "", 2, "乙"), row("大坪村", "", "12", "丙"), row("柳湾村", "", 2, "丁")).read()
	var got []string
	for _, r := range roster.Rows {
		got = append(got, r.Household.Code)
	}
	if diff := cmp.Diff([]string{"001", "002", "012", "2"}, got); diff != "" {
		t.Error(diff)
	}
	again := newBook(t).sheet("花名册", plainHeader, row("大坪村", "", "001", "甲"), row("大坪村", "", 1, "乙")).read()
	if len(again.Faults) != 1 || !strings.Contains(again.Faults[0].Reason, "与第 2 行重复") {
		t.Errorf("001 and 1: %v", again.Faults)
	}
}

func TestPhoneShownInScientificNotation(t *testing.T) {
	b := newBook(t).sheet("花名册", plainHeader, row("大坪村", "", "1", "甲", "", 15400000123))
	style, err := b.file.NewStyle(&excelize.Style{NumFmt: 11})
	b.must(err)
	b.must(b.file.SetCellStyle("花名册", "F2", "F2", style))
	if got := b.read(); len(got.Rows) != 1 || got.Rows[0].Household.Phone != "15400000123" {
		t.Errorf("got %+v", got)
	}
}

func TestFaultyRows(t *testing.T) {
	cases := []struct {
		name           string
		cells          []any
		column, reason string
		value          string
	}{
		{"no head", row("大坪村", "", "1", ""), "户主", "没有户主", ""},
		{"no code", row("大坪村", "", "", "王一"), "户编号", "没有户编号", ""},
		{"negative count", row("大坪村", "", "1", "王一", "", "", -1), "常住", "负数", "-1"},
		{"half a person", row("大坪村", "", "1", "王一", "", "", 2.5), "常住", "小数", "2.5"},
		{"words for a count", row("大坪村", "", "1", "王一", "", "", "", "若干"), "外出", "不是数字", "若干"},
		{"crowd", row("大坪村", "", "1", "王一", "", "", 300), "常住", "超过", "300"},
		{"short phone", row("大坪村", "", "1", "王一", "", "1540000123"), "电话", "11 位", "154*****23"},
		{"rounded phone", row("大坪村", "", "1", "王一", "", "1.54E+10"), "电话", "科学计数法", "1.5***10"},
		{"two phones", row("大坪村", "", "1", "王一", "", "15400000001、15400000002"), "电话", "两个电话", "154********02"},
		{"private-use character", row("大坪村", "", "1", "王\ue863"), "户主", "可能是“䶮”", "王*"},
		{"private-use without a successor", row("大坪村", "", "1", "王\uf000"), "户主", "U+F000", "王*"},
		{"lost character", row("大坪村", "", "1", "李\ufffd"), "户主", "丢了", "李*"},
		{"question mark", row("大坪村", "", "1", "李?"), "户主", "丢了", "李*"},
		{"formula error", row("大坪村", "", "1", "#N/A"), "户主", "公式出错", "#***"},
		{"unknown location", row("大坪村", "", "1", "王一", "", "", "", "", "上面"), "位置类型", "路边", "上面"},
		{"over-long door", row("大坪村", "", "1", "王一", strings.Repeat("远", 41)), "门牌方位", "最多 40", strings.Repeat("远", 20) + "…"},
		{"over-long code", row("大坪村", "", strings.Repeat("1", 33), "王一"), "户编号", "最多 32", strings.Repeat("1", 20) + "…"},
		{"no village", row("", "", "1", "王一"), "村", "没有村名", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := one(t, c.cells...)
			if len(got.Rows) != 0 || len(got.Faults) != 1 {
				t.Fatalf("rows %v, faults %v; want one fault", got.Rows, got.Faults)
			}
			fault := got.Faults[0]
			if fault.Row != 2 || fault.Column != c.column || !strings.Contains(fault.Reason, c.reason) || fault.Value != c.value {
				t.Errorf("fault %+v, want column %s, reason … %s …, value %q", fault, c.column, c.reason, c.value)
			}
		})
	}
}

func TestARowNamesAllItsFaults(t *testing.T) {
	got := one(t, "大坪村", "", "", "", "", "12", "-1")
	if len(got.Faults) != 4 || got.Refused() != 1 {
		t.Errorf("%d faults in %d rows: %v", len(got.Faults), got.Refused(), got.Faults)
	}
}

func TestStaffSheet(t *testing.T) {
	got := newBook(t).sheet("工作人员", row("青塘镇"), row("序号", "姓名", "职务"),
		row(1, "尉迟𬱖", "驻村干部"), row(2, "李四", ""), row(3, "李四", "干事"), row(4, "", "干事")).read()
	want := []StaffRow{{Sheet: "工作人员", Row: 3, Name: "尉迟𬱖", Post: "驻村干部"}, {Sheet: "工作人员", Row: 4, Name: "李四"}}
	if diff := cmp.Diff(want, got.Staff); diff != "" || got.Refused() != 2 {
		t.Errorf("%s%v", diff, got.Faults)
	}
}

func TestHiddenSheetIsNamedAndNotRead(t *testing.T) {
	b := newBook(t).sheet("花名册", plainHeader, row("大坪村", "", "1", "甲")).sheet("旧表", plainHeader, row("大坪村", "", "1", "甲"))
	b.must(b.file.SetSheetVisible("旧表", false))
	got := b.read()
	if len(got.Rows) != 1 || len(got.Faults) != 0 || !cmp.Equal(got.Ignored, []string{"“旧表”是隐藏的工作表"}) {
		t.Errorf("got %+v", got)
	}
}

func TestGeneratedTownshipIsReadAsMeant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		town := township.New(rapid.Uint64Range(0, 1<<32).Draw(rt, "seed"), rapid.IntRange(1, 90).Draw(rt, "households"))
		roster := readTownship(t, town)
		if len(roster.Rows) != len(town.Good()) || len(roster.Staff) != len(town.Staff) {
			rt.Fatalf("%d rows of %d, %d staff; %v", len(roster.Rows), len(town.Good()), len(roster.Staff), roster.Faults)
		}
		for n, want := range town.Good() {
			got := roster.Rows[n]
			if got.Household.Head != want.Head || got.Village != want.Village || got.Group != want.Group ||
				got.Household.Code != want.Code || got.Household.Phone != want.Phone || got.Household.Door != want.Door {
				rt.Fatalf("row %d: got %+v, want %+v", n, got, want)
			}
		}
		if got, want := roster.Refused(), len(town.Rows)-len(town.Good()); got != want {
			rt.Fatalf("%d refused rows, want %d", got, want)
		}
	})
}

func readTownship(t *testing.T, town township.Township) Roster {
	t.Helper()
	var file bytes.Buffer
	if err := town.Write(&file); err != nil {
		t.Fatal(err)
	}
	roster, err := ReadRoster(&file)
	if err != nil {
		t.Fatal(err)
	}
	return roster
}

func TestFilesThatAreNoRosters(t *testing.T) {
	good := newBook(t).sheet("花名册", plainHeader, row("大坪村", "", "1", "甲")).bytes()
	var locked bytes.Buffer
	if err := newBook(t).sheet("花名册", plainHeader).file.Write(&locked, excelize.Options{Password: "1"}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name     string
		data     []byte
		sentence string
	}{
		{"empty", nil, "空的"},
		{"half written", good[:len(good)/2], "不完整"},
		{"with a password", locked.Bytes(), "密码"},
		{"an old .xls", append(bytes.Clone(oldWorkbook), make([]byte, 512)...), ".xls"},
		{"a text file", []byte("村,组,户主\n"), "不是 .xlsx"},
		{"too large", append(bytes.Clone(zipped), make([]byte, sheet.MaxFile)...), "32 MB"},
		{"another workbook", newBook(t).sheet("账", row("日期", "金额"), row("1月", 5)).bytes(), "没有找到花名册"},
		{"no code column", newBook(t).sheet("册", row("村", "户主", "电话"), row("大坪村", "甲", "")).bytes(), "缺少“户编号”列"},
		{"no village anywhere", newBook(t).sheet("册", row("户编号", "户主"), row("1", "甲")).bytes(), "没有“村”列"},
		{"only a header", newBook(t).sheet("册", plainHeader).bytes(), "没有内容"},
		{"too wide", tooWide(t), "256 列"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			roster, err := ReadRoster(bytes.NewReader(c.data))
			if survey.KindOf(err) != survey.Invalid || !strings.Contains(survey.MessageOf(err), c.sentence) {
				t.Errorf("got %+v, %v (%s); want a sentence with %s", roster, err, survey.MessageOf(err), c.sentence)
			}
		})
	}
}

func tooWide(t *testing.T) []byte {
	t.Helper()
	b := newBook(t).sheet("花名册", plainHeader)
	b.must(b.file.SetCellStr("花名册", "XFD2", "x"))
	return b.bytes()
}

type brokenReader struct{}

var errRead = errors.New("device gone")

func (brokenReader) Read([]byte) (int, error) { return 0, errRead }

func TestUnreadableSource(t *testing.T) {
	_, err := ReadRoster(brokenReader{})
	if survey.KindOf(err) != survey.Unavailable || !errors.Is(err, errRead) {
		t.Errorf("got %v", err)
	}
}

func FuzzReadRoster(f *testing.F) {
	good := newBook(f).sheet("花名册", plainHeader, row("大坪村", "1组", "001", "王𬱖", "村东头", 15400000001, 3, "１", "路边")).
		merge("花名册", "A2", "A5").bytes()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PK\x03\x04"))
	f.Add(oldWorkbook)
	f.Fuzz(func(t *testing.T, data []byte) {
		roster, err := ReadRoster(bytes.NewReader(data))
		if err != nil && survey.MessageOf(err) == "" {
			t.Errorf("no sentence for %v", err)
		}
		for _, row := range roster.Rows {
			checkTaken(t, row)
		}
	})
}

// FuzzRosterRow gives a row's cells any text.
func FuzzRosterRow(f *testing.F) {
	f.Add("大坪村", "1组", "001", "王𬱖", "村东头", "15400000001", "3", "１", "路边")
	f.Add("大坪村", "", "1.0", "李\ue863", "", "1.54E+10", "-1", "若干", "上面")
	f.Add("", "", "合计", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, village, group, code, head, door, phone, resident, away, location string) {
		g := &grid{name: "册", rows: [][]string{nil, {village, group, code, head, door, phone, resident, away, location}}}
		for _, title := range plainHeader {
			text, _ := title.(string)
			g.rows[0] = append(g.rows[0], text)
		}
		file := excelize.NewFile()
		defer func() { _ = file.Close() }()
		g.book = file
		reader := newRosterReader()
		if err := reader.sheet(g); err != nil {
			t.Fatal(err)
		}
		reader.restoreZeros()
		if len(reader.Rows)+reader.Refused() > 1 {
			t.Errorf("one row became %d taken and %d refused", len(reader.Rows), reader.Refused())
		}
		for _, row := range reader.Rows {
			checkTaken(t, row)
		}
	})
}

func checkTaken(t *testing.T, row RosterRow) {
	t.Helper()
	h := row.Household
	if row.Village == "" || h.Head == "" || h.Code == "" || h.Resident < -1 || h.Resident > sheet.MaxCount {
		t.Errorf("took %+v", row)
	}
	for _, text := range []string{row.Village, row.Group, h.Head, h.Members, h.Code, h.Door, h.Phone} {
		if text != sheet.Clean(text) || strings.ContainsRune(text, '\ufffd') {
			t.Errorf("took %q in %+v", text, row)
		}
	}
}

func BenchmarkReadRoster50000(b *testing.B) {
	var file bytes.Buffer
	if err := township.New(1, 50_000).Write(&file); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(file.Len())/1e6, "MB")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadRoster(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
