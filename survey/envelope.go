package survey

import "time"

// Fields of a sealed record (TypeSealed). There are no others: whatever else stood there would tell something.
const (
	EnvelopeOffice  FieldPath = "office"  // whom it is for, as the list of recipients named it
	EnvelopeKey     FieldPath = "key"     // the public key it is sealed to
	EnvelopeContent FieldPath = "content" // the sealed letter, in base64
)

// Letter is what lies in an envelope (封存件): what a household says about a cadre. It names neither the household nor
// whoever typed it, unless the household wants it to.
type Letter struct {
	Village string `json:"village"`         // the village's name
	Day     string `json:"day"`             // 2026-11-22
	Text    string `json:"text"`            // what is said, in the household's own words
	Reply   string `json:"reply,omitempty"` // how the household would like to be answered, if at all
}

// Limits of a letter, in characters. Whoever opens one holds it to them as well.
const (
	MaxLetterText  = 10_000
	MaxLetterReply = 200
	MaxLetterName  = 100 // of the village's name and of the day
)

// Envelopes counts a device's own envelopes. There is nothing else to be shown of them.
type Envelopes struct {
	Waiting   int // only on this device
	Delivered int // the server has signed for them
}

// HLCOfDay returns the clock's reading at the beginning of a day, for what must not tell its hour.
func HLCOfDay(now time.Time) HLC {
	year, month, day := now.Date()
	return HLC(0).Next(time.Date(year, month, day, 0, 0, 0, 0, now.Location()))
}
