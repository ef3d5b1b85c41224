package central

import (
	"context"
	"database/sql"

	"zoucun/survey"
)

// Watermarks returns how far each replica's log is held here, as of one moment. A backup reads them from its copy.
func (c *Central) Watermarks(ctx context.Context) (marks map[survey.ReplicaID]uint64, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		marks = map[survey.ReplicaID]uint64{}
		rows, err := tx.QueryContext(ctx, `SELECT replica_id, received FROM replica WHERE county = $1`, int64(c.county))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var (
				id       survey.ReplicaID
				received int64
			)
			if err := rows.Scan(&id, &received); err != nil {
				return err
			}
			marks[id] = uint64(received)
		}
		return rows.Err()
	})
	return marks, fail("central.Watermarks", err)
}

// MarkDurable says that logs are held off this machine as far as the marks go: after a backup was copied away and read
// back. Until it is called the server never claims so, and devices prune nothing. Marks beyond what is held, and smaller
// ones than before, are passed over.
func (c *Central) MarkDurable(ctx context.Context, marks map[survey.ReplicaID]uint64) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for id, n := range marks {
			_, err := tx.ExecContext(ctx, `UPDATE replica SET durable = $3 WHERE county = $1 AND replica_id = $2
				AND durable < $3 AND received >= $3`, int64(c.county), id[:], int64(n))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return fail("central.MarkDurable", err)
}
