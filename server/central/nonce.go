package central

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"zoucun/survey"
)

// A nonce is a counter, random bytes that make it differ from those of another life, and a code that says it is ours.
const (
	nonceCounter = 8
	nonceRandom  = 8
	nonceCode    = 8
	nonceSize    = nonceCounter + nonceRandom + nonceCode
)

// noncer makes and reads the nonces of one replica in one epoch.
type noncer struct {
	key     []byte
	epoch   survey.Epoch
	replica survey.ReplicaID
}

func (c *Central) noncer(epoch survey.Epoch, replica survey.ReplicaID) (noncer, error) {
	key, err := hkdf.Key(sha256.New, c.key.Seed(), nil, "zoucun nonce 1", sha256.Size)
	return noncer{key: key, epoch: epoch, replica: replica}, err
}

// after draws the nonce that follows the one that was given out last.
func (n noncer) after(last []byte) []byte {
	nonce := binary.BigEndian.AppendUint64(nil, n.count(last)+1)
	random := make([]byte, nonceRandom)
	_, _ = rand.Read(random) // never fails
	nonce = append(nonce, random...)
	return append(nonce, n.code(nonce)...)
}

// count returns how many nonces had been given out with this one, 0 where it is none of this epoch's.
func (n noncer) count(nonce []byte) uint64 {
	if len(nonce) != nonceSize {
		return 0
	}
	said := nonce[:nonceCounter+nonceRandom]
	if !hmac.Equal(nonce[len(said):], n.code(said)) {
		return 0
	}
	return binary.BigEndian.Uint64(nonce)
}

func (n noncer) code(said []byte) []byte {
	mac := hmac.New(sha256.New, n.key)
	mac.Write(n.replica[:])
	mac.Write(n.epoch[:])
	mac.Write(said)
	return mac.Sum(nil)[:nonceCode]
}
