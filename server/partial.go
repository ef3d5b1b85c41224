package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// maxPartials is how many bytes the pushes that have come in part may have together, whole. Beyond it the one that was
// begun first is forgotten.
const maxPartials = 64 << 20

// partials keeps what has come of a push of each device, so that a cut costs no more than what was on its way. It is
// memory, and no promise: only a receipt says that something is kept, and what is lost of a part is sent again.
type partials struct {
	mu    sync.Mutex
	of    map[survey.DeviceID]*partial
	queue []*partial // in the order they were begun
	size  int64
}

// partial is a push of which a part has come.
type partial struct {
	device survey.DeviceID
	sum    survey.Hash
	size   int64

	mu      sync.Mutex
	bytes   []byte
	readers int // requests that bring bytes of it
}

func newPartials() *partials { return &partials{of: map[survey.DeviceID]*partial{}} }

// find returns what there is of a device's push, or nil.
func (p *partials) find(device survey.DeviceID, sum survey.Hash) *partial {
	p.mu.Lock()
	defer p.mu.Unlock()
	if part := p.of[device]; part != nil && part.sum == sum {
		return part
	}
	return nil
}

// begin returns what there is of a device's push. Any other push of the same device is forgotten: a device has one at a time.
func (p *partials) begin(device survey.DeviceID, sum survey.Hash, size int64) *partial {
	p.mu.Lock()
	defer p.mu.Unlock()
	part := p.of[device]
	if part != nil && part.sum == sum && part.size == size {
		return part
	}
	p.forget(part)
	for len(p.queue) > 0 && p.size+size > maxPartials {
		p.forget(p.queue[0])
	}
	part = &partial{device: device, sum: sum, size: size}
	p.of[device], p.queue, p.size = part, append(p.queue, part), p.size+size
	return part
}

// drop forgets a push, if it is still the device's own.
func (p *partials) drop(part *partial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[part.device] == part {
		p.forget(part)
	}
}

func (p *partials) forget(part *partial) {
	for i, other := range p.queue {
		if other == part {
			p.queue, p.size = append(p.queue[:i], p.queue[i+1:]...), p.size-part.size
			delete(p.of, part.device)
			return
		}
	}
}

// held returns how many bytes have come.
func (p *partial) held() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.bytes))
}

// reading notes that a request begins to bring bytes, and returns what notes its end.
func (p *partial) reading() (end func()) {
	p.count(1)
	return func() { p.count(-1) }
}

func (p *partial) count(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readers += n
	return p.readers
}

// restTime is how long the rest of a request that broke is waited for, before it is said how much has come.
const restTime = 250 * time.Millisecond

// rest waits until nobody brings bytes any more, but not for long: a connection may be gone without anybody having said so.
func (p *partial) rest(ctx context.Context) {
	for wait := time.Millisecond; wait < restTime && p.count(0) > 0; wait *= 2 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// add takes bytes that belong at an offset, and passes over those that are held. A gap, and more bytes than the push has,
// are of kind Conflicting.
func (p *partial) add(at int64, bytes []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, end := int64(len(p.bytes)), at+int64(len(bytes))
	if at < 0 || at > held || end > p.size {
		err := fmt.Errorf("bytes %d to %d of %d, held %d", at, end, p.size, held)
		return &survey.Error{Kind: survey.Conflicting, Op: "server.partial", Err: err}
	}
	if end > held {
		p.bytes = append(p.bytes, bytes[held-at:]...)
	}
	return nil
}

// whole returns all the bytes, or nil where they are not all here.
func (p *partial) whole() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int64(len(p.bytes)) < p.size {
		return nil
	}
	return p.bytes
}

// heldPush answers how much has come of a push.
func (s *Server) heldPush(ctx context.Context, e *exchange) (reply, error) {
	sum, err := survey.ParseHash(e.http.PathValue("sum"))
	if err != nil {
		return reply{}, &survey.Error{Kind: survey.Invalid, Op: "server.heldPush", Err: err}
	}
	part := s.partials.find(e.request.Device, sum)
	if part == nil {
		return progress(0, 0), nil
	}
	part.rest(ctx)
	return progress(part.held(), part.size), nil
}

// addPush takes bytes of a push while they come. With the last of them the push is received, and the reply is its receipt, or
// a refusal without an offset: that says that bytes are lacking.
func (s *Server) addPush(ctx context.Context, e *exchange) (reply, error) {
	defer e.drain()
	part, at, err := s.partOf(e)
	if err != nil {
		return reply{}, err
	}
	if err := e.keep(part, at); err != nil {
		return progress(part.held(), part.size), err
	}
	if e.body = part.whole(); e.body == nil {
		return progress(part.held(), part.size), nil
	}
	if sha256.Sum256(e.body) != part.sum {
		s.partials.drop(part)
		return progress(0, part.size), damagedBody(errDigest)
	}
	answer, err := s.push(ctx, e)
	if err == nil {
		all := progress(part.size, part.size)
		answer.offset, answer.length = all.offset, all.length
	}
	return answer, err
}

// partOf returns the push whose bytes a request brings, and where they belong.
func (s *Server) partOf(e *exchange) (part *partial, at int64, err error) {
	sum, err := survey.ParseHash(e.http.PathValue("sum"))
	size, sizeErr := strconv.ParseInt(e.request.Length, 10, 64)
	at, atErr := strconv.ParseInt(e.request.Offset, 10, 64)
	if err := errors.Join(err, sizeErr, atErr); err != nil || size <= 0 {
		return nil, 0, &survey.Error{Kind: survey.Invalid, Op: "server.addPush", Err: errors.Join(err, fmt.Errorf("%d bytes", size))}
	}
	if size > wire.MaxPacked {
		return nil, 0, &survey.Error{Kind: survey.Invalid, Op: "server.addPush", Err: errSize}
	}
	return s.partials.begin(e.request.Device, sum, size), at, nil
}

// keep adds what comes until the body ends.
func (e *exchange) keep(part *partial, at int64) error {
	if at > part.held() {
		return part.add(at, nil) // a gap: nothing of the body is of use
	}
	defer part.reading()()
	piece := make([]byte, flushSize)
	for {
		n, err := e.stream.Read(piece)
		if addErr := part.add(at, piece[:n]); addErr != nil {
			return addErr
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
