package wire

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"zoucun/survey"
)

// HeldLog is how far the server holds a log that somebody carried to it.
type HeldLog struct {
	Replica survey.ReplicaID `cbor:"1,keyasint"`
	Last    uint64           `cbor:"2,keyasint"` // every n up to here is stored, and a segment ends here
	Durable uint64           `cbor:"3,keyasint"` // every n up to here is held off the server's machine as well
	// Hash is of the segment that ends at Last. It stands for the whole log up to there: a device whose own segment has
	// another hash wrote another log.
	Hash survey.Hash `cbor:"4,keyasint"`
}

// Carried is the server's signed word on the logs of one device that came to it in a bundle. It answers no push and has
// no nonce: whoever carried the bundle was not asked who they are.
type Carried struct {
	County    uint32          `cbor:"1,keyasint"`
	Device    survey.DeviceID `cbor:"2,keyasint"`
	Epoch     survey.Epoch    `cbor:"3,keyasint"`
	Logs      []HeldLog       `cbor:"4,keyasint"`
	Rejects   []Reject        `cbor:"5,keyasint,omitempty"`
	Time      survey.Millis   `cbor:"6,keyasint"` // the server's clock
	Signature []byte          `cbor:"7,keyasint"` // over the message with this field empty
}

// Sign returns the message with the server's signature.
func (c Carried) Sign(key ed25519.PrivateKey) (Carried, error) {
	message, err := c.signed()
	if err != nil {
		return Carried{}, err
	}
	c.Signature = ed25519.Sign(key, message)
	return c, nil
}

// Verify checks that the message is the server's word.
func (c Carried) Verify(key ed25519.PublicKey) error {
	message, err := c.signed()
	if err != nil {
		return err
	}
	return verify(key, message, c.Signature)
}

func (c Carried) signed() ([]byte, error) {
	c.Signature = nil
	raw, err := Encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode carried: %w", err)
	}
	return append([]byte(carriedPurpose), raw...), nil
}

func (c *Carried) complete() error {
	return errors.Join(within("logs", len(c.Logs), MaxCursors), within("rejects", len(c.Rejects), MaxFields))
}

func (s *Segment) complete() error {
	if err := s.checkRun(); err != nil {
		return err
	}
	for i := range s.Entries {
		if err := named(&s.Entries[i].Revision); err != nil {
			return err
		}
	}
	return nil
}
