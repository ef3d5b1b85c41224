// Package retention takes out of the records what has been kept long enough, by the class that a form gives each of its
// questions, and says what it took.
//
// It decides when and what; how bodies are taken out is decided behind it. A report names records, rules and counts and
// nothing of what the records said.
package retention

import (
	"context"
	"log/slog"

	"zoucun/survey"
)

// Records is where the records are.
type Records interface {
	// HoldingsOf calls yield with every record of a type, in every scope, voided ones included.
	HoldingsOf(ctx context.Context, of survey.RecordType, yield func(survey.Holding) error) error
	// Erase takes away what records said, and returns of how many.
	Erase(ctx context.Context, author survey.PersonID, erasures []survey.Erasure) (int, error)
	// Late returns the records that were erased whole and of which something has come since that did not know of it.
	Late(ctx context.Context) ([]survey.RecordID, error)
	// Sweep calls remove for every attachment that nothing refers to any more.
	Sweep(ctx context.Context, remove func(context.Context, survey.Hash) error) (int, error)
}

// Files is where the bytes of attachments are.
type Files interface {
	Remove(ctx context.Context, sum survey.Hash) error
}

// Keeper keeps the retention periods of one server.
type Keeper struct {
	Records Records
	Files   Files
	Folder  string // where reports and the township's own periods lie
	Clock   survey.Clock
	Log     *slog.Logger
}

// keeper is the author of what is erased because its time is over: nobody on the staff.
var keeper survey.PersonID
