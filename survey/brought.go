package survey

// Brought is what a device has brought to a receiving point, and how far that has come.
type Brought struct {
	Device     DeviceID
	Person     PersonID // of its grant
	Name       string
	Entries    int // of its log
	Signed     int // of those, the county has signed for
	Files      int // attachments that what it brought refers to
	FilesWhole int // of those, here whole
	Seen       Millis
}

// Road says how something came.
type Road uint8

// Roads. Append-only: devices keep them.
const (
	RoadNetwork Road = 1 // from the county over the network
	RoadRelay   Road = 2 // handed down by a receiving point
)

// Arrival is what came from one device, of one person, by one road, on one day.
type Arrival struct {
	Road       Road
	Device     DeviceID
	Person     PersonID
	First      Millis // when it began to come and when it came last
	Last       Millis
	Visits     int
	Problems   int
	Households int
	Others     int
}
