package survey

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
