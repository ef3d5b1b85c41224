package central

import (
	"context"
	"database/sql"
	"errors"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Apart is a revision that is kept apart from record and feed for a person to judge.
type Apart struct {
	Revision  survey.Revision
	Kind      survey.Kind
	Reason    string // why it is apart, as its writer was told
	Received  survey.Millis
	Judged    survey.Millis // when it was dropped; 0 while it waits
	Judgement string        // why it was dropped
}

// selectApart begins every query for revisions that are kept apart.
const selectApart = `SELECT ` + revisionColumns + `, r.refused, r.reason, r.received, r.judged, r.judgement FROM revision r WHERE r.county = $1 AND r.refused >= 0 `

// Apart returns the revisions that wait for a person's judgement, those received first first; with dropped, also those
// that were dropped.
func (c *Central) Apart(ctx context.Context, dropped bool) (list []Apart, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, selectApart+`AND (r.judged = 0 OR $2 <> 0) ORDER BY r.received, r.ehlc, r.rev_id`, int64(c.county), number(dropped))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			one, err := scanApart(rows)
			if err != nil {
				return err
			}
			list = append(list, one)
		}
		return rows.Err()
	})
	return list, fail("central.Apart", err)
}

func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func scanApart(rows interface{ Scan(dest ...any) error }) (one Apart, err error) {
	var (
		stored storedRevision
		code   int64
	)
	err = rows.Scan(append(stored.into(), &code, &one.Reason, (*int64)(&one.Received), (*int64)(&one.Judged), &one.Judgement)...)
	if err != nil {
		return one, err
	}
	one.Kind = survey.Kind(code)
	one.Revision, err = stored.revision()
	return one, err
}

// Accept takes a revision that was kept apart into its record and its scope's feed, as if it had been admitted. One that
// was dropped before may be accepted all the same.
func (c *Central) Accept(ctx context.Context, id survey.RevID) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		a := c.arriving(tx)
		one, err := a.apart(ctx, id)
		if err != nil {
			return err
		}
		if err := a.lockRecords(ctx, []survey.Entry{{Revision: one.Revision}}); err != nil {
			return err
		}
		known, err := a.placeOf(ctx, one.Revision, standing{trusted: true})
		if err != nil {
			return err
		}
		if no := fits(one.Revision.Header, known); !no.none() {
			return &survey.Error{Kind: no.kind, Op: "central.Accept", Message: "不能收入：" + no.message}
		}
		_, err = a.tx.ExecContext(ctx, `UPDATE revision SET refused = -1, judged = $3, judgement = '' WHERE county = $1 AND rev_id = $2`,
			int64(a.county), id[:], a.now.UnixMilli())
		if err != nil {
			return err
		}
		if err := a.enter(ctx, one.Revision, known); err != nil {
			return err
		}
		return a.publish(ctx)
	})
	return fail("central.Accept", err)
}

// Drop decides that a revision stays apart for good: it is kept, marked with the reason, and shown nowhere.
func (c *Central) Drop(ctx context.Context, id survey.RevID, reason string) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		a := c.arriving(tx)
		if _, err := a.apart(ctx, id); err != nil {
			return err
		}
		if reason == "" || len(reason) > wire.MaxNote {
			return &survey.Error{Kind: survey.Invalid, Op: "central.Drop", Message: "请写明不采用的原因，不要太长。"}
		}
		_, err := a.tx.ExecContext(ctx, `UPDATE revision SET judged = $3, judgement = $4 WHERE county = $1 AND rev_id = $2`,
			int64(a.county), id[:], a.now.UnixMilli(), reason)
		return err
	})
	return fail("central.Drop", err)
}

// apart finds a revision that is kept apart.
func (a *arrival) apart(ctx context.Context, id survey.RevID) (Apart, error) {
	one, err := scanApart(a.tx.QueryRowContext(ctx, selectApart+`AND r.rev_id = $2`, int64(a.county), id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return one, &survey.Error{Kind: survey.NotFound, Op: "central.apart", Message: "没有这一条，或者它已经收入。"}
	}
	return one, err
}
