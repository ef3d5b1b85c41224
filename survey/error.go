package survey

import (
	"errors"
	"strings"
)

// Kind sorts errors by what the person can do about them. Append-only: kinds travel between programs, so their
// numbers never change meaning.
type Kind uint8

// Kinds of errors.
const (
	Internal    Kind = 0 // a fault of ours; the log has the chain
	Invalid     Kind = 1 // what was given cannot be taken
	NotFound    Kind = 2 // it is not here
	Denied      Kind = 3 // not allowed, not enrolled, revoked, or the code is used or wrong
	Conflicting Kind = 4 // it is taken, or it has changed meanwhile
	Unavailable Kind = 5 // no network, no server, try later
	Full        Kind = 6 // no space left
	Newer       Kind = 7 // made by a newer version of the product
	Damaged     Kind = 8 // stored or received bytes are not what was written
)

// String returns a stable English word for logs and frames.
func (k Kind) String() string {
	names := [...]string{"internal", "invalid", "not_found", "denied", "conflict", "unavailable", "full", "newer", "damaged"}
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Error is a failure with two readers. The person reads Message, a Chinese sentence that says what happened to the
// data and what to do; the log reads the rest. Nothing personal stands in Op or Subject.
type Error struct {
	Kind    Kind
	Op      string // what was being done: "store.FinishVisit"
	Subject string // to what, by identifier: "draft 0192…"
	Message string // for the person; empty lets the presenter choose by Kind
	Err     error
}

// Error returns the chain for the log.
func (e *Error) Error() string {
	var parts []string
	for _, part := range []string{e.Op, e.Subject} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, " ")
	if text == "" {
		text = e.Kind.String()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain that has one, or Internal.
func KindOf(err error) Kind {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Kind != Internal {
			return e.Kind
		}
	}
	return Internal
}

// MessageOf returns the first sentence for the person in err's chain, or an empty string.
func MessageOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Message != "" {
			return e.Message
		}
	}
	return ""
}
