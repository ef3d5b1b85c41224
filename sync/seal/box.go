package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"zoucun/survey"
)

// Algorithm is the first byte of everything boxed. Append-only: the values are on disks.
type Algorithm byte

// Algorithms. Both have a random 96-bit nonce before the ciphertext and the tag behind. SM4-GCM is there for counties
// that require commercial cryptography (GB/T 32907); this implementation of it holds no certificate.
const (
	AES256GCM Algorithm = 0x01
	SM4GCM    Algorithm = 0x02
)

// Key is a secret of 256 bits from which a box is made.
type Key [32]byte

// NewKey draws a key.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return Key{}, fmt.Errorf("new key: %w", err)
	}
	return k, nil
}

// Box keeps values secret and bound to their place. It opens what any algorithm it has a cipher for has sealed, and
// seals with its own. It may be used by several goroutines.
type Box struct {
	algorithm atomic.Uint32 // what new values are sealed with
	ciphers   map[Algorithm]cipher.AEAD
}

// String names the algorithm, and says of one whose implementation is not certified that it is not.
func (a Algorithm) String() string {
	switch a {
	case AES256GCM:
		return "AES-256-GCM"
	case SM4GCM:
		return "SM4-GCM（商用密码算法，本实现未经认证）"
	}
	return fmt.Sprintf("algorithm %d", byte(a))
}

// NewBox returns a box that seals with an algorithm, AES-256-GCM where it is 0, and opens what any has sealed. One key
// may seal 2^32 values.
func NewBox(key Key, algorithm Algorithm) (*Box, error) {
	if algorithm == 0 {
		algorithm = AES256GCM
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("new box: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("new box: %w", err)
	}
	chinese, err := newSM4(key)
	if err != nil {
		return nil, fmt.Errorf("new box: %w", err)
	}
	box := &Box{ciphers: map[Algorithm]cipher.AEAD{AES256GCM: gcm, SM4GCM: chinese}}
	return box, box.SealWith(algorithm)
}

// SealWith has what is sealed from now on sealed with another algorithm. One that is not known is an error of kind
// Invalid and changes nothing.
func (b *Box) SealWith(algorithm Algorithm) error {
	if _, known := b.ciphers[algorithm]; !known {
		return &survey.Error{Kind: survey.Invalid, Op: "seal.Box.SealWith", Err: fmt.Errorf("unknown algorithm %d", byte(algorithm))}
	}
	b.algorithm.Store(uint32(algorithm))
	return nil
}

// Algorithm returns what new values are sealed with.
func (b *Box) Algorithm() Algorithm { return Algorithm(b.algorithm.Load()) }

// Seal returns plain as ciphertext that opens only in the same place.
func (b *Box) Seal(plain []byte, place Place) []byte {
	algorithm := b.Algorithm()
	aead := b.ciphers[algorithm]
	head := make([]byte, 1, 1+len(plain)+aead.Overhead())
	head[0] = byte(algorithm)
	return aead.Seal(head, nil, plain, place.data(algorithm))
}

// Open returns what was sealed in this place, or an error of kind Damaged.
func (b *Box) Open(sealed []byte, place Place) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, unreadable(place, errors.New("empty"))
	}
	algorithm := Algorithm(sealed[0])
	aead, ok := b.ciphers[algorithm]
	if !ok {
		return nil, unreadable(place, fmt.Errorf("unknown algorithm %d", algorithm))
	}
	plain, err := aead.Open(nil, nil, sealed[1:], place.data(algorithm))
	if err != nil {
		return nil, unreadable(place, err)
	}
	return plain, nil
}

// Place says where a boxed value belongs. A value moved to another row or column does not open there.
type Place struct {
	Column string // table and column: "revision.body"
	Row    []byte // the row's identifier
}

// data is the additional data: algorithm, length of the column's name, the name, the row.
func (p Place) data(a Algorithm) []byte {
	data := append([]byte{byte(a), byte(len(p.Column))}, p.Column...)
	return append(data, p.Row...)
}

func unreadable(p Place, err error) error {
	return &survey.Error{Kind: survey.Damaged, Op: "seal.Open", Subject: p.Column, Err: err}
}
