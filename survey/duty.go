package survey

// Fields of a duty record. One on a place belongs to the county's register, so that every tablet can say who looks after
// a village; one on a household belongs to its village, whose households nobody else may know.
const (
	DutyName  FieldPath = "label"  // the person's name, as lists show it
	DutyKind  FieldPath = "kind"   // DutyLevel
	DutyOn    FieldPath = "target" // the village, group or household
	DutyWho   FieldPath = "who"    // the member of staff
	DutySince FieldPath = "since"  // the first day, as 2026-03-01
	DutyUntil FieldPath = "until"  // the last day; absent while it goes on
)

// DutyLevel says what a duty is on.
type DutyLevel string

// Levels of the chain.
const (
	DutyVillage   DutyLevel = "village"   // 包村
	DutyGroup     DutyLevel = "group"     // 包组
	DutyHousehold DutyLevel = "household" // 包户
)

// Duty says who looks after a village, a group or a household, since when and until when (包村、包组、包户).
type Duty struct {
	ID           RecordID
	Level        DutyLevel
	On           RecordID // the village, group or household
	Who          PersonID
	Name         string
	Since, Until string // dates, as 2026-03-01; empty where there is no bound
}

// DutyOf reads a duty from its record.
func DutyOf(r Record) Duty {
	f := r.Fields
	on, _ := ParseID[RecordID](f[DutyOn])
	who, _ := ParseID[PersonID](f[DutyWho])
	return Duty{ID: r.ID, Level: DutyLevel(f[DutyKind]), On: on, Who: who, Name: f[DutyName], Since: f[DutySince], Until: f[DutyUntil]}
}

// Fields returns the duty as its record holds it.
func (d Duty) Fields() Fields {
	f := Fields{}
	f.set(DutyName, d.Name)
	f.set(DutyKind, string(d.Level))
	f.set(DutyOn, idText(d.On))
	if !d.Who.IsZero() {
		f[DutyWho] = d.Who.String()
	}
	f.set(DutySince, d.Since)
	f.set(DutyUntil, d.Until)
	return f
}

// Holds reports whether the duty holds on a day written as 2026-03-01.
func (d Duty) Holds(day string) bool {
	return (d.Since == "" || d.Since <= day) && (d.Until == "" || day <= d.Until)
}
