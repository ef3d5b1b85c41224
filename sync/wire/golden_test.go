package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

// addGoldens writes goldens that are missing. It never changes one that is there: a golden of a released version is
// what devices in the field speak, and is only ever joined by those of the next version.
var addGoldens = flag.Bool("golden.add", false, "write goldens that do not exist yet")

// golden is a message as another program can check itself against: what it is, its bytes, and what follows from them.
type golden struct {
	Name  string            `json:"name"`
	CBOR  string            `json:"cbor,omitempty"` // hexadecimal
	Text  string            `json:"text,omitempty"` // what is signed, where that is text
	Facts map[string]string `json:"facts,omitempty"`
	View  json.RawMessage   `json:"view,omitempty"`
}

// sample is everything version 1 has, from fixed keys and identifiers.
type sample struct {
	device, server ed25519.PrivateKey
	revision       survey.Revision
	segment        Segment
	push           Push
	receipt        Receipt
	carried        Carried
	grant          SignedGrant
	pull           Pull
	feed           PullReply
	code           Code
	enrol          Enrol
	enrolled       Enrolled
	status         Status
	failure        Failure
	request        Request
	reply          Reply
	challenge      []byte
}

func id[I ~[16]byte](n byte) (id I) {
	for i := range id {
		id[i] = n
	}
	return id
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.SeedSize:])
}

func newSample(tb testing.TB) sample {
	tb.Helper()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	var (
		s   sample
		err error
	)
	s.device = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0xd1}, 32))
	s.server = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x5e}, 32))
	pin := survey.Hash(sha256.Sum256([]byte("certificate")))
	moment := survey.Millis(1795420800000)

	s.revision, err = SealRevision(survey.Header{
		Record: id[survey.RecordID](1), Type: survey.TypeVisit, Kind: survey.Put, Scope: id[survey.ScopeID](2),
		Parents: []survey.RevID{{9}, {8}}, Form: "QZ-01", FormVersion: "2026112301", Author: id[survey.PersonID](3), Device: id[survey.DeviceID](4),
		HLC: survey.HLC(uint64(moment)<<16 + 7), Wall: moment, Touched: []survey.FieldPath{"visit/said", "visit/date"},
	}, survey.Body{
		Fields:      survey.Fields{"visit/said": "路灯坏了，𬱖家门口看不见", "visit/date": "2026-11-23", "visit/empty": ""},
		Attachments: []survey.Attachment{{Name: "p.jpg", SHA256: survey.Hash{0xab}, Size: 300000, MIME: "image/jpeg"}},
		Note:        "补记",
	}, bytes.NewReader(bytes.Repeat([]byte{0x5a}, 16)))
	check(err)
	s.segment, err = NewSegment(SegmentHeader{Replica: id[survey.ReplicaID](5), Device: id[survey.DeviceID](4), First: 7, Prev: survey.Hash{0xcc}},
		[]survey.Entry{{N: 7, Revision: s.revision}, {N: 8, Revision: Erase(s.revision)}}, s.device)
	check(err)
	s.push = Push{ID: id[survey.PushID](6), Nonce: []byte{1, 2, 3}, Segments: []Segment{s.segment}}
	digest, err := s.push.Digest()
	check(err)
	s.receipt, err = Receipt{
		Push: s.push.ID, Request: digest, Epoch: id[survey.Epoch](7),
		Replicas: []ReplicaState{{Replica: id[survey.ReplicaID](5), Received: 8, Durable: 6}},
		Rejects:  []Reject{{Revision: s.revision.ID, Kind: survey.Denied, Message: "由乡镇处理。"}},
		Nonce:    []byte{4, 5, 6}, Time: moment,
	}.Sign(s.server)
	check(err)
	hash, err := s.segment.Hash()
	check(err)
	s.carried, err = Carried{
		County: 990001, Device: id[survey.DeviceID](4), Epoch: id[survey.Epoch](7), Time: moment,
		Logs:    []HeldLog{{Replica: id[survey.ReplicaID](5), Last: s.segment.Last(), Durable: 6, Hash: hash}},
		Rejects: []Reject{{Revision: s.revision.ID, Kind: survey.Denied, Message: "由乡镇处理。"}},
	}.Sign(s.server)
	check(err)
	s.grant, err = SignGrant(survey.Grant{
		Device: id[survey.DeviceID](4), Person: id[survey.PersonID](3), Name: "李㛃", County: 990001, Township: "青田乡",
		Scopes: []survey.ScopeID{id[survey.ScopeID](2), survey.RegisterScope(990001)}, Roles: []survey.Role{survey.RoleCadre}, NotAfter: moment + 1, Serial: 1,
	}, s.server)
	check(err)
	s.pull = Pull{Cursors: []survey.Cursor{{Epoch: id[survey.Epoch](7), Scope: id[survey.ScopeID](2), Seq: 40}}, MaxBytes: MinPage}
	s.feed = PullReply{
		Epoch: id[survey.Epoch](7), Grant: s.grant, More: true, Removed: []survey.ScopeID{id[survey.ScopeID](8)}, Time: moment,
		Pages: []FeedPage{{
			Scope: id[survey.ScopeID](2), Epoch: id[survey.Epoch](7), After: 40, Head: 50,
			Items: []FeedItem{{Seq: 41, Op: FeedPut, HLC: 5, Revision: s.revision}, {Seq: 42, Op: FeedLeave, HLC: 6, Revision: Erase(s.revision)}},
		}},
	}
	s.code = "0123456789AB"
	s.enrol = Enrol{Device: id[survey.DeviceID](4), SignKey: publicOf(s.device), SealKey: bytes.Repeat([]byte{0x77}, 32), CodeID: s.code.ID(), Challenge: []byte("challenge")}
	s.enrol.Proof = s.enrol.DeviceProof(s.code.Key(), pin)
	s.enrolled = Enrolled{ServerKey: publicOf(s.server), Epoch: id[survey.Epoch](7), Grant: s.grant}
	s.enrolled.Proof = s.enrol.ServerProof(s.code.Key(), pin, s.enrolled)
	s.status = Status{Version: 1, Oldest: 1, Software: "zoucund 0.1", Epoch: id[survey.Epoch](7), Time: moment}
	s.failure = Failure{Kind: survey.Unavailable, Message: "服务器正忙，请稍后再试。", RetryAfter: 5}
	s.challenge, err = NewChallenge([]byte("secret"), moment.Time(), bytes.NewReader(bytes.Repeat([]byte{0x11}, 16)))
	check(err)
	s.request = Request{
		Method: "PATCH", Path: PathBlob + survey.Hash{0xab}.String(), Version: 1, Device: id[survey.DeviceID](4),
		Nonce: id[[16]byte](9), Challenge: s.challenge, Body: sha256.Sum256([]byte("bytes")), Offset: "0", Length: "300000",
	}
	s.reply = Reply{Request: s.request.ID(), Version: 1, Status: 200, Body: sha256.Sum256(nil), Challenge: s.challenge, Offset: "5", Length: "300000"}
	return s
}

// goldenOf is the golden of a message.
func goldenOf(tb testing.TB, name string, m any, facts map[string]string) golden {
	tb.Helper()
	raw, err := Encode(m)
	if err != nil {
		tb.Fatal(err)
	}
	view, err := View(m)
	if err != nil {
		tb.Fatal(err)
	}
	return golden{Name: name, CBOR: hex.EncodeToString(raw), View: view, Facts: facts}
}

// goldens lays the sample out as files.
func (s sample) goldens(tb testing.TB) []golden {
	tb.Helper()
	message := func(name string, m any, facts map[string]string) golden { return goldenOf(tb, name, m, facts) }
	segmentHash, err := s.segment.Hash()
	if err != nil {
		tb.Fatal(err)
	}
	return []golden{
		message("revision", s.revision, map[string]string{"id": s.revision.ID.String(), "body": hex.EncodeToString(s.revision.Body)}),
		message("segment", s.segment, map[string]string{"hash": segmentHash.String()}),
		message("push", s.push, map[string]string{"digest": s.receipt.Request.String()}),
		message("receipt", s.receipt, nil),
		message("carried", s.carried, nil),
		message("grant", s.grant, nil),
		message("pull", s.pull, nil),
		message("pull_reply", s.feed, nil),
		message("enrol", s.enrol, map[string]string{"code": s.code.String(), "key": hex.EncodeToString(s.code.Key())}),
		message("enrolled", s.enrolled, nil),
		message("status", s.status, nil),
		message("failure", s.failure, nil),
		{Name: "request", Text: string(s.request.signed()), Facts: map[string]string{
			"id": s.request.ID().String(), "signature": hex.EncodeToString(s.request.Sign(s.device)), "challenge": hex.EncodeToString(s.challenge),
		}},
		{Name: "reply", Text: string(s.reply.signed()), Facts: map[string]string{"signature": hex.EncodeToString(s.reply.Sign(s.server))}},
	}
}

func TestGoldens(t *testing.T) {
	s := newSample(t)
	for _, want := range slices.Concat(s.goldens(t), s.lifeGoldens(t), s.relayGoldens(t), s.joinGoldens(t), s.errandGoldens(t)) {
		t.Run(want.Name, func(t *testing.T) {
			name := filepath.Join("testdata", "v1", want.Name+".json")
			text, err := os.ReadFile(name)
			if errors.Is(err, fs.ErrNotExist) && *addGoldens {
				text, err = addGolden(name, want)
			}
			if err != nil {
				t.Fatal(err)
			}
			var held golden
			if err := json.Unmarshal(text, &held); err != nil {
				t.Fatal(err)
			}
			held.View, want.View = compact(t, held.View), compact(t, want.View)
			if diff := cmp.Diff(held, want); diff != "" {
				t.Errorf("version 1 is not what it was (-golden +now):\n%s", diff)
			}
		})
	}
}

func addGolden(name string, g golden) ([]byte, error) {
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return nil, err
	}
	return text, os.WriteFile(name, append(text, '\n'), 0o600)
}

func compact(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What the goldens hold decodes to the sample, and every signature in it verifies.
func TestGoldensDecode(t *testing.T) {
	s := newSample(t)
	key, serverKey := publicOf(s.device), publicOf(s.server)
	push := decoded[Push](t, s.push)
	if push.Segments[0].Entries[0].Revision.ID != s.revision.ID {
		t.Error("a decoded revision has another ID")
	}
	if err := push.Segments[0].Verify(key); err != nil {
		t.Error(err)
	}
	if err := decoded[Carried](t, s.carried).Verify(serverKey); err != nil {
		t.Error("carried:", err)
	}
	if err := decoded[Receipt](t, s.receipt).Verify(push, serverKey); err != nil {
		t.Error(err)
	}
	grant, err := decoded[PullReply](t, s.feed).Grant.Open(serverKey)
	if err != nil || grant.Name != "李㛃" {
		t.Errorf("grant %+v, %v", grant, err)
	}
	if err := s.request.Verify(s.request.Sign(s.device), key); err != nil {
		t.Error(err)
	}
	if !FreshChallenge([]byte("secret"), s.challenge, s.receipt.Time.Time().Add(time.Minute), time.Hour) {
		t.Error("the challenge is not fresh")
	}
}

func decoded[T any, P interface {
	*T
	Message
}](t *testing.T, m T) T {
	t.Helper()
	body, err := Pack(P(&m))
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unpack[T, P](body)
	if err != nil {
		t.Fatal(err)
	}
	return back
}
