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
	"testing/synctest"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// TestMain packs one message before any test does so in a bubble: the codec makes its channels at first use, and those
// of one bubble are of no use to another.
func TestMain(m *testing.M) {
	if _, err := wire.Pack(&wire.Pull{}); err != nil {
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
		enrolment: &survey.Enrolment{Server: "https://server.example", ServerKey: serverKey, Epoch: survey.Epoch{1}},
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
func (m *memory) RemoveScope(context.Context, survey.ScopeID) error             { return nil }
func (m *memory) Renew(context.Context, wire.SignedGrant) error                 { return nil }
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
		if path == wire.PathPull {
			return http.StatusOK, &wire.PullReply{Epoch: epoch}
		}
		push, err := wire.Unpack[wire.Push](body)
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
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.bodies[r.URL.Path] = append(d.bodies[r.URL.Path], string(body))
	d.mu.Unlock()
	status, message := handle(r.URL.Path, body)
	return d.signed(r, status, message)
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

// run starts an agent in the bubble and returns what it reports.
func run(t *testing.T, log Log, d *desk) (agent *Agent, progress func() []survey.Progress) {
	t.Helper()
	var mu sync.Mutex
	var seen []survey.Progress
	agent = New(log, Options{Clock: time.Now, Transport: d, OnProgress: func(p survey.Progress) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, p)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
	return agent, func() []survey.Progress {
		mu.Lock()
		defer mu.Unlock()
		return append([]survey.Progress(nil), seen...)
	}
}

var errNoRoute = errors.New("no route to host")

func noRoute(*http.Request) (*http.Response, error) { return nil, errNoRoute }

func TestBackoffGrowsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(noRoute)
		log := newMemory(t, d.publicKey())
		log.add(t)
		agent, progress := run(t, log, d)
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		calls := d.calls()
		if len(calls) < 24 || len(calls) > 120 {
			t.Errorf("%d tries in six hours", len(calls))
		}
		for i := 1; i < len(calls); i++ {
			ceiling := longestWait
			if i < 10 {
				ceiling = min(longestWait, firstWait<<i)
			}
			if wait := calls[i].Sub(calls[i-1]); wait < firstWait || wait > ceiling {
				t.Errorf("wait %d is %v, not between %v and %v", i, wait, firstWait, ceiling)
			}
		}
		last := progress()[len(progress())-1]
		if last.Activity != survey.Backoff || last.Until == 0 || !errors.Is(last.Err, errNoRoute) {
			t.Errorf("progress = %+v", last)
		}

		d.set(nil)
		agent.Wake()
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("waking did not make it try at once")
		}
		if last = progress()[len(progress())-1]; last.Activity != survey.Idle || last.LastSync == 0 {
			t.Errorf("progress = %+v", last)
		}
	})
}

func TestChangeIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		run(t, log, d)
		synctest.Wait()
		log.add(t)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Errorf("%d entries still wait", n)
		}
		before := len(d.calls())
		time.Sleep(time.Hour)
		synctest.Wait()
		if rounds := len(d.calls()) - before; rounds < 60/5 || rounds > 60 {
			t.Errorf("%d pulls in an idle hour", rounds)
		}
	})
}

func TestChangeDoesNotBreakTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(noRoute)
		log := newMemory(t, d.publicKey())
		run(t, log, d)
		synctest.Wait()
		for range 100 {
			log.add(t)
			synctest.Wait()
		}
		if calls := len(d.calls()); calls != 1 {
			t.Errorf("%d tries without any wait", calls)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, answer := range map[string]func(*desk) func(*http.Request) (*http.Response, error){
		"in an unsigned 429": func(*desk) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				response := plain(r, http.StatusTooManyRequests, "text/html", "")
				response.Header.Set("Retry-After", "300")
				return response, nil
			}
		},
		"in a signed 503": func(d *desk) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				return d.signed(r, http.StatusServiceUnavailable, &wire.Failure{Kind: survey.Unavailable, RetryAfter: 300})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.set(answer(d)) //nolint:bodyclose // the agent closes what it is given
				log := newMemory(t, d.publicKey())
				log.add(t)
				run(t, log, d)
				time.Sleep(299 * time.Second)
				synctest.Wait()
				if calls := len(d.calls()); calls != 1 {
					t.Errorf("%d tries before the time the server named", calls)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if calls := len(d.calls()); calls < 2 {
					t.Error("it never tried again")
				}
			})
		})
	}
}

func TestStaleChallengeSendsTheSamePushAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		refused := false
		accept := d.handle
		d.handle = func(path string, body []byte) (int, wire.Message) {
			if path == wire.PathPush && !refused {
				refused = true
				return http.StatusUnauthorized, &wire.Failure{Kind: survey.Denied}
			}
			return accept(path, body)
		}
		log := newMemory(t, d.publicKey())
		log.add(t)
		run(t, log, d)
		synctest.Wait()
		if pushes := d.bodies[wire.PathPush]; len(pushes) != 2 || pushes[0] != pushes[1] {
			t.Errorf("%d pushes, or not the same", len(pushes))
		}
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("the push was not taken")
		}
	})
}

func TestTooLargePushIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		accept := d.handle
		d.handle = func(path string, body []byte) (int, wire.Message) {
			if push, err := wire.Unpack[wire.Push](body); err == nil && path == wire.PathPush && len(push.Segments[0].Entries) > 60 {
				return http.StatusRequestEntityTooLarge, &wire.Failure{Kind: survey.Invalid}
			}
			return accept(path, body)
		}
		log := newMemory(t, d.publicKey())
		for range 300 {
			log.add(t)
		}
		run(t, log, d)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Errorf("%d entries still wait", n)
		}
	})
}

func TestSilentConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		log := newMemory(t, d.publicKey())
		log.add(t)
		_, progress := run(t, log, d)
		time.Sleep(stallTime + time.Second)
		synctest.Wait()
		last := progress()[len(progress())-1]
		if last.Activity != survey.Backoff || !errors.Is(last.Err, errStalled) {
			t.Errorf("progress = %+v", last)
		}
	})
}

// drip gives one byte at a time.
type drip struct{ r io.Reader }

func (d drip) Read(p []byte) (int, error) {
	time.Sleep(stallTime - time.Second)
	return d.r.Read(p[:1])
}

func TestSlowConnectionIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.set(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			status, message := d.handle(r.URL.Path, body)
			response, err := d.signed(r, status, message)
			if err == nil {
				response.Body = io.NopCloser(drip{response.Body})
			}
			return response, err
		})
		log := newMemory(t, d.publicKey())
		log.add(t)
		run(t, log, d)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("a reply that took hours was given up")
		}
	})
}

func TestRefusedDeviceStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.handle = func(string, []byte) (int, wire.Message) {
			return http.StatusForbidden, &wire.Failure{Kind: survey.Denied, Message: "这台设备的授权已被收回。"}
		}
		log := newMemory(t, d.publicKey())
		_, progress := run(t, log, d)
		synctest.Wait()
		last := progress()[len(progress())-1]
		if last.Activity != survey.Stopped || !strings.Contains(survey.MessageOf(last.Err), "收回") {
			t.Errorf("progress = %+v", last)
		}
	})
}

func TestNewLifeOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		log.add(t)
		agent, _ := run(t, log, d)
		synctest.Wait()
		d.mu.Lock()
		d.handle = accepting(survey.Epoch{2})
		d.mu.Unlock()
		agent.Wake()
		time.Sleep(time.Minute) // the round that finds the new life is followed by one after the first wait
		synctest.Wait()
		e, _, _ := log.Enrolment(t.Context())
		if n, _ := log.Unsigned(t.Context()); n != 0 || e.Epoch != (survey.Epoch{2}) || len(d.bodies[wire.PathPush]) != 2 {
			t.Errorf("%d unsigned, epoch %v, %d pushes", n, e.Epoch, len(d.bodies[wire.PathPush]))
		}
	})
}

func TestUnenrolledAgentWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		log := newMemory(t, d.publicKey())
		enrolment := log.enrolment
		log.enrolment = nil
		run(t, log, d)
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls := len(d.calls()); calls != 0 {
			t.Errorf("%d calls without an enrolment", calls)
		}
		log.mu.Lock()
		log.enrolment = enrolment
		log.mu.Unlock()
		log.add(t)
		synctest.Wait()
		if n, _ := log.Unsigned(t.Context()); n != 0 {
			t.Error("enrolling did not start it")
		}
	})
}

func TestPaceLearns(t *testing.T) {
	p := newPace()
	for range 20 {
		p.took(p.batch, time.Duration(float64(p.batch)/2500*float64(time.Second))) // 20 kbit/s
	}
	if p.batch < 5*2500 || p.batch > 8*2500 {
		t.Errorf("on a slow link a batch has %d bytes", p.batch)
	}
	for range 20 {
		p.took(p.batch, time.Millisecond)
	}
	if p.batch != largestBatch {
		t.Errorf("on a fast link a batch has %d bytes", p.batch)
	}
	for range 20 {
		p.shrink()
	}
	if p.batch != smallestBatch {
		t.Errorf("after failures a batch has %d bytes", p.batch)
	}
}
