package wire

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"zoucun/survey"
)

// Limits of errands.
const (
	MaxErrand  = 16 << 20 // bytes of one
	MaxErrands = 64       // in one question
)

// Paths of errands.
const (
	PathErrand = "/v1/errand" // and, behind a slash, the SHA-256 in hexadecimal
	PathMeet   = "/v1/meet"
)

// HeaderErrand has the token of a meeting, hexadecimal.
const HeaderErrand = "Zoucun-Errand"

// ErrandKey is whom errands are encrypted to: the server, which opens them by itself.
type ErrandKey struct {
	County    uint32 `cbor:"1,keyasint"`
	Recipient string `cbor:"2,keyasint"` // in age's notation
}

// SignedErrandKey is the errand key as the server encoded and signed it.
type SignedErrandKey struct {
	Key       []byte `cbor:"1,keyasint"` // deterministic CBOR of ErrandKey
	Signature []byte `cbor:"2,keyasint"`
}

// SignErrandKey encodes and signs the errand key.
func SignErrandKey(k ErrandKey, key ed25519.PrivateKey) (SignedErrandKey, error) {
	raw, err := Encode(k)
	if err != nil {
		return SignedErrandKey{}, fmt.Errorf("encode errand key: %w", err)
	}
	return SignedErrandKey{Key: raw, Signature: ed25519.Sign(key, append([]byte(errandKeyPurpose), raw...))}, nil
}

// Open verifies the server's signature and then reads the key.
func (s SignedErrandKey) Open(key ed25519.PublicKey) (ErrandKey, error) {
	k, err := openSigned[ErrandKey](errandKeyPurpose, s.Key, s.Signature, key)
	if err != nil {
		return k, fmt.Errorf("errand key: %w", err)
	}
	return k, within("bytes of recipient", len(k.Recipient), MaxName)
}

// ErrandState is how far an errand has come. Append-only: the values travel.
type ErrandState uint8

// States of errands.
const (
	ErrandComing  ErrandState = 1 // not whole, or whole and waiting for what comes before it
	ErrandKept    ErrandState = 2 // at a receiving point
	ErrandTaken   ErrandState = 3 // what is in it is the county's
	ErrandRefused ErrandState = 4 // for good
)

// ErrandName is an errand by its file.
type ErrandName struct {
	Sum  survey.Hash `cbor:"1,keyasint"`
	Size int64       `cbor:"2,keyasint"`
}

// ErrandAsk asks how far errands have come.
type ErrandAsk struct {
	Errands []ErrandName `cbor:"1,keyasint"`
}

// ErrandNews is how far one errand has come.
type ErrandNews struct {
	Sum     survey.Hash `cbor:"1,keyasint"`
	State   ErrandState `cbor:"2,keyasint"`
	Held    int64       `cbor:"3,keyasint"` // bytes, while it is coming
	Kind    survey.Kind `cbor:"4,keyasint"` // why it was refused
	Message string      `cbor:"5,keyasint"` // the same for a person, in Chinese
	// Words are the county's own on the sender's logs, and stand by themselves.
	Words []Carried `cbor:"6,keyasint,omitempty" json:",omitempty"`
}

// ErrandReply says how far errands have come, in the order they were asked for.
type ErrandReply struct {
	Errands []ErrandNews `cbor:"1,keyasint"`
}

// Meet is how a sender shows a courier that it has the code, and sees the courier's own certificate.
type Meet struct {
	County uint32          `cbor:"1,keyasint"`
	Device survey.DeviceID `cbor:"2,keyasint"`
	Nonce  []byte          `cbor:"3,keyasint"` // 16 random bytes
	Proof  []byte          `cbor:"4,keyasint"`
}

// Met is how a courier shows the same, and what it can take.
type Met struct {
	Device  survey.DeviceID `cbor:"1,keyasint"`
	Token   []byte          `cbor:"2,keyasint"` // to be shown with each errand
	Room    int64           `cbor:"3,keyasint"` // bytes
	Errands int             `cbor:"4,keyasint"` // how many more
	Proof   []byte          `cbor:"5,keyasint"`
	// Words are what the county has said on the sender's logs.
	Words []Carried `cbor:"6,keyasint,omitempty" json:",omitempty"`
}

// Proves returns what proves that the sender knows the code. pin is of the certificate it sees.
func (m Meet) Proves(key CodeKey, pin survey.Hash) []byte {
	return proof(key, "errand sender", m.Device[:], m.Nonce, pin[:])
}

// Proves returns what proves that the courier knows the code. pin is of its own certificate.
func (m Met) Proves(key CodeKey, nonce []byte, pin survey.Hash) []byte {
	return proof(key, "errand courier", m.Device[:], nonce, m.Token, pin[:])
}

func (a *ErrandAsk) complete() error {
	err := within("errands", len(a.Errands), MaxErrands)
	for _, e := range a.Errands {
		if e.Size <= 0 || e.Size > MaxErrand {
			err = errors.Join(err, fmt.Errorf("errand of %d bytes", e.Size))
		}
	}
	return err
}

func (r *ErrandReply) complete() error {
	err := within("errands", len(r.Errands), MaxErrands)
	for i := range r.Errands {
		e := &r.Errands[i]
		if e.State < ErrandComing || e.State > ErrandRefused || e.Held < 0 || e.Held > MaxErrand {
			err = errors.Join(err, fmt.Errorf("errand in state %d with %d bytes", e.State, e.Held))
		}
		err = errors.Join(err, within("bytes of message", len(e.Message), MaxNote), wordsWithin(e.Words))
	}
	return err
}

func wordsWithin(words []Carried) error {
	err := within("words", len(words), MaxHoldings)
	for i := range words {
		err = errors.Join(err, words[i].complete())
	}
	return err
}

func (m *Meet) complete() error {
	if len(m.Nonce) != 16 {
		return fmt.Errorf("nonce of %d bytes", len(m.Nonce))
	}
	return within("bytes of proof", len(m.Proof), MaxName)
}

func (m *Met) complete() error {
	if m.Room < 0 || m.Errands < 0 {
		return errors.New("less than no room")
	}
	return errors.Join(within("bytes of token", len(m.Token), MaxName), within("bytes of proof", len(m.Proof), MaxName), wordsWithin(m.Words))
}
