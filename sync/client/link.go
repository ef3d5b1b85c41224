package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// stallTime is how long an exchange may go without a byte. There is no limit to the whole: a slow link is no fault.
const stallTime = 90 * time.Second

// messageNoNetwork is what the person reads while there is no server to be had.
const messageNoNetwork = "还没有连上服务器，内容已存在本机，稍后会自动再试。"

// errStalled ends an exchange that makes no progress.
var errStalled = errors.New("no byte for 90 seconds")

// link is a signed conversation with one server.
type link struct {
	server    *url.URL
	pin       survey.Hash
	serverKey ed25519.PublicKey
	device    survey.DeviceID
	key       ed25519.PrivateKey
	client    *http.Client
	clock     survey.Clock // tells how long an exchange takes; nil for who does not want to know

	mu        sync.Mutex
	challenge []byte        // from the last reply, to be signed with the next request
	good      bool          // the last request brought a signed reply
	took      time.Duration // the last exchange with such a reply, from when there was a connection
	gate      gate
}

// newLink returns a link to an enrolled device's server. A nil transport is one of its own.
func newLink(e survey.Enrolment, device survey.DeviceID, keys seal.DeviceKeys, transport http.RoundTripper) (*link, error) {
	server, err := url.Parse(e.Server)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	if transport == nil {
		transport = pinnedTransport(e.Pin)
	}
	return &link{
		server: server, pin: e.Pin, serverKey: e.ServerKey, device: device, key: keys.Signer(), client: httpClient(transport),
	}, nil
}

// close drops the link's idle connections.
func (l *link) close() { l.client.CloseIdleConnections() }

// httpClient follows no redirect: our server sends none, login pages do.
func httpClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call is what is asked of the server.
type call struct {
	method string
	path   string
	body   []byte
	offset string
	length string
	span   string // of the bytes asked for, as header Range has it
	piece  int    // bytes of the body that HTTP/2 puts into a frame, where what came of it counts; 0 for as many as it likes
	sent   func() // is called when the body has been read to its end; nil for nobody
}

// answer is a reply the server has signed.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration // from when there was a connection
}

// errBroken is the cause when a connection ended before a reply had come.
var errBroken = errors.New("connection broke")

// exchange asks and returns the server's signed reply, whatever it says. A request whose challenge has gone stale is
// signed anew and sent once more, the same to the byte. Every error is of kind Unavailable: nothing is known to have
// happened.
func (l *link) exchange(ctx context.Context, c call) (answer, error) {
	a, err := l.insist(ctx, c)
	if err == nil && a.status == http.StatusUnauthorized {
		a, err = l.insist(ctx, c)
	}
	return a, err
}

// insist sends a request once more, and at once, where a connection that was good breaks under it: a poor network cuts
// every few seconds and is there again. Bytes that go by offset are not sent again before the server has said how many
// have come.
func (l *link) insist(ctx context.Context, c call) (answer, error) {
	l.mu.Lock()
	good := l.good
	l.mu.Unlock()
	a, err := l.try(ctx, c)
	if good && c.offset == "" && errors.Is(err, errBroken) && ctx.Err() == nil {
		a, err = l.try(ctx, c)
	}
	return a, err
}

// greet gets a challenge where there is none, by a request that has no body: a batch that was signed over none would have to
// be sent twice. It reports whether it had to ask.
func (l *link) greet(ctx context.Context) (asked bool, err error) {
	if len(l.sign().Challenge) > 0 {
		return false, nil
	}
	a, err := l.exchange(ctx, call{method: http.MethodGet, path: wire.PathStatus})
	if err != nil {
		return true, err
	}
	return true, a.refusal("client.greet")
}

// forget drops the challenge, which has become too old to be signed.
func (l *link) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.challenge = nil
}

// sign begins a request of this device over the present challenge.
func (l *link) sign() wire.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return wire.Request{Version: wire.Version, Device: l.device, Challenge: l.challenge}
}

// heard notes how a request ended.
func (l *link) heard(challenge []byte, took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.good = err == nil
	if err != nil {
		l.gate.broken()
	} else {
		l.gate.connected()
		l.challenge, l.took = challenge, took
	}
}

// lately returns how long the last exchange took.
func (l *link) lately() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.took
}

// try sends a request once.
func (l *link) try(ctx context.Context, c call) (answer, error) {
	signed := l.sign()
	signed.Method, signed.Path, signed.Body = c.method, c.path, sha256.Sum256(c.body)
	signed.Offset, signed.Length, signed.Range = c.offset, c.length, c.span
	if _, err := rand.Read(signed.Nonce[:]); err != nil {
		return answer{}, unavailable(err)
	}
	a, challenge, err := l.verified(ctx, c, signed)
	l.heard(challenge, a.took, err)
	return a, err
}

// verified sends a signed request, and returns a reply that the server has signed and the challenge in it.
func (l *link) verified(ctx context.Context, c call, signed wire.Request) (answer, []byte, error) {
	a, state, err := l.send(ctx, c, signed)
	if dial := (*net.OpError)(nil); err != nil && !errors.Is(err, errStalled) && (!errors.As(err, &dial) || dial.Op != "dial") {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	if err != nil {
		return answer{}, nil, unavailable(err)
	}
	if state != nil {
		if err := checkPin(state, l.pin); err != nil {
			return answer{}, nil, unavailable(err)
		}
	}
	challenge, err := wire.ReadReply(signed, a.status, a.header, a.body, l.serverKey)
	if err != nil {
		return answer{}, nil, withRetryAfter(err, a.header)
	}
	return a, challenge, nil
}

// send does the HTTP of one request. It reads the whole reply or fails.
func (l *link) send(ctx context.Context, c call, signed wire.Request) (answer, *tls.ConnectionState, error) {
	ctx, watch := newWatch(ctx)
	defer watch.stop()
	through, err := l.gate.enter(ctx)
	if err != nil {
		return answer{}, nil, watch.cause(ctx, err)
	}
	defer through()
	ctx, took := l.traced(ctx, through)
	request, err := http.NewRequestWithContext(ctx, c.method, l.server.JoinPath(c.path).String(), nil)
	if err != nil {
		return answer{}, nil, err
	}
	if len(c.body) > 0 {
		request.Body = io.NopCloser(c.toEnd(watch.reader(pieces{bytes.NewReader(c.body), c.piece})))
		request.ContentLength = int64(len(c.body))
		request.Header.Set("Content-Type", c.mediaType())
	}
	signed.Write(request.Header, l.key)
	response, err := l.client.Do(request)
	if err != nil {
		return answer{}, nil, watch.cause(ctx, err)
	}
	defer response.Body.Close()
	watch.progress()
	body, err := io.ReadAll(io.LimitReader(watch.reader(response.Body), wire.MaxPacked+1))
	if err != nil {
		return answer{}, nil, watch.cause(ctx, err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: body, took: took()}, response.TLS, nil
}

// traced returns a function that tells how long it is since a request made under the context it returns had a connection, which
// it says to connected.
func (l *link) traced(ctx context.Context, connected func()) (context.Context, func() time.Duration) {
	var begun atomic.Int64
	now := func() int64 {
		if l.clock == nil {
			return 0
		}
		return l.clock().UnixNano()
	}
	begun.Store(now())
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		begun.Store(now())
		if !got.Reused { // an old one may be broken already
			l.gate.connected()
			connected()
		}
	}})
	return ctx, func() time.Duration { return time.Duration(now() - begun.Load()) }
}

// toEnd returns a reader of the body that says when it has come to its end.
func (c call) toEnd(body io.Reader) io.Reader {
	if c.sent == nil {
		return body
	}
	return io.MultiReader(body, ending(c.sent))
}

// ending is an empty reader that is called when it is read.
type ending func()

// Read implements [io.Reader].
func (e ending) Read([]byte) (int, error) {
	e()
	return 0, io.EOF
}

func (c call) mediaType() string {
	if c.offset != "" {
		return wire.MediaBytes
	}
	return wire.MediaType
}

// unavailable says that there was no network: nothing has changed here, and what happened there is not known.
func unavailable(err error) error {
	return &survey.Error{Kind: survey.Unavailable, Op: "client.exchange", Message: messageNoNetwork, Err: err}
}

// withRetryAfter adds the time a reply's header asks to wait. It need not be signed: it can only make us patient.
func withRetryAfter(err error, h http.Header) error {
	seconds, parseErr := strconv.Atoi(h.Get("Retry-After"))
	if parseErr != nil || seconds <= 0 {
		return err
	}
	return &busyError{after: time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second, err: err}
}

// ask sends a message and reads the reply. A signed refusal is returned as its error.
func ask[T any, P interface {
	*T
	wire.Message
}](ctx context.Context, l *link, op, path string, message wire.Message) (reply T, err error) {
	body, err := wire.Pack(message)
	if err != nil {
		return reply, fmt.Errorf("%s: %w", op, err)
	}
	return post[T, P](ctx, l, op, path, body)
}

// post is ask with a message that is packed already. One that is larger than any that is taken is not sent at all.
func post[T any, P interface {
	*T
	wire.Message
}](ctx context.Context, l *link, op, path string, body []byte) (reply T, err error) {
	if len(body) > wire.MaxPacked {
		return reply, &survey.Error{Kind: survey.Invalid, Op: op, Err: errTooLarge}
	}
	a, err := l.exchange(ctx, call{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return reply, err
	}
	return readReply[T, P](a, op)
}

// readReply reads the message of a reply. A signed refusal is returned as its error.
func readReply[T any, P interface {
	*T
	wire.Message
}](a answer, op string) (reply T, err error) {
	if err := a.refusal(op); err != nil {
		return reply, err
	}
	if a.header.Get("Content-Type") != wire.MediaType {
		return reply, unavailable(fmt.Errorf("%s: media type %q", op, a.header.Get("Content-Type")))
	}
	reply, err = wire.Unpack[T, P](a.body)
	return reply, err
}

// errTooLarge is the cause when the server refuses a request for its size.
var errTooLarge = errors.New("request too large for the server")

// refusal returns the error a signed reply stands for, or nil when it is a success.
func (a answer) refusal(op string) error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	if a.status == http.StatusRequestEntityTooLarge {
		return &survey.Error{Kind: survey.Invalid, Op: op, Err: errTooLarge}
	}
	failure, err := wire.Unpack[wire.Failure](a.body)
	if err != nil {
		failure = wire.Failure{Kind: kindOfStatus(a.status)}
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusUnauthorized:
		failure.Kind = survey.Unavailable // later, or with another challenge, it may pass
	}
	return withRetryAfter(failure.Err(op), a.header)
}

// kindOfStatus is for a signed refusal without a body, as HEAD has it.
func kindOfStatus(status int) survey.Kind {
	for kind := survey.Internal; kind <= survey.Damaged; kind++ {
		if wire.StatusOf(kind) == status {
			return kind
		}
	}
	return survey.Internal
}
