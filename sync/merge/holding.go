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
