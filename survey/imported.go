package survey

// Fields of an import record.
const (
	ImportName    FieldPath = "label"   // the file's name
	ImportOf      FieldPath = "of"      // the type of the records it wrote
	ImportHeader  FieldPath = "header"  // signature of the file's header
	ImportColumns FieldPath = "columns" // which column was taken for which field: "0=label 3=phone"
	ImportAdded   FieldPath = "added"   // how many records it began
	ImportChanged FieldPath = "changed" // how many it changed
	ImportBack    FieldPath = "back"    // how many have been taken back, once it is undone
)

// Import says that many records were written at once, from a file (导入). It remembers how the file's columns were taken,
// for the next file with the same header, here and on every other laptop of the township.
//
// The revisions it wrote name it in their note, and follow its own in the log.
type Import struct {
	ID             RecordID
	Name           string
	Of             RecordType
	Header         string
	Columns        string
	Added, Changed int
	Back           int // -1 while it holds
	When           HLC
}

// ImportFrom reads an import from its record.
func ImportFrom(r Record) Import {
	f := r.Fields
	return Import{
		ID: r.ID, Name: f[ImportName], Of: RecordType(f[ImportOf]), Header: f[ImportHeader], Columns: f[ImportColumns],
		Added: max(0, count(f[ImportAdded])), Changed: max(0, count(f[ImportChanged])), Back: count(f[ImportBack]), When: r.Updated,
	}
}

// Fields returns the import as its record holds it.
func (i Import) Fields() Fields {
	f := Fields{}
	f.set(ImportName, i.Name)
	f.set(ImportOf, string(i.Of))
	f.set(ImportHeader, i.Header)
	f.set(ImportColumns, i.Columns)
	f.set(ImportAdded, countText(i.Added))
	f.set(ImportChanged, countText(i.Changed))
	f.set(ImportBack, countText(i.Back))
	return f
}

// Note is what every revision of the import has as its note.
func (i Import) Note() string { return "导入“" + i.Name + "”（" + i.ID.String() + "）" }
