package bundle

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Bundle is a file that is whole, as far as can be told without a key.
type Bundle struct {
	Label Label
	Sum   survey.Hash // the hash that the file ends with

	file      io.ReaderAt
	from, end int64 // of the age file
}

// Inspect reads a file through and returns what stands on it. What it returns is what was written there last, whole;
// whether that is genuine, only [Bundle.Open] says.
func Inspect(file io.ReaderAt, size int64) (*Bundle, error) {
	b := &Bundle{file: file}
	if err := b.readLabel(size); err != nil {
		return nil, err
	}
	closing := make([]byte, tail)
	if size < b.from+int64(tail) {
		return nil, fault(ErrIncomplete, "%d bytes", size)
	}
	b.end = size - int64(tail)
	if _, err := file.ReadAt(closing, b.end); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(closing[:len(ending)]) != ending {
		return nil, fault(ErrIncomplete, "no ending after %d bytes", size)
	}
	if size > MaxVolume {
		return nil, fault(ErrDamaged, "%d bytes", size)
	}
	seen := sha256.New()
	if _, err := io.Copy(seen, io.NewSectionReader(file, 0, size-sha256.Size)); err != nil {
		return nil, err
	}
	if !bytes.Equal(seen.Sum(nil), closing[len(ending):]) {
		return nil, fault(ErrDamaged, "hash differs")
	}
	b.Sum = survey.Hash(closing[len(ending):])
	return b, nil
}

// readLabel reads what stands in clear at the head of a file.
func (b *Bundle) readLabel(size int64) error {
	first := make([]byte, len(opening)+2)
	n, err := b.file.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	first = first[:n]
	switch {
	case len(first) < len(magic) && bytes.HasPrefix([]byte(magic), first):
		return fault(ErrIncomplete, "%d bytes", n)
	case !bytes.HasPrefix(first, []byte(magic)):
		return fault(ErrNone, "other magic")
	case len(first) < len(opening)+2:
		return fault(ErrIncomplete, "%d bytes", n)
	case string(first[:len(opening)]) != opening:
		return fault(ErrNewer, "%q", first[:len(opening)])
	}
	length := int64(binary.BigEndian.Uint16(first[len(opening):]))
	if length > maxLabel {
		return fault(ErrDamaged, "label of %d bytes", length)
	}
	b.from = int64(len(first)) + length
	if size < b.from {
		return fault(ErrIncomplete, "%d bytes", size)
	}
	raw := make([]byte, length)
	if _, err := b.file.ReadAt(raw, int64(len(first))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := decode(raw, &b.Label); err != nil {
		return fault(ErrDamaged, "label: %w", err)
	}
	if err := b.Label.check(); err != nil {
		return fault(ErrDamaged, "%w", err)
	}
	return nil
}

// Content is what lies in a bundle that was opened: whole, and signed by whom the label says.
type Content struct {
	Counts     Counts
	Recipients []string // to whom it is encrypted
	label      Label
	plain      func() (io.ReadCloser, error) // begins to read the frames
}

// Open decrypts a bundle with one of the identities, in age's notation, and reads it through: every frame is there, in
// its order, and key has signed them all. Before that is certain nothing but the frames' borders is looked at.
func (b *Bundle) Open(identities []string, key ed25519.PublicKey) (*Content, error) {
	c := &Content{label: b.Label, plain: func() (io.ReadCloser, error) { return b.decrypt(identities) }}
	return c, c.verify(key)
}

// verify reads all frames through.
func (c *Content) verify(key ed25519.PublicKey) error {
	frames, err := c.frames()
	if err != nil {
		return err
	}
	defer frames.close()
	first, err := frames.next()
	if err != nil {
		return err
	}
	first.payload = bytes.Clone(first.payload)
	last := first
	for last.kind != frameEnd {
		if last, err = frames.next(); err != nil {
			return err
		}
	}
	if err := c.checkEnd(last, frames, key); err != nil {
		return err
	}
	return c.readHead(first)
}

// checkEnd holds the last frame against the frames before it and the key.
func (c *Content) checkEnd(f frame, frames *frames, key ed25519.PublicKey) error {
	var closing end
	if err := decode(f.payload, &closing); err != nil {
		return fault(ErrDamaged, "end: %w", err)
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, append([]byte(signPurpose), closing.Sum...), closing.Signature) {
		return fault(ErrDamaged, "signature does not verify")
	}
	var said sum
	if err := decode(closing.Sum, &said); err != nil {
		return fault(ErrDamaged, "end: %w", err)
	}
	if said.Hash != survey.Hash(frames.seen.Sum(nil)) {
		return fault(ErrDamaged, "frames are not those that were signed")
	}
	c.Counts = said.Counts
	return frames.finished()
}

func (c *Content) readHead(f frame) error {
	var h head
	if f.kind != frameHead {
		return fault(ErrDamaged, "begins with a frame of type %d", f.kind)
	}
	if err := decode(f.payload, &h); err != nil {
		return fault(ErrDamaged, "head: %w", err)
	}
	if h.Label != c.label {
		return fault(ErrDamaged, "another label is on the bundle than in it")
	}
	c.Recipients = h.Recipients
	return nil
}

// Takers take what a bundle holds. Who is nil passes over what it would take.
type Takers struct {
	Segment    func(wire.Segment) error
	Attachment func(a survey.Kept, r io.Reader) error
	Draft      func(survey.Parcel) error
	Receipt    func(wire.Carried) error
}

// Each hands out what the bundle holds, in its order, and stops at the first error.
func (c *Content) Each(to Takers) error {
	frames, err := c.frames()
	if err != nil {
		return err
	}
	defer frames.close()
	for {
		f, err := frames.next()
		if err != nil || f.kind == frameEnd {
			return err
		}
		if err := c.hand(f, frames, to); err != nil {
			return err
		}
	}
}

func (c *Content) hand(f frame, frames *frames, to Takers) error {
	switch {
	case f.kind == frameSegment && to.Segment != nil:
		s, err := wire.Decode[wire.Segment](f.payload)
		if err != nil {
			return fault(ErrDamaged, "segment: %w", err)
		}
		return to.Segment(s)
	case f.kind == frameReceipt && to.Receipt != nil:
		r, err := wire.Decode[wire.Carried](f.payload)
		if err != nil {
			return fault(ErrDamaged, "receipt: %w", err)
		}
		return to.Receipt(r)
	case f.kind == frameDraft && to.Draft != nil:
		p, err := readParcel(f.payload)
		if err != nil {
			return err
		}
		return to.Draft(p)
	case f.kind == frameAttachment:
		return handAttachment(f, frames, to.Attachment)
	}
	return nil
}

func readParcel(payload []byte) (survey.Parcel, error) {
	var p parcel
	if err := decode(payload, &p); err != nil {
		return survey.Parcel{}, fault(ErrDamaged, "draft: %w", err)
	}
	for _, piece := range p.Journal {
		p.Draft.Lines = append(p.Draft.Lines, piece...)
	}
	if len(p.Draft.Lines) > MaxLines {
		return survey.Parcel{}, fault(ErrDamaged, "draft of %d lines", len(p.Draft.Lines))
	}
	return p.Draft, nil
}

// handAttachment hands out a file, and passes over what of it was not read.
func handAttachment(f frame, frames *frames, take func(survey.Kept, io.Reader) error) error {
	var a attachment
	if err := decode(f.payload, &a); err != nil || a.Size < 0 || a.Size > wire.MaxBlob {
		return fault(ErrDamaged, "attachment of %d bytes: %w", a.Size, err)
	}
	r := &chunks{frames: frames, left: a.Size}
	if take != nil {
		if err := take(survey.Kept{SHA256: a.SHA256, Size: a.Size}, r); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// chunks reads the bytes of one attachment.
type chunks struct {
	frames *frames
	chunk  []byte
	left   int64 // not yet read, the chunk included
}

// Read implements [io.Reader].
func (c *chunks) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	if len(c.chunk) == 0 {
		f, err := c.frames.next()
		if err != nil {
			return 0, err
		}
		if f.kind != frameChunk || len(f.payload) == 0 || len(f.payload) > maxChunk || int64(len(f.payload)) > c.left {
			return 0, fault(ErrDamaged, "frame of type %d with %d bytes within an attachment", f.kind, len(f.payload))
		}
		c.chunk = f.payload
	}
	n := copy(p, c.chunk)
	c.chunk, c.left = c.chunk[n:], c.left-int64(n)
	return n, nil
}

// frame is one frame as it was read. Its payload holds until the next.
type frame struct {
	kind    frameType
	payload []byte
}

// decrypt begins to read the encrypted part.
func (b *Bundle) decrypt(identities []string) (io.ReadCloser, error) {
	plain, err := seal.Decrypt(bufio.NewReader(io.NewSectionReader(b.file, b.from, b.end-b.from)), identities)
	switch {
	case err == nil:
	case survey.KindOf(err) == survey.Denied:
		return nil, fault(ErrNotForKey, "%w", err)
	case survey.KindOf(err) == survey.Damaged:
		return nil, fault(ErrDamaged, "%w", err)
	default:
		return nil, err
	}
	packed, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<20), zstd.WithDecoderMaxMemory(MaxFrame))
	if err != nil {
		return nil, err
	}
	return packed.IOReadCloser(), nil
}

// frames reads the frames of a bundle.
type frames struct {
	r      *bufio.Reader
	from   io.Closer
	seen   hash.Hash // of all frames before the end
	buffer bytes.Buffer
}

func (c *Content) frames() (*frames, error) {
	plain, err := c.plain()
	if err != nil {
		return nil, err
	}
	return &frames{r: bufio.NewReader(plain), from: plain, seen: sha256.New()}, nil
}

func (f *frames) close() { _ = f.from.Close() } // only reading

// next reads one frame. What a frame claims to hold is not made room for before it is there.
func (f *frames) next() (frame, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return frame{}, torn(err)
	}
	length := int64(binary.BigEndian.Uint32(header[1:]))
	if length > MaxFrame {
		return frame{}, fault(ErrDamaged, "frame of %d bytes", length)
	}
	f.buffer.Reset()
	if n, err := io.CopyN(&f.buffer, f.r, length); err != nil {
		return frame{}, torn(fmt.Errorf("frame ends after %d of %d bytes: %w", n, length, err))
	}
	if frameType(header[0]) != frameEnd {
		f.seen.Write(header[:])
		f.seen.Write(f.buffer.Bytes())
	}
	return frame{kind: frameType(header[0]), payload: f.buffer.Bytes()}, nil
}

// torn says that the encrypted part does not go on as it was written, though the file has its ending.
func torn(err error) error { return fault(ErrDamaged, "%w", err) }

// finished reports an error where anything follows the end.
func (f *frames) finished() error {
	if _, err := f.r.ReadByte(); !errors.Is(err, io.EOF) {
		return fault(ErrDamaged, "something follows the end: %w", err)
	}
	return nil
}

var strict = decoding()

// decoding is deterministic CBOR as in sync/wire, with room for more.
func decoding() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		UTF8: cbor.UTF8RejectInvalid, MaxNestedLevels: 16, MaxArrayElements: wire.MaxFields, MaxMapPairs: wire.MaxFields,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}

// decode reads one value and refuses what would have been written differently.
func decode(raw []byte, value any) error {
	if err := strict.Unmarshal(raw, value); err != nil {
		return err
	}
	again, err := wire.Encode(value)
	if err == nil && !bytes.Equal(raw, again) {
		err = errors.New("not in deterministic encoding")
	}
	return err
}
