package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
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
	return r.VerifyFor(push.ID, digest, key)
}

// VerifyFor is Verify where what the push said is known by its digest.
func (r Receipt) VerifyFor(push survey.PushID, digest survey.Hash, key ed25519.PublicKey) error {
	if r.Push != push || r.Request != digest {
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
	g, err := openSigned[survey.Grant](grantPurpose, s.Grant, s.Signature, key)
	if err != nil {
		return g, fmt.Errorf("grant: %w", err)
	}
	return g, within("scopes", len(g.Scopes), MaxCursors)
}

// SignRecipients encodes and signs the county's list of recipients.
func SignRecipients(r survey.Recipients, key ed25519.PrivateKey) (SignedRecipients, error) {
	raw, err := Encode(r)
	if err != nil {
		return SignedRecipients{}, fmt.Errorf("encode recipients: %w", err)
	}
	return SignedRecipients{List: raw, Signature: ed25519.Sign(key, append([]byte(recipientsPurpose), raw...))}, nil
}

// Open verifies the server's signature and then reads the list.
func (s SignedRecipients) Open(key ed25519.PublicKey) (survey.Recipients, error) {
	r, err := openSigned[survey.Recipients](recipientsPurpose, s.List, s.Signature, key)
	if err != nil {
		return r, fmt.Errorf("recipients: %w", err)
	}
	err = within("recipients", len(r.Listed), MaxRecipients)
	for _, listed := range r.Listed {
		err = errors.Join(err, within("bytes of recipient", len(listed.Name)+len(listed.Key), MaxName))
	}
	if p := r.Phones; p != nil {
		err = errors.Join(err, within("bytes of phones", len(p.Township)+len(p.County)+len(p.Duty), MaxName))
	}
	return r, err
}

// openSigned reads what somebody signed for a purpose, once the signature is found to be theirs.
func openSigned[T any](purpose string, raw, signature []byte, key ed25519.PublicKey) (value T, err error) {
	if err := verify(key, append([]byte(purpose), raw...), signature); err != nil {
		return value, err
	}
	return value, decodeExactly(raw, &value)
}
