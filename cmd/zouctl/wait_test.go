package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoucun/sync/wire"
)

// answering starts a TLS server and writes its certificate where zoucund keeps its own.
func answering(t *testing.T) (address, folder string) {
	t.Helper()
	return answeringWith(t, http.NotFoundHandler())
}

func answeringWith(t *testing.T, handler http.Handler) (address, folder string) {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	folder = t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(folder, "tls.crt"), certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.Listener.Addr().String(), folder
}

func waitFor(t *testing.T, folder, address string) (code int, told string) {
	t.Helper()
	var err bytes.Buffer
	code = run(t.Context(), []string{"-data", folder, "wait", "-listen", address, "-timeout", "300ms"},
		streams{out: &bytes.Buffer{}, err: &err}, time.Now)
	return code, err.String()
}

func TestWait(t *testing.T) {
	address, folder := answering(t)
	t.Run("ends when the server answers", func(t *testing.T) {
		if code, told := waitFor(t, folder, address); code != exitDone || told != "" {
			t.Errorf("code %d, %s", code, told)
		}
	})
	t.Run("does not take another server for it", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(folder, "tls.crt"), otherCertificate(t), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, told := waitFor(t, folder, address); code != exitFailed || !strings.Contains(told, "还连不上") {
			t.Errorf("code %d, %s", code, told)
		}
	})
	t.Run("gives up where there is none", func(t *testing.T) {
		if code, told := waitFor(t, t.TempDir(), address); code != exitFailed || !strings.Contains(told, "hint: 看看 zoucund") {
			t.Errorf("code %d, %s", code, told)
		}
	})
}

// TestWaitAsksInTheServersOwnTerms keeps the server's log free of refusals while somebody waits for it.
func TestWaitAsksInTheServersOwnTerms(t *testing.T) {
	asked := make(chan *http.Request, 1)
	address, folder := answeringWith(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r }))
	if code, told := waitFor(t, folder, address); code != exitDone {
		t.Fatalf("code %d, %s", code, told)
	}
	r := <-asked
	request, _, err := wire.ReadRequest(r.Method, r.URL.Path, r.Header)
	if err != nil || request.Version != wire.Version || request.Path != wire.PathStatus {
		t.Errorf("asked %+v, %v", request, err)
	}
}

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
