package survey

// Fields of a problem record that the product reads; forms may save more.
const (
	ProblemTitle     FieldPath = "label"
	ProblemHousehold FieldPath = "household"
	ProblemNature    FieldPath = "nature"
	ProblemCategory  FieldPath = "cat2"
	ProblemUrgency   FieldPath = "urgency"
	ProblemState     FieldPath = "state"
)

// Problem is something found in a household that needs an answer, as a card shows it.
type Problem struct {
	ID        RecordID
	Household RecordID
	Title     string
	Category  string
	State     string
	Raised    Millis
}

// ProblemOf reads a problem from its record.
func ProblemOf(r Record) Problem {
	household, _ := ParseID[RecordID](r.Fields[ProblemHousehold])
	return Problem{
		ID: r.ID, Household: household, Title: r.Fields[ProblemTitle],
		Category: r.Fields[ProblemCategory], State: r.Fields[ProblemState],
	}
}

// Open reports whether the problem still waits for an answer, or for the person's word that it was one.
func (p Problem) Open() bool {
	switch p.State {
	case "onsite_done", "closed_confirmed", "closed_explained", "archived", "withdrawn":
		return false
	}
	return true
}
