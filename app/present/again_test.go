package present

import (
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// valueOf is the answer a filling has now.
func valueOf(t *testing.T, v *Visit, path survey.FieldPath) string {
	t.Helper()
	q, ok := v.session.Question(path)
	if !ok {
		t.Fatalf("no question %s", path)
	}
	return q.Value
}

func TestUndoTakesATypedAnswerBackAsAWhole(t *testing.T) {
	o, c := newOffice(t, "QZ-01"), newTimer()
	v := o.begin(t, "QZ-01", c)
	const worry = survey.FieldPath("hear/heard_worry")
	answer := func(path survey.FieldPath, value string) {
		t.Helper()
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Minute)
	}
	answer("visit/visit_result", "talked")
	for _, text := range []string{"路", "路灯", "路灯坏了"} {
		v.Type(t.Context(), worry, text)
		c.pass(time.Second)
	}
	c.pass(time.Minute)
	v.Type(t.Context(), worry, "路灯坏了，没人修")
	undo := func(want bool) {
		t.Helper()
		if _, moved, err := v.Undo(t.Context()); err != nil || moved != want {
			t.Fatalf("Undo = %v, %v; want %v", moved, err, want)
		}
	}
	redo := func(want bool) {
		t.Helper()
		if _, moved, err := v.Redo(t.Context()); err != nil || moved != want {
			t.Fatalf("Redo = %v, %v; want %v", moved, err, want)
		}
	}
	undo(true) // what waited to be kept is kept first
	if got := valueOf(t, v, worry); got != "路灯坏了" {
		t.Errorf("after one undo: %q", got)
	}
	undo(true)
	if got := valueOf(t, v, worry); got != "" {
		t.Errorf("after two: %q", got)
	}
	if !slices.ContainsFunc(v.Page().Items, func(i Item) bool { return i.shows(worry) }) {
		t.Error("the question that was undone is not in sight")
	}
	redo(true)
	if got := valueOf(t, v, worry); got != "路灯坏了" {
		t.Errorf("after redo: %q", got)
	}

	resumed, err := o.desk(c).Resume(t.Context(), v.Draft().ID) // the program is ended and started again
	if err != nil {
		t.Fatal(err)
	}
	v = resumed
	redo(true)
	redo(false)
	if got := valueOf(t, v, worry); got != "路灯坏了，没人修" {
		t.Errorf("after a restart and redo: %q", got)
	}
	for range 3 {
		undo(true)
	}
	undo(false)
	if got := valueOf(t, v, "visit/visit_result"); got != "" {
		t.Errorf("at the beginning: %q", got)
	}
	answer("visit/visit_result", "nobody")
	redo(false)
}

func TestUndoLeavesAnInstanceThatIsGone(t *testing.T) {
	o, c := newOffice(t, "QZ-01"), newTimer()
	v := o.begin(t, "QZ-01", c)
	for path, value := range map[survey.FieldPath]string{"visit/visit_result": "talked", "problems/has_issue": "yes"} {
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Minute)
	}
	if err := v.Add(t.Context(), "problems/issues"); err != nil {
		t.Fatal(err)
	}
	if !v.Page().InInstance {
		t.Fatal("not in the instance")
	}
	if _, moved, err := v.Undo(t.Context()); err != nil || !moved {
		t.Fatal(moved, err)
	}
	if page := v.Page(); page.InInstance || len(page.Items) == 0 {
		t.Errorf("after undo the page is %+v", page)
	}
}

func TestHistoryCanBeLookedAtAndGoneBackTo(t *testing.T) {
	o, c := newOffice(t, "QZ-01"), newTimer()
	v := o.begin(t, "QZ-01", c)
	const worry = survey.FieldPath("hear/heard_worry")
	answer := func(path survey.FieldPath, value string) {
		t.Helper()
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	answer("visit/visit_result", "talked")
	answer(worry, "第一次写的")
	c.pass(time.Hour)
	answer(worry, "后来改的")
	moments, err := v.History(t.Context())
	if err != nil || len(moments) != 3 {
		t.Fatalf("history %+v, %v", moments, err)
	}
	if !moments[0].Now || moments[1].Now || moments[2].Now {
		t.Errorf("what is now: %+v", moments)
	}
	if m := moments[1]; m.Title != "1 小时前" || !strings.Contains(m.Detail, "结果") || !strings.Contains(m.Detail, "二听：群众所忧") {
		t.Errorf("an hour ago: %+v", m)
	}
	passages, err := v.LookBack(t.Context(), moments[1].Step)
	if err != nil || !strings.Contains(said(passages), "第一次写的") || strings.Contains(said(passages), "后来改的") ||
		!strings.Contains(said(passages), "见到并交谈") {
		t.Errorf("it was\n%s%v", said(passages), err)
	}
	if err := v.GoBack(t.Context(), moments[1].Step); err != nil {
		t.Fatal(err)
	}
	if got := valueOf(t, v, worry); got != "第一次写的" {
		t.Errorf("gone back to %q", got)
	}
	if _, moved, err := v.Undo(t.Context()); err != nil || !moved || valueOf(t, v, worry) != "后来改的" {
		t.Errorf("going back was not undone: %v %v, %q", moved, err, valueOf(t, v, worry))
	}
}

func said(passages []Passage) string {
	var all strings.Builder
	for _, p := range passages {
		all.WriteString(p.Title + "\n")
		for _, r := range p.Answers {
			all.WriteString("  " + r.Question + ": " + r.Value + "\n")
		}
	}
	return all.String()
}

func TestTwoDraftsSideBySide(t *testing.T) {
	o, c := newOffice(t, "QZ-01"), newTimer()
	first := o.begin(t, "QZ-01", c)
	second := o.begin(t, "QZ-01", c)
	fill := func(v *Visit, answers map[survey.FieldPath]string) {
		t.Helper()
		for _, path := range []survey.FieldPath{"visit/visit_result", "visit/visit_band", "hear/heard_worry", "problems/has_issue"} {
			if value, ok := answers[path]; ok {
				if err := v.Answer(t.Context(), path, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := v.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	fill(first, map[survey.FieldPath]string{"visit/visit_result": "talked", "visit/visit_band": "am", "hear/heard_worry": "路"})
	fill(second, map[survey.FieldPath]string{"visit/visit_result": "talked", "visit/visit_band": "am", "hear/heard_worry": "水", "problems/has_issue": "yes"})
	got, err := o.desk(c).Compare(t.Context(), o.households[0].ID)
	if err != nil || len(got.Drafts) != 2 || got.Drafts[0].ID != second.Draft().ID {
		t.Fatalf("%+v, %v", got, err)
	}
	worry := slices.IndexFunc(got.Differences, func(d Difference) bool { return strings.Contains(d.Question, "所忧") })
	if worry < 0 || !slices.Equal(got.Differences[worry].Values, []string{"水", "路"}) {
		t.Errorf("differences %+v", got.Differences)
	}
	if slices.ContainsFunc(got.Differences, func(d Difference) bool { return d.Question == "结果" || d.Question == "时段" }) {
		t.Errorf("what is the same is called different: %+v", got.Differences)
	}
	if !slices.ContainsFunc(got.Differences, func(d Difference) bool { return d.Values[1] == "" && d.Values[0] == "是" }) {
		t.Errorf("what only one says is missing: %+v", got.Differences)
	}
}

func TestAgo(t *testing.T) {
	for ago, want := range map[time.Duration]string{
		10 * time.Second: "刚才", 5 * time.Minute: "5 分钟前", 61 * time.Minute: "1 小时前",
		-time.Hour: "今天 13:00", 24 * time.Hour: "昨天 12:00", 14 * 365 * 24 * time.Hour: "2012年11月25日",
	} {
		if got := Ago(survey.MillisOf(noon.Add(-ago)), noon); got != want {
			t.Errorf("%v ago is %q, want %q", ago, got, want)
		}
	}
}
