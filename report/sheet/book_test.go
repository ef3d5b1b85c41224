package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"zoucun/survey"
)

// workbook makes a file out of rows, changed as edit says.
func workbook(tb testing.TB, edit func(f *excelize.File), rows ...[]any) []byte {
	tb.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			tb.Fatal(err)
		}
	}
	if edit != nil {
		edit(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// with returns a workbook with one part written anew.
func with(tb testing.TB, book []byte, part string, change func([]byte) []byte) []byte {
	tb.Helper()
	r, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	done := false
	put := func(name string, data []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			tb.Fatal(err)
		}
		if f.Name == part {
			data, done = change(data), true
		}
		put(f.Name, data)
	}
	if !done {
		put(part, change(nil))
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func gb18030(hex ...byte) []byte { return hex }

// TestFilesThatAreRefused reads what townships really pick, and wants a sentence that says what to do.
func TestFilesThatAreRefused(t *testing.T) {
	plain := workbook(t, nil, []any{"户编号", "户主"}, []any{"001", "张三"})
	locked := func() []byte {
		f, err := excelize.OpenReader(bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Write(&b, excelize.Options{Password: "1"}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	utf8Lost := []byte("户编号,户主\n001,张\ufffd\n")
	tests := []struct {
		fact, name string
		data       []byte
		want       string
	}{
		{"nothing in it", "册.xlsx", nil, "文件是空的"},
		{"no word in it", "册.xlsx", workbook(t, nil), "一个字也没有"},
		{"text without a word", "册.csv", []byte("\ufeff,,\n,,\n"), "一个字也没有"},
		{"an old workbook", "册.xls", append(bytes.Clone(oleMagic), make([]byte, 512)...), "旧的 .xls 格式"},
		{"an old workbook named anew", "册.xlsx", append(bytes.Clone(oleMagic), make([]byte, 512)...), "旧的 .xls 格式"},
		{"a password", "册.xlsx", locked(), "设了打开密码"},
		{"half a file", "册.xlsx", plain[:len(plain)/2], "已损坏"},
		{"a packed folder", "册.zip", with(t, zipOf(t, "a.txt", "x"), "b.txt", func([]byte) []byte { return nil }), "不是工作簿"},
		{"more than a file may have", "册.csv", bytes.Repeat([]byte("1,2\n"), MaxFile/4+1), "超过 32 MB"},
		{"a file that unpacks without end", "册.xlsx", with(t, plain, "xl/media/bomb.bin", func([]byte) []byte { return make([]byte, MaxUnzipped+1) }), "解开以后太大"},
		{"a character lost before", "册.csv", utf8Lost, "B2 里有一个字读不出来"},
		{"a character that the decoder does not know", "册.csv", append([]byte("001,\xd5\xc5\n002,"), gb18030(0xfe, 0x59, '\n')...), "B2 里有一个字"},
		{"a character of an old system", "册.csv", []byte("户编号,户主\n001,张\ue815\n"), "B2 里有一个字是旧系统的自造字"},
		{"half a character", "册.csv", append([]byte("\xbb\xa7,\xd6\xf7\n1,"), 0xd5), "B2 里有一个字读不出来"},
		{"text in another encoding", "册.csv", []byte("\xff\xfe7\x62,\x00"), "不是 UTF-8 或 GB 18030"},
		{"texts without end", "册.xlsx", with(t, plain, "xl/sharedStrings.xml", func([]byte) []byte { return bytes.Repeat([]byte("<si/>"), maxShared+1) }), "解开以后太大"},
		{"a picture", "册.xlsx", []byte("\x89PNG\r\n\x1a\n\x00\x00"), "另存为 .xlsx"},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			_, err := Read(t.Context(), test.name, test.data, nil)
			if got := survey.MessageOf(err); !strings.Contains(got, test.want) {
				t.Errorf("says %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

func zipOf(tb testing.TB, name, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func read(tb testing.TB, name string, data []byte) (Table, []string) {
	tb.Helper()
	book, err := Read(tb.Context(), name, data, nil)
	if err != nil {
		tb.Fatal(survey.MessageOf(err), err)
	}
	return book.Tables[0], book.Notes
}

func TestFilesAreReadByWhatTheyAre(t *testing.T) {
	text := "户编号,户主\r\n001,\"张三, 李四\"\r\n"
	gbk := append([]byte("\xbb\xa7\xb1\xe0\xba\xc5,\xbb\xa7\xd6\xf7\r\n001,"), []byte("\x95\x32\x82\x36\r\n")...) // 𠀀 in four bytes
	for _, test := range []struct {
		fact, name string
		data       []byte
		cell, note string
	}{
		{"UTF-8", "册.csv", []byte(text), "张三, 李四", ""},
		{"UTF-8 with a mark", "册.csv", []byte("\ufeff" + text), "张三, 李四", ""},
		{"GB 18030 with a rare character", "册.csv", gbk, "𠀀", ""},
		{"tabs", "册.txt", []byte("户编号\t户主\n001\t张三\n"), "张三", ""},
		{"text named .xlsx", "册.xlsx", []byte(text), "张三, 李四", "CSV 文本"},
		{"a workbook named .csv", "册.csv", workbook(t, nil, []any{"户编号", "户主"}, []any{"001", "𬱖𠮷"}), "𬱖𠮷", "Excel 工作簿"},
		{"macros", "册.xlsm", with(t, workbook(t, nil, []any{"户编号", "户主"}, []any{"001", "张三"}), "xl/vbaProject.bin", func([]byte) []byte { return []byte("x") }), "张三", "宏没有运行"},
	} {
		t.Run(test.fact, func(t *testing.T) {
			table, notes := read(t, test.name, test.data)
			if got := table.Rows[1].Cell(1); got != test.cell {
				t.Errorf("reads %q, want %q", got, test.cell)
			}
			if joined := strings.Join(notes, ""); !strings.Contains(joined, test.note) || test.note == "" && joined != "" {
				t.Errorf("notes %q", joined)
			}
		})
	}
}

func TestCellsThatCannotBeTakenAreNamed(t *testing.T) {
	book := workbook(t, nil, []any{"户编号", "户主", "门牌"}, []any{0, 0, "x"})
	part := "xl/worksheets/sheet1.xml"
	book = with(t, book, part, func(xml []byte) []byte {
		text := strings.Replace(string(xml), `<c r="A2"><v>0</v>`, `<c r="A2"><f>1+1</f>`, 1)
		text = strings.Replace(text, `<c r="C2"`, `<c r="C2" t="inlineStr"><is><t>`+strings.Repeat("长", 10<<20/3)+`</t></is></c><c r="D2"`, 1)
		return []byte(text)
	})
	table, _ := read(t, "册.xlsx", book)
	if why := table.Broken[Place{2, 0}]; !strings.Contains(why, "公式没有算出结果") {
		t.Errorf("A2, a formula without its result: %q; broken %v", why, table.Broken)
	}
	if why := table.Broken[Place{2, 2}]; !strings.Contains(why, "太长") {
		t.Errorf("C2, ten million bytes: %q", why)
	}
	cached := with(t, workbook(t, nil, []any{"户编号", "户主"}, []any{1, 2}), part, func(xml []byte) []byte {
		text := strings.Replace(string(xml), `<c r="A2"><v>1</v>`, `<c r="A2"><f>3+4</f><v>7</v>`, 1)
		return []byte(strings.Replace(text, `<c r="B2"><v>2</v>`, `<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v>`, 1))
	})
	table, _ = read(t, "册.xlsx", cached)
	if got := table.Rows[1].Cell(0); got != "7" || table.Broken[Place{2, 0}] != "" {
		t.Errorf("a formula with its result is %q, %q", got, table.Broken[Place{2, 0}])
	}
	if why := table.Broken[Place{2, 1}]; !strings.Contains(why, "公式出错") {
		t.Errorf("B2, a formula that fails: %q", why)
	}
}

// TestRowsOfNothing reads a sheet somebody has coloured down to its end.
func TestRowsOfNothing(t *testing.T) {
	book := with(t, workbook(t, nil, []any{"户编号", "户主"}, []any{"001", "张三"}), "xl/worksheets/sheet1.xml", func(xml []byte) []byte {
		var rows strings.Builder
		for n := 3; n <= 1_048_576; n++ {
			fmt.Fprintf(&rows, `<row r="%d" s="1" customFormat="1"/>`, n)
		}
		return bytes.Replace(xml, []byte("</sheetData>"), []byte(rows.String()+"</sheetData>"), 1)
	})
	table, _ := read(t, "册.xlsx", book)
	if len(table.Rows) != 2 {
		t.Errorf("%d rows, want 2", len(table.Rows))
	}
}

func TestTextIsReadBack(t *testing.T) {
	rows := [][]string{{"001", "𬱖𠮷", "=1+1"}, {"002", "甲,\"乙\"", "-3号"}}
	var file bytes.Buffer
	if err := WriteCSV(&file, []string{"户编号", "户主", "门牌"}, rows); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(file.Bytes(), byteOrderMark) || bytes.Contains(file.Bytes(), []byte(",=")) {
		t.Errorf("written %q", file.Bytes())
	}
	table, _ := read(t, "册.csv", file.Bytes())
	for i, row := range rows {
		for column, want := range row {
			if got := Clean(table.Rows[i+1].Cell(column)); got != want {
				t.Errorf("reads %q, want %q", got, want)
			}
		}
	}
}

func TestReadingIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, "册.csv", bytes.Repeat([]byte("1,2\n"), 5000), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestHeaderBelowATitleOverMergedCells(t *testing.T) {
	book := workbook(t, func(f *excelize.File) {
		for _, m := range [][2]string{{"A1", "E1"}, {"C3", "D3"}, {"A3", "A4"}, {"B3", "B4"}, {"A5", "A6"}} {
			if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
				t.Fatal(err)
			}
		}
	}, []any{"2026年清溪镇农户情况登记表"}, []any{"填报单位：清溪镇"}, []any{"村名", "户主（姓名）", "人口", nil}, []any{nil, nil, "常住", "外出"}, []any{"大坪村", "张三", 3, 1}, []any{nil, "李四", 2, 0})
	table, _ := read(t, "册.xlsx", book)
	known := []string{"村名", "户主", "常住", "外出"}
	h, ok := table.Header(func(word string) bool { return slices.Contains(known, word) })
	if !ok || h.First != 2 || h.Last != 3 || h.Title(2) != "人口/常住" || h.Title(3) != "人口/外出" || h.Title(0) != "村名" {
		t.Errorf("header %+v, %v", h, ok)
	}
	if covered := table.Covered(0); !covered[6] || covered[5] {
		t.Errorf("covered rows %v", covered)
	}
	if h.Signature() == (Header{Titles: [][]string{{"村名"}}}).Signature() || len(h.Signature()) != 24 {
		t.Error("another header has the same signature")
	}
}

func TestParseDate(t *testing.T) {
	for _, test := range []struct {
		text        string
		from1904    bool
		want, fault string
	}{
		{"2026-03-01", false, "2026-03-01", ""},
		{"２０２６年３月１日", false, "2026-03-01", ""},
		{"2026.3.1", false, "2026-03-01", ""},
		{"20260301", false, "2026-03-01", ""},
		{"46082", false, "2026-03-01", ""},
		{"44620", true, "2026-03-01", ""},
		{"46082.5", false, "2026-03-01", ""},
		{"", false, "", ""},
		{"—", false, "", ""},
		{"2026-02-30", false, "", "没有这一天"},
		{"2026年3月", false, "", "没有写到哪一天"},
		{"农历三月初一", false, "", "农历"},
		{"正月十五", false, "", "农历"},
		{"26-3-1", false, "", "不是日期"},
		{"2026", false, "", "不是日期"},
		{"99999", false, "", "不是日期"},
		{"前年", false, "", "不是日期"},
	} {
		got, err := ParseDate(test.text, test.from1904)
		if got != test.want || (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%q is %q, %v; want %q, %q", test.text, got, err, test.want, test.fault)
		}
	}
}

// FuzzRead feeds anything to the readers: they refuse with a sentence, or return cells that are text.
func FuzzRead(f *testing.F) {
	f.Add("册.xlsx", workbook(f, nil, []any{"户编号", "户主"}, []any{"001", "张三"}))
	f.Add("册.csv", []byte("户编号,户主\n001,张三\n"))
	f.Add("册.csv", []byte("\xbb\xa7,\xd6\xf7\n\x95\x32\x82\x36,\xfe\x59\n"))
	f.Add("册.csv", []byte("\"a\n,\"\"b\r\n\ufeff"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		book, err := Read(t.Context(), name, data, nil)
		if err != nil {
			if survey.MessageOf(err) == "" {
				t.Fatalf("no sentence: %v", err)
			}
			return
		}
		for _, table := range book.Tables {
			h, ok := table.Header(func(string) bool { return false })
			if ok && (h.First < 0 || h.Last >= len(table.Rows)) {
				t.Fatalf("header %+v of %d rows", h, len(table.Rows))
			}
			for _, row := range table.Rows {
				for _, cell := range row.Cells {
					if len(cell) > 4*maxCell {
						t.Fatal("a cell is too long")
					}
				}
			}
		}
	})
}
