package wire

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"

	"zoucun/survey"
)

// CodeIDSize is the length of what stands for a code in an enrolment.
const CodeIDSize = 8

// codeAlphabet is Crockford's base32: no I, L, O or U to be misread.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is in characters of five bits each.
const codeLength = 12

// Code is a one-time enrolment code of 60 bits in its canonical form, without separators. It never travels.
type Code string

// NewCode draws a code.
func NewCode(random io.Reader) (Code, error) {
	raw := make([]byte, codeLength)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("new code: %w", err)
	}
	for i := range raw {
		raw[i] = codeAlphabet[raw[i]&31]
	}
	return Code(raw), nil
}

// ParseCode reads what a person typed: any case and width, with or without separators, O for 0, I and L for 1.
func ParseCode(typed string) (Code, error) {
	readable := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")
	code := readable.Replace(strings.ToUpper(strings.TrimSpace(width.Fold.String(typed))))
	if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" {
		return "", &survey.Error{
			Kind: survey.Invalid, Op: "wire.ParseCode",
			Message: "登记码应是 12 个字母或数字，请照工作人员给的再输一次。", Err: errors.New("not a code"),
		}
	}
	return Code(code), nil
}

// String returns the code as it is shown to a person: in groups of four.
func (c Code) String() string {
	if len(c) != codeLength {
		return string(c)
	}
	return string(c[:4] + "-" + c[4:8] + "-" + c[8:])
}

// ID says which code is meant without giving it away.
func (c Code) ID() []byte {
	sum := sha256.Sum256([]byte("zoucun code 1\n" + string(c)))
	return sum[:CodeIDSize]
}

// CodeKey is what both sides compute from a code to prove that they know it. The server keeps it in place of the code.
type CodeKey []byte

// Key returns the code's proving key.
func (c Code) Key() CodeKey {
	return must(hkdf.Key(sha256.New, []byte(c), nil, "zoucun enrol 1", sha256.Size))
}

// DeviceProof shows that the device knows the code. pin is the certificate the device sees; if somebody stands in
// between, it is not the server's own and the proof fails there.
func (e Enrol) DeviceProof(key CodeKey, pin survey.Hash) []byte {
	return proof(key, "device", e.Device[:], e.SignKey, e.SealKey, pin[:], e.Challenge)
}

// ServerProof shows that the server knows the code and has the certificate the device sees, and binds its answer.
func (e Enrol) ServerProof(key CodeKey, pin survey.Hash, a Enrolled) []byte {
	return proof(key, "server", e.Device[:], e.SignKey, e.SealKey, pin[:], e.Challenge,
		a.ServerKey, a.Epoch[:], a.Grant.Grant, a.Grant.Signature)
}

// Proves reports whether a proof that came is the one that was due, in constant time.
func Proves(got, due []byte) bool { return hmac.Equal(got, due) }

// proof is HMAC-SHA256 over parts that each begin with their length.
func proof(key CodeKey, role string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range append([][]byte{[]byte(role)}, parts...) {
		mac.Write([]byte{byte(len(part) >> 24), byte(len(part) >> 16), byte(len(part) >> 8), byte(len(part))})
		mac.Write(part)
	}
	return mac.Sum(nil)
}
