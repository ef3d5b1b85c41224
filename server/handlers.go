package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"zoucun/survey"
	"zoucun/sync/wire"
)

func packed(m wire.Message) (reply, error) {
	body, err := wire.Pack(m)
	return reply{media: wire.MediaType, body: body}, err
}

func (s *Server) status(context.Context, *exchange) (reply, error) {
	status := wire.Status{
		Version: wire.Version, Oldest: wire.Oldest, Software: s.Software,
		Epoch: s.Central.Epoch(), Time: survey.MillisOf(s.Clock()),
	}
	if s.Pass != nil {
		status.Relay = s.Pass()
	}
	if s.Errands != nil {
		status.Errands = s.Errands.Key()
	}
	return packed(&status)
}

// enrol takes a device in. The request is signed with the key it brings, so that nobody enrols another's key.
func (s *Server) enrol(ctx context.Context, e *exchange) (reply, error) {
	if err := s.guess.allow(e.http.RemoteAddr); err != nil {
		return reply{}, err
	}
	ask, err := wire.Unpack[wire.Enrol](e.body)
	if err != nil {
		return reply{}, err
	}
	if !wire.FreshChallenge(s.secret, ask.Challenge, s.Clock(), challengeAge) {
		return reply{status: http.StatusUnauthorized}, &survey.Error{Kind: survey.Denied, Op: "server.enrol", Message: "登记用时太久，请再试一次。"}
	}
	if err := e.request.Verify(e.signature, ask.SignKey); err != nil || ask.Device != e.request.Device {
		return reply{}, &survey.Error{Kind: survey.Denied, Op: "server.enrol", Message: "签名不对，请求没有受理。", Err: err}
	}
	answer, err := s.Central.Enrol(ctx, ask, s.Pin)
	if err != nil {
		s.guess.failed(e.http.RemoteAddr)
		return reply{}, err
	}
	return packed(&answer)
}

func (s *Server) push(ctx context.Context, e *exchange) (reply, error) {
	push, err := wire.UnpackPush(e.body)
	if err != nil {
		return reply{}, err
	}
	receipt, err := s.Central.Receive(ctx, push)
	if err != nil {
		return reply{}, err
	}
	return packed(&receipt)
}

func (s *Server) pull(ctx context.Context, e *exchange) (reply, error) {
	pull, err := wire.Unpack[wire.Pull](e.body)
	if err != nil {
		return reply{}, err
	}
	feed, err := s.Central.Feed(ctx, e.request.Device, pull)
	if err != nil {
		return reply{}, err
	}
	return packed(&feed)
}

// named returns the attachment that the path names, if the device may have to do with it.
func (s *Server) named(ctx context.Context, e *exchange) (sum survey.Hash, size int64, err error) {
	if sum, err = survey.ParseHash(e.http.PathValue("sum")); err != nil {
		return sum, 0, &survey.Error{Kind: survey.Invalid, Op: "server.named", Err: err}
	}
	size, err = s.Central.Attachment(ctx, e.request.Device, sum)
	return sum, size, err
}

// held answers how many bytes of an attachment are safely here.
func (s *Server) held(ctx context.Context, e *exchange) (reply, error) {
	sum, size, err := s.named(ctx, e)
	if err != nil {
		return reply{}, err
	}
	held, err := s.Blobs.Held(ctx, sum, size)
	return progress(held, size), err
}

// fetch gives a chunk of an attachment that is whole.
func (s *Server) fetch(ctx context.Context, e *exchange) (reply, error) {
	sum, size, err := s.named(ctx, e)
	if err != nil {
		return reply{}, err
	}
	from, to, err := parseRange(e.request.Range, size)
	if err != nil {
		return reply{}, &survey.Error{Kind: survey.Invalid, Op: "server.fetch", Err: err}
	}
	bytes := make([]byte, to-from)
	n, err := s.Blobs.Read(ctx, sum, from, bytes)
	if err != nil {
		return reply{}, err
	}
	answer := progress(from, size)
	answer.media, answer.body = wire.MediaBytes, bytes[:n]
	if int64(n) < size {
		answer.status = http.StatusPartialContent
	}
	return answer, nil
}

func progress(held, size int64) reply {
	return reply{offset: strconv.FormatInt(held, 10), length: strconv.FormatInt(size, 10)}
}

// parseRange reads "bytes=FROM-" and "bytes=FROM-LAST", cut to a chunk; an empty one begins at the start.
func parseRange(text string, size int64) (from, to int64, err error) {
	if text == "" {
		return 0, min(size, wire.MaxChunk), nil
	}
	first, last, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	if from, err = strconv.ParseInt(first, 10, 64); err != nil || !ok || from < 0 || from > size {
		return 0, 0, fmt.Errorf("range %q of %d bytes", text, size)
	}
	to = min(size, from+wire.MaxChunk)
	if last == "" {
		return from, to, nil
	}
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil || end < from {
		return 0, 0, fmt.Errorf("range %q of %d bytes", text, size)
	}
	return from, min(to, end+1), nil
}
