package bundle

import (
	"fmt"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Kind says what a bundle is for. Append-only: the values travel.
type Kind uint8

// Kinds of bundles.
const (
	Work  Kind = 1 // finished work of a device, carried by hand, in volumes; signed by the device
	Copy  Kind = 2 // a part of a device's second copy; signed by the device
	Reply Kind = 3 // the server's word on what it holds of a device's log; signed by the server
	Desk  Kind = 4 // drafts handed over to a device; signed by the server
	// Errand is finished work that another device carries, encrypted to the server itself; signed by the device.
	Errand Kind = 5
)

// ByServer reports whether the server signs bundles of this kind, and not the device named in the label.
func (k Kind) ByServer() bool { return k == Reply || k == Desk }

// Label stands in clear at the head of a bundle, so that whoever finds the file can say whose it is and what is missing
// without any key. It says nothing about a person.
type Label struct {
	Bundle  survey.BundleID `cbor:"1,keyasint"` // of all volumes of a set
	Kind    Kind            `cbor:"2,keyasint"`
	County  uint32          `cbor:"3,keyasint"`
	Device  survey.DeviceID `cbor:"4,keyasint"` // whose work it is, or for whom
	Epoch   survey.Epoch    `cbor:"5,keyasint"` // the server's life, as the writer knows it
	Created survey.Millis   `cbor:"6,keyasint"` // by the writer's clock; nothing rests on it
	Volume  uint32          `cbor:"7,keyasint"` // counts from 1
	Volumes uint32          `cbor:"8,keyasint"`
	List    uint64          `cbor:"9,keyasint"` // serial of the county's list of recipients it is encrypted to
}

func (l Label) check() error {
	if l.Kind < Work || l.Kind > Errand || l.Volume == 0 || l.Volume > l.Volumes || l.Volumes > MaxVolumes {
		return fmt.Errorf("label of kind %d, volume %d of %d", l.Kind, l.Volume, l.Volumes)
	}
	return nil
}

// Counts says how much of what a bundle holds.
type Counts struct {
	Segments    uint64 `cbor:"1,keyasint"`
	Entries     uint64 `cbor:"2,keyasint"` // of logs
	Attachments uint64 `cbor:"3,keyasint"`
	Drafts      uint64 `cbor:"4,keyasint"`
	Receipts    uint64 `cbor:"5,keyasint"`
	Bytes       uint64 `cbor:"6,keyasint"` // of the attachments
}

// Limits of version 1.
const (
	MaxVolume     = 1 << 30 // bytes of a file
	MaxVolumes    = 1000
	MaxFrame      = 32 << 20 // bytes of a frame
	MaxRecipients = wire.MaxRecipients
	MaxLines      = 1 << 20 // lines of a draft's journal
	maxLabel      = 512
	maxChunk      = wire.MaxChunk
)

// A file begins with its version and ends with a word and the hash of everything before that hash:
//
//	"zoucun bundle 1\n"
//	2 bytes          the label's length, big-endian
//	…                the label
//	…                an age file, and in it one zstd stream of frames
//	"zoucun end 1.\n\n\n"
//	32 bytes         SHA-256 of all of the above
//
// So anybody can tell a whole file from a torn one, and a torn one from a changed one.
const (
	magic       = "zoucun bundle "
	opening     = magic + "1\n"
	ending      = "zoucun end 1.\n\n\n"
	tail        = len(ending) + 32
	signPurpose = "zoucun bundle 1\n"
)

// A frame is its type, the length of what it says in 4 bytes, and that.
type frameType byte

const (
	frameHead       frameType = 1 // head
	frameSegment    frameType = 2 // wire.Segment
	frameAttachment frameType = 3 // attachment; chunks follow
	frameChunk      frameType = 4 // bytes of the attachment before
	frameDraft      frameType = 5 // parcel
	frameReceipt    frameType = 6 // wire.Carried
	frameEnd        frameType = 7 // end
)

const frameHeader = 5

// head is the first frame: the label again, now under the signature, and to whom the bundle is encrypted.
type head struct {
	Label      Label    `cbor:"1,keyasint"`
	Recipients []string `cbor:"2,keyasint"`
}

// attachment announces the bytes of a file.
type attachment struct {
	SHA256 survey.Hash `cbor:"1,keyasint"`
	Size   int64       `cbor:"2,keyasint"`
}

// parcel is a draft whose journal is cut in pieces, for lists are bounded.
type parcel struct {
	Draft   survey.Parcel          `cbor:"1,keyasint"`
	Journal [][]survey.JournalLine `cbor:"2,keyasint"`
}

// end is the last frame: what all frames before it amount to, and the signature over that.
type end struct {
	Sum       []byte `cbor:"1,keyasint"` // deterministic CBOR of sum
	Signature []byte `cbor:"2,keyasint"`
}

type sum struct {
	Counts Counts      `cbor:"1,keyasint"`
	Hash   survey.Hash `cbor:"2,keyasint"` // SHA-256 of all frames before, their headers included
}
