package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Relays returns the township's receiving points that this device knows, by address.
func (s *Store) Relays(ctx context.Context) ([]survey.Relay, error) {
	var relays []survey.Relay
	err := s.db.each(ctx, "SELECT relay_tag, relay_sealed FROM relay", nil, func(row rowScan) error {
		var tag, box []byte
		if err := row(&tag, &box); err != nil {
			return err
		}
		relay, err := open[survey.Relay](s.vault, box, placeOf("relay.relay_sealed", tag))
		relays = append(relays, relay)
		return err
	})
	slices.SortFunc(relays, func(a, b survey.Relay) int { return cmp.Compare(a.Address, b.Address) })
	return relays, opError("store.Relays", "", err)
}

// KeepRelay keeps a receiving point, in place of the one at the same address. One that was not known may stand for another
// whose disk is gone: it is handed everything that the server has not signed for.
func (s *Store) KeepRelay(ctx context.Context, relay survey.Relay) error {
	known, err := s.Relays(ctx)
	if err != nil {
		return err
	}
	return s.update(ctx, "store.KeepRelay", "", func(ctx context.Context, t *tx) error {
		if !slices.ContainsFunc(known, func(r survey.Relay) bool { return r.Device == relay.Device }) {
			if err := t.exec(ctx, "DELETE FROM relayed"); err != nil {
				return err
			}
		}
		tag := s.relayTag(relay.Address)
		box, err := sealed(s.vault, relay, placeOf("relay.relay_sealed", tag))
		if err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO relay (relay_tag, relay_sealed) VALUES (?, ?)
			ON CONFLICT (relay_tag) DO UPDATE SET relay_sealed = excluded.relay_sealed`, tag, box)
	})
}

// RemoveRelay forgets the receiving point at an address.
func (s *Store) RemoveRelay(ctx context.Context, address string) error {
	return s.update(ctx, "store.RemoveRelay", "", func(ctx context.Context, t *tx) error {
		return t.exec(ctx, "DELETE FROM relay WHERE relay_tag = ?", s.relayTag(address))
	})
}

func (s *Store) relayTag(address string) []byte { return s.vault.tag("relay", address) }

// unrelayed is what of the present log neither the server has signed for nor a receiving point holds.
const unrelayed = `FROM replica r LEFT JOIN relayed d ON d.replica_id = r.replica_id WHERE r.replica_id = ?`

// Unrelayed returns how many entries of the log neither the server has signed for nor a receiving point holds.
func (s *Store) Unrelayed(ctx context.Context) (n int, err error) {
	err = s.db.reader.QueryRowContext(ctx, `SELECT r.last_n - max(r.acked_n, coalesce(d.n, 0)) FROM installation i
		JOIN replica r ON r.replica_id = i.replica_id LEFT JOIN relayed d ON d.replica_id = r.replica_id`).Scan(&n)
	return n, opError("store.Unrelayed", "", err)
}

// NextRelayed returns the next segments to hand to a receiving point, at most limit of them, in the order of the log and
// as they were or will be pushed.
func (s *Store) NextRelayed(ctx context.Context, limit int) (segments []wire.Segment, err error) {
	err = s.update(ctx, "store.NextRelayed", "", func(ctx context.Context, t *tx) error {
		t.quiet, segments = true, nil
		err := s.cutRest(ctx, t)
		if survey.KindOf(err) == survey.Damaged {
			t.quiet = false // whoever hands over comes again
			return s.goOnAsNewReplica(ctx, t)
		}
		if err != nil {
			return err
		}
		var far int64
		if err := t.row(ctx, "SELECT max(r.acked_n, coalesce(d.n, 0)) "+unrelayed, []any{s.self.replica[:]}, &far); err != nil {
			return err
		}
		runs, err := cutRuns(ctx, t, "g.replica_id = ? AND g.first_n + g.count - 1 > ?", s.self.replica[:], far)
		if err != nil {
			return err
		}
		for _, r := range runs[:min(limit, len(runs))] {
			segment, err := s.buildSegment(ctx, t, r)
			if err != nil {
				return err
			}
			segments = append(segments, segment)
		}
		return nil
	})
	return segments, err
}

// Relayed notes that a receiving point holds a segment. Only one that this device has cut, right behind what the server
// or a receiving point holds, moves the mark; the server's watermarks it never moves.
func (s *Store) Relayed(ctx context.Context, hash survey.Hash) error {
	return s.update(ctx, "store.Relayed", "", func(ctx context.Context, t *tx) error {
		var id survey.ReplicaID
		var last int64
		err := t.row(ctx, `SELECT g.replica_id, g.first_n + g.count - 1 FROM segment g JOIN replica r ON r.replica_id = g.replica_id
			LEFT JOIN relayed d ON d.replica_id = g.replica_id
			WHERE g.hash = ? AND g.first_n <= max(r.acked_n, coalesce(d.n, 0)) + 1`, []any{hash[:]}, &id, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO relayed (replica_id, n) VALUES (?, ?)
			ON CONFLICT (replica_id) DO UPDATE SET n = max(n, excluded.n)`, id[:], last)
	})
}

// markRelayed says of visits that wait for the server which of them a receiving point holds.
func (s *Store) markRelayed(ctx context.Context, visits []survey.Visit) error {
	here := map[survey.RecordID]bool{}
	err := s.db.each(ctx, "SELECT record_id FROM unrelayed_record", nil, func(row rowScan) error {
		var id survey.RecordID
		err := row(&id)
		here[id] = true
		return err
	})
	for i := range visits {
		if !here[visits[i].ID] {
			visits[i].Delivery = survey.AtRelay
		}
	}
	return err
}
