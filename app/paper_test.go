package app

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/internal/testkit/rarefont"
	"zoucun/report/paper"
)

// atPapers is a township's program that shows the section 表册.
func atPapers(t *testing.T, text, width, height float32) *program {
	t.Helper()
	p := rehearse(t, text, width, height)
	furnish(t, p)
	p.goWorkbench()
	for n, section := range p.sections() {
		if section.Name == "表册" {
			p.bench.Open(n)
		}
	}
	return p
}

func (p *program) photograph(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("ZOUCUN_SCREENS")
	if folder == "" {
		return
	}
	f, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := png.Encode(f, p.shell.window.Canvas().Capture()); err != nil {
		t.Error(err)
	}
}

func TestAPaperIsEnteredAtTheWorkbench(t *testing.T) {
	p := atPapers(t, widgets.TextNormal, 1280, 800)
	p.photograph(t, "bench-papers")
	village := p.store.Villages()[0]
	p.press(t, "录入纸质表", village.Name)
	first := p.filling.visit.Number()
	if !strings.Contains(p.says(), "编号 "+first) {
		t.Fatalf("the number to write on the paper is not shown: %s", p.says())
	}
	p.photograph(t, "bench-entry")
	if err := p.filling.visit.Answer(t.Context(), "visit/visit_date", "2026-11-20"); err != nil {
		t.Fatal(err)
	}
	p.press(t, "2 家中无人", "完成录入")
	waiting, err := p.store.Waiting(t.Context())
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d visits wait, %v: %s", len(waiting), err, p.says())
	}
	held, err := p.store.Holding(t.Context(), waiting[0].ID)
	if err != nil || held.Record.Fields["head/entry_mode"] != "paper" || held.Record.Fields["visit/visit_date"] != "2026-11-20" {
		t.Errorf("the record says %v, %v", held.Record.Fields, err)
	}
	if next := p.filling.visit.Number(); next == first || !strings.Contains(p.says(), first) || !strings.Contains(p.says(), next) {
		t.Errorf("after %s comes %s: %s", first, next, p.says())
	}
	p.shell.Home()
	p.press(t, "没录完的")
	if !strings.Contains(p.says(), "草稿") {
		t.Errorf("the paper that was begun is not among the drafts: %s", p.says())
	}
}

func TestPapersOverflowNowhere(t *testing.T) {
	for _, size := range []struct{ text, width, height float32 }{{widgets.TextNormal, 1280, 800}, {widgets.TextNormal, 1024, 768}, {widgets.TextLargest, 1366, 768}} {
		p := atPapers(t, size.text, size.width, size.height)
		fits := func(what string) {
			t.Helper()
			frame := p.shell.window.Content()
			if need := frame.MinSize(); need.Width > size.width || need.Height > size.height {
				t.Errorf("%s at %v needs %v", what, size, need)
			}
			inside(t, fmt.Sprintf("%s at %v", what, size), frame, fyne.Position{}, size.width)
		}
		for _, kind := range workbench.PaperKinds() {
			p.press(t, string(kind))
			fits(string(kind))
			p.press(t, "生成")
			fits(string(kind) + ", made")
		}
		p.press(t, "录入纸质表", p.store.Villages()[0].Name)
		fits("a paper")
		if err := p.filling.visit.Answer(t.Context(), "visit/visit_result", "talked"); err != nil {
			t.Fatal(err)
		}
		fits("a paper with everything")
	}
}

func TestAPackOfRareCharactersLiesAmongTheData(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 600)
	folder := filepath.Join(p.opt.Data, spareFonts)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	d := paper.Document{Blocks: []paper.Block{paper.Text{Text: "张𠮷"}}}
	missing := func() []rune {
		fonts, err := p.paperFonts()
		if err != nil {
			t.Fatal(err)
		}
		return fonts.Missing(d)
	}
	if got := missing(); !slices.Equal(got, []rune{'𠮷'}) {
		t.Errorf("without a pack %q is missing", got)
	}
	for name, data := range map[string][]byte{"a.ttf": []byte("no font"), "b.ttf": rarefont.Forge(assets.FontRegular(), '𠮷', 100), "readme.txt": nil} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := missing(); len(got) > 0 {
		t.Errorf("with a pack %q is missing", got)
	}
}
