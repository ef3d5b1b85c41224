package wire

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
)

// TestACompactPushComesBack packs any push tightly and wants it back, revisions with erased bodies and with commitments that
// do not follow among them.
func TestACompactPushComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		push := Push{ID: draw16[survey.PushID](t), Nonce: drawBytes(t, 0, 32), Segments: []Segment{{
			Header:    SegmentHeader{Algorithm: SHA256Ed25519, First: 1, Prev: survey.Hash(drawBytes(t, 32, 32))},
			Signature: drawBytes(t, 64, 64),
		}}}
		s := &push.Segments[0]
		for i := range rapid.IntRange(1, 6).Draw(t, "entries") {
			r := drawRevision(t)
			if rapid.Bool().Draw(t, "follows") {
				r.Commit = commitment(r.Salt, r.Body)
			}
			if r.ID, _ = RevisionID(r); rapid.IntRange(0, 3).Draw(t, "erased") == 0 {
				r = Erase(r)
			}
			s.Entries = append(s.Entries, survey.Entry{N: uint64(i) + 1, Revision: r})
		}
		s.Header.Count = uint64(len(s.Entries))
		plain, err := Pack(&push)
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := UnpackPush(plain)
		body, err := PackCompact(&push)
		if err != nil {
			t.Fatal(err)
		}
		got, err := UnpackPush(body)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v came back as %+v, %v; in one piece %v", push, got, err, wantErr)
		}
	})
}

// TestACompactPushIsSmaller fills the same forms differently.
func TestACompactPushIsSmaller(t *testing.T) {
	var entries []survey.Entry
	for n := range uint64(MaxEntries) {
		fields := survey.Fields{}
		var touched []survey.FieldPath
		for q := range 60 {
			field := survey.FieldPath(fmt.Sprintf("part_%d/question_%02d", q/10, q))
			touched = append(touched, field)
			if (int(n)*q)%7 > 1 {
				fields[field] = fmt.Sprint("answer ", int(n)*q%5)
			}
		}
		r, err := SealRevision(survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: survey.ScopeID{1}, Touched: touched}, survey.Body{Fields: fields}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, survey.Entry{N: n + 1, Revision: r})
	}
	push := Push{Segments: []Segment{{Header: SegmentHeader{Algorithm: SHA256Ed25519, First: 1, Count: MaxEntries}, Entries: entries}}}
	plain, err := Pack(&push)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := PackCompact(&push)
	if err != nil || len(compact) > len(plain)*2/3 {
		t.Errorf("%d bytes of %d, %v", len(compact), len(plain), err)
	}
	again, err := PackCompact(&push)
	if err != nil || !bytes.Equal(compact, again) {
		t.Error("other bytes for the same push")
	}
}

func FuzzUnpackPush(f *testing.F) {
	s := newSample(f)
	body, err := PackCompact(&s.push)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := UnpackPush(body); err != nil && survey.KindOf(err) != survey.Damaged {
			t.Errorf("UnpackPush = %v", err)
		}
	})
}
