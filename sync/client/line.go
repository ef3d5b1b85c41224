package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Line is a relay's conversation with the county. It may be used by one goroutine at a time.
type Line struct{ link *link }

// Dial returns a line to the server of an enrolled relay. It connects when it is used first. A nil transport is one of
// its own.
func Dial(e survey.Enrolment, device survey.DeviceID, keys seal.DeviceKeys, transport http.RoundTripper) (*Line, error) {
	l, err := newLink(e, device, keys, transport)
	return &Line{l}, err
}

// Close drops idle connections.
func (l *Line) Close() { l.link.close() }

// Pull asks for what the county has to say besides the feeds, and for the feeds.
func (l *Line) Pull(ctx context.Context, pull wire.Pull) (wire.PullReply, error) {
	return ask[wire.PullReply](ctx, l.link, "client.Pull", wire.PathPull, &pull)
}

// News asks for what a relay has to know of the devices in its villages.
func (l *Line) News(ctx context.Context, after survey.DeviceID) (wire.RelayNews, error) {
	return ask[wire.RelayNews](ctx, l.link, "client.News", wire.PathRelay, &wire.RelayAsk{After: after})
}

// Carry hands over segments of one log, whoever wrote them.
func (l *Line) Carry(ctx context.Context, segments []wire.Segment) (wire.CarryReply, error) {
	return ask[wire.CarryReply](ctx, l.link, "client.Carry", wire.PathCarry, &wire.Carry{Segments: segments})
}

// relayChunk is how much of an attachment is handed over at once.
const relayChunk = 256 << 10

// Upload hands over what the other side lacks of an attachment, read by read, and returns when it holds all of it.
func (l *Line) Upload(ctx context.Context, blob survey.Attachment, read func(at int64, p []byte) (int, error)) error {
	path := wire.PathBlob + blob.SHA256.String()
	a, err := l.link.exchange(ctx, call{method: http.MethodHead, path: path})
	if err == nil {
		err = a.refusal("client.Upload")
	}
	if err != nil {
		return err
	}
	at, err := a.offset(blob)
	for err == nil && at < blob.Size {
		at, err = l.chunk(ctx, blob, at, read)
	}
	return err
}

func (l *Line) chunk(ctx context.Context, blob survey.Attachment, at int64, read func(at int64, p []byte) (int, error)) (int64, error) {
	bytes := make([]byte, min(relayChunk, blob.Size-at))
	n, err := read(at, bytes)
	if err != nil {
		return at, err
	}
	a, err := l.link.exchange(ctx, call{
		method: http.MethodPatch, path: wire.PathBlob + blob.SHA256.String(), body: bytes[:n],
		offset: strconv.FormatInt(at, 10), length: strconv.FormatInt(blob.Size, 10),
	})
	if err != nil {
		return at, err
	}
	if err := a.refusal("client.Upload"); err != nil && a.status != http.StatusConflict {
		return at, err
	}
	held, err := a.offset(blob)
	if err == nil && held == at {
		err = &survey.Error{Kind: survey.Unavailable, Op: "client.Upload", Err: errors.New("no progress")}
	}
	return held, err
}

// Fetch returns the bytes of an attachment from an offset on, at most a chunk.
func (l *Line) Fetch(ctx context.Context, blob survey.Attachment, at int64) ([]byte, error) {
	end := min(blob.Size, at+relayChunk)
	a, err := l.link.exchange(ctx, call{
		method: http.MethodGet, path: wire.PathBlob + blob.SHA256.String(), span: fmt.Sprintf("bytes=%d-%d", at, end-1),
	})
	if err == nil {
		err = a.refusal("client.Fetch")
	}
	if n := int64(len(a.body)); err == nil && (n == 0 || n > end-at) {
		err = unavailable(fmt.Errorf("%d bytes of %d", n, end-at))
	}
	return a.body, err
}
