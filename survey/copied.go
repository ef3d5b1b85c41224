package survey

// Copied is what a copy of the server's database holds, as it was read from the copy itself.
type Copied struct {
	County uint32               `json:"county"`
	Epoch  Epoch                `json:"epoch"`
	Marks  map[ReplicaID]uint64 `json:"marks"` // how far each device's log is held in it
	Files  map[Hash]int64       `json:"-"`     // the attachments its revisions refer to, with their sizes
}

// HeldBundle is a set of bundles that is kept here, as it came, for the county: nobody here can open it.
type HeldBundle struct {
	Bundle  BundleID
	Device  DeviceID // whose work it is
	Created Millis   // by that device's clock
	Volumes int      // of which the set consists
	Missing []uint32 // volumes that have not come
	Bytes   int64    // of those that have
	Stale   bool     // it was written before the county's server was put back or made anew
}

// TakenIn says what became of a bundle that somebody brought.
type TakenIn struct {
	Home  *Homecoming // it was for this device, which has taken it over; nil otherwise
	Held  *HeldBundle // it is kept for the county; nil otherwise
	Known bool        // it was here already
}
