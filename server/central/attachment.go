package central

import (
	"context"
	"database/sql"
	"slices"

	"zoucun/survey"
)

// Attachment returns the size of a file that a device may hand over or fetch: one that a revision in a granted scope
// refers to, or a revision from its own log. Any other is NotFound, so that nobody can ask what the county holds.
func (c *Central) Attachment(ctx context.Context, id survey.DeviceID, sum survey.Hash) (size int64, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := c.findDevice(ctx, tx, id)
		if err != nil {
			return err
		}
		size, err = c.referred(ctx, tx, known, id, sum)
		return err
	})
	return size, fail("central.Attachment", err)
}

func (c *Central) referred(ctx context.Context, tx *sql.Tx, known device, id survey.DeviceID, sum survey.Hash) (int64, error) {
	rows, err := tx.QueryContext(ctx, `SELECT r.scope_id, b.size,
			(SELECT count(*) FROM rlog l JOIN replica p ON p.county = l.county AND p.replica_id = l.replica_id
			 WHERE l.county = b.county AND l.rev_id = b.rev_id AND p.device_id = $3)
		FROM blob_ref b JOIN revision r ON r.county = b.county AND r.rev_id = b.rev_id
		WHERE b.county = $1 AND b.sha256 = $2`, int64(c.county), sum[:], id[:])
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			scope     survey.ScopeID
			size, own int64
		)
		if err := rows.Scan(&scope, &size, &own); err != nil {
			return 0, err
		}
		if own > 0 || known.revoked == 0 && slices.Contains(known.grant.Scopes, scope) {
			return size, rows.Err()
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	return 0, &survey.Error{Kind: survey.NotFound, Op: "central.Attachment", Subject: "blob " + sum.String(), Message: "没有找到这个附件。"}
}
