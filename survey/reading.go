package survey

// Fields of a reading record.
const (
	ReadingWord FieldPath = "label"
	ReadingSaid FieldPath = "said" // a syllable for each character; other ways behind a stop: "lù ān、liù ān"
)

// Reading is how a character or word of the township is said (读音), where the dictionary does not know.
type Reading struct {
	ID   RecordID
	Word string
	Said string
}

// ReadingOf reads a reading from its record.
func ReadingOf(r Record) Reading {
	return Reading{ID: r.ID, Word: r.Fields[ReadingWord], Said: r.Fields[ReadingSaid]}
}

// Fields returns the reading as its record holds it.
func (r Reading) Fields() Fields {
	f := Fields{}
	f.set(ReadingWord, r.Word)
	f.set(ReadingSaid, r.Said)
	return f
}
