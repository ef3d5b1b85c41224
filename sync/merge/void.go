package merge

import (
	"slices"

	"zoucun/survey"
)

// voiding says whether a record is in use as seen from one of its edits.
type voiding uint8

const (
	inUse voiding = iota
	voided
	contested // one edit voided it, another that had not seen this went on
)

// voids returns how edit i leaves the record. A void voids and a merge decides that it stays; an Erase does the one where
// it leaves nothing, which its header says, and else the other; an edit that knows only
// voids takes the record into use again, and one that knows a contest leaves it to people.
func (g *graph) voids(i int) voiding {
	e := g.edits[i]
	before := g.together(g.parents[i])
	switch e.Header.Kind {
	case survey.Void:
		return voided
	case survey.Merge:
		return inUse
	case survey.Erase:
		if len(e.Header.Touched) == 0 {
			return voided
		}
		return inUse
	case survey.Put:
		if before == voided {
			return inUse
		}
	case survey.Review, survey.Move:
	}
	return before
}

// together joins what several edits say: what all of them say, or a contest.
func (g *graph) together(edits []int) voiding {
	if len(edits) == 0 {
		return inUse
	}
	first := g.void[edits[0]]
	if slices.ContainsFunc(edits, func(e int) bool { return g.void[e] != first }) {
		return contested
	}
	return first
}

// decideVoid reports whether the record is out of use, and adds the conflict if that is contested.
func (g *graph) decideVoid(r *survey.Record) bool {
	state := g.together(g.heads)
	if state == contested {
		conflict := survey.Conflict{Field: VoidField}
		for _, side := range g.sides() {
			value := ""
			if g.void[side] == voided {
				value = Voided
			}
			conflict.Values = append(conflict.Values, survey.ConflictValue{Revision: g.edits[side].ID, Value: value})
		}
		slices.SortFunc(conflict.Values, func(a, b survey.ConflictValue) int { return a.Revision.Compare(b.Revision) })
		r.Conflicts = append(r.Conflicts, conflict)
	}
	return state == voided
}

// sides returns the latest edits that take a side in a contest.
func (g *graph) sides() []int {
	var sides []int
	seen := map[int]bool{}
	var visit func(i int)
	visit = func(i int) {
		switch {
		case seen[i]:
		case g.void[i] != contested:
			sides = append(sides, i)
		default:
			for _, p := range g.parents[i] {
				visit(p)
			}
		}
		seen[i] = true
	}
	for _, head := range g.heads {
		visit(head)
	}
	return g.maximal(sides)
}
