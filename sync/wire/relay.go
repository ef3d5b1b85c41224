package wire

import (
	"errors"
	"fmt"

	"zoucun/survey"
)

// MaxRelayed bounds the devices in one answer to a relay.
const MaxRelayed = 64

// Carry hands over segments of one log, whoever brings them: the signature of the device that wrote them decides.
type Carry struct {
	Segments []Segment `cbor:"1,keyasint"`
}

// CarryReply says what became of carried segments. It is signed as every reply is, by whoever gives it; Words are the
// county's own and stand by themselves.
type CarryReply struct {
	// Kept are the hashes of those segments that are on the disk of whoever answers.
	Kept []survey.Hash `cbor:"1,keyasint"`
	// Apart are those that part from the log which is held: they will never be taken.
	Apart []survey.Hash `cbor:"2,keyasint,omitempty" json:",omitempty"`
	// Words are what the county has said on the log, as far as it is known to whoever answers.
	Words []Carried `cbor:"3,keyasint,omitempty" json:",omitempty"`
}

// RelayAsk asks the county for what a relay has to know of the devices in its villages.
type RelayAsk struct {
	After survey.DeviceID `cbor:"1,keyasint"` // go on behind this one
}

// RelayNews is one part of what a relay has to know.
type RelayNews struct {
	Epoch   survey.Epoch    `cbor:"1,keyasint"`
	Devices []RelayedDevice `cbor:"2,keyasint"` // by identifier
	More    bool            `cbor:"3,keyasint"` // ask again behind the last
}

// RelayedDevice is a device as a relay knows it. Grant and Holdings are for the device itself and stand by themselves.
type RelayedDevice struct {
	Device   survey.DeviceID `cbor:"1,keyasint"`
	SignKey  []byte          `cbor:"2,keyasint"`
	Revoked  survey.Millis   `cbor:"3,keyasint"` // 0 while it is not
	Grant    SignedGrant     `cbor:"4,keyasint"`
	Holdings SignedHoldings  `cbor:"5,keyasint"`
}

// RelayPass is how a relay shows that the county sent it: a grant that names its key, and the certificate it shows. The
// reply that brings it is signed with that key.
type RelayPass struct {
	Grant SignedGrant `cbor:"1,keyasint"`
	Pin   survey.Hash `cbor:"2,keyasint"`
}

// County is what a relay says of the county to a device that is to be enrolled and reaches only the relay. Nothing in it
// is signed by the county: the proofs of the enrolment cover pin and challenge.
type County struct {
	Address   string      `cbor:"1,keyasint"` // base URL, as the relay reaches it
	Pin       survey.Hash `cbor:"2,keyasint"` // of the county's certificate
	Challenge []byte      `cbor:"3,keyasint"` // the county's, just given
}

func (c *County) complete() error {
	return errors.Join(within("bytes of address", len(c.Address), 4*MaxName), within("bytes of challenge", len(c.Challenge), MaxName))
}

func (c *Carry) complete() error {
	if len(c.Segments) == 0 {
		return errors.New("no segments")
	}
	err := within("segments", len(c.Segments), MaxSegments)
	for i := range c.Segments {
		if c.Segments[i].Header.Replica != c.Segments[0].Header.Replica {
			return errors.New("segments of several logs")
		}
		err = errors.Join(err, c.Segments[i].complete())
	}
	return err
}

func (r *CarryReply) complete() error {
	err := errors.Join(within("kept", len(r.Kept), MaxSegments), within("apart", len(r.Apart), MaxSegments),
		within("words", len(r.Words), MaxHoldings))
	for i := range r.Words {
		err = errors.Join(err, r.Words[i].complete())
	}
	return err
}

func (*RelayAsk) complete() error { return nil }

func (n *RelayNews) complete() error {
	for i, d := range n.Devices {
		if len(d.SignKey) != 32 {
			return fmt.Errorf("key of %d bytes", len(d.SignKey))
		}
		if i > 0 && n.Devices[i-1].Device.Compare(d.Device) >= 0 {
			return errors.New("devices out of order")
		}
	}
	return within("devices", len(n.Devices), MaxRelayed)
}
