package survey

// RecordType says what a record is about. Forms may bring types of their own (an entity list's name); those below
// are the ones the product itself reads.
type RecordType string

// Types of records.
const (
	TypeVisit     RecordType = "visit"     // one filled form; owned by its author
	TypeHousehold RecordType = "household" // 户, shared
	TypeProblem   RecordType = "problem"   // 问题 found in a household, shared
	TypePlace     RecordType = "place"     // 村 or 组, written by the township
	TypeStaff     RecordType = "staff"     // a cadre or member of staff, written by the township
	TypeForm      RecordType = "form"      // the definition of a form, written by the township
	TypeAccess    RecordType = "access"    // somebody has looked at what is held on a household; never changed
	TypeSealed    RecordType = "sealed"    // 封存件: a letter that only its recipient can read
	TypeReading   RecordType = "reading"   // how a word is said, where the dictionary does not know; written by the township
	TypeUnit      RecordType = "unit"      // 承办单位, written by the township
	TypePolicy    RecordType = "policy"    // 政策卡: what a policy gives to whom, written by the township
	TypeRound     RecordType = "round"     // 专题/轮次: a round of visits and its form, written by the township
	TypeDuty      RecordType = "duty"      // 包村、包组、包户: who looks after a place or a household and since when; written by the township
	TypeLink      RecordType = "link"      // the township's word on whether two records are one
	TypeTask      RecordType = "task"      // 待核实: what the township asks a cadre about a record
	TypeImport    RecordType = "import"    // 导入: many records were written at once, from a file; written by the township
)

// Register reports whether forms may ask for the records of a type as a list even while there are none.
func (t RecordType) Register() bool {
	switch t {
	case TypeHousehold, TypePlace, TypeStaff, TypeProblem, TypeUnit, TypePolicy, TypeRound, TypeDuty:
		return true
	case TypeVisit, TypeForm, TypeAccess, TypeSealed, TypeReading, TypeUser, TypeLink, TypeTask, TypeImport:
	}
	return false
}

// TownshipOnly reports whether the records of a type are written by the township alone.
func (t RecordType) TownshipOnly() bool {
	switch t {
	case TypePlace, TypeStaff, TypeForm, TypeReading, TypeUnit, TypePolicy, TypeRound, TypeDuty, TypeLink, TypeImport:
		return true
	case TypeVisit, TypeHousehold, TypeProblem, TypeAccess, TypeSealed, TypeUser, TypeTask:
	}
	return false
}

// RevisionKind says what a revision does to its record. Append-only: the values travel.
type RevisionKind uint8

// Kinds of revisions.
const (
	Put    RevisionKind = 1 // states the record's fields
	Void   RevisionKind = 2 // takes the record out of use, with a reason
	Merge  RevisionKind = 3 // joins heads; written by the server or by a person at the township, never by a tablet
	Review RevisionKind = 4 // a reviewer's word on an event
	Move   RevisionKind = 5 // the record belongs to another scope from here on
	Erase  RevisionKind = 6 // what all its ancestors said is taken out everywhere; its body is what remains
)

// FieldPath names one field of a record: a form node's path below the form's root without the leading slash, where
// each repeat instance carries its own key in brackets, never a position ("issues[0192f0c1-…]/title").
// For registers it is the property's name ("head_name").
type FieldPath string

// FormID names a form over all its versions ("QZ-01").
type FormID string

// Fields is the full content of a record: every field that has a value. A field without a value is absent.
type Fields map[FieldPath]string

// Header is the part of a revision that is hashed, signed and kept even when the body is erased.
type Header struct {
	Record      RecordID     `cbor:"1,keyasint"`
	Type        RecordType   `cbor:"2,keyasint"`
	Kind        RevisionKind `cbor:"3,keyasint"`
	Scope       ScopeID      `cbor:"4,keyasint"`
	Parents     []RevID      `cbor:"5,keyasint"` // heads this revision replaces, sorted; empty for the first
	Form        FormID       `cbor:"6,keyasint"` // the form it was made with, empty for registers
	FormVersion string       `cbor:"7,keyasint"`
	Author      PersonID     `cbor:"8,keyasint"`
	Device      DeviceID     `cbor:"9,keyasint"`
	HLC         HLC          `cbor:"10,keyasint"`
	Wall        Millis       `cbor:"11,keyasint"` // the device's own clock, right or wrong
	Touched     []FieldPath  `cbor:"12,keyasint"` // fields this edit could change, sorted: absent but untouched is not deleted
}

// Revision is one immutable version of a record: a header, and a body that is the full snapshot of its fields.
//
// ID is the hash of header, salt and body (sync/wire computes it); it is not transmitted. A revision whose body was
// erased keeps its header and Commit, so the chain of revisions still verifies.
type Revision struct {
	ID     RevID    `cbor:"-"`
	Header Header   `cbor:"1,keyasint"`
	Salt   [16]byte `cbor:"2,keyasint"`
	Commit Hash     `cbor:"3,keyasint"` // SHA-256(salt, body)
	Body   []byte   `cbor:"4,keyasint"` // deterministic CBOR of Body; nil when erased
}

// Body is what a revision says. Its encoding is hashed, so it is append-only.
type Body struct {
	Fields      Fields       `cbor:"1,keyasint"`
	Attachments []Attachment `cbor:"2,keyasint,omitempty"`
	Note        string       `cbor:"3,keyasint,omitempty"` // why: the reason of a void, the comment of a review or merge
	// Joins says of some fields how edits made apart are joined; the others wait for a person where they differ.
	Joins map[FieldPath]Joining `cbor:"4,keyasint,omitempty" json:",omitempty"`
}

// Attachment refers to a file by its content. Fields refer to it by Name.
type Attachment struct {
	Name   string `cbor:"1,keyasint"` // as the form knows it, unique within the record
	SHA256 Hash   `cbor:"2,keyasint"` // of the plain bytes
	Size   int64  `cbor:"3,keyasint"` // in bytes
	MIME   string `cbor:"4,keyasint"`
}

// Record is what the revisions of one record amount to.
type Record struct {
	ID          RecordID
	Type        RecordType
	Scope       ScopeID
	Form        FormID // what the newest head was made with, empty for registers
	FormVersion string
	Heads       []RevID // sorted; more than one while edits made apart wait for a decision
	Fields      Fields
	Files       []Attachment
	Conflicts   []Conflict
	Voided      bool
	Updated     HLC
	// TimeUnsure says that a visit was written by a clock that was off by more than ten minutes.
	TimeUnsure bool
}

// Conflict is one field that edits made apart have set to different values.
type Conflict struct {
	Field  FieldPath
	Base   string // the value before the edits
	Values []ConflictValue
}

// ConflictValue is one side of a conflict.
type ConflictValue struct {
	Revision RevID
	Value    string
}

// RecordConflict is a conflict with what a queue of them is sorted by.
type RecordConflict struct {
	Record RecordID
	Type   RecordType
	Scope  ScopeID
	Conflict
	Sides []Side // one for each value
}

// Side is who has set one value of a conflict, with which device. It is zero where the revision is not here.
type Side struct {
	Author PersonID
	Device DeviceID
	HLC    HLC // effective
}
