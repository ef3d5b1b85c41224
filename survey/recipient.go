package survey

// RecipientUse says what is sealed for a recipient. Append-only: the values travel.
type RecipientUse uint8

// Uses of a recipient's key.
const (
	// ForEnvelope opens what a household says about cadres (反映干部问题).
	ForEnvelope RecipientUse = 1
	// ForRecovery opens what no PIN opens any more, and the second copies of lost devices.
	ForRecovery RecipientUse = 2
)

// Recipient is somebody to whom things are sealed and who keeps the key to open them elsewhere.
type Recipient struct {
	Use  RecipientUse `cbor:"1,keyasint"`
	Name string       `cbor:"2,keyasint"` // the office, never a person: 县纪委监委
	Key  string       `cbor:"3,keyasint"` // in age's notation, "age1…"
}

// Recipients are the county's list of recipients, which the server signs.
type Recipients struct {
	County uint32      `cbor:"1,keyasint"`
	Serial uint64      `cbor:"2,keyasint"` // a list replaces those with a smaller serial; 0 is no list
	Listed []Recipient `cbor:"3,keyasint"`
	Phones *Phones     `cbor:"4,keyasint,omitempty"` // nil where the county has named none
	// Cipher is what devices have to seal with, by the numbers of sync/seal; 0 leaves it to them.
	Cipher uint8 `cbor:"5,keyasint,omitempty"`
}

// Phones are the numbers a household is told: whom to ask or to complain to without the visitor.
type Phones struct {
	Township string `cbor:"1,keyasint"` // to look up, correct or delete what was written down
	County   string `cbor:"2,keyasint"` // about the visitors themselves
	Duty     string `cbor:"3,keyasint"` // the township's duty office, in danger
}

// For returns the recipients for one use, in the list's order.
func (r Recipients) For(use RecipientUse) []Recipient {
	var found []Recipient
	for _, recipient := range r.Listed {
		if recipient.Use == use {
			found = append(found, recipient)
		}
	}
	return found
}
