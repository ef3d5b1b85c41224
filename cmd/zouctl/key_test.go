package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// otherCertificate makes a certificate that no server of ours shows.
func otherCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestServerKey(t *testing.T) {
	folder := t.TempDir()
	first, err := serverKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	again, err := serverKey(folder)
	if err != nil || !first.Equal(again) {
		t.Errorf("the key changed between two runs: %v", err)
	}
	info, err := os.Stat(filepath.Join(folder, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want readable by the owner alone", info.Mode(), err)
	}
	t.Run("refuses what is no key", func(t *testing.T) {
		if _, err := parseKey(otherCertificate(t)); err == nil {
			t.Error("a certificate passed for a key")
		}
	})
}
