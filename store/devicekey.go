//go:build !android && !ios

package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/zalando/go-keyring"

	"zoucun/survey"
)

// SystemDeviceKey returns the device key that a desktop's own keyring keeps for a folder: the Credential Manager of
// Windows, the Keychain of macOS, the Secret Service of Linux where one runs.
func SystemDeviceKey(dir string) DeviceKey {
	sum := sha256.Sum256([]byte(dir))
	return systemKey(hex.EncodeToString(sum[:8]))
}

// systemKey is the name under which the keyring has the secret.
type systemKey string

const keyringService = "zoucun"

// Secret implements [DeviceKey].
func (name systemKey) Secret(_ context.Context, create bool) ([]byte, error) {
	kept, err := keyring.Get(keyringService, string(name))
	if errors.Is(err, keyring.ErrNotFound) && create {
		secret := make([]byte, sha256.Size)
		_, _ = rand.Read(secret) // never fails: the program ends where there is no randomness
		kept = hex.EncodeToString(secret)
		err = keyring.Set(keyringService, string(name), kept)
	}
	if err != nil {
		return nil, &survey.Error{Kind: survey.Unavailable, Op: "store.SystemDeviceKey", Err: err}
	}
	return hex.DecodeString(kept)
}
