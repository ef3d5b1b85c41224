package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"filippo.io/age"

	"zoucun/survey"
)

func TestDeviceKeysInAgesNotation(t *testing.T) {
	for range 50 {
		keys, err := NewDeviceKeys(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		identity, err := age.ParseX25519Identity(keys.Identity())
		if err != nil {
			t.Fatalf("age does not read %q: %v", keys.Identity(), err)
		}
		recipient, err := RecipientOf(keys.SealPublic())
		if err != nil || recipient != identity.Recipient().String() {
			t.Fatalf("RecipientOf = %q, %v; want %q", recipient, err, identity.Recipient())
		}
		if identity.String() != keys.Identity() {
			t.Fatalf("age writes %q, we %q", identity, keys.Identity())
		}
	}
	if _, err := RecipientOf([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func TestDecrypt(t *testing.T) {
	identity, recipient, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, _, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := EncryptTo(&sealed, []string{recipient})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("户主 𬱖")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func(data []byte, identities ...string) (string, error) {
		r, err := Decrypt(bytes.NewReader(data), identities)
		if err != nil {
			return "", err
		}
		plain, err := io.ReadAll(r)
		return string(plain), err
	}
	if got, err := open(sealed.Bytes(), stranger, identity+"\n"); got != "户主 𬱖" || err != nil {
		t.Errorf("Decrypt = %q, %v", got, err)
	}
	for _, test := range []struct {
		fact string
		data []byte
		with []string
		kind survey.Kind
	}{
		{"a stranger", sealed.Bytes(), []string{stranger}, survey.Denied},
		{"nobody", sealed.Bytes(), nil, survey.Denied},
		{"no key", sealed.Bytes(), []string{"nonsense"}, survey.Invalid},
		{"nothing sealed", []byte("nonsense"), []string{identity}, survey.Damaged},
	} {
		if _, err := open(test.data, test.with...); survey.KindOf(err) != test.kind {
			t.Errorf("%s: %v", test.fact, err)
		}
	}
	if _, err := EncryptTo(&sealed, nil); survey.KindOf(err) != survey.Invalid {
		t.Errorf("EncryptTo nobody = %v", err)
	}
	if _, err := EncryptTo(&sealed, []string{"age1nobody"}); survey.KindOf(err) != survey.Invalid {
		t.Errorf("EncryptTo nonsense = %v", err)
	}
	if _, err := open(sealed.Bytes()[:sealed.Len()-1], identity); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("cut short: %v", err)
	}
}
