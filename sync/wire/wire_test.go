package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"zoucun/survey"
)

// drawRevision draws a revision as devices make them.
func drawRevision(t *rapid.T) survey.Revision {
	path := rapid.Map(rapid.StringN(1, 20, 60), func(s string) survey.FieldPath { return survey.FieldPath(s) })
	header := survey.Header{
		Record: survey.RecordID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "record")), Type: survey.RecordType(rapid.StringN(1, 9, 20).Draw(t, "type")),
		Kind: survey.RevisionKind(rapid.IntRange(1, 5).Draw(t, "kind")), Scope: survey.ScopeID{1},
		Form: survey.FormID(rapid.StringN(0, 9, 40).Draw(t, "form")), HLC: survey.HLC(rapid.Uint64().Draw(t, "hlc")),
		Wall: survey.Millis(rapid.Int64().Draw(t, "wall")), Touched: rapid.SliceOfN(path, 0, 5).Draw(t, "touched"),
	}
	header.Record[0] |= 1
	for range rapid.IntRange(0, 3).Draw(t, "parents") {
		header.Parents = append(header.Parents, survey.RevID(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "parent")))
	}
	body := survey.Body{Fields: rapid.MapOfN(path, rapid.String(), 0, 6).Draw(t, "fields"), Note: rapid.StringN(0, 20, 90).Draw(t, "note")}
	r, err := SealRevision(header, body, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsEncodedComesBack(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var entries []survey.Entry
		first := rapid.Uint64Range(1, 1<<40).Draw(t, "first")
		for i := range rapid.IntRange(1, 5).Draw(t, "entries") {
			entries = append(entries, survey.Entry{N: first + uint64(i), Revision: drawRevision(t)})
		}
		segment, err := NewSegment(SegmentHeader{Replica: survey.ReplicaID{1}, First: first}, entries, key)
		if err != nil {
			t.Fatal(err)
		}
		want := Push{ID: survey.PushID{2}, Nonce: rapid.SliceOf(rapid.Byte()).Draw(t, "nonce"), Segments: []Segment{segment}}
		if len(want.Nonce) > MaxName {
			want.Nonce = want.Nonce[:MaxName]
		}
		body, err := Pack(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack[Push](body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if err := got.Segments[0].Verify(publicOf(key)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOneRevisionHasOneID(t *testing.T) {
	salt := func() *bytes.Reader { return bytes.NewReader(make([]byte, 16)) }
	header := survey.Header{
		Record: survey.RecordID{1}, Type: "visit", Kind: survey.Put, Scope: survey.ScopeID{2},
		Parents: []survey.RevID{{2}, {1}, {2}}, Touched: []survey.FieldPath{"b", "a"},
	}
	one, err := SealRevision(header, survey.Body{Fields: survey.Fields{"a": "1", "b": ""}}, salt())
	if err != nil {
		t.Fatal(err)
	}
	header.Parents, header.Touched = []survey.RevID{{1}, {2}}, []survey.FieldPath{"a", "b", "a"}
	two, err := SealRevision(header, survey.Body{Fields: survey.Fields{"a": "1"}, Attachments: []survey.Attachment{}}, salt())
	if err != nil || one.ID != two.ID {
		t.Errorf("the same said in another order is %s, not %s, %v", two.ID, one.ID, err)
	}
	header.Wall = 1
	if three, err := SealRevision(header, survey.Body{Fields: survey.Fields{"a": "1"}}, salt()); err != nil || three.ID == one.ID {
		t.Errorf("another header has the same ID, %v", err)
	}
	if fourth, err := SealRevision(header, survey.Body{Fields: survey.Fields{"a": "1"}}, rand.Reader); err != nil || fourth.Commit == one.Commit {
		t.Errorf("another salt has the same commitment, %v", err)
	}
}

func TestErasedRevisionStillVerifies(t *testing.T) {
	s := newSample(t)
	erased := Erase(s.revision)
	if err := VerifyRevision(erased); err != nil || !Erased(erased) {
		t.Errorf("VerifyRevision = %v", err)
	}
	if body, err := DecodeBody(erased); err != nil || len(body.Fields) > 0 {
		t.Errorf("DecodeBody = %+v, %v", body, err)
	}
}

// What a later version adds to bodies is passed over, and stays in the bytes that are hashed.
func TestLaterBodiesAreKept(t *testing.T) {
	s := newSample(t)
	raw, err := Encode(map[int]any{1: map[string]string{"a": "1"}, 9: "from later"})
	if err != nil {
		t.Fatal(err)
	}
	r := s.revision
	r.Body, r.Commit = raw, commitment(r.Salt, raw)
	if r.ID, err = RevisionID(r); err != nil {
		t.Fatal(err)
	}
	if err := VerifyRevision(r); err != nil {
		t.Fatal(err)
	}
	if body, err := DecodeBody(r); err != nil || body.Fields["a"] != "1" {
		t.Errorf("DecodeBody = %+v, %v", body, err)
	}
}

func TestTamperedSegments(t *testing.T) {
	key := publicOf(newSample(t).device)
	tests := map[string]func(s *Segment){
		"another field":          func(s *Segment) { s.Entries[0].Revision.Body[20] ^= 1 },
		"another salt":           func(s *Segment) { s.Entries[0].Revision.Salt[0] ^= 1 },
		"another author":         func(s *Segment) { s.Entries[0].Revision.Header.Author[0] ^= 1 },
		"another id":             func(s *Segment) { s.Entries[0].Revision.ID[0] ^= 1 },
		"another replica":        func(s *Segment) { s.Header.Replica[0] ^= 1 },
		"another chain":          func(s *Segment) { s.Header.Prev[0] ^= 1 },
		"another n":              func(s *Segment) { s.Entries[1].N++ },
		"one entry less":         func(s *Segment) { s.Entries = s.Entries[:1] },
		"one less and the count": func(s *Segment) { s.Entries, s.Header.Count = s.Entries[:1], 1 },
		"another algorithm":      func(s *Segment) { s.Header.Algorithm = 9 },
		"another signature":      func(s *Segment) { s.Signature[0] ^= 1 },
		"no signature":           func(s *Segment) { s.Signature = nil },
		"no entries":             func(s *Segment) { s.Entries = nil },
	}
	for name, tamper := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSample(t).segment
			tamper(&s)
			if err := s.Verify(key); err == nil {
				t.Error("verified")
			}
		})
	}
	if err := newSample(t).segment.Verify(publicOf(newSample(t).server)); !errors.Is(err, errSignature) {
		t.Errorf("another device's key: %v", err)
	}
}

func TestDecodingIsStrict(t *testing.T) {
	s := newSample(t)
	good, err := Encode(s.failure)
	if err != nil {
		t.Fatal(err)
	}
	mapOf := func(pairs ...any) []byte {
		var out []byte
		out = append(out, 0xa0|byte(len(pairs)/2))
		for _, v := range pairs {
			raw, _ := Encode(v)
			out = append(out, raw...)
		}
		return out
	}
	tests := map[string][]byte{
		"nothing":             {},
		"a byte too many":     append(slices.Clone(good), 0),
		"a byte too few":      good[:len(good)-1],
		"keys out of order":   mapOf(2, "x", 1, 5, 3, 5),
		"a key twice":         mapOf(1, 5, 1, 5, 2, "x"),
		"an unknown key":      mapOf(1, 5, 2, "x", 3, 5, 4, 1),
		"a missing key":       mapOf(1, 5, 2, "x"),
		"a long integer":      {0xa3, 0x01, 0x18, 0x05, 0x02, 0x61, 'x', 0x03, 0x05},
		"an indefinite map":   {0xbf, 0x01, 0x05, 0x02, 0x61, 'x', 0x03, 0x05, 0xff},
		"a tag":               {0xc1, 0xa3, 0x01, 0x05, 0x02, 0x61, 'x', 0x03, 0x05},
		"text that is no UTF": {0xa3, 0x01, 0x05, 0x02, 0x61, 0xff, 0x03, 0x05},
		"deep nesting":        bytes.Repeat([]byte{0x81}, 1000),
		"a huge array":        {0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	if _, err := Decode[Failure](good); err != nil {
		t.Fatal(err)
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			if m, err := Decode[Failure](data); survey.KindOf(err) != survey.Damaged {
				t.Errorf("Decode = %+v, %v; want Damaged", m, err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	s := newSample(t)
	header, body := s.revision.Header, survey.Body{Fields: survey.Fields{"a": "1"}}
	tests := map[string]func(h *survey.Header, b *survey.Body){
		"a body": func(_ *survey.Header, b *survey.Body) { b.Fields["a"] = strings.Repeat("x", MaxBody) },
		"a path": func(_ *survey.Header, b *survey.Body) {
			b.Fields[survey.FieldPath(strings.Repeat("x", MaxPath+1))] = "1"
		},
		"an empty path":    func(h *survey.Header, _ *survey.Body) { h.Touched = []survey.FieldPath{""} },
		"a note":           func(_ *survey.Header, b *survey.Body) { b.Note = strings.Repeat("x", MaxNote+1) },
		"an attachment":    func(_ *survey.Header, b *survey.Body) { b.Attachments = []survey.Attachment{{Size: MaxBlob + 1}} },
		"less than no":     func(_ *survey.Header, b *survey.Body) { b.Attachments = []survey.Attachment{{Size: -1}} },
		"attachments":      func(_ *survey.Header, b *survey.Body) { b.Attachments = make([]survey.Attachment, MaxAttachments+1) },
		"parents":          func(h *survey.Header, _ *survey.Body) { h.Parents = manyParents(MaxParents + 1) },
		"a form's name":    func(h *survey.Header, _ *survey.Body) { h.Form = survey.FormID(strings.Repeat("x", MaxName+1)) },
		"no record":        func(h *survey.Header, _ *survey.Body) { h.Record = survey.RecordID{} },
		"no scope":         func(h *survey.Header, _ *survey.Body) { h.Scope = survey.ScopeID{} },
		"no type":          func(h *survey.Header, _ *survey.Body) { h.Type = "" },
		"no kind":          func(h *survey.Header, _ *survey.Body) { h.Kind = 0 },
		"an unknown kind":  func(h *survey.Header, _ *survey.Body) { h.Kind = survey.Erase + 1 },
		"a large header":   func(h *survey.Header, _ *survey.Body) { h.Touched = manyPaths(MaxHeader / 100) },
		"touched too many": func(h *survey.Header, _ *survey.Body) { h.Touched = manyPaths(MaxFields + 1) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			h, b := header, survey.Body{Fields: survey.Fields{"a": "1"}}
			change(&h, &b)
			if _, err := SealRevision(h, b, rand.Reader); err == nil {
				t.Error("sealed")
			}
		})
	}
	if _, err := SealRevision(header, body, rand.Reader); err != nil {
		t.Error(err)
	}
	entries := make([]survey.Entry, MaxEntries+1)
	for i := range entries {
		entries[i] = survey.Entry{N: uint64(i) + 1, Revision: s.revision}
	}
	if _, err := NewSegment(SegmentHeader{First: 1}, entries, s.device); err == nil {
		t.Error("a segment of too many entries was signed")
	}
}

func manyParents(n int) (list []survey.RevID) {
	for i := range n {
		list = append(list, survey.RevID{byte(i), byte(i >> 8)})
	}
	return list
}

func manyPaths(n int) (list []survey.FieldPath) {
	for i := range n {
		list = append(list, survey.FieldPath(strings.Repeat("x", 100)+string(rune(0x4e00+i))))
	}
	return list
}

func TestBombIsNotUnpacked(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := encoder.EncodeAll(make([]byte, 64<<20), nil)
	if len(bomb) > MaxPacked {
		t.Fatalf("bomb of %d bytes", len(bomb))
	}
	if _, err := Unpack[Push](bomb); survey.KindOf(err) != survey.Damaged {
		t.Errorf("Unpack = %v, want Damaged", err)
	}
	var several []byte
	for range 4 { // each within the limit, all of them not
		several = encoder.EncodeAll(make([]byte, MaxMessage/2), several)
	}
	if _, err := Unpack[Push](several); survey.KindOf(err) != survey.Damaged {
		t.Errorf("Unpack of many frames = %v, want Damaged", err)
	}
}

func TestReceiptIsForOnePush(t *testing.T) {
	s := newSample(t)
	key := publicOf(s.server)
	other := s.push
	other.Nonce = nil
	if err := s.receipt.Verify(other, key); err == nil {
		t.Error("verified for another push")
	}
	bent := s.receipt
	bent.Replicas = []ReplicaState{{Replica: s.segment.Header.Replica, Received: 9}}
	if err := bent.Verify(s.push, key); err == nil {
		t.Error("verified with another watermark")
	}
	if err := s.receipt.Verify(s.push, publicOf(s.device)); err == nil {
		t.Error("verified with another key")
	}
}

func TestGrantIsTheServers(t *testing.T) {
	s := newSample(t)
	bent := s.grant
	bent.Grant = bytes.Replace(bent.Grant, []byte("李"), []byte("王"), 1)
	if _, err := bent.Open(publicOf(s.server)); err == nil {
		t.Error("another name opened")
	}
	// A receipt's signature is no grant's: what is signed begins with its purpose.
	mixed := SignedGrant{Grant: s.grant.Grant, Signature: s.receipt.Signature}
	if _, err := mixed.Open(publicOf(s.server)); err == nil {
		t.Error("a receipt's signature opened a grant")
	}
}

func TestFeedPagesHaveNoGap(t *testing.T) {
	tests := map[string]func(p *FeedPage){
		"a gap":          func(p *FeedPage) { p.Items[1].Seq++ },
		"a late start":   func(p *FeedPage) { p.After++ },
		"beyond the end": func(p *FeedPage) { p.Head = 41 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			feed := newSample(t).feed
			change(&feed.Pages[0])
			raw, err := Encode(feed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Decode[PullReply](raw); err == nil {
				t.Error("decoded")
			}
		})
	}
}

func TestCodes(t *testing.T) {
	code, err := NewCode(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ParseCode(code.String()); err != nil || back != code {
		t.Errorf("ParseCode(%q) = %q, %v", code.String(), back, err)
	}
	for _, typed := range []string{"0123-4567-89ab", " oi23 4567　89AB", "ol23456789ab", "０１２３－４５６７－８９ａｂ"} {
		if got, err := ParseCode(typed); err != nil || got != "0123456789AB" {
			t.Errorf("ParseCode(%q) = %q, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"", "0123-4567-89A", "0123-4567-89ABC", "U123-4567-89AB", "中文中文"} {
		if _, err := ParseCode(typed); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("ParseCode(%q) = %v, want Invalid with a sentence", typed, err)
		}
	}
}

func TestEnrolmentProofsBindEverything(t *testing.T) {
	s := newSample(t)
	key, pin := s.code.Key(), survey.Hash{1}
	due := s.enrol.DeviceProof(key, pin)
	changes := map[string]func(e *Enrol, pin *survey.Hash, key *CodeKey){
		"device":      func(e *Enrol, _ *survey.Hash, _ *CodeKey) { e.Device[0] ^= 1 },
		"sign key":    func(e *Enrol, _ *survey.Hash, _ *CodeKey) { e.SignKey = make([]byte, 32) },
		"seal key":    func(e *Enrol, _ *survey.Hash, _ *CodeKey) { e.SealKey = make([]byte, 32) },
		"challenge":   func(e *Enrol, _ *survey.Hash, _ *CodeKey) { e.Challenge = nil },
		"certificate": func(_ *Enrol, pin *survey.Hash, _ *CodeKey) { pin[0] = 2 },
		"code":        func(_ *Enrol, _ *survey.Hash, key *CodeKey) { *key = Code("0123456789AC").Key() },
	}
	for name, change := range changes {
		e, p, k := s.enrol, pin, key
		change(&e, &p, &k)
		if Proves(e.DeviceProof(k, p), due) {
			t.Errorf("the proof does not bind the %s", name)
		}
		if Proves(e.ServerProof(k, p, s.enrolled), s.enrol.ServerProof(key, pin, s.enrolled)) {
			t.Errorf("the server's proof does not bind the %s", name)
		}
	}
	other := s.enrolled
	other.Epoch[0] ^= 1
	if Proves(s.enrol.ServerProof(key, pin, other), s.enrol.ServerProof(key, pin, s.enrolled)) {
		t.Error("the server's proof does not bind its answer")
	}
	if Proves(s.enrol.ServerProof(key, pin, Enrolled{}), due) {
		t.Error("the device's proof serves as the server's")
	}
}

func TestRequestsAndHeadersAgree(t *testing.T) {
	s := newSample(t)
	h := http.Header{}
	s.request.Write(h, s.device)
	got, signature, err := ReadRequest(s.request.Method, s.request.Path, h)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.request, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	key := publicOf(s.device)
	if err := got.Verify(signature, key); err != nil {
		t.Error(err)
	}
	// Every part of a request counts.
	v := reflect.ValueOf(&got).Elem()
	for i := range v.NumField() {
		changed := got
		field := reflect.ValueOf(&changed).Elem().Field(i)
		switch field.Kind() { //nolint:exhaustive // those that a request has
		case reflect.String:
			field.SetString(field.String() + "x")
		case reflect.Int:
			field.SetInt(field.Int() + 1)
		case reflect.Slice:
			field.Set(reflect.ValueOf([]byte("other")))
		case reflect.Array:
			field.Index(0).SetUint(field.Index(0).Uint() ^ 1)
		default:
			t.Fatalf("field %s of a kind the test does not know", v.Type().Field(i).Name)
		}
		if changed.Verify(signature, key) == nil {
			t.Errorf("the signature does not cover %s", v.Type().Field(i).Name)
		}
	}
	for _, name := range []string{HeaderVersion, HeaderDevice, HeaderNonce, HeaderChallenge, HeaderDigest, HeaderSignature} {
		bent := h.Clone()
		bent.Set(name, "?")
		if _, _, err := ReadRequest(s.request.Method, s.request.Path, bent); err == nil {
			t.Errorf("read with a broken %s", name)
		}
	}
}

func TestChallengesGrowOld(t *testing.T) {
	secret, now := []byte("secret"), time.UnixMilli(1795420800000)
	c, err := NewChallenge(secret, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		secret    []byte
		challenge []byte
		after     time.Duration
		want      bool
	}{
		{"fresh", secret, c, time.Minute, true},
		{"old", secret, c, 2 * time.Hour, false},
		{"from a clock that was put back", secret, c, -2 * time.Hour, false},
		{"another server's", []byte("other"), c, 0, false},
		{"none", secret, nil, 0, false},
		{"cut", secret, c[:20], 0, false},
		{"with another time", secret, append([]byte{0}, c[1:]...), 0, c[0] == 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := FreshChallenge(tt.secret, tt.challenge, now.Add(tt.after), time.Hour); got != tt.want {
				t.Errorf("FreshChallenge = %v", got)
			}
		})
	}
}

func TestStatusAndKindAgree(t *testing.T) {
	seen := map[int]survey.Kind{}
	for kind := survey.Internal; kind.String() != "internal" || kind == survey.Internal; kind++ {
		status := StatusOf(kind)
		if other, twice := seen[status]; twice {
			t.Errorf("%v and %v have status %d", kind, other, status)
		}
		seen[status] = kind
		if err := (Failure{Kind: kind, Message: "话"}).Err("op"); survey.KindOf(err) != kind || survey.MessageOf(err) != "话" {
			t.Errorf("failure of kind %v is %v", kind, err)
		}
	}
	if err := (Failure{Kind: 99}).Err("op"); survey.KindOf(err) != survey.Internal || StatusOf(99) != 500 {
		t.Errorf("a kind from later is %v", err)
	}
}

func TestViewShowsBodies(t *testing.T) {
	s := newSample(t)
	for _, m := range []any{s.push, s.segment, s.feed, s.feed.Pages[0], s.revision, s.receipt} {
		text, err := View(m)
		if err != nil || !json.Valid(text) {
			t.Errorf("View(%T) = %s, %v", m, text, err)
		}
	}
	text, err := View(s.push)
	if err != nil || !strings.Contains(string(text), "路灯坏了，𬱖家门口看不见") || !strings.Contains(string(text), s.revision.ID.String()) {
		t.Errorf("View = %s, %v", text, err)
	}
}

// Ours is what a visit costs on the road, alone and among others (docs/protocol.md).
func TestVisitsAreSmall(t *testing.T) {
	s := newSample(t)
	var entries []survey.Entry
	for i := range MaxEntries {
		fields := survey.Fields{}
		for q := range 40 {
			fields[survey.FieldPath("section/question_"+string(rune('a'+q%26))+string(rune('a'+q/26)))] = []string{"yes", "no", "不清楚", "2026-11-23"}[(q+i)%4]
		}
		fields["section/said"] = strings.Repeat(string(rune(0x4e00+i*7)), 12)
		h := s.revision.Header
		h.Record, h.Parents, h.Touched = survey.NewID[survey.RecordID](), nil, nil
		r, err := SealRevision(h, survey.Body{Fields: fields}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, survey.Entry{N: uint64(i) + 1, Revision: r})
	}
	size := func(n int) int {
		segment, err := NewSegment(SegmentHeader{First: 1}, entries[:n], s.device)
		if err != nil {
			t.Fatal(err)
		}
		body, err := Pack(&Push{Segments: []Segment{segment}})
		if err != nil {
			t.Fatal(err)
		}
		return len(body) / n
	}
	t.Logf("bytes of a visit alone %d, of one in 50 %d, of one in 200 %d", size(1), size(50), size(200))
	if got := size(200); got > 250 {
		t.Errorf("a visit among 200 takes %d bytes, want at most 250", got)
	}
}

func TestAttachmentsOfARevision(t *testing.T) {
	s := newSample(t)
	files := []survey.Attachment{{Name: "1.jpg", SHA256: survey.Hash{1}, Size: 300 << 10, MIME: "image/jpeg"}, {Name: "2.amr", SHA256: survey.Hash{2}, Size: 1}}
	r, err := SealRevision(s.revision.Header, survey.Body{Fields: survey.Fields{"a": "1"}, Attachments: files, Note: "n"}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	got, err := AttachmentsOf(r)
	if diff := cmp.Diff(files, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, err := AttachmentsOf(Erase(r)); err != nil || got != nil {
		t.Errorf("of an erased one %v, %v", got, err)
	}
	r.Body = r.Body[:len(r.Body)-1]
	if _, err := AttachmentsOf(r); err == nil {
		t.Error("a body that is cut short is read")
	}
}
