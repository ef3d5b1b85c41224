package central

import (
	"context"
	"database/sql"

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
		County: c.county, Device: device, Epoch: c.Epoch(), Logs: logs, Rejects: rejects, Time: survey.MillisOf(c.clock()),
	}.Sign(c.key)
	return carried, fail("central.Vouch", err)
}
