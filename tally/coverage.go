package tally

import (
	"cmp"
	"maps"
	"slices"

	"zoucun/survey"
)

// Measure is one thing that is counted of an area.
type Measure uint8

// Measures of coverage and of what was raised. Households and people are counted once, however often they were visited.
const (
	Registered      Measure = iota // 总户数, of the register
	Reached                        // 走访户, whatever came of it
	Talked                         // 其中见到并交谈
	RemoteDue                      // 偏远户, of the register
	RemoteReached                  // of those, visited
	RoadsideDue                    // 路边户, of the register
	RoadsideReached                // of those, visited
	People                         // 询问人数: what visits say, added up
	FollowedUp                     // 回访户
	Visits                         // 走访次数
	LateVisits                     // 补记数
	AloneVisits                    // 单独交谈的次数
	AskedAlone                     // of how many visits it is known whether a cadre was by
	Problems                       // 问题总数
	OpenProblems                   // 没有办结
	DoneOnsite                     // 当场解决
	HandedOn                       // 已交办、办理中
	PassedOut                      // 转出
	Replied                        // 已答复
	Solved                         // 群众认可办结
	Explained                      // 已说明暂不能解决
	ToldPolicies                   // 政策当面讲解人次
	Unregistered                   // visits to nobody of the register
	Measures                       // how many measures there are
)

// Row is what is counted of one area.
type Row struct {
	Area   survey.RecordID // a village or a group; zero for all of them together, or for households of no group
	Counts [Measures]int
}

// Area is where something is counted: everywhere, in a village, or in a group of it.
type Area struct {
	Village survey.RecordID // zero for everywhere
	Group   survey.RecordID // with InGroup: zero for households and visits of no group
	InGroup bool
}

// Question is what is counted: when, and of which form.
type Question struct {
	Period Period
	Form   survey.FormID // empty for all
}

// Villages counts every village that the register or a record knows, in no order, and all of them together.
func (t *Tally) Villages(q Question) (rows []Row, total Row) {
	return t.rows(q, Area{}, func(village, _ survey.RecordID) survey.RecordID { return village })
}

// Groups counts the groups of a village, those without a group under a zero area, and the village.
func (t *Tally) Groups(q Question, village survey.RecordID) (rows []Row, total Row) {
	rows, total = t.rows(q, Area{Village: village}, func(_, group survey.RecordID) survey.RecordID { return group })
	total.Area = village
	return rows, total
}

func (t *Tally) rows(q Question, in Area, of func(village, group survey.RecordID) survey.RecordID) ([]Row, Row) {
	counts := map[survey.RecordID]*[Measures]int{}
	total := Row{}
	t.each(q, in, func(m Measure, n int, village, group survey.RecordID, _ survey.RecordID) {
		area := of(village, group)
		if counts[area] == nil {
			counts[area] = &[Measures]int{}
		}
		counts[area][m] += n
		total.Counts[m] += n
	})
	rows := make([]Row, 0, len(counts))
	for area, c := range counts {
		rows = append(rows, Row{Area: area, Counts: *c})
	}
	slices.SortFunc(rows, func(a, b Row) int { return a.Area.Compare(b.Area) })
	return rows, total
}

// Behind returns the records that a number was counted from, in the order of their identifiers: households, visits or
// problems, as the measure has it.
func (t *Tally) Behind(q Question, in Area, measure Measure) []survey.RecordID {
	var ids []survey.RecordID
	t.each(q, in, func(m Measure, _ int, _, _ survey.RecordID, id survey.RecordID) {
		if m == measure {
			ids = append(ids, id)
		}
	})
	slices.SortFunc(ids, survey.RecordID.Compare)
	return slices.Compact(ids)
}

// Unreached returns the groups of the register in which no household was visited.
func (t *Tally) Unreached(q Question, village survey.RecordID) []survey.RecordID {
	rows, _ := t.Groups(q, village)
	var groups []survey.RecordID
	for _, row := range rows {
		if !row.Area.IsZero() && row.Counts[Registered] > 0 && row.Counts[Reached] == 0 {
			groups = append(groups, row.Area)
		}
	}
	return groups
}

// counter is told of something that counts: how much for which measure, where, and the record it comes from.
type counter func(m Measure, n int, village, group, id survey.RecordID)

// each goes through everything that counts.
func (t *Tally) each(q Question, in Area, count counter) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	within := func(village, group survey.RecordID) bool {
		return (in.Village.IsZero() || village == in.Village) && (!in.InGroup || group == in.Group)
	}
	only := func(m Measure, n int, village, group, id survey.RecordID) {
		if within(village, group) {
			count(m, n, village, group, id)
		}
	}
	t.eachHousehold(only)
	t.eachVisit(q, only)
	t.eachProblem(q, only)
}

func (t *Tally) eachHousehold(count counter) {
	for id, h := range t.households {
		if t.kept(id) != id {
			continue
		}
		count(Registered, 1, h.Village, h.Group, id)
		switch h.Location {
		case survey.Remote:
			count(RemoteDue, 1, h.Village, h.Group, id)
		case survey.Roadside:
			count(RoadsideDue, 1, h.Village, h.Group, id)
		case survey.Central:
		}
	}
}

// met is what the visits to one household amount to.
type met struct{ talked, followed bool }

func (t *Tally) eachVisit(q Question, count counter) {
	reached := map[survey.RecordID]met{}
	for id, v := range t.visits {
		if !q.has(v) || !t.counts(v) {
			continue
		}
		village, group := v.Village, v.Group
		if home, known := t.households[t.kept(v.Household)]; known {
			village, group = home.Village, home.Group
			m := reached[home.ID]
			m.talked, m.followed = m.talked || v.Talked(), m.followed || v.Kind == "follow_up"
			reached[home.ID] = m
		} else {
			count(Unregistered, 1, village, group, id)
		}
		t.countVisit(v, func(m Measure, n int) { count(m, n, village, group, id) })
	}
	for id, m := range reached {
		t.countReached(t.households[id], m, count)
	}
}

func (t *Tally) countVisit(v Visit, count func(Measure, int)) {
	count(Visits, 1)
	if v.People > 0 {
		count(People, v.People)
	}
	if v.Late() {
		count(LateVisits, 1)
	}
	if v.Talked() && v.Alone != Unsaid {
		count(AskedAlone, 1)
		if v.Alone == Yes {
			count(AloneVisits, 1)
		}
	}
	told := 0
	for _, p := range v.policies {
		if p.told == "face" {
			told++
		}
	}
	if told > 0 {
		count(ToldPolicies, told)
	}
}

func (t *Tally) countReached(h Household, m met, count counter) {
	add := func(measure Measure) { count(measure, 1, h.Village, h.Group, h.ID) }
	add(Reached)
	if m.talked {
		add(Talked)
	}
	if m.followed {
		add(FollowedUp)
	}
	switch h.Location {
	case survey.Remote:
		add(RemoteReached)
	case survey.Roadside:
		add(RoadsideReached)
	case survey.Central:
	}
}

// measureOf is under which measure a state is counted beside those of all problems.
var measureOf = map[string]Measure{
	"onsite_done": DoneOnsite, "dispatched": HandedOn, "accepted": HandedOn, "objected": HandedOn, "planning": HandedOn,
	"in_progress": HandedOn, "reopened": HandedOn, "callback": Replied, "replied": Replied, "transferred_out": PassedOut,
	"closed_confirmed": Solved, "closed_explained": Explained,
}

func (t *Tally) eachProblem(q Question, count counter) {
	for id, p := range t.problems {
		if !q.Period.Has(p.Raised) || t.kept(id) != id {
			continue
		}
		village, group := p.Village, survey.RecordID{}
		if home, known := t.households[t.kept(p.Household)]; known {
			village, group = home.Village, home.Group
		}
		count(Problems, 1, village, group, id)
		if p.Open {
			count(OpenProblems, 1, village, group, id)
		}
		if m, known := measureOf[p.State]; known {
			count(m, 1, village, group, id)
		}
	}
}

func (q Question) has(v Visit) bool { return q.Period.Has(v.Day) && (q.Form == "" || v.Form == q.Form) }

// Share is one part of a whole: how many have an answer.
type Share struct {
	Key   string
	Count int
	IDs   []survey.RecordID
}

// shares sorts parts, the largest first.
func shares(parts map[string][]survey.RecordID) []Share {
	var all []Share
	for key, ids := range parts {
		slices.SortFunc(ids, survey.RecordID.Compare)
		all = append(all, Share{Key: key, Count: len(ids), IDs: ids})
	}
	slices.SortFunc(all, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key)) })
	return all
}

// Categories divides the problems of an area by their category.
func (t *Tally) Categories(q Question, in Area) []Share {
	return t.divide(q, in, func(p Problem) string { return p.Category })
}

// States divides the problems of an area by their state.
func (t *Tally) States(q Question, in Area) []Share {
	return t.divide(q, in, func(p Problem) string { return p.State })
}

func (t *Tally) divide(q Question, in Area, by func(Problem) string) []Share {
	of := map[survey.RecordID]bool{}
	for _, id := range t.Behind(q, in, Problems) {
		of[id] = true
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	parts := map[string][]survey.RecordID{}
	for id := range of {
		key := by(t.problems[id])
		parts[key] = append(parts[key], id)
	}
	return shares(parts)
}

// Awareness is what the visits of an area say of one policy: of how many households which answer. Of a household that
// was asked more than once the last answer counts.
type Awareness struct {
	Policy string
	Shares []Share // clear, heard, unknown, misread; the records are visits
}

// Of returns how many households gave an answer.
func (a Awareness) Of(key string) int {
	for _, s := range a.Shares {
		if s.Key == key {
			return s.Count
		}
	}
	return 0
}

// All returns how many households were asked.
func (a Awareness) All() int {
	n := 0
	for _, s := range a.Shares {
		n += s.Count
	}
	return n
}

// Policies says what is known of policies in an area, in the order of their names.
func (t *Tally) Policies(q Question, in Area) []Awareness {
	last := map[string]map[survey.RecordID]Visit{} // by policy and household
	for _, id := range t.Behind(q, in, Visits) {
		t.mu.RLock()
		v := t.visits[id]
		t.mu.RUnlock()
		home := t.kept(v.Household)
		if home.IsZero() {
			home = v.ID
		}
		for _, p := range v.policies {
			if p.aware == "" {
				continue
			}
			if last[p.policy] == nil {
				last[p.policy] = map[survey.RecordID]Visit{}
			}
			if before, known := last[p.policy][home]; !known || later(v, before) {
				last[p.policy][home] = v
			}
		}
	}
	var all []Awareness
	for _, policy := range slices.Sorted(maps.Keys(last)) {
		parts := map[string][]survey.RecordID{}
		for _, v := range last[policy] {
			at := slices.IndexFunc(v.policies, func(p policyAnswer) bool { return p.policy == policy })
			parts[v.policies[at].aware] = append(parts[v.policies[at].aware], v.ID)
		}
		all = append(all, Awareness{Policy: policy, Shares: shares(parts)})
	}
	return all
}

func later(a, b Visit) bool { return cmp.Or(cmp.Compare(a.Day, b.Day), a.ID.Compare(b.ID)) > 0 }
