package survey

// Fields of a policy record.
const (
	PolicyName  FieldPath = "label"
	PolicyGives FieldPath = "gives" // what it gives
	PolicyWhom  FieldPath = "whom"  // to whom
	PolicyHow   FieldPath = "how"   // where one goes and what one brings
	PolicyUnit  FieldPath = "unit"  // who answers for it, by name
	PolicyFrom  FieldPath = "since" // the first day it holds, as 2026-03-01
	PolicyTo    FieldPath = "until" // the last day
)

// Policy is a card that says what a policy gives to whom (政策卡).
type Policy struct {
	ID                           RecordID
	Name, Gives, Whom, How, Unit string
	Since, Until                 string // dates; empty where there is no bound
}

// PolicyOf reads a policy from its record.
func PolicyOf(r Record) Policy {
	f := r.Fields
	return Policy{
		ID: r.ID, Name: f[PolicyName], Gives: f[PolicyGives], Whom: f[PolicyWhom], How: f[PolicyHow], Unit: f[PolicyUnit],
		Since: f[PolicyFrom], Until: f[PolicyTo],
	}
}

// Fields returns the policy as its record holds it.
func (p Policy) Fields() Fields {
	f := Fields{}
	f.set(PolicyName, p.Name)
	f.set(PolicyGives, p.Gives)
	f.set(PolicyWhom, p.Whom)
	f.set(PolicyHow, p.How)
	f.set(PolicyUnit, p.Unit)
	f.set(PolicyFrom, p.Since)
	f.set(PolicyTo, p.Until)
	return f
}
