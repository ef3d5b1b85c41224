package survey

// Copied is what a copy of the server's database holds, as it was read from the copy itself.
type Copied struct {
	County uint32               `json:"county"`
	Epoch  Epoch                `json:"epoch"`
	Marks  map[ReplicaID]uint64 `json:"marks"` // how far each device's log is held in it
	Files  map[Hash]int64       `json:"-"`     // the attachments its revisions refer to, with their sizes
}
