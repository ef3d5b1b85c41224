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
	known := map[survey.RevID]survey.Statement{}
	for _, s := range h.Statements {
		known[s.ID] = s
	}
	var edits []Edit
	seen := map[survey.RevID]bool{}
	next := slices.Clone(known[id].Header.Parents)
	for len(next) > 0 {
		s, held := known[next[0]]
		next = next[1:]
		if !held || seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		next = append(next, s.Header.Parents...)
		edits = append(edits, Edit{ID: s.ID, Header: s.Header, Body: s.Body, Erased: s.Erased, HLC: s.HLC})
	}
	return Apply(edits)
}
