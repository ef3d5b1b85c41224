package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoucun/server"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// ring is a machine's keyring that may be missing.
type ring struct {
	secret []byte
	gone   bool
}

func (r *ring) Secret(_ context.Context, create bool) ([]byte, error) {
	if r.gone || r.secret == nil && !create {
		return nil, errors.New("no keyring")
	}
	if r.secret == nil {
		r.secret = bytes.Repeat([]byte{7}, sha256.Size)
	}
	return r.secret, nil
}

// same reports whether a box opens what another sealed.
func same(a, b *seal.Box) bool {
	place := seal.Place{Column: "x"}
	_, err := b.Open(a.Seal([]byte("x"), place), place)
	return err == nil
}

// Each place for the key opens the folder again, and only the one it was put in.
func TestWhereTheKeyIs(t *testing.T) {
	stick := filepath.Join(t.TempDir(), "stick", "zoucun.key")
	for name, c := range map[string]struct {
		file  string
		ring  ring
		says  string
		spoil func(t *testing.T, data string, r *ring)
	}{
		"keyring":           {says: "系统钥匙串", spoil: func(_ *testing.T, _ string, r *ring) { r.gone = true }},
		"keyring made anew": {says: "系统钥匙串", spoil: func(_ *testing.T, _ string, r *ring) { r.secret = nil }},
		"stick": {file: stick, says: stick, spoil: func(t *testing.T, _ string, _ *ring) {
			t.Helper()
			if err := os.Remove(stick); err != nil {
				t.Fatal(err)
			}
		}},
		"beside": {ring: ring{gone: true}, says: "在同一个文件夹", spoil: func(t *testing.T, data string, _ *ring) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(data, besideFile), []byte("12"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "relay")
			box, where, err := openBox(t.Context(), data, c.file, &c.ring)
			if err != nil || !strings.Contains(where, c.says) {
				t.Fatalf("%q, %v", where, err)
			}
			if _, err := server.OpenSealedFolder(data, time.Now(), box); err != nil {
				t.Fatal(err)
			}
			again, _, err := openBox(t.Context(), data, c.file, &c.ring)
			if err != nil || !same(box, again) {
				t.Errorf("the second time: %v", err)
			}
			c.spoil(t, data, &c.ring)
			if _, _, err := openBox(t.Context(), data, c.file, &c.ring); survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "钥匙打不开") {
				t.Errorf("without the key: %v, %q", err, survey.MessageOf(err))
			}
		})
	}
}
