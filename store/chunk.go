package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// An attachment lies in a file of its own, sealed in chunks, so that any part of it is read, and checked, without the
// rest:
//
//	1 byte    chunked
//	16 bytes  the file's own random name, to which everything in it is bound
//	69 bytes  sealed: SHA-256 and size of the plain bytes
//	…         every 64 KiB, sealed; a chunk is bound to its turn, the last one also to being the last
//
// Files of the first version have none of this: they are one sealed value, whose first byte is its algorithm.
const (
	chunked     = 0x40
	chunkSize   = 64 << 10
	sealedChunk = chunkSize + sealedAtLeast
	fileName    = 16
	headSize    = 1 + fileName + sealedAtLeast + sha256.Size + 8
)

// chunkWriter seals what it is given into a file.
type chunkWriter struct {
	box  *seal.Box
	to   DiskFile
	name []byte
	turn uint64
	size int64
	hash survey.Hash
}

func headPlace(name []byte) seal.Place { return placeOf("blob.head", name) }

func chunkPlace(name []byte, turn uint64, last bool) seal.Place {
	end := byte(0)
	if last {
		end = 1
	}
	return placeOf("blob.chunk", append(binary.BigEndian.AppendUint64(slices.Clip(name), turn), end))
}

// sealChunks seals everything r has, at most limit bytes, and returns its hash and size. It holds one chunk in memory.
func sealChunks(box *seal.Box, to DiskFile, r io.Reader, limit int64) (survey.Hash, int64, error) {
	w := chunkWriter{box: box, to: to, name: make([]byte, fileName)}
	if _, err := rand.Read(w.name); err != nil {
		return survey.Hash{}, 0, err
	}
	if _, err := to.Write(make([]byte, headSize)); err != nil {
		return survey.Hash{}, 0, err
	}
	if err := w.fill(r, limit); err != nil {
		return survey.Hash{}, 0, err
	}
	head := binary.BigEndian.AppendUint64(w.hash[:], uint64(w.size))
	_, err := to.WriteAt(append(append([]byte{chunked}, w.name...), box.Seal(head, headPlace(w.name))...), 0)
	return w.hash, w.size, err
}

// fill reads one chunk ahead, for the last one is sealed as the last.
func (w *chunkWriter) fill(r io.Reader, limit int64) error {
	sum, chunk := sha256.New(), make([]byte, chunkSize)
	next := make([]byte, chunkSize)
	n, err := readChunk(r, chunk)
	for err == nil {
		var ahead int
		if ahead, err = readChunk(r, next); err != nil {
			break
		}
		if w.size += int64(n); w.size > limit {
			return tooLarge()
		}
		sum.Write(chunk[:n])
		if _, err := w.to.Write(w.box.Seal(chunk[:n], chunkPlace(w.name, w.turn, ahead == 0))); err != nil {
			return err
		}
		if ahead == 0 {
			w.hash = survey.Hash(sum.Sum(nil))
			return nil
		}
		w.turn++
		chunk, next, n = next, chunk, ahead
	}
	return err
}

// readChunk fills a chunk as far as there is anything.
func readChunk(r io.Reader, chunk []byte) (int, error) {
	n, err := io.ReadFull(r, chunk)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

func tooLarge() error {
	return &survey.Error{Kind: survey.Invalid, Op: "store.AttachFile", Message: "这个文件太大，不能附上。请换一个小一些的。"}
}

// Attached is an attachment that is open for reading anywhere in it. It reads only the chunks it is asked for, and
// returns nothing that is not what was written.
type Attached struct {
	file *os.File
	box  *seal.Box
	name []byte
	hash survey.Hash
	size int64
}

// openChunks opens a file of chunks. It returns fs.ErrNotExist where there is none, and errWhole where the file is one
// of the first version.
func openChunks(box *seal.Box, path string, hash survey.Hash) (*Attached, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	a := &Attached{file: file, box: box, hash: hash}
	if err := a.readHead(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return a, nil
}

// errWhole says that a file is one sealed value.
var errWhole = errors.New("not in chunks")

func (a *Attached) readHead() error {
	head := make([]byte, headSize)
	n, err := a.file.ReadAt(head, 0)
	if n > 0 && head[0] != chunked {
		return errWhole
	}
	if err != nil {
		return a.damaged(err)
	}
	a.name = head[1 : 1+fileName]
	plain, err := a.box.Open(head[1+fileName:], headPlace(a.name))
	if err != nil {
		return a.damaged(err)
	}
	if survey.Hash(plain[:sha256.Size]) != a.hash {
		return a.damaged(errors.New("another attachment under this name"))
	}
	a.size = int64(binary.BigEndian.Uint64(plain[sha256.Size:]))
	return nil
}

func (a *Attached) damaged(err error) error {
	return damaged("store.Attached", "blob "+a.hash.String(), err)
}

// Size returns how many plain bytes there are.
func (a *Attached) Size() int64 { return a.size }

// Close closes the file.
func (a *Attached) Close() error { return a.file.Close() }

// ReadAt implements [io.ReaderAt].
func (a *Attached) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("store.Attached: offset %d", off)
	}
	read := 0
	for read < len(p) && off < a.size {
		chunk, err := a.chunk(uint64(off / chunkSize))
		if err != nil {
			return read, err
		}
		n := copy(p[read:], chunk[off%chunkSize:])
		read += n
		off += int64(n)
	}
	if read < len(p) {
		return read, io.EOF
	}
	return read, nil
}

// chunk reads and opens one chunk.
func (a *Attached) chunk(turn uint64) ([]byte, error) {
	last := int64(turn+1)*chunkSize >= a.size
	length := min(chunkSize, a.size-int64(turn)*chunkSize)
	sealed := make([]byte, length+sealedAtLeast)
	if _, err := a.file.ReadAt(sealed, headSize+int64(turn)*sealedChunk); err != nil {
		return nil, a.damaged(err)
	}
	plain, err := a.box.Open(sealed, chunkPlace(a.name, turn, last))
	if err != nil {
		return nil, a.damaged(err)
	}
	if int64(len(plain)) != length {
		return nil, a.damaged(fmt.Errorf("chunk of %d bytes", len(plain)))
	}
	return plain, nil
}
