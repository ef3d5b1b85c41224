package present

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/survey"
)

// postbox keeps letters as they were handed over.
type postbox struct {
	listed  []survey.Recipient
	letters []survey.Letter
	broken  error
}

func (p *postbox) Enrolment(context.Context) (survey.Enrolment, bool, error) {
	return survey.Enrolment{Recipients: survey.Recipients{Serial: 1, Listed: p.listed}}, true, nil
}

func (p *postbox) SealEnvelope(_ context.Context, _ survey.ScopeID, _ survey.Recipient, letter survey.Letter) error {
	if p.broken != nil {
		return p.broken
	}
	p.letters = append(p.letters, letter)
	return nil
}

var commission = survey.Recipient{Use: survey.ForEnvelope, Name: "县纪委监委", Key: "age1a"}

// talking is a visit in which the section of problems is open, with its first instance, and the postbox of its desk.
func talking(t *testing.T, o *office, c *timer) (*Visit, *postbox, survey.FieldPath) {
	t.Helper()
	box := &postbox{listed: []survey.Recipient{commission, {Use: survey.ForRecovery, Name: "县民政局", Key: "age1b"}}}
	v := o.begin(t, "QZ-01", c)
	v.desk.Sealer = box
	give(t, v, "visit/visit_result", "talked")
	give(t, v, "problems/has_issue", "yes")
	return v, box, issue(t, v)
}

func give(t *testing.T, v *Visit, path survey.FieldPath, value string) {
	t.Helper()
	if err := v.Answer(t.Context(), path, value); err != nil {
		t.Fatal(err)
	}
}

// issue returns the path of the first problem.
func issue(t *testing.T, v *Visit) survey.FieldPath {
	t.Helper()
	keys := v.session.State().Repeats["problems/issues"]
	if len(keys) == 0 {
		t.Fatal("there is no problem")
	}
	return survey.FieldPath("problems/issues[" + keys[0] + "]")
}

// tells reports whether what is on disk of a draft has a text.
func (k *onDisk) tells(text string) bool {
	if bytes.Contains(k.state, []byte(text)) {
		return true
	}
	for _, c := range k.journal {
		if strings.Contains(c.Value, text) {
			return true
		}
	}
	return false
}

// TestNothingKeptTellsOfABox does to a visit what people do, opening boxes all the time: no line of the journal and no
// snapshot ever says so, and what is taken up again is the visit as if none had been opened.
func TestNothingKeptTellsOfABox(t *testing.T) {
	o := newOffice(t, "QZ-01")
	rapid.Check(t, func(rt *rapid.T) {
		c := newTimer()
		v, _, first := talking(t, o, c)
		walk := &walker{t: t, rt: rt, v: v, c: c}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "turn") {
			case 0:
				nature := rapid.SampledFrom([]string{"about_cadre", "about_cadre", "help", ""}).Draw(rt, "nature")
				if q, ok := v.session.Question(first + "/nature"); ok && q.Relevant { // only what is asked can be answered
					walk.must(v.Answer(t.Context(), first+"/nature", nature))
				}
			case 1:
				open := rapid.SampledFrom([]string{"yes", "no"}).Draw(rt, "has_issue")
				walk.must(v.Answer(t.Context(), "problems/has_issue", open))
			default:
				walk.step()
			}
			if o.drafts[v.Draft().ID].tells("about_cadre") {
				rt.Fatal("what is kept tells of a box")
			}
		}
		c.pass(time.Second)
		back, err := o.desk(c).Resume(t.Context(), v.Draft().ID)
		if err != nil {
			rt.Fatal(err)
		}
		if open := back.session.Envelopes(); len(open) > 0 {
			rt.Fatalf("taken up again, %v is open", open)
		}
	})
}

func TestSealTakesTheProblemOut(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v, box, first := talking(t, o, newTimer())
	give(t, v, first+"/nature", "about_cadre")
	v.GoTo(first + "/letter")
	if page := v.Page(); !page.InInstance {
		t.Fatal("the box is not on the page of a problem")
	}
	to, err := v.Seal(t.Context(), first+"/letter", commission.Key, survey.Letter{Text: "他收了钱", Reply: "写信"})
	if err != nil || to != commission {
		t.Fatalf("Seal = %v, %v", to, err)
	}
	if len(box.letters) != 1 || box.letters[0].Text != "他收了钱" || box.letters[0].Reply != "写信" {
		t.Errorf("letters = %+v", box.letters)
	}
	if page := v.Page(); page.InInstance {
		t.Error("still in a problem that is gone")
	}
	wrongs, err := v.Finish(t.Context())
	if err != nil || len(wrongs) != 2 { // respondent_mode, and that there is no problem left
		t.Fatalf("Finish = %+v, %v", wrongs, err)
	}
	give(t, v, "problems/has_issue", "no")
	give(t, v, "hh/respondent_mode", "anonymous")
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish = %+v, %v", wrongs, err)
	}
	sub := o.finished[len(o.finished)-1]
	for path, value := range sub.Fields {
		if strings.Contains(string(path), "issues") || strings.Contains(value, "about_cadre") {
			t.Errorf("the record has %s", path)
		}
	}
	for _, path := range sub.Touched {
		if strings.Contains(string(path), string(first)) {
			t.Errorf("the record says that %s could have been set", path)
		}
	}
}

func TestAFailedSealLeavesTheBox(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v, box, first := talking(t, o, newTimer())
	give(t, v, first+"/nature", "about_cadre")
	letter := survey.Letter{Text: "他收了钱"}
	box.broken = &survey.Error{Kind: survey.Full}
	if _, err := v.Seal(t.Context(), first+"/letter", commission.Key, letter); survey.KindOf(err) != survey.Full {
		t.Errorf("Seal on a full disk = %v", err)
	}
	box.broken = nil
	for _, key := range []string{"age1b", "age1nobody", ""} {
		if _, err := v.Seal(t.Context(), first+"/letter", key, letter); survey.KindOf(err) != survey.Conflicting || survey.MessageOf(err) == "" {
			t.Errorf("Seal for %q = %v", key, err)
		}
	}
	if open := v.session.Envelopes(); len(open) != 1 || len(box.letters) > 0 {
		t.Errorf("open %v, sealed %d", open, len(box.letters))
	}
}

// TestSealedThoughTheDraftCannotBeKept has the disk fill between the envelope and the draft: the letter is sealed, the
// person hears why the draft is not kept, and it is kept as soon as there is room.
func TestSealedThoughTheDraftCannotBeKept(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v, box, first := talking(t, o, newTimer())
	give(t, v, first+"/nature", "about_cadre")
	var heard error
	v.OnError = func(err error) { heard = err }
	o.broken = errors.New("disk full")
	if _, err := v.Seal(t.Context(), first+"/letter", commission.Key, survey.Letter{Text: "他收了钱"}); err != nil || len(box.letters) != 1 {
		t.Fatalf("Seal = %v", err)
	}
	if heard == nil {
		t.Error("nobody heard that the draft could not be kept")
	}
	o.broken = nil
	give(t, v, "hh/respondent_mode", "anonymous")
	back, err := o.desk(newTimer()).Resume(t.Context(), v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	if keys := back.session.State().Repeats["problems/issues"]; len(keys) != 0 {
		t.Errorf("the problem is there again: %v", keys)
	}
}

// TestADiskThatFillsWhileABoxIsOpen has the journal fall behind while a box is open: the snapshot that makes up for it
// does not tell of the box.
func TestADiskThatFillsWhileABoxIsOpen(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v, _, first := talking(t, o, newTimer())
	give(t, v, first+"/nature", "help")
	give(t, v, first+"/title", "水渠堵了")
	give(t, v, first+"/nature", "about_cadre")
	o.broken = errors.New("disk full")
	if err := v.Answer(t.Context(), "hh/respondent_mode", "anonymous"); err == nil {
		t.Fatal("a full disk is no error")
	}
	o.broken = nil
	give(t, v, "hear/heard_ask", "修路")
	if o.drafts[v.Draft().ID].tells("about_cadre") {
		t.Error("the snapshot tells of the box")
	}
	back, err := o.desk(newTimer()).Resume(t.Context(), v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[survey.FieldPath]string{
		first + "/nature": "help", first + "/title": "水渠堵了", "hh/respondent_mode": "anonymous", "hear/heard_ask": "修路",
	} {
		if q, _ := back.session.Question(path); q.Value != want {
			t.Errorf("%s = %q, want %q", path, q.Value, want)
		}
	}
	give(t, back, "visit/visit_result", "nobody_home")
	give(t, back, "visit/visit_result", "talked")
	give(t, back, "consent/notice_given", "yes")
	if wrongs, err := back.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish = %+v, %v", wrongs, err)
	}
	problems := 0
	for _, e := range o.finished[len(o.finished)-1].Entities {
		if e.Dataset == string(survey.TypeProblem) {
			problems++
		}
	}
	if problems != 1 {
		t.Errorf("%d problems, want the one there was before the box", problems)
	}
}

// TestABoxOutsideOfAnyRepeat goes with the answer that had it asked.
func TestABoxOutsideOfAnyRepeat(t *testing.T) {
	o := newOffice(t)
	info := o.addMarkdown(t, "| survey |\n| | type | name | label | relevant | appearance | readonly | required |\n"+
		"| | select_multiple n | nature | 性质 |\n| | text | letter | 封存 | selected(${nature}, 'cadre') | sealed | yes | yes |\n"+
		"| choices |\n| | list_name | name | label |\n| | n | cadre | 干部 |\n| | n | road | 路 |\n| settings |\n| | form_id | version | form_title |\n| | probe | 1.0 | 表 |\n")
	c := newTimer()
	v, err := o.desk(c).Begin(t.Context(), info, o.village.ID, survey.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	v.desk.Sealer = &postbox{listed: []survey.Recipient{commission}}
	give(t, v, "nature", "road")
	give(t, v, "nature", "road cadre")
	give(t, v, "nature", "cadre") // another answer that keeps the box open
	if o.drafts[v.Draft().ID].tells("cadre") {
		t.Error("the journal tells of the box")
	}
	if _, err := v.Seal(t.Context(), "letter", commission.Key, survey.Letter{Text: "他收了钱"}); err != nil {
		t.Fatal(err)
	}
	if q, _ := v.session.Question("nature"); q.Value != "" {
		t.Errorf("nature = %q", q.Value)
	}
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish = %+v, %v", wrongs, err)
	}
}

func TestEnvelopesAreCounted(t *testing.T) {
	for e, want := range map[survey.Envelopes]string{
		{}: "封存件：没有封存件。", {Waiting: 2}: "封存件 2：2 件等待发送。", {Delivered: 3}: "封存件 3：全部已送达。",
		{Waiting: 1, Delivered: 4}: "封存件 5：1 件等待发送，4 件已送达。",
	} {
		if got := envelopesOf(e); !strings.HasPrefix(got.Title+"："+got.Words, want) {
			t.Errorf("%+v: %+v, want %s", e, got, want)
		}
	}
}
