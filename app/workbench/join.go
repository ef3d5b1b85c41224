package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// Couple is a pair as it is shown: two records side by side.
type Couple struct {
	Pair
	Titles [2]string
	Rows   []Row
	a, b   survey.Record
}

// Row is one field of two records side by side.
type Row struct {
	Label   string
	Values  [2]string
	Differs bool // both have one, and not the same
}

// shownOf are the fields of registers that are compared, in the order in which people look at them.
var shownOf = map[survey.RecordType][]survey.FieldPath{
	survey.TypeHousehold: {
		survey.HouseholdHead, survey.HouseholdMembers, survey.HouseholdGroup, survey.HouseholdDoor, survey.HouseholdPhone,
		survey.HouseholdCode, survey.HouseholdResident, survey.HouseholdAway, survey.HouseholdLocation,
	},
	survey.TypeProblem: {survey.ProblemTitle, survey.ProblemCategory, survey.ProblemUrgency, survey.ProblemState, survey.ProblemHousehold},
}

// Couple returns a pair side by side.
func (t *Twins) Couple(ctx context.Context, p Pair) (Couple, error) {
	c := Couple{Pair: p}
	one, err := t.store.Holding(ctx, p.First)
	if err != nil {
		return c, err
	}
	other, err := t.store.Holding(ctx, p.Last)
	if err != nil {
		return c, err
	}
	c.a, c.b = one.Record, other.Record
	c.Titles = [2]string{t.words.subject(ctx, c.a), t.words.subject(ctx, c.b)}
	for _, field := range t.fields(c) {
		what := t.words.of(ctx, c.a, field)
		a, b := c.a.Fields[field], c.b.Fields[field]
		row := Row{Label: what.label, Differs: a != "" && b != "" && spell.Fold(a) != spell.Fold(b)}
		for i, value := range []string{a, b} {
			if row.Values[i] = "—"; value != "" {
				row.Values[i] = t.words.value(ctx, what, c.a, field, value)
			}
		}
		c.Rows = append(c.Rows, row)
	}
	c.Rows = append(c.Rows, Row{Label: "登记", Values: [2]string{t.begun(one), t.begun(other)}})
	if p.Of == survey.TypeHousehold {
		a, errA := t.history(ctx, p.First)
		b, errB := t.history(ctx, p.Last)
		if errA != nil || errB != nil {
			return c, cmp.Or(errA, errB)
		}
		c.Rows = append(c.Rows, Row{Label: "走访和问题", Values: [2]string{a, b}})
	}
	return c, nil
}

// fields returns what is compared: of a register its own fields that either has, of visits the answers, those that differ
// first.
func (t *Twins) fields(c Couple) []survey.FieldPath {
	if own, ok := shownOf[c.Of]; ok {
		return slices.DeleteFunc(slices.Clone(own), func(f survey.FieldPath) bool { return c.a.Fields[f] == "" && c.b.Fields[f] == "" })
	}
	var paths []survey.FieldPath
	for path := range c.a.Fields {
		paths = append(paths, path)
	}
	for path := range c.b.Fields {
		if _, both := c.a.Fields[path]; !both {
			paths = append(paths, path)
		}
	}
	paths = slices.DeleteFunc(paths, func(p survey.FieldPath) bool { return strings.HasPrefix(string(p), "meta/") })
	differs := func(p survey.FieldPath) int {
		if spell.Fold(c.a.Fields[p]) == spell.Fold(c.b.Fields[p]) {
			return 1
		}
		return 0
	}
	slices.SortFunc(paths, func(a, b survey.FieldPath) int { return cmp.Or(cmp.Compare(differs(a), differs(b)), cmp.Compare(a, b)) })
	return paths
}

// begun says who wrote a record first and when.
func (t *Twins) begun(h survey.Holding) string {
	first := h.First()
	return t.words.person(first.Header.Author) + " " + day(survey.MillisOf(first.HLC.Time()), t.now())
}

func (t *Twins) history(ctx context.Context, household survey.RecordID) (string, error) {
	visits, err := t.store.VisitsOf(ctx, household)
	if err != nil {
		return "", err
	}
	problems, err := t.store.ProblemsOf(ctx, household)
	return fmt.Sprintf("走访 %d 次，问题 %d 个", len(visits), len(problems)), err
}

// Keeps says which of a couple goes on where nobody chooses: the one with a number of the register, or else the one that
// was there first. It is 0 or 1.
func (c Couple) Keeps() int {
	a, b := c.a.Fields[survey.HouseholdCode] != "", c.b.Fields[survey.HouseholdCode] != ""
	if b && !a {
		return 1
	}
	return 0
}

// Same decides that a couple is one; kept says which of the two goes on. What that one leaves blank it takes from the
// other, and a household the names of the other's members; whatever else the other says stays in its history.
func (t *Twins) Same(ctx context.Context, c Couple, kept int) Outcome {
	on, other := c.a, c.b
	if kept == 1 {
		on, other = c.b, c.a
	}
	link := t.link(survey.NewLink(c.scope, c.Of, on.ID, other.ID, survey.Same))
	o := Outcome{Sentence: t.sentence(c, kept), writes: []survey.Amendment{link}}
	taken := survey.Fields{}
	for _, field := range shownOf[c.Of] {
		if on.Fields[field] == "" && other.Fields[field] != "" {
			taken[field] = other.Fields[field]
		}
	}
	if members := together(on, other); c.Of == survey.TypeHousehold && members != on.Fields[survey.HouseholdMembers] {
		taken[survey.HouseholdMembers] = members
	}
	if len(taken) == 0 || len(on.Conflicts) > 0 { // a record in conflict is decided first, field by field
		return o
	}
	var names []string
	for _, field := range shownOf[c.Of] {
		if taken[field] != "" {
			what := t.words.of(ctx, on, field)
			names = append(names, what.label+"“"+brief(t.words.value(ctx, what, on, field, taken[field]))+"”")
		}
	}
	o.Sentence += "补上" + strings.Join(names, "、") + "。"
	o.writes = append(o.writes, survey.Amendment{
		Record: on.ID, Type: on.Type, Kind: survey.Merge, Scope: on.Scope, Author: t.who.ID, Heads: on.Heads, Fields: taken, Note: "并入另一" + unit(c.Of),
	})
	return o
}

// together returns the members of both households, without the heads.
func together(on, other survey.Record) string {
	members := survey.HouseholdOf(on).MemberNames()
	known := append(slices.Clone(members), on.Fields[survey.HouseholdHead])
	for _, name := range survey.HouseholdOf(other).MemberNames() {
		if !slices.ContainsFunc(known, func(k string) bool { return spell.Plain(k) == spell.Plain(name) }) {
			members, known = append(members, name), append(known, name)
		}
	}
	return strings.Join(members, survey.MemberStop)
}

// sentence says what joining will do.
func (t *Twins) sentence(c Couple, kept int) string {
	on, other := c.Titles[kept], c.Titles[1-kept]
	switch c.Of {
	case survey.TypeProblem:
		return "两条记成一个问题，以" + on + "为准；两条的经过都留着。"
	case survey.TypeVisit:
		return "两条记成一次走访，以" + on + "为准；两份答案都留着。"
	default:
		return merging(other, on) + "，以后只列" + on + "；两边的走访、问题和经过都归到它名下。"
	}
}

// merging says that one household goes into another, which may have the same name.
func merging(other, on string) string {
	if on == other {
		other = "另一个" + other
	}
	return other + "并到" + on
}

// Different decides that a couple is two: nobody is asked about them again.
func (t *Twins) Different(c Couple) Outcome {
	return Outcome{
		Sentence: c.Titles[0] + "和" + c.Titles[1] + "不是同一" + unit(c.Of) + "，以后不再问。",
		writes:   []survey.Amendment{t.link(survey.NewLink(c.scope, c.Of, c.First, c.Last, survey.Different))},
	}
}

func (t *Twins) link(l survey.Link) survey.Amendment {
	return survey.Amendment{Record: l.ID, Type: survey.TypeLink, Kind: survey.Put, Scope: l.Scope, Author: t.who.ID, Fields: l.Fields()}
}

// Confirm writes an outcome, all of it or nothing, and finds anew what may be one.
func (t *Twins) Confirm(ctx context.Context, o Outcome) error {
	if err := t.store.Amend(ctx, o.writes...); err != nil {
		return err
	}
	return t.Load(ctx)
}

// Joint is two records that were joined.
type Joint struct {
	Title, Detail string
	link          survey.Link
}

// Joints returns what was joined and can be split (拆开), those of households first.
func (t *Twins) Joints(ctx context.Context) ([]Joint, error) {
	links, err := t.store.Links(ctx)
	if err != nil {
		return nil, err
	}
	var all []Joint
	for _, l := range links {
		if l.Says != survey.Same {
			continue
		}
		on, err := t.store.Card(ctx, l.Kept)
		other, errOther := t.store.Card(ctx, l.Joined())
		if err != nil || errOther != nil {
			continue // of one of them nothing is here any more
		}
		l.Scope, l.Of = on.Scope, on.Type
		all = append(all, Joint{
			Title: merging(t.words.subject(ctx, other), t.words.subject(ctx, on)), Detail: t.words.where(ctx, on), link: l,
		})
	}
	slices.SortStableFunc(all, func(a, b Joint) int { return cmp.Compare(rank(a.link.Of), rank(b.link.Of)) })
	return all, nil
}

// Split takes two joined records apart: each is itself again, with all that was written of it, and they are remembered as
// two. What the one that went on took over from the other it keeps; that is a decision of its own, to be taken back there.
func (t *Twins) Split(ctx context.Context, j Joint) error {
	l := survey.NewLink(j.link.Scope, j.link.Of, j.link.First, j.link.Last, survey.Different)
	if err := t.store.Amend(ctx, t.link(l)); err != nil {
		return err
	}
	return t.Load(ctx)
}
