package merge

import (
	"cmp"
	"slices"

	"zoucun/survey"
)

// HoldingOf returns the revisions of one record as a person may read them, and what they amount to.
func HoldingOf(edits []Edit) survey.Holding {
	h := survey.Holding{Record: Apply(edits)}
	for _, e := range edits {
		h.Statements = append(h.Statements, survey.Statement{ID: e.ID, Header: e.Header, Body: e.Body, Erased: e.Erased, HLC: e.HLC})
	}
	slices.SortFunc(h.Statements, func(a, b survey.Statement) int { return cmp.Or(cmp.Compare(a.HLC, b.HLC), a.ID.Compare(b.ID)) })
	return h
}

// Before returns what a record was before one of its revisions was written: what the revisions its author knew amount
// to, as far as they are held.
func Before(h survey.Holding, id survey.RevID) survey.Record {
	known := statements(h)
	return Apply(known.with(known.above(known[id].Header.Parents...)))
}

// Base returns what a record was where the edits parted that now stand side by side: what the revisions that all of its
// heads know amount to.
func Base(h survey.Holding) survey.Record {
	known := statements(h)
	var common map[survey.RevID]bool
	for _, head := range h.Record.Heads {
		above := known.above(head)
		if common == nil {
			common = above
			continue
		}
		for id := range common {
			if !above[id] {
				delete(common, id)
			}
		}
	}
	return Apply(known.with(common))
}

// known are the statements of one record.
type known map[survey.RevID]survey.Statement

func statements(h survey.Holding) known {
	k := known{}
	for _, s := range h.Statements {
		k[s.ID] = s
	}
	return k
}

// above returns some revisions and all their ancestors, as far as they are held.
func (k known) above(next ...survey.RevID) map[survey.RevID]bool {
	seen := map[survey.RevID]bool{}
	for next = slices.Clone(next); len(next) > 0; {
		s, held := k[next[0]]
		next = next[1:]
		if held && !seen[s.ID] {
			seen[s.ID] = true
			next = append(next, s.Header.Parents...)
		}
	}
	return seen
}

func (k known) with(ids map[survey.RevID]bool) []Edit {
	var edits []Edit
	for id := range ids {
		s := k[id]
		edits = append(edits, Edit{ID: s.ID, Header: s.Header, Body: s.Body, Erased: s.Erased, HLC: s.HLC})
	}
	return edits
}
