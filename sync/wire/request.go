package wire

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"zoucun/survey"
)

// Request is everything in a request that counts, whatever a proxy does to the rest.
type Request struct {
	Method    string
	Path      string
	Version   int
	Device    survey.DeviceID
	Nonce     [16]byte
	Challenge []byte // from the server's last reply; empty before the first
	Body      survey.Hash
	Offset    string // header Upload-Offset
	Length    string // header Upload-Length
	Range     string // header Range
}

// ID identifies the request in the signature of its reply.
func (r Request) ID() survey.Hash { return sha256.Sum256(r.signed()) }

// Sign returns the device's signature.
func (r Request) Sign(key ed25519.PrivateKey) []byte { return ed25519.Sign(key, r.signed()) }

// Verify checks the device's signature.
func (r Request) Verify(signature []byte, key ed25519.PublicKey) error {
	return verify(key, r.signed(), signature)
}

// signed is one line for each part; none of them can hold a line break.
func (r Request) signed() []byte {
	return lines(requestPurpose, r.Method, r.Path, strconv.Itoa(r.Version), r.Device.String(), hex.EncodeToString(r.Nonce[:]),
		hex.EncodeToString(r.Challenge), r.Body.String(), r.Offset, r.Length, r.Range)
}

// Reply is everything in a reply that counts.
type Reply struct {
	Request   survey.Hash // ID of the request it answers
	Version   int
	Status    int
	Body      survey.Hash
	Challenge []byte // to be signed with the next request
	Offset    string
	Length    string
}

// Sign returns the server's signature.
func (r Reply) Sign(key ed25519.PrivateKey) []byte { return ed25519.Sign(key, r.signed()) }

// Verify checks the server's signature.
func (r Reply) Verify(signature []byte, key ed25519.PublicKey) error {
	return verify(key, r.signed(), signature)
}

func (r Reply) signed() []byte {
	return lines(replyPurpose, r.Request.String(), strconv.Itoa(r.Version), strconv.Itoa(r.Status), r.Body.String(),
		hex.EncodeToString(r.Challenge), r.Offset, r.Length)
}

func lines(purpose string, parts ...string) []byte {
	return []byte(purpose + strings.Join(parts, "\n") + "\n")
}

const challengeSize = 8 + 16 + sha256.Size

// NewChallenge returns a challenge that only the holder of secret can tell to be its own. The server keeps no list of
// them; only its own clock is asked how old one is.
func NewChallenge(secret []byte, now time.Time, random io.Reader) ([]byte, error) {
	c := binary.BigEndian.AppendUint64(make([]byte, 0, challengeSize), uint64(now.UnixMilli()))
	c = c[:8+16]
	if _, err := io.ReadFull(random, c[8:]); err != nil {
		return nil, fmt.Errorf("challenge: %w", err)
	}
	return append(c, challengeTag(secret, c)...), nil
}

// FreshChallenge reports whether the challenge is one's own and no older than age.
func FreshChallenge(secret, challenge []byte, now time.Time, age time.Duration) bool {
	if len(challenge) != challengeSize || !hmac.Equal(challenge[24:], challengeTag(secret, challenge[:24])) {
		return false
	}
	passed := now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(challenge))))
	return -age <= passed && passed <= age
}

func challengeTag(secret, head []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(challengePurpose))
	mac.Write(head)
	return mac.Sum(nil)
}
