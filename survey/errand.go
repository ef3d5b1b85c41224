package survey

// Errand is a bundle of another device's work (捎带的数据包) that this device carries. It cannot read what is in it.
type Errand struct {
	Sum     Hash     // of the file
	Size    int64    // bytes
	Device  DeviceID // whose work it is, as its label says
	Came    Millis   // by this device's clock
	Relayed bool     // a receiving point holds it too
	Trouble string   // why it could not be handed over last time, in Chinese
}

// Errands says how it stands with what a device carries for others, and has given to others.
type Errands struct {
	Devices  int   // whose work is carried
	Files    int   // errands that are carried
	Bytes    int64 // of them
	Taken    int   // handed over to the county, not long ago
	Refused  int   // that the county could not use
	Trouble  string
	Given    int    // of this device's own entries that wait, those that another device carries too
	GivenAt  Millis // when the last of them were given
	KeyKnown bool   // the county has said to whom errands are encrypted
}

// Given is what a device has just given to another.
type Given struct {
	Courier DeviceID
	Errands int // bundles
	Entries int // of logs
	Files   int // attachments
	Larger  int // attachments that are too large to be carried
	Home    int // entries that the county has signed for, as the courier brought word
	Full    bool
}
