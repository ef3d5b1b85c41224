package server

import (
	"context"

	"zoucun/sync/wire"
)

// reconcile answers in which buckets of a scope a device holds something else than the server.
func (s *Server) reconcile(ctx context.Context, e *exchange) (reply, error) {
	ask, err := wire.Unpack[wire.Reconcile](e.body)
	if err != nil {
		return reply{}, err
	}
	differences, err := s.Central.Reconcile(ctx, e.request.Device, ask)
	if err != nil {
		return reply{}, err
	}
	return packed(&differences)
}

// offer takes back what the server has lost.
func (s *Server) offer(ctx context.Context, e *exchange) (reply, error) {
	offer, err := wire.Unpack[wire.Offer](e.body)
	if err != nil {
		return reply{}, err
	}
	taken, err := s.Central.TakeOffer(ctx, e.request.Device, offer)
	if err != nil {
		return reply{}, err
	}
	return packed(&taken)
}
