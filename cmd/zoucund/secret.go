package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zoucun/server"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// besideFile is the key to a receiving point's folder where the machine has no keyring and the operator named no file. It
// lies beside what it opens.
const besideFile = "seal.key"

// keyring is the machine's own, as far as it has one.
type keyring interface {
	Secret(ctx context.Context, create bool) ([]byte, error)
}

// openBox returns what a receiving point's folder is sealed with, and where the key to it is, for its operator. It is in the
// file that was named, on a stick perhaps; in the machine's keyring, which opens with the operator's own password; or, where
// there is none, beside the folder's content, which helps against little.
func openBox(ctx context.Context, data, keyFile string, ring keyring) (box *seal.Box, where string, err error) {
	beside := filepath.Join(data, besideFile)
	_, missing := os.Stat(beside)
	known := server.KeyIsSealed(data)
	var secret []byte
	switch {
	case keyFile != "":
		secret, err = secretIn(keyFile, !known)
		where = "钥匙在文件 " + keyFile + " 里。"
	case missing == nil:
		secret, err = secretIn(beside, false)
		where = besideWarning
	default:
		where = "钥匙在本机的系统钥匙串里。"
		if secret, err = ring.Secret(ctx, !known); err != nil && !known {
			secret, err = secretIn(beside, true)
			where = besideWarning
		}
	}
	if err != nil {
		return nil, "", noSecret(err)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "zoucun relay folder 1", len(seal.Key{}))
	if err != nil {
		return nil, "", err
	}
	box, err = seal.NewBox(seal.Key(key), 0)
	return box, where, err
}

const besideWarning = "注意：钥匙（" + besideFile + "）和内容在同一个文件夹，电脑丢了内容就可能被看到。请用 -key 把钥匙放到U盘上，或给整个磁盘加密。"

// secretIn reads the secret from a file, and makes it where it may be new.
func secretIn(name string, create bool) ([]byte, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && create {
		return newSecret(name)
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err == nil && len(secret) != sha256.Size {
		err = fmt.Errorf("key of %d bytes", len(secret))
	}
	return secret, err
}

// newSecret returns when the new secret is on the disk: what is sealed with it must open again.
func newSecret(name string) ([]byte, error) {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.WriteString(hex.EncodeToString(secret) + "\n")
	return secret, errors.Join(err, file.Sync(), file.Close())
}

// systemKeyring is the machine's keyring for a folder.
func systemKeyring(data string) (keyring, error) {
	path, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	return store.SystemDeviceKey("zoucund relay " + path), nil
}

func noSecret(err error) error {
	return &survey.Error{
		Kind: survey.Unavailable, Op: "zoucund relay", Err: err,
		Message: "接收点文件夹的钥匙打不开，没有启动，里面的内容没有变动。钥匙在U盘上的，请插上再启动（-key）；" +
			"找不回来的，请用 -data 换一个文件夹重新登记：平板上都还有，会再交一次。",
	}
}
