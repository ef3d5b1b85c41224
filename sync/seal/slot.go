package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"golang.org/x/crypto/argon2"

	"zoucun/survey"
)

// Cost is what trying one PIN takes: Argon2id's passes, memory and threads.
type Cost struct {
	Passes  uint32 `cbor:"1,keyasint"`
	MiB     uint32 `cbor:"2,keyasint"`
	Threads uint8  `cbor:"3,keyasint"`
}

// DefaultCost is about half a second on an office computer, and a second or two on a cheap tablet.
var DefaultCost = Cost{Passes: 3, MiB: 64, Threads: 2}

// valid reports whether a cost that was read from a file is one somebody may have meant.
func (c Cost) valid() bool {
	return c.Passes >= 1 && c.Passes <= 64 && c.MiB >= 1 && c.MiB <= 1024 && c.Threads >= 1 && c.Threads <= 16
}

// minDigits and minLetters are how long a PIN and a passphrase have to be.
const (
	minDigits  = 6
	minLetters = 8
)

// CheckPIN returns an error of kind Invalid, with a sentence, for a PIN or passphrase that is too easily guessed.
func CheckPIN(pin string) error {
	refuse := func(message string) error {
		return &survey.Error{Kind: survey.Invalid, Op: "seal.CheckPIN", Message: message}
	}
	digits := strings.Trim(pin, "0123456789") == ""
	switch {
	case digits && len(pin) < minDigits:
		return refuse("密码至少要 6 位数字。")
	case !digits && utf8.RuneCountInString(pin) < minLetters:
		return refuse("有字母或汉字的密码至少要 8 个字。")
	case digits && (strings.Count(pin, pin[:1]) == len(pin) || strings.Contains("01234567890123456789", pin) ||
		strings.Contains("98765432109876543210", pin)):
		return refuse("这个密码太容易猜到，请换一个，不要用相同或连续的数字。")
	}
	return nil
}

// CheckPassphrase is CheckPIN for what has to protect a slot alone, without a device's own key: an error of kind Invalid
// for what has no letters, no digits, or is short.
func CheckPassphrase(words string) error {
	letter := strings.ContainsFunc(words, unicode.IsLetter)
	digit := strings.ContainsFunc(words, unicode.IsDigit)
	if letter && digit && utf8.RuneCountInString(words) >= minLetters {
		return nil
	}
	return &survey.Error{
		Kind: survey.Invalid, Op: "seal.CheckPassphrase",
		Message: "这台机器没有保管钥匙的地方，光靠数字太容易被试出来。请用至少 8 个字、又有字母（或汉字）又有数字的口令。",
	}
}

// Slot is a secret wrapped under a person's PIN and, where the device has one, its own key. A PIN of six digits alone
// is soon guessed by whoever has copied the slot: what protects it then is the device's key, or a passphrase.
type Slot struct {
	Cost    Cost   `cbor:"1,keyasint"`
	Salt    []byte `cbor:"2,keyasint"`
	Bound   bool   `cbor:"3,keyasint"` // to the device's key
	Wrapped []byte `cbor:"4,keyasint"`
}

const saltSize = 16

// NewSlot wraps a secret. device is the device's own key, or nil; place binds the slot to whose it is.
func NewSlot(random io.Reader, pin string, device, secret []byte, cost Cost, place Place) (Slot, error) {
	s := Slot{Cost: cost, Salt: make([]byte, saltSize), Bound: device != nil}
	if _, err := io.ReadFull(random, s.Salt); err != nil {
		return Slot{}, fmt.Errorf("new slot: %w", err)
	}
	box, err := s.box(pin, device)
	if err != nil {
		return Slot{}, err
	}
	s.Wrapped = box.Seal(secret, place)
	return s, nil
}

// Open returns the secret, or an error of kind Denied when the PIN or the device's key is another.
func (s Slot) Open(pin string, device []byte, place Place) ([]byte, error) {
	if s.Bound && device == nil {
		return nil, &survey.Error{Kind: survey.Unavailable, Op: "seal.Slot.Open", Err: errors.New("the device's key is not there")}
	}
	box, err := s.box(pin, device)
	if err != nil {
		return nil, err
	}
	secret, err := box.Open(s.Wrapped, place)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Denied, Op: "seal.Slot.Open"}
	}
	return secret, nil
}

// box returns the box that PIN and device's key make together.
func (s Slot) box(pin string, device []byte) (*Box, error) {
	if !s.Cost.valid() {
		return nil, &survey.Error{Kind: survey.Damaged, Op: "seal.Slot", Err: fmt.Errorf("cost %+v", s.Cost)}
	}
	if !s.Bound {
		device = nil
	}
	stretched := argon2.IDKey([]byte(pin), s.Salt, s.Cost.Passes, s.Cost.MiB<<10, s.Cost.Threads, sha256.Size)
	raw, err := hkdf.Key(sha256.New, stretched, device, "zoucun pin 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("slot key: %w", err)
	}
	return NewBox(Key(raw), AES256GCM)
}

// WrapFor wraps a secret for a recipient in age's notation ("age1…"), who opens it with a key kept elsewhere.
func WrapFor(recipient string, secret []byte) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "seal.WrapFor", Err: err}
	}
	var wrapped bytes.Buffer
	w, err := age.Encrypt(&wrapped, to)
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	if _, err := w.Write(secret); err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	return wrapped.Bytes(), nil
}

// Unwrap returns what was wrapped for the owner of a key in age's notation ("AGE-SECRET-KEY-1…").
func Unwrap(identity string, wrapped []byte) ([]byte, error) {
	as, err := age.ParseX25519Identity(strings.TrimSpace(identity))
	if err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "seal.Unwrap", Err: errors.New("not an age identity")}
	}
	r, err := age.Decrypt(bytes.NewReader(wrapped), as)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Denied, Op: "seal.Unwrap", Err: err}
	}
	return io.ReadAll(io.LimitReader(r, maxWrapped))
}

const maxWrapped = 4096
