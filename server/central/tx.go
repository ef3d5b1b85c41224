package central

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"zoucun/survey"
)

// attempts is how often a transaction is tried that lost against another one.
const attempts = 12

// write runs do in one transaction, again from the start if it lost against another. do must set what it returns anew
// each time.
func (c *Central) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	var err error
	for attempt := range attempts {
		if err = transact(ctx, c.writer, nil, do); !lost(err) {
			return err
		}
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(2*time.Millisecond) << min(attempt, 7)))) //nolint:gosec // spreads retries
		select {
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(ctx.Err(), err)
		case <-pause.C:
		}
	}
	return &survey.Error{Kind: survey.Unavailable, Op: "central.write", Message: "服务器正忙，请稍后再试。", Err: err}
}

// read runs do over one state of the database.
func (c *Central) read(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, c.reader, &sql.TxOptions{Isolation: c.snapshot(), ReadOnly: true}, do)
}

// snapshot is the isolation under which a transaction sees one state: SQLite's only one, PostgreSQL's repeatable read.
func (c *Central) snapshot() sql.IsolationLevel {
	if c.writer == c.reader {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

func transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(ctx context.Context, tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// lost reports whether a transaction failed only because another was in its way.
func lost(err error) bool {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		primary := lite.Code() & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	return false
}

// fail wraps err once for the floor above, with the kind that the database's code stands for.
func fail(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &survey.Error{Kind: survey.KindOf(err), Op: op, Err: err}
	if e.Kind == survey.Internal {
		e.Kind, e.Message = kindOf(err)
	}
	return e
}

func kindOf(err error) (survey.Kind, string) {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		switch {
		case pg.Code == "53100":
			return survey.Full, "服务器存储空间已满，这次的内容没有收下。"
		case pg.Code[:2] == "57" || pg.Code[:2] == "08" || pg.Code[:2] == "53":
			return survey.Unavailable, "数据库暂时连不上，请稍后再试。"
		}
	}
	if connect := (*pgconn.ConnectError)(nil); errors.As(err, &connect) {
		return survey.Unavailable, "数据库暂时连不上，请稍后再试。"
	}
	if lite := (*sqlite.Error)(nil); errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return survey.Full, "服务器存储空间已满，这次的内容没有收下。"
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return survey.Damaged, "数据库文件已损坏，请从备份恢复。"
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return survey.Unavailable, "数据库文件打不开，请检查数据文件夹和它的权限。"
		}
	}
	return survey.Internal, ""
}
