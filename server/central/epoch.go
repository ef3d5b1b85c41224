package central

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"zoucun/survey"
)

// doubtEvery is how often at most a cursor alone makes the server begin a new epoch: a device proves nothing by it.
const doubtEvery = 24 * time.Hour

// errForgotten says that a device knows more of this database than the database itself: it was put back.
var errForgotten = errors.New("the database has forgotten what it gave out")

// Life returns the present epoch and how much has happened in it: the sum of the ends of all feeds and logs. It only
// ever grows, but for a database that was put back.
func (c *Central) Life(ctx context.Context) (epoch survey.Epoch, total uint64, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if epoch, err = c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		var feeds, logs int64
		err = tx.QueryRowContext(ctx, `SELECT
			CAST((SELECT coalesce(sum(seq), 0) FROM scope_head WHERE county = $1) AS BIGINT),
			CAST((SELECT coalesce(sum(received), 0) FROM replica WHERE county = $1) AS BIGINT)`, int64(c.county)).Scan(&feeds, &logs)
		total = uint64(feeds) + uint64(logs)
		return err
	})
	return epoch, total, fail("central.Life", err)
}

// Lived reports whether an epoch was one of this database before the present one.
func (c *Central) Lived(ctx context.Context, epoch survey.Epoch) (lived bool, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var count int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM past_epoch WHERE county = $1 AND epoch = $2`, int64(c.county), epoch[:]).Scan(&count)
		lived = count > 0
		return err
	})
	return lived, fail("central.Lived", err)
}

// BeginEpoch begins a new life of the database: devices read every feed from its start, offer their logs again, and
// hand back what is lacking. It is for a database that was put back; at any other time it costs them some traffic.
func (c *Central) BeginEpoch(ctx context.Context) (survey.Epoch, error) {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		epoch, err := c.presentEpoch(ctx, tx)
		if err != nil {
			return err
		}
		return c.leaveEpoch(ctx, tx, epoch)
	})
	return c.Epoch(), fail("central.BeginEpoch", err)
}

// leaveEpoch begins a new epoch unless the one to leave has been left already.
func (c *Central) leaveEpoch(ctx context.Context, tx *sql.Tx, old survey.Epoch) error {
	epoch := newID[survey.Epoch]()
	result, err := tx.ExecContext(ctx, `UPDATE server SET epoch = $2 WHERE county = $1 AND epoch = $3`, int64(c.county), epoch[:], old[:])
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO past_epoch (county, epoch) VALUES ($1, $2)`, int64(c.county), old[:])
	if err != nil {
		return err
	}
	// Nonces given out since are unknown here: from now on any is taken, and the logs themselves are compared.
	_, err = tx.ExecContext(ctx, `UPDATE replica SET nonce = $2, nonce_prev = $2 WHERE county = $1`, int64(c.county), []byte{})
	if err != nil {
		return err
	}
	if err := c.sayAllAgain(ctx, tx); err != nil {
		return err
	}
	_, err = c.presentEpoch(ctx, tx)
	return err
}

// presentEpoch reads the epoch as this transaction sees it: another process may have begun it.
func (c *Central) presentEpoch(ctx context.Context, tx querier) (epoch survey.Epoch, err error) {
	err = tx.QueryRowContext(ctx, `SELECT epoch FROM server WHERE county = $1`, int64(c.county)).Scan(&epoch)
	if err == nil {
		c.epoch.Store(&epoch)
	}
	return epoch, err
}

// remembered follows the word of a device that the database was put back.
func (c *Central) remembered(ctx context.Context, old survey.Epoch, device survey.DeviceID) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return c.leaveEpoch(ctx, tx, old) })
	if err != nil {
		return err
	}
	c.log.WarnContext(ctx, "database was put back to an earlier state: a new epoch has begun, devices hand back what they hold",
		slog.String("noticed", "nonce"), slog.String("device", device.String()))
	return &survey.Error{
		Kind: survey.Unavailable, Op: "central.remembered", Err: errForgotten,
		Message: "服务器刚恢复过数据，正在重新核对，请稍后再试。本机的内容都还在。",
	}
}

// doubted begins a new epoch where a device names more of a feed than there is, unless that has happened lately. It
// reports whether it did.
func (c *Central) doubted(ctx context.Context, old survey.Epoch, device survey.DeviceID) (begun bool, err error) {
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		now := c.clock()
		result, err := tx.ExecContext(ctx, `UPDATE server SET doubted = $2 WHERE county = $1 AND epoch = $3 AND doubted <= $4`,
			int64(c.county), now.UnixMilli(), old[:], now.Add(-doubtEvery).UnixMilli())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if begun = n > 0; err != nil || !begun {
			return err
		}
		return c.leaveEpoch(ctx, tx, old)
	})
	if err == nil && begun {
		c.log.WarnContext(ctx, "database was put back to an earlier state: a new epoch has begun, devices hand back what they hold",
			slog.String("noticed", "cursor"), slog.String("device", device.String()))
	}
	return begun, err
}
