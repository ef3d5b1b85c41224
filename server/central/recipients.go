package central

import (
	"context"
	"database/sql"
	"errors"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Recipients returns the list of whom things are sealed to that is in force; its serial is 0 before the first.
func (c *Central) Recipients(ctx context.Context) (list survey.Recipients, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		list, err = c.recipients(ctx, tx)
		return err
	})
	return list, fail("central.Recipients", err)
}

// SetRecipients puts another list in force, signed and under the next serial. Devices take it over at their next pull.
// A key that is none is an error of kind Invalid, and the list stays as it was.
func (c *Central) SetRecipients(ctx context.Context, listed []survey.Recipient) error {
	for _, r := range listed {
		if err := seal.CheckRecipient(r.Key); err != nil {
			return fail("central.SetRecipients", err)
		}
	}
	return fail("central.SetRecipients", c.changeRecipients(ctx, func(list *survey.Recipients) { list.Listed = listed }))
}

// SetPhones puts other numbers on the list that households are told.
func (c *Central) SetPhones(ctx context.Context, phones survey.Phones) error {
	return fail("central.SetPhones", c.changeRecipients(ctx, func(list *survey.Recipients) { list.Phones = &phones }))
}

// SetCipher says what devices have to seal with from now on; 0 leaves it to them.
func (c *Central) SetCipher(ctx context.Context, algorithm seal.Algorithm) error {
	return fail("central.SetCipher", c.changeRecipients(ctx, func(list *survey.Recipients) { list.Cipher = uint8(algorithm) }))
}

// changeRecipients signs the list anew, changed and under the next serial.
func (c *Central) changeRecipients(ctx context.Context, change func(*survey.Recipients)) error {
	return c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list, err := c.recipients(ctx, tx)
		if err != nil {
			return err
		}
		list.County, list.Serial = c.county, list.Serial+1
		change(&list)
		signed, err := wire.SignRecipients(list, c.key)
		if err != nil {
			return err
		}
		if _, err := signed.Open(c.Key()); err != nil {
			return &survey.Error{Kind: survey.Invalid, Op: "central.SetRecipients", Message: "名单太长，没有改动。", Err: err}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO recipients (county, serial, list, sign) VALUES ($1, $2, $3, $4)`,
			int64(c.county), int64(list.Serial), signed.List, signed.Signature)
		return err
	})
}

func (c *Central) recipients(ctx context.Context, tx *sql.Tx) (survey.Recipients, error) {
	signed, err := c.recipientsAfter(ctx, tx, 0)
	if err != nil || signed == nil {
		return survey.Recipients{}, err
	}
	return signed.Open(c.Key())
}

// recipientsAfter returns the list in force, or nil where that is the one with this serial or an older one.
func (c *Central) recipientsAfter(ctx context.Context, tx *sql.Tx, serial uint64) (*wire.SignedRecipients, error) {
	var signed wire.SignedRecipients
	err := tx.QueryRowContext(ctx, `SELECT list, sign FROM recipients WHERE county = $1 AND serial > $2 ORDER BY serial DESC LIMIT 1`,
		int64(c.county), int64(min(serial, 1<<62))).Scan(&signed.List, &signed.Signature)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &signed, err
}
