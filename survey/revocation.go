package survey

// Revocation says that a device's grant was withdrawn.
type Revocation struct {
	Device DeviceID `cbor:"1,keyasint"`
	Since  Millis   `cbor:"2,keyasint"` // what it made before counts, what it made after waits for a person
}

// Revocations are the county's devices whose grant was withdrawn, which the server signs.
type Revocations struct {
	County  uint32       `cbor:"1,keyasint"`
	Serial  uint64       `cbor:"2,keyasint"` // a list replaces those with a smaller serial; 0 is no list
	Devices []Revocation `cbor:"3,keyasint"` // by identifier
}

// Since returns when a device's grant was withdrawn, and whether it was.
func (r Revocations) Since(id DeviceID) (Millis, bool) {
	for _, revoked := range r.Devices {
		if revoked.Device == id {
			return revoked.Since, true
		}
	}
	return 0, false
}
