package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// A frame of HTTP/2 that is cut off is lost whole. So on a slow link, where chunks are small, frames are small; each costs 31
// bytes, its TLS record included.
const (
	smallestPiece = 2 << 10
	largestPiece  = 16 << 10
)

// pieceOf returns how many bytes a frame should have where so many are handed over.
func pieceOf(bytes int) int { return min(max(bytes/16, smallestPiece), largestPiece) }

// haul is attachments on their way, a few at a time so that the line is not idle while a reply comes back. Their bytes go one
// after the other all the same: after a cut there is doubt about the first of them alone, and the line is busy with the next
// while that is asked after.
type haul struct {
	agent *Agent
	queue chan survey.Attachment
	went  chan wentBytes
	ended chan error
	chunk atomic.Int64  // bytes of one request
	line  chan struct{} // full while the bytes of one request are put on the line
	vain  atomic.Int64  // connections that broke since anything got across
	most  int64         // how many of them are no network any more

	mu      sync.Mutex
	breaks  int       // requests that broke
	under   int       // requests under way since the last of them
	replies int       // requests that were answered
	last    time.Time // when the last of them was
}

// leaving is how things stood when a request left.
type leaving struct {
	breaks  int
	behind  bool // another's reply was still to come
	replies int
}

// wentBytes is what came of one request: how many more bytes the server holds, how many went, and how long that took.
type wentBytes struct {
	held   int64
	packed int
	took   time.Duration
	stuck  bool // none of them came
}

// upload hands over attachments. One that cannot be read or is refused does not keep the others.
func (a *Agent) upload(ctx context.Context) error {
	blobs, err := a.log.UndeliveredBlobs(ctx)
	if err != nil || len(blobs) == 0 {
		return err
	}
	carriers := min(a.o.Together, len(blobs))
	h := &haul{
		agent: a, queue: make(chan survey.Attachment, len(blobs)), went: make(chan wentBytes), ended: make(chan error),
		line: make(chan struct{}, 1), most: int64(4 * carriers),
	}
	var total int64
	for _, blob := range blobs {
		h.queue <- blob
		total += blob.Size
	}
	close(h.queue)
	h.chunk.Store(int64(a.pace.chunk))
	for range carriers {
		go func() { h.ended <- h.carry(ctx) }()
	}
	return h.follow(carriers, total)
}

// follow says how far it has come, and learns from it, until all carriers have ended.
func (h *haul) follow(carriers int, total int64) (failed error) {
	a, done := h.agent, int64(0)
	for carriers > 0 {
		a.report(survey.Progress{Activity: survey.Uploading, Done: min(done, total), Total: total})
		select {
		case n := <-h.went:
			done += n.held
			a.moved = a.moved || n.held > 0
			if n.stuck {
				a.pace.stuck()
			}
			a.pace.took(0, n.packed, n.took)
			h.chunk.Store(int64(a.pace.chunk))
		case err := <-h.ended:
			carriers--
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// carry hands over attachments until there are no more or there is no network. How much the server holds already it asks
// for the first and after a failure: what follows in an untroubled run has not been begun.
func (h *haul) carry(ctx context.Context) error {
	var failed error
	doubt := true
	for blob := range h.queue {
		err := h.deliver(ctx, blob, doubt)
		if doubt = err != nil; survey.KindOf(err) == survey.Unavailable {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// deliver hands over what the server lacks of one attachment, as long as anything gets across.
func (h *haul) deliver(ctx context.Context, blob survey.Attachment, doubt bool) error {
	data, err := h.agent.log.Blob(ctx, blob.SHA256)
	if err != nil {
		return err
	}
	sent := false // bytes of which nobody knows what came
	for offset := int64(0); offset < int64(len(data)); {
		before, stuck := offset, false
		if doubt {
			offset, err = h.agent.held(ctx, blob)
			stuck, doubt = sent && offset == before, err != nil
		} else {
			offset, doubt, err = h.send(ctx, blob, data, offset)
			sent = doubt
		}
		switch {
		case err == nil:
			if offset > before {
				h.vain.Store(0)
			}
			h.went <- wentBytes{held: max(0, offset-before), stuck: stuck}
		case !errors.Is(err, errBroken) || ctx.Err() != nil || h.vain.Add(1) > h.most:
			return err
		default:
			offset = before
		}
	}
	return h.agent.log.BlobDelivered(ctx, blob.SHA256)
}

// send sends a chunk from offset on and returns how many bytes the server then holds. Where the connection breaks under it, it
// tells whether any of them may have come.
func (h *haul) send(ctx context.Context, blob survey.Attachment, data []byte, offset int64) (held int64, doubt bool, err error) {
	chunk := data[offset:min(int64(len(data)), offset+h.chunk.Load())]
	h.line <- struct{}{}
	sent := sync.OnceFunc(func() { <-h.line })
	defer sent()
	left := h.leave()
	held, took, err := h.agent.uploadChunk(ctx, blob, chunk, offset, sent)
	if err != nil {
		return offset, h.broke(left), err
	}
	h.went <- wentBytes{packed: len(chunk), took: min(took, h.answered(left))}
	return held, false, nil
}

// leave notes that a request is on its way.
func (h *haul) leave() leaving {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.under++
	return leaving{h.breaks, h.under > 1, h.replies}
}

// answered notes that a request was answered, and returns how long that is after the one before.
func (h *haul) answered(l leaving) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.breaks == h.breaks {
		h.under--
	}
	now := h.agent.o.Clock()
	since := now.Sub(h.last)
	h.replies, h.last = h.replies+1, now
	return since
}

// broke notes that a request broke, and reports whether any of its bytes may have come: they have not while those of the one
// before it were on the line.
func (h *haul) broke(l leaving) (doubt bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.breaks, h.under = h.breaks+1, 0
	return !l.behind || l.replies != h.replies
}

// held asks how many bytes of an attachment the server holds durably.
func (a *Agent) held(ctx context.Context, blob survey.Attachment) (int64, error) {
	answer, err := a.link.exchange(ctx, call{method: http.MethodHead, path: wire.PathBlob + blob.SHA256.String()})
	if err != nil {
		return 0, err
	}
	if err := answer.refusal("client.held"); err != nil {
		return 0, err
	}
	return answer.offset(blob.Size)
}

// uploadChunk sends bytes that belong at offset and returns how many the server then holds.
func (a *Agent) uploadChunk(ctx context.Context, blob survey.Attachment, chunk []byte, offset int64, sent func()) (held int64, took time.Duration, err error) {
	answer, err := a.link.exchange(ctx, call{
		method: http.MethodPatch, path: wire.PathBlob + blob.SHA256.String(), body: chunk,
		offset: strconv.FormatInt(offset, 10), length: strconv.FormatInt(blob.Size, 10),
		piece: pieceOf(len(chunk)), sent: sent,
	})
	if err != nil {
		return offset, 0, err
	}
	if err := answer.refusal("client.upload"); err != nil && answer.status != http.StatusConflict {
		return offset, 0, err
	}
	held, err = answer.offset(blob.Size)
	if err == nil && held == offset {
		err = &survey.Error{Kind: survey.Unavailable, Op: "client.upload", Err: errors.New("no progress")}
	}
	return held, answer.took, err
}

// offset reads how many of so many bytes a reply says are held.
func (a answer) offset(size int64) (int64, error) {
	offset, err := strconv.ParseInt(a.header.Get(wire.HeaderOffset), 10, 64)
	if err != nil || offset < 0 || offset > size {
		return 0, unavailable(fmt.Errorf("offset %q of %d bytes", a.header.Get(wire.HeaderOffset), size))
	}
	return offset, nil
}
