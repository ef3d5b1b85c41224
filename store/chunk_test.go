package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// photo returns so many bytes that look like nothing.
func photo(n int) []byte {
	data := make([]byte, n)
	random := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = random.Read(data)
	return data
}

// attach begins a draft with one file and returns the file's hash.
func attach(t *testing.T, s *Store, data []byte) survey.Hash {
	t.Helper()
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachFile(t.Context(), d.ID, "a.jpg", "image/jpeg", data); err != nil {
		t.Fatal(err)
	}
	got, err := s.File(t.Context(), d.ID, "a.jpg")
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("File = %d bytes, %v; want %d", len(got), err, len(data))
	}
	return sha256.Sum256(data)
}

func TestAttachmentsAreReadAnywhere(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize, 3*chunkSize + 17} {
		data := photo(size)
		a, err := s.OpenBlob(t.Context(), attach(t, s, data))
		if err != nil {
			t.Fatal(err)
		}
		if a.Size() != int64(size) {
			t.Errorf("size %d, want %d", a.Size(), size)
		}
		for range 50 {
			from := rand.IntN(size + 1)
			part := make([]byte, rand.IntN(size-from+1))
			if _, err := a.ReadAt(part, int64(from)); err != nil || !bytes.Equal(part, data[from:from+len(part)]) {
				t.Fatalf("%d bytes from %d of %d: %v", len(part), from, size, err)
			}
		}
		if n, err := a.ReadAt(make([]byte, 10), int64(size)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("past the end: %d, %v", n, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTamperedAttachmentIsRefused(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	data := photo(3*chunkSize + 5)
	hash := attach(t, s, data)
	file := s.blobs.path(hash)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	chunkAt := func(n int) []byte { return whole[headSize+n*sealedChunk : headSize+(n+1)*sealedChunk] }
	swapped := bytes.Clone(whole)
	copy(swapped[headSize:], chunkAt(1))
	copy(swapped[headSize+sealedChunk:], chunkAt(0))
	other, err := os.ReadFile(s.blobs.path(attach(t, s, photo(3*chunkSize+6))))
	if err != nil {
		t.Fatal(err)
	}
	foreign := bytes.Clone(whole)
	copy(foreign[headSize:headSize+sealedChunk], other[headSize:])
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for name, bent := range map[string][]byte{
		"cut at a chunk": whole[:headSize+2*sealedChunk], "cut in the head": whole[:40], "empty": {},
		"two chunks swapped": swapped, "a chunk of another attachment": foreign, "a bit flipped": flipped, "another attachment": other,
	} {
		if err := os.WriteFile(file, bent, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Blob(t.Context(), hash); survey.KindOf(err) != survey.Damaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file, flipped, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := s.OpenBlob(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.ReadAt(make([]byte, chunkSize), 0); err != nil {
		t.Errorf("a chunk that is whole: %v", err)
	}
}

func TestAttachmentOfTheFirstVersion(t *testing.T) {
	dir := t.TempDir()
	unpack(t, "testdata/v1.zip", dir)
	s := openStore(t, dir, Options{})
	a, err := s.OpenBlob(t.Context(), sha256.Sum256([]byte("旧照片")))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	data := make([]byte, a.Size())
	if _, err := a.ReadAt(data, 0); err != nil || string(data) != "旧照片" {
		t.Errorf("%q, %v", data, err)
	}
}

// endless is a photo of any size that takes no memory.
type endless struct{ left int }

// Read implements [io.Reader].
func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

func TestLargePhotoTakesLittleMemory(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachFrom(t.Context(), d.ID, "a.jpg", "image/jpeg", &endless{200 << 20}); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
		t.Errorf("200 MiB = %v", err)
	}
	if left := filesIn(t, string(s.blobs)); left != 0 {
		t.Errorf("%d files left", left)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := s.AttachFrom(t.Context(), d.ID, "a.jpg", "image/jpeg", &endless{wire.MaxBlob}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 24<<20 {
		t.Errorf("the heap grew by %d MiB for a photo of %d MiB", grown>>20, wire.MaxBlob>>20)
	}
}
