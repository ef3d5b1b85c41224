package seal

import (
	"bytes"
	"crypto/rand"
	"testing"

	"filippo.io/age"

	"zoucun/survey"
)

// cheap makes trying a PIN quick.
var cheap = Cost{Passes: 1, MiB: 1, Threads: 1}

func TestSlot(t *testing.T) {
	place, secret := Place{Column: "slot", Row: []byte("张三")}, []byte("the data key")
	for _, device := range [][]byte{nil, []byte("the device's key")} {
		slot, err := NewSlot(rand.Reader, "846021", device, secret, cheap, place)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := slot.Open("846021", device, place); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("Open = %q, %v", got, err)
		}
		if _, err := slot.Open("846022", device, place); survey.KindOf(err) != survey.Denied {
			t.Errorf("another PIN: %v", err)
		}
		if _, err := slot.Open("846021", device, Place{Column: "slot", Row: []byte("李四")}); survey.KindOf(err) != survey.Denied {
			t.Errorf("another person's slot: %v", err)
		}
		if device == nil {
			continue
		}
		if _, err := slot.Open("846021", []byte("another device"), place); survey.KindOf(err) != survey.Denied {
			t.Errorf("another device: %v", err)
		}
		if _, err := slot.Open("846021", nil, place); survey.KindOf(err) != survey.Unavailable {
			t.Errorf("no device key: %v", err)
		}
	}
}

func TestSlotWithAnAbsurdCostIsDamaged(t *testing.T) {
	slot := Slot{Cost: Cost{Passes: 1 << 30, MiB: 1 << 20, Threads: 255}, Salt: make([]byte, saltSize)}
	if _, err := slot.Open("846021", nil, Place{}); survey.KindOf(err) != survey.Damaged {
		t.Errorf("Open = %v", err)
	}
}

func TestCheckPIN(t *testing.T) {
	for pin, good := range map[string]bool{
		"": false, "12345": false, "123456": false, "654321": false, "111111": false, "890123": false, "846021": true,
		"abc1234": false, "春眠不觉晓处处闻": true, "correct horse": true, "2026112": true,
	} {
		err := CheckPIN(pin)
		if (err == nil) != good || err != nil && survey.MessageOf(err) == "" {
			t.Errorf("CheckPIN(%q) = %v", pin, err)
		}
	}
}

func TestRecovery(t *testing.T) {
	township, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := WrapFor(township.Recipient().String(), []byte("the data key"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Unwrap(township.String()+"\n", wrapped); err != nil || string(got) != "the data key" {
		t.Errorf("Unwrap = %q, %v", got, err)
	}
	if _, err := Unwrap(stranger.String(), wrapped); survey.KindOf(err) != survey.Denied {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := Unwrap("nonsense", wrapped); survey.KindOf(err) != survey.Invalid {
		t.Errorf("nonsense: %v", err)
	}
	if _, err := WrapFor("age1nonsense", nil); survey.KindOf(err) != survey.Invalid {
		t.Errorf("WrapFor nonsense: %v", err)
	}
}

func TestSM4(t *testing.T) {
	key, place := Key{1, 2, 3}, Place{Column: "revision.body", Row: []byte("row")}
	chinese, err := NewBox(key, SM4GCM)
	if err != nil {
		t.Fatal(err)
	}
	western, err := NewBox(key, AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	sealed := chinese.Seal([]byte("户主 𬱖"), place)
	if sealed[0] != byte(SM4GCM) {
		t.Errorf("sealed with %d", sealed[0])
	}
	if got, err := western.Open(sealed, place); err != nil || string(got) != "户主 𬱖" {
		t.Errorf("Open = %q, %v", got, err)
	}
	for i := range sealed {
		bent := bytes.Clone(sealed)
		bent[i] ^= 0x80
		if _, err := chinese.Open(bent, place); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if _, err := chinese.Open(sealed[:i], place); err == nil {
			t.Errorf("opened %d of %d bytes", i, len(sealed))
		}
	}
	if _, err := NewBox(key, 9); survey.KindOf(err) != survey.Invalid {
		t.Errorf("NewBox of an unknown algorithm = %v", err)
	}
}

func BenchmarkUnlock(b *testing.B) {
	slot, err := NewSlot(rand.Reader, "846021", nil, []byte("secret"), DefaultCost, Place{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := slot.Open("846021", nil, Place{}); err != nil {
			b.Fatal(err)
		}
	}
}
