package survey

import (
	"cmp"
	"slices"
)

// Holding is everything that is held of one record: what it is now and every revision that led there.
type Holding struct {
	Record     Record
	Statements []Statement // in the order in which they were made
}

// Statement is one revision as a person may read it.
type Statement struct {
	ID     RevID
	Header Header
	Body   Body
	Erased bool // the body was taken out
	HLC    HLC  // effective: no later than when the first server received it
}

// First returns the statement the record began with, or none.
func (h Holding) First() Statement {
	if len(h.Statements) == 0 {
		return Statement{}
	}
	return h.Statements[0]
}

// Erasure is what is to become of one record: its earlier bodies go, and Keep is what stays.
type Erasure struct {
	Record RecordID
	Keep   Fields       // nil takes the whole record away
	Files  []Attachment // of those it has, the ones that stay
	Note   string       // which rule; nothing about the person
}

// Correction changes some fields of a record, for a reason that stays with it.
type Correction struct {
	Record    RecordID
	Household RecordID // whom the access log names
	Author    PersonID
	Fields    Fields // an empty value takes a field away
	Reason    string
}

// SortHoldings puts what is held on a household into the order in which it is read: the household, visits, problems, who
// has looked, anything else; each kind in the order in which the records began.
func SortHoldings(held []Holding) {
	order := []RecordType{TypeHousehold, TypeVisit, TypeProblem, TypeAccess}
	rank := func(h Holding) int {
		if i := slices.Index(order, h.Record.Type); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(held, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.First().HLC, b.First().HLC), a.Record.ID.Compare(b.Record.ID))
	})
}
