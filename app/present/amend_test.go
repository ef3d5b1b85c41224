package present

import (
	"context"
	"testing"

	"zoucun/form"
	"zoucun/survey"
)

// archive is what is held of one finished visit.
type archive struct {
	*office

	held survey.Holding
}

func (a *archive) Holding(_ context.Context, id survey.RecordID) (survey.Holding, error) {
	if id != a.held.Record.ID {
		return survey.Holding{}, &survey.Error{Kind: survey.NotFound, Op: "archive.Holding"}
	}
	return a.held, nil
}

// newer is an office in which only one version of each form is left.
type newer struct {
	*office

	version string
	xml     []byte
	gone    bool // no version at all
}

func (n newer) FormXML(_ context.Context, id survey.FormID, version string) ([]byte, error) {
	if version != n.version || n.gone {
		return nil, &survey.Error{Kind: survey.NotFound, Op: "office.FormXML", Subject: string(id)}
	}
	return n.xml, nil
}

func (n newer) Forms(context.Context) ([]survey.FormInfo, error) {
	if n.gone {
		return nil, nil
	}
	return []survey.FormInfo{{ID: "probe", Version: n.version}}, nil
}

// returned is a visit that was returned with a comment on a question.
func returned(question survey.FieldPath, fields survey.Fields) survey.Holding {
	fields[survey.ReviewResultField], fields[survey.ReviewRoundField] = string(survey.ReviewReturned), "r1"
	fields[survey.CommentOn(question)] = "请写清楚"
	rev := survey.RevID{1}
	r := survey.Record{
		ID: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: survey.ScopeID{1}, Form: "probe", FormVersion: "1", Fields: fields, Heads: []survey.RevID{rev},
	}
	return survey.Holding{Record: r, Statements: []survey.Statement{{
		ID: rev, Header: survey.Header{Record: r.ID, Type: r.Type, Kind: survey.Put, Scope: r.Scope}, Body: survey.Body{Fields: fields},
	}}}
}

const probe = `
| survey | | | | | |
| | type | name | label | constraint | save_to |
| | text | kept | 留下的题 | | |
| | text | old | 旧题 | | |
| | begin_repeat | issues | 问题 | | |
| | text | title | 什么事 | | problem#title |
| | end_repeat | issues | | | |
| entities | | | | | |
| | list_name | create_if | label | | |
| | problem | ${title} != '' | ${title} | | |
| settings | | | | | |
| | form_id | form_title | version | | |
| | probe | 试表 | 1 | | |
`

// amendable is a desk on which one returned visit is held, and what is finished there.
func amendable(t *testing.T, held survey.Holding) (*office, Desk) {
	t.Helper()
	o := newOffice(t)
	o.addMarkdown(t, probe)
	d := o.desk(newTimer())
	d.Records = &archive{o, held}
	return o, d
}

func TestAmendingKeepsTheProblemsItHasMade(t *testing.T) {
	noted, legacy := survey.NewID[survey.RecordID](), survey.NewID[survey.RecordID]()
	held := returned("kept", survey.Fields{
		"kept": "一", "issues[a]/title": "路灯不亮", "issues[b]/title": "水压太低", "issues[c]/title": "没有人记得", survey.MadeFrom("issues[a]"): noted.String(),
	})
	o, d := amendable(t, held)
	o.problems = []survey.Problem{{ID: legacy, Title: "水压太低"}}
	v, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range map[survey.FieldPath]string{"issues[a]/title": "村口路灯不亮", "issues[b]/title": "水压低", "issues[c]/title": "还是没有"} {
		if err := v.Answer(t.Context(), path, value); err != nil {
			t.Fatal(err)
		}
	}
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatal(wrongs, err)
	}
	made := map[survey.FieldPath]form.EntityChange{}
	for _, change := range o.finished[0].Entities {
		made[change.Instance] = change
	}
	if made["issues[a]"].ID != noted.String() || made["issues[b]"].ID != legacy.String() {
		t.Errorf("entities %+v", made)
	}
	if id, err := survey.ParseID[survey.RecordID](made["issues[c]"].ID); err != nil || id == noted || id == legacy || id.IsZero() {
		t.Errorf("a problem nobody knows gets the identifier %q", made["issues[c]"].ID)
	}
}

func TestAmendingSaysOnlyWhatHasChanged(t *testing.T) {
	held := returned("kept", survey.Fields{"kept": "一", "issues[a]/title": "路灯不亮", survey.MadeFrom("issues[a]"): survey.NewID[survey.RecordID]().String()})
	o, d := amendable(t, held)
	v, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Answer(t.Context(), "kept", "二"); err != nil {
		t.Fatal(err)
	}
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatal(wrongs, err)
	}
	if got := o.finished[0].Entities; len(got) != 0 {
		t.Errorf("says of other records what it has said before: %+v", got)
	}
}

func TestAmendingInAnotherVersionOfTheForm(t *testing.T) {
	held := returned("old", survey.Fields{"kept": "一", "old": "旧的答案"})
	o := newOffice(t)
	info := o.addMarkdown(t, `
| survey | | | |
| | type | name | label |
| | text | kept | 留下的题 |
| | text | fresh | 新题 |
| settings | | | |
| | form_id | form_title | version |
| | probe | 试表 | 2 |
`)
	d := o.desk(newTimer())
	d.Records, d.Forms = &archive{o, held}, newer{o, "2", o.forms[info.ID], false}
	v, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil {
		t.Fatal(err)
	}
	if list := v.Comments(); len(list) != 1 || list[0].Asked || list[0].Message != "请写清楚" {
		t.Errorf("comments %+v: what is said of a question that is gone is said all the same", list)
	}
	if err := v.Answer(t.Context(), "fresh", "新的"); err != nil {
		t.Fatal(err)
	}
	again, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil || again.Draft().ID != v.Draft().ID || again.Draft().FormVersion != "2" {
		t.Fatalf("%+v, %v", again.Draft(), err)
	}
	if wrongs, err := again.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatal(wrongs, err)
	}
	sub := o.finished[0]
	if sub.Fields["kept"] != "一" || sub.Fields["fresh"] != "新的" {
		t.Errorf("fields %v", sub.Fields)
	}
	for _, path := range sub.Touched {
		if path == "old" {
			t.Error("what the new form does not ask is taken away")
		}
	}

	t.Run("without the form nothing is begun", func(t *testing.T) {
		d.Forms = newer{office: o, gone: true}
		clear(o.drafts)
		if _, err := d.Amend(t.Context(), held.Record.ID); survey.KindOf(err) != survey.NotFound || survey.MessageOf(err) == "" {
			t.Errorf("Amend = %v", err)
		}
		if len(o.drafts) != 0 {
			t.Error("a draft was begun")
		}
	})
}

func TestAVisitThatIsNotReturnedHasNoComments(t *testing.T) {
	held := returned("kept", survey.Fields{"kept": "一"})
	_, d := amendable(t, held)
	v, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil || len(v.Comments()) != 1 {
		t.Fatal(v, err)
	}
	held.Record.Fields[survey.ReviewResultField] = string(survey.ReviewPassed) // while it is being amended
	again, err := d.Amend(t.Context(), held.Record.ID)
	if err != nil || len(again.Comments()) != 0 {
		t.Errorf("comments %v, %v", again.Comments(), err)
	}
	if _, amends := again.Amending(); !amends {
		t.Error("the draft does not amend any more")
	}
}
