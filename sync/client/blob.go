package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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

// haul is attachments on their way, a few at a time so that the line is not idle while a reply comes back.
type haul struct {
	agent *Agent
	queue chan survey.Attachment
	went  chan wentBytes
	ended chan error
	chunk atomic.Int64  // bytes of one request
	mend  chan struct{} // full while one asks after a connection broke
}

// wentBytes is what came of one request: how many more bytes the server holds, how many went, and how long that took.
type wentBytes struct {
	held   int64
	packed int
	took   time.Duration
	failed bool
}

// upload hands over attachments. One that cannot be read or is refused does not keep the others.
func (a *Agent) upload(ctx context.Context) error {
	blobs, err := a.log.UndeliveredBlobs(ctx)
	if err != nil || len(blobs) == 0 {
		return err
	}
	h := &haul{agent: a, queue: make(chan survey.Attachment, len(blobs)), went: make(chan wentBytes), ended: make(chan error), mend: make(chan struct{}, 1)}
	var total int64
	for _, blob := range blobs {
		h.queue <- blob
		total += blob.Size
	}
	close(h.queue)
	h.chunk.Store(int64(a.pace.chunk))
	carriers := min(a.o.Together, len(blobs))
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
			if n.failed && n.held == 0 {
				a.pace.stuck()
			} else if !n.failed {
				a.pace.took(0, n.packed, n.took)
			}
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

// deliver hands over what the server lacks of one attachment.
func (h *haul) deliver(ctx context.Context, blob survey.Attachment, doubt bool) error {
	data, err := h.agent.log.Blob(ctx, blob.SHA256)
	if err != nil {
		return err
	}
	var offset int64
	if doubt {
		if offset, err = h.agent.held(ctx, blob); err != nil {
			return err
		}
		h.went <- wentBytes{held: offset}
	}
	for vain := 0; offset < int64(len(data)); {
		held, broke, err := h.send(ctx, blob, data, offset)
		if vain++; held > offset {
			vain = 0
		}
		if err != nil || broke != nil && vain > 1 {
			return errors.Join(err, broke)
		}
		offset = held
	}
	return h.agent.log.BlobDelivered(ctx, blob.SHA256)
}

// send sends a chunk from offset on and returns how many bytes the server then holds. Where the connection breaks under
// it, it says so, asks how much has come, and fails only if that cannot be known.
func (h *haul) send(ctx context.Context, blob survey.Attachment, data []byte, offset int64) (held int64, broke, err error) {
	chunk := data[offset:min(int64(len(data)), offset+h.chunk.Load())]
	held, took, err := h.agent.uploadChunk(ctx, blob, chunk, offset)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		broke = err
		held, err = h.mended(ctx, blob)
	}
	h.went <- wentBytes{held: max(0, held-offset), packed: len(chunk), took: took, failed: broke != nil || err != nil}
	return held, broke, err
}

// mended asks how much has come, after a connection broke. Whoever comes first connects anew, for all; a network that cuts
// that off too is given one more try.
func (h *haul) mended(ctx context.Context, blob survey.Attachment) (int64, error) {
	h.mend <- struct{}{}
	defer func() { <-h.mend }()
	held, err := h.agent.held(ctx, blob)
	if errors.Is(err, errBroken) && ctx.Err() == nil {
		held, err = h.agent.held(ctx, blob)
	}
	return held, err
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
	return answer.offset(blob)
}

// uploadChunk sends bytes that belong at offset and returns how many the server then holds.
func (a *Agent) uploadChunk(ctx context.Context, blob survey.Attachment, chunk []byte, offset int64) (held int64, took time.Duration, err error) {
	answer, err := a.link.exchange(ctx, call{
		method: http.MethodPatch, path: wire.PathBlob + blob.SHA256.String(), body: chunk,
		offset: strconv.FormatInt(offset, 10), length: strconv.FormatInt(blob.Size, 10),
		piece: min(max(len(chunk)/16, smallestPiece), largestPiece),
	})
	if err != nil {
		return offset, 0, err
	}
	if err := answer.refusal("client.upload"); err != nil && answer.status != http.StatusConflict {
		return offset, 0, err
	}
	held, err = answer.offset(blob)
	if err == nil && held == offset {
		err = &survey.Error{Kind: survey.Unavailable, Op: "client.upload", Err: errors.New("no progress")}
	}
	return held, answer.took, err
}

// offset reads how many bytes of the attachment a reply says are held.
func (a answer) offset(blob survey.Attachment) (int64, error) {
	offset, err := strconv.ParseInt(a.header.Get(wire.HeaderOffset), 10, 64)
	if err != nil || offset < 0 || offset > blob.Size {
		return 0, unavailable(fmt.Errorf("offset %q of %d bytes", a.header.Get(wire.HeaderOffset), blob.Size))
	}
	return offset, nil
}
