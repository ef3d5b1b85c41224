// Package server answers devices over HTTP: it takes what they push, gives what they pull, takes new devices in, and
// carries attachments.
//
// It decides who asks and how much; what is kept and who may see it is decided behind it. Every reply, refusals too, is
// signed over the request it answers. docs/protocol.md is the specification.
package server

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Central is what the server keeps records in.
type Central interface {
	// Receive stores a push and returns the signed receipt; the same push again gets the same receipt.
	Receive(ctx context.Context, push wire.Push) (wire.Receipt, error)
	// Feed returns what lies behind a device's cursors.
	Feed(ctx context.Context, device survey.DeviceID, pull wire.Pull) (wire.PullReply, error)
	// Enrol takes in a device that knows a code and sees the certificate pin.
	Enrol(ctx context.Context, e wire.Enrol, pin survey.Hash) (wire.Enrolled, error)
	// DeviceKey returns the key by which an enrolled device signs; an unknown one is Denied.
	DeviceKey(ctx context.Context, device survey.DeviceID) (ed25519.PublicKey, error)
	// Attachment returns the size of a file that a device may hand over or fetch; any other is NotFound.
	Attachment(ctx context.Context, device survey.DeviceID, sum survey.Hash) (int64, error)
	// Reconcile says what of a scope a device holds and the server does not.
	Reconcile(ctx context.Context, device survey.DeviceID, ask wire.Reconcile) (wire.Differences, error)
	// TakeOffer takes back what the server has published and lost.
	TakeOffer(ctx context.Context, device survey.DeviceID, offer wire.Offer) (wire.Offered, error)
	// TakeCarried keeps segments of one log, whoever brings them.
	TakeCarried(ctx context.Context, device survey.DeviceID, carry wire.Carry) (wire.CarryReply, error)
	// RelayNews tells a relay of the devices in its villages; anybody else is Denied.
	RelayNews(ctx context.Context, device survey.DeviceID, ask wire.RelayAsk) (wire.RelayNews, error)
	// Epoch returns the present life of the database.
	Epoch() survey.Epoch
}

// Blobs is what the server keeps attachments in; package blob has the promises.
type Blobs interface {
	Held(ctx context.Context, sum survey.Hash, size int64) (int64, error)
	Append(ctx context.Context, sum survey.Hash, size, at int64, bytes []byte) (held int64, err error)
	Forget(ctx context.Context, sum survey.Hash, to int64) error
	Read(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)
}

// Upstream is the county as a relay reaches it.
type Upstream interface {
	// County returns who the county is, with a challenge it has just given.
	County(ctx context.Context) (wire.County, error)
	// PassOn hands an enrolment over as its device signed it, and returns the county's reply as it was signed.
	PassOn(ctx context.Context, header http.Header, body []byte) (status int, reply http.Header, answer []byte, err error)
}

// Options are what a server is made of.
type Options struct {
	Central  Central
	Blobs    Blobs
	Errands  Errands            // nil takes none
	Key      ed25519.PrivateKey // signs replies
	Pin      survey.Hash        // of the certificate that devices see
	Software string             // name and version, for the status
	Clock    survey.Clock
	Log      *slog.Logger
	Stall    time.Duration // how long a request may go without a byte; 90 seconds if not set
	Busy     int           // requests at a time, beyond which devices are asked to wait; 256 if not set
	// Pass is what a relay shows in its status; nil says that this is the county's server.
	Pass func() *wire.RelayPass
	// Upstream is whom a relay passes enrolments on to; nil says that this is the county's server.
	Upstream Upstream
}

const (
	challengeAge = time.Hour // how long a challenge may be signed
	retryBusy    = 5         // seconds
)

// Server is the handler of all requests.
type Server struct {
	Options
	secret   []byte // makes challenges
	slots    chan struct{}
	guess    *throttle
	partials *partials
	mux      *http.ServeMux
}

// New returns a server.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Stall == 0 {
		o.Stall = 90 * time.Second
	}
	if o.Busy == 0 {
		o.Busy = 256
	}
	// Derived rather than drawn: a challenge stays good over a restart, and for every process that serves the county.
	secret, err := hkdf.Key(sha256.New, o.Key.Seed(), nil, "zoucun challenge 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{Options: o, secret: secret, slots: make(chan struct{}, o.Busy), guess: newThrottle(o.Clock), partials: newPartials(), mux: http.NewServeMux()}
	s.route("GET "+wire.PathStatus, whole(s.status))
	if o.Upstream == nil {
		s.route("POST "+wire.PathEnrol, whole(s.enrol))
	} else {
		s.route("POST "+wire.PathEnrol, whole(s.passEnrol))
		s.route("GET "+wire.PathCounty, whole(s.county))
	}
	s.route("POST "+wire.PathPush, whole(s.enrolled(s.push)))
	s.route("HEAD "+wire.PathPush+"/{sum}", whole(s.enrolled(s.heldPush)))
	s.route("PATCH "+wire.PathPush+"/{sum}", s.enrolled(s.addPush))
	s.route("POST "+wire.PathPull, whole(s.enrolled(s.pull)))
	s.route("POST "+wire.PathReconcile, whole(s.enrolled(s.reconcile)))
	s.route("POST "+wire.PathOffer, whole(s.enrolled(s.offer)))
	s.route("POST "+wire.PathCarry, whole(s.enrolled(s.carry)))
	s.route("POST "+wire.PathRelay, whole(s.enrolled(s.relayNews)))
	if o.Errands != nil {
		s.route("POST "+wire.PathErrand, whole(s.enrolled(s.askErrands)))
		s.route("PATCH "+wire.PathErrand+"/{sum}", whole(s.enrolled(s.addErrand)))
	}
	s.route("HEAD "+wire.PathBlob+"{sum}", whole(s.enrolled(s.held)))
	s.route("PATCH "+wire.PathBlob+"{sum}", s.enrolled(s.add))
	s.route("GET "+wire.PathBlob+"{sum}", whole(s.enrolled(s.fetch)))
	s.route("/", whole(func(context.Context, *exchange) (reply, error) {
		return reply{}, &survey.Error{Kind: survey.NotFound, Op: "server"}
	}))
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// handler answers one request.
type handler func(ctx context.Context, e *exchange) (reply, error)

// whole lets a handler see a request once its body has come and is what its header claims.
func whole(h handler) handler {
	return func(ctx context.Context, e *exchange) (reply, error) {
		if err := e.readAll(); err != nil {
			return reply{}, err
		}
		return h(ctx, e)
	}
}

func (s *Server) route(pattern string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		e := &exchange{server: s, http: r, pattern: pattern, begun: s.Clock()}
		e.request, e.signature, e.malformed = wire.ReadRequest(r.Method, r.URL.Path, r.Header)
		answer, err := s.guarded(r.Context(), w, e, h)
		if err != nil {
			answer = s.refusal(r.Context(), e, answer, err)
		}
		s.write(r.Context(), w, e, answer)
	})
}

// guarded runs a handler when there is a slot for it and its header can be read. A panic is an error like any other.
func (s *Server) guarded(ctx context.Context, w http.ResponseWriter, e *exchange, h handler) (answer reply, err error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return answer, &survey.Error{Kind: survey.Unavailable, Op: "server", Message: "服务器正忙，请稍后再试。"}
	}
	defer func() {
		if cause := recover(); cause != nil {
			answer, err = reply{}, fmt.Errorf("panic: %v", cause)
		}
	}()
	defer e.open(w)()
	if err := e.check(); err != nil {
		return answer, err
	}
	return h(ctx, e)
}

// enrolled lets a request through that an enrolled device has signed over a fresh challenge.
func (s *Server) enrolled(h handler) handler {
	return func(ctx context.Context, e *exchange) (reply, error) {
		if !wire.FreshChallenge(s.secret, e.request.Challenge, s.Clock(), challengeAge) {
			return reply{status: http.StatusUnauthorized}, &survey.Error{Kind: survey.Denied, Op: "server.enrolled", Message: "请求需要重新签名。"}
		}
		key, err := s.Central.DeviceKey(ctx, e.request.Device)
		if err != nil {
			return reply{}, err
		}
		if err := e.request.Verify(e.signature, key); err != nil {
			return reply{}, &survey.Error{Kind: survey.Denied, Op: "server.enrolled", Message: "签名不对，请求没有受理。", Err: err}
		}
		return h(ctx, e)
	}
}

// next returns the challenge for the next request: the one of this, while that is far from stale. What stays the same
// HTTP/2 sends as one byte.
func (s *Server) next(e *exchange) []byte {
	if wire.FreshChallenge(s.secret, e.request.Challenge, s.Clock(), challengeAge/2) {
		return e.request.Challenge
	}
	c, err := wire.NewChallenge(s.secret, s.Clock(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return c
}
