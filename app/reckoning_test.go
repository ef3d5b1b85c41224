package app

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/survey"
	"zoucun/tally"
)

// sheetOf is 汇总表 of two villages, of which one has a name that few fonts have.
func sheetOf() tally.Sheet {
	counts := tally.New()
	var villages []survey.Place
	for v, name := range []string{"青塘村", "𬱖家湾村"} {
		village := survey.NewID[survey.RecordID]()
		villages = append(villages, survey.Place{ID: village, Name: name, Order: v})
		for range 12 {
			h := survey.Household{ID: survey.NewID[survey.RecordID](), Village: village, Resident: -1, Away: -1, Location: survey.Remote}
			counts.Put(survey.Record{ID: h.ID, Type: survey.TypeHousehold, Scope: survey.VillageScope(village), Fields: h.Fields()},
				survey.Record{ID: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: survey.VillageScope(village), Fields: survey.Fields{
					survey.VisitHousehold: h.ID.String(), "visit/visit_date": "2026-11-20", "visit/visit_result": "talked", "visit/people_asked": "3",
				}})
		}
	}
	same := func(key string) string { return key }
	return counts.Sheet(tally.Question{}, tally.Names{Villages: villages, Policy: same, Category: same})
}

func TestSheetOnPaper(t *testing.T) {
	var file bytes.Buffer
	if err := writeSheet(t.Context(), &file, "pdf", sheetOf(), "青塘镇"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sheet.pdf")
	if dir := os.Getenv("ZOUCUN_PICTURES"); dir != "" {
		path = filepath.Join(dir, "sheet.pdf")
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("there is no pdftotext to read the paper back with")
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	said := strings.ReplaceAll(string(text), " ", "")
	for _, want := range []string{"走访汇总表（QZ-11）", "青塘村", "𬱖家湾村", "合计", "12/12", "72", "本表不作干部排名使用", "不是抽样", "24次"} {
		if !strings.Contains(said, want) {
			t.Errorf("the paper does not say %q:\n%s", want, text)
		}
	}
}

func TestSheetAsWorkbook(t *testing.T) {
	var file bytes.Buffer
	if err := writeSheet(t.Context(), &file, "xlsx", sheetOf(), "青塘镇"); err != nil {
		t.Fatal(err)
	}
	book, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, part := range book.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all += string(data)
	}
	for _, want := range []string{"𬱖家湾村", "本表不作干部排名使用", "未走访组"} {
		if !strings.Contains(all, want) {
			t.Errorf("the workbook does not say %q", want)
		}
	}
}

func TestWorkbenchFitsItsWindow(t *testing.T) {
	for _, size := range []struct{ text, width, height float32 }{{widgets.TextNormal, 1280, 800}, {widgets.TextLargest, 1280, 800}} {
		t.Run(fmt.Sprintf("%vx%v at %v", size.width, size.height, size.text), func(t *testing.T) {
			p := rehearse(t, size.text, size.width, size.height)
			furnish(t, p)
			t.Cleanup(func() {
				if p.counts != nil {
					p.counts.end()
				}
			})
			p.goWorkbench()
			for i, section := range p.sections() {
				p.bench.Open(i)
				frame := p.shell.window.Content()
				if need := frame.MinSize(); need.Width > size.width || need.Height > size.height {
					t.Errorf("%s needs %v", section.Name, need)
				}
				inside(t, section.Name, frame, fyne.Position{}, size.width)
			}
		})
	}
}

// Locking ends the counting before the store closes, and unlocking counts anew.
func TestLockingEndsTheCounting(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 1280, 800)
	furnish(t, p)
	first := p.reckon()
	if !first.book.Full() {
		t.Fatal("not everything was counted")
	}
	tree := first.book.Tree(tally.Question{})
	if tree.Total[tally.Registered] != 60 {
		t.Errorf("%d households counted", tree.Total[tally.Registered])
	}
	p.leave(func() {}, func() {})
	if p.counts != nil {
		t.Error("the counting is still there")
	}
}
