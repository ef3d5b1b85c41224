// Package seal keeps what only its owner may use or read: a device's keys, and the boxes in which personal data lies
// on disk.
//
// It opens no file and keeps nothing. docs/protocol.md says what is signed; this package only holds the keys.
package seal

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"zoucun/survey"
)

// keysVersion is the first byte of serialised device keys: Ed25519 seed and X25519 scalar follow.
const keysVersion = 0x01

const secretSize = 32

// DeviceKeys are the two secrets of an installation. They never leave it.
type DeviceKeys struct {
	sign ed25519.PrivateKey
	seal *ecdh.PrivateKey
}

// NewDeviceKeys draws fresh keys. random is crypto/rand.Reader everywhere but in tests.
func NewDeviceKeys(random io.Reader) (DeviceKeys, error) {
	raw := make([]byte, 1+2*secretSize)
	raw[0] = keysVersion
	if _, err := io.ReadFull(random, raw[1:]); err != nil {
		return DeviceKeys{}, fmt.Errorf("new device keys: %w", err)
	}
	return ParseDeviceKeys(raw)
}

// ParseDeviceKeys reads what Bytes returned.
func ParseDeviceKeys(raw []byte) (DeviceKeys, error) {
	if len(raw) != 1+2*secretSize || raw[0] != keysVersion {
		return DeviceKeys{}, &survey.Error{Kind: survey.Damaged, Op: "seal.ParseDeviceKeys", Err: errors.New("not device keys")}
	}
	box, err := ecdh.X25519().NewPrivateKey(raw[1+secretSize:])
	if err != nil {
		return DeviceKeys{}, fmt.Errorf("device keys: %w", err)
	}
	return DeviceKeys{sign: ed25519.NewKeyFromSeed(raw[1 : 1+secretSize]), seal: box}, nil
}

// Bytes returns the keys as they are stored. Whoever reads them is the device: box them.
func (k DeviceKeys) Bytes() []byte {
	return append(append([]byte{keysVersion}, k.sign.Seed()...), k.seal.Bytes()...)
}

// Signer returns the key that signs segments and requests.
func (k DeviceKeys) Signer() ed25519.PrivateKey { return k.sign }

// SignPublic returns the Ed25519 key by which others know the device.
func (k DeviceKeys) SignPublic() []byte { return k.sign[secretSize:] }

// SealPublic returns the X25519 key to which others seal for the device.
func (k DeviceKeys) SealPublic() []byte { return k.seal.PublicKey().Bytes() }

// Opener returns the key that opens what was sealed to the device.
func (k DeviceKeys) Opener() *ecdh.PrivateKey { return k.seal }

// IsZero reports whether there are no keys.
func (k DeviceKeys) IsZero() bool { return k.sign == nil }

// Pin returns SHA-256 of a certificate's public key (SPKI): it outlives a renewal of the certificate.
func Pin(certificate *x509.Certificate) survey.Hash {
	return sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
}
