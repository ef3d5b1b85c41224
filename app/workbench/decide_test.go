package workbench

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// desk is somebody at the workbench of a township in which two cadres have changed a household apart.
type desk struct {
	*testing.T
	*township
	li, zhao   side
	home       survey.RecordID
	base       survey.RevID
	me, fellow survey.Staff
}

func newDesk(t *testing.T, forms ...string) *desk {
	d := &desk{T: t, township: newTownship(t, forms...)}
	d.device = survey.NewID[survey.DeviceID]()
	d.li = side{author: d.person("李红"), device: survey.NewID[survey.DeviceID]()}
	d.zhao = side{author: d.person("赵强"), device: survey.NewID[survey.DeviceID]()}
	d.me = survey.Staff{ID: d.person("周芳"), Name: "周芳"}
	d.fellow = survey.Staff{ID: d.person("吴敏"), Name: "吴敏"}
	d.home, d.base = d.household(survey.Household{Head: "王芳", Door: "3组12号", Phone: "13800000001", Members: "王强", Resident: 3, Away: 1})
	return d
}

// apart lets the two cadres change the household without knowing of one another.
func (d *desk) apart(li, zhao survey.Fields) {
	d.change(d.li, d.home, d.base, li, "本人说号码换了")
	d.change(d.zhao, d.home, d.base, zhao, "")
}

func (d *desk) at(who survey.Staff) *Decide {
	d.Helper()
	q := NewDecide(d.township, NewWords(d.township), who, func() time.Time { return noon })
	if err := q.Load(d.Context()); err != nil {
		d.Fatal(err)
	}
	return q
}

func (d *desk) card(q *Decide) Card {
	d.Helper()
	c, err := q.Card(d.Context(), 0)
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func (d *desk) confirm(q *Decide, o Outcome, err error) string {
	d.Helper()
	if err == nil {
		err = q.Confirm(d.Context(), o)
	}
	if err != nil {
		d.Fatal(err)
	}
	return o.Sentence
}

func (d *desk) phone() string { return d.record(d.home).Fields[survey.HouseholdPhone] }

func phone(number string) survey.Fields { return survey.Fields{survey.HouseholdPhone: number} }

func TestCardTellsWhereEachValueComesFrom(t *testing.T) {
	d := newDesk(t)
	d.zhao.wrong = 3 * time.Hour
	d.apart(phone("13900000002"), phone("13700000003"))
	c := d.card(d.at(d.me))
	if c.Village != "青塘村" || c.Pair != "李红、赵强" || c.Subject != "王芳家" || c.Field != "电话" || c.Before != "13800000001" {
		t.Errorf("the card says %+v", c)
	}
	li, zhao := c.Choices[0], c.Choices[1]
	if li.Who != "李红" || li.Value != "13900000002" || li.Note != "本人说号码换了" || li.Unsure || li.When == "" {
		t.Errorf("the first value: %+v", li)
	}
	if zhao.Who != "赵强" || !zhao.Unsure {
		t.Errorf("the second value: %+v", zhao)
	}
	if c.Both != "" || c.Guarded || !c.CanWrite {
		t.Errorf("a phone is one, nobody's secret, and may be written: %+v", c)
	}
}

func TestTakingOneSettlesAndSaysSo(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), phone("13700000003"))
	q := d.at(d.me)
	o, err := q.Take(d.card(q), 0)
	if d.amended != 0 {
		t.Error("something was written before it was confirmed")
	}
	said := d.confirm(q, o, err)
	if said != "把王芳家的电话定为“13900000002”，“13700000003”不再用。" {
		t.Errorf("the sentence is %q", said)
	}
	if q.Len() != 0 || d.phone() != "13900000002" || len(d.record(d.home).Conflicts) != 0 {
		t.Errorf("%d cards left, the phone is %q", q.Len(), d.phone())
	}
}

func TestMembersUnite(t *testing.T) {
	d := newDesk(t)
	d.apart(survey.Fields{survey.HouseholdMembers: "王强、王丽"}, survey.Fields{survey.HouseholdMembers: "王强、𬱖𠮷"})
	q := d.at(d.me)
	c := d.card(q)
	if c.Both != "王强、王丽、𬱖𠮷" {
		t.Fatalf("both together are %q", c.Both)
	}
	o, err := q.Unite(c)
	if said := d.confirm(q, o, err); said != "把王芳家的家庭成员定为“王强、王丽、𬱖𠮷”。" {
		t.Errorf("the sentence is %q", said)
	}
}

func TestAnotherValueIsLookedAt(t *testing.T) {
	d := newDesk(t)
	d.apart(survey.Fields{survey.HouseholdResident: "4"}, survey.Fields{survey.HouseholdResident: "5"})
	q := d.at(d.me)
	c := d.card(q)
	for _, wrong := range []string{"四", "-1", "100", strings.Repeat("1", 300)} {
		if _, err := q.Write(c, wrong); survey.MessageOf(err) == "" {
			t.Errorf("%q was taken", wrong)
		}
	}
	o, err := q.Write(c, " 6 ")
	if said := d.confirm(q, o, err); said != "把王芳家的常住人数定为“6 人”，“4 人”、“5 人”不再用。" {
		t.Errorf("the sentence is %q", said)
	}
}

func TestVoidAgainstEdit(t *testing.T) {
	for _, stays := range []bool{true, false} {
		d := newDesk(t)
		d.say(d.li, survey.Header{Record: d.home, Type: survey.TypeHousehold, Kind: survey.Void, Scope: d.scope(), Parents: []survey.RevID{d.base}}, nil, "整户迁走")
		d.change(d.zhao, d.home, d.base, phone("13700000003"), "")
		q := d.at(d.me)
		c := d.card(q)
		if q.Len() != 1 || c.Field != "去留" || c.Choices[0].Value != "作废" || c.Choices[0].Note != "整户迁走" || c.Choices[1].Value != "照常在用" {
			t.Fatalf("the card says %+v", c)
		}
		choice := 0
		if stays {
			choice = 1
		}
		o, err := q.Take(c, choice)
		d.confirm(q, o, err)
		if r := d.record(d.home); r.Voided == stays || len(r.Conflicts) != 0 || q.Len() != 0 {
			t.Errorf("stays %v: voided %v, conflicts %v", stays, r.Voided, r.Conflicts)
		}
		past, err := q.Past(t.Context())
		if err != nil || len(past) != 1 {
			t.Fatalf("past decisions %v, %v", past, err)
		}
		o, err = q.Undo(t.Context(), past[0])
		d.confirm(q, o, err)
		if q.Len() != 1 || d.record(d.home).Voided {
			t.Errorf("stays %v, undone: %d cards, voided %v", stays, q.Len(), d.record(d.home).Voided)
		}
		c = d.card(q)
		o, err = q.Take(c, 1-choice)
		d.confirm(q, o, err)
		if r := d.record(d.home); r.Voided != stays || q.Len() != 0 {
			t.Errorf("decided the other way: voided %v, %d cards", r.Voided, q.Len())
		}
	}
}

// ask is a questionnaire one of whose answers is sensitive, and one a set.
const asksSensitive = `
| survey | | | | | | |
| | type | name | label | save_to | bind::zoucun:class | required |
| | text | disability | 残疾情况 | disability | S | |
| | text | note | 备注 | note | N | |
| | select_multiple kinds | kinds | 困难类型 | kinds | N | |
| choices | | | | | | |
| | list_name | name | label | | | |
| | kinds | ill | 大病 | | | |
| | kinds | flood | 受灾 | | | |
| | kinds | school | 上学 | | | |
| settings | | | | | | |
| | form_id | version | form_title | namespaces | | |
| | probe | 1.0 | 试表 | zoucun="https://zoucun.example/xforms" | | |
| entities | | | | | | |
| | list_name | label | | | | |
| | household | ${note} | | | | |
`

func TestSetOfAForm(t *testing.T) {
	d := newDesk(t, asksSensitive)
	d.apart(survey.Fields{"kinds": "ill school"}, survey.Fields{"kinds": "flood ill"})
	q := d.at(d.me)
	c := d.card(q)
	if c.Field != "困难类型" || c.Both != "大病、上学、受灾" || c.Choices[1].Value != "受灾、大病" {
		t.Fatalf("the card says %+v", c)
	}
	o, err := q.Unite(c)
	d.confirm(q, o, err)
	if got := d.record(d.home).Fields["kinds"]; got != "ill school flood" {
		t.Errorf("united they are %q", got)
	}
}

func TestSensitiveFieldTakesTwo(t *testing.T) {
	for _, forms := range [][]string{{asksSensitive}, nil} { // the form says so; and where no form speaks of it, the table
		d := newDesk(t, forms...)
		d.apart(survey.Fields{"disability": "一级"}, survey.Fields{"disability": "二级"})
		mine := d.at(d.me)
		c := d.card(mine)
		if !c.Guarded {
			t.Fatal("one person may decide")
		}
		o, err := mine.Take(c, 0)
		d.confirm(mine, o, err)
		if len(d.record(d.home).Conflicts) != 1 || mine.Len() != 0 || len(mine.Waiting()) != 1 {
			t.Fatalf("proposed: %v, %d cards, waiting %v", d.record(d.home).Conflicts, mine.Len(), mine.Waiting())
		}
		if again := d.at(d.me); again.Len() != 0 {
			t.Error("whoever proposed is asked to confirm")
		}
		if _, err := mine.Agree(c); err == nil {
			t.Error("a card without a proposal was agreed to")
		}
		other := d.at(d.fellow)
		c = d.card(other)
		if c.ProposedBy != "周芳" || c.Proposed != "一级" {
			t.Fatalf("the card says %+v", c)
		}
		other.who = d.me
		if _, err := other.Agree(c); survey.MessageOf(err) == "" {
			t.Error("the same person has confirmed")
		}
		other.who = d.fellow
		o, err = other.Agree(c)
		d.confirm(other, o, err)
		tasks, _ := d.Tasks(t.Context())
		if d.record(d.home).Fields["disability"] != "一级" || len(d.record(d.home).Conflicts) != 0 || len(tasks) != 0 {
			t.Errorf("confirmed: %v, tasks %v", d.record(d.home).Fields, tasks)
		}
	}
}

func TestRefusedProposalIsOpenAgain(t *testing.T) {
	d := newDesk(t, asksSensitive)
	d.apart(survey.Fields{"disability": "一级"}, survey.Fields{"disability": "二级"})
	mine := d.at(d.me)
	o, err := mine.Take(d.card(mine), 0)
	d.confirm(mine, o, err)
	other := d.at(d.fellow)
	o, err = other.Refuse(d.card(other))
	d.confirm(other, o, err)
	if c := d.card(other); c.ProposedBy != "" || d.at(d.me).Len() != 1 {
		t.Errorf("refused: %+v", c)
	}
}

func TestCadreIsAskedAndAnswerSettles(t *testing.T) {
	for _, visit := range []bool{false, true} {
		d := newDesk(t)
		d.apart(phone("13900000002"), phone("13700000003"))
		q := d.at(d.me)
		c := d.card(q)
		cadres := q.Cadres(c)
		if len(cadres) != 2 || cadres[0].Name != "赵强" {
			t.Fatalf("to be asked: %v", cadres)
		}
		o, err := q.Ask(c, cadres[1], visit)
		d.confirm(q, o, err)
		tasks, _ := d.Tasks(t.Context())
		if q.Len() != 0 || len(tasks) != 1 || tasks[0].For != d.li.author || len(tasks[0].Options) != 2 {
			t.Fatalf("asked: %d cards, tasks %v", q.Len(), tasks)
		}
		answer := tasks[0]
		answer.State, answer.Answer, answer.Remark = survey.TaskAnswered, "13900000002", "当面问的"
		d.answer(answer)
		q = d.at(d.me)
		tasks, _ = d.Tasks(t.Context())
		if q.Len() != 0 || d.phone() != "13900000002" || len(d.record(d.home).Conflicts) != 0 || len(tasks) != 0 {
			t.Errorf("answered: %d cards, phone %q, tasks %v", q.Len(), d.phone(), tasks)
		}
		past, err := q.Past(t.Context())
		if err != nil || len(past) != 1 {
			t.Errorf("what a cadre's answer settled can be taken back: %v, %v", past, err)
		}
	}
}

func (d *desk) answer(task survey.Task) {
	d.Helper()
	err := d.Amend(d.Context(), survey.Amendment{Record: task.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: task.Scope, Author: task.For, Fields: task.Fields()})
	if err != nil {
		d.Fatal(err)
	}
}

func TestUnsureAnswerComesBackToTheQueue(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), phone("13700000003"))
	q := d.at(d.me)
	c := d.card(q)
	o, err := q.Ask(c, q.Cadres(c)[0], false)
	d.confirm(q, o, err)
	tasks, _ := d.Tasks(t.Context())
	tasks[0].State, tasks[0].Remark = survey.TaskUnsure, "家里没人"
	d.answer(tasks[0])
	q = d.at(d.me)
	c = d.card(q)
	if !slices.Equal(c.Heard, []string{"赵强回答：说不准（家里没人）"}) {
		t.Errorf("heard: %q", c.Heard)
	}
	o, err = q.Take(c, 1)
	d.confirm(q, o, err)
	if tasks, _ := d.Tasks(t.Context()); len(tasks) != 0 {
		t.Errorf("after the decision %v still waits", tasks)
	}
}

// TestQuestionEndsWithDecision decides on another laptop what a cadre was asked about.
func TestQuestionEndsWithDecision(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), phone("13700000003"))
	q := d.at(d.me)
	c := d.card(q)
	o, err := q.Ask(c, q.Cadres(c)[0], true)
	d.confirm(q, o, err)
	other, err := q.Take(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Amend(t.Context(), other.writes...); err != nil {
		t.Fatal(err)
	}
	q = d.at(d.fellow)
	if tasks, _ := d.Tasks(t.Context()); len(tasks) != 0 || len(q.Waiting()) != 0 {
		t.Errorf("a cadre is still asked: %v", tasks)
	}
}

// TestUndoLater takes a decision back, decides anew, takes that back, and takes the taking back back.
func TestUndoLater(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), phone("13700000003"))
	q := d.at(d.me)
	o, err := q.Take(d.card(q), 0)
	d.confirm(q, o, err)
	undo := func(at int) string {
		t.Helper()
		past, err := q.Past(t.Context())
		if err != nil || len(past) <= at {
			t.Fatalf("past decisions %v, %v", past, err)
		}
		o, err := q.Undo(t.Context(), past[at])
		return d.confirm(q, o, err)
	}
	if said := undo(0); said != "撤销以后：王芳家的电话回到“13700000003”，要重新定。" {
		t.Errorf("the sentence is %q", said)
	}
	if q.Len() != 1 || d.phone() != "13700000003" {
		t.Fatalf("taken back: %d cards, phone %q", q.Len(), d.phone())
	}
	if c := d.card(q); len(c.Choices) != 2 || c.Before != "13800000001" || len(c.Heard) != 1 {
		t.Errorf("the card of what was taken back: %+v", c)
	}
	undo(0)
	if q.Len() != 0 || d.phone() != "13900000002" {
		t.Fatalf("the taking back taken back: %d cards, phone %q", q.Len(), d.phone())
	}
	d.change(d.li, d.home, d.record(d.home).Heads[0], phone("13600000009"), "")
	past, err := q.Past(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Undo(t.Context(), past[0]); survey.MessageOf(err) == "" || d.phone() != "13600000009" {
		t.Errorf("what came later is written over: %v", err)
	}
}

func TestWhatMergedByItselfIsShownAndTakenBack(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), survey.Fields{survey.HouseholdDoor: "3组14号"})
	q := d.at(d.me)
	all, err := q.Merged(t.Context())
	if err != nil || q.Len() != 0 || len(all) != 1 || len(all[0].Changes) != 2 {
		t.Fatalf("%d cards, merged %+v, %v", q.Len(), all, err)
	}
	if got := all[0].Changes[1].Words; !strings.HasPrefix(got, "电话：13800000001 → 13900000002（李红 ") {
		t.Errorf("a change reads %q", got)
	}
	if err := q.Revert(t.Context(), all[0], 1); err != nil {
		t.Fatal(err)
	}
	if r := d.record(d.home); d.phone() != "13800000001" || r.Fields[survey.HouseholdDoor] != "3组14号" || len(r.Heads) != 1 {
		t.Errorf("taken back: %v", r)
	}
	d.change(d.li, d.home, d.record(d.home).Heads[0], phone("13900000002"), "")
	d.change(d.zhao, d.home, d.base, survey.Fields{survey.HouseholdDoor: "3组15号"}, "")
	if all, err = q.Merged(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a conflict is no merging by itself: %v, %v", all, err)
	}
}

func TestSeenIsNotShownAgain(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), survey.Fields{survey.HouseholdDoor: "3组14号"})
	q := d.at(d.me)
	all, err := q.Merged(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Seen(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	all, err = q.Merged(t.Context())
	past, errPast := q.Past(t.Context())
	if err != nil || errPast != nil || len(all) != 0 || len(past) != 0 || d.phone() != "13900000002" {
		t.Errorf("seen: %v, past %v, phone %q", all, past, d.phone())
	}
}

// TestStaleCardIsRefused confirms what was decided before something new came.
func TestStaleCardIsRefused(t *testing.T) {
	d := newDesk(t)
	d.apart(phone("13900000002"), phone("13700000003"))
	q := d.at(d.me)
	o, err := q.Take(d.card(q), 0)
	if err != nil {
		t.Fatal(err)
	}
	d.change(d.li, d.home, d.base, phone("13600000009"), "")
	if err := q.Confirm(t.Context(), o); survey.KindOf(err) != survey.Conflicting {
		t.Errorf("confirmed over what nobody has seen: %v", err)
	}
	if c := d.card(d.at(d.me)); len(c.Choices) != 3 {
		t.Errorf("the card has %d values", len(c.Choices))
	}
}

// TestGroupsFollowVillageAndDevices wants what the same two devices have said apart in one run.
func TestGroupsFollowVillageAndDevices(t *testing.T) {
	d := newDesk(t)
	third := side{author: d.person("孙丽"), device: survey.NewID[survey.DeviceID]()}
	for i := range 6 {
		home, base := d.household(survey.Household{Head: "户" + string(rune('甲'+i))})
		other := d.zhao
		if i%2 == 1 {
			other = third
		}
		d.change(d.li, home, base, phone("1"), "")
		d.change(other, home, base, phone("2"), "")
	}
	groups := d.at(d.me).Groups()
	if len(groups) != 2 || groups[0].Count != 3 || groups[1].From != 3 || groups[0].Pair == groups[1].Pair || groups[0].Village != "青塘村" {
		t.Errorf("groups %+v", groups)
	}
}

// TestNothingIsLostByDeciding lets somebody decide, undo and redecide in any order and wants every value ever written to
// stay in the history, and no conflict left once the queue is empty.
func TestNothingIsLostByDeciding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		d.apart(survey.Fields{survey.HouseholdPhone: "1", survey.HouseholdDoor: "甲"}, survey.Fields{survey.HouseholdPhone: "2", survey.HouseholdDoor: "乙"})
		q := d.at(d.me)
		for range rapid.IntRange(0, 12).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "undo") {
				past, err := q.Past(context.Background())
				if err != nil {
					rt.Fatal(err)
				}
				if len(past) == 0 {
					continue
				}
				o, err := q.Undo(context.Background(), past[rapid.IntRange(0, len(past)-1).Draw(rt, "which")])
				if err == nil {
					err = q.Confirm(context.Background(), o)
				}
				if err != nil && survey.KindOf(err) != survey.Invalid {
					rt.Fatal(err)
				}
				continue
			}
			if q.Len() > 0 {
				take(rt, q, rapid.IntRange(0, 1).Draw(rt, "choice"))
			}
		}
		for q.Len() > 0 {
			take(rt, q, 0)
		}
		h, err := d.Holding(context.Background(), d.home)
		if err != nil || len(h.Record.Conflicts) != 0 || len(h.Record.Heads) != 1 {
			rt.Fatalf("decided, and there is %v, %v", h.Record, err)
		}
		for _, value := range []string{"1", "2", "甲", "乙", "13800000001"} {
			if !slices.ContainsFunc(h.Statements, func(s survey.Statement) bool {
				return s.Body.Fields[survey.HouseholdPhone] == value || s.Body.Fields[survey.HouseholdDoor] == value
			}) {
				rt.Fatalf("%q is gone", value)
			}
		}
		if tasks, _ := d.Tasks(context.Background()); len(tasks) != 0 {
			rt.Fatalf("the queue is empty and %v waits", tasks)
		}
	})
}

func take(rt *rapid.T, q *Decide, choice int) {
	c, err := q.Card(context.Background(), 0)
	if err != nil {
		rt.Fatal(err)
	}
	if c.field == merge.VoidField {
		rt.Fatal("nobody has voided anything")
	}
	before := q.Len()
	o, err := q.Take(c, choice)
	if err == nil {
		err = q.Confirm(context.Background(), o)
	}
	if err != nil || q.Len() >= before {
		rt.Fatalf("took %d: %d cards before, %d after, %v", choice, before, q.Len(), err)
	}
}
