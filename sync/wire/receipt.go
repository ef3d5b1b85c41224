package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"zoucun/survey"
)

// Digest identifies what a push says, however it was compressed: SHA-256 of its deterministic CBOR.
func (p Push) Digest() (survey.Hash, error) {
	raw, err := Encode(p)
	if err != nil {
		return survey.Hash{}, fmt.Errorf("encode push: %w", err)
	}
	return sha256.Sum256(raw), nil
}

// Sign returns the receipt with the server's signature.
func (r Receipt) Sign(key ed25519.PrivateKey) (Receipt, error) {
	message, err := r.signed()
	if err != nil {
		return Receipt{}, err
	}
	r.Signature = ed25519.Sign(key, message)
	return r, nil
}

// Verify checks that the receipt is the server's word on this push.
func (r Receipt) Verify(push Push, key ed25519.PublicKey) error {
	digest, err := push.Digest()
	if err != nil {
		return err
	}
	if r.Push != push.ID || r.Request != digest {
		return fmt.Errorf("receipt is for push %s", r.Push)
	}
	message, err := r.signed()
	if err != nil {
		return err
	}
	return verify(key, message, r.Signature)
}

func (r Receipt) signed() ([]byte, error) {
	r.Signature = nil
	raw, err := Encode(r)
	if err != nil {
		return nil, fmt.Errorf("encode receipt: %w", err)
	}
	return append([]byte(receiptPurpose), raw...), nil
}

// SignGrant encodes and signs a grant.
func SignGrant(g survey.Grant, key ed25519.PrivateKey) (SignedGrant, error) {
	raw, err := Encode(g)
	if err != nil {
		return SignedGrant{}, fmt.Errorf("encode grant: %w", err)
	}
	return SignedGrant{Grant: raw, Signature: ed25519.Sign(key, append([]byte(grantPurpose), raw...))}, nil
}

// Open verifies the server's signature and then reads the grant.
func (s SignedGrant) Open(key ed25519.PublicKey) (survey.Grant, error) {
	var g survey.Grant
	if err := verify(key, append([]byte(grantPurpose), s.Grant...), s.Signature); err != nil {
		return g, fmt.Errorf("grant: %w", err)
	}
	if err := decodeExactly(s.Grant, &g); err != nil {
		return g, fmt.Errorf("grant: %w", err)
	}
	return g, within("scopes", len(g.Scopes), MaxCursors)
}
