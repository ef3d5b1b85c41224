package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"zoucun/survey"
)

// NewLog returns the app's log. Of an error it writes which operation failed on what, how, and why as far as that can
// be said without repeating its text: a library quotes what it could not read, and that may be what somebody confided.
func NewLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(discreet(err))
		}
		return a
	}}))
}

// discreet is what may be written of an error.
func discreet(err error) string {
	var parts []string
	for _, e := range leaves(err, nil) {
		parts = append(parts, discreetLeaf(e))
	}
	return strings.Join(parts, ": ")
}

// leaves returns the errors of a tree that say something of their own, from the outermost to the innermost.
func leaves(err error, found []error) []error {
	switch wrapped := err.(type) { //nolint:errorlint // walks the tree itself
	case nil:
		return found
	case *survey.Error:
		return leaves(wrapped.Err, append(found, err))
	case interface{ Unwrap() []error }:
		for _, e := range wrapped.Unwrap() {
			found = leaves(e, found)
		}
		return found
	case interface{ Unwrap() error }:
		return leaves(wrapped.Unwrap(), found)
	}
	return append(found, err)
}

func discreetLeaf(err error) string {
	if e, ok := errors.AsType[*survey.Error](err); ok {
		return strings.Join(strings.Fields(e.Op+" "+e.Subject+" "+e.Kind.String()), " ")
	}
	if e, ok := errors.AsType[runtime.Error](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e.Error()
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, fs.ErrNotExist, fs.ErrPermission, fs.ErrExist} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if e, ok := err.(interface{ Code() int }); ok {
		return fmt.Sprintf("%T %d", err, e.Code())
	}
	return fmt.Sprintf("%T", err)
}

// contain ends the program when a goroutine panics, as Go would, but with what may be written of it. It is deferred.
func contain() {
	if value := recover(); value != nil {
		writeCrash(os.Stderr, value, debug.Stack())
		os.Exit(2)
	}
}

// writeCrash writes what panicked and where. Stacks hold addresses and no words.
func writeCrash(w io.Writer, value any, stack []byte) {
	what := fmt.Sprintf("%T", value)
	if err, ok := value.(error); ok {
		what = discreet(err)
	}
	_, _ = fmt.Fprintf(w, "zoucun: panic: %s\n\n%s", what, stack) // there is nobody left to tell
}
