package blob

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"zoucun/survey"
)

// Folder keeps attachments in a folder:
//
//	ab/abcdef…        the whole attachment, renamed here only after its bytes were verified and flushed
//	part/abcdef…      what has come of one that is not whole
//	part/abcdef….at   how much of that is on the disk, and the whole size: 8 bytes each, big-endian
//
// The size of a part file is no proof after a power cut; only what .at says counts.
type Folder struct {
	dir   string
	locks [64]sync.Mutex // by the first byte of the name
}

var _ Store = (*Folder)(nil)

// OpenFolder opens a folder of attachments and makes it if it is not there.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "part"), 0o700); err != nil {
		return nil, fail("blob.OpenFolder", survey.Hash{}, err)
	}
	return &Folder{dir: dir}, nil
}

// Held implements [Store].
func (f *Folder) Held(_ context.Context, sum survey.Hash, size int64) (int64, error) {
	defer f.lock(sum)()
	if whole, err := f.whole(sum); err != nil || whole >= 0 {
		return max(whole, 0), fail("blob.Held", sum, err)
	}
	held, total, err := f.mark(sum)
	if err == nil && held > 0 && total != size {
		err = conflict(fmt.Errorf("size %d, begun with %d", size, total))
	}
	return held, fail("blob.Held", sum, err)
}

// Append implements [Store].
func (f *Folder) Append(_ context.Context, sum survey.Hash, size, at int64, bytes []byte) (int64, error) {
	defer f.lock(sum)()
	held, err := f.add(sum, size, at, bytes)
	return held, fail("blob.Append", sum, err)
}

// Forget implements [Store].
func (f *Folder) Forget(_ context.Context, sum survey.Hash, to int64) error {
	defer f.lock(sum)()
	held, total, err := f.mark(sum)
	if err == nil && held > to {
		err = f.setMark(sum, to, total)
	}
	return fail("blob.Forget", sum, err)
}

// Read implements [Store].
func (f *Folder) Read(_ context.Context, sum survey.Hash, at int64, p []byte) (int, error) {
	file, err := os.Open(f.name(sum))
	if err != nil {
		return 0, fail("blob.Read", sum, err)
	}
	defer file.Close()
	n, err := file.ReadAt(p, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, fail("blob.Read", sum, err)
}

// Remove implements [Store].
func (f *Folder) Remove(_ context.Context, sum survey.Hash) error {
	defer f.lock(sum)()
	var err error
	for _, name := range []string{f.name(sum), f.part(sum), f.part(sum) + ".at"} {
		if gone := os.Remove(name); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return fail("blob.Remove", sum, err)
}

func (f *Folder) add(sum survey.Hash, size, at int64, bytes []byte) (int64, error) {
	if whole, err := f.whole(sum); err != nil || whole >= 0 {
		return max(whole, 0), err
	}
	held, total, err := f.mark(sum)
	end := at + int64(len(bytes))
	switch {
	case err != nil:
		return held, err
	case held > 0 && total != size, at > held, at < 0, end > size:
		return held, conflict(fmt.Errorf("bytes %d to %d of %d, held %d of %d", at, end, size, held, total))
	case end <= held && held < size:
		return held, nil
	}
	if err := writeAt(f.part(sum), bytes, at); err != nil {
		return held, err
	}
	if err := f.setMark(sum, end, size); err != nil {
		return held, err
	}
	if end < size {
		return end, nil
	}
	return f.finish(sum, size)
}

// finish verifies a part that has all its bytes and gives it its name.
func (f *Folder) finish(sum survey.Hash, size int64) (int64, error) {
	if err := verify(f.part(sum), sum, size); err != nil {
		return 0, errors.Join(err, f.drop(sum))
	}
	if err := os.MkdirAll(filepath.Dir(f.name(sum)), 0o700); err != nil {
		return 0, err
	}
	if err := os.Rename(f.part(sum), f.name(sum)); err != nil {
		return 0, err
	}
	err := errors.Join(flushDir(filepath.Dir(f.name(sum))), flushDir(f.dir), os.Remove(f.part(sum)+".at"))
	return size, err
}

func verify(name string, sum survey.Hash, size int64) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if n, err := io.Copy(h, io.LimitReader(file, size)); err != nil || n != size {
		return errors.Join(fmt.Errorf("%d of %d bytes", n, size), err)
	}
	if survey.Hash(h.Sum(nil)) != sum {
		return &survey.Error{Kind: survey.Damaged, Op: "blob.verify", Message: "附件在传输中损坏，将重新上传。", Err: errors.New("not the bytes of this name")}
	}
	return nil
}

// whole returns the size of an attachment that is whole, or -1.
func (f *Folder) whole(sum survey.Hash) (int64, error) {
	info, err := os.Stat(f.name(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	return info.Size(), nil
}

func (f *Folder) mark(sum survey.Hash) (held, total int64, err error) {
	raw, err := os.ReadFile(f.part(sum) + ".at")
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) != 16 {
		return 0, 0, nil // not begun, or the power went while beginning
	}
	if err != nil {
		return 0, 0, err
	}
	return int64(binary.BigEndian.Uint64(raw)), int64(binary.BigEndian.Uint64(raw[8:])), nil
}

func (f *Folder) setMark(sum survey.Hash, held, total int64) error {
	raw := binary.BigEndian.AppendUint64(nil, uint64(held))
	return writeAt(f.part(sum)+".at", binary.BigEndian.AppendUint64(raw, uint64(total)), 0)
}

func (f *Folder) drop(sum survey.Hash) error {
	return errors.Join(os.Remove(f.part(sum)+".at"), os.Remove(f.part(sum)))
}

func (f *Folder) name(sum survey.Hash) string {
	text := sum.String()
	return filepath.Join(f.dir, text[:2], text)
}

func (f *Folder) part(sum survey.Hash) string { return filepath.Join(f.dir, "part", sum.String()) }

func (f *Folder) lock(sum survey.Hash) (unlock func()) {
	mutex := &f.locks[int(sum[0])%len(f.locks)]
	mutex.Lock()
	return mutex.Unlock
}

// writeAt returns when the bytes are on the disk.
func writeAt(name string, bytes []byte, at int64) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(bytes, at)
	return errors.Join(err, file.Sync(), file.Close())
}

// flushDir returns when the names in a folder are on the disk. Where a system cannot, it has no need to.
func flushDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

func conflict(err error) error {
	return &survey.Error{Kind: survey.Conflicting, Op: "blob", Err: err}
}

func fail(op string, sum survey.Hash, err error) error {
	if err == nil {
		return nil
	}
	e := &survey.Error{Kind: survey.KindOf(err), Op: op, Subject: "blob " + sum.String(), Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Kind, e.Message = survey.NotFound, "附件还没有传到服务器。"
	case errors.Is(err, syscall.ENOSPC):
		e.Kind, e.Message = survey.Full, "服务器存储空间已满，附件稍后再传。"
	}
	return e
}
