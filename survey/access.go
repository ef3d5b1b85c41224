package survey

import "strconv"

// Fields of an access record. It belongs to the scope of the household it speaks of.
const (
	AccessHousehold FieldPath = "household"
	AccessAct       FieldPath = "act"
	AccessReason    FieldPath = "reason"
	AccessWhere     FieldPath = "where"
	AccessAt        FieldPath = "at" // in milliseconds, by the clock of whoever looked
)

// Act is what somebody did with what is held on a household.
type Act string

// Acts.
const (
	ActShow    Act = "show"    // looked at it
	ActPage    Act = "page"    // put it on a page
	ActCorrect Act = "correct" // corrected it
	ActErase   Act = "erase"   // erased it
	ActExport  Act = "export"  // took out everything, this household among others
)

// Places from which somebody looks.
const (
	WhereDevice  = "device"
	WhereConsole = "console" // the server's own machine
)

// Access is one line of the access log: who looked at what is held on a household, when and why.
//
// It is a record like any other, so that it stands in the numbered, signed log of whoever looked and in the feed that
// every other device of the village reads: whom it watches cannot take it out unseen.
type Access struct {
	ID        RecordID
	Scope     ScopeID
	Household RecordID // zero where it was no single one
	Person    PersonID // zero for the operator of the server
	Act       Act
	Reason    string
	Where     string
	At        Millis
}

// Fields returns the access as its record's fields.
func (a Access) Fields() Fields {
	fields := Fields{
		AccessAct: string(a.Act), AccessReason: a.Reason, AccessWhere: a.Where, AccessAt: strconv.FormatInt(int64(a.At), 10),
	}
	if !a.Household.IsZero() {
		fields[AccessHousehold] = a.Household.String()
	}
	return fields
}

// AccessOf reads an access from its record; person is the author of the record's first revision.
func AccessOf(r Record, person PersonID) Access {
	household, err := ParseID[RecordID](r.Fields[AccessHousehold])
	if err != nil {
		household = RecordID{}
	}
	at, err := strconv.ParseInt(r.Fields[AccessAt], 10, 64)
	if err != nil {
		at = r.Updated.Time().UnixMilli()
	}
	return Access{
		ID: r.ID, Scope: r.Scope, Household: household, Person: person, Act: Act(r.Fields[AccessAct]),
		Reason: r.Fields[AccessReason], Where: r.Fields[AccessWhere], At: Millis(at),
	}
}
