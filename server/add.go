package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Bytes of an attachment are put on the disk while they come, so that a cut costs no more than what was on its way. A
// flush takes milliseconds: there is one for so many bytes, and no more than so many a second.
const (
	flushSize  = 64 << 10
	flushPause = 100 * time.Millisecond
)

// HTTP2 returns how a server has to be set for that: a body that came in frames as large as itself would be seen when all of
// it is there.
func HTTP2() *http.HTTP2Config { return &http.HTTP2Config{MaxReadFrameSize: 16 << 10} }

// add takes bytes of an attachment. Whatever comes of it, the reply says how many are held.
func (s *Server) add(ctx context.Context, e *exchange) (reply, error) {
	defer e.drain()
	sum, size, err := s.named(ctx, e)
	if err != nil {
		return reply{}, err
	}
	at, err := strconv.ParseInt(e.request.Offset, 10, 64)
	if err != nil || e.http.ContentLength > wire.MaxChunk || e.request.Length != strconv.FormatInt(size, 10) {
		return reply{}, &survey.Error{
			Kind: survey.Invalid, Op: "server.add",
			Err: errors.Join(err, fmt.Errorf("%d bytes at %q of %q, which has %d", e.http.ContentLength, e.request.Offset, e.request.Length, size)),
		}
	}
	held, err := s.Blobs.Held(ctx, sum, size)
	if err != nil || held == size || e.http.ContentLength > 0 && at+e.http.ContentLength <= held {
		return progress(held, size), err
	}
	// Whoever hands over may be gone before the last of what came is kept.
	held, err = s.keep(context.WithoutCancel(ctx), e, arriving{sum: sum, size: size, held: held, at: at})
	return progress(held, size), err
}

// arriving is bytes of an attachment that come.
type arriving struct {
	sum  survey.Hash
	size int64
	held int64 // how many bytes were held before
	at   int64 // where the first of these belongs
}

// keep puts what comes on the disk, piece by piece, and returns how much of the attachment is there. The last piece counts
// only if the whole body is what the header claims; if it is not, all that came with it is forgotten. What has come of a
// body that breaks off stays: the attachment's name tells in the end whether it was right.
func (s *Server) keep(ctx context.Context, e *exchange, a arriving) (int64, error) {
	digest := sha256.New()
	body := body{from: e.stream, left: e.http.ContentLength, clock: s.Clock}
	for at := a.at; ; {
		piece, end := body.piece()
		digest.Write(piece)
		if errors.Is(end, io.EOF) && survey.Hash(digest.Sum(nil)) != e.request.Body {
			return a.held, errors.Join(damagedBody(errDigest), s.Blobs.Forget(ctx, a.sum, a.held))
		}
		held, err := s.Blobs.Append(ctx, a.sum, a.size, at, piece)
		if errors.Is(end, io.EOF) || err != nil {
			return held, err
		}
		if end != nil {
			return held, end
		}
		at += int64(len(piece))
	}
}

// body is the bytes of an attachment as they come.
type body struct {
	from  io.Reader
	left  int64 // bytes that are still to come; negative if nobody has said
	clock survey.Clock
	bytes []byte
}

// piece returns what has come by the time it is worth a flush. With the last bytes, and no sooner, it returns [io.EOF]; a
// body that breaks off, with what has come of it, why.
func (b *body) piece() ([]byte, error) {
	if b.bytes == nil {
		b.bytes = make([]byte, wire.MaxChunk)
	}
	n, begun := 0, b.clock()
	for n < len(b.bytes) {
		k, err := b.from.Read(b.bytes[n:])
		n, b.left = n+k, b.left-int64(k)
		if err != nil {
			return b.bytes[:n], err
		}
		if b.left > 0 && n >= flushSize && b.clock().Sub(begun) >= flushPause {
			return b.bytes[:n], nil
		}
	}
	return b.last(n)
}

// last returns a piece of as many bytes as a body may have, if there are no more.
func (b *body) last(n int) ([]byte, error) {
	if more, err := io.ReadFull(b.from, make([]byte, 1)); more == 0 {
		return b.bytes[:n], err
	}
	return b.bytes[:n], errSize
}
