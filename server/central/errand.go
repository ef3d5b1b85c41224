package central

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// What is kept of errands, and for how long.
const (
	maxComing   = 16                  // of one courier, that are not taken yet
	comingFor   = 14 * 24 * time.Hour // until one that was not taken goes
	judgedFor   = 60 * 24 * time.Hour // until what is known of one goes
	errandSweep = 200                 // how many go at a time
)

// Courier returns an error of kind Denied for a device that may not carry for others: its grant was withdrawn or has
// ended, or it was never let in.
func (c *Central) Courier(ctx context.Context, device survey.DeviceID) error {
	_, err := c.currentGrant(ctx, device)
	if survey.KindOf(err) == survey.Denied {
		err = &survey.Error{
			Kind: survey.Denied, Op: "central.Courier", Err: err,
			Message: "本机的授权已被收回或到期，不能再替别人交数据包。它们的主人那里内容是全的，请他们走别的路送。",
		}
	}
	return fail("central.Courier", err)
}

// Errand returns how far an errand has come, and whether anything is known of it.
func (c *Central) Errand(ctx context.Context, sum survey.Hash) (news wire.ErrandNews, known bool, err error) {
	var words []byte
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT state, kind, message, words FROM errand WHERE county = $1 AND sum = $2`, int64(c.county), sum[:]).
			Scan(&news.State, &news.Kind, &news.Message, &words)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return wire.ErrandNews{Sum: sum}, false, nil
	}
	if err == nil {
		err = cbor.Unmarshal(words, &news.Words)
	}
	news.Sum = sum
	return news, true, fail("central.Errand", err)
}

// BeginErrand notes that a courier brings an errand. Who brings many that are not whole has to finish some first.
func (c *Central) BeginErrand(ctx context.Context, courier survey.DeviceID, errand wire.ErrandName) error {
	return fail("central.BeginErrand", c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var known, coming int
		err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM errand WHERE county = $1 AND sum = $2),
			(SELECT count(*) FROM errand WHERE county = $1 AND courier = $3 AND state = $4)`,
			int64(c.county), errand.Sum[:], courier[:], int(wire.ErrandComing)).Scan(&known, &coming)
		if err != nil || known > 0 {
			return err
		}
		if coming >= maxComing {
			return &survey.Error{
				Kind: survey.Full, Op: "central.BeginErrand", Message: "有太多带来的数据包还没有收齐，请先把它们交完。",
				Err: errors.New("too many errands under way"),
			}
		}
		words, err := wire.Encode([]wire.Carried{})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO errand (county, sum, size, courier, state, words, begun) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			int64(c.county), errand.Sum[:], errand.Size, courier[:], int(wire.ErrandComing), words, c.clock().UnixMilli())
		return err
	}))
}

// EndErrand notes what became of an errand. What was said once stays said.
func (c *Central) EndErrand(ctx context.Context, news wire.ErrandNews) error {
	words, err := wire.Encode(news.Words)
	if err == nil {
		err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE errand SET state = $3, kind = $4, message = $5, words = $6
				WHERE county = $1 AND sum = $2 AND state = $7`,
				int64(c.county), news.Sum[:], int(news.State), int(news.Kind), news.Message, words, int(wire.ErrandComing))
			return err
		})
	}
	return fail("central.EndErrand", err)
}

// ForgetErrands forgets errands that were not taken in time, and what was said of others long ago. It returns those
// whose bytes may still be here.
func (c *Central) ForgetErrands(ctx context.Context) (gone []survey.Hash, err error) {
	now := c.clock()
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		gone, err = column[survey.Hash](ctx, tx, `SELECT sum FROM errand WHERE county = $1 AND (begun < $2 OR state = $3 AND begun < $4)
			ORDER BY begun LIMIT $5`,
			int64(c.county), now.Add(-judgedFor).UnixMilli(), int(wire.ErrandComing), now.Add(-comingFor).UnixMilli(), errandSweep)
		if err != nil {
			return err
		}
		for _, sum := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM errand WHERE county = $1 AND sum = $2`, int64(c.county), sum[:]); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, fail("central.ForgetErrands", err)
}
