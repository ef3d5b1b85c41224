package survey

// Fields of a round record.
const (
	RoundName  FieldPath = "label"
	RoundForm  FieldPath = "form"  // the form its visits are written on, by its identifier
	RoundBegin FieldPath = "since" // the first day, as 2026-03-01
	RoundEnd   FieldPath = "until" // the last day
	RoundWhy   FieldPath = "why"   // what it is for
)

// Round is a round of visits (专题、轮次). It sets no number of visits that anybody has to reach.
type Round struct {
	ID         RecordID
	Name, Why  string
	Form       FormID
	Begin, End string // dates; empty where there is no bound
}

// RoundOf reads a round from its record.
func RoundOf(r Record) Round {
	f := r.Fields
	return Round{ID: r.ID, Name: f[RoundName], Why: f[RoundWhy], Form: FormID(f[RoundForm]), Begin: f[RoundBegin], End: f[RoundEnd]}
}

// Fields returns the round as its record holds it.
func (r Round) Fields() Fields {
	f := Fields{}
	f.set(RoundName, r.Name)
	f.set(RoundWhy, r.Why)
	f.set(RoundForm, string(r.Form))
	f.set(RoundBegin, r.Begin)
	f.set(RoundEnd, r.End)
	return f
}
