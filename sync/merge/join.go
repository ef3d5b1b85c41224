package merge

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
)

// joinings returns how fields are joined: what any edit says holds for all. Should they say different things, the one
// with the highest number holds, everywhere.
func (g *graph) joinings() map[survey.FieldPath]survey.Joining {
	joins := map[survey.FieldPath]survey.Joining{}
	for _, e := range g.edits {
		for field, how := range e.Body.Joins {
			joins[field] = max(joins[field], how)
		}
	}
	return joins
}

// join returns what edits that say different things of a field amount to, where the field is one that is joined.
func (g *graph) join(field survey.FieldPath, writers []int) (string, bool) {
	switch g.joins[field] {
	case survey.JoinWords:
		return g.unite(field, writers, " "), true
	case survey.JoinNames:
		return g.unite(field, writers, survey.MemberStop), true
	case survey.JoinGreatest:
		return g.edits[slices.MaxFunc(writers, func(a, b int) int { return g.compare(field, a, b) })].Body.Fields[field], true
	}
	return "", false
}

// unite returns the set of what was there before the edits and none has taken out, and what any has put in.
func (g *graph) unite(field survey.FieldPath, writers []int, stop string) string {
	before := members(g.before(field, writers), stop)
	gone, added := map[string]bool{}, map[string]bool{}
	for _, w := range writers {
		says := members(g.edits[w].Body.Fields[field], stop)
		for _, member := range says {
			if !slices.Contains(before, member) {
				added[member] = true
			}
		}
		for _, member := range before {
			if !slices.Contains(says, member) {
				gone[member] = true
			}
		}
	}
	united := slices.DeleteFunc(before, func(member string) bool { return gone[member] })
	return strings.Join(append(united, slices.Sorted(maps.Keys(added))...), stop)
}

// members returns the members of a set once, in the order in which they stand.
func members(set, stop string) []string {
	var all []string
	for part := range strings.SplitSeq(set, stop) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(all, part) {
			all = append(all, part)
		}
	}
	return all
}

// compare orders two edits by what they say of a field: numbers by their value and below anything else, which goes as
// text; that is right for dates of ISO 8601. The later edit is the greater of two that say the same in other words.
func (g *graph) compare(field survey.FieldPath, a, b int) int {
	x, y := g.edits[a].Body.Fields[field], g.edits[b].Body.Fields[field]
	m, notM := strconv.ParseFloat(x, 64)
	n, notN := strconv.ParseFloat(y, 64)
	order := strings.Compare(x, y)
	switch {
	case notM == nil && notN == nil:
		order = cmp.Compare(m, n)
	case notM == nil:
		order = -1
	case notN == nil:
		order = 1
	}
	return cmp.Or(order, cmp.Compare(g.edits[a].HLC, g.edits[b].HLC), g.edits[a].ID.Compare(g.edits[b].ID))
}
