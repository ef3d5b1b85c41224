package seal

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"zoucun/survey"
)

// CheckRecipient returns an error of kind Invalid, with a sentence, for what is no recipient in age's notation.
func CheckRecipient(recipient string) error {
	if _, err := age.ParseX25519Recipient(recipient); err != nil {
		return &survey.Error{
			Kind: survey.Invalid, Op: "seal.CheckRecipient", Err: err,
			Message: "这不是收件公钥。公钥以 age1 开头，请整行复制，不要抄写。",
		}
	}
	return nil
}

// NewIdentity returns a new key in age's notation, to be kept elsewhere, and the recipient to whom things are sealed
// that it opens.
func NewIdentity() (identity, recipient string, err error) {
	drawn, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", fmt.Errorf("new identity: %w", err)
	}
	return drawn.String(), drawn.Recipient().String(), nil
}

// RecipientOf returns a device's seal key, as an enrolment brings it, in age's notation.
func RecipientOf(sealKey []byte) (string, error) {
	public, err := ecdh.X25519().NewPublicKey(sealKey)
	if err != nil {
		return "", fmt.Errorf("recipient of a device: %w", err)
	}
	return bech32("age", public.Bytes()), nil
}

// Identity returns the key that opens what was sealed to the device, in age's notation.
func (k DeviceKeys) Identity() string {
	return strings.ToUpper(bech32("age-secret-key-", k.seal.Bytes()))
}

// ErrandKey returns the key that opens errands, which a server derives from the one it signs with, and the recipient
// to whom they are encrypted, both in age's notation.
func ErrandKey(server ed25519.PrivateKey) (identity, recipient string, err error) {
	scalar, err := hkdf.Key(sha256.New, server.Seed(), nil, "zoucun errand 1", secretSize)
	if err != nil {
		return "", "", fmt.Errorf("errand key: %w", err)
	}
	key, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return "", "", fmt.Errorf("errand key: %w", err)
	}
	recipient, err = RecipientOf(key.PublicKey().Bytes())
	return strings.ToUpper(bech32("age-secret-key-", scalar)), recipient, err
}

// EncryptTo returns a writer whose bytes only the recipients read, by age (age-encryption.org/v1). Closing it ends the
// stream and leaves to open.
func EncryptTo(to io.Writer, recipients []string) (io.WriteCloser, error) {
	parsed := make([]age.Recipient, len(recipients))
	for i, recipient := range recipients {
		one, err := age.ParseX25519Recipient(recipient)
		if err != nil {
			return nil, &survey.Error{Kind: survey.Invalid, Op: "seal.EncryptTo", Err: err}
		}
		parsed[i] = one
	}
	w, err := age.Encrypt(to, parsed...)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "seal.EncryptTo", Err: err}
	}
	return w, nil
}

// Decrypt returns what was encrypted to the owner of one of the identities. It is an error of kind Denied where none of
// them opens it, Invalid where one is no identity, and Damaged where there is nothing to open.
func Decrypt(from io.Reader, identities []string) (io.Reader, error) {
	parsed := make([]age.Identity, len(identities))
	for i, identity := range identities {
		one, err := age.ParseX25519Identity(strings.TrimSpace(identity))
		if err != nil {
			return nil, &survey.Error{Kind: survey.Invalid, Op: "seal.Decrypt", Err: errors.New("not an age identity")}
		}
		parsed[i] = one
	}
	if len(parsed) == 0 {
		return nil, &survey.Error{Kind: survey.Denied, Op: "seal.Decrypt", Err: errors.New("no identity")}
	}
	r, err := age.Decrypt(from, parsed...)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		return nil, &survey.Error{Kind: survey.Denied, Op: "seal.Decrypt", Err: err}
	}
	if err != nil {
		return nil, &survey.Error{Kind: survey.Damaged, Op: "seal.Decrypt", Err: err}
	}
	return r, nil
}

const (
	bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	checksumSize  = 6
)

// bech32 (BIP 173) is how age writes keys. Its library writes those it has drawn itself; a device's keys were drawn
// here.
func bech32(prefix string, data []byte) string {
	values := regroup(data)
	sum := checksum(prefix, values)
	var b strings.Builder
	b.WriteString(prefix + "1")
	for _, value := range append(values, sum[:]...) {
		b.WriteByte(bech32Letters[value])
	}
	return b.String()
}

// regroup cuts bytes into groups of five bits, the last one filled up with zeros.
func regroup(data []byte) []byte {
	var values []byte
	var bits, held uint
	for _, b := range data {
		held, bits = held<<8|uint(b), bits+8
		for ; bits >= 5; bits -= 5 {
			values = append(values, byte(held>>(bits-5)&31))
		}
	}
	if bits > 0 {
		values = append(values, byte(held<<(5-bits)&31))
	}
	return values
}

// checksum is the code over prefix and values that bech32 ends with.
func checksum(prefix string, values []byte) (sum [checksumSize]byte) {
	var all []byte
	for _, c := range []byte(prefix) {
		all = append(all, c>>5)
	}
	all = append(all, 0)
	for _, c := range []byte(prefix) {
		all = append(all, c&31)
	}
	all = append(append(all, values...), sum[:]...)
	code := uint32(1)
	for _, value := range all {
		top := code >> 25
		code = code&0x1ffffff<<5 ^ uint32(value)
		for i, generator := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				code ^= generator
			}
		}
	}
	code ^= 1
	for i := range sum {
		sum[i] = byte(code >> (5 * (checksumSize - 1 - i)) & 31)
	}
	return sum
}
