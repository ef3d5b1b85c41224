package main

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server starts a TLS server and writes its certificate where zoucund keeps its own.
func server(t *testing.T) (address, folder string) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
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
	address, folder := server(t)
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
