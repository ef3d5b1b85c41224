package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// FuzzInspect gives the reader any file.
func FuzzInspect(f *testing.F) {
	p := newParty(f)
	file := written{Segments: []wire.Segment{p.segment(f, 1, "路灯")}}.write(f, p.spec())
	f.Add(file)
	f.Add(file[:40])
	f.Add([]byte(opening))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, file := range [][]byte{file, rehash(append(bytes.Clone(file), make([]byte, tail)...))} {
			if _, err := read(file, p.identity, p.public()); err != nil && survey.MessageOf(err) == "" {
				t.Errorf("no sentence for %v", err)
			}
		}
	})
}

// FuzzFrames gives the reader frames that somebody who has a key has signed, whatever is in them.
func FuzzFrames(f *testing.F) {
	p := newParty(f)
	label, err := wire.Encode(head{Label: p.spec().Label, Recipients: p.spec().To})
	if err != nil {
		f.Fatal(err)
	}
	draft, err := wire.Encode(parcel{Draft: sample(), Journal: [][]survey.JournalLine{nil}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(framed(frameHead, label), framed(frameDraft, draft)...))
	f.Add(append(framed(frameHead, label), framed(frameAttachment, []byte{0xa0})...))
	f.Add([]byte{2, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, frames []byte) {
		c := forged(t, p, frames)
		err := c.verify(p.public())
		if err == nil {
			err = (&written{Files: map[survey.Hash][]byte{}}).take(c)
		}
		if err != nil && survey.MessageOf(err) == "" {
			t.Errorf("no sentence for %v", err)
		}
	})
}

func framed(t frameType, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{byte(t)}, uint32(len(payload))), payload...)
}

// forged is any frames with an end that fits them.
func forged(t *testing.T, p party, frames []byte) *Content {
	t.Helper()
	said, err := wire.Encode(sum{Hash: sha256.Sum256(frames)})
	if err != nil {
		t.Fatal(err)
	}
	last, err := wire.Encode(end{Sum: said, Signature: ed25519.Sign(p.keys.Signer(), append([]byte(signPurpose), said...))})
	if err != nil {
		t.Fatal(err)
	}
	all := append(bytes.Clone(frames), framed(frameEnd, last)...)
	return &Content{label: p.spec().Label, plain: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }}
}
