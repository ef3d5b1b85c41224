package workbench

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/survey"
)

func (d *desk) twins() *Twins {
	d.Helper()
	t := NewTwins(d.township, NewWords(d.township), d.me, func() time.Time { return noon })
	if _, ready := t.Pairs(); ready {
		d.Error("ready before anything was read")
	}
	if err := t.Load(d.Context()); err != nil {
		d.Fatal(err)
	}
	return t
}

func (d *desk) couple(t *Twins, at int) Couple {
	d.Helper()
	pairs, _ := t.Pairs()
	if len(pairs) <= at {
		d.Fatalf("%d pairs", len(pairs))
	}
	c, err := t.Couple(d.Context(), pairs[at])
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func (d *desk) does(t *Twins, o Outcome) {
	d.Helper()
	if err := t.Confirm(d.Context(), o); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) problem(home survey.RecordID, title string) survey.RecordID {
	id := survey.NewID[survey.RecordID]()
	d.say(d.li, survey.Header{Record: id, Type: survey.TypeProblem, Kind: survey.Put, Scope: d.scope()},
		survey.Fields{survey.ProblemTitle: title, survey.ProblemHousehold: home.String(), survey.ProblemCategory: "0901"}, "")
	return id
}

func (d *desk) visit(by side, home survey.RecordID, answers survey.Fields) survey.RecordID {
	id := survey.NewID[survey.RecordID]()
	answers[survey.VisitHousehold], answers[survey.VisitName] = home.String(), "王芳 "+string(rune('甲'+len(d.order)))
	d.say(by, survey.Header{Record: id, Type: survey.TypeVisit, Kind: survey.Put, Scope: d.scope(), Form: "QZ-01", FormVersion: "1.0"}, answers, "")
	return id
}

func TestPairSideBySide(t *testing.T) {
	d := newDesk(t)
	d.household(survey.Household{Head: "王方", Door: "3组12号", Members: "王丽", Code: "QC-007", Resident: -1, Away: -1})
	d.household(survey.Household{Head: "王芳", Door: "5组1号"})
	c := d.couple(d.twins(), 0)
	if c.For != "同音 · 同门牌" || c.Against != "" || c.Titles != [2]string{"王芳家", "王方家"} || c.Keeps() != 1 {
		t.Errorf("the pair says %+v, keeps %d", c.Pair, c.Keeps())
	}
	at := func(label string) Row {
		i := slices.IndexFunc(c.Rows, func(r Row) bool { return r.Label == label })
		if i < 0 {
			t.Fatalf("no row %q in %+v", label, c.Rows)
		}
		return c.Rows[i]
	}
	if !at("户主").Differs || at("门牌方位").Differs || at("电话").Differs || at("电话").Values[1] != "—" || at("走访和问题").Values[0] != "走访 0 次，问题 0 个" {
		t.Errorf("side by side: %+v", c.Rows)
	}
}

func TestSameJoinsAndFillsBlanks(t *testing.T) {
	d := newDesk(t)
	other, _ := d.household(survey.Household{Head: "王方", Door: "3组12号", Members: "王丽、王强", Code: "QC-007", Resident: -1, Away: -1})
	d.problem(d.home, "路灯不亮")
	tw := d.twins()
	c := d.couple(tw, 0)
	o := tw.Same(t.Context(), c, 1)
	want := "王芳家并到王方家，以后只列王方家；两边的走访、问题和经过都归到它名下。补上电话“13800000001”、常住人数“3 人”、外出人数“1 人”。"
	if o.Sentence != want {
		t.Errorf("the sentence is %q", o.Sentence)
	}
	d.does(tw, o)
	if pairs, _ := tw.Pairs(); len(pairs) != 0 || d.Kept(d.home) != other {
		t.Errorf("joined: pairs %v", pairs)
	}
	if f := d.record(other).Fields; f[survey.HouseholdPhone] != "13800000001" || f[survey.HouseholdHead] != "王方" || f[survey.HouseholdMembers] != "王丽、王强" {
		t.Errorf("the one that goes on says %v", f)
	}
	if problems, _ := d.ProblemsOf(t.Context(), other); len(problems) != 1 {
		t.Errorf("problems of the one that goes on: %v", problems)
	}
	joints, err := tw.Joints(t.Context())
	if err != nil || len(joints) != 1 || joints[0].Title != "王芳家并到王方家" {
		t.Fatalf("joined: %v, %v", joints, err)
	}
	if err := tw.Split(t.Context(), joints[0]); err != nil {
		t.Fatal(err)
	}
	if pairs, _ := tw.Pairs(); d.Kept(d.home) != d.home || len(pairs) != 0 {
		t.Errorf("split: asked again: %v", pairs)
	}
}

func TestJoiningIsTakenBackAsOne(t *testing.T) {
	d := newDesk(t)
	other, _ := d.household(survey.Household{Head: "王方", Door: "3组12号", Resident: -1, Away: -1})
	tw, q := d.twins(), d.at(d.me)
	d.does(tw, tw.Same(t.Context(), d.couple(tw, 0), 1))
	past, err := q.Past(t.Context())
	if err != nil || len(past) != 1 || len(past[0].Words) != 2 {
		t.Fatalf("past decisions %+v, %v", past, err)
	}
	o, err := q.Undo(t.Context(), past[0])
	said := d.confirm(q, o, err)
	if err := tw.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pairs, _ := tw.Pairs(); len(pairs) != 1 || d.Kept(d.home) != d.home || d.record(other).Fields[survey.HouseholdPhone] != "" {
		t.Errorf("taken back (%s): pairs %v, the other says %v", said, pairs, d.record(other).Fields)
	}
	past, err = q.Past(t.Context())
	if err != nil || len(past) != 2 {
		t.Fatal(past, err)
	}
	o, err = q.Undo(t.Context(), past[0])
	d.confirm(q, o, err)
	if d.Kept(d.home) != other || d.record(other).Fields[survey.HouseholdPhone] != "13800000001" {
		t.Errorf("the taking back taken back: kept %v, %v", d.Kept(d.home), d.record(other).Fields)
	}
}

func TestDifferentIsRemembered(t *testing.T) {
	d := newDesk(t)
	home, _ := d.household(survey.Household{Head: "王方", Door: "3组12号"})
	tw := d.twins()
	d.does(tw, tw.Different(d.couple(tw, 0)))
	d.change(d.li, home, d.record(home).Heads[0], phone("13800000001"), "")
	for _, again := range []*Twins{tw, d.twins()} {
		if err := again.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pairs, _ := again.Pairs(); len(pairs) != 0 {
			t.Errorf("asked again: %+v", pairs)
		}
	}
}

func TestThreeTakeTwoDecisions(t *testing.T) {
	d := newDesk(t)
	d.household(survey.Household{Head: "王方", Door: "3组12号"})
	d.household(survey.Household{Head: "王芳", Door: "3组12号"})
	tw := d.twins()
	decisions := 0
	for pairs, _ := tw.Pairs(); len(pairs) > 0; pairs, _ = tw.Pairs() {
		d.does(tw, tw.Same(t.Context(), d.couple(tw, 0), 0))
		decisions++
	}
	if decisions != 2 || len(d.SearchHouseholds(d.village.ID, "", 0)) != 1 {
		t.Errorf("%d decisions leave %v", decisions, d.SearchHouseholds(d.village.ID, "", 0))
	}
}

func TestProblemsAndVisitsThatMayBeOne(t *testing.T) {
	d := newDesk(t)
	d.problem(d.home, "村口路灯不亮，晚上看不见")
	d.problem(d.home, "村口的路灯不亮，晚上看不见路")
	d.problem(d.home, "自来水压力太低")
	answers := func(worry string) survey.Fields {
		return survey.Fields{"a": "1", "b": "2", "c": "3", "d": "4", "worry": worry}
	}
	d.visit(d.li, d.home, answers("路不好走"))
	d.visit(d.zhao, d.home, answers("没有"))
	d.visit(d.zhao, d.home, survey.Fields{"a": "9", "b": "8"})
	d.later(25 * time.Hour)
	d.visit(d.li, d.home, answers("路不好走"))
	tw := d.twins()
	pairs, _ := tw.Pairs()
	if len(pairs) != 2 || pairs[0].Of != survey.TypeProblem || pairs[0].For != "同一户，写的几乎一样 · 同类" ||
		pairs[1].Of != survey.TypeVisit || pairs[1].For != "同一户，一天之内，5 个答案里 4 个一样" {
		t.Fatalf("pairs %+v", pairs)
	}
	c := d.couple(tw, 1)
	if c.Rows[0].Label != "worry" || !c.Rows[0].Differs || c.Rows[1].Differs {
		t.Errorf("side by side: %+v", c.Rows)
	}
	for range 2 {
		d.does(tw, tw.Same(t.Context(), d.couple(tw, 0), 0))
	}
	if pairs, _ := tw.Pairs(); len(pairs) != 0 {
		t.Errorf("left: %+v", pairs)
	}
}

// later lets time go by.
func (d *desk) later(by time.Duration) { d.township.at = d.township.at.Add(by) }

// TestVoidedIsNoTwin takes one of a pair out of use.
func TestVoidedIsNoTwin(t *testing.T) {
	d := newDesk(t)
	home, rev := d.household(survey.Household{Head: "王方", Door: "3组12号"})
	one := d.problem(d.home, "路灯不亮")
	d.problem(d.home, "路灯不亮")
	tw := d.twins()
	d.say(d.li, survey.Header{Record: home, Type: survey.TypeHousehold, Kind: survey.Void, Scope: d.scope(), Parents: []survey.RevID{rev}}, nil, "")
	d.say(d.li, survey.Header{Record: one, Type: survey.TypeProblem, Kind: survey.Void, Scope: d.scope(), Parents: d.record(one).Heads}, nil, "")
	if err := tw.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pairs, _ := tw.Pairs(); len(pairs) != 0 {
		t.Errorf("pairs %+v", pairs)
	}
}

// TestAnyOrderOfJoiningEndsTheSame joins households in the order drawn and wants one household with all that was said.
func TestAnyOrderOfJoiningEndsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		for range rapid.IntRange(1, 4).Draw(rt, "more") {
			d.household(survey.Household{Head: "王芳", Door: "3组12号", Members: "甲" + string(rune('乙'+len(d.order)))})
		}
		tw := NewTwins(d.township, NewWords(d.township), d.me, func() time.Time { return noon })
		if err := tw.Load(context.Background()); err != nil {
			rt.Fatal(err)
		}
		n := len(d.order)
		decisions := 0
		for pairs, _ := tw.Pairs(); len(pairs) > 0; pairs, _ = tw.Pairs() {
			c, err := tw.Couple(context.Background(), pairs[rapid.IntRange(0, len(pairs)-1).Draw(rt, "pair")])
			if err == nil {
				err = tw.Confirm(context.Background(), tw.Same(context.Background(), c, rapid.IntRange(0, 1).Draw(rt, "kept")))
			}
			if err != nil {
				rt.Fatal(err)
			}
			decisions++
		}
		left := d.SearchHouseholds(d.village.ID, "", 0)
		if decisions != n-1 || len(left) != 1 {
			rt.Fatalf("%d households, %d decisions, left %v", n, decisions, left)
		}
		if got := strings.Count(left[0].Members, survey.MemberStop) + 1; got != n {
			rt.Fatalf("%d households with a member each, the one left has %q", n, left[0].Members)
		}
	})
}
