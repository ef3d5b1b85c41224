package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// exchange is one request on its way to its reply.
type exchange struct {
	server    *Server
	http      *http.Request
	pattern   string
	begun     time.Time
	request   wire.Request
	signature []byte
	malformed error
	body      []byte
}

// reply is what goes back.
type reply struct {
	status         int // 200 if not set
	media          string
	body           []byte
	offset, length string
	retryAfter     int64
	signed         http.Header // of a reply that somebody else has signed; nil has this server sign
}

// longest is how long a request may take altogether, however steadily its bytes drip.
const longest = 30 * time.Minute

// piece is how much of a reply is written before the time without a byte begins again.
const piece = 32 << 10

// errSize says that a body is larger than any that is allowed.
var errSize = errors.New("body too large")

// open reads the body and holds it to the headers.
func (e *exchange) open(w http.ResponseWriter) error {
	if e.malformed != nil {
		return &survey.Error{Kind: survey.Invalid, Op: "server.open", Err: e.malformed}
	}
	if e.request.Version < wire.Oldest {
		return &survey.Error{Kind: survey.Newer, Op: "server.open", Message: "本机程序版本太旧，请更新后再连接。本机的内容不受影响。"}
	}
	if e.http.ContentLength > wire.MaxPacked {
		return errSize
	}
	body, err := e.read(w)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return errSize
	}
	if err != nil {
		return &survey.Error{Kind: survey.Damaged, Op: "server.open", Message: "收到的数据不完整，请重发。", Err: err}
	}
	if sha256.Sum256(body) != e.request.Body {
		return &survey.Error{Kind: survey.Damaged, Op: "server.open", Message: "收到的数据不完整，请重发。", Err: errors.New("body is not the one the header names")}
	}
	e.body = body
	return nil
}

// read reads the body as long as bytes keep coming.
func (e *exchange) read(w http.ResponseWriter) ([]byte, error) {
	control := http.NewResponseController(w)
	watch := time.AfterFunc(e.server.Stall, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
	defer watch.Stop()
	end := time.AfterFunc(longest, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
	defer end.Stop()
	limited := http.MaxBytesReader(w, e.http.Body, wire.MaxPacked)
	return io.ReadAll(readerFunc(func(p []byte) (int, error) {
		n, err := limited.Read(p)
		if n > 0 {
			watch.Reset(e.server.Stall)
		}
		return n, err
	}))
}

type readerFunc func(p []byte) (int, error)

// Read implements [io.Reader].
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// write signs the reply and sends it.
func (s *Server) write(ctx context.Context, w http.ResponseWriter, e *exchange, r reply) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if e.http.Method == http.MethodHead {
		r.body = nil
	}
	h := w.Header()
	s.head(h, e, r)
	h.Set("Cache-Control", "no-store")
	if len(r.body) > 0 {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(r.retryAfter, 10))
	}
	w.WriteHeader(r.status)
	sent := s.send(w, r.body)
	s.Log.LogAttrs(ctx, slog.LevelInfo, "answered", slog.String("route", e.pattern), slog.Int("status", r.status),
		slog.Int("bytes_in", len(e.body)), slog.Int("bytes_out", len(r.body)), slog.Bool("sent", sent == nil),
		slog.Duration("took", s.Clock().Sub(e.begun)), slog.String("device", e.request.Device.String()))
}

// head sets a reply's headers: its signature and what that covers, and the media type of its body.
func (s *Server) head(h http.Header, e *exchange, r reply) {
	if r.signed != nil {
		maps.Copy(h, r.signed)
		return
	}
	signed := wire.Reply{
		Request: e.request.ID(), Version: max(wire.Oldest, min(e.request.Version, wire.Version)), Status: r.status,
		Body: sha256.Sum256(r.body), Challenge: s.challenge(), Offset: r.offset, Length: r.length,
	}
	signed.Write(h, s.Key)
	if len(r.body) > 0 {
		h.Set("Content-Type", r.media)
	}
}

// send writes the body as long as the other side keeps taking it.
func (s *Server) send(w http.ResponseWriter, body []byte) error {
	control := http.NewResponseController(w)
	watch := time.AfterFunc(s.Stall, func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) })
	defer watch.Stop()
	for rest := bytes.NewReader(body); rest.Len() > 0; {
		if _, err := io.CopyN(w, rest, int64(min(piece, rest.Len()))); err != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
		watch.Reset(s.Stall)
	}
	return nil
}

// refusal turns an error into the reply for it. What a handler said about offsets stays.
func (s *Server) refusal(ctx context.Context, e *exchange, r reply, err error) reply {
	kind := survey.KindOf(err)
	status := wire.StatusOf(kind)
	if errors.Is(err, errSize) {
		kind, status = survey.Invalid, http.StatusRequestEntityTooLarge
	}
	if r.status != 0 {
		status = r.status
	}
	level := slog.LevelInfo
	if kind == survey.Internal {
		level = slog.LevelError
	}
	s.Log.LogAttrs(ctx, level, "refused", slog.String("route", e.pattern), slog.String("kind", kind.String()),
		slog.Any("err", err), slog.String("device", e.request.Device.String()))
	failure := wire.Failure{Kind: kind, Message: sentence(kind, err)}
	if kind == survey.Unavailable {
		failure.RetryAfter = retryBusy
	}
	body, packErr := wire.Pack(&failure)
	if packErr != nil {
		body = nil // the status alone still says which kind
	}
	return reply{status: status, media: wire.MediaType, body: body, offset: r.offset, length: r.length, retryAfter: failure.RetryAfter}
}

// sentence is what the person reads.
func sentence(kind survey.Kind, err error) string {
	if errors.Is(err, errSize) {
		return "一次发送的内容太多，将分批再发。"
	}
	if message := survey.MessageOf(err); message != "" {
		return message
	}
	switch kind {
	case survey.Internal:
		return "服务器出了故障，内容仍在本机，稍后会再试。"
	case survey.Invalid:
		return "服务器不能处理这个请求。"
	case survey.NotFound:
		return "服务器上没有这一项。"
	case survey.Denied:
		return "服务器没有允许这个请求。"
	case survey.Conflicting:
		return "服务器上的内容与请求不一致。"
	case survey.Unavailable:
		return "服务器暂时不能处理，请稍后再试。"
	case survey.Full:
		return "服务器存储空间已满，内容仍在本机。"
	case survey.Newer:
		return "本机程序版本太旧，请更新。"
	case survey.Damaged:
		return "收到的数据不完整，请重发。"
	}
	return ""
}
