// Package blob keeps attachments by their content: on disk, or in any place that can take and give whole files.
//
// A name is the SHA-256 of the bytes, and nothing is kept under a name that its bytes do not have. Who may read or
// write is not asked here.
package blob

import (
	"context"

	"zoucun/survey"
)

// Store keeps attachments. Its methods may be called by several goroutines, for the same attachment too.
type Store interface {
	// Held returns how many of an attachment's bytes are safely here: its size once it is whole.
	Held(ctx context.Context, sum survey.Hash, size int64) (int64, error)

	// Append adds bytes that belong at offset at, and returns how many are held when they are on the disk. Bytes
	// that are held already are passed over; a gap is an error of kind Conflicting and changes nothing, and so is a
	// size other than the one it began with. When the last byte has come and the whole is not what its name says,
	// all of it is dropped and the error is of kind Damaged: begin again.
	Append(ctx context.Context, sum survey.Hash, size, at int64, bytes []byte) (held int64, err error)

	// Forget takes back what was added behind an offset to an attachment that is not whole, because it was not what it
	// claimed to be.
	Forget(ctx context.Context, sum survey.Hash, to int64) error

	// Read fills p from offset at of a whole attachment, and returns how many bytes it put there. An attachment that
	// is not whole is NotFound.
	Read(ctx context.Context, sum survey.Hash, at int64, p []byte) (int, error)

	// Remove takes an attachment away, whole or in part. One that is not here is no error.
	Remove(ctx context.Context, sum survey.Hash) error
}
