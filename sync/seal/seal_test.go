package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
)

func newBox(tb testing.TB) *Box {
	tb.Helper()
	key, err := NewKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	box, err := NewBox(key, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return box
}

func TestBoxOpensWhatItSealed(t *testing.T) {
	box := newBox(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := Place{Column: rapid.StringN(0, 40, 255).Draw(t, "column"), Row: rapid.SliceOf(rapid.Byte()).Draw(t, "row")}
		got, err := box.Open(box.Seal(plain, place), place)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Open = %x, %v; want %x", got, err, plain)
		}
	})
}

func TestBoxOpensNothingElse(t *testing.T) {
	box, place := newBox(t), Place{Column: "revision.body", Row: []byte("row one")}
	sealed := box.Seal([]byte("户主 𬱖"), place)
	refuse := func(name string, b *Box, sealed []byte, place Place) {
		t.Run(name, func(t *testing.T) {
			if plain, err := b.Open(sealed, place); survey.KindOf(err) != survey.Damaged || plain != nil {
				t.Errorf("Open = %q, %v; want Damaged", plain, err)
			}
		})
	}
	refuse("in another row", box, sealed, Place{Column: place.Column, Row: []byte("row two")})
	refuse("in another column", box, sealed, Place{Column: "draft.state", Row: place.Row})
	refuse("with the border between column and row moved", box, sealed, Place{Column: "revision.bodyrow", Row: []byte(" one")})
	refuse("with another key", newBox(t), sealed, place)
	refuse("of no bytes", box, nil, place)
	refuse("of an unknown algorithm", box, append([]byte{0x7f}, sealed[1:]...), place)
	for i := range sealed {
		bent := slices.Clone(sealed)
		bent[i] ^= 1
		if _, err := box.Open(bent, place); err == nil {
			t.Fatalf("opened with bit %d flipped", i*8)
		}
		if _, err := box.Open(sealed[:i], place); err == nil {
			t.Fatalf("opened %d of %d bytes", i, len(sealed))
		}
	}
}

func TestSealingTwiceLooksDifferent(t *testing.T) {
	box, place := newBox(t), Place{Column: "c"}
	if bytes.Equal(box.Seal([]byte("x"), place), box.Seal([]byte("x"), place)) {
		t.Error("the same nonce twice")
	}
}

func TestDeviceKeysSurviveStorage(t *testing.T) {
	keys, err := NewDeviceKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseDeviceKeys(keys.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(back.SignPublic(), []byte("m"), ed25519.Sign(keys.Signer(), []byte("m"))) {
		t.Error("keys that came back do not verify")
	}
	if !bytes.Equal(keys.SealPublic(), back.Opener().PublicKey().Bytes()) {
		t.Error("another X25519 key came back")
	}
	for _, bad := range [][]byte{nil, {1}, keys.Bytes()[1:], append([]byte{9}, keys.Bytes()[1:]...)} {
		if _, err := ParseDeviceKeys(bad); survey.KindOf(err) != survey.Damaged {
			t.Errorf("ParseDeviceKeys(%d bytes) = %v, want Damaged", len(bad), err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := Key{1}
	box, err := NewBox(key, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(box.Seal([]byte("x"), Place{}), "c", []byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte, column string, row []byte) {
		place := Place{Column: column, Row: row}
		if plain, err := box.Open(sealed, place); err == nil && len(plain) > len(sealed) {
			t.Errorf("%d bytes out of %d", len(plain), len(sealed))
		}
	})
}
