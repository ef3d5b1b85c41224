package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoucun/survey"
)

// fill answers questions until the store refuses, and returns how many answers it took and the refusal.
func fill(t *testing.T, s *Store, d survey.Draft) (taken int, refusal error) {
	t.Helper()
	long := strings.Repeat("很长的回答。", 200)
	for ; taken < 100_000; taken++ {
		if err := s.SaveChange(t.Context(), d.ID, answer("detail", long)); err != nil {
			return taken, err
		}
	}
	t.Fatal("the disk never became full")
	return taken, nil
}

// checkFull holds a full store to its promise: the refusal says so, and everything taken before is there.
func checkFull(t *testing.T, dir string, s *Store) {
	t.Helper()
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, []byte("开始")); err != nil {
		t.Fatal(err)
	}
	taken, refusal := fill(t, s, d)
	if survey.KindOf(refusal) != survey.Full || !strings.Contains(survey.MessageOf(refusal), "存储空间已满") {
		t.Errorf("after %d answers: %v (%q)", taken, refusal, survey.MessageOf(refusal))
	}
	if err := s.FinishVisit(t.Context(), d, bigSubmission()); survey.KindOf(err) != survey.Full {
		t.Errorf("FinishVisit on a full disk = %v", err)
	}
	_, _, journal, err := s.LoadDraft(t.Context(), d.ID)
	if err != nil || len(journal) != taken {
		t.Errorf("the draft has %d answers of %d, %v", len(journal), taken, err)
	}
	if err := s.Close(); err != nil {
		t.Error("Close:", err)
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	var verdict string
	if err := s.db.reader.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
	if _, _, journal, err = s.LoadDraft(t.Context(), d.ID); err != nil || len(journal) != taken {
		t.Errorf("reopened, the draft has %d answers of %d, %v", len(journal), taken, err)
	}
	if err := s.FinishVisit(t.Context(), d, submission()); err != nil {
		t.Error("FinishVisit once there is space:", err)
	}
}

// TestFullDatabase bounds the database itself.
func TestFullDatabase(t *testing.T) {
	dir := t.TempDir()
	checkFull(t, dir, openStore(t, dir, Options{MaxPages: 120}))
}

// TestFullDisk bounds the file system.
func TestFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system to be had: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	checkFull(t, dir, openStore(t, dir, Options{}))
}

func TestAttachFileOnAFullDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system to be had: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := openStore(t, dir, Options{})
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachFile(t.Context(), d.ID, "a.jpg", "image/jpeg", make([]byte, 2<<20)); survey.KindOf(err) != survey.Full {
		t.Errorf("AttachFile = %v", err)
	}
	if left := filesIn(t, string(s.blobs)); left != 0 {
		t.Errorf("%d files left", left)
	}
	if err := s.SaveChange(t.Context(), d.ID, answer("a", "1")); err != nil {
		t.Errorf("SaveChange afterwards = %v", err)
	}
}
