package store

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// Keyring keeps the data key, with which everything personal in the database is sealed.
type Keyring interface {
	// DataKey returns the key. Where there is none yet it makes one if create is true, and returns only when the new
	// key is kept as durably as the data will be; otherwise it returns an error of kind NotFound.
	DataKey(ctx context.Context, create bool) (seal.Key, error)
}

// FileKeyring returns the keyring that keeps the key in a file only the owner may read. It protects a copied database,
// not a stolen device.
func FileKeyring(path string) Keyring { return fileKeyring{path, disk.System{}} }

type fileKeyring struct {
	path string
	disk Disk
}

// DataKey implements [Keyring].
func (k fileKeyring) DataKey(_ context.Context, create bool) (seal.Key, error) {
	raw, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) && create {
		return k.create()
	}
	if err != nil {
		return seal.Key{}, &survey.Error{Kind: survey.NotFound, Op: "store.DataKey", Message: messageNoKey, Err: err}
	}
	var key seal.Key
	if len(raw) != len(key) {
		return seal.Key{}, &survey.Error{
			Kind: survey.Damaged, Op: "store.DataKey", Message: messageNoKey,
			Err: fmt.Errorf("key file of %d bytes", len(raw)),
		}
	}
	copy(key[:], raw)
	return key, nil
}

func (k fileKeyring) create() (seal.Key, error) {
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		return seal.Key{}, err
	}
	if err := writeDurably(k.disk, k.path, key[:]); err != nil {
		return seal.Key{}, fileError("store.DataKey", err)
	}
	return key, nil
}

// vault seals and opens the columns of the database, and makes keyed hashes of what rows must be found by.
type vault struct {
	box    *seal.Box
	tagKey []byte
}

func newVault(key seal.Key, algorithm seal.Algorithm) (*vault, error) {
	box, err := seal.NewBox(key, algorithm)
	if err != nil {
		return nil, err
	}
	tagKey, err := hkdf.Key(sha256.New, key[:], nil, "zoucun tag 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("tag key: %w", err)
	}
	return &vault{box: box, tagKey: tagKey}, nil
}

// tag returns a keyed hash: equal for equal words, telling nothing without the key.
func (v *vault) tag(use string, words ...string) []byte {
	mac := hmac.New(sha256.New, v.tagKey)
	mac.Write([]byte(use))
	for _, word := range words {
		mac.Write([]byte{0})
		mac.Write([]byte(word))
	}
	return mac.Sum(nil)[:16]
}

// BoxFor returns what seals the files that another part of the program keeps on this device for a purpose, with a key
// derived from the store's own: they open when the store does.
func (s *Store) BoxFor(purpose string) (*seal.Box, error) {
	secret := s.vault.tag("box", purpose)
	key, err := hkdf.Key(sha256.New, secret, nil, "zoucun box 1", len(seal.Key{}))
	if err != nil {
		return nil, opError("store.BoxFor", purpose, err)
	}
	return seal.NewBox(seal.Key(key), s.Algorithm())
}
