package report

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"zoucun/form/xform"
	"zoucun/report/sheet"
	"zoucun/survey"
)

const (
	keyA = "0192f0c1-0000-7000-8000-00000000000a"
	keyB = "0192f0c1-0000-7000-8000-00000000000b"
)

var (
	villageID   = survey.RecordID{1}
	householdID = survey.RecordID{2}
	visitID     = survey.RecordID{3}
)

func demo() Data {
	form := Form{ID: "QZ-01", Version: "1.1", Title: "群众工作调查表", Questions: []Question{
		{Field: "visit/result", Label: "结果", Choice: true, Choices: map[string]string{"talked": "见到并交谈"}},
		{Field: "visit/village", Label: "村", Choice: true},
		{Field: "visit/seen", Label: "实地", Choice: true, Many: true, Choices: map[string]string{"road": "道路", "water": "饮水"}},
		{Field: "policy/a/aware", Group: "养老保险", Label: "知晓"},
		{Field: "policy/b/aware", Group: "医保", Label: "知晓"},
		{Field: "issues/title", Repeat: "issues", Label: "一句话"},
		{Field: "issues/nature", Repeat: "issues", Label: "性质", Choice: true, Choices: map[string]string{"ask": "咨询"}, Saved: Property{"problem", "nature"}},
		{Field: "hh/livelihood", Label: "收入来源", Choice: true, Many: true, Choices: map[string]string{"farming": "种植", "herding": "养殖"}, Saved: Property{"household", "livelihood"}},
	}}
	older := Form{ID: "QZ-01", Version: "1.0", Questions: []Question{
		{Field: "visit/result", Label: "结果", Choice: true, Choices: map[string]string{"gone": "不在", "talked": "谈了"}},
		{Field: "visit/dropped", Label: "旧题"},
	}}
	return Data{Forms: []Form{form, older}, Records: []survey.Record{
		{ID: visitID, Type: survey.TypeVisit, Scope: survey.VillageScope(villageID), Form: "QZ-01", Fields: survey.Fields{
			survey.VisitHousehold: householdID.String(), survey.VisitName: "王𬱖 11月",
			"visit/result": "talked", "visit/village": villageID.String(), "visit/seen": "road fire water",
			"issues[" + survey.FieldPath(keyB) + "]/title": "=HYPERLINK(\"http://x\",\"看\")",
			"issues[" + survey.FieldPath(keyA) + "]/title": "路灯不亮", "issues[" + survey.FieldPath(keyA) + "]/nature": "ask",
			"unheard/of": "001",
		}},
		{ID: villageID, Type: survey.TypePlace, Fields: survey.Fields{survey.PlaceName: "大坪村"}},
		{ID: householdID, Type: survey.TypeHousehold, Scope: survey.VillageScope(villageID), Fields: survey.Fields{
			survey.HouseholdHead: "王𬱖", survey.HouseholdCode: "007", "livelihood": "farming herding", survey.HouseholdLocation: "remote", sheet.Stamped: "x=y",
		}},
		{ID: survey.RecordID{4}, Type: survey.TypeProblem, Scope: survey.VillageScope(villageID), Voided: true, Fields: survey.Fields{
			survey.ProblemTitle: "路灯不亮", survey.ProblemHousehold: householdID.String(), survey.ProblemNature: "ask",
		}},
	}}
}

// cells returns a table's rows as maps by column name.
func cells(table Table) []map[string]string {
	var rows []map[string]string
	for _, row := range table.Rows {
		byName := map[string]string{}
		for n, column := range table.Columns {
			if row[n] != "" {
				byName[column.Name] = row[n]
			}
		}
		rows = append(rows, byName)
	}
	return rows
}

func TestTables(t *testing.T) {
	tables := Tables(demo())
	var names []string
	for _, table := range tables {
		names = append(names, table.Name)
	}
	if diff := cmp.Diff([]string{"QZ-01", "QZ-01 issues", "户", "问题"}, names); diff != "" {
		t.Fatal(diff)
	}
	lead := map[string]string{"id": visitID.String(), "state": "有效", "village": "大坪村"}
	with := func(more map[string]string) map[string]string {
		for name, value := range lead {
			if more[name] == "" {
				more[name] = value
			}
		}
		return more
	}
	want := [][]map[string]string{
		{with(map[string]string{
			"household_code": "007", "household_head": "王𬱖", "meta/instanceName": "王𬱖 11月", "meta/household": householdID.String(),
			"visit/result": "talked", "visit/result#text": "见到并交谈", "visit/village": villageID.String(), "visit/village#text": "大坪村",
			"visit/seen": "road fire water", "visit/seen#text": "道路、fire、饮水", "unheard/of": "001",
		})},
		{
			with(map[string]string{"instance": keyA, "issues/title": "路灯不亮", "issues/nature": "ask", "issues/nature#text": "咨询"}),
			with(map[string]string{"instance": keyB, "issues/title": "=HYPERLINK(\"http://x\",\"看\")"}),
		},
		{with(map[string]string{"id": householdID.String(), "code": "007", "label": "王𬱖", "livelihood": "farming herding", "livelihood#text": "种植、养殖", "location_class": "remote", "location_class#text": "偏远"})},
		{with(map[string]string{"id": survey.RecordID{4}.String(), "state": "已作废", "label": "路灯不亮", "household": householdID.String(), "household#text": "王𬱖", "nature": "ask", "nature#text": "咨询"})},
	}
	for n, table := range tables {
		if diff := cmp.Diff(want[n], cells(table)); diff != "" {
			t.Errorf("%s:\n%s", table.Name, diff)
		}
	}
}

func TestColumnsFollowTheForm(t *testing.T) {
	var labels []string
	for _, column := range Tables(demo())[0].Columns {
		labels = append(labels, column.Label)
	}
	want := "记录编号 状态 村 户编号 户主 名称 户的记录编号 审核 审核意见 结果 结果（文字） 村 村（文字） 实地 实地（文字） 养老保险 · 知晓 医保 · 知晓 收入来源 收入来源（文字） 旧题 "
	if got := strings.Join(labels, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFormOfAVisitThatDoesNotSay(t *testing.T) {
	data := demo()
	data.Records[0].Form = ""
	if rows := Tables(data)[0].Rows; len(rows) != 1 {
		t.Errorf("%d visits of QZ-01, want the one whose fields it knows", len(rows))
	}
	data.Records[0].Form = "QZ-99"
	tables := Tables(data)
	if len(tables[0].Rows) != 0 || len(tables[2].Rows) != 1 || tables[2].Name != "其他走访" {
		t.Errorf("a visit of an unknown form is in %+v", tables)
	}
}

func TestNothingRecordedIsLeftOut(t *testing.T) {
	path := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"visit", "result", "issues", "title", "x", "issues[" + keyA + "]", "x[" + keyB + "]"}), 1, 4),
		func(steps []string) survey.FieldPath { return survey.FieldPath(strings.Join(steps, "/")) })
	rapid.Check(t, func(t *rapid.T) {
		data := demo()
		fields := survey.Fields{}
		for n, field := range rapid.SliceOfN(path, 1, 6).Draw(t, "fields") {
			fields[field] = "value " + string(rune('a'+n))
		}
		data.Records[0].Fields = fields
		tables := Tables(data)
		for field, value := range fields {
			found := false
			for _, table := range tables {
				for _, row := range cells(table) {
					for _, cell := range row {
						found = found || cell == value
					}
				}
			}
			if !found {
				t.Fatalf("%s is in no table", field)
			}
		}
	})
}

func TestWrittenTextIsReadBackAsText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"=1+1", "+86", "-1", "@SUM(A1)", "007", "1e5", "TRUE", "2026-11-22", "𬱖㛃䶮𠮷", "a\nb", " 前后 ", "_x000D_", "<b>&", "\t=1",
		})).Filter(printableXML).Draw(rt, "text")
		var file bytes.Buffer
		table := Table{Name: "表", Columns: []Column{{Label: "题", Name: "q"}}, Rows: [][]string{{text}}}
		if err := Write(&file, []Table{table}); err != nil {
			rt.Fatal(err)
		}
		book, err := excelize.OpenReader(&file)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = book.Close() }()
		got, err := book.GetCellValue("表", "A3")
		if err != nil || got != text {
			rt.Fatalf("wrote %q, read %q, %v", text, got, err)
		}
		if formula, _ := book.GetCellFormula("表", "A3"); formula != "" {
			rt.Fatalf("%q became the formula %q", text, formula)
		}
		if kind, _ := book.GetCellType("表", "A3"); text != "" && kind != excelize.CellTypeInlineString {
			rt.Fatalf("%q became a cell of type %d", text, kind)
		}
	})
}

// printableXML keeps to what XML can carry; line ends other than \n are XML's to change.
func printableXML(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == '\ufffd' || r == 0xfffe || r == 0xffff
	})
}

func TestLongTextSaysThatItWasCut(t *testing.T) {
	for _, r := range []string{"字", "𠮷"} {
		got := Fitting(strings.Repeat(r, maxCellText+1))
		if !strings.HasSuffix(got, r+cutMark) {
			t.Errorf("ends in %q", got[len(got)-60:])
		}
	}
}

func TestSheetNames(t *testing.T) {
	names := SheetNames{}
	var got []string
	for _, wanted := range []string{"QZ-01", "qz-01", "a/b[c]", "", "''", strings.Repeat("长", 40), strings.Repeat("长", 40)} {
		got = append(got, names.Next(wanted))
	}
	want := []string{"QZ-01", "qz-01 2", "a b c", "表", "表 2", strings.Repeat("长", 31), strings.Repeat("长", 29) + " 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFormOf(t *testing.T) {
	definition, err := os.Open("testdata/visit.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = definition.Close() }()
	parsed, err := xform.Read(definition)
	if err != nil {
		t.Fatal(err)
	}
	want := Form{ID: "V", Version: "2", Title: "走访", Questions: []Question{
		{Field: "visit/result", Group: "走访情况", Label: "结果", Choice: true, Choices: map[string]string{"talked": "见到并交谈", "away": "家中无人"}, Order: []string{"talked", "away"}},
		{Field: "visit/village", Group: "走访情况", Label: "村", Choice: true, Choices: map[string]string{}},
		{Field: "visit/seen", Group: "走访情况", Label: "实地", Choice: true, Many: true, Choices: map[string]string{"road": "道路"}, Order: []string{"road"}},
		{Field: "total", Label: ""},
		{Field: "issues/title", Repeat: "issues", Group: "问题", Label: "…家的问题"},
		{Field: "meta/instanceID"},
	}}
	if diff := cmp.Diff(want, FormOf(parsed)); diff != "" {
		t.Error(diff)
	}
}
