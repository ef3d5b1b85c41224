package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"zoucun/sync/wire"
)

// Road is a way by which what a tablet holds reaches the county and back. The script moves it on one step at a time.
type Road interface {
	// Step moves on, or begins anew where it may. It reports whether there was anything to do.
	Step(ctx context.Context) bool
	// Break drops what is under way: one of its ends is gone.
	Break()
}

// trouble is what befalls one exchange.
type trouble = string

const (
	noTrouble     trouble = ""
	lostRequest   trouble = "lost request"
	lostReply     trouble = "lost reply"
	cutRequest    trouble = "cut request"
	cutReply      trouble = "cut reply"
	shortReply    trouble = "reply truncated by a proxy"
	changedReply  trouble = "reply changed on the way"
	changedBody   trouble = "request changed on the way"
	portal        trouble = "login page"
	redirect      trouble = "redirect"
	tooMany       trouble = "429"
	busy          trouble = "503"
	brokenAfter   trouble = "500 after commit"
	tooLarge      trouble = "413 of a proxy"
	signedLarge   trouble = "413 of the server itself"
	twice         trouble = "delivered twice"
	oldRequest    trouble = "an old request comes late"
	oldReply      trouble = "the reply to another request"
	forgedReceipt trouble = "forged reply"
)

var troubles = []trouble{
	lostRequest, lostReply, cutRequest, cutReply, shortReply, changedReply, changedBody, portal, redirect, tooMany, busy,
	brokenAfter, tooLarge, twice, oldRequest, oldReply, forgedReceipt, signedLarge,
}

var (
	errReset  = errors.New("connection reset")
	errKilled = errors.New("killed")
)

// letter is a request as it is handed to the server.
type letter struct {
	method, path string
	header       http.Header
	body         []byte
	length       int64 // what the request claims to bring; 0 is what it does
}

// host is what answers on a line: the county's server or a receiving point.
type host interface {
	// answer lets the host answer a request of whose body so many bytes arrive.
	answer(ctx context.Context, sent letter, whole int) (*http.Response, []byte)
	// start says which of its starts the host is in: what it is doing ends with it.
	start() int
	// heard says that somebody has had an answer.
	heard()
}

// line is the tablet's connection, straight into a host's handler. It is the transport of the tablet's agent.
type line struct {
	w    *World
	t    *tablet
	pace *gate
	dark bool // the county is out of reach

	trouble trouble
	at      int // per mille
	sent    []letter
	heard   *http.Response // an earlier reply
	said    []byte         // its body
}

// RoundTrip implements [http.RoundTripper]. It stops twice: before the request arrives and before the reply does.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := letter{method: r.Method, path: r.URL.Path, header: r.Header.Clone()}
	if r.Body != nil {
		var err error
		if sent.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if !l.pace.wait() {
		return nil, errKilled
	}
	met, at := l.trouble, l.at
	l.trouble = noTrouble
	h, near := l.w.reached(l, r.URL.Host)
	l.w.note("%s %s %s%s %s", l.t.name, r.Method, near, route(r.URL.Path), met)
	if h == nil {
		return nil, errReset
	}
	if reply, err := onTheWay(met, r); reply != nil || err != nil {
		return reply, err
	}
	life := h.start()
	reply, body := l.exchange(r.Context(), h, sent, met, at)
	if !l.pace.wait() {
		return nil, errKilled
	}
	if life != h.start() {
		return nil, errReset
	}
	h.heard()
	l.w.note("%s %d", l.t.name, reply.StatusCode)
	return l.back(r, reply, body, met, at)
}

// exchange hands the request to the server, as the trouble has it.
func (l *line) exchange(ctx context.Context, h host, sent letter, met trouble, at int) (*http.Response, []byte) {
	switch met {
	case twice:
		h.answer(ctx, sent, len(sent.body))
	case oldRequest:
		if len(l.sent) > 0 {
			old := l.sent[at%len(l.sent)]
			h.answer(ctx, old, len(old.body))
		}
	case signedLarge:
		sent.length = wire.MaxPacked + 1
	}
	whole := len(sent.body)
	if met == cutRequest {
		whole = whole * at / 1000
	}
	l.sent = append(l.sent, sent)
	if met == changedBody && len(sent.body) > 0 {
		sent.body = changed(sent.body, at)
	}
	return h.answer(ctx, sent, whole)
}

// back returns what comes of the reply.
func (l *line) back(r *http.Request, reply *http.Response, body []byte, met trouble, at int) (*http.Response, error) {
	previous, said := l.heard, l.said
	l.heard, l.said = reply, body
	failure := error(nil)
	switch met {
	case lostReply, cutRequest:
		return nil, errReset
	case cutReply:
		body, failure = body[:len(body)*at/1000], io.ErrUnexpectedEOF
	case shortReply:
		body = body[:len(body)*at/1000]
	case changedReply:
		body = changed(body, at)
	case brokenAfter:
		return plain(r, http.StatusInternalServerError, "<html>Internal Server Error</html>"), nil
	case forgedReceipt:
		reply.Header.Set(wire.HeaderSignature, strings.Repeat("A", 86)+"==")
	case oldReply:
		if previous != nil {
			reply, body = previous, said
		}
	}
	reply.Body = io.NopCloser(&cutReader{bytes.NewReader(body), failure})
	reply.Request = r
	return reply, nil
}

// onTheWay returns what something between tablet and server says in the server's place, if it does.
func onTheWay(met trouble, r *http.Request) (*http.Response, error) {
	switch met {
	case lostRequest:
		return nil, errReset
	case portal:
		return plain(r, http.StatusOK, "<html>请登录无线网络</html>"), nil
	case redirect:
		reply := plain(r, http.StatusFound, "")
		reply.Header.Set("Location", "http://login.example/")
		return reply, nil
	case tooMany, busy:
		reply := plain(r, http.StatusTooManyRequests, "")
		if met == busy {
			reply.StatusCode = http.StatusServiceUnavailable
		}
		reply.Header.Set("Retry-After", "30")
		return reply, nil
	case tooLarge:
		return plain(r, http.StatusRequestEntityTooLarge, "<html>413</html>"), nil
	}
	return nil, nil
}

func plain(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

func changed(body []byte, at int) []byte {
	body = bytes.Clone(body)
	if len(body) > 0 {
		body[len(body)*at/1000] ^= 0x10
	}
	return body
}

// cutReader ends with an error in place of the end.
type cutReader struct {
	*bytes.Reader
	failure error
}

// Read implements [io.Reader].
func (c *cutReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if errors.Is(err, io.EOF) && c.failure != nil {
		err = c.failure
	}
	return n, err
}

func route(path string) string {
	if strings.HasPrefix(path, wire.PathBlob) {
		return "blob"
	}
	if strings.HasPrefix(path, wire.PathErrand+"/") {
		return "errand piece"
	}
	return strings.TrimPrefix(path, "/v1/")
}

// answer lets the server answer a request of whose body so many bytes arrive.
func (o *office) answer(ctx context.Context, sent letter, whole int) (*http.Response, []byte) {
	defer o.doing()()
	return answer(ctx, o.handler, sent, whole)
}

func answer(ctx context.Context, handler http.Handler, sent letter, whole int) (*http.Response, []byte) {
	failure := error(nil)
	if whole < len(sent.body) {
		failure = io.ErrUnexpectedEOF
	}
	r := httptest.NewRequestWithContext(ctx, sent.method, sent.path, io.NopCloser(&cutReader{bytes.NewReader(sent.body[:whole]), failure}))
	r.Header, r.ContentLength = sent.header.Clone(), max(int64(len(sent.body)), sent.length)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	reply := recorder.Result()
	body, err := io.ReadAll(reply.Body)
	if err = errors.Join(err, reply.Body.Close()); err != nil {
		panic(fmt.Errorf("sim: read from memory: %w", err))
	}
	return reply, body
}

// untroubled is a good network, over which devices are enrolled.
type untroubled struct{ w *World }

// RoundTrip implements [http.RoundTripper].
func (u untroubled) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := letter{method: r.Method, path: r.URL.Path, header: r.Header}
	if r.Body != nil {
		var err error
		if sent.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	h, _ := u.w.reached(nil, r.URL.Host)
	reply, body := h.answer(r.Context(), sent, len(sent.body))
	h.heard()
	reply.Body, reply.Request = io.NopCloser(bytes.NewReader(body)), r
	return reply, nil
}

// gate lets one goroutine go on at a time: whoever waits at it goes on when it is opened, and whoever opens it goes on
// when the other has come to it again or has ended.
type gate struct {
	open   chan bool // false ends it
	at     chan bool // true when the other has ended
	closed bool
}

func newGate() *gate { return &gate{open: make(chan bool), at: make(chan bool)} }

// wait is where the goroutine that is moved stops. It reports whether to go on.
func (g *gate) wait() bool {
	if g.closed {
		return false
	}
	g.at <- false
	return <-g.open
}

// begin starts do and returns when it has stopped or ended.
func (g *gate) begin(do func()) (ended bool) {
	go func() {
		do()
		g.at <- true
	}()
	return <-g.at
}

// next moves the goroutine on and returns when it has stopped again or ended.
func (g *gate) next() (ended bool) {
	g.open <- true
	return <-g.at
}

// end lets it fail wherever it stops, and returns when it has ended.
func (g *gate) end() {
	g.closed = true
	g.open <- false
	<-g.at
}
