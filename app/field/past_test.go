package field

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/assets"
	"zoucun/form/xlsform"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// heard begins a visit that asks what was said, on its page.
func (d *desk) heard(width, height float32) (*present.Visit, *view.Screen) {
	d.t.Helper()
	v := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	if err := v.Answer(d.t.Context(), "visit/visit_result", "talked"); err != nil {
		d.t.Fatal(err)
	}
	screen := NewVisit(d.host, VisitSpec{Presenter: v})
	d.show(screen, width, height)
	return v, screen
}

func (d *desk) worry(v *present.Visit, text string) {
	d.t.Helper()
	if err := v.Answer(d.t.Context(), "hear/heard_worry", text); err != nil {
		d.t.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
}

// typedOn returns what stands in the fields of a screen.
func typedOn(o fyne.CanvasObject) []string {
	var all []string
	for _, f := range fields(o) {
		all = append(all, f.Typed())
	}
	return all
}

func TestUndoShowsTheQuestionAgain(t *testing.T) {
	d := newDesk(t, "QZ-01")
	v, screen := d.heard(1280, 800)
	d.worry(v, "先写的")
	d.worry(v, "后写的")
	d.tap("撤销") // on another page
	if got := typedOn(screen.Body); !slices.Contains(got, "先写的") {
		t.Errorf("after undo the fields say %q", got)
	}
	d.tap("恢复")
	if got := typedOn(screen.Body); !slices.Contains(got, "后写的") {
		t.Errorf("after redo the fields say %q", got)
	}
	d.tap("恢复")
	if len(d.told) != 1 || !strings.Contains(d.told[0], "没有可以恢复的") {
		t.Errorf("told %q", d.told)
	}
	for range 3 {
		d.tap("撤销")
	}
	d.tap("撤销")
	if len(d.told) != 2 || len(d.complaints) > 0 {
		t.Errorf("told %q, complaints %v", d.told, d.complaints)
	}
}

func TestWhatWasWrittenAnHourAgoIsShownAndGoneBackTo(t *testing.T) {
	d := newDesk(t, "QZ-01")
	v, screen := d.heard(1280, 800)
	d.worry(v, "先写的")
	d.worry(v, "后写的")
	d.tap("以前写的")
	d.sees("2 小时前")
	d.tap("2 小时前")
	d.sees("先写的")
	if said := strings.Join(words(d.top().Body), "\n"); strings.Contains(said, "后写的") {
		t.Error("what came later is shown")
	}
	d.tap("回到这时")
	d.sees("点“撤销”可以再找回来")
	d.tap("回到这时")
	if d.top() != screen {
		t.Fatalf("on top is %q", d.top().Title)
	}
	d.tap("3 两听一看")
	if got := typedOn(screen.Body); !slices.Contains(got, "先写的") {
		t.Errorf("gone back, and the fields say %q", got)
	}
	d.tap("撤销")
	d.tap("3 两听一看")
	if got := typedOn(screen.Body); !slices.Contains(got, "后写的") {
		t.Errorf("going back undone, and the fields say %q", got)
	}
}

func TestTwoDraftsAreComparedAndOneIsTaken(t *testing.T) {
	d := newDesk(t, "QZ-01")
	first, _ := d.heard(1280, 800)
	d.worry(first, "第一份写的")
	second, _ := d.heard(1280, 800)
	d.worry(second, "第二份写的")
	for _, v := range []*present.Visit{first, second} {
		if err := v.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	household := first.Draft().Household
	self, _, err := d.store.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var resumed survey.DraftID
	one := false
	d.show(NewCompare(d.host, CompareSpec{
		Desk:      present.Desk{Forms: d.store, Keeper: d.store, Enrolment: self, Now: d.host.Now, Later: d.host.Later},
		Household: household, OnResume: func(id survey.DraftID) { resumed = id }, OnOne: func() { one = true },
	}), 800, 1280)
	d.sees("第一份写的")
	d.sees("第二份写的")
	if said := strings.Join(words(d.top().Body), "\n"); strings.Contains(said, "见到并交谈") {
		t.Errorf("what is the same is listed: %s", said)
	}
	d.tap("接着填这份")
	if drafts, err := d.store.DraftsOf(t.Context(), household); err != nil || len(drafts) != 2 || resumed != drafts[0].ID {
		t.Errorf("resumed %s of %+v, %v", resumed, drafts, err)
	}
	d.tap("删除")
	d.sees("删掉就找不回来")
	if drafts, _ := d.store.DraftsOf(t.Context(), household); len(drafts) != 2 {
		t.Error("deleted without being asked")
	}
	d.tap("删除")
	if drafts, _ := d.store.DraftsOf(t.Context(), household); len(drafts) != 1 || !one {
		t.Errorf("%d drafts are left, back %v", len(drafts), one)
	}
}

func TestADraftOutlivesANewVersionOfItsForm(t *testing.T) {
	d := newDesk(t, "QZ-01")
	v, _ := d.heard(1280, 800)
	d.worry(v, "旧表里写的")
	if err := v.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.publish(t, "QZ-01", "9.9")
	forms, err := d.store.Forms(t.Context())
	if err != nil || len(forms) != 1 || forms[0].Version != "9.9" {
		t.Fatalf("forms %+v, %v", forms, err)
	}
	self, _, _ := d.store.Enrolment(t.Context())
	desk := present.Desk{Forms: d.store, Keeper: d.store, Enrolment: self, Now: d.host.Now, Later: d.host.Later}
	resumed, err := desk.Resume(t.Context(), v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := resumed.Draft().FormVersion; got != "1.0" {
		t.Errorf("the draft goes on with version %s", got)
	}
	if _, done, err := resumed.Undo(t.Context()); err != nil || !done {
		t.Errorf("undo = %v, %v", done, err)
	}
	if _, done, err := resumed.Redo(t.Context()); err != nil || !done {
		t.Errorf("redo = %v, %v", done, err)
	}
	if err := resumed.Answer(t.Context(), "visit/visit_result", "absent"); err != nil {
		t.Fatal(err)
	}
	if wrong, err := resumed.Finish(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("finish: %+v, %v", wrong, err)
	}
}

// publish has a new version of a form arrive by pull, which lacks a question.
func (d *desk) publish(t *testing.T, id survey.FormID, version string) {
	t.Helper()
	folder, err := assets.Form(string(id))
	if err != nil {
		t.Fatal(err)
	}
	book, _ := xlsform.ReadFS(folder, string(id))
	f := xlsform.Compile(book, xlsform.Options{})
	if f.Fatal() {
		t.Fatal(f.Findings)
	}
	xml := strings.ReplaceAll(string(f.XML), "heard_worry", "heard_otherwise")
	cursors, err := d.store.Cursors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	self, _, _ := d.store.Enrolment(t.Context())
	shared := survey.RegisterScope(self.Grant.County)
	at := slices.IndexFunc(cursors, func(c survey.Cursor) bool { return c.Scope == shared })
	h := survey.Header{
		Record: survey.DerivedID[survey.RecordID](shared, "form/"+string(id)), Type: survey.TypeForm, Kind: survey.Put, Scope: shared,
		Form: id, FormVersion: version, HLC: survey.HLC(0).Next(noon), Touched: []survey.FieldPath{survey.FormTitle, survey.FormXML},
	}
	r, err := wire.SealRevision(h, survey.Body{Fields: survey.Fields{survey.FormTitle: "新表", survey.FormXML: xml}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	err = d.store.ApplyPage(t.Context(), wire.FeedPage{
		Scope: shared, Epoch: self.Epoch, After: cursors[at].Seq, Head: cursors[at].Seq + 1,
		Items: []wire.FeedItem{{Seq: cursors[at].Seq + 1, Op: wire.FeedPut, HLC: h.HLC, Revision: r}},
	})
	if err != nil {
		t.Fatal(err)
	}
}
