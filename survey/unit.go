package survey

// Fields of a unit record.
const (
	UnitName    FieldPath = "label"
	UnitPhone   FieldPath = "phone"
	UnitContact FieldPath = "contact" // who takes what is handed over to it
	UnitMatters FieldPath = "matters" // which categories of problems go there, as a person reads it
)

// Unit is an office that answers problems (承办单位).
type Unit struct {
	ID                            RecordID
	Name, Phone, Contact, Matters string
}

// UnitOf reads a unit from its record.
func UnitOf(r Record) Unit {
	return Unit{ID: r.ID, Name: r.Fields[UnitName], Phone: r.Fields[UnitPhone], Contact: r.Fields[UnitContact], Matters: r.Fields[UnitMatters]}
}

// Fields returns the unit as its record holds it.
func (u Unit) Fields() Fields {
	f := Fields{}
	f.set(UnitName, u.Name)
	f.set(UnitPhone, u.Phone)
	f.set(UnitContact, u.Contact)
	f.set(UnitMatters, u.Matters)
	return f
}
