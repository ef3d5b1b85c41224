package wire

import (
	"net/http"

	"zoucun/survey"
)

// statuses is the only place where a kind of error meets a status of HTTP.
var statuses = map[survey.Kind]int{
	survey.Internal:    http.StatusInternalServerError,
	survey.Invalid:     http.StatusBadRequest,
	survey.NotFound:    http.StatusNotFound,
	survey.Denied:      http.StatusForbidden,
	survey.Conflicting: http.StatusConflict,
	survey.Unavailable: http.StatusServiceUnavailable,
	survey.Full:        http.StatusInsufficientStorage,
	survey.Newer:       http.StatusUpgradeRequired,
	survey.Damaged:     http.StatusUnprocessableEntity,
}

// StatusOf returns the HTTP status of a kind of error.
func StatusOf(k survey.Kind) int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Err returns the failure as an error for op. A kind this version does not know is Internal.
func (f Failure) Err(op string) error {
	kind := f.Kind
	if _, ok := statuses[kind]; !ok {
		kind = survey.Internal
	}
	return &survey.Error{Kind: kind, Op: op, Message: f.Message, Err: &RefusedError{Failure: f}}
}

// RefusedError is a failure the server signed for, as a cause.
type RefusedError struct{ Failure Failure }

// Error names the kind; the message is for the person.
func (e *RefusedError) Error() string { return "server refused: " + e.Failure.Kind.String() }
