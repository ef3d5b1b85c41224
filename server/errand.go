package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Errands is what takes in what one device brings for another.
type Errands interface {
	// Key returns whom errands are encrypted to; nil where somebody else opens them.
	Key() *wire.SignedErrandKey
	// Ask says how far errands have come.
	Ask(ctx context.Context, courier survey.DeviceID, ask wire.ErrandAsk) (wire.ErrandReply, error)
	// Append takes bytes of an errand and returns how many are held.
	Append(ctx context.Context, courier survey.DeviceID, errand wire.ErrandName, at int64, bytes []byte) (held int64, err error)
}

func (s *Server) askErrands(ctx context.Context, e *exchange) (reply, error) {
	ask, err := wire.Unpack[wire.ErrandAsk](e.body)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.Errands.Ask(ctx, e.request.Device, ask)
	if err != nil {
		return reply{}, err
	}
	return packed(&answer)
}

// addErrand takes bytes of an errand. Whatever comes of it, the reply says how many are held.
func (s *Server) addErrand(ctx context.Context, e *exchange) (reply, error) {
	sum, err := survey.ParseHash(e.http.PathValue("sum"))
	size, sizeErr := strconv.ParseInt(e.request.Length, 10, 64)
	at, atErr := strconv.ParseInt(e.request.Offset, 10, 64)
	if err := errors.Join(err, sizeErr, atErr); err != nil || len(e.body) > wire.MaxChunk {
		return reply{}, &survey.Error{Kind: survey.Invalid, Op: "server.addErrand", Err: errors.Join(err, fmt.Errorf("%d bytes", len(e.body)))}
	}
	held, err := s.Errands.Append(ctx, e.request.Device, wire.ErrandName{Sum: sum, Size: size}, at, e.body)
	return progress(held, size), err
}
