package store

import (
	"context"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// leaseDays is how long a device may work without a word from its server.
const leaseDays = 30 * 24 * time.Hour

// LeaseEnds returns when the device will have been without a word from its server for thirty days, by its own clock; 0
// before the first.
func (s *Store) LeaseEnds() survey.Millis {
	m := s.member.Load()
	if m == nil || m.contact == 0 {
		return 0
	}
	return survey.MillisOf(m.contact.Time().Add(leaseDays))
}

// Stale reports whether the device has been without a word from its server for longer than that.
func (s *Store) Stale() bool {
	ends := s.LeaseEnds()
	return ends != 0 && survey.MillisOf(s.clock()) > ends
}

// KeepRevocations takes over the list of revoked devices a pull brought, unless it is older than the present one.
func (s *Store) KeepRevocations(ctx context.Context, signed wire.SignedRevocations) error {
	return s.update(ctx, "store.KeepRevocations", "", func(ctx context.Context, t *tx) error {
		m := s.member.Load()
		if m == nil {
			return notFound("store.KeepRevocations", "enrolment")
		}
		list, err := signed.Open(m.enrolment.ServerKey)
		if err != nil {
			return damaged("store.KeepRevocations", "", err)
		}
		if list.Serial <= m.enrolment.Revocations.Serial || list.County != m.enrolment.Grant.County {
			return nil
		}
		kept := *s.self.enrolment
		kept.Revocations = &signed
		return s.keepEnrolment(ctx, t, kept)
	})
}

// Revocations returns the list of revoked devices as the server signed it, for those who carry it on; false before one
// has come.
func (s *Store) Revocations() (wire.SignedRevocations, bool) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	if s.self.enrolment == nil || s.self.enrolment.Revocations == nil {
		return wire.SignedRevocations{}, false
	}
	return *s.self.enrolment.Revocations, true
}
