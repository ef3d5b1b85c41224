package server

import (
	"context"
	"net/http"

	"zoucun/sync/wire"
)

// county says who the county is, to a device that is to be enrolled and reaches only this relay.
func (s *Server) county(ctx context.Context, e *exchange) (reply, error) {
	if err := s.guess.allow(e.http.RemoteAddr); err != nil {
		return reply{}, err
	}
	county, err := s.Upstream.County(ctx)
	if err != nil {
		return reply{}, err
	}
	return packed(&county)
}

// passEnrol hands an enrolment over to the county, and its answer back, both to the byte: their proofs and signatures are
// between device and county.
func (s *Server) passEnrol(ctx context.Context, e *exchange) (reply, error) {
	if err := s.guess.allow(e.http.RemoteAddr); err != nil {
		return reply{}, err
	}
	status, header, body, err := s.Upstream.PassOn(ctx, e.http.Header, e.body)
	if err != nil {
		return reply{}, err
	}
	if status == http.StatusForbidden {
		s.guess.failed(e.http.RemoteAddr)
	}
	return reply{status: status, body: body, signed: header}, nil
}

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
