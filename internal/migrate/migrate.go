// Package migrate brings a database forward to the schema a program was built with.
//
// Migrations only go forward, each in one transaction. A SQLite file that holds anything is copied beside itself first.
// A database from a newer version of the product is refused untouched.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"zoucun/survey"
)

// Engine is the kind of database.
type Engine string

// Engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Plan says what is to be brought forward.
type Plan struct {
	Engine Engine
	File   string // the SQLite file, for the copy; empty where there is none
	Steps  fs.FS  // numbered files in goose's form: 00001_begin.sql
}

// Up applies the steps the database does not have yet. Several processes may do so at the same time: one applies, the
// others find it done. An error of kind Newer leaves the database as it was.
func Up(ctx context.Context, db *sql.DB, plan Plan) error {
	provider, err := newProvider(db, plan)
	if err != nil {
		return wrap(err)
	}
	current, target, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return wrap(err)
	case current > target:
		return &survey.Error{
			Kind: survey.Newer, Op: "migrate.Up", Subject: fmt.Sprintf("version %d, known %d", current, target),
			Message: "数据是较新版本的程序写的，请先更新程序。数据没有改动。",
		}
	case current == target:
		return nil
	case current > 0 && plan.Engine == SQLite && plan.File != "":
		if err := copyBefore(ctx, db, plan.File, target); err != nil {
			return wrap(err)
		}
	}
	if _, err := provider.Up(ctx); err != nil && !done(ctx, provider) {
		return wrap(err)
	}
	return nil
}

func newProvider(db *sql.DB, plan Plan) (*goose.Provider, error) {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_version")}
	dialect := goose.DialectSQLite3
	if plan.Engine == Postgres {
		dialect = goose.DialectPostgres
		// A lock in a table rather than an advisory lock: distributed databases that speak PostgreSQL have no other.
		locker, err := lock.NewPostgresTableLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithLocker(locker))
	}
	return goose.NewProvider(dialect, db, plan.Steps, options...)
}

// done reports whether another process has finished the same steps meanwhile.
func done(ctx context.Context, provider *goose.Provider) bool {
	current, target, err := provider.GetVersions(ctx)
	return err == nil && current == target
}

// copyBefore writes FILE.before-vN with SQLite's own means and under another name first, so that a copy is either
// whole or not there.
func copyBefore(ctx context.Context, db *sql.DB, file string, target int64) error {
	final := file + ".before-v" + strconv.FormatInt(target, 10)
	part := final + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("copy before migration: %w", err)
	}
	if err := flush(part); err != nil {
		return err
	}
	return os.Rename(part, final)
}

// flush waits until the copy is on the disk: SQLite does not for a file it only just made.
func flush(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func wrap(err error) error {
	return &survey.Error{Kind: survey.KindOf(err), Op: "migrate.Up", Message: "数据升级没有完成，原来的数据没有改动。", Err: err}
}
