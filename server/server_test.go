package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/centraltest"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// county is a server with its database, its attachments and a clock of its own, behind TLS.
type county struct {
	central *central.Central
	clock   *centraltest.Clock
	web     *httptest.Server
}

func open(t *testing.T, change ...func(*server.Options)) *county {
	t.Helper()
	clock := centraltest.NewClock()
	c := centraltest.Open(t, filepath.Join(t.TempDir(), "central.db"), clock.Now)
	files, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := server.Options{Central: c, Blobs: files, Key: centraltest.ServerKey, Pin: centraltest.Pin, Software: "test", Clock: clock.Now}
	for _, f := range change {
		f(&o)
	}
	handler, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(handler)
	web.EnableHTTP2 = true
	web.StartTLS()
	t.Cleanup(web.Close)
	return &county{central: c, clock: clock, web: web}
}

// caller is a device that talks to a server.
type caller struct {
	*centraltest.Device
	web       *httptest.Server
	challenge []byte
}

func (c *county) enrolled(t *testing.T, scopes ...survey.ScopeID) *caller {
	t.Helper()
	return &caller{Device: centraltest.Enrolled(t, c.central, scopes, survey.RoleCadre), web: c.web}
}

func (c *county) calls(d *centraltest.Device) *caller { return &caller{Device: d, web: c.web} }

// ask is one request; what is not set is as a good device has it.
type ask struct {
	method, path, offset, length, byteRange string
	body                                    []byte
	key                                     ed25519.PrivateKey
	change                                  func(r *wire.Request)
	header                                  func(h http.Header)
}

// got is a reply that was the server's own.
type got struct {
	status int
	header http.Header
	body   []byte
}

func (c *caller) do(t *testing.T, a ask) got {
	t.Helper()
	request := wire.Request{
		Method: a.method, Path: a.path, Version: wire.Version, Device: c.ID, Challenge: c.challenge,
		Body: sha256.Sum256(a.body), Offset: a.offset, Length: a.length, Range: a.byteRange,
	}
	_, _ = rand.Read(request.Nonce[:])
	if a.change != nil {
		a.change(&request)
	}
	r, err := http.NewRequestWithContext(t.Context(), a.method, c.web.URL+a.path, bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	key := a.key
	if key == nil {
		key = c.Keys.Signer()
	}
	request.Write(r.Header, key)
	if a.header != nil {
		a.header(r.Header)
	}
	answer, err := c.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	c.challenge, err = wire.ReadReply(request, answer.StatusCode, answer.Header, body, centraltest.PublicKey)
	if err != nil {
		t.Fatalf("%s %s: status %d: %v", a.method, a.path, answer.StatusCode, err)
	}
	return got{answer.StatusCode, answer.Header, body}
}

// hello fetches a challenge.
func (c *caller) hello(t *testing.T) *caller {
	t.Helper()
	c.do(t, ask{method: http.MethodGet, path: wire.PathStatus})
	return c
}

func (c *caller) post(t *testing.T, path string, m wire.Message) got {
	t.Helper()
	body, err := wire.Pack(m)
	if err != nil {
		t.Fatal(err)
	}
	return c.do(t, ask{method: http.MethodPost, path: path, body: body})
}

func unpack[T any, P interface {
	*T
	wire.Message
}](t *testing.T, g got) T {
	t.Helper()
	if g.status != http.StatusOK {
		f, _ := wire.Unpack[wire.Failure](g.body)
		t.Fatalf("status %d: %+v", g.status, f)
	}
	m, err := wire.Unpack[T, P](g.body)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused checks that a reply is a refusal of a kind, with a sentence in Chinese.
func refused(t *testing.T, g got, status int, kind survey.Kind) {
	t.Helper()
	f, err := wire.Unpack[wire.Failure](g.body)
	if err != nil || g.status != status || f.Kind != kind || f.Message == "" || f.Message[0] < 0x80 {
		t.Errorf("status %d: %+v, %v; want status %d, kind %v and a sentence", g.status, f, err, status, kind)
	}
}

func TestWholeWay(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	code, err := c.central.NewCode(t.Context(), survey.PersonID{7}, []survey.ScopeID{scope}, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d, e := centraltest.Enrolment(t, code)
	d.Person = survey.PersonID{7}
	device := c.calls(d).hello(t)
	parsed, _ := wire.ParseCode(code)
	e.Challenge = device.challenge
	e.Proof = e.DeviceProof(parsed.Key(), centraltest.Pin)
	answer := unpack[wire.Enrolled](t, device.post(t, wire.PathEnrol, &e))
	if !wire.Proves(answer.Proof, e.ServerProof(parsed.Key(), centraltest.Pin, answer)) {
		t.Error("the server's proof is wrong")
	}

	photo := bytes.Repeat([]byte("jpeg"), 100_000)
	sum := survey.Hash(sha256.Sum256(photo))
	visit := d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope},
		survey.Body{Fields: survey.Fields{"说": "路不好走 𬱖"}, Attachments: []survey.Attachment{{Name: "p.jpg", SHA256: sum, Size: int64(len(photo)), MIME: "image/jpeg"}}})
	push := d.Push(d.Segment(t, 1, 1))
	receipt := unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push))
	if err := receipt.Verify(push, answer.ServerKey); err != nil || receipt.Replicas[0].Received != 1 {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
	feed := unpack[wire.PullReply](t, device.post(t, wire.PathPull, &wire.Pull{MaxBytes: wire.MaxPage}))
	if len(feed.Pages) != 1 || len(feed.Pages[0].Items) != 1 || feed.Pages[0].Items[0].Revision.ID != visit.ID {
		t.Errorf("feed %+v", feed.Pages)
	}
	carry(t, device, sum, photo)
}

// carry hands a photo over in chunks, resumes in between, and fetches it back.
func carry(t *testing.T, device *caller, sum survey.Hash, photo []byte) {
	t.Helper()
	path, size := wire.PathBlob+sum.String(), strconv.Itoa(len(photo))
	patch := func(at int, chunk []byte) got {
		return device.do(t, ask{method: http.MethodPatch, path: path, body: chunk, offset: strconv.Itoa(at), length: size})
	}
	half := len(photo) / 2
	if g := patch(0, photo[:half]); g.status != http.StatusOK || g.header.Get(wire.HeaderOffset) != strconv.Itoa(half) {
		t.Fatalf("first half: status %d, offset %s", g.status, g.header.Get(wire.HeaderOffset))
	}
	if g := patch(half+1, photo[half+1:]); g.status != http.StatusConflict || g.header.Get(wire.HeaderOffset) != strconv.Itoa(half) {
		t.Errorf("a gap: status %d, offset %s; want where to go on", g.status, g.header.Get(wire.HeaderOffset))
	}
	if g := device.do(t, ask{method: http.MethodHead, path: path}); g.status != http.StatusOK || g.header.Get(wire.HeaderOffset) != strconv.Itoa(half) || g.header.Get(wire.HeaderLength) != size {
		t.Errorf("HEAD: status %d, headers %v", g.status, g.header)
	}
	refused(t, device.do(t, ask{method: http.MethodGet, path: path}), http.StatusNotFound, survey.NotFound)
	if g := patch(half, photo[half:]); g.header.Get(wire.HeaderOffset) != size {
		t.Errorf("second half: status %d, offset %s", g.status, g.header.Get(wire.HeaderOffset))
	}
	if g := device.do(t, ask{method: http.MethodGet, path: path}); g.status != http.StatusOK || !bytes.Equal(g.body, photo) {
		t.Errorf("GET: status %d, %d bytes", g.status, len(g.body))
	}
	g := device.do(t, ask{method: http.MethodGet, path: path, byteRange: "bytes=4-11"})
	if g.status != http.StatusPartialContent || string(g.body) != "jpegjpeg" {
		t.Errorf("GET of a range: status %d, %q", g.status, g.body)
	}
	refused(t, device.do(t, ask{method: http.MethodGet, path: path, byteRange: "bytes=9-2"}), http.StatusBadRequest, survey.Invalid)
	refused(t, device.do(t, ask{method: http.MethodGet, path: wire.PathBlob + survey.Hash{1}.String()}), http.StatusNotFound, survey.NotFound)
	refused(t, device.do(t, ask{method: http.MethodGet, path: wire.PathBlob + "x"}), http.StatusBadRequest, survey.Invalid)
}

// photographed has a device push a visit with a photo, and returns where that goes.
func photographed(t *testing.T, c *county, size int) (device *caller, path string, photo []byte) {
	t.Helper()
	scope := survey.NewID[survey.ScopeID]()
	device = c.enrolled(t, scope).hello(t)
	photo = make([]byte, size)
	_, _ = rand.Read(photo)
	sum := survey.Hash(sha256.Sum256(photo))
	device.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope},
		survey.Body{Attachments: []survey.Attachment{{Name: "p.jpg", SHA256: sum, Size: int64(size), MIME: "image/jpeg"}}})
	push := device.Push(device.Segment(t, 1, 1))
	unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push))
	return device, wire.PathBlob + sum.String(), photo
}

// breakOff sends a request whose connection ends when so many bytes of its body have come.
func breakOff(t *testing.T, device *caller, protocol string, a ask, came int) {
	t.Helper()
	request := wire.Request{
		Method: a.method, Path: a.path, Version: wire.Version, Device: device.ID, Challenge: device.challenge,
		Body: sha256.Sum256(a.body), Offset: a.offset, Length: a.length,
	}
	ctx, cut := context.WithCancel(t.Context())
	body, more := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, a.method, device.web.URL+a.path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(a.body))
	request.Write(r.Header, device.Keys.Signer())
	go func() {
		_, _ = more.Write(a.body[:came])
		time.Sleep(300 * time.Millisecond)
		cut()
		_ = more.CloseWithError(io.ErrUnexpectedEOF)
	}()
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}, //nolint:gosec // a test's own server
		ForceAttemptHTTP2: protocol == "h2",
	}
	defer transport.CloseIdleConnections()
	if answer, err := transport.RoundTrip(r); err == nil {
		_ = answer.Body.Close()
		t.Fatalf("a body that was cut short got %s", answer.Status)
	}
}

// patch is a request that brings some of the bytes of what a path names.
func patch(path string, whole []byte, from, to int) ask {
	return ask{method: http.MethodPatch, path: path, body: whole[from:to], offset: strconv.Itoa(from), length: strconv.Itoa(len(whole))}
}

// TestWhatCameBeforeACutIsKept ends a connection in the middle of a photo, over HTTP/1.1 and 2.
func TestWhatCameBeforeACutIsKept(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			c := open(t)
			device, path, photo := photographed(t, c, 300<<10)
			const came = 200 << 10
			breakOff(t, device, protocol, patch(path, photo, 0, len(photo)), came)
			held := 0
			for deadline := time.Now().Add(10 * time.Second); held < came-(64<<10) && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				held, _ = strconv.Atoi(device.do(t, ask{method: http.MethodHead, path: path}).header.Get(wire.HeaderOffset))
			}
			if held < came-(64<<10) || held > came {
				t.Fatalf("of %d bytes that were sent %d are held", came, held)
			}
			g := device.do(t, patch(path, photo, held, len(photo)))
			if g.status != http.StatusOK || g.header.Get(wire.HeaderOffset) != strconv.Itoa(len(photo)) {
				t.Errorf("the rest: status %d, offset %s", g.status, g.header.Get(wire.HeaderOffset))
			}
		})
	}
}

// TestWhatIsNotWhatItClaimsIsForgotten sends a chunk that was changed on the way so slowly that a part of it is on the disk
// before the end comes.
func TestWhatIsNotWhatItClaimsIsForgotten(t *testing.T) {
	c := open(t)
	device, path, photo := photographed(t, c, 300<<10)
	size := strconv.Itoa(len(photo))
	patch := func(at int, chunk []byte) got {
		return device.do(t, ask{method: http.MethodPatch, path: path, body: chunk, offset: strconv.Itoa(at), length: size})
	}
	if g := patch(0, photo[:1000]); g.status != http.StatusOK {
		t.Fatalf("first bytes: %d", g.status)
	}
	request := wire.Request{
		Method: http.MethodPatch, Path: path, Version: wire.Version, Device: device.ID, Challenge: device.challenge,
		Body: sha256.Sum256(photo[1000:]), Offset: "1000", Length: size,
	}
	changed := bytes.Clone(photo[1000:])
	changed[5] ^= 1
	body, more := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, c.web.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(changed))
	request.Write(r.Header, device.Keys.Signer())
	go func() {
		for piece := range slices.Chunk(changed, 100<<10) {
			_, _ = more.Write(piece)
			time.Sleep(200 * time.Millisecond)
		}
		_ = more.Close()
	}()
	answer, err := c.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUnprocessableEntity || answer.Header.Get(wire.HeaderOffset) != "1000" {
		t.Errorf("status %d, offset %s; want damaged, and 1000 as before", answer.StatusCode, answer.Header.Get(wire.HeaderOffset))
	}
	if g := patch(1000, photo[1000:]); g.header.Get(wire.HeaderOffset) != size {
		t.Errorf("the right bytes after that: status %d, offset %s", g.status, g.header.Get(wire.HeaderOffset))
	}
}

// TestAChallengeStaysWhileItIsFresh has the server give a new one only when half of its life is over.
func TestAChallengeStaysWhileItIsFresh(t *testing.T) {
	c := open(t)
	device := c.enrolled(t, survey.NewID[survey.ScopeID]()).hello(t)
	first := device.challenge
	device.post(t, wire.PathPull, &wire.Pull{MaxBytes: wire.MinPage})
	if !bytes.Equal(first, device.challenge) {
		t.Error("another challenge although this one is fresh")
	}
	c.clock.Pass(31 * time.Minute)
	unpack[wire.PullReply](t, device.post(t, wire.PathPull, &wire.Pull{MaxBytes: wire.MinPage}))
	if bytes.Equal(first, device.challenge) {
		t.Error("the same challenge although it will soon be stale")
	}
}

func TestEverythingElseIsNoNetwork(t *testing.T) {
	c := open(t)
	device := c.enrolled(t)
	request := wire.Request{Method: http.MethodGet, Path: wire.PathStatus, Version: wire.Version, Device: device.ID, Body: sha256.Sum256(nil)}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, c.web.URL+wire.PathStatus, nil)
	request.Write(r.Header, nil)
	answer, err := c.web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	key := centraltest.PublicKey
	if _, err := wire.ReadReply(request, 200, answer.Header, body, key); err != nil {
		t.Fatal(err)
	}
	drop := func(name string) http.Header { h := answer.Header.Clone(); h.Del(name); return h }
	bend := func(name, value string) http.Header { h := answer.Header.Clone(); h.Set(name, value); return h }
	other := request
	other.Nonce[0]++
	tests := []struct {
		name    string
		request wire.Request
		status  int
		header  http.Header
		body    []byte
		key     ed25519.PublicKey
	}{
		{"a login page", request, 200, http.Header{"Content-Type": {"text/html"}}, []byte("<html>请登录</html>"), key},
		{"a login page under our headers", request, 200, answer.Header, []byte("<html>请登录</html>"), key},
		{"a truncated body", request, 200, answer.Header, body[:len(body)-1], key},
		{"another status", request, 204, answer.Header, body, key},
		{"the reply to another request", other, 200, answer.Header, body, key},
		{"another server", request, 200, answer.Header, body, make([]byte, 32)},
		{"no server at all", request, 200, answer.Header, body, nil},
		{"no signature", request, 200, drop(wire.HeaderSignature), body, key},
		{"no version", request, 200, drop(wire.HeaderVersion), body, key},
		{"another challenge", request, 200, bend(wire.HeaderChallenge, "00"), body, key},
		{"an offset slipped in", request, 200, bend(wire.HeaderOffset, "9"), body, key},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := wire.ReadReply(tt.request, tt.status, tt.header, tt.body, tt.key); survey.KindOf(err) != survey.Unavailable {
				t.Errorf("ReadReply = %v, want Unavailable", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	c := open(t)
	device := c.enrolled(t).hello(t)
	stranger, err := wire.NewCode(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unknown, _ := centraltest.Enrolment(t, stranger.String())
	bomb, _ := zstd.NewWriter(nil)
	post := func(body []byte) ask { return ask{method: http.MethodPost, path: wire.PathPush, body: body} }

	tests := []struct {
		name   string
		as     *caller
		ask    ask
		status int
		kind   survey.Kind
	}{
		{"an unknown path", device, ask{method: http.MethodGet, path: "/v1/other"}, 404, survey.NotFound},
		{"another method", device, ask{method: http.MethodDelete, path: wire.PathPush}, 404, survey.NotFound},
		{"no CBOR", device, post([]byte("<html>")), 422, survey.Damaged},
		{"nothing", device, post(nil), 422, survey.Damaged},
		{"a bomb", device, post(bomb.EncodeAll(make([]byte, 64<<20), nil)), 422, survey.Damaged},
		{"more than is allowed", device, post(make([]byte, wire.MaxPacked+1)), 413, survey.Invalid},
		{"a body that is not the one named", device, ask{
			method: http.MethodPost, path: wire.PathPush, body: []byte("x"),
			change: func(r *wire.Request) { r.Body = sha256.Sum256(nil) },
		}, 422, survey.Damaged},
		{"an older version than any", device, ask{method: http.MethodGet, path: wire.PathStatus, change: func(r *wire.Request) { r.Version = 0 }}, 426, survey.Newer},
		{"a newer version than ours is answered in ours", device, ask{method: http.MethodGet, path: "/", change: func(r *wire.Request) { r.Version = 7 }}, 404, survey.NotFound},
		{"an unknown device", c.calls(unknown), post(nil), 403, survey.Denied},
		{"another's key", device, ask{method: http.MethodPost, path: wire.PathPull, key: unknown.Keys.Signer()}, 403, survey.Denied},
		{"a made-up challenge", device, ask{method: http.MethodPost, path: wire.PathPull, change: func(r *wire.Request) { r.Challenge = make([]byte, 56) }}, 401, survey.Denied},
		{"a request replayed on another path", device, ask{
			method: http.MethodPost, path: wire.PathPull,
			header: func(h http.Header) { h.Set(wire.HeaderSignature, strings.Repeat("A", 86)+"==") },
		}, 403, survey.Denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, tt.as.hello(t).do(t, tt.ask), tt.status, tt.kind)
		})
	}
}

// A body that says it is larger than the limit is not read; one that lies about it is cut off.
func TestOversizeWithoutLength(t *testing.T) {
	c := open(t)
	request := wire.Request{Method: http.MethodPost, Path: wire.PathEnrol, Version: wire.Version}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.web.URL+wire.PathEnrol, io.LimitReader(zeros{}, 1<<30))
	request.Write(r.Header, nil)
	answer, err := c.web.Client().Do(r)
	if err != nil {
		return // the server closed the connection on us: as good
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", answer.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestChallengeRunsOutAndThePushIsSentAgain(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	device.Visit(t, scope, "x")
	push := device.Push(device.Segment(t, 1, 1))
	c.clock.Pass(2 * time.Hour)
	refused(t, device.post(t, wire.PathPush, &push), http.StatusUnauthorized, survey.Denied)
	first := unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push))
	again := unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push))
	if diff := cmp.Diff(first, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the same push got another receipt:\n%s", diff)
	}
}

func TestExpiredGrantStillDelivers(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope)
	device.Visit(t, scope, "x")
	c.clock.Pass(365 * 24 * time.Hour)
	device.hello(t)
	refused(t, device.post(t, wire.PathPull, &wire.Pull{}), http.StatusForbidden, survey.Denied)
	push := device.Push(device.Segment(t, 1, 1))
	if r := unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push)); r.Replicas[0].Received != 1 || len(r.Rejects) != 0 {
		t.Errorf("receipt %+v", r)
	}
}

func TestEnrolmentAbuse(t *testing.T) {
	c := open(t)
	code, err := c.central.NewCode(t.Context(), survey.PersonID{7}, nil, []survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := wire.ParseCode(code)
	attempt := func(t *testing.T, change func(e *wire.Enrol)) got {
		t.Helper()
		d, e := centraltest.Enrolment(t, code)
		device := c.calls(d).hello(t)
		e.Challenge = device.challenge
		change(&e)
		if len(e.Proof) == 0 {
			e.Proof = e.DeviceProof(parsed.Key(), centraltest.Pin)
		}
		return device.post(t, wire.PathEnrol, &e)
	}
	good := func(e *wire.Enrol) { e.Proof = nil }
	t.Run("somebody in between shows another certificate", func(t *testing.T) {
		refused(t, attempt(t, func(e *wire.Enrol) { e.Proof = e.DeviceProof(parsed.Key(), survey.Hash{1}) }), 403, survey.Denied)
	})
	t.Run("a challenge that is not ours", func(t *testing.T) {
		refused(t, attempt(t, func(e *wire.Enrol) { e.Challenge, e.Proof = []byte("x"), nil }), 401, survey.Denied)
	})
	t.Run("a key that did not sign", func(t *testing.T) {
		refused(t, attempt(t, func(e *wire.Enrol) { e.SignKey, e.Proof = make([]byte, 32), nil }), 403, survey.Denied)
	})
	t.Run("the code works once", func(t *testing.T) {
		unpack[wire.Enrolled](t, attempt(t, good))
		refused(t, attempt(t, good), 403, survey.Denied)
	})
	t.Run("guessing many codes is slowed down", func(t *testing.T) {
		for range 30 {
			g := attempt(t, func(e *wire.Enrol) { _, _ = rand.Read(e.CodeID) })
			if g.status == http.StatusServiceUnavailable {
				if g.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
				return
			}
		}
		t.Error("30 guesses in a moment")
	})
}

// fragile is a Central that breaks in one way.
type fragile struct {
	server.Central
	receive func() error
}

func (f fragile) Receive(context.Context, wire.Push) (wire.Receipt, error) {
	return wire.Receipt{}, f.receive()
}

func TestFaultsBehindTheServer(t *testing.T) {
	tests := []struct {
		name   string
		fault  func() error
		status int
		kind   survey.Kind
	}{
		{"a panic", func() error { panic("nil map") }, 500, survey.Internal},
		{"a full disk", func() error { return &survey.Error{Kind: survey.Full, Op: "x"} }, 507, survey.Full},
		{"a busy database", func() error { return &survey.Error{Kind: survey.Unavailable, Op: "x"} }, 503, survey.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, func(o *server.Options) { o.Central = fragile{o.Central, tt.fault} })
			scope := survey.NewID[survey.ScopeID]()
			device := c.enrolled(t, scope).hello(t)
			device.Visit(t, scope, "x")
			push := device.Push(device.Segment(t, 1, 1))
			refused(t, device.post(t, wire.PathPush, &push), tt.status, tt.kind)
		})
	}
}

func TestTooManyAtOnceAreAskedToWait(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{}, 1)
	c := open(t, func(o *server.Options) {
		o.Busy = 1
		o.Central = fragile{o.Central, func() error { entered <- struct{}{}; <-release; return nil }}
	})
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	device.Visit(t, scope, "x")
	push := device.Push(device.Segment(t, 1, 1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		device.post(t, wire.PathPush, &push)
	}()
	<-entered
	g := c.calls(device.Device).do(t, ask{method: http.MethodGet, path: wire.PathStatus})
	refused(t, g, http.StatusServiceUnavailable, survey.Unavailable)
	close(release)
	<-done
}

// A request that goes without a byte is ended; one that drips is not.
func TestSlowBodies(t *testing.T) {
	c := open(t, func(o *server.Options) { o.Stall = 300 * time.Millisecond })
	speak := func(t *testing.T, pause time.Duration) (string, error) {
		t.Helper()
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}}).DialContext(t.Context(), "tcp", c.web.Listener.Addr().String()) //nolint:gosec // a test's own server
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		h := http.Header{}
		body := []byte("0123456789")
		wire.Request{Method: http.MethodPost, Path: wire.PathEnrol, Version: 1, Body: sha256.Sum256(body)}.Write(h, nil)
		head := &bytes.Buffer{}
		_, _ = io.WriteString(head, "POST "+wire.PathEnrol+" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n")
		_ = h.Write(head)
		_, _ = io.WriteString(head, "\r\n")
		if _, err := conn.Write(head.Bytes()); err != nil {
			return "", err
		}
		for _, b := range body {
			time.Sleep(pause)
			if _, err := conn.Write([]byte{b}); err != nil {
				return "", err
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		answer := make([]byte, 4096)
		n, err := conn.Read(answer)
		return string(answer[:n]), err
	}
	t.Run("one that drips is answered", func(t *testing.T) {
		if answer, err := speak(t, 60*time.Millisecond); !strings.HasPrefix(answer, "HTTP/1.1 422") {
			t.Errorf("got %.40q, %v", answer, err)
		}
	})
	t.Run("one that stalls is ended", func(t *testing.T) {
		begun := time.Now()
		answer, err := speak(t, 900*time.Millisecond)
		if took := time.Since(begun); took > 8*time.Second || strings.Contains(answer, " 200 ") {
			t.Errorf("after %v: %.40q, %v", took, answer, err)
		}
	})
}

func TestLogsNothingPersonal(t *testing.T) {
	var log lockedBuffer
	c := open(t, func(o *server.Options) { o.Log = log.logger() })
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	device.Visit(t, scope, "王小明的电话是13800000000")
	push := device.Push(device.Segment(t, 1, 1))
	unpack[wire.Receipt](t, device.post(t, wire.PathPush, &push))
	text := log.String()
	if !strings.Contains(text, "/v1/push") {
		t.Fatalf("log %q", text)
	}
	for _, word := range []string{"王小明", "13800000000", "127.0.0.1"} {
		if strings.Contains(text, word) {
			t.Errorf("the log has %s", word)
		}
	}
}

func FuzzRequests(f *testing.F) {
	clock := centraltest.NewClock()
	c, err := central.Open(f.Context(), filepath.Join(f.TempDir(), "central.db"), central.Options{Key: centraltest.ServerKey, Clock: clock.Now})
	if err != nil {
		f.Fatal(err)
	}
	defer c.Close()
	files, err := blob.OpenFolder(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	handler, err := server.New(server.Options{Central: c, Blobs: files, Key: centraltest.ServerKey, Pin: centraltest.Pin, Clock: clock.Now})
	if err != nil {
		f.Fatal(err)
	}
	paths := []string{wire.PathStatus, wire.PathEnrol, wire.PathPush, wire.PathPull, wire.PathBlob + "00", "/"}
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodHead}
	f.Add(uint8(1), uint8(1), "1", []byte("x"))
	f.Add(uint8(2), uint8(1), "", []byte{})
	f.Fuzz(func(t *testing.T, path, method uint8, header string, body []byte) {
		r := httptest.NewRequest(methods[int(method)%len(methods)], paths[int(path)%len(paths)], bytes.NewReader(body))
		request := wire.Request{Method: r.Method, Path: r.URL.Path, Version: 1, Body: sha256.Sum256(body)}
		request.Write(r.Header, centraltest.ServerKey)
		if header != "" {
			r.Header.Set(wire.HeaderChallenge, header)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || w.Header().Get(wire.HeaderSignature) == "" {
			t.Errorf("status %d, signature %q", w.Code, w.Header().Get(wire.HeaderSignature))
		}
	})
}

func TestFolderIsTheSameNextTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := server.OpenFolder(dir, centraltest.Start)
	if err != nil {
		t.Fatal(err)
	}
	again, err := server.OpenFolder(dir, centraltest.Start.AddDate(10, 0, 0))
	if err != nil || again.Pin != first.Pin || !slices.Equal(again.Key, first.Key) {
		t.Errorf("another server: %v", err)
	}
	if until := first.Certificate.Leaf.NotAfter; until.Before(centraltest.Start.AddDate(40, 0, 0)) {
		t.Errorf("certificate ends %v", until)
	}
	if err := first.Certificate.Leaf.VerifyHostname(net.IPv4(127, 0, 0, 1).String()); err != nil {
		t.Error(err)
	}
}
