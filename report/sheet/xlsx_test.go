package sheet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"zoucun/survey"
)

const sheetPart, sharedPart = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"

// TestCellsAreWhatTheLibraryReads compares every cell with what another reader of the same file says.
func TestCellsAreWhatTheLibraryReads(t *testing.T) {
	text := "张<三> & \"四\"\n第二行"
	for _, test := range []struct {
		fact string
		edit func(f *excelize.File)
		rows [][]any
	}{
		{"texts that are shared", nil, [][]any{{text, "重", "重"}, {"重", text, "_x000D_"}, {" 前后 ", "", "\t"}}},
		{"numbers", nil, [][]any{{1, 1.5, 13800000003, 1e20}, {true, false, -0.25, 12345678901234567}}},
		{"holes", nil, [][]any{{"甲", nil, nil, "丁"}, {nil}, {nil, nil, "丙"}}},
		{"text of several looks", func(f *excelize.File) {
			_ = f.SetCellRichText("Sheet1", "B1", []excelize.RichTextRun{{Text: "张", Font: &excelize.Font{Bold: true}}, {Text: "三"}})
		}, [][]any{{"户主"}}},
		{"cells that are merged", func(f *excelize.File) { _ = f.MergeCell("Sheet1", "A1", "B2") }, [][]any{{"甲", "乙"}, {"丙", "丁"}}},
		{"another sheet", func(f *excelize.File) {
			_, _ = f.NewSheet("名册")
			_ = f.SetCellStr("名册", "C3", "𬱖𠮷")
		}, [][]any{{"甲"}}},
	} {
		t.Run(test.fact, func(t *testing.T) { agrees(t, workbook(t, test.edit, test.rows...)) })
	}
}

// agrees compares what a file says here with what the library says.
func agrees(t *testing.T, data []byte) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string][][]string{}, map[string][][]string{}
	for _, name := range f.GetSheetList() {
		if want[name], err = f.GetRows(name); err != nil {
			t.Fatal(err)
		}
	}
	book, err := Read(t.Context(), "册.xlsx", data, nil)
	if err != nil {
		t.Fatal(survey.MessageOf(err), err)
	}
	for _, table := range book.Tables {
		for _, row := range table.Rows {
			for len(got[table.Name]) < row.Number {
				got[table.Name] = append(got[table.Name], nil)
			}
			got[table.Name][row.Number-1] = row.Cells
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPartsAsOtherProgramsWriteThem reads what no library of ours writes.
func TestPartsAsOtherProgramsWriteThem(t *testing.T) {
	const rows = `<sheetData><row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>户主</t></is></c></row>%</sheetData>`
	for _, test := range []struct{ fact, part, want string }{
		{"a prefix", `<x:worksheet><x:sheetData><x:row r="4"><x:c r="A4" t="str"><x:v>001</x:v></x:c><x:c r="B4"><x:v>张</x:v></x:c></x:row></x:sheetData></x:worksheet>`, "4: 001|张"},
		{"neither rows nor columns numbered", strings.Replace(rows, "%", `<row><c><v>1</v></c><c/><c><v>3</v></c></row>`, 1), "2: 1||3"},
		{"single quotes and room inside tags", strings.Replace(rows, "%", `<row r = '7' ><c r='B7' t='str' ><v >张</v ></c ></row>`, 1), "7: |张"},
		{"a sign inside an attribute", strings.Replace(rows, "%", `<row r="3" spans="1>2"><c r="A3"><v>1</v></c></row>`, 1), "3: 1"},
		{"remarks and quoted text", strings.Replace(rows, "%", `<row><!-- <c> > --><c><v><![CDATA[<1>]]></v></c><?x <c>?></row>`, 1), "2: <1>"},
		{"entities", strings.Replace(rows, "%", `<row><c t="str"><v>&#24352;&#x4e09;&amp;&lt;</v></c></row>`, 1), "2: 张三&<"},
		{"how a name is said beside it", strings.Replace(rows, "%", `<row><c t="s"><v>1</v></c></row>`, 1), "2: 張三"},
		{"rows in another order", `<sheetData><row r="9"><c><v>9</v></c></row><row r="2"><c><v>2</v></c></row></sheetData>`, "9: 9"},
		{"a tag across two reads", strings.Replace(rows, "%", strings.Repeat(" ", 1<<16-150)+`<row r="3"><c r="A3" t="str"><v>张`+strings.Repeat("三", 30_000)+`</v></c></row>`, 1), "3: 张" + strings.Repeat("三", 30_000)},
		{"a text that is not there", strings.Replace(rows, "%", `<row><c t="s"><v>7</v></c></row>`, 1), "2: 7 (这一格的内容在文件里找不到了，请重新输入)"},
		{"UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", "没有读完"},
		{"half a part", `<sheetData><row><c><v>1`, "没有读完"},
		{"a column beyond the last", `<sheetData><row><c r="ZZZZ1"><v>1</v></c></row></sheetData>`, "没有读完"},
		{"entities of its own", `<!DOCTYPE x [<!ENTITY a "b">]><sheetData><row><c><v>&a;</v></c></row></sheetData>`, "没有读完"},
	} {
		t.Run(test.fact, func(t *testing.T) {
			book := with(t, workbook(t, nil, []any{"户编号"}), sheetPart, func([]byte) []byte { return []byte(test.part) })
			book = with(t, book, sharedPart, func([]byte) []byte {
				return []byte(`<sst><si><t>户编号</t></si><si><r><t>張</t></r><rPh sb="0" eb="1"><t>zhang</t></rPh><r><t>三</t></r></si></sst>`)
			})
			if got := lastRowOf(t, book); !strings.Contains(got, test.want) {
				t.Errorf("reads %.80q, want %.80q", got, test.want)
			}
		})
	}
}

// TestOtherEncodings reads a part that says it is in GB 18030.
func TestOtherEncodings(t *testing.T) {
	part := "<?xml version=\"1.0\" encoding=\"gb18030\"?><sheetData><row><c t=\"str\"><v>\xd5\xc5</v></c></row></sheetData>"
	book := with(t, workbook(t, nil, []any{"户编号"}), sheetPart, func([]byte) []byte { return []byte(part) })
	if got := lastRowOf(t, book); got != "1: 张" {
		t.Errorf("reads %q", got)
	}
}

// lastRowOf is the last row of a file, with what is wrong with its first cell, or why the file is refused.
func lastRowOf(t *testing.T, data []byte) string {
	t.Helper()
	book, err := Read(t.Context(), "册.xlsx", data, nil)
	if err != nil {
		return survey.MessageOf(err)
	}
	table := book.Tables[0]
	row := table.Rows[len(table.Rows)-1]
	place := Place{Row: row.Number}
	text := strings.TrimRight(place.String(), "0123456789")
	text = strings.Replace(place.String(), text, "", 1) + ": " + strings.Join(row.Cells, "|")
	if why := table.Broken[place]; why != "" {
		text += " (" + why + ")"
	}
	return text
}
