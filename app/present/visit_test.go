package present

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zoucun/form"
	"zoucun/survey"
)

// answers is what a visit would remember: its state, with the values of hidden questions.
func answers(v *Visit) form.State {
	kept, err := v.state()
	if err != nil {
		panic(err)
	}
	return kept
}

func TestBatteryDies(t *testing.T) {
	o := newOffice(t, "QZ-01")
	rapid.Check(t, func(rt *rapid.T) {
		c := newTimer()
		v := o.begin(t, "QZ-01", c)
		walk := &walker{t: t, rt: rt, v: v, c: c}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			walk.step()
		}
		c.pass(time.Second) // what was typed more than a second ago must be there
		want := answers(v)
		back, err := o.desk(c).Resume(t.Context(), v.Draft().ID)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, answers(back)); diff != "" {
			rt.Fatalf("after the battery died (-live +resumed):\n%s", diff)
		}
	})
}

// walker does to a visit what people do.
type walker struct {
	t  *testing.T
	rt *rapid.T
	v  *Visit
	c  *timer
}

func (w *walker) step() {
	w.rt.Helper()
	ctx := w.t.Context()
	switch rapid.IntRange(0, 9).Draw(w.rt, "deed") {
	case 0:
		w.v.Next()
	case 1:
		w.v.GoSection(rapid.IntRange(0, 9).Draw(w.rt, "section"))
	case 2:
		w.must(w.v.Flush(ctx))
	case 3:
		w.c.pass(time.Duration(rapid.IntRange(1, 900).Draw(w.rt, "pause")) * time.Millisecond)
	case 4:
		w.repeat()
	default:
		w.answer()
	}
}

func (w *walker) must(err error) {
	if err != nil {
		w.rt.Fatal(err)
	}
}

func (w *walker) answer() {
	ctx := w.t.Context()
	var items []Item
	for _, item := range w.v.Page().Items {
		if item.Kind == QuestionItem && item.Question.Type != form.Note && !item.Question.ReadOnly {
			items = append(items, item)
		}
		items = append(items, item.Row...)
	}
	if len(items) == 0 {
		return
	}
	q := rapid.SampledFrom(items).Draw(w.rt, "item").Question
	if len(q.Choices) > 0 {
		w.must(w.v.Answer(ctx, q.Path, rapid.SampledFrom(q.Choices).Draw(w.rt, "choice").Name))
		return
	}
	text := rapid.SampledFrom([]string{"", "4", "2026-11-20", "门前的路灯不亮了", "𠮷"}).Draw(w.rt, "text")
	w.v.Type(ctx, q.Path, text)
	if rapid.Bool().Draw(w.rt, "left") {
		w.v.Left(ctx, q.Path)
	}
}

func (w *walker) repeat() {
	ctx := w.t.Context()
	if w.v.Page().InInstance {
		w.v.Leave()
		return
	}
	for _, item := range w.v.Page().Items {
		if item.Kind != RepeatItem {
			continue
		}
		if len(item.Cards) > 0 && rapid.Bool().Draw(w.rt, "remove") {
			w.must(w.v.Remove(ctx, item.Cards[0].Path))
			return
		}
		w.must(w.v.Add(ctx, item.Repeat))
		return
	}
}

func TestTypedTextIsKeptWithinHalfASecond(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := o.begin(t, "QZ-01", c)
	journal := func() int { return len(o.drafts[v.Draft().ID].journal) }
	for _, text := range []string{"1", "1组", "1组9", "1组9号"} { // without a pause longer than the wait
		v.Type(t.Context(), "visit/door_no", text)
		c.pass(200 * time.Millisecond)
	}
	if journal() == 0 {
		t.Error("nothing is kept after 800 ms of typing without a pause")
	}
	c.pass(500 * time.Millisecond)
	last := o.drafts[v.Draft().ID].journal[journal()-1]
	if last.Path != "visit/door_no" || last.Value != "1组9号" {
		t.Errorf("last kept: %+v", last)
	}
}

func TestAChoiceIsKeptAtOnce(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	v.Type(t.Context(), "visit/door_no", "老槐树下")
	if err := v.Answer(t.Context(), "visit/visit_result", "talked"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, change := range o.drafts[v.Draft().ID].journal {
		got = append(got, change.Value)
	}
	if want := []string{"老槐树下", "talked"}; !slices.Equal(got, want) {
		t.Errorf("journal %q, want %q: what was typed before comes first", got, want)
	}
}

func TestAFullDiskIsSaidAndNothingIsLost(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := o.begin(t, "QZ-01", c)
	o.broken = &survey.Error{Kind: survey.Full, Op: "office"}
	if err := v.Answer(t.Context(), "visit/visit_band", "morning"); survey.KindOf(err) != survey.Full {
		t.Errorf("Answer on a full disk = %v", err)
	}
	o.broken = nil
	if err := v.Answer(t.Context(), "visit/visit_result", "talked"); err != nil {
		t.Fatal(err)
	}
	back, err := o.desk(c).Resume(t.Context(), v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answers(v), answers(back)); diff != "" {
		t.Errorf("what was answered while the disk was full is gone:\n%s", diff)
	}
}

func TestHiddenAnswersComeBack(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	set := func(path survey.FieldPath, value string) {
		t.Helper()
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	set("visit/visit_result", "talked")
	set("visit/people_asked", "3")
	set("visit/visit_result", "none")
	if v.GoTo("visit/people_asked") {
		t.Error("a question that cannot be relevant is still on a page")
	}
	set("visit/visit_result", "talked")
	if q, _ := v.session.Question("visit/people_asked"); q.Value != "3" {
		t.Errorf("people_asked came back as %q", q.Value)
	}
}

func TestFinishSaysWhatIsMissingAndLeadsThere(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	if err := v.Answer(t.Context(), "visit/visit_result", "talked"); err != nil {
		t.Fatal(err)
	}
	for _, item := range v.Page().Items {
		if item.Wrong != "" {
			t.Errorf("%s is called wrong before finishing was tried: %s", item.Key, item.Wrong)
		}
	}
	wrongs, err := v.Finish(t.Context())
	if err != nil || len(wrongs) == 0 {
		t.Fatalf("Finish = %v, %v; want what is missing", wrongs, err)
	}
	for _, w := range wrongs {
		if !w.Asked || w.Section == "" || w.Message == "" || !v.GoTo(w.Path) {
			t.Errorf("%+v leads nowhere", w)
		}
		if !slices.ContainsFunc(v.Page().Items, func(i Item) bool { return i.shows(w.Path) && i.Wrong == w.Message }) {
			t.Errorf("the page behind %s does not show it with its message", w.Path)
		}
	}
}

func TestFinishOnce(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	if err := v.Answer(t.Context(), "visit/visit_result", "absent"); err != nil {
		t.Fatal(err)
	}
	v.Type(t.Context(), "finish/visitor_note", "门锁着")
	wrongs, err := v.Finish(t.Context())
	if err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish = %v, %v", wrongs, err)
	}
	if err := v.Flush(t.Context()); err != nil {
		t.Errorf("leaving the screen after finishing: %v", err)
	}
	if len(o.finished) != 1 || len(o.drafts) != 0 {
		t.Fatalf("%d finished, %d drafts; want 1, 0", len(o.finished), len(o.drafts))
	}
	if got := o.finished[0].Fields["finish/visitor_note"]; got != "门锁着" {
		t.Errorf("what was typed last is %q", got)
	}
}

func TestVisitKnowsItsHousehold(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v, err := o.desk(c).Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"}, o.village.ID, survey.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Draft().Title; got != "群众工作调查表" {
		t.Errorf("without a household the draft is called %q", got)
	}
	if err := v.Answer(t.Context(), "visit/household_id", o.households[1].ID.String()); err != nil {
		t.Fatal(err)
	}
	if err := v.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := v.Draft(); d.Household != o.households[1].ID || d.Title != "李四" {
		t.Errorf("draft of household %v called %q", d.Household, d.Title)
	}
}

func TestAttachKeepsTheFileAndTheAnswer(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	if err := v.Attach(t.Context(), "consent/respondent_sign", "image/png", ".png", []byte("ink")); err != nil {
		t.Fatal(err)
	}
	q, _ := v.session.Question("consent/respondent_sign")
	data, err := v.File(t.Context(), q.Value)
	if err != nil || string(data) != "ink" {
		t.Errorf("File(%q) = %q, %v", q.Value, data, err)
	}
}

func TestDiscardStopsTheTyping(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := o.begin(t, "QZ-01", c)
	var reported error
	v.OnError = func(err error) { reported = errors.Join(reported, err) }
	v.Type(t.Context(), "visit/door_no", "x")
	if err := v.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Second)
	if len(o.drafts) != 0 || reported != nil {
		t.Errorf("%d drafts left, reported %v", len(o.drafts), reported)
	}
}

// A filling is taken up on the page where it was left, and in the repeat instance that was entered.
func TestAFillingIsTakenUpWhereItWasLeft(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := o.begin(t, "QZ-01", c)
	ctx := t.Context()
	for path, value := range map[survey.FieldPath]string{"visit/visit_result": "talked", "problems/has_issue": "yes"} {
		if err := v.Answer(ctx, path, value); err != nil {
			t.Fatal(err)
		}
	}
	v.GoTo("problems/has_issue")
	if err := v.Add(ctx, "problems/issues"); err != nil {
		t.Fatal(err)
	}
	want := v.Page()
	if err := v.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	back, err := o.desk(c).Resume(ctx, v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Page(); got.Key != want.Key || !got.InInstance {
		t.Errorf("taken up at %q, left at %q", got.Key, want.Key)
	}
}

// The notice names the numbers that the county has put on its list.
func TestTheNumbersOfTheCountyAreTold(t *testing.T) {
	o := newOffice(t, "QZ-01")
	d := o.desk(newTimer())
	d.Enrolment.Recipients.Phones = &survey.Phones{Township: "0551-62345678", County: "0551-12388"}
	v, err := d.Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: o.titles["QZ-01"]}, o.village.ID, o.households[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[survey.FieldPath]string{
		"head/township_phone": "0551-62345678", "head/county_phone": "0551-12388", "head/duty_phone": "（请看联系卡）",
	} {
		if q, ok := v.session.Question(path); !ok || q.Value != want {
			t.Errorf("%s = %q, want %q", path, q.Value, want)
		}
	}
}
