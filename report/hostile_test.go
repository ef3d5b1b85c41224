package report

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"zoucun/report/sheet"
	"zoucun/survey"
)

const unzipped = sheet.MaxUnzipped // where sheet names a part

// tampered returns a good workbook with one part replaced.
func tampered(t *testing.T, name string, change func(string) string) []byte {
	t.Helper()
	good := newBook(t).sheet("花名册", plainHeader, row("大坪村", "", "1", "甲")).merge("花名册", "A2", "A3").bytes()
	from, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	for _, file := range from.File {
		part, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		w, err := to.Create(file.Name)
		if err != nil {
			t.Fatal(err)
		}
		if file.Name == name {
			text = []byte(change(string(text)))
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileWorkbooksEndSoon(t *testing.T) {
	const sheet = "xl/worksheets/sheet1.xml"
	swap := func(from, to string) func(string) string {
		return func(text string) string {
			if !strings.Contains(text, from) {
				t.Fatalf("the sheet has no %s", from)
			}
			return strings.ReplaceAll(text, from, to)
		}
	}
	cases := []struct {
		name string
		data []byte
	}{
		{"a merged cell over the whole sheet", tampered(t, sheet, swap(`ref="A2:A3"`, `ref="A1:XFD1048576"`))},
		{"a hundred of them", tampered(t, sheet, swap(`<mergeCell ref="A2:A3"></mergeCell>`, strings.Repeat(`<mergeCell ref="A1:XFD1048576"></mergeCell>`, 100)))},
		{"a last row at the end of the sheet", tampered(t, sheet, swap(`<row r="2"`, `<row r="1048576"`))},
		{"a row number beyond every sheet", tampered(t, sheet, swap(`<row r="2"`, `<row r="99999999999"`))},
		{"a cell in the last column", tampered(t, sheet, swap(`r="B2"`, `r="XFD2"`))},
		{"hundreds of megabytes of nothing", tampered(t, sheet, func(s string) string { return s + strings.Repeat(" ", unzipped) })},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			_, err := ReadRoster(bytes.NewReader(c.data))
			if err != nil && survey.MessageOf(err) == "" {
				t.Errorf("no sentence for %v", err)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			t.Logf("%v, %s", time.Since(begun), survey.MessageOf(err))
		})
	}
}
