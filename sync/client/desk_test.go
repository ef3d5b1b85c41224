package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// TestMain packs one push before any test does so in a bubble: codecs make their channels at first use, and those
// of one bubble are of no use to another.
func TestMain(m *testing.M) {
	if _, err := wire.PackCompact(&wire.Push{}); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// memory is a log in memory: what the agent asks for, and nothing behind it.
type memory struct {
	mu        sync.Mutex
	device    survey.DeviceID
	keys      seal.DeviceKeys
	enrolment *survey.Enrolment
	changed   chan struct{}
	entries   []survey.Entry
	signed    int
	push      *wire.Push
}

func newMemory(t *testing.T, serverKey ed25519.PublicKey) *memory {
	t.Helper()
	keys, err := seal.NewDeviceKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &memory{
		device: survey.NewID[survey.DeviceID](), keys: keys, changed: make(chan struct{}),
		enrolment: &survey.Enrolment{Server: "https://server.example", ServerKey: serverKey, Epoch: survey.Epoch{1}, ErrandKey: "age1"},
	}
}

// add writes an entry, as finishing a visit does.
func (m *memory) add(t *testing.T) {
	t.Helper()
	revision, err := wire.SealRevision(survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Kind: survey.Put, Scope: survey.ScopeID{1},
	}, survey.Body{Fields: survey.Fields{"a": "1"}}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, survey.Entry{N: uint64(len(m.entries)) + 1, Revision: revision})
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *memory) Enrolment(context.Context) (survey.Enrolment, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.enrolment == nil {
		return survey.Enrolment{}, false, nil
	}
	return *m.enrolment, true, nil
}

func (m *memory) Device(context.Context) (survey.DeviceID, seal.DeviceKeys, error) {
	return m.device, m.keys, nil
}

func (m *memory) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

func (m *memory) Unsigned(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries) - m.signed, nil
}

func (m *memory) NextPush(_ context.Context, maxEntries, _ int) (wire.Push, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.push != nil {
		return *m.push, true, nil
	}
	if m.signed == len(m.entries) {
		return wire.Push{}, false, nil
	}
	run := m.entries[m.signed:min(len(m.entries), m.signed+maxEntries)]
	segment, err := wire.NewSegment(wire.SegmentHeader{Replica: survey.ReplicaID{1}, Device: m.device, First: uint64(m.signed) + 1}, run, m.keys.Signer())
	m.push = &wire.Push{ID: survey.NewID[survey.PushID](), Segments: []wire.Segment{segment}}
	return *m.push, true, err
}

func (m *memory) Receive(_ context.Context, r wire.Receipt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.push == nil || r.Push != m.push.ID {
		return errors.New("not the receipt that is due")
	}
	m.push, m.signed = nil, int(r.Replicas[0].Received)
	return nil
}

func (m *memory) DropPush(context.Context, survey.PushID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.push = nil
	return nil
}

func (m *memory) Cursors(context.Context) ([]survey.Cursor, error)              { return nil, nil }
func (m *memory) ApplyPage(context.Context, wire.FeedPage) error                { return nil }
func (m *memory) ApplySigned(context.Context, wire.FeedPage) (int, error)       { return 0, nil }
func (m *memory) RemoveScope(context.Context, survey.ScopeID) error             { return nil }
func (m *memory) Renew(context.Context, wire.SignedGrant) error                 { return nil }
func (m *memory) KeepRecipients(context.Context, wire.SignedRecipients) error   { return nil }
func (m *memory) KeepHoldings(context.Context, wire.SignedHoldings) error       { return nil }
func (m *memory) KeepRevocations(context.Context, wire.SignedRevocations) error { return nil }
func (m *memory) KeepStamp(context.Context, wire.Stamp) error                   { return nil }
func (m *memory) ToReconcile(context.Context) ([]survey.ScopeID, error)         { return nil, nil }
func (m *memory) Reconciled(context.Context, survey.ScopeID) error              { return nil }

func (m *memory) Stamped(context.Context, survey.ScopeID) ([]survey.RevID, error) { return nil, nil }

func (m *memory) Offer(context.Context, survey.ScopeID, []survey.RevID, int, int) (wire.Offer, []survey.RevID, error) {
	return wire.Offer{}, nil, nil
}

func (m *memory) TendFormFiles(context.Context) ([]survey.Attachment, error) { return nil, nil }
func (m *memory) FormFileHeld(context.Context, survey.Hash) (int64, error)   { return 0, nil }
func (m *memory) AddToFormFile(context.Context, survey.Attachment, int64, []byte) (int64, error) {
	return 0, nil
}
func (m *memory) Relays(context.Context) ([]survey.Relay, error)                { return nil, nil }
func (m *memory) Unrelayed(context.Context) (int, error)                        { return 0, nil }
func (m *memory) NextRelayed(context.Context, int) ([]wire.Segment, error)      { return nil, nil }
func (m *memory) UnheldBlobs(context.Context) ([]survey.Kept, error)            { return nil, nil }
func (m *memory) Relayed(context.Context, survey.Hash) error                    { return nil }
func (m *memory) ReceiveCarried(context.Context, wire.Carried) (int64, error)   { return 0, nil }
func (m *memory) UndeliveredBlobs(context.Context) ([]survey.Attachment, error) { return nil, nil }
func (m *memory) Blob(context.Context, survey.Hash) ([]byte, error)             { return nil, nil }
func (m *memory) BlobDelivered(context.Context, survey.Hash) error              { return nil }
func (m *memory) NewEpoch(_ context.Context, epoch survey.Epoch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.enrolment.Epoch, m.signed, m.push = epoch, 0, nil
	return nil
}

// desk is a server without a network: it signs what handle answers.
type desk struct {
	key    ed25519.PrivateKey
	mu     sync.Mutex
	times  []time.Time
	bodies map[string][]string // of requests, by path
	handle func(path string, body []byte) (status int, reply wire.Message)
	before func(*http.Request) (*http.Response, error) // what happens on the way; nil lets pass
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{key: key, bodies: map[string][]string{}, handle: accepting(survey.Epoch{1})}
}

// accepting signs for everything and has nothing to give.
func accepting(epoch survey.Epoch) func(string, []byte) (int, wire.Message) {
	return func(path string, body []byte) (int, wire.Message) {
		if path == wire.PathStatus {
			return http.StatusOK, &wire.Status{Version: wire.Version, Oldest: wire.Oldest, Epoch: epoch}
		}
		if path == wire.PathPull {
			return http.StatusOK, &wire.PullReply{Epoch: epoch}
		}
		push, err := wire.UnpackPush(body)
		if err != nil {
			return http.StatusBadRequest, &wire.Failure{Kind: survey.Damaged}
		}
		return http.StatusOK, &wire.Receipt{Push: push.ID, Epoch: epoch, Replicas: []wire.ReplicaState{{Received: push.Segments[0].Last()}}}
	}
}

func (d *desk) publicKey() ed25519.PublicKey {
	return ed25519.PublicKey(d.key[ed25519.SeedSize:])
}

// RoundTrip implements [http.RoundTripper].
func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	d.times = append(d.times, time.Now())
	before, handle := d.before, d.handle
	d.mu.Unlock()
	if before != nil {
		if response, err := before(r); response != nil || err != nil {
			return response, err
		}
	}
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	path := r.URL.Path
	if strings.HasPrefix(path, wire.PathPush+"/") {
		path = wire.PathPush // all of it comes at once here
	}
	d.mu.Lock()
	d.bodies[path] = append(d.bodies[path], string(body))
	d.mu.Unlock()
	status, message := handle(path, body)
	return d.signed(r, status, message)
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	return io.ReadAll(r.Body)
}

func (d *desk) signed(r *http.Request, status int, message wire.Message) (*http.Response, error) {
	request, _, err := wire.ReadRequest(r.Method, r.URL.Path, r.Header)
	if err != nil {
		return nil, err
	}
	packed, err := wire.Pack(message)
	if err != nil {
		return nil, err
	}
	response := plain(r, status, wire.MediaType, string(packed))
	wire.Reply{
		Request: request.ID(), Version: wire.Version, Status: status, Body: sha256.Sum256(packed), Challenge: []byte("next"),
	}.Write(response.Header, d.key)
	return response, nil
}

func (d *desk) set(before func(*http.Request) (*http.Response, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
}

func (d *desk) calls() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]time.Time(nil), d.times...)
}
