package central

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	"zoucun/survey"
)

// Lock keeps a second server from what file stands for, until it is undone or this process ends in whatever way. It is
// SQLite's own lock on a file that holds nothing: the same on every system, and never left behind. An error of kind
// Conflicting says that another has it.
func Lock(ctx context.Context, file string) (undo func(), err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?_txlock=exclusive")
	if err != nil {
		return nil, fail("central.Lock", err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err == nil {
		return func() {
			_ = tx.Rollback() // nothing was written
			_ = db.Close()
		}, nil
	}
	err = errors.Join(err, db.Close())
	if !lost(err) {
		return nil, fail("central.Lock", err)
	}
	return nil, &survey.Error{
		Kind: survey.Conflicting, Op: "central.Lock", Err: err,
		Message: "数据文件夹正被另一个 zoucund 使用，请先停掉它，或用 -data 指定别的文件夹。",
	}
}
