package survey

// Parcel is a draft as it leaves its device: what lists show, the answers, and the whole journal. State and changes are
// what the form engine wrote; nobody between two devices reads them.
type Parcel struct {
	Draft       DraftID  `cbor:"1,keyasint"`
	Scope       ScopeID  `cbor:"2,keyasint"`
	Form        FormID   `cbor:"3,keyasint"`
	FormVersion string   `cbor:"4,keyasint"`
	Household   RecordID `cbor:"5,keyasint"`
	Author      PersonID `cbor:"6,keyasint"`
	Title       string   `cbor:"7,keyasint"`
	Begun       Millis   `cbor:"8,keyasint"`
	Changed     Millis   `cbor:"9,keyasint"`
	Answered    int      `cbor:"10,keyasint"`
	Total       int      `cbor:"11,keyasint"`
	// Snapshots are what the journal made of the draft after some of its lines; the last one is the present snapshot.
	Snapshots []Snapshot    `cbor:"12,keyasint"`
	Lines     []JournalLine `cbor:"13,keyasint"`
	Head      int64         `cbor:"14,keyasint"` // the line after which the draft stands
	Files     []Attachment  `cbor:"15,keyasint"`
	Amends    *Amends       `cbor:"16,keyasint,omitempty"` // nil where a new visit is filled in
}

// Snapshot is a filling as a journal has made it up to one line.
type Snapshot struct {
	Step  int64  `cbor:"1,keyasint"`
	At    Millis `cbor:"2,keyasint"`
	State []byte `cbor:"3,keyasint"`
}

// JournalLine is one line of a draft's journal.
type JournalLine struct {
	Step    int64  `cbor:"1,keyasint"`
	At      Millis `cbor:"2,keyasint"`
	Follows int64  `cbor:"3,keyasint"` // the line before it, or the one that was gone back to
	Change  []byte `cbor:"4,keyasint"`
}

// Shelf is the drafts on a device that are sealed under one key: a person's, or everybody's.
type Shelf struct {
	Tag     string // tells shelves apart, and nothing about whose they are
	Locked  bool   // the key is not here now
	Version string // another one whenever a draft on it has changed
	Drafts  []DraftID
	Files   []Kept
}

// Kept is an attachment on a device that is kept in a second place too.
type Kept struct {
	Tag    string // names it in that place, and tells nothing about its content
	SHA256 Hash
	Size   int64
}
