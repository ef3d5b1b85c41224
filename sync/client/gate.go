package client

import (
	"context"
	"sync"
)

// gate has one request connect where several would: each would open a connection of its own, and a slow line would carry the
// handshakes of all. Its zero value is shut.
type gate struct {
	mu   sync.Mutex
	open bool          // there was a connection, and no request has failed since
	turn chan struct{} // full while a request connects
}

// enter returns at once where there is a connection; else it waits for whoever connects, or has the caller do so. The function
// it returns lets the others through; it may be called more than once.
func (g *gate) enter(ctx context.Context) (through func(), err error) {
	open, turn := g.state()
	if open {
		return func() {}, nil
	}
	select {
	case turn <- struct{}{}:
		return sync.OnceFunc(func() { <-turn }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (g *gate) state() (open bool, turn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.turn == nil {
		g.turn = make(chan struct{}, 1)
	}
	return g.open, g.turn
}

// connected says that there is a connection.
func (g *gate) connected() { g.set(true) }

// broken says that a request has failed: the connection it had may be no more.
func (g *gate) broken() { g.set(false) }

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}
