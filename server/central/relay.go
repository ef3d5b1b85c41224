package central

import (
	"context"
	"database/sql"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// TakeCarried stores segments of one log that an enrolled device or a relay has brought, as [Central.Carry] does, and
// gives the server's word on how far the log is held. What leaves a gap or parts from the log is not stored, and only the
// latter is said: the rest may follow.
func (c *Central) TakeCarried(ctx context.Context, device survey.DeviceID, carry wire.Carry) (reply wire.CarryReply, err error) {
	if _, err := c.currentGrant(ctx, device); err != nil {
		return reply, fail("central.TakeCarried", err)
	}
	var held *wire.HeldLog
	for _, s := range carry.Segments {
		hash, err := s.Hash()
		if err != nil {
			return reply, fail("central.TakeCarried", err)
		}
		arrived, err := c.Carry(ctx, s)
		if err != nil {
			return reply, err
		}
		switch {
		case arrived.State.Fork:
			reply.Apart = append(reply.Apart, hash)
		case !arrived.Gap:
			reply.Kept = append(reply.Kept, hash)
			held = &wire.HeldLog{Replica: s.Header.Replica, Last: s.Last(), Durable: min(arrived.State.Durable, s.Last()), Hash: hash}
		}
	}
	if held == nil {
		return reply, nil
	}
	rejects, err := c.standingRejects(ctx, held.Replica)
	if err != nil {
		return reply, fail("central.TakeCarried", err)
	}
	word, err := c.Vouch(carry.Segments[0].Header.Device, []wire.HeldLog{*held}, rejects)
	reply.Words = []wire.Carried{word}
	return reply, err
}

// standingRejects returns what of a log is kept apart, the latest of it where that is more than a word holds. A relay keeps
// only the latest word on each log, so that has to say all.
func (c *Central) standingRejects(ctx context.Context, replica survey.ReplicaID) (rejects []wire.Reject, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rejects = nil
		rows, err := tx.QueryContext(ctx, `SELECT r.rev_id, r.refused, r.reason, r.judgement FROM rlog l
			JOIN revision r ON r.county = l.county AND r.rev_id = l.rev_id
			WHERE l.county = $1 AND l.replica_id = $2 AND r.refused >= 0 ORDER BY l.n DESC LIMIT $3`,
			int64(c.county), replica[:], wire.MaxEntries)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var reject wire.Reject
			var judgement string
			if err := rows.Scan(&reject.Revision, &reject.Kind, &reject.Message, &judgement); err != nil {
				return err
			}
			if judgement != "" {
				reject.Message = notTaken + judgement
			}
			rejects = append(rejects, reject)
		}
		return rows.Err()
	})
	return rejects, err
}

// RelayNews returns the devices that share a village with a relay, in the order of their identifiers.
func (c *Central) RelayNews(ctx context.Context, id survey.DeviceID, ask wire.RelayAsk) (news wire.RelayNews, err error) {
	relay, err := c.currentGrant(ctx, id)
	if err == nil && !slices.Contains(relay.grant.Roles, survey.RoleRelay) {
		err = deny("这台设备不是乡镇接收点。")
	}
	if err != nil {
		return news, fail("central.RelayNews", err)
	}
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		news = wire.RelayNews{Devices: []wire.RelayedDevice{}}
		var err error
		if news.Epoch, err = c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		known, err := c.relayed(ctx, tx, relay.grant)
		if err != nil {
			return err
		}
		for _, d := range known {
			if d.Device.Compare(ask.After) <= 0 {
				continue
			}
			if len(news.Devices) == wire.MaxRelayed {
				news.More = true
				return nil
			}
			holdings, err := c.holdings(ctx, tx, d.Device, news.Epoch)
			if err != nil {
				return err
			}
			d.Holdings = *holdings
			news.Devices = append(news.Devices, d)
		}
		return nil
	})
	return news, fail("central.RelayNews", err)
}

// relayed returns the devices that share a village with a relay, without what is held of their logs.
func (c *Central) relayed(ctx context.Context, tx *sql.Tx, relay survey.Grant) ([]wire.RelayedDevice, error) {
	rows, err := tx.QueryContext(ctx, `SELECT device_id, sign_key, grant_body, grant_sign, revoked FROM device WHERE county = $1`, int64(c.county))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	shared := survey.RegisterScope(c.county)
	var found []wire.RelayedDevice
	for rows.Next() {
		var (
			d     wire.RelayedDevice
			grant survey.Grant
		)
		if err := rows.Scan(&d.Device, &d.SignKey, &d.Grant.Grant, &d.Grant.Signature, (*int64)(&d.Revoked)); err != nil {
			return nil, err
		}
		if err := cbor.Unmarshal(d.Grant.Grant, &grant); err != nil {
			return nil, err
		}
		if d.Device != relay.Device && slices.ContainsFunc(grant.Scopes, func(s survey.ScopeID) bool {
			return s != shared && slices.Contains(relay.Scopes, s)
		}) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b wire.RelayedDevice) int { return a.Device.Compare(b.Device) })
	return found, rows.Err()
}
