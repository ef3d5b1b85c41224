// Package proxy stands between a device and its server as a bad network does: it holds back what comes from the server,
// and cuts connections with what it still holds.
package proxy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// Proxy passes TCP connections on to one address.
type Proxy struct {
	target   string
	listener net.Listener
	open     sync.WaitGroup

	mu    sync.Mutex
	delay time.Duration
	ends  map[net.Conn]struct{}
	knife *knife
}

// knife cuts every connection after a byte.
type knife struct {
	up   bool  // counts what goes to the server, else what comes from there
	left int64 // bytes that still pass
	cut  chan struct{}
}

// New returns a proxy to target that listens on a free port of the loopback.
func New(ctx context.Context, target string) (*Proxy, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{target: target, listener: listener, ends: map[net.Conn]struct{}{}}
	p.open.Go(func() { p.accept(ctx) })
	return p, nil
}

// Addr returns the address to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Hold makes everything from the server arrive this much later, from now on.
func (p *Proxy) Hold(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Cut ends every connection. What was held back never arrives.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.ends {
		_ = conn.Close() // its other half notices
	}
}

// CutAfter ends every connection, once, when so many more bytes have passed to the server or from it. The byte after
// those never passes. The channel it returns is closed then; another call takes the place of this one.
func (p *Proxy) CutAfter(bytes int64, toServer bool) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.knife = &knife{up: toServer, left: bytes, cut: make(chan struct{})}
	return p.knife.cut
}

// passing returns how many of n bytes may pass, and whether that is the end.
func (p *Proxy) passing(n int, toServer bool) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.knife
	if k == nil || k.up != toServer {
		return n, false
	}
	if int64(n) <= k.left {
		k.left -= int64(n)
		return n, false
	}
	p.knife = nil
	close(k.cut)
	return int(k.left), true
}

// Close ends every connection and takes no more.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.Cut()
	p.open.Wait()
	return err
}

func (p *Proxy) accept(ctx context.Context) {
	var dialer net.Dialer
	for {
		device, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := dialer.DialContext(ctx, "tcp", p.target)
		if err != nil {
			_ = device.Close() // as if the server were not there
			continue
		}
		p.track(device, server)
		p.open.Go(func() { p.pass(server, device, true) })
		p.open.Go(func() { p.pass(device, server, false) })
	}
}

func (p *Proxy) track(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.ends[conn] = struct{}{}
	}
}

// held returns how much later something is to arrive.
func (p *Proxy) held(toServer bool) time.Duration {
	if toServer {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delay
}

// parcel is what was read at once, and when it is due.
type parcel struct {
	due  time.Time
	data []byte
}

// pass carries bytes one way until either side ends. What is not due by then is lost.
func (p *Proxy) pass(to, from net.Conn, toServer bool) {
	parcels, gone := make(chan parcel, 1024), make(chan struct{})
	var carrier sync.WaitGroup
	carrier.Go(func() {
		for parcel := range parcels {
			select {
			case <-time.After(time.Until(parcel.due)):
				n, cut := p.passing(len(parcel.data), toServer)
				_, _ = to.Write(parcel.data[:n]) // a connection that has ended takes nothing more
				if cut {
					p.Cut()
				}
			case <-gone:
				return
			}
		}
	})
	for {
		buf := make([]byte, 16<<10)
		n, err := from.Read(buf)
		if err != nil {
			break
		}
		parcels <- parcel{time.Now().Add(p.held(toServer)), buf[:n]}
	}
	close(gone)
	close(parcels)
	carrier.Wait()
	p.forget(to, from)
}

func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close() // both halves end together
		delete(p.ends, conn)
	}
}
