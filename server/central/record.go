package central

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/merge"
	"zoucun/sync/wire"
)

// Query says which records are meant. A zero scope is every scope, an empty type every type.
type Query struct {
	Scope survey.ScopeID
	Type  survey.RecordType
}

// Record returns what a record is now, or an error of kind NotFound.
func (c *Central) Record(ctx context.Context, id survey.RecordID) (record survey.Record, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		edits, err := c.edits(ctx, tx, id)
		record = merge.Apply(edits)
		return err
	})
	if err == nil && len(record.Heads) == 0 {
		err = &survey.Error{Kind: survey.NotFound, Op: "central.Record", Subject: "record " + id.String(), Message: "没有找到这条记录。"}
	}
	return record, fail("central.Record", err)
}

// Records calls yield with every record that is meant, in the order of identifiers and as of one moment, until yield
// returns an error. Voided records are among them.
func (c *Central) Records(ctx context.Context, q Query, yield func(survey.Record) error) error {
	return fail("central.Records", c.histories(ctx, q, func(edits []merge.Edit) error { return yield(merge.Apply(edits)) }))
}

// histories calls yield with the revisions of every record that is meant. The slice is good until yield returns.
func (c *Central) histories(ctx context.Context, q Query, yield func([]merge.Edit) error) error {
	return c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+revisionColumns+` FROM record e
			JOIN revision r ON r.county = e.county AND r.record_id = e.record_id
			WHERE e.county = $1 AND (e.scope_id = $2 OR length($2) = 0) AND (e.type = $3 OR $3 = '') AND r.refused < 0
			ORDER BY e.record_id`, int64(c.county), q.scope(), string(q.Type))
		if err != nil {
			return err
		}
		defer rows.Close()
		return eachHistory(rows, yield)
	})
}

func (q Query) scope() []byte {
	if q.Scope.IsZero() {
		return []byte{}
	}
	return q.Scope[:]
}

// eachHistory yields every run of revisions of one record.
func eachHistory(rows *sql.Rows, yield func([]merge.Edit) error) error {
	var edits []merge.Edit
	for rows.Next() {
		edit, err := scanEdit(rows)
		if err != nil {
			return err
		}
		if len(edits) > 0 && edits[0].Header.Record != edit.Header.Record {
			if err := yield(edits); err != nil {
				return err
			}
			edits = edits[:0]
		}
		edits = append(edits, edit)
	}
	if err := rows.Err(); err != nil || len(edits) == 0 {
		return err
	}
	return yield(edits)
}

// edits returns the revisions of a record that were admitted.
func (c *Central) edits(ctx context.Context, tx querier, id survey.RecordID) ([]merge.Edit, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+revisionColumns+` FROM revision r
		WHERE r.county = $1 AND r.record_id = $2 AND r.refused < 0`, int64(c.county), id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var edits []merge.Edit
	for rows.Next() {
		edit, err := scanEdit(rows)
		if err != nil {
			return nil, err
		}
		edits = append(edits, edit)
	}
	return edits, rows.Err()
}

func scanEdit(rows *sql.Rows) (merge.Edit, error) {
	var stored storedRevision
	if err := rows.Scan(stored.into()...); err != nil {
		return merge.Edit{}, err
	}
	r, err := stored.revision()
	if err != nil {
		return merge.Edit{}, err
	}
	body, err := wire.DecodeBody(r)
	return merge.Edit{ID: r.ID, Header: r.Header, Body: body, Erased: wire.Erased(r), HLC: survey.HLC(stored.ehlc)}, err
}

// revisionColumns are what storedRevision takes, in its order.
const revisionColumns = "r.rev_id, r.header, r.salt, r.commitment, r.body, r.ehlc"

type storedRevision struct {
	id                         survey.RevID
	header, salt, commit, body []byte
	ehlc                       int64
}

func (s *storedRevision) into() []any {
	return []any{&s.id, &s.header, &s.salt, &s.commit, &s.body, &s.ehlc}
}

func (s *storedRevision) size() int { return len(s.header) + len(s.body) + 64 }

func (s *storedRevision) revision() (survey.Revision, error) {
	r := survey.Revision{ID: s.id, Body: s.body}
	if len(s.body) == 0 {
		r.Body = nil
	}
	copy(r.Salt[:], s.salt)
	err := errors.Join(r.Commit.UnmarshalBinary(s.commit), cbor.Unmarshal(s.header, &r.Header))
	if err != nil {
		return r, &survey.Error{Kind: survey.Damaged, Op: "central.revision", Subject: "revision " + s.id.String(), Err: err}
	}
	return r, nil
}
