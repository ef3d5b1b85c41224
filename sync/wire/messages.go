// Package wire is what travels between a device, a relay and the server: segments of
// replica logs, receipts, pages of village feeds, enrolments, and their encoding.
//
// docs/protocol.md is the specification; testdata/v1 holds its goldens. The package
// opens no connection and keeps nothing.
package wire

import "zoucun/survey"

// Versions of the protocol, as a peer names them in the header [HeaderVersion].
const (
	Version = 1 // the newest this program speaks
	Oldest  = 1 // the oldest it still speaks
)

// Algorithm says how a segment is hashed and signed. Append-only: the values travel.
type Algorithm uint8

// SHA256Ed25519 is the only algorithm of version 1.
const SHA256Ed25519 Algorithm = 1

// SegmentHeader says which run of which replica's log a segment is.
type SegmentHeader struct {
	Algorithm Algorithm        `cbor:"1,keyasint"`
	Replica   survey.ReplicaID `cbor:"2,keyasint"`
	Device    survey.DeviceID  `cbor:"3,keyasint"`
	First     uint64           `cbor:"4,keyasint"` // n of the first entry
	Count     uint64           `cbor:"5,keyasint"`
	Prev      survey.Hash      `cbor:"6,keyasint"` // hash of the segment that ends at First-1; zero for the first
}

// Segment is a signed run of a replica's log. Its hash covers the header and every (n, revision id), so it still
// verifies when a body has been erased; Signature is over that hash.
type Segment struct {
	Header    SegmentHeader  `cbor:"1,keyasint"`
	Entries   []survey.Entry `cbor:"2,keyasint"`
	Signature []byte         `cbor:"3,keyasint"`
}

// Push hands over segments. Sent again with the same ID it gets the same receipt.
type Push struct {
	ID       survey.PushID `cbor:"1,keyasint"`
	Nonce    []byte        `cbor:"2,keyasint"` // the nonce of the last receipt for this replica; nil at first
	Segments []Segment     `cbor:"3,keyasint"`
}

// ReplicaState is how far the server holds a replica's log.
type ReplicaState struct {
	Replica  survey.ReplicaID `cbor:"1,keyasint"`
	Received uint64           `cbor:"2,keyasint"` // every n up to this one is stored here
	Durable  uint64           `cbor:"3,keyasint"` // every n up to this one is held off this machine as well
	Fork     bool             `cbor:"4,keyasint"` // the log parted from the one the server knows: go on under a new replica
}

// Reject names a revision that was stored but not taken into the feed, and why.
type Reject struct {
	Revision survey.RevID `cbor:"1,keyasint"`
	Kind     survey.Kind  `cbor:"2,keyasint"`
	Message  string       `cbor:"3,keyasint"` // for the person, in Chinese
}

// Receipt is the server's signed word that it holds what a push carried. Nothing else moves a device's watermark.
type Receipt struct {
	Push      survey.PushID  `cbor:"1,keyasint"`
	Request   survey.Hash    `cbor:"2,keyasint"` // the push's Digest: SHA-256 of its deterministic CBOR
	Epoch     survey.Epoch   `cbor:"3,keyasint"`
	Replicas  []ReplicaState `cbor:"4,keyasint"`
	Rejects   []Reject       `cbor:"5,keyasint,omitempty"`
	Nonce     []byte         `cbor:"6,keyasint"` // to be shown with the next push
	Time      survey.Millis  `cbor:"7,keyasint"` // the server's clock
	Signature []byte         `cbor:"8,keyasint"` // over the receipt with this field empty
}

// FeedOp says what an item of a feed does to the reader's view. Append-only.
type FeedOp uint8

// Operations of a feed.
const (
	FeedPut   FeedOp = 1 // here is a revision
	FeedLeave FeedOp = 2 // the record has left this scope; it is gone from view, not deleted
)

// FeedItem is one line of a village's feed. Seq counts 1, 2, 3 … without a gap, in the order of commit.
type FeedItem struct {
	Seq      uint64          `cbor:"1,keyasint"`
	Op       FeedOp          `cbor:"2,keyasint"`
	HLC      survey.HLC      `cbor:"3,keyasint"` // effective: no later than when the server received it
	Revision survey.Revision `cbor:"4,keyasint"`
}

// FeedPage is a run of one feed, beginning right after the cursor that was asked for.
type FeedPage struct {
	Scope survey.ScopeID `cbor:"1,keyasint"`
	Epoch survey.Epoch   `cbor:"2,keyasint"`
	After uint64         `cbor:"3,keyasint"` // the cursor it continues
	Items []FeedItem     `cbor:"4,keyasint"`
	Head  uint64         `cbor:"5,keyasint"` // the feed's last seq when the page was made
	// Stamp is the server's signature over which revisions stand in the page; see Stamp.
	Stamp []byte `cbor:"6,keyasint,omitempty" json:",omitempty"`
	// Time is the server's clock when it made the page. Only signed pages have it.
	Time survey.Millis `cbor:"7,keyasint,omitempty" json:",omitempty"`
	// Signature is the server's over all that a reader does with the page, so that anybody may hand it down; see Sign.
	Signature []byte `cbor:"8,keyasint,omitempty" json:",omitempty"`
}

// Pull asks for what lies behind the cursors. A scope without a cursor is read from the beginning.
type Pull struct {
	Cursors  []survey.Cursor `cbor:"1,keyasint"`
	MaxBytes int             `cbor:"2,keyasint"` // of encoded pages before compression; the server may send less
	// Recipients is the serial of the list of recipients that is held here.
	Recipients uint64 `cbor:"3,keyasint,omitempty" json:",omitempty"`
	// Revocations is the serial of the list of revoked devices that is held here.
	Revocations uint64 `cbor:"4,keyasint,omitempty" json:",omitempty"`
	// Signed asks for pages that can be handed down, and for an empty one of each feed that has nothing behind its cursor.
	Signed bool `cbor:"5,keyasint,omitempty" json:",omitempty"`
}

// PullReply is the next pages of every granted feed, and the grant itself.
type PullReply struct {
	Epoch   survey.Epoch     `cbor:"1,keyasint"`
	Grant   SignedGrant      `cbor:"2,keyasint"`
	Pages   []FeedPage       `cbor:"3,keyasint"`
	More    bool             `cbor:"4,keyasint"` // ask again at once
	Removed []survey.ScopeID `cbor:"5,keyasint,omitempty"`
	Time    survey.Millis    `cbor:"6,keyasint"`
	// Recipients is the list in force, where it is another than the one held.
	Recipients *SignedRecipients `cbor:"7,keyasint,omitempty" json:",omitempty"`
	// Holdings is how far the server holds the device's logs, where it knows any.
	Holdings *SignedHoldings `cbor:"8,keyasint,omitempty" json:",omitempty"`
	// Revocations is the list in force, where it is another than the one held.
	Revocations *SignedRevocations `cbor:"9,keyasint,omitempty" json:",omitempty"`
	// Words are what the county has said on logs of this device that a relay has carried. Only relays have them.
	Words []Carried `cbor:"10,keyasint,omitempty" json:",omitempty"`
}

// SignedRecipients is the county's list of recipients as the server encoded and signed it.
type SignedRecipients struct {
	List      []byte `cbor:"1,keyasint"` // deterministic CBOR of survey.Recipients
	Signature []byte `cbor:"2,keyasint"`
}

// SignedGrant is a grant as the server encoded and signed it.
type SignedGrant struct {
	Grant     []byte `cbor:"1,keyasint"` // deterministic CBOR of survey.Grant
	Signature []byte `cbor:"2,keyasint"`
}

// Enrol asks to become one of the county's devices. The code itself never travels: Proof shows that the device knows
// it and binds it to the certificate the device sees.
type Enrol struct {
	Device    survey.DeviceID `cbor:"1,keyasint"`
	SignKey   []byte          `cbor:"2,keyasint"` // Ed25519 public key
	SealKey   []byte          `cbor:"3,keyasint"` // X25519 public key
	Proof     []byte          `cbor:"4,keyasint"`
	CodeID    []byte          `cbor:"5,keyasint"` // which code, without giving it away
	Challenge []byte          `cbor:"6,keyasint"`
}

// Enrolled is the server's answer. Proof shows that the server knows the code too and has the certificate the device
// saw, so nobody stands in between.
type Enrolled struct {
	Proof     []byte       `cbor:"1,keyasint"`
	ServerKey []byte       `cbor:"2,keyasint"` // Ed25519 public key that signs receipts and grants
	Epoch     survey.Epoch `cbor:"3,keyasint"`
	Grant     SignedGrant  `cbor:"4,keyasint"`
}

// Status is the server's hello: what it speaks and what its clock says.
type Status struct {
	Version  int           `cbor:"1,keyasint"` // newest protocol version it speaks
	Oldest   int           `cbor:"2,keyasint"` // oldest it still speaks
	Software string        `cbor:"3,keyasint"`
	Epoch    survey.Epoch  `cbor:"4,keyasint"`
	Time     survey.Millis `cbor:"5,keyasint"`
	// Relay is what a relay shows instead of being the county.
	Relay *RelayPass `cbor:"6,keyasint,omitempty" json:",omitempty"`
	// Errands is whom errands are encrypted to; a server that takes none has none.
	Errands *SignedErrandKey `cbor:"20,keyasint,omitempty" json:",omitempty"`
}

// Failure is the body of every reply that is not a success.
type Failure struct {
	Kind       survey.Kind `cbor:"1,keyasint"`
	Message    string      `cbor:"2,keyasint"` // for the person, in Chinese
	RetryAfter int64       `cbor:"3,keyasint"` // seconds; 0 when the server does not say
}
