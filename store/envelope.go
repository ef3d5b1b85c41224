package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// SealEnvelope seals a letter for a recipient and keeps it as a record of its own in a village's scope, in the log with
// the others, all in one transaction. When it returns nil the envelope is on disk and nobody on this device can open it;
// when it returns an error there is no envelope. The village's name and the day are written into the letter.
//
// The record names no author, no device and no hour, and refers to nothing. What is left for whoever reads the
// database itself is its place in the log, between two other records. A recipient that is not on the county's signed
// list is refused with kind Conflicting.
func (s *Store) SealEnvelope(ctx context.Context, village survey.ScopeID, to survey.Recipient, letter survey.Letter) error {
	m := s.member.Load()
	if m == nil || !slices.Contains(m.enrolment.Recipients.For(survey.ForEnvelope), to) {
		return &survey.Error{
			Kind: survey.Conflicting, Op: "store.SealEnvelope",
			Message: "县里的收件名单已经变了，没有封存，字还在框里。请另选想让谁受理，或带回纸质信封。",
		}
	}
	return s.update(ctx, "store.SealEnvelope", "", func(ctx context.Context, t *tx) error {
		letter.Village, letter.Day = s.villageName(village), t.now.Format("2006-01-02")
		envelope, err := seal.Letter(to.Key, letter)
		if err != nil {
			return err
		}
		revision, err := wire.SealRevision(survey.Header{
			Record: survey.RandomID[survey.RecordID](), Type: survey.TypeSealed, Kind: survey.Put, Scope: village,
			HLC: survey.HLCOfDay(t.now), Wall: survey.MillisOf(survey.HLCOfDay(t.now).Time()),
			Touched: []survey.FieldPath{survey.EnvelopeContent, survey.EnvelopeKey, survey.EnvelopeOffice},
		}, survey.Body{Fields: survey.Fields{
			survey.EnvelopeOffice: to.Name, survey.EnvelopeKey: to.Key,
			survey.EnvelopeContent: base64.StdEncoding.EncodeToString(envelope),
		}}, rand.Reader)
		if err != nil {
			return err
		}
		if _, err := s.revise(ctx, t, revision, revision.Header.HLC); err != nil {
			return err
		}
		if err := appendLog(ctx, t, s.self.replica, revision.ID); err != nil {
			return err
		}
		return s.settle(ctx, t, revision.Header.Record)
	})
}

// villageName returns the name of the village whose scope this is.
func (s *Store) villageName(scope survey.ScopeID) string {
	s.register.mu.Lock()
	defer s.register.mu.Unlock()
	return s.register.places[survey.RecordID(scope)].Name
}

// Envelopes counts the envelopes that were sealed on this device.
func (s *Store) Envelopes(ctx context.Context) (survey.Envelopes, error) {
	var e survey.Envelopes
	var own int
	err := s.db.reader.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM record WHERE type_tag = ?1 AND own = 1),
		(SELECT count(*) FROM unsigned_record u JOIN record r ON r.record_id = u.record_id WHERE r.type_tag = ?1)`,
		s.typeTag(survey.TypeSealed)).Scan(&own, &e.Waiting)
	e.Delivered = own - e.Waiting
	return e, opError("store.Envelopes", "", err)
}
