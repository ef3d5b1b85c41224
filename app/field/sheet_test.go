package field

import (
	"image/png"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"zoucun/app/widgets"
	"zoucun/survey"
)

// keys types into whatever has the caret: a return key for a line break, characters otherwise.
func (d *desk) keys(text string) {
	d.t.Helper()
	for _, r := range text {
		focused := d.window.Canvas().Focused()
		if focused == nil {
			d.t.Fatalf("nothing takes the key %q", r)
		}
		if r == '\n' {
			focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		} else {
			focused.TypedRune(r)
		}
	}
}

// photograph keeps a picture of the window where ZOUCUN_SCREENS names a folder.
func (d *desk) photograph(name string) {
	d.t.Helper()
	folder := os.Getenv("ZOUCUN_SCREENS")
	if folder == "" {
		return
	}
	f, err := os.Create(folder + "/" + name + ".png")
	if err != nil {
		d.t.Fatal(err)
	}
	if err := png.Encode(f, d.window.Canvas().Capture()); err != nil {
		d.t.Error(err)
	}
	if err := f.Close(); err != nil {
		d.t.Error(err)
	}
}

// passBy goes on from a question without an answer, through the list where it is answered from one.
func (d *desk) passBy() {
	d.t.Helper()
	depth := len(d.screens)
	d.keys("\n")
	if len(d.screens) == depth {
		return
	}
	list := d.top().Body
	w := test.NewWindow(list)
	defer w.Close()
	if !widgets.Focus(list) {
		d.t.Fatal("the list takes no keys")
	}
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// at reports whether the caret is on an option.
func (d *desk) at(option string) bool {
	s, ok := d.window.Canvas().Focused().(interface{ Shown() string })
	return ok && strings.HasSuffix(s.Shown(), option)
}

func TestAPaperIsEnteredByKeysAlone(t *testing.T) {
	d := newDesk(t, "QZ-01")
	visit := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	if err := visit.OnPaper(t.Context()); err != nil {
		t.Fatal(err)
	}
	finished := false
	screen := NewVisit(d.host, VisitSpec{Presenter: visit, Sheet: true, OnFinished: func() { finished = true }})
	d.show(screen, 1280, 800)
	d.photograph("sheet")
	if visit.Number() == "" {
		t.Error("the paper gets no number")
	}
	d.sees("编号 " + visit.Number())
	d.keys("2026-11-20\n") // 走访日期
	d.keys("3\n")          // 时段
	d.keys("1\n")          // 方式
	for range 20 {         // 村、组、户、门牌 stand there already
		if d.at("见到并交谈") {
			break
		}
		d.passBy()
	}
	d.keys("1\n2\n") // 结果、交谈人数
	d.keys("2")      // 反映人
	d.photograph("sheet-talked")
	said := map[survey.FieldPath]string{}
	for _, item := range visit.Sheet().Items {
		said[item.Question.Path] = item.Question.Value
	}
	for path, want := range map[survey.FieldPath]string{
		"head/entry_mode": "paper", "visit/visit_date": "2026-11-20", "visit/visit_band": "afternoon", "visit/visit_channel": "home",
		"visit/visit_result": "talked", "visit/people_asked": "2", "hh/respondent_mode": "called",
	} {
		if said[path] != want {
			t.Errorf("%s: got %q, want %q", path, said[path], want)
		}
	}
	d.tap("完成录入")
	if finished || len(d.screens) != 2 {
		t.Error("a paper without what the form wants was finished")
	}
	d.tap("去修改")
	if len(d.screens) != 1 || len(d.complaints) > 0 {
		t.Errorf("%d screens, complaints %v", len(d.screens), d.complaints)
	}
}

func TestProblemsStandOpenOnTheSheet(t *testing.T) {
	d := newDesk(t, "QZ-01")
	visit := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	screen := NewVisit(d.host, VisitSpec{Presenter: visit, Sheet: true})
	d.show(screen, 1280, 2400)
	for path, value := range map[survey.FieldPath]string{"visit/visit_result": "talked", "problems/has_issue": "yes"} {
		if err := visit.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	before := strings.Count(strings.Join(words(d.top().Body), "\n"), "性质")
	d.tap("＋ 添加问题（空格）")
	d.sees("问题 2")
	if after := strings.Count(strings.Join(words(d.top().Body), "\n"), "性质"); after != before+1 {
		t.Errorf("the problem added does not stand open: %d questions of its kind, %d before", after, before)
	}
	var order []string
	for _, item := range visit.Sheet().Items {
		for _, path := range []string{"visit/visit_date", "visit/visit_result", "hh/livelihood", "hear/heard_thought", "problems/issues", "opinion/sugg_text", "consent/sign_mode", "policy/pension"} {
			if item.Key == path {
				order = append(order, path)
			}
		}
	}
	want := "visit/visit_date visit/visit_result hh/livelihood hear/heard_thought problems/issues opinion/sugg_text consent/sign_mode policy/pension"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("the sheet's order:\n got %s\nwant %s", got, want)
	}
	d.photograph("sheet-problems")
}
