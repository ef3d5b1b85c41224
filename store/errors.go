package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"zoucun/survey"
)

// What the person reads when the disk or the database refuses.
const (
	messageFull     = "存储空间已满，刚才的内容还没有存下。请先清理手机或电脑上的空间，再试一次；以前存下的都还在。"
	messageDamaged  = "本机的数据文件损坏，为了不丢东西，没有再写入。请不要卸载或清除数据，带上本机联系乡镇管理员。"
	messageReadOnly = "本机的存储是只读的，刚才的内容没有存下。请检查存储权限，再试一次。"
	messageIO       = "本机存储读写出错，刚才的内容没有存下。请再试一次；如果总是这样，请联系乡镇管理员。以前存下的都还在。"
	messageNoKey    = "找不到本机数据的钥匙文件，数据打不开，但都还在。请把钥匙文件放回原处，或联系乡镇管理员。"
)

// opError says what the store was doing when err stopped it. The kind and the sentence come from SQLite's result code
// or the system's, never from their texts.
func opError(op, subject string, err error) error {
	if err == nil {
		return nil
	}
	kind, message := classify(err)
	return &survey.Error{Kind: kind, Op: op, Subject: subject, Message: message, Err: err}
}

// fileError is opError for work on files outside the database.
func fileError(op string, err error) error { return opError(op, "", err) }

// openError is opError for a database that is being opened. That our statements are wrong for it means that its schema
// is not the one that was written.
func openError(err error) error {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && lite.Code() == sqlite3.SQLITE_ERROR {
		return damaged("store.Open", "", err)
	}
	return opError("store.Open", "", err)
}

// classify returns the kind of an error of the disk or the database and the sentence that goes with it.
func classify(err error) (survey.Kind, string) {
	if kind := survey.KindOf(err); kind != survey.Internal {
		message := survey.MessageOf(err)
		if kind == survey.Damaged {
			message = cmp.Or(message, messageDamaged)
		}
		return kind, message
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return classifySQLite(lite.Code())
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return survey.NotFound, ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return survey.Unavailable, ""
	case errors.Is(err, syscall.ENOSPC):
		return survey.Full, messageFull
	case errors.Is(err, fs.ErrPermission):
		return survey.Denied, messageReadOnly
	case errors.Is(err, fs.ErrNotExist):
		return survey.NotFound, ""
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return survey.Internal, cmp.Or(survey.MessageOf(err), messageIO)
	}
	return survey.Internal, survey.MessageOf(err)
}

// classifySQLite maps a result code, of which only the low byte tells the kind.
func classifySQLite(code int) (survey.Kind, string) {
	const foreignKey = sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	switch {
	case code == foreignKey:
		return survey.NotFound, ""
	case code&0xff == sqlite3.SQLITE_FULL:
		return survey.Full, messageFull
	case code&0xff == sqlite3.SQLITE_CORRUPT, code&0xff == sqlite3.SQLITE_NOTADB:
		return survey.Damaged, messageDamaged
	case code&0xff == sqlite3.SQLITE_READONLY, code&0xff == sqlite3.SQLITE_PERM:
		return survey.Denied, messageReadOnly
	case code&0xff == sqlite3.SQLITE_CONSTRAINT:
		return survey.Conflicting, ""
	case code&0xff == sqlite3.SQLITE_IOERR, code&0xff == sqlite3.SQLITE_CANTOPEN:
		return survey.Internal, messageIO
	case code&0xff == sqlite3.SQLITE_BUSY, code&0xff == sqlite3.SQLITE_LOCKED:
		return survey.Unavailable, ""
	}
	return survey.Internal, ""
}

// damaged reports stored bytes that are not what was written.
func damaged(op, subject string, err error) error {
	return &survey.Error{Kind: survey.Damaged, Op: op, Subject: subject, Message: messageDamaged, Err: err}
}

// notFound reports that there is no such thing here.
func notFound(op, subject string) error {
	return &survey.Error{Kind: survey.NotFound, Op: op, Subject: subject}
}
