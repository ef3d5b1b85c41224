package survey

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// ID identifies one thing of the kind Of by 128 random or time-ordered bits.
//
// The type parameter has no values; it only keeps a village from being handed over
// where a household is meant. IDs made by NewID are UUIDv7 (RFC 9562): they sort by
// the time they were made.
type ID[Of any] [16]byte

type (
	recordKind  struct{}
	scopeKind   struct{}
	replicaKind struct{}
	deviceKind  struct{}
	personKind  struct{}
	draftKind   struct{}
	pushKind    struct{}
	epochKind   struct{}
	bundleKind  struct{}
)

type (
	// RecordID identifies a record for ever, whatever is revised in it. Made on the device that creates the record.
	RecordID = ID[recordKind]
	// ScopeID identifies what a device may be allowed to see: a village, or one of the county's shared scopes.
	ScopeID = ID[scopeKind]
	// ReplicaID identifies one database on one device. A copied or restored database gets a new one.
	ReplicaID = ID[replicaKind]
	// DeviceID identifies an installation that was enrolled. It may own several replicas over its life.
	DeviceID = ID[deviceKind]
	// PersonID identifies a cadre or a member of the township's staff.
	PersonID = ID[personKind]
	// DraftID identifies a filling that is not finished; it becomes the RecordID of the visit.
	DraftID = ID[draftKind]
	// PushID identifies one attempt to hand over segments, so that a repeated attempt gets the same answer.
	PushID = ID[pushKind]
	// Epoch identifies one life of a server's database. A restore from backup begins a new one.
	Epoch = ID[epochKind]
	// BundleID identifies one set of bundle files that were written together.
	BundleID = ID[bundleKind]
)

// NewID returns a fresh UUIDv7: NewID[RecordID]().
func NewID[I ~[16]byte]() I {
	return I(uuid.Must(uuid.NewV7()))
}

// RandomID returns a fresh UUIDv4, for what must not tell when it was made.
func RandomID[I ~[16]byte]() I {
	return I(uuid.New())
}

// ParseID reads the form String writes, and any other form of a UUID in hexadecimal.
func ParseID[I ~[16]byte](s string) (I, error) {
	u, err := uuid.Parse(s)
	if err != nil {
		return I{}, fmt.Errorf("parse id: %w", err)
	}
	return I(u), nil
}

// DerivedID returns the ID that every caller derives from the same name within the same space (RFC 9562 UUIDv8 over
// SHA-256). An imported row uses it to be the same record whenever it is imported again.
func DerivedID[I ~[16]byte, Space any](space ID[Space], name string) I {
	return I(deriveUUID(space[:], name))
}

// String returns the lower-case hexadecimal form with dashes.
func (id ID[Of]) String() string { return uuid.UUID(id).String() }

// IsZero reports whether the ID was never set.
func (id ID[Of]) IsZero() bool { return id == ID[Of]{} }

// Compare orders IDs bytewise, which for UUIDv7 is by time of creation.
func (id ID[Of]) Compare(other ID[Of]) int { return bytes.Compare(id[:], other[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (id ID[Of]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID[Of]) UnmarshalText(text []byte) error {
	parsed, err := ParseID[ID[Of]](string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// MarshalBinary implements [encoding.BinaryMarshaler]: the 16 bytes themselves.
func (id ID[Of]) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
func (id *ID[Of]) UnmarshalBinary(data []byte) error { return exactly(id[:], data, "id") }

// Scan reads the 16 bytes a database holds.
func (id *ID[Of]) Scan(src any) error { return scanBytes(id[:], src, "id") }

// Hash is a SHA-256 value: of a revision, a segment or an attachment.
type Hash [32]byte

// RevID identifies a revision by its content.
type RevID Hash

// ParseHash reads 64 hexadecimal digits.
func ParseHash(s string) (Hash, error) {
	var h Hash
	raw, err := hex.DecodeString(s)
	if err != nil {
		return h, fmt.Errorf("parse hash: %w", err)
	}
	return h, exactly(h[:], raw, "hash")
}

// String returns 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether the hash was never set.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText implements [encoding.TextMarshaler].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// MarshalBinary implements [encoding.BinaryMarshaler]: the 32 bytes themselves.
func (h Hash) MarshalBinary() ([]byte, error) { return h[:], nil }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
func (h *Hash) UnmarshalBinary(data []byte) error { return exactly(h[:], data, "hash") }

// Scan reads the 32 bytes a database holds.
func (h *Hash) Scan(src any) error { return scanBytes(h[:], src, "hash") }

// String returns 64 hexadecimal digits.
func (r RevID) String() string { return Hash(r).String() }

// IsZero reports whether the identifier was never set.
func (r RevID) IsZero() bool { return r == RevID{} }

// Compare orders revision identifiers bytewise.
func (r RevID) Compare(other RevID) int { return bytes.Compare(r[:], other[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (r RevID) MarshalText() ([]byte, error) { return Hash(r).MarshalText() }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *RevID) UnmarshalText(text []byte) error { return (*Hash)(r).UnmarshalText(text) }

// MarshalBinary implements [encoding.BinaryMarshaler]: the 32 bytes themselves.
func (r RevID) MarshalBinary() ([]byte, error) { return r[:], nil }

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
func (r *RevID) UnmarshalBinary(data []byte) error { return exactly(r[:], data, "revision id") }

// Scan reads the 32 bytes a database holds.
func (r *RevID) Scan(src any) error { return scanBytes(r[:], src, "revision id") }

func exactly(dst, src []byte, what string) error {
	if len(src) != len(dst) {
		return fmt.Errorf("%s of %d bytes, want %d", what, len(src), len(dst))
	}
	copy(dst, src)
	return nil
}

func scanBytes(dst []byte, src any, what string) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("%s from %T, want bytes", what, src)
	}
	return exactly(dst, raw, what)
}
