package survey

// Fields of a visit record that do not come from the form's own questions.
const (
	VisitHousehold FieldPath = "meta/household"    // the household the visit was paid to; absent for an anonymous one
	VisitName      FieldPath = "meta/instanceName" // how the form names the filling
)

// RespondentName is what a form calls its question for the name of whoever was talked to.
const RespondentName = "respondent_name"

// Draft is a filling of a form that is not finished, as a list shows it.
type Draft struct {
	ID          DraftID
	Form        FormID
	FormVersion string // a draft keeps the version it was begun with
	Scope       ScopeID
	Household   RecordID // zero where the household is not in the register
	Author      PersonID
	Title       string // what the person sees: the household's head, or the form's name for it
	Begun       Millis
	Changed     Millis
	Answered    int // questions with an answer, of Total that are relevant now
	Total       int
	Judged      []Judgement // what the person has said of households that seem to be there already
	Place       []Spot      // where in the form the person is: a section, then the repeat instances entered
	Amends      Amends      // the visit that is amended; zero for a new one
}

// Amends says which visit a draft amends, and what its author saw of it when the draft was begun.
type Amends struct {
	Visit RecordID `cbor:"1,keyasint"`
	Heads []RevID  `cbor:"2,keyasint"`           // what the amended visit replaces, whatever has come since
	Round string   `cbor:"3,keyasint,omitempty"` // the review that is answered, as far as its author has seen it
}

// IsZero reports whether no visit is amended.
func (a Amends) IsZero() bool { return a.Visit.IsZero() }

// Spot is a place in a filling.
type Spot struct {
	Section  string    `cbor:"1,keyasint"`
	Instance FieldPath `cbor:"2,keyasint,omitempty"` // empty in a section
	Page     int       `cbor:"3,keyasint,omitempty"` // counted from 0
}

// Judgement is a person's word on whether somebody named in a filling belongs to a household of the register.
type Judgement struct {
	Name      string   `cbor:"1,keyasint"` // as it was typed
	Household RecordID `cbor:"2,keyasint"`
	Same      bool     `cbor:"3,keyasint"`
}

// Visit is a finished filling as a list shows it.
type Visit struct {
	ID        RecordID
	Form      FormID
	Scope     ScopeID
	Household RecordID
	Author    PersonID
	Title     string // the form's instance name, or the household's head
	Finished  Millis
	Delivery  Delivery
	Apart     string // what the server said when it kept some of it apart for a person to judge; empty if it did not
}

// Delivery says where a finished visit is known to be.
type Delivery uint8

// Deliveries. Each of the first three is further from home than the one before.
const (
	OnDevice   Delivery = iota // only here: 等待
	Received                   // the server has signed for it: 已送达
	Durable                    // the server holds it off its own machine as well
	FromOthers                 // it came by pull: another device wrote it
	AtRelay                    // here and at the township's receiving point: 乡镇已收
)

// Safekeeping counts what is where, for the status line.
type Safekeeping struct {
	Drafts    int
	Waiting   int // finished, only on this device, envelopes included
	Delivered int // the server has signed for them
	Durable   int // and holds them off its own machine too
	Apart     int // a person at the township judges whether they count
	Files     int // attachments not yet handed over
	Relayed   int // of those that wait, at the township's receiving point too
	// AsOf is until when receiving points have handed down all that others wrote, by the county's clock; zero for not yet.
	AsOf Millis
}

// FormInfo is a form as lists show it.
type FormInfo struct {
	ID      FormID
	Version string
	Title   string
	Missing int // files that come with it and are not on the device yet
}

// Fields of a form record. The header's Form and FormVersion name which form and version the revision defines.
const (
	FormTitle FieldPath = "label"
	FormXML   FieldPath = "xml" // ODK XForms 1.0
)
