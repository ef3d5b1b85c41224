package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"github.com/emmansun/gmsm/sm4"
)

// randomNonce is an AEAD that draws its nonces itself and writes them before the ciphertext, as the standard library's
// does for AES.
type randomNonce struct{ cipher.AEAD }

// newSM4 returns SM4-GCM. Its key of 128 bits is derived, so that no bit of the key is used by two ciphers.
func newSM4(key Key) (cipher.AEAD, error) {
	short, err := hkdf.Key(sha256.New, key[:], nil, "zoucun sm4-gcm 1", sm4.BlockSize)
	if err != nil {
		return nil, err
	}
	block, err := sm4.NewCipher(short)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return randomNonce{gcm}, nil
}

// NonceSize implements [cipher.AEAD]: the caller gives none.
func (randomNonce) NonceSize() int { return 0 }

// Overhead implements [cipher.AEAD].
func (a randomNonce) Overhead() int { return a.AEAD.NonceSize() + a.AEAD.Overhead() }

// Seal implements [cipher.AEAD].
func (a randomNonce) Seal(dst, _, plain, data []byte) []byte {
	nonce := make([]byte, a.AEAD.NonceSize())
	_, _ = rand.Read(nonce) // never fails: the program ends where there is no randomness
	return a.AEAD.Seal(append(dst, nonce...), nonce, plain, data)
}

// Open implements [cipher.AEAD].
func (a randomNonce) Open(dst, _, sealed, data []byte) ([]byte, error) {
	size := a.AEAD.NonceSize()
	if len(sealed) < size {
		return nil, errors.New("shorter than its nonce")
	}
	return a.AEAD.Open(dst, sealed[:size], sealed[size:], data)
}
