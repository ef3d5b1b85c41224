package survey

// Fields of a staff record.
const (
	StaffName FieldPath = "label"
	StaffPost FieldPath = "post"
)

// Staff is a cadre or a member of the township's staff.
type Staff struct {
	ID   PersonID
	Name string
	Post string
}

// StaffOf reads a person from the record that has the same identifier.
func StaffOf(r Record) Staff {
	return Staff{ID: PersonID(r.ID), Name: r.Fields[StaffName], Post: r.Fields[StaffPost]}
}
