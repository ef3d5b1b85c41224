package tally

import (
	"slices"

	"zoucun/survey"
)

// Tree is everything that is counted of a township: of villages, and of the groups in them.
type Tree struct {
	Villages []Branch // in the order of their identifiers
	Total    [Measures]int

	hidden [Measures]*Hidden
}

// Branch is a village and its groups; what belongs to no group stands under a zero area.
type Branch struct {
	Row

	Groups []Row // in the order of their identifiers
}

// Tree counts a township once.
func (t *Tally) Tree(q Question) *Tree {
	var counts [][Measures]int
	t.each(q, Area{}, func(areas []place) counter {
		counts = make([][Measures]int, len(areas))
		return func(m Measure, n, area int, _ survey.RecordID) { counts[area][m] += n }
	})
	tree := &Tree{}
	at := map[survey.RecordID]int{}
	for area, c := range counts {
		village, group := t.placeOf(area)
		if c == [Measures]int{} {
			continue
		}
		if _, known := at[village]; !known {
			at[village] = len(tree.Villages)
			tree.Villages = append(tree.Villages, Branch{Row: Row{Area: village}})
		}
		b := &tree.Villages[at[village]]
		b.Groups = append(b.Groups, Row{Area: group, Counts: c})
		for m, n := range c {
			b.Counts[m] += n
			tree.Total[m] += n
		}
	}
	slices.SortFunc(tree.Villages, func(a, b Branch) int { return a.Area.Compare(b.Area) })
	for _, b := range tree.Villages {
		slices.SortFunc(b.Groups, func(a, b Row) int { return a.Area.Compare(b.Area) })
	}
	return tree
}

// ofRegister are the measures that say what a village's roster has. They are no more hidden than the roster is.
var ofRegister = map[Measure]bool{Registered: true, RemoteDue: true, RoadsideDue: true}

// Hidden says which numbers of a measure are hidden: villages and groups stand as in Villages.
func (t *Tree) Hidden(m Measure) Hidden {
	if t.hidden[m] == nil {
		parts := make([][]int, len(t.Villages))
		for v, b := range t.Villages {
			parts[v] = make([]int, len(b.Groups))
			for g, row := range b.Groups {
				parts[v][g] = row.Counts[m]
			}
		}
		h := Branches(parts)
		if ofRegister[m] {
			h = shown(parts)
		}
		t.hidden[m] = &h
	}
	return *t.hidden[m]
}

// shown hides nothing.
func shown(parts [][]int) Hidden {
	h := Hidden{Parts: make([][]bool, len(parts)), Branches: make([]bool, len(parts))}
	for v, line := range parts {
		h.Parts[v] = make([]bool, len(line))
	}
	return h
}

// Unreached returns the groups of a village's roster in which no household was visited.
func (b Branch) Unreached() []survey.RecordID {
	var groups []survey.RecordID
	for _, row := range b.Groups {
		if !row.Area.IsZero() && row.Counts[Registered] > 0 && row.Counts[Reached] == 0 {
			groups = append(groups, row.Area)
		}
	}
	return groups
}
