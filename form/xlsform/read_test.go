package xlsform

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// workbookOf puts a folder of CSV sheets into an .xlsx file.
func workbookOf(t *testing.T, folder string) []byte {
	t.Helper()
	file := excelize.NewFile()
	defer func() { _ = file.Close() }()
	sheets, _ := filepath.Glob(filepath.Join(folder, "*.csv"))
	for _, path := range sheets {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".csv")
		if _, err := file.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			cell, _ := excelize.CoordinatesToCellName(1, i+1)
			if err := file.SetSheetRow(name, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := file.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAWorkbookMakesTheSameFormAsItsSheets(t *testing.T) {
	folder := "../../assets/forms/QZ-01"
	fromFolder, _ := ReadFS(os.DirFS(folder), "QZ-01")
	fromWorkbook, found := ReadXLSX(bytes.NewReader(workbookOf(t, folder)), "QZ-01.xlsx")
	if len(found) > 0 {
		t.Fatal(found)
	}
	want, got := Compile(fromFolder, Options{}), Compile(fromWorkbook, Options{})
	if diff := cmp.Diff(string(want.XML), string(got.XML)); diff != "" || got.Fatal() {
		t.Errorf("%v\n%s", got.Findings, diff)
	}
}

func TestAWorkbookThatIsNoneIsRefused(t *testing.T) {
	_, found := ReadXLSX(strings.NewReader("type,name,label"), "form.xlsx")
	if len(found) != 1 || found[0].Code != Unreadable {
		t.Errorf("findings %v, want %s", found, Unreadable)
	}
}

func TestChineseQuotationMarksStayInWhatPeopleRead(t *testing.T) {
	form := compileMarkdown(t, `
		| survey |
		| | type | name | label              | hint       | relevant  |
		| | text | a    | 写“张大爷”也可以   | “随便”写   |           |
		| | text | b    | 乙                 |            | ${a} = ‘x’ |`)
	for _, want := range []string{"写“张大爷”也可以", "“随便”写", `relevant=" /data/a  = 'x'"`} {
		if !strings.Contains(string(form.XML), want) {
			t.Errorf("lacks %s: %v\n%s", want, form.Findings, form.XML)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	book, _ := ReadFS(os.DirFS("../../assets/forms/QZ-01"), "QZ-01")
	for b.Loop() {
		if Compile(book, Options{}).Fatal() {
			b.Fatal("fatal")
		}
	}
}
