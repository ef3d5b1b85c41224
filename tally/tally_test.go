package tally

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/survey"
)

func id(text string) survey.RecordID {
	return survey.DerivedID[survey.RecordID](survey.ScopeID{}, text)
}

func scope(village string) survey.ScopeID { return survey.VillageScope(id(village)) }

func household(name, village, group string, location survey.LocationClass) survey.Record {
	h := survey.Household{Head: name, Village: id(village), Location: location, Resident: -1, Away: -1}
	if group != "" {
		h.Group = id(group)
	}
	return survey.Record{ID: id(name), Type: survey.TypeHousehold, Scope: scope(village), Fields: h.Fields()}
}

func visit(name, village, household, fields string) survey.Record {
	r := survey.Record{ID: id(name), Type: survey.TypeVisit, Scope: scope(village), Form: "QZ-01", Fields: survey.Fields{}}
	if household != "" {
		r.Fields[survey.VisitHousehold] = id(household).String()
	}
	for part := range strings.FieldsSeq(fields) {
		path, value, _ := strings.Cut(part, "=")
		r.Fields[survey.FieldPath(path)] = value
	}
	return r
}

func problem(name, village, household, state, category string) survey.Record {
	return survey.Record{
		ID: id(name), Type: survey.TypeProblem, Scope: scope(village), Updated: survey.HLC(0).Next(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)),
		Fields: survey.Fields{survey.ProblemHousehold: id(household).String(), survey.ProblemState: survey.Fields{"": state}[""], "cat1": category},
	}
}

const talk = "visit/visit_date=2026-11-20 visit/visit_result=talked visit/people_asked=2"

func records() []survey.Record {
	return []survey.Record{
		household("h1", "v1", "g1", survey.Remote), household("h2", "v1", "g1", survey.Roadside), household("h3", "v1", "g2", survey.Remote),
		household("h4", "v1", "", survey.Central), household("h5", "v2", "g3", survey.Central),
		visit("a", "v1", "h1", talk+" visit/cadre_present=no policy/pension/aware=clear policy/pension/told=face"),
		visit("b", "v1", "h1", "visit/visit_date=2026-11-21 visit/visit_result=absent head/entry_mode=late"),
		visit("c", "v1", "h2", talk+" visit/visit_kind=follow_up visit/cadre_present=yes"),
		visit("d", "v1", "", talk), visit("e", "v2", "h5", "visit/visit_date=2026-01-05 visit/visit_result=talked visit/people_asked=99"),
		visit("f", "v1", "h1", talk+" review/result=joined"),
		problem("p1", "v1", "h1", "submitted", "09"), problem("p2", "v1", "h2", "onsite_done", "09"), problem("p3", "v2", "h5", "replied", "01"),
	}
}

// villages are the rows of a tally's villages, and all of them together.
func villages(t *Tally, q Question) (rows []Row, total Row) {
	tree := t.Tree(q)
	for _, b := range tree.Villages {
		rows = append(rows, b.Row)
	}
	return rows, Row{Counts: tree.Total}
}

// groups are the rows of a village's groups, and the village.
func groups(t *Tally, q Question, village survey.RecordID) ([]Row, Branch) {
	for _, b := range t.Tree(q).Villages {
		if b.Area == village {
			return b.Groups, b
		}
	}
	return nil, Branch{}
}

func of(rows []Row, area string) map[string]int {
	names := map[Measure]string{
		Registered: "户", Reached: "访", Talked: "谈", RemoteDue: "远", RemoteReached: "远访", RoadsideDue: "路", RoadsideReached: "路访", People: "人",
		FollowedUp: "回访", Visits: "次", LateVisits: "补", AloneVisits: "单", AskedAlone: "知", Problems: "题", OpenProblems: "未", DoneOnsite: "当场",
		Replied: "答", ToldPolicies: "讲", Unregistered: "无户",
	}
	said := map[string]int{}
	for _, row := range rows {
		if row.Area != id(area) && (area != "" || !row.Area.IsZero()) {
			continue
		}
		for m, n := range row.Counts {
			if n > 0 {
				said[names[Measure(m)]] = n
			}
		}
	}
	return said
}

func TestCounts(t *testing.T) {
	tally := New()
	tally.Put(records()...)
	year := Question{Period: Period{From: DayOf("2026-11-01"), To: DayOf("2026-11-30")}}
	rows, total := villages(tally, year)
	want := map[string]int{
		"户": 4, "访": 2, "谈": 2, "远": 2, "远访": 1, "路": 1, "路访": 1, "人": 6, "回访": 1, "次": 4, "补": 1, "单": 1, "知": 2, "题": 2, "未": 1, "当场": 1,
		"讲": 1, "无户": 1,
	}
	if diff := cmp.Diff(want, of(rows, "v1")); diff != "" {
		t.Errorf("v1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"户": 1, "题": 1, "未": 1, "答": 1}, of(rows, "v2")); diff != "" {
		t.Errorf("v2 in November (-want +got):\n%s", diff)
	}
	if total.Counts[Registered] != 5 || total.Counts[Visits] != 4 {
		t.Errorf("total %v", total.Counts)
	}
	rows, _ = villages(tally, Question{})
	if got := of(rows, "v2")["人"]; got != 99 {
		t.Errorf("without a period, people in v2 = %d", got)
	}
	inGroups, village := groups(tally, year, id("v1"))
	if got := of(inGroups, "g1"); got["访"] != 2 || got["户"] != 2 {
		t.Errorf("g1 %v", got)
	}
	if got := of(inGroups, ""); got["户"] != 1 || got["无户"] != 1 || got["访"] != 0 {
		t.Errorf("without a group: %v", got)
	}
	if village.Counts[Reached] != 2 || village.Area != id("v1") {
		t.Errorf("the village %v", village)
	}
	if got := village.Unreached(); len(got) != 1 || got[0] != id("g2") {
		t.Errorf("groups not reached: %v", got)
	}
	if got := tally.Behind(year, Area{Village: id("v1"), Group: id("g1"), InGroup: true}, RemoteReached); len(got) != 1 || got[0] != id("h1") {
		t.Errorf("remote households reached in g1: %v", got)
	}
}

func TestJoinedHouseholdsCountOnce(t *testing.T) {
	tally := New()
	tally.Put(records()...)
	tally.Joined = func() map[survey.RecordID]survey.RecordID {
		return map[survey.RecordID]survey.RecordID{id("h2"): id("h1")}
	}
	rows, _ := villages(tally, Question{})
	got := of(rows, "v1")
	if got["户"] != 3 || got["访"] != 1 || got["次"] != 4 || got["路"] != 0 {
		t.Errorf("with h2 joined to h1: %v", got)
	}
}

func TestPolicies(t *testing.T) {
	tally := New()
	tally.Put(records()...)
	tally.Put(visit("g", "v1", "h1", "visit/visit_date=2026-11-25 policy/pension/aware=misread"), visit("h", "v1", "h3", talk+" policy/pension/aware=clear"))
	all := tally.Policies(Question{}, Area{})
	if len(all) != 1 || all[0].Policy != "pension" || all[0].All() != 2 || all[0].Of("misread") != 1 || all[0].Of("clear") != 1 {
		t.Errorf("policies %+v: the later word of a household counts", all)
	}
}

func TestWhatIsOutOfUseIsNotCounted(t *testing.T) {
	tally := New()
	tally.Put(records()...)
	for _, r := range records() {
		r.Voided = true
		tally.Put(r)
	}
	if rows, total := villages(tally, Question{}); len(rows) != 0 || total != (Row{}) {
		t.Errorf("rows %v, total %v", rows, total)
	}
}

func TestWhenAProblemWasRaised(t *testing.T) {
	p := problem("p", "v", "h", "submitted", "01")
	p.ID = survey.RecordID{0x01, 0x9a, 0x98, 0xb2, 0xc0, 0, 0x70} // UUIDv7 of November 2025
	if got := On(madeAt(p)); got.String()[:7] != "2025-11" {
		t.Errorf("by its identifier: %v", got)
	}
	p.ID = survey.RecordID{1, 2, 3}
	if got := On(madeAt(p)); got != DayOf("2026-11-20") {
		t.Errorf("by its change: %v", got)
	}
}

// world draws records, some of them several times with the same content.
func world(t *rapid.T) []survey.Record {
	var all []survey.Record
	name := func(kind string, n int) string { return fmt.Sprintf("%s%d", kind, rapid.IntRange(0, n).Draw(t, kind)) }
	for i := range rapid.IntRange(0, 12).Draw(t, "households") {
		all = append(all, household(fmt.Sprintf("h%d", i), name("v", 2), name("g", 3), rapid.SampledFrom([]survey.LocationClass{"", survey.Remote, survey.Roadside}).Draw(t, "location")))
	}
	for i := range rapid.IntRange(0, 20).Draw(t, "visits") {
		fields := fmt.Sprintf("visit/visit_date=2026-11-%02d visit/visit_result=%s visit/people_asked=%d head/entry_mode=%s policy/p%d/aware=%s",
			rapid.IntRange(1, 30).Draw(t, "day"), rapid.SampledFrom([]string{"talked", "absent"}).Draw(t, "result"), rapid.IntRange(0, 9).Draw(t, "people"),
			rapid.SampledFrom([]string{"late", "onsite"}).Draw(t, "mode"), rapid.IntRange(0, 2).Draw(t, "policy"),
			rapid.SampledFrom([]string{"clear", "misread"}).Draw(t, "aware"))
		all = append(all, visit(fmt.Sprintf("x%d", i), name("v", 2), name("h", 14), fields))
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "problems") {
		all = append(all, problem(fmt.Sprintf("p%d", i), name("v", 2), name("h", 14), rapid.SampledFrom([]string{"submitted", "replied", "withdrawn"}).Draw(t, "state"), name("c", 2)))
	}
	return all
}

// everything is all that a tally says.
func everything(t *Tally, q Question) any {
	tree := t.Tree(q)
	said := []any{tree.Villages, tree.Total, t.Categories(q, Area{}), t.States(q, Area{}), t.Policies(q, Area{})}
	for m := range Measures {
		said = append(said, tree.Hidden(m))
	}
	return said
}

func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := world(t)
		q := Question{Period: Period{From: DayOf("2026-11-05"), To: DayOf("2026-11-25")}}
		one, other := New(), New()
		one.Put(all...)
		other.Put(rapid.Permutation(append(slices.Clone(all), all[:rapid.IntRange(0, len(all)).Draw(t, "again")]...)).Draw(t, "order")...)
		if diff := cmp.Diff(everything(one, q), everything(other, q), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("another order counts otherwise:\n%s", diff)
		}
	})
}

// Every number is that of the records behind it, villages make up the whole and groups their village.
func TestNumbersAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tally := New()
		tally.Put(world(t)...)
		rows, total := villages(tally, Question{})
		var added Row
		for _, row := range rows {
			inVillage, village := groups(tally, Question{}, row.Area)
			var inGroups [Measures]int
			for _, g := range inVillage {
				for m, n := range g.Counts {
					inGroups[m] += n
				}
				area := Area{Village: row.Area, Group: g.Area, InGroup: true}
				if got := len(tally.Behind(Question{}, area, Reached)); got != g.Counts[Reached] {
					t.Fatalf("%d households behind %d", got, g.Counts[Reached])
				}
			}
			if inGroups != village.Counts || village.Counts != row.Counts {
				t.Fatalf("groups %v, village %v, row %v", inGroups, village.Counts, row.Counts)
			}
			for m, n := range row.Counts {
				added.Counts[m] += n
			}
			for _, m := range []Measure{Registered, Talked, Visits, LateVisits, Problems, OpenProblems, Unregistered} {
				if got := len(tally.Behind(Question{}, Area{Village: row.Area}, m)); got != row.Counts[m] {
					t.Fatalf("measure %d: %d records behind %d", m, got, row.Counts[m])
				}
			}
		}
		if added.Counts != total.Counts {
			t.Fatalf("villages %v, all %v", added.Counts, total.Counts)
		}
		problems := 0
		for _, share := range tally.Categories(Question{}, Area{}) {
			problems += share.Count
		}
		if problems != total.Counts[Problems] {
			t.Fatalf("categories %d, problems %d", problems, total.Counts[Problems])
		}
	})
}

func BenchmarkMillion(b *testing.B) {
	tally := New()
	for i := range 400_000 {
		tally.Put(household(fmt.Sprintf("h%d", i), fmt.Sprintf("v%d", i%40), fmt.Sprintf("g%d", i%400), survey.Central))
	}
	for i := range 300_000 {
		tally.Put(visit(fmt.Sprintf("x%d", i), fmt.Sprintf("v%d", i%40), fmt.Sprintf("h%d", i), talk+" policy/pension/aware=clear policy/medical/aware=heard"))
		tally.Put(problem(fmt.Sprintf("p%d", i), fmt.Sprintf("v%d", i%40), fmt.Sprintf("h%d", i), "submitted", "09"))
	}
	q := Question{Period: Period{From: DayOf("2026-11-01")}}
	b.Run("villages", func(b *testing.B) {
		for b.Loop() {
			tally.Tree(q)
		}
	})
	b.Run("policies", func(b *testing.B) {
		for b.Loop() {
			tally.Policies(q, Area{})
		}
	})
	b.Run("categories", func(b *testing.B) {
		for b.Loop() {
			tally.Categories(q, Area{})
		}
	})
}
