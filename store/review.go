package store

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// keepReview notes where a visit stands between its author and the township.
func (s *Store) keepReview(ctx context.Context, t *tx, r survey.Record) error {
	if r.Type != survey.TypeVisit {
		return nil
	}
	state := survey.VerdictOf(r.Fields).State()
	if state == survey.StateUnreviewed || r.Voided {
		return t.exec(ctx, "DELETE FROM review WHERE record_id = ?", r.ID[:])
	}
	return t.exec(ctx, `INSERT INTO review (record_id, state_tag) VALUES (?, ?)
		ON CONFLICT (record_id) DO UPDATE SET state_tag = excluded.state_tag`, r.ID[:], s.reviewTag(state))
}

func (s *Store) reviewTag(state survey.ReviewState) []byte {
	return s.vault.tag("review.state", strconv.Itoa(int(state)))
}

// Returned returns the visits of whoever has unlocked the device that the township has returned, on whichever device
// they were paid, the latest first.
func (s *Store) Returned(ctx context.Context) ([]survey.Visit, error) {
	var own []survey.Visit
	err := s.eachVisit(ctx, "WHERE r.voided = 0 AND r.record_id IN (SELECT record_id FROM review WHERE state_tag = ?) ORDER BY r.hlc DESC",
		[]any{s.reviewTag(survey.StateReturned)}, func(v survey.Visit) error {
			if s.isMine(v.Author) {
				own = append(own, v)
			}
			return nil
		})
	return own, opError("store.Returned", "", err)
}

// isMine reports whether a visit was paid by whoever has unlocked the device; where nobody has a PIN, by the person it
// was given to.
func (s *Store) isMine(author survey.PersonID) bool {
	if !s.owner.person.IsZero() {
		return author == s.owner.person
	}
	m := s.member.Load()
	return m != nil && author == m.enrolment.Grant.Person
}

// lendFiles gives a draft that amends a visit those of the visit's files that are on this device. What is not here is
// taken over by name when the draft is finished.
func (s *Store) lendFiles(ctx context.Context, t *tx, d survey.Draft) error {
	if d.Amends.IsZero() {
		return nil
	}
	edits, err := s.edits(ctx, t, d.Amends.Visit)
	if err != nil {
		return err
	}
	for _, file := range merge.Apply(merge.Until(edits, d.Amends.Heads)).Files {
		if _, err := os.Stat(s.blobs.path(file.SHA256)); err != nil {
			continue
		}
		_, err := s.replaceFile(ctx, t, d.ID, file.SHA256, fileFacts{Name: file.Name, MIME: file.MIME, Size: file.Size})
		if err != nil {
			return err
		}
	}
	return nil
}

// Whole calls use for every record of a type as it is now, with all it says, in no order. It reads while others write:
// what has changed since it began comes by Settled.
func (s *Store) Whole(ctx context.Context, kind survey.RecordType, use func(survey.Record) error) error {
	var edits []merge.Edit
	var of survey.RecordID
	done := func() error {
		if len(edits) == 0 {
			return nil
		}
		record := merge.Apply(edits)
		edits = edits[:0]
		return use(record)
	}
	err := s.db.each(ctx, `SELECT v.record_id, v.rev_id, v.hlc, v.payload_sealed FROM record r JOIN revision v ON v.record_id = r.record_id
		WHERE r.type_tag = ? ORDER BY r.record_id`, []any{s.typeTag(kind)}, func(row rowScan) error {
		var id survey.RecordID
		var rev survey.RevID
		var hlc int64
		var payload []byte
		if err := row(&id, &rev, &hlc, &payload); err != nil {
			return err
		}
		if id != of {
			if err := done(); err != nil {
				return err
			}
			of = id
		}
		edit, err := s.openEdit(rev, survey.HLC(hlc), payload)
		if s.leaveOut(ctx, placeOf("revision.payload_sealed", rev[:]), err) {
			return nil
		}
		edits = append(edits, edit)
		return err
	})
	return opError("store.Whole", "type "+string(kind), errors.Join(err, done()))
}

// Record returns what one record is now, with all it says.
func (s *Store) Record(ctx context.Context, id survey.RecordID) (survey.Record, error) {
	held, err := s.Holding(ctx, id)
	return held.Record, err
}

// OnSettled has use called with every record that a transaction has changed, as it is now, after the transaction holds
// and before anybody who waits for Changed hears of it. Use must be quick, for it holds the writer up. The function
// returned ends it.
func (s *Store) OnSettled(use func([]survey.Record)) (stop func()) {
	s.followersMu.Lock()
	defer s.followersMu.Unlock()
	if s.followers == nil {
		s.followers = map[int]func([]survey.Record){}
	}
	s.following++
	n := s.following
	s.followers[n] = use
	return func() {
		s.followersMu.Lock()
		defer s.followersMu.Unlock()
		delete(s.followers, n)
	}
}

func (s *Store) tellFollowers(settled []survey.Record) {
	settled = slices.DeleteFunc(slices.Clone(settled), func(r survey.Record) bool { return len(r.Heads) == 0 }) // only a card
	if len(settled) == 0 {
		return
	}
	s.followersMu.Lock()
	defer s.followersMu.Unlock()
	for _, use := range s.followers {
		use(settled)
	}
}

// Joined returns, for every record that the township has joined to another, that other.
func (s *Store) Joined() map[survey.RecordID]survey.RecordID {
	s.register.mu.Lock()
	defer s.register.mu.Unlock()
	return maps.Clone(s.register.kept)
}

// Faces is Records for every scope, those among them that were joined to others.
func (s *Store) Faces(ctx context.Context, kind survey.RecordType, use func(survey.Record) error) error {
	err := s.allCards(ctx, "WHERE r.type_tag = ?", []any{s.typeTag(kind)}, func(c cardRow) error { return use(c.record()) })
	return opError("store.Faces", "type "+string(kind), err)
}
