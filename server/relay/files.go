package relay

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// Files keeps attachments in a folder, sealed, piece by piece as they came: one folder for each attachment, one file for
// each piece, and a mark once all of it is there and is what its name says. A piece is on the disk or not there. Its methods
// may be called by several goroutines.
type Files struct {
	dir string
	box *seal.Box
	mu  sync.Mutex
}

// wholeMark is beside the pieces of an attachment that is whole.
const wholeMark = "whole"

// OpenFiles opens a folder of attachments, and makes it where it is missing.
func OpenFiles(dir string, box *seal.Box) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fail("relay.OpenFiles", err)
	}
	f := &Files{dir: dir, box: box}
	return f, fail("relay.OpenFiles", f.tidy())
}

// piece is a run of an attachment's bytes.
type piece struct{ at, n int64 }

func (p piece) name() string { return fmt.Sprintf("%016x-%x", p.at, p.n) }

func (p piece) place(sum survey.Hash) seal.Place {
	return seal.Place{Column: "relay.piece", Row: binary.BigEndian.AppendUint64(sum[:], uint64(p.at))}
}

func (f *Files) folder(sum survey.Hash) string { return filepath.Join(f.dir, sum.String()) }

// pieces returns the pieces of an attachment from its first byte on, and how many bytes they have.
func (f *Files) pieces(sum survey.Hash) (pieces []piece, held int64, whole bool, err error) {
	entries, err := os.ReadDir(f.folder(sum)) // by name, which is by offset
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, false, err
	}
	for _, entry := range entries {
		var p piece
		if n, err := fmt.Sscanf(entry.Name(), "%x-%x", &p.at, &p.n); err == nil && n == 2 && p.name() == entry.Name() && p.at == held {
			pieces, held = append(pieces, p), held+p.n
		}
		whole = whole || entry.Name() == wholeMark
	}
	return pieces, held, whole, nil
}

// Held returns how many bytes of an attachment, from the first on, would survive a power cut.
func (f *Files) Held(_ context.Context, sum survey.Hash, size int64) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, held, whole, err := f.pieces(sum)
	if !whole && held >= size {
		held = 0 // the power went before it was found to be the one: it is looked at again
	}
	return held, fail("relay.Held", err)
}

// Append adds bytes of an attachment and returns how many are held. Bytes held already are passed over; a gap is an error of
// kind Conflicting. When the last has come and the whole is not what its name says, all of it goes, and the error is Damaged.
func (f *Files) Append(_ context.Context, sum survey.Hash, size, at int64, bytes []byte) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pieces, held, whole, err := f.pieces(sum)
	end := at + int64(len(bytes))
	switch {
	case err != nil || whole:
		return held, fail("relay.Append", err)
	case at > held, at < 0, end > size:
		return held, &survey.Error{Kind: survey.Conflicting, Op: "relay.Append", Err: fmt.Errorf("bytes %d to %d of %d, held %d", at, end, size, held)}
	case end > held:
		p := piece{held, end - held}
		if err := f.keep(sum, p.name(), f.box.Seal(bytes[held-at:], p.place(sum))); err != nil {
			return held, fail("relay.Append", err)
		}
		pieces, held = append(pieces, p), end
	}
	if held < size {
		return held, nil
	}
	return f.finish(sum, size, pieces)
}

func (f *Files) keep(sum survey.Hash, name string, raw []byte) error {
	if err := os.MkdirAll(f.folder(sum), 0o700); err != nil {
		return err
	}
	return disk.Fill(disk.System{}, filepath.Join(f.folder(sum), name), func(to disk.File) error {
		_, err := to.Write(raw)
		return err
	}, nil)
}

// finish marks an attachment that has all its bytes, if they are those of its name.
func (f *Files) finish(sum survey.Hash, size int64, pieces []piece) (int64, error) {
	h := sha256.New()
	for _, p := range pieces {
		plain, err := f.open(sum, p)
		if err != nil {
			return 0, err
		}
		h.Write(plain)
	}
	if survey.Hash(h.Sum(nil)) != sum {
		return 0, errors.Join(&survey.Error{
			Kind: survey.Damaged, Op: "relay.finish", Message: "附件在传输中损坏，将重新上传。", Err: errors.New("not the bytes of this name"),
		}, os.RemoveAll(f.folder(sum)))
	}
	return size, fail("relay.finish", f.keep(sum, wholeMark, nil))
}

// open returns the bytes of a piece. Where it is damaged, all of the attachment goes: whoever brought it brings it again.
func (f *Files) open(sum survey.Hash, p piece) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(f.folder(sum), p.name()))
	if err != nil {
		return nil, fail("relay.open", err)
	}
	plain, err := f.box.Open(raw, p.place(sum))
	if err != nil {
		return nil, errors.Join(fail("relay.open", err), os.RemoveAll(f.folder(sum)))
	}
	return plain, nil
}

// Read reads bytes of an attachment that is whole; any other is NotFound.
func (f *Files) Read(_ context.Context, sum survey.Hash, at int64, into []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pieces, held, whole, err := f.pieces(sum)
	if err == nil && !whole {
		err = &survey.Error{Kind: survey.NotFound, Op: "relay.Read", Subject: "blob " + sum.String(), Err: fmt.Errorf("%d bytes are here", held)}
	}
	if err != nil {
		return 0, fail("relay.Read", err)
	}
	for _, p := range pieces {
		if p.at+p.n <= at || n == len(into) {
			continue
		}
		plain, err := f.open(sum, p)
		if err != nil {
			return n, err
		}
		copied := copy(into[n:], plain[at-p.at:])
		n, at = n+copied, at+int64(copied)
	}
	return n, nil
}

// Remove deletes what is here of an attachment.
func (f *Files) Remove(_ context.Context, sum survey.Hash) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fail("relay.Remove", os.RemoveAll(f.folder(sum)))
}

// tidy deletes unfinished pieces.
func (f *Files) tidy() error {
	unfinished, err := filepath.Glob(filepath.Join(f.dir, "*", "*"+disk.Unfinished))
	for _, name := range unfinished {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}
