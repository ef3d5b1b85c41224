package central

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Installation is an enrolled device as the operator sees it.
type Installation struct {
	Grant    survey.Grant
	SealKey  []byte // X25519; what is for the device alone is sealed to it
	Enrolled survey.Millis
	Revoked  survey.Millis // 0 while it is not
	Replicas []wire.ReplicaState
}

// Devices returns the enrolled devices, those enrolled first first.
func (c *Central) Devices(ctx context.Context) (devices []Installation, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if devices, err = c.installations(ctx, tx); err != nil {
			return err
		}
		for i := range devices {
			if devices[i].Replicas, err = c.replicasOf(ctx, tx, devices[i].Grant.Device); err != nil {
				return err
			}
		}
		return nil
	})
	return devices, fail("central.Devices", err)
}

func (c *Central) installations(ctx context.Context, tx *sql.Tx) ([]Installation, error) {
	rows, err := tx.QueryContext(ctx, `SELECT grant_body, seal_key, enrolled, revoked FROM device WHERE county = $1 ORDER BY enrolled, device_id`, int64(c.county))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var devices []Installation
	for rows.Next() {
		var (
			d    Installation
			body []byte
		)
		if err := rows.Scan(&body, &d.SealKey, (*int64)(&d.Enrolled), (*int64)(&d.Revoked)); err != nil {
			return nil, err
		}
		if err := cbor.Unmarshal(body, &d.Grant); err != nil {
			return nil, err
		}
		devices = append(devices, d)
	}
	return devices, rows.Err()
}

// replicasOf returns how far each log of a device is held.
func (c *Central) replicasOf(ctx context.Context, tx *sql.Tx, device survey.DeviceID) ([]wire.ReplicaState, error) {
	rows, err := tx.QueryContext(ctx, `SELECT replica_id, received, durable FROM replica
		WHERE county = $1 AND device_id = $2 ORDER BY replica_id LIMIT $3`, int64(c.county), device[:], wire.MaxHoldings)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var states []wire.ReplicaState
	for rows.Next() {
		var (
			s                 wire.ReplicaState
			received, durable int64
		)
		if err := rows.Scan(&s.Replica, &received, &durable); err != nil {
			return nil, err
		}
		s.Received, s.Durable = uint64(received), uint64(durable)
		states = append(states, s)
	}
	return states, rows.Err()
}

// holdings returns the server's signed word on the logs of a device. That it knows none is said too: it may have known
// some before it was put back.
func (c *Central) holdings(ctx context.Context, tx *sql.Tx, device survey.DeviceID, epoch survey.Epoch) (*wire.SignedHoldings, error) {
	states, err := c.replicasOf(ctx, tx, device)
	if err != nil {
		return nil, err
	}
	signed, err := wire.SignHoldings(wire.Holdings{Device: device, Epoch: epoch, Replicas: states, Time: survey.MillisOf(c.clock())}, c.key)
	return &signed, err
}

// renewRevocations signs the list of the devices that are revoked now, under the next serial.
func (c *Central) renewRevocations(ctx context.Context, tx *sql.Tx) error {
	devices, err := c.installations(ctx, tx)
	if err != nil {
		return err
	}
	list := survey.Revocations{County: c.county, Devices: []survey.Revocation{}}
	for _, d := range devices {
		if d.Revoked != 0 {
			list.Devices = append(list.Devices, survey.Revocation{Device: d.Grant.Device, Since: d.Revoked})
		}
	}
	var serial int64
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(serial), 0) FROM revocations WHERE county = $1`, int64(c.county)).Scan(&serial)
	if err != nil {
		return err
	}
	list.Serial = c.serialAfter(uint64(serial))
	signed, err := wire.SignRevocations(list, c.key)
	if err != nil {
		return err
	}
	if _, err := signed.Open(c.Key()); err != nil {
		return &survey.Error{Kind: survey.Invalid, Op: "central.renewRevocations", Message: "收回授权的设备太多，名单写不下，没有改动。", Err: err}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO revocations (county, serial, list, sign) VALUES ($1, $2, $3, $4)`,
		int64(c.county), int64(list.Serial), signed.List, signed.Signature)
	return err
}

// serialAfter returns a serial that follows another, and also those that a database which was put back has forgotten: it
// is no less than the time in seconds.
func (c *Central) serialAfter(serial uint64) uint64 {
	return max(serial+1, uint64(max(0, c.clock().Unix())))
}

// revocationsAfter returns the list in force, or nil where that is the one with this serial or an older one.
func (c *Central) revocationsAfter(ctx context.Context, tx *sql.Tx, serial uint64) (*wire.SignedRevocations, error) {
	var signed wire.SignedRevocations
	err := tx.QueryRowContext(ctx, `SELECT list, sign FROM revocations WHERE county = $1 AND serial > $2 ORDER BY serial DESC LIMIT 1`,
		int64(c.county), int64(min(serial, 1<<62))).Scan(&signed.List, &signed.Signature)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &signed, err
}
