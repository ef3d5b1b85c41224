package central

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"zoucun/internal/migrate"
	"zoucun/survey"
)

// CopyName is the name of a copy of this database: SQLite's own file, or a dump of PostgreSQL's.
func (c *Central) CopyName() string {
	if c.engine == migrate.Postgres {
		return "central.dump"
	}
	return "central.db"
}

// Copy writes the database, as of one moment, to a file that is not there yet, and returns when it is on the disk.
func (c *Central) Copy(ctx context.Context, file string) error {
	var err error
	switch c.engine {
	case migrate.Postgres:
		err = c.dump(ctx, file)
	case migrate.SQLite:
		err = c.vacuum(ctx, file)
	}
	if err == nil {
		err = flush(file)
	}
	return fail("central.Copy", err)
}

// vacuum copies by a connection of its own: pushes are taken meanwhile.
func (c *Central) vacuum(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", fileName(c.dsn)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", file)
	return errors.Join(err, db.Close())
}

// fileName is a path as SQLite takes it with parameters behind.
func fileName(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// flush waits until a file is on the disk.
func flush(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Inspect reads a copy back: it looks it over whole and returns what it holds of this county. A copy that is not whole is
// an error of kind Damaged.
func (c *Central) Inspect(ctx context.Context, file string) (held survey.Copied, err error) {
	if c.engine == migrate.Postgres {
		held, err = inspectDump(ctx, file, c.county)
	} else {
		held, err = InspectFile(ctx, file, c.county)
	}
	return held, fail("central.Inspect", err)
}

// InspectFile is Inspect for a copy of a SQLite database; county 0 is the only one in it.
func InspectFile(ctx context.Context, file string, county uint32) (held survey.Copied, err error) {
	db, err := sql.Open("sqlite", fileName(file)+"?mode=ro&immutable=1")
	if err != nil {
		return held, fail("central.InspectFile", err)
	}
	held, err = inspect(ctx, db, county)
	return held, fail("central.InspectFile", errors.Join(err, db.Close()))
}

func inspect(ctx context.Context, db *sql.DB, county uint32) (survey.Copied, error) {
	held := survey.Copied{Marks: map[survey.ReplicaID]uint64{}, Files: map[survey.Hash]int64{}}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil {
		return held, err
	}
	if verdict != "ok" {
		return held, &survey.Error{Kind: survey.Damaged, Op: "central.inspect", Message: "备份里的数据库不完整。", Err: errors.New(verdict)}
	}
	err := db.QueryRowContext(ctx, `SELECT county, epoch FROM server WHERE county = $1 OR $1 = 0 ORDER BY county`, int64(county)).
		Scan(&held.County, &held.Epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return held, &survey.Error{Kind: survey.Damaged, Op: "central.inspect", Message: "备份里没有这个县的数据。", Err: err}
	}
	if err != nil {
		return held, err
	}
	err = eachPair(ctx, db, `SELECT replica_id, received FROM replica WHERE county = $1`, held.County, func(id survey.ReplicaID, n int64) {
		held.Marks[id] = uint64(n)
	})
	if err != nil {
		return held, err
	}
	return held, eachPair(ctx, db, `SELECT DISTINCT sha256, size FROM blob_ref WHERE county = $1`, held.County, func(sum survey.Hash, size int64) {
		held.Files[sum] = size
	})
}

// eachPair calls use for every row of an identifier and a number.
func eachPair[I any](ctx context.Context, db *sql.DB, query string, county uint32, use func(id I, n int64)) error {
	rows, err := db.QueryContext(ctx, query, int64(county))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id I
			n  int64
		)
		if err := rows.Scan(&id, &n); err != nil {
			return fmt.Errorf("row of a copy: %w", err)
		}
		use(id, n)
	}
	return rows.Err()
}
