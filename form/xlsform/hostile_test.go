package xlsform

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xuri/excelize/v2"
)

// patience is how long a sheet may take to be read or refused, whatever is in it.
const patience = 20 * time.Second

// refusedFor returns the code of the first fatal finding of reading or compiling, and how long that took.
func refusedFor(t *testing.T, book Workbook, found []Finding) Code {
	t.Helper()
	begun := time.Now()
	for _, one := range append(found, Compile(book, Options{}).Findings...) {
		if one.Severity == Fatal {
			return one.Code
		}
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("took %v", took)
	}
	return ""
}

func TestHostileSheetsAreRefusedWithAFinding(t *testing.T) {
	header := "type,name,label\n"
	nested := header + strings.Repeat("begin_group,g,甲\n", 40_000)
	var many strings.Builder
	many.WriteString(header)
	for i := range 1_000_000 {
		fmt.Fprintf(&many, "text,q%d,题\n", i)
	}
	tests := []struct {
		name, survey string
		want         Code
	}{
		{"a cell of ten megabytes", header + "text,a," + strings.Repeat("长", 10<<20/3) + "\n", TooLarge},
		{"a million rows", many.String(), TooLarge},
		{"a row of a million cells", header + "text,a,b" + strings.Repeat(",", 1_000_000) + "\n", TooLarge},
		{"forty thousand groups inside each other", nested, TooDeep},
		{"a group that ends in itself", header + "begin_group,g,甲\nend_repeat,g,\nend_group,g,\nend_group,g,\n", NothingToEnd},
		{"a quotation that never ends", header + "text,a,\"" + strings.Repeat("甲\n", 100_000), BrokenCSV},
		{"bytes that are not text", header + "text,a,\xff\xfe\n", NotUTF8},
		{"nothing at all", "", NoSurvey},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			book, found := ReadFS(fstest.MapFS{"survey.csv": {Data: []byte(test.survey)}}, "hostile")
			if got := refusedFor(t, book, found); got != test.want && (test.want != NoSurvey || got != MissingHeader) {
				t.Errorf("refused for %q, want %s", got, test.want)
			}
		})
	}
}

func TestHostileMarkdownIsRefused(t *testing.T) {
	text := "| survey |\n| | type | name | label |\n| | text | a | " + strings.Repeat("长", 10<<20/3) + " |\n"
	book, found := ReadMarkdown(text, "hostile")
	if got := refusedFor(t, book, found); got != TooLarge {
		t.Errorf("refused for %q", got)
	}
}

// workbook makes an .xlsx file of one survey sheet.
func workbook(tb testing.TB, fill func(*excelize.File) error) *bytes.Buffer {
	tb.Helper()
	file := excelize.NewFile()
	defer func() { _ = file.Close() }()
	var out bytes.Buffer
	for _, err := range []error{file.SetSheetName("Sheet1", "survey"), fill(file), file.Write(&out)} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	return &out
}

func TestHostileWorkbooksAreRefused(t *testing.T) {
	header := []string{"type", "name", "label"}
	tests := []struct {
		name string
		book *bytes.Buffer
		want Code
	}{
		{"a cell in the last column", workbook(t, func(f *excelize.File) error {
			return f.SetCellStr("survey", "XFD1", "type")
		}), TooLarge},
		{"a cell in the last row", workbook(t, func(f *excelize.File) error {
			_ = f.SetSheetRow("survey", "A1", &header)
			return f.SetCellStr("survey", "A1048576", "text")
		}), TooLarge},
		{"an old workbook", bytes.NewBufferString(oldFormat + "\xa1\xb1\x1a\xe1 the rest"), OldWorkbook},
		{"no workbook", bytes.NewBufferString("PK\x03\x04 cut short"), Unreadable},
		{"nothing", &bytes.Buffer{}, Unreadable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			book, found := ReadXLSX(test.book, "hostile.xlsx")
			if got := refusedFor(t, book, found); got != test.want {
				t.Errorf("refused for %q, want %s", got, test.want)
			}
		})
	}
}

// TestALargeFormIsStillAForm keeps the limits from refusing what people do.
func TestALargeFormIsStillAForm(t *testing.T) {
	var survey strings.Builder
	survey.WriteString("type,name,label,relevant\n")
	for i := range 5000 {
		fmt.Fprintf(&survey, "text,q%d,题,${q0} = '%d'\n", i, i)
	}
	book, found := ReadFS(fstest.MapFS{"survey.csv": {Data: []byte(survey.String())}}, "large")
	if got := refusedFor(t, book, found); got != "" {
		t.Errorf("refused for %s", got)
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(workbook(f, func(file *excelize.File) error {
		_ = file.SetSheetRow("survey", "A1", &[]string{"type", "name", "label"})
		return file.SetSheetRow("survey", "A2", &[]string{"text", "a", "甲"})
	}).Bytes())
	f.Add([]byte(oldFormat))
	f.Fuzz(func(t *testing.T, packed []byte) {
		book, _ := ReadXLSX(bytes.NewReader(packed), "fuzz.xlsx")
		wellFormed(t, Compile(book, Options{}))
	})
}
