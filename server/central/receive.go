package central

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// receiptLife is how long the same push gets the same receipt.
const receiptLife = 30 * 24 * time.Hour

// Receive stores what a push carries and returns the server's signed word on it, encoded. The same push again returns
// the same bytes and stores nothing.
//
// Segments of a log that is already held in part are joined to it; one that leaves a gap is left out, and the receipt
// says from where to go on. A log that parts from the one held here is reported as a fork and changes nothing. A segment
// whose signature fails refuses the whole push.
func (c *Central) Receive(ctx context.Context, push wire.Push) (receipt wire.Receipt, err error) {
	request, err := push.Digest()
	if err != nil {
		return receipt, fail("central.Receive", err)
	}
	if err := checkPush(push); err != nil {
		return receipt, fail("central.Receive", err)
	}
	var life survey.Epoch
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := c.knownReceipt(ctx, tx, push.ID, request)
		if err != nil {
			return err
		}
		if known != nil {
			receipt = *known
			return nil
		}
		a := c.arriving(tx)
		if a.life, err = c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		life = a.life
		receipt, err = a.take(ctx, push, request)
		return err
	})
	if errors.Is(err, errForgotten) {
		err = c.remembered(ctx, life, push.Segments[0].Header.Device)
	}
	return receipt, fail("central.Receive", err)
}

func checkPush(push wire.Push) error {
	if len(push.Segments) == 0 {
		return &survey.Error{Kind: survey.Invalid, Op: "central.checkPush", Err: errors.New("no segments")}
	}
	return nil
}

// knownReceipt returns the receipt of a push that came before, or nil.
func (c *Central) knownReceipt(ctx context.Context, tx *sql.Tx, id survey.PushID, request survey.Hash) (*wire.Receipt, error) {
	var (
		seen survey.Hash
		raw  []byte
	)
	err := tx.QueryRowContext(ctx, `SELECT request, receipt FROM receipt WHERE county = $1 AND push_id = $2`, int64(c.county), id[:]).
		Scan(&seen, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if seen != request {
		return nil, &survey.Error{
			Kind: survey.Conflicting, Op: "central.Receive", Subject: "push " + id.String(),
			Err: errors.New("the same push with other content"),
		}
	}
	receipt, err := wire.Decode[wire.Receipt](raw)
	return &receipt, err
}

// take stores a push that has not been seen, and its receipt.
func (a *arrival) take(ctx context.Context, push wire.Push, request survey.Hash) (wire.Receipt, error) {
	receipt := wire.Receipt{Push: push.ID, Request: request, Epoch: a.life, Time: survey.MillisOf(a.now)}
	for i, s := range push.Segments {
		state, err := a.segment(ctx, s, i == 0, push.Nonce)
		if err != nil {
			return receipt, err
		}
		at := slices.IndexFunc(receipt.Replicas, func(r wire.ReplicaState) bool { return r.Replica == state.Replica })
		if at < 0 {
			receipt.Replicas = append(receipt.Replicas, state)
			continue
		}
		state.Fork = state.Fork || receipt.Replicas[at].Fork
		receipt.Replicas[at] = state
	}
	if err := a.publish(ctx); err != nil {
		return receipt, err
	}
	receipt.Rejects, receipt.Nonce = a.rejects, a.nonce
	receipt, err := receipt.Sign(a.key)
	if err != nil {
		return receipt, err
	}
	raw, err := wire.Encode(receipt)
	if err != nil {
		return receipt, err
	}
	_, err = a.tx.ExecContext(ctx, `DELETE FROM receipt WHERE county = $1 AND made < $2`, int64(a.county), a.now.Add(-receiptLife).UnixMilli())
	if err != nil {
		return receipt, err
	}
	_, err = a.tx.ExecContext(ctx, `INSERT INTO receipt (county, push_id, request, receipt, made) VALUES ($1, $2, $3, $4, $5)`,
		int64(a.county), push.ID[:], request[:], raw, a.now.UnixMilli())
	return receipt, err
}

// segment stores one segment as far as it follows what is held. first marks the segment whose replica the push's nonce
// belongs to.
func (a *arrival) segment(ctx context.Context, s wire.Segment, first bool, nonce []byte) (wire.ReplicaState, error) {
	state := wire.ReplicaState{Replica: s.Header.Replica}
	who, err := a.signer(ctx, s)
	if err != nil {
		return state, err
	}
	held, err := a.lockReplica(ctx, s.Header.Replica, s.Header.Device)
	if err != nil {
		return state, err
	}
	state.Received, state.Durable = held.received, held.durable
	if first {
		if known, err := a.showNonce(ctx, s.Header.Replica, held, nonce); err != nil || !known {
			state.Fork = !known
			return state, err
		}
	}
	if s.Header.First > held.received+1 {
		return state, nil // a gap: the receipt says where to go on
	}
	if same, err := a.follows(ctx, s, held.received); err != nil || !same {
		state.Fork = !same
		return state, err
	}
	if err := a.keep(ctx, s, held.received, who); err != nil {
		return state, err
	}
	state.Received = max(held.received, s.Last())
	return state, nil
}

// signer verifies the segment against the key of the device it names.
func (a *arrival) signer(ctx context.Context, s wire.Segment) (standing, error) {
	known, err := a.findDevice(ctx, a.tx, s.Header.Device)
	if err != nil {
		return standing{}, err
	}
	if err := s.Verify(known.signKey); err != nil {
		return standing{}, &survey.Error{Kind: survey.Damaged, Op: "central.Receive", Subject: "replica " + s.Header.Replica.String(), Err: err}
	}
	return standing{grant: known.grant, revoked: known.revoked, now: a.now}, nil
}

// held is a replica's row.
type held struct {
	received, durable uint64
	nonce, previous   []byte
}

// knows returns the nonce that is shown as it is kept here, if it is the last one given out, or the one before in case the
// last was lost on the way. An older one comes from a database that was copied or restored. Where none is known any is.
func (h held) knows(nonce []byte) ([]byte, bool) {
	switch {
	case len(h.nonce) == 0:
		return []byte{}, true
	case bytes.Equal(nonce, h.nonce), bytes.Equal(nonce, h.previous):
		return append([]byte{}, nonce...), true
	}
	return nil, false
}

// showNonce reports whether the nonce is known, and then gives out the next. One that only a later state of this
// database can have given out is errForgotten.
func (a *arrival) showNonce(ctx context.Context, id survey.ReplicaID, h held, shown []byte) (known bool, err error) {
	nonces, err := a.noncer(a.life, id)
	if err != nil {
		return false, err
	}
	kept, known := h.knows(shown)
	if !known && nonces.count(shown) > nonces.count(h.nonce) {
		return false, errForgotten
	}
	if !known {
		return false, nil
	}
	a.nonce = nonces.after(h.nonce)
	_, err = a.tx.ExecContext(ctx, `UPDATE replica SET nonce = $3, nonce_prev = $4 WHERE county = $1 AND replica_id = $2`,
		int64(a.county), id[:], a.nonce, kept)
	return true, err
}

// lockReplica returns the replica's row, begun if there was none, and keeps others from it until the end.
func (a *arrival) lockReplica(ctx context.Context, id survey.ReplicaID, device survey.DeviceID) (held, error) {
	var (
		h                 held
		owner             survey.DeviceID
		received, durable int64
	)
	err := a.tx.QueryRowContext(ctx, `INSERT INTO replica (county, replica_id, device_id, received, durable, nonce, nonce_prev)
		VALUES ($1, $2, $3, 0, 0, $4, $4)
		ON CONFLICT (county, replica_id) DO UPDATE SET received = replica.received
		RETURNING device_id, received, durable, nonce, nonce_prev`, int64(a.county), id[:], device[:], []byte{}).
		Scan(&owner, &received, &durable, &h.nonce, &h.previous)
	if err != nil {
		return h, err
	}
	if owner != device {
		return h, &survey.Error{
			Kind: survey.Denied, Op: "central.Receive", Subject: "replica " + id.String(),
			Err: fmt.Errorf("belongs to device %s", owner),
		}
	}
	h.received, h.durable = uint64(received), uint64(durable)
	return h, nil
}

// follows reports whether the segment agrees with the log as far as that is held: the same revisions at the same n, and
// the chain joined where it goes on.
func (a *arrival) follows(ctx context.Context, s wire.Segment, received uint64) (bool, error) {
	if s.Header.First == 1 {
		if !s.Header.Prev.IsZero() {
			return false, nil
		}
	} else if known, err := a.knowsSegment(ctx, s.Header.Replica, s.Header.First-1, s.Header.Prev); err != nil || !known {
		return false, err
	}
	rows, err := a.tx.QueryContext(ctx, `SELECT n, rev_id FROM rlog WHERE county = $1 AND replica_id = $2 AND n BETWEEN $3 AND $4`,
		int64(a.county), s.Header.Replica[:], int64(s.Header.First), int64(min(received, s.Last())))
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			n  int64
			id survey.RevID
		)
		if err := rows.Scan(&n, &id); err != nil {
			return false, err
		}
		if s.Entries[uint64(n)-s.Header.First].Revision.ID != id {
			return false, nil
		}
	}
	return true, rows.Err()
}

// knowsSegment reports whether a segment with this hash ends at n. A log may have been cut into segments in more than
// one way, after a lost receipt or a push that was too large.
func (a *arrival) knowsSegment(ctx context.Context, replica survey.ReplicaID, last uint64, hash survey.Hash) (bool, error) {
	var count int
	err := a.tx.QueryRowContext(ctx, `SELECT count(*) FROM segment WHERE county = $1 AND replica_id = $2 AND last = $3 AND hash = $4`,
		int64(a.county), replica[:], int64(last), hash[:]).Scan(&count)
	return count > 0, err
}

// publicKeyOf is a device's key as the database holds it.
func publicKeyOf(raw []byte) ed25519.PublicKey { return ed25519.PublicKey(raw) }
