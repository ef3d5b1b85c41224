package wire

import (
	"crypto/ed25519"
	"fmt"

	"zoucun/survey"
)

// Holdings is the server's word on how far it holds every log of one device. It moves watermarks where there is
// nothing to push, above all how far the logs are held off the server's machine.
type Holdings struct {
	Device   survey.DeviceID `cbor:"1,keyasint"`
	Epoch    survey.Epoch    `cbor:"2,keyasint"`
	Replicas []ReplicaState  `cbor:"3,keyasint"` // all that the server knows of the device
	Time     survey.Millis   `cbor:"4,keyasint"` // the server's clock; a later word replaces an earlier one
}

// SignedHoldings is a holdings as the server encoded and signed it. It stands by itself, whoever carries it.
type SignedHoldings struct {
	Holdings  []byte `cbor:"1,keyasint"` // deterministic CBOR of Holdings
	Signature []byte `cbor:"2,keyasint"`
}

// SignHoldings encodes and signs a holdings.
func SignHoldings(h Holdings, key ed25519.PrivateKey) (SignedHoldings, error) {
	raw, err := Encode(h)
	if err != nil {
		return SignedHoldings{}, fmt.Errorf("encode holdings: %w", err)
	}
	return SignedHoldings{Holdings: raw, Signature: ed25519.Sign(key, append([]byte(holdingsPurpose), raw...))}, nil
}

// Open verifies the server's signature and then reads the holdings.
func (s SignedHoldings) Open(key ed25519.PublicKey) (Holdings, error) {
	h, err := openSigned[Holdings](holdingsPurpose, s.Holdings, s.Signature, key)
	if err != nil {
		return h, fmt.Errorf("holdings: %w", err)
	}
	return h, within("replicas", len(h.Replicas), MaxHoldings)
}

// SignedRevocations is the county's list of revoked devices as the server encoded and signed it.
type SignedRevocations struct {
	List      []byte `cbor:"1,keyasint"` // deterministic CBOR of survey.Revocations
	Signature []byte `cbor:"2,keyasint"`
}

// SignRevocations encodes and signs the county's list of revoked devices.
func SignRevocations(r survey.Revocations, key ed25519.PrivateKey) (SignedRevocations, error) {
	raw, err := Encode(r)
	if err != nil {
		return SignedRevocations{}, fmt.Errorf("encode revocations: %w", err)
	}
	return SignedRevocations{List: raw, Signature: ed25519.Sign(key, append([]byte(revocationsPurpose), raw...))}, nil
}

// Open verifies the server's signature and then reads the list.
func (s SignedRevocations) Open(key ed25519.PublicKey) (survey.Revocations, error) {
	r, err := openSigned[survey.Revocations](revocationsPurpose, s.List, s.Signature, key)
	if err != nil {
		return r, fmt.Errorf("revocations: %w", err)
	}
	return r, within("revoked devices", len(r.Devices), MaxRevoked)
}
