package store

import (
	"context"
	"database/sql"
	"errors"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// receiptsKept is how many of the server's receipts are kept once the log they speak of is pruned.
const receiptsKept = 50

// KeepHoldings takes over the server's word on how far it holds this device's logs, and prunes what is held off the
// server's machine too. Where the server holds less than it once signed for, the rest is logged again or handed over
// again. A word of another epoch, or an older one than was heard before, changes nothing; one that is not the pinned
// server's word on this device is an error of kind Damaged.
func (s *Store) KeepHoldings(ctx context.Context, signed wire.SignedHoldings) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	var loose []survey.Hash
	err := s.update(ctx, "store.KeepHoldings", "", func(ctx context.Context, t *tx) error {
		if s.self.enrolment == nil {
			return notFound("store.KeepHoldings", "enrolment")
		}
		told, err := signed.Open(s.self.enrolment.ServerKey)
		if err == nil && told.Device != s.self.device {
			err = errors.New("word on another device")
		}
		if err != nil {
			return damaged("store.KeepHoldings", "", err)
		}
		t.quiet = true
		if told.Epoch != s.self.enrolment.Epoch || told.Time < s.told {
			return nil
		}
		t.after = append(t.after, func() { s.told = told.Time })
		if err := s.heldEach(ctx, t, told); err != nil {
			return err
		}
		if err := s.prune(ctx, t); err != nil {
			return err
		}
		loose, err = s.shredWithdrawn(ctx, t)
		return err
	})
	s.tidy(ctx, loose...)
	return err
}

// heldEach moves the watermarks of every log of this database to what the server says.
func (s *Store) heldEach(ctx context.Context, t *tx, told wire.Holdings) error {
	said := map[survey.ReplicaID]wire.ReplicaState{}
	for _, state := range told.Replicas {
		said[state.Replica] = state
	}
	var logs []survey.ReplicaID
	err := t.each(ctx, "SELECT replica_id FROM replica", nil, func(row rowScan) error {
		var id survey.ReplicaID
		err := row(&id)
		logs = append(logs, id)
		return err
	})
	if err != nil {
		return err
	}
	present := s.self.replica // the log to write into may change meanwhile
	for _, id := range logs {
		if err := s.heldOne(ctx, t, id, said[id], id == present); err != nil {
			return err
		}
	}
	return nil
}

// heldOne moves the watermarks of one log: what is durable forward, and what is signed for only back. That the server
// holds more of a log than it has signed for here may be the work of a copy of this database; only a receipt, which
// answers the very entries, says that they have arrived. What the server lacks is handed over again: from the log itself
// where it is the one being written and begins early enough, else under the present one.
func (s *Store) heldOne(ctx context.Context, t *tx, id survey.ReplicaID, state wire.ReplicaState, present bool) error {
	log, err := logState(ctx, t, id)
	if err != nil {
		return err
	}
	received := int64(state.Received)
	if received > log.last && present {
		return s.goOnAsNewReplica(ctx, t)
	}
	acked := min(log.acked, received)
	durable := min(max(int64(state.Durable), log.durable), acked)
	if acked != log.acked || durable != log.durable {
		t.quiet = false
		err := t.exec(ctx, "UPDATE replica SET acked_n = ?, durable_n = ? WHERE replica_id = ?", acked, durable, id[:])
		if err != nil {
			return err
		}
	}
	switch {
	case received < log.pruned:
		t.quiet = false
		return s.logAgain(ctx, t, id, present)
	case !present && acked < log.last:
		return s.logRest(ctx, t, id)
	}
	return nil
}

// logAgain writes all that was ever pruned of a log, and what the server lacks of the rest, at the end of the present
// log; where that is the log itself, of a new one. A server that was put back to before what it called durable needs it.
func (s *Store) logAgain(ctx context.Context, t *tx, id survey.ReplicaID, present bool) error {
	into := s.self.replica
	var err error
	if present {
		if into, err = s.goOn(ctx, t); err != nil {
			return err
		}
	}
	var shed []survey.RevID
	err = t.each(ctx, `SELECT s.rev_id FROM shed s JOIN revision v ON v.rev_id = s.rev_id WHERE s.replica_id = ? ORDER BY v.hlc, s.rev_id`,
		[]any{id[:]}, func(row rowScan) error {
			var rev survey.RevID
			err := row(&rev)
			shed = append(shed, rev)
			return err
		})
	if err != nil {
		return err
	}
	for _, rev := range shed {
		if err := appendLog(ctx, t, into, rev); err != nil {
			return err
		}
	}
	err = errors.Join(
		t.exec(ctx, "DELETE FROM shed WHERE replica_id = ?", id[:]),
		t.exec(ctx, "DELETE FROM pruned WHERE replica_id = ?", id[:]),
	)
	if err != nil || present {
		return err
	}
	return s.logRest(ctx, t, id)
}

// logRest writes the entries of an earlier log that the server lacks at the end of the present one, unless they are
// there or have arrived by another log.
func (s *Store) logRest(ctx context.Context, t *tx, id survey.ReplicaID) error {
	into := s.self.replica
	var missing []survey.RevID
	err := t.each(ctx, `SELECT l.rev_id FROM rlog l JOIN replica p ON p.replica_id = l.replica_id
		WHERE l.replica_id = ?1 AND l.n > p.acked_n
		  AND NOT EXISTS (SELECT 1 FROM shed s WHERE s.rev_id = l.rev_id)
		  AND NOT EXISTS (SELECT 1 FROM rlog o JOIN replica q ON q.replica_id = o.replica_id
			WHERE o.rev_id = l.rev_id AND (o.replica_id = ?2 OR o.n <= q.acked_n))
		ORDER BY l.n`, []any{id[:], into[:]}, func(row rowScan) error {
		var rev survey.RevID
		err := row(&rev)
		missing = append(missing, rev)
		return err
	})
	for _, rev := range missing {
		t.quiet = false
		err = errors.Join(err, appendLog(ctx, t, into, rev))
	}
	return err
}

// prune drops the segments of every log whose last entry is durable. The revisions stay: records are made of them.
func (s *Store) prune(ctx context.Context, t *tx) error {
	type cut struct {
		replica survey.ReplicaID
		last    int64
		hash    survey.Hash
	}
	var cuts []cut
	err := t.each(ctx, `SELECT g.replica_id, max(g.first_n + g.count - 1), g.hash FROM segment g
		JOIN replica p ON p.replica_id = g.replica_id
		WHERE g.first_n + g.count - 1 <= min(p.durable_n, p.acked_n)
		  AND NOT EXISTS (SELECT 1 FROM push w WHERE w.replica_id = g.replica_id AND w.first_n <= g.first_n + g.count - 1)
		GROUP BY g.replica_id`, nil, func(row rowScan) error {
		var c cut
		err := row(&c.replica, &c.last, &c.hash)
		cuts = append(cuts, c)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range cuts {
		t.quiet = false
		err := errors.Join(
			t.exec(ctx, `INSERT INTO shed (rev_id, replica_id) SELECT rev_id, replica_id FROM rlog WHERE replica_id = ? AND n <= ?
				ON CONFLICT DO NOTHING`, c.replica[:], c.last),
			t.exec(ctx, "DELETE FROM rlog WHERE replica_id = ? AND n <= ?", c.replica[:], c.last),
			t.exec(ctx, "DELETE FROM segment WHERE replica_id = ? AND first_n + count - 1 <= ?", c.replica[:], c.last),
			t.exec(ctx, `INSERT INTO pruned (replica_id, hash, n) VALUES (?, ?, ?)
				ON CONFLICT (replica_id) DO UPDATE SET hash = excluded.hash, n = excluded.n`, c.replica[:], c.hash[:], c.last),
			t.exec(ctx, "DELETE FROM receipt WHERE rowid NOT IN (SELECT rowid FROM receipt ORDER BY received DESC LIMIT ?)", receiptsKept),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// logState returns how far a log of this database has come.
func logState(ctx context.Context, t *tx, id survey.ReplicaID) (r replicaState, err error) {
	err = t.row(ctx, `SELECT p.last_n, p.acked_n, p.durable_n, p.nonce, coalesce(d.n, 0) FROM replica p
		LEFT JOIN pruned d ON d.replica_id = p.replica_id WHERE p.replica_id = ?`, []any{id[:]},
		&r.last, &r.acked, &r.durable, &r.nonce, &r.pruned)
	return r, err
}

// previousHash returns the hash of the segment of a log that ends before a run; zero for the first.
func previousHash(ctx context.Context, t *tx, r run) (hash survey.Hash, err error) {
	err = t.row(ctx, `SELECT hash FROM segment WHERE replica_id = ?1 AND first_n + count = ?2
		UNION ALL SELECT hash FROM pruned WHERE replica_id = ?1 AND n + 1 = ?2`, []any{r.replica[:], r.first}, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return hash, err
}
