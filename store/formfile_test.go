package store

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"zoucun/survey"
)

// formFile is a file as a form refers to it.
func formFile(data []byte) survey.Attachment {
	return survey.Attachment{Name: "list.csv", SHA256: sha256.Sum256(data), Size: int64(len(data)), MIME: "text/csv"}
}

// bring adds a file in pieces, and returns the first error.
func bring(t *testing.T, s *Store, file survey.Attachment, data []byte, piece int) error {
	t.Helper()
	at, err := s.FormFileHeld(t.Context(), file.SHA256)
	for err == nil {
		var next int64
		next, err = s.AddToFormFile(t.Context(), file, at, data[at:min(at+int64(piece), file.Size)])
		if err == nil && next == file.Size {
			return nil
		}
		if err == nil && next <= at {
			t.Fatalf("no progress at %d", at)
		}
		at = next
	}
	return err
}

func TestFormFileInPieces(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	data := bytes.Repeat([]byte("a,b,c\n"), 50_000)
	file := formFile(data)
	for _, step := range []struct {
		at   int64
		from []byte
		held int64
	}{
		{0, data[:1000], 1000},
		{0, data[:1000], 1000},
		{5000, data[5000:6000], 1000},
		{1000, append(bytes.Clone(data[1000:]), 'x'), 1000},
		{1000, data[1000:9000], 9000},
	} {
		if held, err := s.AddToFormFile(t.Context(), file, step.at, step.from); err != nil || held != step.held {
			t.Fatalf("%d bytes at %d: %d are held, %v; want %d", len(step.from), step.at, held, err, step.held)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	if err := bring(t, s, file, data, 40_000); err != nil {
		t.Fatal(err)
	}
	if got, err := s.FormFile(t.Context(), file.SHA256); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if held, err := s.FormFileHeld(t.Context(), file.SHA256); err != nil || held != 0 {
		t.Errorf("%d bytes of pieces are left, %v", held, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	if _, err := s.FormFile(t.Context(), file.SHA256); err != nil {
		t.Error("swept at the start:", err)
	}
	sealed, err := os.ReadFile(s.blobs.path(file.SHA256))
	if err != nil || bytes.Contains(sealed, []byte("a,b,c")) {
		t.Error("the file lies open on the disk", err)
	}
	// No form refers to it, so it goes.
	if lacking, err := s.TendFormFiles(t.Context()); err != nil || len(lacking) != 0 || filesIn(t, string(s.blobs)) != 0 {
		t.Errorf("%v, %v, %d files are left", lacking, err, filesIn(t, string(s.blobs)))
	}
}

// TestFormFileThatIsAnother drops all of a file that is not what its name says, and takes the right one afterwards.
func TestFormFileThatIsAnother(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	data := bytes.Repeat([]byte("right\n"), 30_000)
	file := formFile(data)
	wrong := bytes.Clone(data)
	wrong[100_000] ^= 1
	if err := bring(t, s, file, wrong, 64<<10); survey.KindOf(err) != survey.Damaged {
		t.Errorf("another file = %v", err)
	}
	held, err := s.FormFileHeld(t.Context(), file.SHA256)
	if err != nil || held != 0 || filesIn(t, string(s.blobs)) != 0 {
		t.Errorf("%d bytes, %d files are left, %v", held, filesIn(t, string(s.blobs)), err)
	}
	if err := bring(t, s, file, data, 64<<10); err != nil {
		t.Error(err)
	}
}

func TestFormFileOnAFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system to be had: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := openStore(t, dir, Options{})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	checkFormFileWhenFull(t, s, func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}

func checkFormFileWhenFull(t *testing.T, s *Store, makeSpace func()) {
	t.Helper()
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("0123456789\n"), 120_000)
	file := formFile(data)
	if err := bring(t, s, file, data, 64<<10); survey.KindOf(err) != survey.Full {
		t.Fatalf("a full disk = %v", err)
	}
	before, err := s.FormFileHeld(t.Context(), file.SHA256)
	if err != nil || before == 0 {
		t.Errorf("%d bytes came before the disk was full, %v", before, err)
	}
	makeSpace()
	if err := s.SaveChange(t.Context(), d.ID, answer("a", "1")); err != nil {
		t.Errorf("SaveChange afterwards = %v", err)
	}
	if err := bring(t, s, file, data, 64<<10); err != nil {
		t.Error("once there is space:", err)
	}
	if got, err := s.FormFile(t.Context(), file.SHA256); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
