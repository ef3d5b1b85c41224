package paper

import (
	"bytes"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/assets"
)

func fonts(tb testing.TB, spare ...[]byte) *Fonts {
	tb.Helper()
	f, err := NewFonts(assets.FontRegular(), assets.FontBold(), spare...)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func each(documents ...Document) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, d := range documents {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// printed writes documents into a PDF file.
func printed(tb testing.TB, f *Fonts, documents ...Document) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := PDF(tb.Context(), &out, f, documents[0].Name, each(documents...), nil); err != nil {
		tb.Fatal(err)
	}
	if keep := os.Getenv("ZOUCUN_PAPER"); keep != "" { // a folder to look at the papers in
		if err := os.WriteFile(filepath.Join(keep, strings.ReplaceAll(tb.Name(), "/", "-")+".pdf"), out.Bytes(), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return out.Bytes()
}

// read has a program of poppler-utils read a file; FILE among its arguments stands for it.
func read(t *testing.T, data []byte, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (poppler-utils)", program)
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for n, arg := range args {
		args[n] = strings.ReplaceAll(arg, "FILE", file)
	}
	var out, complaints bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v\n%s", program, err, complaints.String())
	}
	return out.String()
}

func TestAListRepeatsItsHeadings(t *testing.T) {
	list := List{
		Name: "汇总表", Title: "走访情况汇总表", Left: "云岭镇", Right: "2026年11月",
		Columns: []ListColumn{{Label: "序号", Share: 1, Centre: true}, {Label: "村（社区）", Share: 3}, {Label: "总户数", Share: 2, Number: true}, {Label: "说明", Share: 6}},
		Notes:   []string{"注：本表不作干部排名使用。"},
	}
	for n := range 60 {
		list.Rows = append(list.Rows, []string{string(rune('①' + n%20)), "石门坎村", "312", strings.Repeat("路不好走，", n%7)})
	}
	text := read(t, printed(t, fonts(t), list.Document()), "pdftotext", "-layout", "FILE", "-")
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	for n, page := range pages {
		if !strings.Contains(page, "总户数") || !strings.Contains(strings.ReplaceAll(page, " ", ""), "—"+string(rune('1'+n))+"—") {
			t.Errorf("page %d has no headings or no number:\n%s", n+1, page)
		}
	}
	if !strings.Contains(pages[len(pages)-1], "不作干部排名使用") || strings.Count(text, "石门坎村") != 60 {
		t.Error("rows or notes are missing")
	}
}
