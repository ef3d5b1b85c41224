package client

import (
	"context"
	"net/http"
	"sync"
	"time"

	"zoucun/survey"
)

// headStart is how long the server may keep silent before receiving points are tried beside it: an address that swallows
// what is sent to it must not keep a visit from the laptop on the next desk.
const headStart = 5 * time.Second

// ear hears whether a server answers at all. Its zero value hears for nobody.
type ear struct {
	mu    sync.Mutex
	heard chan struct{} // closed at the first answer
}

// listen begins to hear and returns what is closed at the first answer.
func (e *ear) listen() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = make(chan struct{})
	return e.heard
}

// hear notes that there was an answer.
func (e *ear) hear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard != nil {
		close(e.heard)
		e.heard = nil
	}
}

// listening is a transport whose answers are heard.
type listening struct {
	http.RoundTripper
	ear *ear
}

// RoundTrip implements [http.RoundTripper].
func (l listening) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		l.ear.hear()
	}
	return response, err
}

// CloseIdleConnections passes on what [http.Client] asks of a transport.
func (l listening) CloseIdleConnections() {
	if c, ok := l.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// beside is the road by receiving points while a round with the server lasts. A device that knows none has no such road.
type beside struct {
	near   *Agent // does what is done with receiving points; nil where none is known
	cancel context.CancelFunc
	over   chan struct{} // closed when the round with the server is over
	done   chan struct{} // closed when nothing runs beside it any more
	begun  bool          // may be read once done is closed
}

// beside waits for the server to keep silent too long, and then hands over to receiving points until it speaks.
func (a *Agent) beside(ctx context.Context, e survey.Enrolment) *beside {
	relays, err := a.log.Relays(ctx)
	if err == nil && len(relays) == 0 {
		return &beside{}
	}
	b := &beside{
		near: &Agent{log: a.log, o: a.o, pace: newPace(), lastSync: a.lastSync, skew: a.skew},
		over: make(chan struct{}), done: make(chan struct{}),
	}
	heard := a.ear.listen()
	ctx, b.cancel = context.WithCancel(ctx)
	go func() {
		defer close(b.done)
		b.run(ctx, e, heard)
	}()
	return b
}

func (b *beside) run(ctx context.Context, e survey.Enrolment, heard <-chan struct{}) {
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	select {
	case <-heard:
	case <-b.over:
	case <-ctx.Done():
	case <-timer.C:
		b.begun = true
		b.near.byRelays(ctx, e)
		b.keepHanding(ctx, e, heard)
	}
}

// keepHanding hands over what comes up while a receiving point is in reach and the server keeps silent.
func (b *beside) keepHanding(ctx context.Context, e survey.Enrolment, heard <-chan struct{}) {
	for b.near.relayed {
		changed := b.near.log.Changed()
		if b.near.hasForRelay(ctx) {
			b.near.byRelays(ctx, e)
			continue
		}
		select {
		case <-heard:
			return
		case <-b.over:
			return
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// end ends the road beside a round that ended like this, and reports whether a receiving point was in reach. A server that
// was not to be had leaves everything to receiving points.
func (b *beside) end(ctx context.Context, e survey.Enrolment, failure error) bool {
	if b.near == nil {
		return false
	}
	close(b.over)
	away := survey.KindOf(failure) == survey.Unavailable
	if !away {
		b.cancel()
	}
	<-b.done
	b.cancel()
	if away && !b.begun && ctx.Err() == nil {
		b.near.byRelays(ctx, e)
	}
	return b.near.relayed
}
