package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// Greet asks the county for a challenge, to be signed by somebody else.
func (l *Line) Greet(ctx context.Context) (challenge []byte, err error) {
	a, err := l.link.exchange(ctx, call{method: http.MethodGet, path: wire.PathStatus})
	if err == nil {
		err = a.refusal("client.Greet")
	}
	return l.link.challenge, err
}

// PassOn hands over a request as somebody else signed it, and returns the county's reply as it was signed. Whether it is
// the county's is for them to judge.
func (l *Line) PassOn(ctx context.Context, path string, header http.Header, body []byte) (status int, reply http.Header, answer []byte, err error) {
	ctx, watch := newWatch(ctx)
	defer watch.stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.link.server.JoinPath(path).String(), watch.reader(bytes.NewReader(body)))
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header, request.ContentLength = wire.SignedHeaders(header), int64(len(body))
	response, err := l.link.client.Do(request)
	if err != nil {
		return 0, nil, nil, unavailable(watch.cause(ctx, err))
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(watch.reader(response.Body), wire.MaxPacked+1))
	if err == nil && response.TLS != nil {
		err = checkPin(response.TLS, l.link.pin)
	}
	if err == nil && response.Header.Get(wire.HeaderVersion) == "" {
		err = fmt.Errorf("not our server, status %d", response.StatusCode)
	}
	if err != nil {
		return 0, nil, nil, unavailable(watch.cause(ctx, err))
	}
	return response.StatusCode, wire.SignedHeaders(response.Header), answer, nil
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
	at, err := a.offset(blob.Size)
	for err == nil && at < blob.Size {
		at, err = l.chunk(ctx, blob, at, read)
	}
	return err
}

func (l *Line) chunk(ctx context.Context, blob survey.Attachment, at int64, read func(at int64, p []byte) (int, error)) (int64, error) {
	piece := make([]byte, min(relayChunk, blob.Size-at))
	n, err := read(at, piece)
	if err != nil {
		return at, err
	}
	a, err := l.link.exchange(ctx, call{
		method: http.MethodPatch, path: wire.PathBlob + blob.SHA256.String(), body: piece[:n],
		offset: strconv.FormatInt(at, 10), length: strconv.FormatInt(blob.Size, 10),
	})
	if err != nil {
		return at, err
	}
	if err := a.refusal("client.Upload"); err != nil && a.status != http.StatusConflict {
		return at, err
	}
	held, err := a.offset(blob.Size)
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
