package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // driver "sqlite"

	"zoucun/survey"
)

// lock keeps a second server from the data folder until it is undone, or until this process ends in whatever way. It is
// SQLite's own lock on a file that holds nothing: the same on every system, and never left behind.
func lock(ctx context.Context, folder string) (undo func(), err error) {
	name := (&url.URL{Path: filepath.Join(folder, "zoucund.lock")}).EscapedPath()
	db, err := sql.Open("sqlite", "file:"+name+"?_txlock=exclusive")
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, &survey.Error{Kind: survey.Conflicting, Op: "zoucund.lock", Err: errors.Join(err, db.Close()),
			Message: "数据文件夹 " + folder + " 正被另一个 zoucund 使用，请先停掉它，或用 -data 指定别的文件夹。"}
	}
	return func() {
		_ = tx.Rollback() // nothing was written
		_ = db.Close()
	}, nil
}
