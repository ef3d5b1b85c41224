package bundle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Spec says what a bundle is, who may read it and who stands for it.
type Spec struct {
	Label Label
	To    []string           // recipients in age's notation
	Key   ed25519.PrivateKey // of the device, or of the server where [Kind.ByServer]
}

// Writer writes one bundle. After an error it is of no more use, and neither is what was written.
type Writer struct {
	key    ed25519.PrivateKey
	file   *counted
	locked io.WriteCloser // age
	packed *zstd.Encoder
	frames hash.Hash
	counts Counts
}

// counted hashes and counts what goes into the file, and holds the limit.
type counted struct {
	to   io.Writer
	hash hash.Hash
	size int64
}

// Write implements [io.Writer].
func (c *counted) Write(p []byte) (int, error) {
	if c.size+int64(len(p)) > MaxVolume-int64(tail) {
		return 0, &survey.Error{
			Kind: survey.Full, Op: "bundle.Write", Message: "内容太多，一个数据包装不下。", Err: errors.New("volume beyond its limit"),
		}
	}
	n, err := c.to.Write(p)
	c.hash.Write(p[:n])
	c.size += int64(n)
	return n, err
}

// NewWriter begins a bundle. Closing the writer ends it and leaves to open.
func NewWriter(to io.Writer, spec Spec) (*Writer, error) {
	if err := spec.Label.check(); err != nil {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "bundle.NewWriter", Err: err}
	}
	if len(spec.To) == 0 || len(spec.To) > MaxRecipients {
		return nil, &survey.Error{Kind: survey.Invalid, Op: "bundle.NewWriter", Err: fmt.Errorf("%d recipients", len(spec.To))}
	}
	label, err := wire.Encode(spec.Label)
	if err != nil {
		return nil, err
	}
	w := &Writer{key: spec.Key, file: &counted{to: to, hash: sha256.New()}, frames: sha256.New()}
	clear := binary.BigEndian.AppendUint16([]byte(opening), uint16(len(label)))
	if _, err := w.file.Write(append(clear, label...)); err != nil {
		return nil, err
	}
	if w.locked, err = seal.EncryptTo(w.file, spec.To); err != nil {
		return nil, err
	}
	w.packed, err = zstd.NewWriter(w.locked, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	return w, w.message(frameHead, head{Label: spec.Label, Recipients: spec.To})
}

// message writes a frame with a value.
func (w *Writer) message(t frameType, value any) error {
	raw, err := wire.Encode(value)
	if err != nil {
		return err
	}
	return w.frame(t, raw)
}

func (w *Writer) frame(t frameType, payload []byte) error {
	if len(payload) > MaxFrame {
		return &survey.Error{Kind: survey.Invalid, Op: "bundle.frame", Err: fmt.Errorf("frame of %d bytes", len(payload))}
	}
	header := binary.BigEndian.AppendUint32([]byte{byte(t)}, uint32(len(payload)))
	out := io.Writer(w.packed)
	if t != frameEnd {
		out = io.MultiWriter(w.packed, w.frames)
	}
	if _, err := out.Write(header); err != nil {
		return err
	}
	_, err := out.Write(payload)
	return err
}

// Segment adds a run of a log, exactly as it was signed.
func (w *Writer) Segment(s wire.Segment) error {
	w.counts.Segments++
	w.counts.Entries += uint64(len(s.Entries))
	return w.message(frameSegment, s)
}

// Attachment adds a file. What from gives must be what a says.
func (w *Writer) Attachment(a survey.Kept, from io.Reader) error {
	if err := w.message(frameAttachment, attachment{SHA256: a.SHA256, Size: a.Size}); err != nil {
		return err
	}
	seen, left := sha256.New(), a.Size
	for chunk := make([]byte, maxChunk); left > 0; {
		n, err := io.ReadFull(from, chunk[:min(left, maxChunk)])
		if err != nil {
			return fmt.Errorf("attachment %s ends %d bytes early: %w", a.SHA256, left-int64(n), err)
		}
		seen.Write(chunk[:n])
		left -= int64(n)
		if err := w.frame(frameChunk, chunk[:n]); err != nil {
			return err
		}
	}
	if survey.Hash(seen.Sum(nil)) != a.SHA256 {
		return &survey.Error{Kind: survey.Damaged, Op: "bundle.Attachment", Subject: "blob " + a.SHA256.String(), Err: errors.New("hash differs")}
	}
	w.counts.Attachments++
	w.counts.Bytes += uint64(a.Size)
	return nil
}

// linesAtOnce is how long the pieces of a journal are.
const linesAtOnce = 1000

// Draft adds a draft. Its files are attachments, which need not be in the same bundle.
func (w *Writer) Draft(p survey.Parcel) error {
	if len(p.Lines) > MaxLines {
		return &survey.Error{Kind: survey.Invalid, Op: "bundle.Draft", Subject: "draft " + p.Draft.String(), Err: fmt.Errorf("%d lines", len(p.Lines))}
	}
	cut := parcel{Draft: p, Journal: slices.Collect(slices.Chunk(p.Lines, linesAtOnce))}
	cut.Draft.Lines = nil
	w.counts.Drafts++
	return w.message(frameDraft, cut)
}

// Receipt adds the server's word on a device's logs.
func (w *Writer) Receipt(c wire.Carried) error {
	w.counts.Receipts++
	return w.message(frameReceipt, c)
}

// Close signs the bundle and ends it.
func (w *Writer) Close() error {
	said, err := wire.Encode(sum{Counts: w.counts, Hash: survey.Hash(w.frames.Sum(nil))})
	if err != nil {
		return err
	}
	signature := ed25519.Sign(w.key, append([]byte(signPurpose), said...))
	if err := w.message(frameEnd, end{Sum: said, Signature: signature}); err != nil {
		return err
	}
	if err := errors.Join(w.packed.Close(), w.locked.Close()); err != nil {
		return err
	}
	// The last bytes are within the limit by what counted leaves free.
	w.file.hash.Write([]byte(ending))
	closing := w.file.hash.Sum([]byte(ending))
	n, err := w.file.to.Write(closing)
	w.file.size += int64(n)
	return err
}

// Sum returns the hash that a closed bundle ends with.
func (w *Writer) Sum() survey.Hash { return survey.Hash(w.file.hash.Sum(nil)) }

// Counts says what has been written.
func (w *Writer) Counts() Counts { return w.counts }

// Size returns how many bytes the file has.
func (w *Writer) Size() int64 { return w.file.size }
