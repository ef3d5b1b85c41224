package server

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// Files of a data folder.
const (
	databaseFile    = "central.db"
	blobFolder      = "blobs"
	errandFolder    = "errands"
	keyFile         = "server.key"    // Ed25519 in PEM: signs receipts, grants and replies
	sealedKeyFile   = "server.sealed" // of a relay, in its place: the key's seed in a seal.Box
	certificateFile = "tls.crt"
	tlsKeyFile      = "tls.key"
)

// Folder is a server's data folder: who the server is, and where it keeps what it keeps. Whoever reads it is the
// server; it is made for its owner alone.
type Folder struct {
	Path        string
	Key         ed25519.PrivateKey
	Certificate tls.Certificate
	Pin         survey.Hash // of the certificate
}

// OpenFolder reads a data folder, and makes what is missing in it: the folder, the server's key, and a certificate for
// TLS that is never renewed, because devices pin its key.
func OpenFolder(path string, now time.Time) (Folder, error) {
	f := Folder{Path: path}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return f, folderError(path, err)
	}
	err := errors.Join(f.openKey(), f.openCertificate(now))
	return f, folderError(path, err)
}

// OpenSealedFolder is OpenFolder of a laptop that may be stolen: the key lies sealed. One that still lies in clear is sealed.
// A key that the box does not open is an error of kind Damaged: nothing is made in its place.
func OpenSealedFolder(path string, now time.Time, box *seal.Box) (Folder, error) {
	f := Folder{Path: path}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return f, folderError(path, err)
	}
	err := errors.Join(f.openSealedKey(box), f.openCertificate(now))
	return f, folderError(path, err)
}

// KeyIsSealed reports whether a folder has a key that was sealed.
func KeyIsSealed(path string) bool {
	_, err := os.Stat(filepath.Join(path, sealedKeyFile))
	return err == nil
}

// placeKey is where the sealed key belongs.
var placeKey = seal.Place{Column: "folder.key", Row: []byte{1}}

func (f *Folder) openSealedKey(box *seal.Box) error {
	name, plain := filepath.Join(f.Path, sealedKeyFile), filepath.Join(f.Path, keyFile)
	sealed, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return f.sealKey(box, name, plain)
	}
	if err != nil {
		return err
	}
	seed, err := box.Open(sealed, placeKey)
	if err != nil {
		return err
	}
	if len(seed) != ed25519.SeedSize {
		return fmt.Errorf("%s holds %d bytes", sealedKeyFile, len(seed))
	}
	f.Key = ed25519.NewKeyFromSeed(seed)
	if err := os.Remove(plain); !errors.Is(err, fs.ErrNotExist) {
		return err // it had been sealed when the power went
	}
	return nil
}

// sealKey seals the key that lies in clear, or a new one that never does.
func (f *Folder) sealKey(box *seal.Box, name, plain string) error {
	if _, err := os.Stat(plain); err == nil {
		if err := f.openKey(); err != nil {
			return err
		}
		if err := writeWhole(name, box.Seal(f.Key.Seed(), placeKey)); err != nil {
			return err
		}
		return os.Remove(plain)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	f.Key = key
	return writeWhole(name, box.Seal(key.Seed(), placeKey))
}

// Database returns the path of the SQLite file.
func (f Folder) Database() string { return filepath.Join(f.Path, databaseFile) }

// Blobs returns the folder of attachments.
func (f Folder) Blobs() string { return filepath.Join(f.Path, blobFolder) }

// Errands returns the folder in which errands wait until they are whole.
func (f Folder) Errands() string { return filepath.Join(f.Path, errandFolder) }

func (f *Folder) openKey() error {
	name := filepath.Join(f.Path, keyFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		if err := writePrivate(name, key); err != nil {
			return err
		}
	}
	parsed, err := readPrivate(name)
	if err != nil {
		return err
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return fmt.Errorf("%s holds a %T", keyFile, parsed)
	}
	f.Key = key
	return nil
}

func (f *Folder) openCertificate(now time.Time) error {
	certificate, key := filepath.Join(f.Path, certificateFile), filepath.Join(f.Path, tlsKeyFile)
	if _, err := os.Stat(certificate); errors.Is(err, fs.ErrNotExist) {
		if err := makeCertificate(certificate, key, now); err != nil {
			return err
		}
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	f.Certificate, f.Pin = pair, seal.Pin(pair.Leaf)
	return nil
}

// makeCertificate writes the key before the certificate: whoever finds a certificate finds its key too.
func makeCertificate(certificate, keyName string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "zoucund"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if err := writePrivate(keyName, key); err != nil {
		return err
	}
	return writePEM(certificate, "CERTIFICATE", der)
}

func writePrivate(name string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(name, "PRIVATE KEY", der)
}

func writePEM(name, kind string, der []byte) error {
	return writeWhole(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// writeWhole writes a file that is whole or not there, readable for its owner alone.
func writeWhole(name string, raw []byte) error {
	file, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

func readPrivate(name string) (any, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", filepath.Base(name))
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

func folderError(path string, err error) error {
	if err == nil {
		return nil
	}
	kind := survey.Damaged
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist) {
		kind = survey.Unavailable
	}
	return &survey.Error{Kind: kind, Op: "server.OpenFolder", Message: "数据文件夹打不开或其中的密钥、证书已损坏：" + path + "。请检查权限，或从备份恢复。", Err: err}
}
