package client

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Log is the store as the agent needs it. Every method that changes something is done when it returns nil, whatever
// happens to the device.
type Log interface {
	Errands
	// Enrolment returns the county this device belongs to, and whether it belongs to one.
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	// Device returns this installation's identifier and keys.
	Device(ctx context.Context) (survey.DeviceID, seal.DeviceKeys, error)
	// Changed returns a channel that is closed at the next change of anything.
	Changed() <-chan struct{}

	// Unsigned returns how many entries of the log the server has not signed for.
	Unsigned(ctx context.Context) (int, error)
	// NextPush returns what to hand over next, or false if there is nothing. Until Receive or DropPush it returns the
	// same push.
	NextPush(ctx context.Context, maxEntries, maxBytes int) (wire.Push, bool, error)
	// Receive takes over the server's receipt for the push, if it is that.
	Receive(ctx context.Context, receipt wire.Receipt) error
	// DropPush gives a push up that will not get across as it is, so that the next may be smaller.
	DropPush(ctx context.Context, id survey.PushID) error

	// Cursors returns how far every feed has been followed.
	Cursors(ctx context.Context) ([]survey.Cursor, error)
	// ApplyPage takes over a run of a feed, or nothing if it does not follow the cursor.
	ApplyPage(ctx context.Context, page wire.FeedPage) error
	// ApplySigned takes over a run of a feed that a receiving point has handed down, if the county signed it, and returns
	// how many items of it were new.
	ApplySigned(ctx context.Context, page wire.FeedPage) (fresh int, err error)
	// RemoveScope takes a scope out of view that is no longer granted.
	RemoveScope(ctx context.Context, scope survey.ScopeID) error
	// Renew takes over a newer grant.
	Renew(ctx context.Context, grant wire.SignedGrant) error
	// KeepRecipients takes over a newer list of the county's recipients.
	KeepRecipients(ctx context.Context, list wire.SignedRecipients) error
	// KeepHoldings takes over the server's word on how far it holds the device's logs.
	KeepHoldings(ctx context.Context, holdings wire.SignedHoldings) error
	// KeepRevocations takes over a newer list of the county's revoked devices.
	KeepRevocations(ctx context.Context, list wire.SignedRevocations) error
	// KeepStamp keeps the server's signature over a page that is about to be applied.
	KeepStamp(ctx context.Context, stamp wire.Stamp) error
	// ToReconcile returns the scopes of which something was read in an earlier life of the server.
	ToReconcile(ctx context.Context) ([]survey.ScopeID, error)
	// Stamped returns what of a scope is held under the server's stamps.
	Stamped(ctx context.Context, scope survey.ScopeID) ([]survey.RevID, error)
	// Offer makes an offer of the first of these revisions, and returns those that are left.
	Offer(ctx context.Context, scope survey.ScopeID, ids []survey.RevID, maxEntries, maxBytes int) (wire.Offer, []survey.RevID, error)
	// Reconciled notes that the server lacks nothing of a scope.
	Reconciled(ctx context.Context, scope survey.ScopeID) error
	// NewEpoch follows a server whose database has begun a new life.
	NewEpoch(ctx context.Context, epoch survey.Epoch) error

	// Relays returns the township's receiving points that this device knows.
	Relays(ctx context.Context) ([]survey.Relay, error)
	// Unrelayed returns how many entries neither the server has signed for nor a receiving point holds.
	Unrelayed(ctx context.Context) (int, error)
	// NextRelayed returns the next segments to hand to a receiving point.
	NextRelayed(ctx context.Context, limit int) ([]wire.Segment, error)
	// Relayed notes that a receiving point holds a segment.
	Relayed(ctx context.Context, segment survey.Hash) error
	// UnheldBlobs returns the attachments of finished records that the server does not hold.
	UnheldBlobs(ctx context.Context) ([]survey.Kept, error)
	// ReceiveCarried takes over the server's word on logs that were carried to it.
	ReceiveCarried(ctx context.Context, word wire.Carried) (fresh int64, err error)

	// UndeliveredBlobs returns the attachments to hand over, in the order to do so.
	UndeliveredBlobs(ctx context.Context) ([]survey.Attachment, error)
	// Blob returns an attachment's bytes.
	Blob(ctx context.Context, hash survey.Hash) ([]byte, error)
	// BlobDelivered notes that the server has signed for holding all of an attachment.
	BlobDelivered(ctx context.Context, hash survey.Hash) error

	// TendFormFiles returns the files that come with forms and are to fetch, in the order to do so.
	TendFormFiles(ctx context.Context) ([]survey.Attachment, error)
	// FormFileHeld returns how many bytes of one have come.
	FormFileHeld(ctx context.Context, hash survey.Hash) (int64, error)
	// AddToFormFile keeps the next bytes of one and returns how many are here; with the last the file is whole.
	AddToFormFile(ctx context.Context, file survey.Attachment, at int64, piece []byte) (int64, error)
}

// Options say what an agent is given.
type Options struct {
	Clock      survey.Clock
	Rand       func() float64        // from [0, 1), for waiting times; nil takes the usual source
	Transport  http.RoundTripper     // nil connects by TLS with the pinned certificate
	OnProgress func(survey.Progress) // called by one goroutine at a time; nil hears nothing
	Log        *slog.Logger          // nil keeps quiet
	Together   int                   // attachments under way at a time; 2 if not set

	// Dial connects in place of the system, where Transport is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.OnProgress == nil {
		o.OnProgress = func(survey.Progress) {}
	}
	var mu sync.Mutex // receiving points are tried beside a server that keeps silent
	report := o.OnProgress
	o.OnProgress = func(p survey.Progress) {
		mu.Lock()
		defer mu.Unlock()
		report(p)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Together < 1 {
		o.Together = 2
	}
	return o
}

// transport returns what to reach a server with whose certificate has the pin.
func (o Options) transport(pin survey.Hash) http.RoundTripper {
	if o.Transport != nil {
		return o.Transport
	}
	t := pinnedTransport(pin)
	if o.Dial != nil {
		t.Proxy, t.DialContext = nil, o.Dial
	}
	return t
}

// Agent carries one device's log to its server, one thing at a time; receiving points are tried beside a server that
// keeps silent.
type Agent struct {
	log      Log
	o        Options
	wake     chan struct{}
	link     *link // nil before the first round
	pace     pace
	backoff  backoff
	heard    time.Time // when the server's last challenge came, at the earliest
	moved    bool      // something has got across in this round
	lastSync survey.Millis
	skew     time.Duration // how far this device's clock is ahead of the server's
	packed   packed
	begun    survey.Hash // the push of which the server may hold a part
	relayed  bool        // a receiving point was in reach in the last round
	// noErrandKey says that the server takes no errands, as far as this run of the program knows.
	noErrandKey bool
	ear         ear // hears whether the server answers
}

// New returns an agent for a log. It does nothing before Run.
func New(log Log, o Options) *Agent {
	o = o.withDefaults()
	return &Agent{log: log, o: o, wake: make(chan struct{}, 1), pace: newPace(), backoff: backoff{random: o.Rand}}
}

// Wake makes the agent try at once, even while it waits after a failure: the network is back, or a person has asked.
func (a *Agent) Wake() {
	select {
	case a.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Round does everything there is to do, once, and returns how long to wait for the next and why it failed, if it did.
// It is for whoever keeps a schedule of their own in place of Run, and may not run beside it. A failure is waited out;
// after a success something new to hand over is reason not to wait.
func (a *Agent) Round(ctx context.Context) (wait time.Duration, failure error) {
	enrolled, failure := a.round(ctx)
	return a.settle(ctx, enrolled, failure), failure
}

// Run works until the context ends, and returns its error. It may only run once at a time.
func (a *Agent) Run(ctx context.Context) error {
	for {
		enrolled, err := a.round(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := a.rest(ctx, enrolled, err); err != nil {
			return err
		}
	}
}

// rest waits until there is reason for another round: somebody wakes the agent, the time has come, or, after a round
// that succeeded, there is something new to hand over.
func (a *Agent) rest(ctx context.Context, enrolled bool, failure error) error {
	wait := a.settle(ctx, enrolled, failure)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		changed := a.log.Changed()
		if failure == nil && a.hasReason(ctx, enrolled) || a.relayed && a.hasForRelay(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.wake:
			return nil
		case <-timer.C:
			return nil
		case <-changed:
		}
	}
}

// hasReason reports whether something has come up since the last round that cannot wait for the next.
func (a *Agent) hasReason(ctx context.Context, enrolled bool) bool {
	if !enrolled {
		_, now, err := a.log.Enrolment(ctx)
		return err == nil && now
	}
	n, err := a.log.Unsigned(ctx)
	return err == nil && n > 0
}

// settle reports how the round ended and returns how long to wait for the next.
func (a *Agent) settle(ctx context.Context, enrolled bool, failure error) time.Duration {
	if failure == nil {
		a.backoff.reset()
		if enrolled {
			a.lastSync = survey.MillisOf(a.o.Clock())
		}
		a.report(survey.Progress{Activity: survey.Idle})
		return a.backoff.idle()
	}
	if a.moved {
		a.backoff.reset() // the network is there, if not for long: it is used while it lasts
	}
	wait := a.backoff.next(retryAfter(failure))
	p := survey.Progress{Activity: survey.Backoff, Until: survey.MillisOf(a.o.Clock().Add(wait)), Err: failure}
	if survey.KindOf(failure) == survey.Denied {
		p.Activity = survey.Stopped
	}
	a.o.Log.InfoContext(ctx, "sync round failed", slog.String("kind", survey.KindOf(failure).String()),
		slog.Duration("wait", wait), slog.Any("error", failure))
	a.report(p)
	return wait
}

func (a *Agent) report(p survey.Progress) {
	p.LastSync, p.Skew = a.lastSync, a.skew
	a.o.OnProgress(p)
}
