package survey

// Found is what a search has found, the better and the later first.
type Found struct {
	Households     []FoundHousehold
	Visits         []FoundVisit
	Problems       []FoundProblem
	MoreHouseholds bool // there may be more than were asked for
	MoreVisits     bool
	MoreProblems   bool
	Unread         int // records that were not looked at because they are still being read, of Records
	Records        int // visits and problems there are
}

// Passage is where a text was found within a record. The zero value says that what the record is called was found.
type Passage struct {
	Field FieldPath
	Text  string // the answer around what was found, a few words long
}

// FoundVisit is a visit as a search has found it.
type FoundVisit struct {
	Visit
	Passage Passage
}

// FoundProblem is a problem as a search has found it.
type FoundProblem struct {
	Problem
	Scope   ScopeID
	Passage Passage
}
