package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// appendLog puts a revision at the end of a log.
func appendLog(ctx context.Context, t *tx, replica survey.ReplicaID, id survey.RevID) error {
	var n int64
	err := t.row(ctx, "UPDATE replica SET last_n = last_n + 1 WHERE replica_id = ? RETURNING last_n", []any{replica[:]}, &n)
	if err != nil {
		return err
	}
	return t.exec(ctx, "INSERT INTO rlog (replica_id, n, rev_id) VALUES (?, ?, ?)", replica[:], n, id[:])
}

// replicaState is a row of replica.
type replicaState struct {
	last, acked, durable int64
	pruned               int64 // entries up to here are no longer kept
	nonce                []byte
}

func (s *Store) replicaState(ctx context.Context, t *tx) (replicaState, error) {
	return logState(ctx, t, s.self.replica)
}

// Unsigned returns how many entries of the log the server has not signed for.
func (s *Store) Unsigned(ctx context.Context) (n int, err error) {
	err = s.db.reader.QueryRowContext(ctx, `SELECT p.last_n - p.acked_n FROM replica p
		JOIN installation i ON i.replica_id = p.replica_id`).Scan(&n)
	return n, opError("store.Unsigned", "", err)
}

// pending is the push that waits for its receipt: everything it says can be built again from the log.
type pending struct {
	id          survey.PushID
	nonce       []byte
	first, last int64
}

// NextPush returns what is to be handed over next, or false when everything has been signed for. While a push waits for
// its receipt it is that push again, the same to the byte. Otherwise it is a new one of at most maxEntries entries and,
// where one entry is not larger already, about maxBytes bytes of revisions.
func (s *Store) NextPush(ctx context.Context, maxEntries, maxBytes int) (push wire.Push, ok bool, err error) {
	err = s.update(ctx, "store.NextPush", "", func(ctx context.Context, t *tx) error {
		t.quiet = true
		p, err := s.pendingPush(ctx, t)
		if errors.Is(err, sql.ErrNoRows) {
			p, err = s.beginPush(ctx, t, maxEntries, maxBytes)
		}
		if err != nil || p == nil {
			return err
		}
		push, err = s.buildPush(ctx, t, *p)
		if survey.KindOf(err) == survey.Damaged {
			t.quiet = false // whoever pushes comes again
			return s.goOnAsNewReplica(ctx, t)
		}
		if ok = err == nil; ok {
			s.sent = sentPush{push.ID, ahead(push.Digest)}
		}
		return err
	})
	return push, ok, err
}

// sentPush is what the last push that was handed out says, by its digest: its receipt is compared with that.
type sentPush struct {
	id     survey.PushID
	digest func() (survey.Hash, error)
}

// ahead begins to compute what is asked for later.
func ahead[T any](compute func() (T, error)) func() (T, error) {
	once := sync.OnceValues(compute)
	go func() { _, _ = once() }()
	return once
}

// digestOf returns the digest of the push that waits. After a start of the program it is built again from the log.
func (s *Store) digestOf(ctx context.Context, t *tx, p pending) (survey.Hash, error) {
	if s.sent.id == p.id {
		return s.sent.digest()
	}
	push, err := s.buildPush(ctx, t, p)
	if err != nil {
		return survey.Hash{}, err
	}
	return push.Digest()
}

func (s *Store) pendingPush(ctx context.Context, t *tx) (*pending, error) {
	var p pending
	err := t.row(ctx, "SELECT push_id, nonce, first_n, last_n FROM push WHERE replica_id = ?", []any{s.self.replica[:]},
		&p.id, &p.nonce, &p.first, &p.last)
	return &p, err
}

// beginPush settles what the next push holds: the segments, cut before, that the server lacks some of, as many as fit,
// or new ones.
func (s *Store) beginPush(ctx context.Context, t *tx, maxEntries, maxBytes int) (*pending, error) {
	state, err := s.replicaState(ctx, t)
	if err != nil || state.acked >= state.last {
		return nil, err
	}
	p := pending{id: survey.NewID[survey.PushID](), nonce: state.nonce}
	p.first, p.last, err = s.cutSegment(ctx, t, state, min(maxEntries, wire.MaxSegments*wire.MaxEntries), maxBytes)
	if err != nil {
		return nil, err
	}
	if p.last, err = s.joinSegments(ctx, t, p, maxEntries, maxBytes); err != nil {
		return nil, err
	}
	return &p, t.exec(ctx, `INSERT INTO push (one, push_id, replica_id, nonce, first_n, last_n) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET push_id = excluded.push_id, replica_id = excluded.replica_id, nonce = excluded.nonce,
			first_n = excluded.first_n, last_n = excluded.last_n`,
		p.id[:], s.self.replica[:], p.nonce, p.first, p.last)
}

// cutSegment returns the first and last entry of the segment that holds the entry after the watermark, or of the new
// ones that begin with it.
func (s *Store) cutSegment(ctx context.Context, t *tx, state replicaState, maxEntries, maxBytes int) (first, last int64, err error) {
	next := state.acked + 1
	err = t.row(ctx, `SELECT first_n, first_n + count - 1 FROM segment
		WHERE replica_id = ? AND first_n <= ? AND first_n + count > ?`, []any{s.self.replica[:], next, next}, &first, &last)
	if !errors.Is(err, sql.ErrNoRows) {
		return first, last, err
	}
	last, err = s.measure(ctx, t, next, maxEntries, maxBytes)
	return next, last, err
}

// measure returns the last entry of segments that begin at next and are not cut yet.
func (s *Store) measure(ctx context.Context, t *tx, next int64, maxEntries, maxBytes int) (int64, error) {
	last, bytes := next-1, 0
	err := t.each(ctx, `SELECT l.n, length(v.payload_sealed) FROM rlog l JOIN revision v ON v.rev_id = l.rev_id
		WHERE l.replica_id = ? AND l.n >= ? ORDER BY l.n LIMIT ?`, []any{s.self.replica[:], next, maxEntries}, func(row rowScan) error {
		var n int64
		var size int
		err := row(&n, &size)
		bytes += size
		if n == next || bytes <= maxBytes && n == last+1 {
			last = n
		}
		return err
	})
	return last, err
}

// joinSegments returns the last entry of the segments, cut before, that a push may carry besides its first. A second
// copy is written more often than the network comes back: it leaves many small ones.
func (s *Store) joinSegments(ctx context.Context, t *tx, p pending, maxEntries, maxBytes int) (int64, error) {
	last, bytes := p.last, 0
	err := t.each(ctx, `SELECT g.first_n, g.first_n + g.count - 1, sum(length(v.payload_sealed)) FROM segment g
		JOIN rlog l ON l.replica_id = g.replica_id AND l.n BETWEEN g.first_n AND g.first_n + g.count - 1
		JOIN revision v ON v.rev_id = l.rev_id
		WHERE g.replica_id = ? AND g.first_n >= ? GROUP BY g.first_n ORDER BY g.first_n LIMIT ?`,
		[]any{s.self.replica[:], p.first, wire.MaxSegments}, func(row rowScan) error {
			var from, to int64
			var size int
			err := row(&from, &to, &size)
			bytes += size
			if from == last+1 && to-p.first < int64(maxEntries) && bytes <= maxBytes {
				last = to
			}
			return err
		})
	return last, err
}

// run is a part of a log that is one segment.
type run struct {
	replica     survey.ReplicaID
	first, last int64
}

// buildPush makes the push from the log. Signatures and encoding are deterministic, so it is the same every time.
func (s *Store) buildPush(ctx context.Context, t *tx, p pending) (wire.Push, error) {
	push := wire.Push{ID: p.id, Nonce: p.nonce}
	runs, err := cutRuns(ctx, t, "g.replica_id = ? AND g.first_n BETWEEN ? AND ?", s.self.replica[:], p.first, p.last)
	if err != nil {
		return wire.Push{}, err
	}
	if len(runs) == 0 {
		for first := p.first; first <= p.last; first += wire.MaxEntries {
			runs = append(runs, run{s.self.replica, first, min(p.last, first+wire.MaxEntries-1)})
		}
	}
	for _, r := range runs {
		segment, err := s.buildSegment(ctx, t, r)
		if err != nil {
			return wire.Push{}, err
		}
		push.Segments = append(push.Segments, segment)
	}
	return push, nil
}

// cutRuns returns the segments that were cut, in the order of their logs.
func cutRuns(ctx context.Context, t *tx, where string, args ...any) ([]run, error) {
	var runs []run
	err := t.each(ctx, `SELECT g.replica_id, g.first_n, g.first_n + g.count - 1 FROM segment g JOIN replica r ON r.replica_id = g.replica_id
		WHERE `+where+` ORDER BY g.replica_id, g.first_n`, args, func(row rowScan) error {
		var r run
		err := row(&r.replica, &r.first, &r.last)
		runs = append(runs, r)
		return err
	})
	return runs, err
}

// buildSegment signs a run of a log, and notes that it was cut like this.
func (s *Store) buildSegment(ctx context.Context, t *tx, r run) (wire.Segment, error) {
	header := wire.SegmentHeader{Replica: r.replica, Device: s.self.device, First: uint64(r.first)}
	var err error
	if header.Prev, err = previousHash(ctx, t, r); err != nil {
		return wire.Segment{}, err
	}
	entries, err := s.entries(ctx, t, r)
	if err != nil {
		return wire.Segment{}, err
	}
	segment, err := wire.NewSegment(header, entries, s.self.keys.Signer())
	if err != nil {
		return wire.Segment{}, err
	}
	hash, err := segment.Hash()
	if err != nil {
		return wire.Segment{}, err
	}
	return segment, t.exec(ctx, "INSERT INTO segment (replica_id, first_n, count, hash) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		r.replica[:], r.first, len(entries), hash[:])
}

// entries returns a run of the log.
func (s *Store) entries(ctx context.Context, t *tx, r run) ([]survey.Entry, error) {
	var entries []survey.Entry
	err := t.each(ctx, `SELECT l.n, l.rev_id, v.payload_sealed FROM rlog l JOIN revision v ON v.rev_id = l.rev_id
		WHERE l.replica_id = ? AND l.n BETWEEN ? AND ? ORDER BY l.n`, []any{r.replica[:], r.first, r.last}, func(row rowScan) error {
		var n int64
		var id survey.RevID
		var payload []byte
		if err := row(&n, &id, &payload); err != nil {
			return err
		}
		revision, err := s.openRevision(id, payload)
		entries = append(entries, survey.Entry{N: uint64(n), Revision: revision})
		return err
	})
	return entries, err
}

// DropPush gives up a push that is too large to get across, so that the next may be smaller: of fewer segments, or, where it was
// a single one, cut anew. The server may have taken it all the same: it knows the entries again, however they are cut, and
// the nonce that was shown with them.
func (s *Store) DropPush(ctx context.Context, id survey.PushID) error {
	return s.update(ctx, "store.DropPush", "push "+id.String(), func(ctx context.Context, t *tx) error {
		t.quiet = true
		// Segments behind one that is cut anew name a segment before them that is no more: they are cut anew too.
		err := t.exec(ctx, `DELETE FROM segment WHERE (replica_id, first_n) IN (
			SELECT g.replica_id, g.first_n FROM push p JOIN replica r ON r.replica_id = p.replica_id
			  JOIN segment g ON g.replica_id = p.replica_id AND g.first_n >= p.first_n
			 WHERE p.push_id = ? AND p.first_n > r.acked_n AND NOT EXISTS (
			       SELECT 1 FROM segment h WHERE h.replica_id = p.replica_id AND h.first_n > p.first_n AND h.first_n <= p.last_n))`, id[:])
		if err != nil {
			return err
		}
		return t.exec(ctx, "DELETE FROM push WHERE push_id = ?", id[:])
	})
}

// Receive takes over a receipt: the watermark moves to where the server has signed for the log, and nowhere else. A
// receipt that is not the pinned server's word on the push that waits changes nothing and is an error of kind Damaged.
// Where the server knows another log under the same name, this database is a copy: it goes on under a new replica, into
// which everything not signed for is logged again.
func (s *Store) Receive(ctx context.Context, receipt wire.Receipt) error {
	return s.update(ctx, "store.Receive", "push "+receipt.Push.String(), func(ctx context.Context, t *tx) error {
		last, err := s.verifyReceipt(ctx, t, receipt)
		if err != nil {
			return err
		}
		if err := s.keepReceipt(ctx, t, receipt); err != nil {
			return err
		}
		if err := s.keepRejects(ctx, t, receipt.Rejects); err != nil {
			return err
		}
		for _, state := range receipt.Replicas {
			if state.Replica != s.self.replica {
				continue
			}
			if err := s.advance(ctx, t, state, last, receipt.Nonce); err != nil {
				return err
			}
			return s.prune(ctx, t)
		}
		return nil
	})
}

// verifyReceipt checks a receipt against the push it claims to answer, and returns the last entry of that push.
func (s *Store) verifyReceipt(ctx context.Context, t *tx, receipt wire.Receipt) (last int64, err error) {
	if s.self.enrolment == nil {
		return 0, notFound("store.verifyReceipt", "enrolment")
	}
	refuse := func(err error) (int64, error) {
		return 0, &survey.Error{Kind: survey.Damaged, Op: "store.verifyReceipt", Subject: "push " + receipt.Push.String(), Err: err}
	}
	p, err := s.pendingPush(ctx, t)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(errors.New("no push waits for a receipt"))
	}
	if err != nil {
		return 0, err
	}
	digest, err := s.digestOf(ctx, t, *p)
	if err != nil {
		return 0, err
	}
	if err := receipt.VerifyFor(p.id, digest, s.self.enrolment.ServerKey); err != nil {
		return refuse(err)
	}
	if receipt.Epoch != s.self.enrolment.Epoch {
		return refuse(fmt.Errorf("epoch %s, known %s", receipt.Epoch, s.self.enrolment.Epoch))
	}
	return p.last, nil
}

func (s *Store) keepReceipt(ctx context.Context, t *tx, receipt wire.Receipt) error {
	kept, err := sealed(s.vault, receipt, placeOf("receipt.receipt_sealed", receipt.Push[:]))
	if err != nil {
		return err
	}
	err = t.exec(ctx, "INSERT INTO receipt (push_id, received, receipt_sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		receipt.Push[:], t.now.UnixMilli(), kept)
	if err != nil {
		return err
	}
	return t.exec(ctx, "DELETE FROM push WHERE push_id = ?", receipt.Push[:])
}

// advance moves the watermark to what the server has signed for, and no further than the push that it answers: what it
// holds beyond may be the work of a copy of this database, and was compared with nothing.
func (s *Store) advance(ctx context.Context, t *tx, state wire.ReplicaState, last int64, nonce []byte) error {
	present, err := s.replicaState(ctx, t)
	if err != nil {
		return err
	}
	if state.Fork || state.Received > uint64(present.last) {
		return s.goOnAsNewReplica(ctx, t)
	}
	acked := min(int64(state.Received), last)
	err = t.exec(ctx, "UPDATE replica SET acked_n = ?, durable_n = ?, nonce = ? WHERE replica_id = ?",
		acked, min(max(int64(state.Durable), present.pruned), acked), nonce, s.self.replica[:])
	if err == nil && state.Received < uint64(present.pruned) {
		err = s.logAgain(ctx, t, s.self.replica, true)
	}
	return err
}

// goOnAsNewReplica begins a new log and logs into it, in their old order, the revisions no server has signed for.
// Revisions keep their identifiers, so what the server has after all it takes as known. A revision that is not what was
// written stays behind: nobody could take it.
func (s *Store) goOnAsNewReplica(ctx context.Context, t *tx) error {
	_, err := s.goOn(ctx, t)
	return err
}

// goOn is goOnAsNewReplica, and returns the new log.
func (s *Store) goOn(ctx context.Context, t *tx) (survey.ReplicaID, error) {
	old := s.self.replica
	replica, err := newReplica(ctx, t)
	if err != nil {
		return replica, err
	}
	var unsigned []survey.RevID
	err = t.each(ctx, `SELECT l.rev_id, v.payload_sealed FROM rlog l JOIN replica p ON p.replica_id = l.replica_id
		JOIN revision v ON v.rev_id = l.rev_id
		WHERE l.replica_id = ? AND l.n > p.acked_n ORDER BY l.n`, []any{old[:]}, func(row rowScan) error {
		var id survey.RevID
		var payload []byte
		if err := row(&id, &payload); err != nil {
			return err
		}
		if _, err := s.openRevision(id, payload); s.leaveOut(ctx, placeOf("revision.payload_sealed", id[:]), err) {
			return nil
		}
		unsigned = append(unsigned, id)
		return nil
	})
	if err != nil {
		return replica, err
	}
	for _, id := range unsigned {
		if err := appendLog(ctx, t, replica, id); err != nil {
			return replica, err
		}
	}
	s.log.WarnContext(ctx, "log forked, going on as a new replica")
	t.after = append(t.after, func() { s.self.replica = replica })
	return replica, errors.Join(
		t.exec(ctx, "DELETE FROM push"),
		t.exec(ctx, "UPDATE installation SET replica_id = ?", replica[:]),
	)
}
