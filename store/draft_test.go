package store

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/survey"
)

func filesIn(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func answer(path survey.FieldPath, value string) form.Change {
	return form.Change{Op: form.OpSet, Path: path, Value: value, At: 1}
}

func TestDraftJournal(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := openStore(t, dir, Options{})
	d := o.draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, []byte("开始")); err != nil {
		t.Fatal(err)
	}
	save := func(changes ...form.Change) {
		t.Helper()
		for _, c := range changes {
			if err := s.SaveChange(t.Context(), d.ID, c); err != nil {
				t.Fatal("SaveChange:", err)
			}
		}
	}
	load := func(wantState string, want ...form.Change) {
		t.Helper()
		got, state, journal, err := s.LoadDraft(t.Context(), d.ID)
		if err != nil || string(state) != wantState {
			t.Errorf("state %q, %v; want %q", state, err, wantState)
		}
		if diff := cmp.Diff(want, journal); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
		if got.Form != d.Form || got.FormVersion != d.FormVersion || got.Author != d.Author || got.Scope != d.Scope {
			t.Errorf("draft = %+v", got)
		}
	}
	load("开始")
	save(answer("a", "1"), answer("b", "二"))
	load("开始", answer("a", "1"), answer("b", "二"))

	d.Title, d.Answered = "李四", 2
	d.Judged = []survey.Judgement{{Name: "李四", Household: survey.NewID[survey.RecordID](), Same: true}, {Name: "李四"}}
	if err := s.SaveState(t.Context(), d, []byte("快照")); err != nil {
		t.Fatal(err)
	}
	load("快照")
	save(answer("c", "3"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	load("快照", answer("c", "3"))
	save(answer("d", "4"))
	load("快照", answer("c", "3"), answer("d", "4"))
	drafts, err := s.Drafts(t.Context())
	if err != nil || len(drafts) != 1 || drafts[0].Title != "李四" || drafts[0].Answered != 2 || !slices.Equal(drafts[0].Judged, d.Judged) {
		t.Errorf("drafts = %+v, %v", drafts, err)
	}

	if err := errors.Join(s.DiscardDraft(t.Context(), d.ID), s.DiscardDraft(t.Context(), d.ID)); err != nil {
		t.Errorf("discard twice: %v", err)
	}
	if _, _, _, err := s.LoadDraft(t.Context(), d.ID); survey.KindOf(err) != survey.NotFound {
		t.Errorf("LoadDraft after discard = %v", err)
	}
	if err := s.SaveChange(t.Context(), d.ID, answer("e", "5")); survey.KindOf(err) != survey.NotFound {
		t.Errorf("SaveChange after discard = %v", err)
	}
}

func TestDraftsAreListedByLastWork(t *testing.T) {
	o := newOffice(t)
	s := openStore(t, t.TempDir(), Options{})
	first, second := o.draft(survey.RecordID{}), o.draft(survey.RecordID{})
	err := errors.Join(
		s.BeginDraft(t.Context(), first, nil),
		s.BeginDraft(t.Context(), second, nil),
		s.SaveChange(t.Context(), first.ID, answer("a", "1")),
	)
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := s.Drafts(t.Context())
	if err != nil || len(drafts) != 2 || drafts[0].ID != first.ID {
		t.Errorf("drafts = %+v, %v; want the one worked on last first", drafts, err)
	}
}

func TestDiscardRemovesFiles(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := openStore(t, dir, Options{})
	d := o.draft(survey.RecordID{})
	err := errors.Join(
		s.BeginDraft(t.Context(), d, nil),
		s.AttachFile(t.Context(), d.ID, "a.jpg", "image/jpeg", []byte("照片")),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DiscardDraft(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if left := filesIn(t, string(s.blobs)); left != 0 {
		t.Errorf("%d files left", left)
	}
}

func TestFilesOfAKilledProcessAreSwept(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := openStore(t, dir, Options{})
	d := o.draft(survey.RecordID{})
	err := errors.Join(
		s.BeginDraft(t.Context(), d, nil),
		s.AttachFile(t.Context(), d.ID, "kept.jpg", "image/jpeg", []byte("留下")),
	)
	if err != nil {
		t.Fatal(err)
	}
	unrecorded, err := s.receiveBlob(strings.NewReader("没有记录"))
	if err = errors.Join(err, s.settleBlob(unrecorded)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.blobs.path(survey.Hash{1})+".123.part", []byte("一半"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	if left := filesIn(t, string(s.blobs)); left != 1 {
		t.Errorf("%d files left, want 1", left)
	}
	if data, err := s.File(t.Context(), d.ID, "kept.jpg"); err != nil || string(data) != "留下" {
		t.Errorf("File = %q, %v", data, err)
	}
}

func TestAFileThatComesSlowlyHoldsNobodyUp(t *testing.T) {
	o := newOffice(t)
	s := openStore(t, t.TempDir(), Options{})
	slow, other := o.draft(survey.RecordID{}), o.draft(survey.RecordID{})
	if err := errors.Join(s.BeginDraft(t.Context(), slow, nil), s.BeginDraft(t.Context(), other, nil)); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	attached := make(chan error)
	go func() { attached <- s.AttachFrom(context.Background(), slow.ID, "far.pdf", "application/pdf", r) }()
	if _, err := w.Write([]byte("从网盘")); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		s.AttachFile(t.Context(), other.ID, "near.jpg", "image/jpeg", []byte("本机")),
		s.DiscardDraft(t.Context(), other.ID),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("慢慢来")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), <-attached); err != nil {
		t.Fatal(err)
	}
	if data, err := s.File(t.Context(), slow.ID, "far.pdf"); err != nil || string(data) != "从网盘慢慢来" {
		t.Errorf("File = %q, %v", data, err)
	}
}
