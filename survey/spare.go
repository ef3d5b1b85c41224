package survey

// Spare is how it stands with the second copy, for the screen.
type Spare struct {
	State    SpareState
	Folder   string
	Verified Millis // when all of it was last found whole, read back from where it lies; 0 is never
	Entries  int    // of the log
	Drafts   int
	Files    int
	Bytes    int64
	Err      error  // what is in the way, while State is SpareTrouble
	Retry    Millis // when it is tried again
}

// SpareState says what the second copy is doing.
type SpareState uint8

// States of the second copy.
const (
	SpareOff     SpareState = iota // no folder was chosen
	SpareNoKey                     // the county has listed nobody who could open it
	SpareWriting                   // something is not in it yet
	SpareKept                      // everything is in it
	SpareTrouble                   // it cannot be written
)

// Exported is what was copied into a folder for somebody to carry to town.
type Exported struct {
	Files       []string // names, a volume each
	Entries     int
	Attachments int
	Bytes       int64
}

// Homecoming is what a device took over from a bundle that the server wrote for it.
type Homecoming struct {
	Receipt     bool  // it was the server's word on the log
	Entries     int64 // that the server has signed for now and had not before
	Drafts      int   // taken over
	KnownDrafts int   // that were here already, or finished
	Missing     int   // files of drafts that were not in the bundle
}
