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

func (t *Tally) placeOf(area int) (village, group survey.RecordID) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.areas[area].village, t.areas[area].group
}

// Behind returns the records that a number was counted from, in the order of their identifiers: households, visits or
// problems, as the measure has it.
func (t *Tally) Behind(q Question, in Area, measure Measure) []survey.RecordID {
	var ids []survey.RecordID
	t.each(q, in, func([]place) counter {
		return func(m Measure, _, _ int, id survey.RecordID) {
			if m == measure {
				ids = append(ids, id)
			}
		}
	})
	slices.SortFunc(ids, survey.RecordID.Compare)
	return slices.Compact(ids)
}

// counter is told of something that counts: how much for which measure, where, and the record it comes from.
type counter func(m Measure, n, area int, id survey.RecordID)

// each goes through everything that counts; begin is told of all areas there are.
func (t *Tally) each(q Question, in Area, begin func(areas []place) counter) {
	j := t.joins()
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.pass(q, in, j, begin)
}

// pass is each for whoever holds the tally.
func (t *Tally) pass(q Question, in Area, j joins, begin func(areas []place) counter) {
	within := make([]bool, len(t.areas))
	for i, a := range t.areas {
		within[i] = (in.Village.IsZero() || a.village == in.Village) && (!in.InGroup || a.group == in.Group)
	}
	count := begin(t.areas)
	c := &counting{t: t, j: j, q: q, count: func(m Measure, n, area int, id survey.RecordID) {
		if within[area] {
			count(m, n, area, id)
		}
	}}
	c.households()
	c.visits()
	c.problems()
}

// counting is one pass over everything.
type counting struct {
	t     *Tally
	j     joins
	q     Question
	count counter
}

// home returns where the household stands that a record belongs to, or -1.
func (c *counting) home(household survey.RecordID) int {
	if household.IsZero() {
		return -1
	}
	return c.t.households.of(c.j.kept(household))
}

func (c *counting) households() {
	for i := range c.t.households.things {
		h := &c.t.households.things[i]
		if c.j.kept(h.ID) != h.ID {
			continue
		}
		c.count(Registered, 1, h.area, h.ID)
		switch h.Location {
		case survey.Remote:
			c.count(RemoteDue, 1, h.area, h.ID)
		case survey.Roadside:
			c.count(RoadsideDue, 1, h.area, h.ID)
		case survey.Central:
		}
	}
}

// met is what the visits to one household amount to.
type met struct{ reached, talked, followed bool }

func (c *counting) visits() {
	reached := make([]met, len(c.t.households.things))
	for i := range c.t.visits.things {
		v := &c.t.visits.things[i]
		if !c.q.has(v) || !c.j.counts(v) {
			continue
		}
		area := v.area
		if at := c.home(v.Household); at >= 0 {
			area = c.t.households.things[at].area
			m := &reached[at]
			m.reached, m.talked, m.followed = true, m.talked || v.Talked(), m.followed || v.Kind == "follow_up"
		} else {
			c.count(Unregistered, 1, area, v.ID)
		}
		c.visit(v, area)
	}
	for i, m := range reached {
		if m.reached {
			c.reached(&c.t.households.things[i], m)
		}
	}
}

func (c *counting) visit(v *Visit, area int) {
	c.count(Visits, 1, area, v.ID)
	if v.People > 0 {
		c.count(People, v.People, area, v.ID)
	}
	if v.Late() {
		c.count(LateVisits, 1, area, v.ID)
	}
	if v.Talked() && v.Alone != Unsaid {
		c.count(AskedAlone, 1, area, v.ID)
		if v.Alone == Yes {
			c.count(AloneVisits, 1, area, v.ID)
		}
	}
	told := 0
	for p := range v.answered {
		if p.told != 0 && int(p.told) == c.t.answers.at["face"] {
			told++
		}
	}
	if told > 0 {
		c.count(ToldPolicies, told, area, v.ID)
	}
}

func (c *counting) reached(h *Household, m met) {
	c.count(Reached, 1, h.area, h.ID)
	if m.talked {
		c.count(Talked, 1, h.area, h.ID)
	}
	if m.followed {
		c.count(FollowedUp, 1, h.area, h.ID)
	}
	switch h.Location {
	case survey.Remote:
		c.count(RemoteReached, 1, h.area, h.ID)
	case survey.Roadside:
		c.count(RoadsideReached, 1, h.area, h.ID)
	case survey.Central:
	}
}

// measureOf is under which measure a state is counted beside those of all problems.
var measureOf = map[string]Measure{
	"onsite_done": DoneOnsite, "dispatched": HandedOn, "accepted": HandedOn, "objected": HandedOn, "planning": HandedOn,
	"in_progress": HandedOn, "reopened": HandedOn, "callback": Replied, "replied": Replied, "transferred_out": PassedOut,
	"closed_confirmed": Solved, "closed_explained": Explained,
}

func (c *counting) problems() {
	for i := range c.t.problems.things {
		p := &c.t.problems.things[i]
		if !c.q.Period.Has(p.Raised) || c.j.kept(p.ID) != p.ID {
			continue
		}
		area := p.area
		if at := c.home(p.Household); at >= 0 {
			area = c.t.households.things[at].area
		}
		c.count(Problems, 1, area, p.ID)
		if p.Open {
			c.count(OpenProblems, 1, area, p.ID)
		}
		if m, known := measureOf[p.State]; known {
			c.count(m, 1, area, p.ID)
		}
	}
}

func (q Question) has(v *Visit) bool {
	return q.Period.Has(v.Day) && (q.Form == "" || v.Form == q.Form)
}

// Share is one part of a whole.
type Share struct {
	Key   string
	Count int
}

// shares sorts parts, the largest first.
func shares(parts map[string]int) []Share {
	var all []Share
	for key, n := range parts {
		all = append(all, Share{key, n})
	}
	slices.SortFunc(all, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key)) })
	return all
}

// Categories divides the problems of an area by their category.
func (t *Tally) Categories(q Question, in Area) []Share {
	return t.divide(q, in, func(p *Problem) string { return p.Category })
}

// States divides the problems of an area by their state.
func (t *Tally) States(q Question, in Area) []Share {
	return t.divide(q, in, func(p *Problem) string { return p.State })
}

func (t *Tally) divide(q Question, in Area, by func(*Problem) string) []Share {
	parts := map[string]int{}
	t.eachProblem(q, in, func(p *Problem, _ int) { parts[by(p)]++ })
	return shares(parts)
}

// Problems returns the problems of an area that satisfy a condition, those without an answer first, then the latest.
func (t *Tally) Problems(q Question, in Area, want func(Problem) bool) []Problem {
	var found []Problem
	t.eachProblem(q, in, func(p *Problem, _ int) {
		if want(*p) {
			found = append(found, *p)
		}
	})
	slices.SortFunc(found, func(a, b Problem) int {
		return cmp.Or(boolean(b.Open)-boolean(a.Open), cmp.Compare(b.Raised, a.Raised), a.ID.Compare(b.ID))
	})
	return found
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// eachProblem goes through the problems that are counted in an area.
func (t *Tally) eachProblem(q Question, in Area, use func(p *Problem, area int)) {
	t.each(q, in, func([]place) counter {
		return func(m Measure, _, area int, id survey.RecordID) {
			if m == Problems {
				use(&t.problems.things[t.problems.of(id)], area)
			}
		}
	})
}

// VisitsOf returns those of some records that are visits.
func (t *Tally) VisitsOf(ids []survey.RecordID) []Visit {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []Visit
	for _, id := range ids {
		if at := t.visits.of(id); at >= 0 {
			found = append(found, t.visits.things[at])
		}
	}
	return found
}

// Awareness is what the visits of an area say of one policy: of how many households which answer. Of a household that
// was asked more than once the last answer counts.
type Awareness struct {
	Policy string
	Shares []Share // by clear, heard, unknown and misread
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
	parts := map[string]map[string]int{}
	t.eachAnswer(q, in, func(policy, answer string, _ int, _ survey.RecordID) {
		if parts[policy] == nil {
			parts[policy] = map[string]int{}
		}
		parts[policy][answer]++
	})
	var all []Awareness
	for _, policy := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, Awareness{policy, shares(parts[policy])})
	}
	return all
}

// BehindAnswer returns the visits that gave an answer to a policy.
func (t *Tally) BehindAnswer(q Question, in Area, policy, answer string) []survey.RecordID {
	var ids []survey.RecordID
	t.eachAnswer(q, in, func(p, a string, _ int, visit survey.RecordID) {
		if p == policy && a == answer {
			ids = append(ids, visit)
		}
	})
	slices.SortFunc(ids, survey.RecordID.Compare)
	return ids
}

// eachAnswer goes through what households have last said of each policy.
func (t *Tally) eachAnswer(q Question, in Area, use func(policy, answer string, area int, visit survey.RecordID)) {
	j := t.joins()
	t.mu.RLock()
	defer t.mu.RUnlock()
	var asked []int // visits, by where they stand
	t.pass(q, in, j, func([]place) counter {
		return func(m Measure, _, _ int, id survey.RecordID) {
			if m == Visits {
				asked = append(asked, t.visits.of(id))
			}
		}
	})
	c := counting{t: t, j: j}
	last := make([][]int32, len(t.policies.texts)+1) // by policy and household: the visit, counted from 1
	say := func(p policyAnswer, visit int) {
		area := t.visits.things[visit].area
		if home := c.home(t.visits.things[visit].Household); home >= 0 {
			area = t.households.things[home].area
		}
		use(t.policies.text(int(p.policy)), t.answers.text(int(p.aware)), area, t.visits.ids[visit])
	}
	for _, at := range asked {
		v := &t.visits.things[at]
		home := c.home(v.Household)
		for p := range v.answered {
			switch {
			case p.aware == 0:
			case home < 0:
				say(p, at)
			default:
				if last[p.policy] == nil {
					last[p.policy] = make([]int32, len(t.households.things))
				}
				if before := int(last[p.policy][home]) - 1; before < 0 || later(v, &t.visits.things[before]) {
					last[p.policy][home] = int32(at + 1) //nolint:gosec // fewer than that
				}
			}
		}
	}
	for policy, homes := range last {
		for _, visit := range homes {
			if visit == 0 {
				continue
			}
			for p := range t.visits.things[visit-1].answered {
				if int(p.policy) == policy {
					say(p, int(visit-1))
				}
			}
		}
	}
}

func later(a, b *Visit) bool { return cmp.Or(cmp.Compare(a.Day, b.Day), a.ID.Compare(b.ID)) > 0 }
