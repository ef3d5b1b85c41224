package survey

// Amendment is what somebody at the township writes on one record: a change, a decision, a review, or that it is taken
// out of use.
type Amendment struct {
	Record RecordID
	Type   RecordType
	Kind   RevisionKind
	Scope  ScopeID
	Author PersonID
	Fields Fields // what becomes of them; an empty value takes a field away, the others stay as they are
	// Decides names fields that are decided though they keep the value they have.
	Decides []FieldPath
	Files   []Attachment // nil leaves them as they are
	Note    string       // why
	// Heads are what the author saw of the record, nil for whatever it is. Where it has changed since, nothing is written.
	Heads []RevID
	// Form and FormVersion are the form it is made with; where they are empty those of the record stay.
	Form        FormID
	FormVersion string
}
