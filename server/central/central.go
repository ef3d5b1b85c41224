// Package central keeps a county's records: every device's log, every village's feed, who may see what, and what each
// record is now.
//
// It runs on SQLite and on PostgreSQL through the same statements; server/centraltest holds both to one suite. It
// answers calls, not requests: package server speaks HTTP. Several processes may open one database.
package central

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"zoucun/internal/migrate"
	"zoucun/survey"
)

//go:embed schema
var schema embed.FS

// DefaultCounty is the division code of an installation that was never told its own.
const DefaultCounty = 999999

// Options are what a Central needs besides its database.
type Options struct {
	Key      ed25519.PrivateKey // signs receipts, grants and the server's own log
	County   uint32             // six-digit division code; 0 takes the one the database was begun with
	Township string             // for screens; empty takes the one the database was begun with
	Clock    survey.Clock
	Log      *slog.Logger
	VFS      string // names the SQLite VFS the database lies on; empty is the system's own
}

// Central is a county's database. It is safe for use by several goroutines.
type Central struct {
	engine  migrate.Engine
	dsn     string
	writer  *sql.DB // SQLite: one connection, whose transactions begin by taking the lock
	reader  *sql.DB
	key     ed25519.PrivateKey
	clock   survey.Clock
	log     *slog.Logger
	county  uint32
	town    string
	epoch   atomic.Pointer[survey.Epoch] // as it was last read
	device  survey.DeviceID              // the server's own
	replica survey.ReplicaID             // the server's own
}

// Open opens the database behind dsn, a file's path or postgres://…, brings its schema forward, and begins a county in
// it if there is none. Errors of kind Newer, Damaged, Full and Unavailable carry a sentence for the operator.
func Open(ctx context.Context, dsn string, o Options) (*Central, error) {
	if len(o.Key) != ed25519.PrivateKeySize || o.Clock == nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "central.Open", Err: errors.New("no key or no clock")}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Central{dsn: dsn, key: o.Key, clock: o.Clock, log: o.Log}
	if err := c.connect(ctx, dsn, o.VFS); err != nil {
		return nil, fail("central.Open", err)
	}
	if err := c.begin(ctx, o); err != nil {
		return nil, errors.Join(fail("central.Open", err), c.Close())
	}
	return c, nil
}

// Close closes the database. Transactions under way are waited for.
func (c *Central) Close() error {
	if c.writer == c.reader {
		return c.writer.Close()
	}
	return errors.Join(c.reader.Close(), c.writer.Close())
}

// County returns the county whose records these are.
func (c *Central) County() uint32 { return c.county }

// Township returns the township's name.
func (c *Central) Township() string { return c.town }

// Epoch returns the present life of the database.
func (c *Central) Epoch() survey.Epoch { return *c.epoch.Load() }

// Key returns the public key by which devices know the server.
func (c *Central) Key() ed25519.PublicKey { return ed25519.PublicKey(c.key[ed25519.SeedSize:]) }

func (c *Central) connect(ctx context.Context, dsn, vfs string) (err error) {
	plan := migrate.Plan{Engine: migrate.SQLite, File: dsn}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		plan = migrate.Plan{Engine: migrate.Postgres}
	}
	c.engine = plan.Engine
	if plan.Steps, err = fs.Sub(schema, "schema/"+string(plan.Engine)); err != nil {
		return err
	}
	switch plan.Engine {
	case migrate.Postgres:
		err = c.openPostgres(dsn)
	case migrate.SQLite:
		err = c.openSQLite(dsn, vfs)
	}
	if err != nil {
		return err
	}
	if err := c.writer.PingContext(ctx); err != nil {
		return errors.Join(err, c.Close())
	}
	if err := migrate.Up(ctx, c.writer, plan); err != nil {
		return errors.Join(err, c.Close())
	}
	return nil
}

func (c *Central) openPostgres(dsn string) (err error) {
	if c.writer, err = sql.Open("pgx", dsn); err != nil {
		return err
	}
	c.writer.SetMaxOpenConns(16)
	c.reader = c.writer
	return nil
}

// openSQLite follows docs/protocol.md's promise that a receipt covers what is on the disk: WAL with synchronous=FULL.
func (c *Central) openSQLite(file, vfs string) (err error) {
	shared := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "temp_store(MEMORY)",
		"secure_delete(ON)", // what was erased is overwritten, not only given up
	}}
	if vfs != "" {
		shared.Set("vfs", vfs)
	}
	name := func(more url.Values) string {
		for key, list := range shared {
			more[key] = append(slices.Clip(list), more[key]...)
		}
		return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + more.Encode()
	}
	if c.writer, err = sql.Open("sqlite", name(url.Values{"_txlock": {"immediate"}})); err != nil {
		return err
	}
	c.writer.SetMaxOpenConns(1)
	if c.reader, err = sql.Open("sqlite", name(url.Values{"_pragma": {"query_only(ON)"}})); err != nil {
		return errors.Join(err, c.writer.Close())
	}
	c.reader.SetMaxOpenConns(4)
	return nil
}

// begin finds the county in the database, or begins it.
func (c *Central) begin(ctx context.Context, o Options) error {
	return c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		county, err := c.pickCounty(ctx, tx, o.County)
		if err != nil {
			return err
		}
		epoch, device, replica := newID[survey.Epoch](), newID[survey.DeviceID](), newID[survey.ReplicaID]()
		_, err = tx.ExecContext(ctx, `INSERT INTO server (county, township, epoch, device_id, replica_id, hlc)
			VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (county) DO NOTHING`,
			int64(county), o.Township, epoch[:], device[:], replica[:])
		if err != nil {
			return err
		}
		if o.Township != "" {
			_, err := tx.ExecContext(ctx, `UPDATE server SET township = $2 WHERE county = $1 AND township <> $2`, int64(county), o.Township)
			if err != nil {
				return err
			}
		}
		c.county = county
		if _, err := c.presentEpoch(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT township, device_id, replica_id FROM server WHERE county = $1`, int64(county)).
			Scan(&c.town, &c.device, &c.replica)
	})
}

func (c *Central) pickCounty(ctx context.Context, tx *sql.Tx, asked uint32) (uint32, error) {
	if asked != 0 {
		return asked, nil
	}
	var count, least int64
	err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(min(county), 0) FROM server`).Scan(&count, &least)
	switch {
	case err != nil:
		return 0, err
	case count > 1:
		return 0, &survey.Error{
			Kind: survey.Invalid, Op: "central.Open", Message: "数据库里有几个县的数据，请指明是哪一个县。",
			Err: fmt.Errorf("%d counties", count),
		}
	case count == 0:
		return DefaultCounty, nil
	}
	return uint32(least), nil
}

// newID draws a random identifier that tells nothing about when it was made.
func newID[I ~[16]byte]() (id I) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
