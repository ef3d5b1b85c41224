package field

import (
	"slices"
	"strings"
	"testing"

	"zoucun/app/present"
	"zoucun/survey"
)

// recordsDesk is the desk of a device that knows what is held of finished visits.
func (d *desk) recordsDesk() present.Desk {
	d.t.Helper()
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return present.Desk{
		Forms: d.store, Keeper: d.store, Sealer: d.store, Records: d.store, Enrolment: self, Now: d.host.Now, Later: d.host.Later,
		NextNumber: func() (int, error) { return 1, nil },
	}
}

// visited pays a visit with one problem to a household and returns its record.
func (d *desk) visited(n int, answers ...string) survey.RecordID {
	d.t.Helper()
	village := d.store.Villages()[0].ID
	household := d.store.SearchHouseholds(village, "", n+1)[n].ID
	v, err := d.recordsDesk().Begin(d.t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"}, village, household)
	if err != nil {
		d.t.Fatal(err)
	}
	d.answer(v, "visit/visit_result", "talked", "visit/people_asked", "2", "hh/respondent_mode", "anonymous", "hh/phone", "13800000001",
		"problems/has_issue", "yes", "consent/notice_given", "yes", "consent/consent_scope", "agree")
	if err := v.Add(d.t.Context(), "problems/issues"); err != nil {
		d.t.Fatal(err)
	}
	issue := d.issue(v)
	d.answer(v, issue+"/nature", "help", issue+"/cat1", "09", issue+"/title", "路灯不亮了")
	d.answer(v, answers...)
	if wrongs, err := v.Finish(d.t.Context()); err != nil || len(wrongs) > 0 {
		d.t.Fatalf("finish: %v, %v", wrongs, err)
	}
	return survey.RecordID(v.Draft().ID)
}

// issue returns the filling's problem.
func (d *desk) issue(v *present.Visit) string {
	d.t.Helper()
	if !v.GoTo("problems/has_issue") {
		d.t.Fatal("no problems are asked about")
	}
	for _, item := range v.Page().Items {
		if len(item.Cards) > 0 {
			return string(item.Cards[len(item.Cards)-1].Path)
		}
	}
	d.t.Fatal("there is no problem")
	return ""
}

func (d *desk) answer(v *present.Visit, pairs ...string) {
	d.t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		if err := v.Answer(d.t.Context(), survey.FieldPath(pair[0]), pair[1]); err != nil {
			d.t.Fatal(pair, err)
		}
	}
}

// returns writes the township's word on a visit.
func (d *desk) returns(visit survey.RecordID, comment string, comments map[survey.FieldPath]string) {
	d.t.Helper()
	now, err := d.store.Record(d.t.Context(), visit)
	if err != nil {
		d.t.Fatal(err)
	}
	verdict := survey.Verdict{Result: survey.ReviewReturned, Comment: comment, Comments: comments}
	err = d.store.Amend(d.t.Context(), survey.Amendment{
		Record: visit, Type: survey.TypeVisit, Kind: survey.Review, Scope: now.Scope, Author: survey.PersonID{7}, Fields: verdict.Fields(now),
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) amend(visit survey.RecordID) *present.Visit {
	d.t.Helper()
	v, err := d.recordsDesk().Amend(d.t.Context(), visit)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func TestAReturnedVisitComesBackToItsAuthor(t *testing.T) {
	d := newDesk(t, "QZ-01")
	visit := d.visited(0)
	before, err := d.store.Record(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	household, _ := survey.ParseID[survey.RecordID](before.Fields[survey.VisitHousehold])
	problems, err := d.store.ProblemsOf(t.Context(), household)
	if err != nil || len(problems) != 1 {
		t.Fatalf("problems %v, %v", problems, err)
	}
	title := pathEnding(t, before.Fields, "/title")
	d.returns(visit, "请补齐下面两处", map[survey.FieldPath]string{"visit/people_asked": "三个人还是两个人？", title: "哪里的路灯？", "gone/question": "这题表里没有了"})

	// Meanwhile somebody else has changed the household's phone and the problem's state.
	for record, fields := range map[survey.RecordID]survey.Fields{
		household: {survey.HouseholdPhone: "13999999999"}, problems[0].ID: {survey.ProblemState: "in_progress"},
	} {
		now, err := d.store.Record(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.store.Amend(t.Context(), survey.Amendment{Record: record, Type: now.Type, Kind: survey.Put, Scope: now.Scope, Fields: fields}); err != nil {
			t.Fatal(err)
		}
	}

	var opened survey.RecordID
	lists := NewLists(d.host, ListsSpec{Keeper: d.store, OnAmend: func(v survey.RecordID) { opened = v }})
	d.show(lists, 800, 1280)
	d.sees("乡镇退回，请补充（1）")
	d.sees("请补齐下面两处（另有 3 题的意见）")
	d.look("returned-list", 800, 1280)
	d.tap(before.Fields[survey.VisitName])
	if opened != visit {
		t.Fatalf("opened %v", opened)
	}

	v := d.amend(opened)
	finished := false
	d.show(NewVisit(d.host, VisitSpec{Presenter: v, OnFinished: func() { finished = true }}), 1280, 800)
	d.sees("乡镇退回：请补齐下面两处")
	d.sees("乡镇的意见：三个人还是两个人？")
	d.sees("1 题有意见")
	d.look("returned-visit", 1280, 800)
	d.tap("乡镇的意见（3 题）")
	d.sees("哪里的路灯？")
	d.sees("这题表里没有了")
	d.look("returned-comments", 800, 1280)
	d.Back()
	d.answer(v, "visit/people_asked", "3", string(title), "村口的路灯不亮了")

	t.Run("after the flat battery the comments are there again", func(t *testing.T) {
		if again := d.amend(visit); again.Draft().ID != v.Draft().ID || len(again.Comments()) != 3 {
			t.Errorf("another draft %v, comments %v", again.Draft(), again.Comments())
		}
	})
	d.tap("完成走访")
	if !finished || len(d.complaints) > 0 {
		t.Fatalf("finished %v, %v; the screen says %q", finished, d.complaints, words(d.top().Body))
	}
	after, err := d.store.Record(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	if state := survey.VerdictOf(after.Fields).State(); state != survey.StateAnswered || after.Fields["visit/people_asked"] != "3" || len(after.Heads) != 1 {
		t.Errorf("state %v, %v", state, after.Fields)
	}
	if h, err := d.store.Household(t.Context(), household); err != nil || h.Phone != "13999999999" {
		t.Errorf("the household's phone was taken back: %+v, %v", h, err)
	}
	problems, err = d.store.ProblemsOf(t.Context(), household)
	if err != nil || len(problems) != 1 || problems[0].Title != "村口的路灯不亮了" || problems[0].State != "in_progress" {
		t.Errorf("problems %+v, %v", problems, err)
	}
	if waiting, err := d.store.Waiting(t.Context()); err != nil || len(waiting) != 1 {
		t.Errorf("waiting %v, %v", waiting, err)
	}
}

// A second return that has come while the first is being answered is shown when the draft is opened again, and is what
// is answered then.
func TestReturnedAgainWhileBeingAmended(t *testing.T) {
	d := newDesk(t, "QZ-01")
	visit := d.visited(0)
	d.returns(visit, "", map[survey.FieldPath]string{"visit/people_asked": "几个人？"})
	first := d.amend(visit)
	d.returns(visit, "还有一处", map[survey.FieldPath]string{"visit/people_asked": "几个人？", "visit/visit_band": "上午还是下午？"})
	d.answer(first, "visit/people_asked", "4")
	if wrongs, err := first.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatal(wrongs, err)
	}
	now, err := d.store.Record(t.Context(), visit)
	if err != nil || survey.VerdictOf(now.Fields).State() != survey.StateReturned || now.Fields["visit/people_asked"] != "4" {
		t.Fatalf("%v, %v", now.Fields, err)
	}
	second := d.amend(visit)
	if len(second.Comments()) != 2 {
		t.Errorf("comments %v", second.Comments())
	}
	d.answer(second, "visit/visit_band", "morning")
	if wrongs, err := second.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatal(wrongs, err)
	}
	now, err = d.store.Record(t.Context(), visit)
	if err != nil || survey.VerdictOf(now.Fields).State() != survey.StateAnswered || now.Fields["visit/people_asked"] != "4" {
		t.Errorf("%v, %v", now.Fields, err)
	}
}

func TestHintsAreShownOnceAndHoldNothingUp(t *testing.T) {
	d := newDesk(t, "QZ-01")
	const text = "村里通组的那条水泥路去年冬天压坏了，下雨天老人孩子走不了，希望早点修好。"
	d.visited(0, "hear/heard_worry", text)
	village := d.store.Villages()[0].ID
	v, err := d.recordsDesk().Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0"}, village, d.store.SearchHouseholds(village, "", 2)[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	d.answer(v, "visit/visit_result", "talked", "hh/respondent_mode", "anonymous", "hear/heard_worry", text, "head/entry_mode", "late")
	finished := false
	d.show(NewVisit(d.host, VisitSpec{Presenter: v, OnFinished: func() { finished = true }}), 1280, 800)
	d.tap("完成走访")
	d.sees("没有写和几个人交谈")
	d.sees("几乎一样")
	if said := strings.Join(words(d.top().Body), ""); strings.Contains(said, "补记") {
		t.Errorf("that it was noted down afterwards is held against somebody: %s", said)
	}
	d.look("hints", 800, 1280)
	if len(d.top().Actions) != 1 {
		t.Fatal("there is no way on")
	}
	d.top().Actions[0].OnTap()
	if !finished || len(d.complaints) > 0 {
		t.Errorf("finished %v, %v", finished, d.complaints)
	}
	now, err := d.store.Record(t.Context(), survey.RecordID(v.Draft().ID))
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range now.Fields {
		if strings.Contains(value, "几乎一样") || strings.HasPrefix(string(path), "check") {
			t.Errorf("a hint was kept: %s = %s", path, value)
		}
	}
}

func pathEnding(t *testing.T, fields survey.Fields, end string) survey.FieldPath {
	t.Helper()
	for path := range fields {
		if path.OfForm() && strings.HasSuffix(string(path), end) {
			return path
		}
	}
	t.Fatalf("no field ends in %s", end)
	return ""
}
