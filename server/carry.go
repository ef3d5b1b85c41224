package server

import (
	"context"

	"zoucun/sync/wire"
)

func (s *Server) carry(ctx context.Context, e *exchange) (reply, error) {
	carry, err := wire.Unpack[wire.Carry](e.body)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.Central.TakeCarried(ctx, e.request.Device, carry)
	if err != nil {
		return reply{}, err
	}
	return packed(&answer)
}

func (s *Server) relayNews(ctx context.Context, e *exchange) (reply, error) {
	ask, err := wire.Unpack[wire.RelayAsk](e.body)
	if err != nil {
		return reply{}, err
	}
	news, err := s.Central.RelayNews(ctx, e.request.Device, ask)
	if err != nil {
		return reply{}, err
	}
	return packed(&news)
}
