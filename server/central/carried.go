package central

import (
	"context"
	"database/sql"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Arrived says what came of a segment that somebody carried here.
type Arrived struct {
	State   wire.ReplicaState
	New     uint64 // entries that were not held before
	Gap     bool   // entries before it are not here: nothing was stored
	Rejects []wire.Reject
}

// Carry stores a segment that came in a bundle, as Receive stores those of a push, whoever carried it: its signature
// decides. It looks at no nonce and gives none out, so the device's own next push is answered as if nothing had been.
func (c *Central) Carry(ctx context.Context, s wire.Segment) (arrived Arrived, err error) {
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		arrived = Arrived{}
		a := c.arriving(tx)
		if _, err := a.signer(ctx, s); err != nil {
			return err
		}
		before, err := a.lockReplica(ctx, s.Header.Replica, s.Header.Device)
		if err != nil {
			return err
		}
		if arrived.State, err = a.segment(ctx, s, false, nil); err != nil {
			return err
		}
		arrived.New = arrived.State.Received - before.received
		arrived.Gap = s.Header.First > before.received+1
		arrived.Rejects = a.rejects
		return a.publish(ctx)
	})
	return arrived, fail("central.Carry", err)
}

// Vouch returns the server's signed word on logs that were carried here.
func (c *Central) Vouch(device survey.DeviceID, logs []wire.HeldLog, rejects []wire.Reject) (wire.Carried, error) {
	carried, err := wire.Carried{
		County: c.county, Device: device, Epoch: c.epoch, Logs: logs, Rejects: rejects, Time: survey.MillisOf(c.clock()),
	}.Sign(c.key)
	return carried, fail("central.Vouch", err)
}

// Device is an enrolled installation as an operator sees it.
type Device struct {
	ID       survey.DeviceID
	SealKey  []byte // X25519; what is for the device alone is sealed to it
	Grant    survey.Grant
	Enrolled survey.Millis
	Revoked  survey.Millis // 0 while it is not
}

// Devices returns all enrolled devices, the one enrolled last first.
func (c *Central) Devices(ctx context.Context) (devices []Device, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		devices = nil
		rows, err := tx.QueryContext(ctx, `SELECT device_id, seal_key, grant_body, enrolled, revoked FROM device
			WHERE county = $1 ORDER BY enrolled DESC, device_id DESC`, int64(c.county))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var d Device
			var grant []byte
			if err := rows.Scan(&d.ID, &d.SealKey, &grant, (*int64)(&d.Enrolled), (*int64)(&d.Revoked)); err != nil {
				return err
			}
			if err := cbor.Unmarshal(grant, &d.Grant); err != nil {
				return err
			}
			devices = append(devices, d)
		}
		return rows.Err()
	})
	return devices, fail("central.Devices", err)
}
