package client

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Errands is the store as far as it carries for others.
type Errands interface {
	// KeepErrandKey takes over whom the server has errands encrypted to.
	KeepErrandKey(ctx context.Context, key wire.SignedErrandKey) error
	// Carrying returns the errands that the county has not judged, the oldest first.
	Carrying(ctx context.Context) ([]survey.Errand, error)
	// ReadErrand fills p from an errand's file, from offset at.
	ReadErrand(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)
	// JudgeErrand notes how far an errand has come.
	JudgeErrand(ctx context.Context, news wire.ErrandNews) error
}

var (
	errNotAsked   = errors.New("an answer on other errands than were asked for")
	errNoProgress = errors.New("no progress")
)

// errands does what there is to do for others, after everything of this device's own: it hands over the errands it
// carries, and learns once to whom they are encrypted. What is refused says nothing about this device's own work.
func (a *Agent) errands(ctx context.Context, e survey.Enrolment, l *link) error {
	if err := a.learnErrandKey(ctx, e, l); err != nil {
		return err
	}
	return a.carryErrands(ctx, l)
}

// learnErrandKey asks for the errand key where it is not known. A server that has none is not asked again.
func (a *Agent) learnErrandKey(ctx context.Context, e survey.Enrolment, l *link) error {
	if e.ErrandKey != "" || a.noErrandKey {
		return nil
	}
	reply, err := l.exchange(ctx, call{method: http.MethodGet, path: wire.PathStatus})
	if err != nil {
		return err
	}
	status, err := wire.Unpack[wire.Status](reply.body)
	if err != nil || status.Errands == nil {
		a.noErrandKey = true
		return nil //nolint:nilerr // a server of another version: it takes no errands that we could make
	}
	return a.log.KeepErrandKey(ctx, *status.Errands)
}

// carryErrands hands over what is carried for others, to the county or to a receiving point.
func (a *Agent) carryErrands(ctx context.Context, l *link) error {
	carrying, err := a.log.Carrying(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(carrying, wire.MaxErrands) {
		if err := a.carrySome(ctx, &Line{l}, some); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) carrySome(ctx context.Context, line *Line, carrying []survey.Errand) error {
	a.report(survey.Progress{Activity: survey.Carrying, Total: int64(len(carrying))})
	read := func(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error) {
		a.moved = a.moved || at > 0
		return a.log.ReadErrand(ctx, sum, at, p)
	}
	err := line.CarryErrands(ctx, carrying, read, a.log.JudgeErrand)
	switch survey.KindOf(err) {
	case survey.Unavailable:
		return err
	case survey.Denied:
		a.troubled(ctx, carrying, survey.MessageOf(err))
	case survey.Internal, survey.Invalid, survey.NotFound, survey.Conflicting, survey.Full, survey.Newer, survey.Damaged:
	}
	if err != nil {
		a.o.Log.WarnContext(ctx, "errands were not handed over", slog.String("kind", survey.KindOf(err).String()), slog.Any("error", err))
	}
	return nil
}

// troubled notes why errands are not taken from this device. It goes on carrying them.
func (a *Agent) troubled(ctx context.Context, carrying []survey.Errand, message string) {
	for _, e := range carrying {
		state := wire.ErrandComing
		if e.Relayed {
			state = wire.ErrandKept
		}
		if err := a.log.JudgeErrand(ctx, wire.ErrandNews{Sum: e.Sum, State: state, Message: message}); err != nil {
			a.o.Log.WarnContext(ctx, "errand", slog.Any("error", err))
		}
	}
}

// errandChunk is how much of an errand is handed over at once: nobody knows how fast the line is by which it goes.
const errandChunk = 64 << 10

// CarryErrands hands over what the other side lacks of errands, and tells judge how far each has come.
func (l *Line) CarryErrands(ctx context.Context, carrying []survey.Errand, read func(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error),
	judge func(ctx context.Context, news wire.ErrandNews) error,
) error {
	if len(carrying) == 0 {
		return nil
	}
	reply, err := l.askErrands(ctx, carrying)
	if err != nil {
		return err
	}
	again := false
	for i, news := range reply {
		e := carrying[i]
		if news.State == wire.ErrandComing && news.Held < e.Size {
			if err := l.handErrand(ctx, e, news.Held, read); err != nil {
				return err
			}
			again = true
		}
	}
	if again {
		if reply, err = l.askErrands(ctx, carrying); err != nil {
			return err
		}
	}
	for _, news := range reply {
		if err := judge(ctx, news); err != nil {
			return err
		}
	}
	return nil
}

func (l *Line) askErrands(ctx context.Context, carrying []survey.Errand) ([]wire.ErrandNews, error) {
	question := wire.ErrandAsk{}
	for _, e := range carrying {
		question.Errands = append(question.Errands, wire.ErrandName{Sum: e.Sum, Size: e.Size})
	}
	reply, err := ask[wire.ErrandReply](ctx, l.link, "client.askErrands", wire.PathErrand, &question)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(reply.Errands, carrying, func(n wire.ErrandNews, e survey.Errand) bool { return n.Sum == e.Sum })
	if !same {
		return nil, unavailable(errNotAsked)
	}
	return reply.Errands, nil
}

// handErrand hands over an errand from an offset on, piece by piece.
func (l *Line) handErrand(ctx context.Context, e survey.Errand, at int64, read func(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)) error {
	whole := survey.Attachment{SHA256: e.Sum, Size: e.Size}
	for at < e.Size {
		bytes := make([]byte, min(errandChunk, e.Size-at))
		n, err := read(ctx, e.Sum, at, bytes)
		if err != nil {
			return err
		}
		a, err := l.link.exchange(ctx, call{
			method: http.MethodPatch, path: wire.PathErrand + "/" + e.Sum.String(), body: bytes[:n],
			offset: strconv.FormatInt(at, 10), length: strconv.FormatInt(e.Size, 10),
		})
		if err != nil {
			return err
		}
		if err := a.refusal("client.handErrand"); err != nil && a.status != http.StatusConflict {
			return err
		}
		held, err := a.offset(whole.Size)
		if err == nil && held == at {
			err = unavailable(errNoProgress)
		}
		if err != nil {
			return err
		}
		at = held
	}
	return nil
}
