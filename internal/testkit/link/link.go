// Package link is a mobile network as villages have it, under real HTTP: slow, late, lossy, dark for half a minute now
// and then, and cut. It tells the time by package time alone and so lives in virtual time within testing/synctest.
package link

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// Model is what a network is like.
type Model struct {
	Bits     int           // a second, each way
	MinRTT   time.Duration // a round trip takes between this
	MaxRTT   time.Duration // and this
	Loss     float64       // of packets, which come a round trip later
	Dark     time.Duration // how long it is out of reach
	Every    time.Duration // how often; 0 for never
	CutAfter int           // bytes after which a connection breaks, on average; 0 for never
}

// TwoG and FourG are what one gets on a hill and in the township.
var (
	TwoG = Model{
		Bits: 20_000, MinRTT: 1200 * time.Millisecond, MaxRTT: 5 * time.Second, Loss: 0.1,
		Dark: 30 * time.Second, Every: 4 * time.Minute, CutAfter: 40_000,
	}
	FourG = Model{Bits: 10_000_000, MinRTT: 40 * time.Millisecond, MaxRTT: 80 * time.Millisecond, Loss: 0.005, CutAfter: 4_000_000}
)

// Network is the air between devices and one server: a net.Listener for the server, and a way to dial it.
type Network struct {
	model Model
	seed  uint64
	begun time.Time
	calls chan net.Conn
	done  chan struct{}

	mu      sync.Mutex
	dialled int
	up      int64
	down    int64
	cuts    int
}

// New returns a network whose accidents follow from the seed.
func New(m Model, seed uint64) *Network {
	return &Network{model: m, seed: seed, begun: time.Now(), calls: make(chan net.Conn), done: make(chan struct{})}
}

// Traffic is what has passed.
type Traffic struct {
	Connections int
	Up, Down    int64 // bytes, as HTTP has them
	Cuts        int
}

// Traffic returns what has passed so far.
func (n *Network) Traffic() Traffic {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Traffic{n.dialled, n.up, n.down, n.cuts}
}

// Accept implements [net.Listener].
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.calls:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (n *Network) Close() error {
	close(n.done)
	return nil
}

// Addr implements [net.Listener].
func (n *Network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// Dial connects to the server, whatever the address.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	n.dialled++
	id := uint64(n.dialled)
	n.mu.Unlock()
	random := rand.New(rand.NewPCG(n.seed, id)) //nolint:gosec // has to be repeatable
	if err := pause(ctx, time.Until(n.light(time.Now()))+n.model.rtt(random)); err != nil {
		return nil, err
	}
	left := -1
	if n.model.CutAfter > 0 {
		left = random.IntN(2 * n.model.CutAfter)
	}
	c := &connection{left: left}
	c.way[0] = n.lane(c, random.Uint64(), &n.up)
	c.way[1] = n.lane(c, random.Uint64(), &n.down)
	for _, l := range c.way {
		go l.run()
	}
	select {
	case n.calls <- &end{c, c.way[0], c.way[1], n.Addr()}:
		return &end{c, c.way[1], c.way[0], n.Addr()}, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *Network) lane(c *connection, seed uint64, count *int64) *lane {
	return &lane{net: n, conn: c, random: rand.New(rand.NewPCG(n.seed, seed)), count: count, news: make(chan struct{}, 1), work: make(chan struct{}, 1)} //nolint:gosec // has to be repeatable
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m Model) rtt(random *rand.Rand) time.Duration {
	return m.MinRTT + time.Duration(random.Int64N(int64(m.MaxRTT-m.MinRTT)+1))
}

// light returns the next moment, from at on, at which the network is within reach.
func (n *Network) light(at time.Time) time.Time {
	if n.model.Every == 0 {
		return at
	}
	if since := at.Sub(n.begun) % n.model.Every; since > n.model.Every-n.model.Dark {
		return at.Add(n.model.Every - since)
	}
	return at
}

// connection is two lanes that break together.
type connection struct {
	way  [2]*lane
	mu   sync.Mutex
	left int // bytes until it breaks; negative for never
	cut  sync.Once
}

// pass counts bytes and reports how many of them still pass.
func (c *connection) pass(n int) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left < 0 {
		return n, true
	}
	n = min(n, c.left)
	c.left -= n
	return n, c.left > 0
}

// end is one side of a connection.
type end struct {
	*connection
	in, out *lane
	address net.Addr
}

// Read implements [net.Conn].
func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write implements [net.Conn].
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

// Close implements [net.Conn]. What is under way still arrives.
func (e *end) Close() error {
	e.in.end(net.ErrClosed)
	e.out.mu.Lock()
	e.out.closing = true
	e.out.mu.Unlock()
	wake(e.out.work)
	return nil
}

// LocalAddr implements [net.Conn].
func (e *end) LocalAddr() net.Addr { return e.address }

// RemoteAddr implements [net.Conn].
func (e *end) RemoteAddr() net.Addr { return e.address }

// SetDeadline implements [net.Conn].
func (e *end) SetDeadline(t time.Time) error {
	return errors.Join(e.SetReadDeadline(t), e.SetWriteDeadline(t))
}

// SetReadDeadline implements [net.Conn].
func (e *end) SetReadDeadline(t time.Time) error {
	e.in.mu.Lock()
	e.in.deadline = t
	e.in.mu.Unlock()
	wake(e.in.news)
	return nil
}

// SetWriteDeadline implements [net.Conn]. A write waits for nothing; it has no deadline.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// packet is what travels at once.
type packet struct {
	due  time.Time
	data []byte
}

// size of a packet, and how much may wait for the line before the next one does: what was never on the air is not cut off and
// does not count.
const (
	packetSize = 1400
	window     = 2 * packetSize
)

// lane is one direction. A write never waits, as the buffer of a socket does not while it has room: what is held under a
// lock while it waited would keep the bubble's time from passing.
type lane struct {
	net    *Network
	conn   *connection
	random *rand.Rand // of run alone
	count  *int64
	free   time.Time     // when the line is free again; of run alone
	news   chan struct{} // to the reader
	work   chan struct{} // to run

	mu       sync.Mutex
	waiting  []byte // written, and not on the line
	closing  bool   // no more is written
	packets  []packet
	last     time.Time // when the last packet is due
	ended    error     // after the packets
	deadline time.Time
}

func wake(sleeper chan struct{}) {
	select {
	case sleeper <- struct{}{}:
	default:
	}
}

func (l *lane) end(with error) {
	l.mu.Lock()
	if l.ended == nil || errors.Is(with, net.ErrClosed) {
		l.ended = with
	}
	l.mu.Unlock()
	wake(l.news)
	wake(l.work)
}

func (l *lane) write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.ended, io.ErrUnexpectedEOF) {
		return len(p), nil // goes nowhere, and nobody has told
	}
	if l.ended != nil || l.closing {
		return 0, net.ErrClosed
	}
	l.waiting = append(l.waiting, p...)
	wake(l.work)
	return len(p), nil
}

// run puts what is written on the line, packet by packet, until the connection breaks or is closed.
func (l *lane) run() {
	for {
		data, done := l.next()
		if done {
			return
		}
		if len(data) == 0 {
			<-l.work
			continue
		}
		n, whole := l.conn.pass(len(data))
		l.send(data[:n])
		if !whole {
			l.net.cut(l.conn)
			return
		}
		if ahead := time.Until(l.free) - l.air(window); ahead > 0 {
			time.Sleep(ahead)
		}
	}
}

// next takes a packet of what waits, and reports whether there is nothing to do any more.
func (l *lane) next() (data []byte, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return nil, true
	}
	if len(l.waiting) == 0 && l.closing {
		l.ended = io.EOF
		wake(l.news)
		return nil, true
	}
	n := min(packetSize, len(l.waiting))
	data, l.waiting = l.waiting[:n:n], l.waiting[n:]
	return data, false
}

func (l *lane) air(bytes int) time.Duration {
	return time.Duration(bytes) * 8 * time.Second / time.Duration(l.net.model.Bits)
}

// send puts a packet on the line. A lost one takes its time on the line twice, and what follows waits for it.
func (l *lane) send(data []byte) {
	now := time.Now()
	l.free = l.net.light(later(now, l.free)).Add(l.air(len(data)))
	late := l.net.model.rtt(l.random) / 2
	if l.random.Float64() < l.net.model.Loss {
		l.free = l.free.Add(l.air(len(data)))
		late += l.net.model.rtt(l.random)
	}
	l.mu.Lock()
	l.last = later(l.last, l.free.Add(late))
	l.packets = append(l.packets, packet{l.last, append([]byte(nil), data...)})
	l.mu.Unlock()
	l.net.mu.Lock()
	*l.count += int64(len(data))
	l.net.mu.Unlock()
	wake(l.news)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (l *lane) read(p []byte) (int, error) {
	for {
		n, wait, err := l.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.news:
		}
		timer.Stop()
	}
}

// take returns what has arrived, or how long to wait for more.
func (l *lane) take(p []byte) (n int, wait time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	wait = time.Hour
	if errors.Is(l.ended, net.ErrClosed) {
		return 0, 0, l.ended
	}
	if !l.deadline.IsZero() {
		if wait = l.deadline.Sub(now); wait <= 0 {
			return 0, 0, os.ErrDeadlineExceeded
		}
	}
	if len(l.packets) == 0 {
		return 0, wait, l.ended
	}
	first := &l.packets[0]
	if d := first.due.Sub(now); d > 0 {
		return 0, min(wait, d), nil
	}
	n = copy(p, first.data)
	if first.data = first.data[n:]; len(first.data) == 0 {
		l.packets = l.packets[1:]
	}
	return n, 0, nil
}

// cut breaks a connection: neither end hears more than what is under way.
func (n *Network) cut(c *connection) {
	c.cut.Do(func() {
		n.mu.Lock()
		n.cuts++
		n.mu.Unlock()
		for _, l := range c.way {
			l.end(io.ErrUnexpectedEOF)
		}
	})
}
