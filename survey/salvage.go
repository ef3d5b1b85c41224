package survey

// Salvage is what was saved when a device's database was found damaged and a fresh one was made of what could be read.
type Salvage struct {
	At       Millis
	Aside    string // the folder in which the damaged files lie
	Records  int    // records that could be read
	Unsigned int    // revisions no server has signed for, all of which will be handed over again
	Drafts   int
	Lost     int // rows that are there and cannot be read
	// NewIdentity says that the device's own keys are lost, so that it has to be enrolled again.
	NewIdentity bool
	Message     string // for the person
}

// Quarantine names a row that is not what was written and is left out.
type Quarantine struct {
	Place string // table and column
	Row   string // its identifier, in hexadecimal
	Found Millis
}
