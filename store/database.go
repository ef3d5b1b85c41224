package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"zoucun/internal/migrate"
	"zoucun/survey"
)

//go:embed migrations/*.sql
var migrations embed.FS

// readers is how many connections may read at the same time beside the one that writes.
const readers = 3

// database is one connection that writes and a few that read.
type database struct {
	pools  []*sql.DB
	reader *sql.DB

	mu         sync.Mutex // held for a whole transaction; guards what follows
	writer     *sql.Conn
	statements map[string]*sql.Stmt // of the writer, compiled once
}

// openDatabase opens the file and brings its schema forward.
func openDatabase(ctx context.Context, file string, o Options) (*database, error) {
	useOwnLocks()
	writing, err := sql.Open("sqlite", dataSource(file, o, false))
	if err != nil {
		return nil, err
	}
	db := &database{pools: []*sql.DB{writing}, statements: map[string]*sql.Stmt{}}
	if err := bringForward(ctx, writing, file); err != nil {
		return nil, errors.Join(err, db.close())
	}
	if db.writer, err = writing.Conn(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	if db.reader, err = sql.Open("sqlite", dataSource(file, Options{VFS: o.VFS}, true)); err != nil {
		return nil, errors.Join(err, db.close())
	}
	db.reader.SetMaxOpenConns(readers)
	db.pools = append(db.pools, db.reader)
	return db, nil
}

// useOwnLocks asks SQLite for locks that a stranger's close of the same file cannot drop. Systems without them, and
// processes that have opened a database before, keep the usual ones.
func useOwnLocks() {
	_, err := sqlite.OFDLocking(true)
	_ = err // either of the two cases above
}

// dataSource sets what sync.md's crash tests have shown to lose nothing: WAL with a sync at every commit.
func dataSource(file string, o Options, readOnly bool) string {
	pragmas := []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(500)",
		"journal_size_limit(16777216)", "temp_store(MEMORY)", "foreign_keys(1)", "cache_size(-8000)",
		"secure_delete(1)", // what was erased is overwritten, not only given up
	}
	if o.MaxPages > 0 {
		pragmas = append(pragmas, "max_page_count("+strconv.Itoa(o.MaxPages)+")")
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	if o.VFS != "" {
		query.Set("vfs", o.VFS)
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(filepath.ToSlash(file)), RawQuery: query.Encode()}).String()
}

func bringForward(ctx context.Context, db *sql.DB, file string) error {
	db.SetMaxOpenConns(1)
	var objects int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&objects); err != nil {
		return err
	}
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return migrate.Up(ctx, db, migrate.Plan{Engine: migrate.SQLite, File: file, Steps: steps})
}

func (db *database) close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	var err error
	for _, statement := range db.statements {
		err = errors.Join(err, statement.Close())
	}
	if db.writer != nil {
		err = errors.Join(err, db.writer.Close())
	}
	for _, pool := range slices.Backward(db.pools) {
		err = errors.Join(err, pool.Close())
	}
	return err
}

// statement returns the query, compiled once. The caller holds mu.
func (db *database) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := db.statements[query]; ok {
		return known, nil
	}
	statement, err := db.writer.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	db.statements[query] = statement
	return statement, nil
}

// exec runs one statement that is a transaction by itself. The caller holds mu.
func (db *database) exec(ctx context.Context, query string, args ...any) error {
	statement, err := db.statement(ctx, query) //nolint:sqlclosecheck // kept for the next time, closed with the database
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(ctx, args...)
	return err
}

// tx is one transaction of the writer.
type tx struct {
	db      *database
	now     time.Time
	settled settledRecords  // records to take into the register once the transaction holds
	joins   []func()        // what becomes of records that count as another, before that
	after   []func()        // what else changes in memory then
	arrived []survey.Header // of revisions that a page has brought
	quiet   bool            // nobody who waits for changes needs to hear of it
	reread  map[survey.ScopeID]bool
	erased  bool          // bodies were taken out
	gone    []survey.Hash // attachments that nothing may refer to any more
}

// update runs do in one transaction: all of it is on disk when update returns nil, and none of it otherwise. What has
// begun is not torn by a context that ends.
func (s *Store) update(ctx context.Context, op, subject string, do func(context.Context, *tx) error) error {
	if err := ctx.Err(); err != nil {
		return opError(op, subject, err)
	}
	ctx = context.WithoutCancel(ctx)
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	t := &tx{db: s.db, now: s.clock()}
	if err := s.db.transact(ctx, func() error { return do(ctx, t) }); err != nil {
		return opError(op, subject, err)
	}
	for _, join := range t.joins {
		join()
	}
	t.settled.each(func(records []survey.Record) {
		s.register.put(records...)
		s.tellFollowers(records)
		if f := s.finder.Load(); f != nil {
			f.touch(records)
		}
	})
	for _, change := range t.after {
		change()
	}
	if !t.quiet {
		s.changed.announce()
	}
	return nil
}

// transact runs do between BEGIN and COMMIT. The caller holds mu.
func (db *database) transact(ctx context.Context, do func() error) error {
	if err := db.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = db.exec(ctx, "COMMIT")
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, db.rollback(ctx))
}

// rollback undoes a transaction. SQLite has done so already where a statement failed for lack of space.
func (db *database) rollback(ctx context.Context) error {
	err := db.exec(ctx, "ROLLBACK")
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && lite.Code() == sqlite3.SQLITE_ERROR {
		return nil // there was no transaction left
	}
	return err
}

func (t *tx) exec(ctx context.Context, query string, args ...any) error {
	return t.db.exec(ctx, query, args...)
}

// change runs a statement and reports whether it changed any row.
func (t *tx) change(ctx context.Context, query string, args ...any) (bool, error) {
	statement, err := t.db.statement(ctx, query) //nolint:sqlclosecheck // kept for the next time, closed with the database
	if err != nil {
		return false, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// row scans the first row of a query, or returns sql.ErrNoRows.
func (t *tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	statement, err := t.db.statement(ctx, query) //nolint:sqlclosecheck // kept for the next time, closed with the database
	if err != nil {
		return err
	}
	return statement.QueryRowContext(ctx, args...).Scan(dest...)
}

// each calls scan for every row of a query.
func (t *tx) each(ctx context.Context, query string, args []any, scan func(row rowScan) error) error {
	statement, err := t.db.statement(ctx, query) //nolint:sqlclosecheck // kept for the next time, closed with the database
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	return eachRow(rows, err, scan)
}

// rowScan reads the columns of the present row.
type rowScan func(dest ...any) error

// each calls scan for every row of a query outside any transaction.
func (db *database) each(ctx context.Context, query string, args []any, scan func(row rowScan) error) error {
	rows, err := db.reader.QueryContext(ctx, query, args...)
	return eachRow(rows, err, scan)
}

// one scans the first row of a query outside any transaction, or returns sql.ErrNoRows.
func (db *database) one(ctx context.Context, query string, args []any, dest ...any) error {
	return db.reader.QueryRowContext(ctx, query, args...).Scan(dest...)
}

// ids returns the identifiers of records that a query selects.
func (db *database) ids(ctx context.Context, query string, args ...any) ([]survey.RecordID, error) {
	var ids []survey.RecordID
	err := db.each(ctx, query, args, func(row rowScan) error {
		var id survey.RecordID
		err := row(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func eachRow(rows *sql.Rows, err error, scan func(row rowScan) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
