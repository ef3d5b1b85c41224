package central

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"zoucun/internal/migrate"
	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// Erase takes away what records said: each gets a revision whose ancestors' bodies are gone, here at once and on every
// device when it has come there. It returns how many records had anything to take away; the others write nothing.
//
// Identifiers and signatures stay good: only bodies and salts go. Attachments that no revision refers to any more wait
// for Sweep. Each two hundred records are one transaction, in order: after an error those before it stay.
func (c *Central) Erase(ctx context.Context, author survey.PersonID, erasures []survey.Erasure) (int, error) {
	writes := make([]Write, len(erasures))
	for i, e := range erasures {
		writes[i] = Write{Kind: survey.Erase, Record: e.Record, Fields: e.Keep, Files: e.Files, Note: e.Note}
	}
	erased, err := c.Write(ctx, author, writes)
	c.scrub(ctx)
	return erased, err
}

// erasing returns the revision that leaves of a record only what is to stay, and reports whether it takes anything away.
// One that leaves something names every field it had as touched; one that leaves nothing names none.
func (w Write) erasing(now survey.Record, edits []merge.Edit) (survey.Header, survey.Body, bool) {
	fields := maps.Clone(w.Fields)
	maps.DeleteFunc(fields, func(_ survey.FieldPath, value string) bool { return value == "" })
	header := survey.Header{
		Record: w.Record, Type: now.Type, Kind: survey.Erase, Scope: now.Scope, Parents: now.Heads,
		Form: now.Form, FormVersion: now.FormVersion,
	}
	if len(fields) > 0 {
		header.Touched = slices.AppendSeq(slices.Collect(maps.Keys(now.Fields)), maps.Keys(fields))
	}
	body := survey.Body{Fields: fields, Attachments: w.Files, Note: w.Note}
	done := slices.ContainsFunc(edits, func(e merge.Edit) bool {
		return slices.Equal(now.Heads, []survey.RevID{e.ID}) && e.Header.Kind == survey.Erase &&
			maps.Equal(e.Body.Fields, fields) && slices.Equal(e.Body.Attachments, w.Files)
	})
	return header, body, len(now.Heads) > 0 && !done
}

// erase keeps the promise of an Erase whenever a revision has come to its record.
func (a *arrival) erase(ctx context.Context, h survey.Header, id survey.RevID) error {
	if h.Kind == survey.Erase {
		whole := 0
		if len(h.Touched) == 0 {
			whole = 1
		}
		_, err := a.tx.ExecContext(ctx, `INSERT INTO erasure (county, record_id, rev_id, whole) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			int64(a.county), h.Record[:], id[:], int64(whole))
		if err != nil {
			return err
		}
		if err := errors.Join(a.tellThoseItLeft(ctx, h, id), a.stripRefused(ctx, h)); err != nil {
			return err
		}
	}
	var erasures int
	err := a.tx.QueryRowContext(ctx, `SELECT count(*) FROM erasure WHERE county = $1 AND record_id = $2`, int64(a.county), h.Record[:]).Scan(&erasures)
	if err != nil || erasures == 0 {
		return err
	}
	edits, err := a.edits(ctx, a.tx, h.Record)
	if err != nil {
		return err
	}
	gone := merge.Erased(edits)
	for _, edit := range edits {
		if edit.Erased || !slices.Contains(gone, edit.ID) {
			continue
		}
		if err := a.strip(ctx, edit.ID); err != nil {
			return err
		}
	}
	return nil
}

// tellThoseItLeft puts an Erase into the feeds of the scopes its record was in before: whoever reads one of them has kept
// what it said then.
func (a *arrival) tellThoseItLeft(ctx context.Context, h survey.Header, id survey.RevID) error {
	left, err := column[survey.ScopeID](ctx, a.tx, `SELECT DISTINCT scope_id FROM revision
		WHERE county = $1 AND record_id = $2 AND scope_id <> $3 AND refused < 0`, int64(a.county), h.Record[:], h.Scope[:])
	for _, scope := range left {
		a.news = append(a.news, news{scope: scope, rev: id, op: wire.FeedLeave})
	}
	return err
}

// stripRefused takes out what was kept apart for a person to judge, when nothing is to be left of the record.
func (a *arrival) stripRefused(ctx context.Context, h survey.Header) error {
	if len(h.Touched) > 0 {
		return nil
	}
	refused, err := column[survey.RevID](ctx, a.tx, `SELECT rev_id FROM revision WHERE county = $1 AND record_id = $2 AND refused >= 0`,
		int64(a.county), h.Record[:])
	for _, id := range refused {
		err = errors.Join(err, a.strip(ctx, id))
	}
	return err
}

// strip takes out what one revision said, and notes the attachments that nothing refers to any more.
func (a *arrival) strip(ctx context.Context, id survey.RevID) error {
	for _, statement := range []string{
		`UPDATE revision SET body = $3, salt = $4 WHERE county = $1 AND rev_id = $2`,
		`INSERT INTO orphan (county, sha256) SELECT b.county, b.sha256 FROM blob_ref b WHERE b.county = $1 AND b.rev_id = $2
			AND NOT EXISTS (SELECT 1 FROM blob_ref o WHERE o.county = b.county AND o.sha256 = b.sha256 AND o.rev_id <> b.rev_id)
			ON CONFLICT DO NOTHING`,
		`DELETE FROM blob_ref WHERE county = $1 AND rev_id = $2`,
	} {
		args := []any{int64(a.county), id[:]}
		if statement[0] == 'U' {
			args = append(args, []byte{}, make([]byte, 16))
		}
		if _, err := a.tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	return nil
}

// Sweep calls remove for every attachment that no revision refers to any more, and returns how many are gone. One that
// could not be removed is tried again the next time.
func (c *Central) Sweep(ctx context.Context, remove func(ctx context.Context, sum survey.Hash) error) (int, error) {
	orphans, err := c.orphans(ctx)
	if err != nil {
		return 0, fail("central.Sweep", err)
	}
	removed := 0
	for _, sum := range orphans {
		err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			var used int
			err := tx.QueryRowContext(ctx, `SELECT count(*) FROM blob_ref WHERE county = $1 AND sha256 = $2`, int64(c.county), sum[:]).Scan(&used)
			if err == nil && used == 0 {
				err = remove(ctx, sum)
			}
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM orphan WHERE county = $1 AND sha256 = $2`, int64(c.county), sum[:])
			return err
		})
		if err != nil {
			return removed, fail("central.Sweep", err)
		}
		removed++
	}
	c.scrub(ctx)
	return removed, nil
}

func (c *Central) orphans(ctx context.Context) (orphans []survey.Hash, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		orphans, err = column[survey.Hash](ctx, tx, `SELECT sha256 FROM orphan WHERE county = $1 ORDER BY sha256`, int64(c.county))
		return err
	})
	return orphans, err
}

// scrub takes what was erased out of SQLite's log as well. While somebody reads an older state it cannot; it is called
// again with every erasure and every sweep. PostgreSQL does it by vacuuming, which is its operator's to order.
func (c *Central) scrub(ctx context.Context) {
	if c.engine == migrate.Postgres {
		return
	}
	var busy, pages, done int
	err := c.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done)
	if err != nil || busy != 0 {
		c.log.WarnContext(ctx, "erased bodies stay in SQLite's log for now", slog.Int("busy", busy), slog.Any("error", err))
	}
}

// Late returns the records that were erased whole and of which something has come since that did not know of it.
func (c *Central) Late(ctx context.Context) (late []survey.RecordID, err error) {
	erased, err := c.erasedWhole(ctx)
	if err != nil {
		return nil, fail("central.Late", err)
	}
	for _, id := range erased {
		err := c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
			edits, err := c.edits(ctx, tx, id)
			if err == nil && len(merge.Unaware(edits)) > 0 {
				late = append(late, id)
			}
			return err
		})
		if err != nil {
			return nil, fail("central.Late", err)
		}
	}
	return late, nil
}

func (c *Central) erasedWhole(ctx context.Context) (erased []survey.RecordID, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		erased, err = column[survey.RecordID](ctx, tx, `SELECT DISTINCT record_id FROM erasure WHERE county = $1 AND whole = 1 ORDER BY record_id`,
			int64(c.county))
		return err
	})
	return erased, err
}
