package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// journalOf returns the values a draft's snapshot and journal amount to, the snapshot being values joined by commas.
func journalOf(t *testing.T, s *Store, id survey.DraftID) string {
	t.Helper()
	_, state, journal, err := s.LoadDraft(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	text := string(state)
	for _, change := range journal {
		text += "," + change.Value
	}
	return strings.TrimPrefix(text, ",")
}

func TestUndoAndRedoAcrossRestarts(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	save := func(values ...string) {
		t.Helper()
		for _, value := range values {
			if err := s.SaveChange(t.Context(), d.ID, answer("a", value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect := func(want string) {
		t.Helper()
		for range 2 {
			if got := journalOf(t, s, d.ID); got != want {
				t.Errorf("draft is %s, want %s", got, want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, Options{})
		}
	}
	move := func(do func() (bool, error), want bool) {
		t.Helper()
		if moved, err := do(); err != nil || moved != want {
			t.Errorf("moved %v, %v; want %v", moved, err, want)
		}
	}
	undo := func() (bool, error) { return s.Undo(t.Context(), d.ID) }
	redo := func() (bool, error) { return s.Redo(t.Context(), d.ID) }

	move(undo, false)
	move(redo, false)
	save("1", "2")
	if err := s.SaveState(t.Context(), d, []byte("1,2")); err != nil {
		t.Fatal(err)
	}
	save("3")
	expect("1,2,3")
	move(undo, true)
	expect("1,2")
	move(undo, true)
	expect("1") // before the snapshot
	move(redo, true)
	move(redo, true)
	move(redo, false)
	expect("1,2,3")
	move(undo, true)
	move(undo, true)
	save("4", "5")
	expect("1,4,5")
	move(redo, false)
	move(undo, true)
	move(undo, true)
	move(undo, true)
	move(undo, false)
	expect("")
	move(redo, true)
	move(redo, true)
	if err := s.SaveState(t.Context(), d, []byte("1,4")); err != nil {
		t.Fatal(err)
	}
	expect("1,4")
	move(redo, true)
	expect("1,4,5")
	lines, err := s.History(t.Context(), d.ID)
	var text string
	for _, line := range lines {
		if text += line.Change.Value; line.Undone {
			text += "x"
		}
	}
	if err != nil || text != "12x3x45" {
		t.Errorf("history %s, %v", text, err)
	}
}

func TestWhatIWroteAnHourAgo(t *testing.T) {
	clock := &clock{now: monday}
	s := openStore(t, t.TempDir(), Options{Clock: clock.tell})
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	values := ""
	for _, value := range []string{"甲", "乙", "丙", "丁", "戊"} {
		clock.now = clock.now.Add(20 * time.Minute)
		if err := s.SaveChange(t.Context(), d.ID, answer("a", value)); err != nil {
			t.Fatal(err)
		}
		values = strings.TrimPrefix(values+","+value, ",")
		if err := s.SaveState(t.Context(), d, []byte(values)); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := s.History(t.Context(), d.ID)
	if err != nil || len(lines) != 5 {
		t.Fatalf("history %+v, %v", lines, err)
	}
	for n, line := range lines {
		if want := survey.MillisOf(monday.Add(time.Duration(n+1) * 20 * time.Minute)); line.At.Time().Sub(want.Time()) >= time.Second || line.At < want {
			t.Errorf("line %d was written at %v, want %v", n, line.At, want)
		}
		state, journal, err := s.DraftAfter(t.Context(), d.ID, line.Step)
		text := string(state)
		for _, change := range journal {
			text += "," + change.Value
		}
		if want := values[:4*n+3]; err != nil || strings.TrimPrefix(text, ",") != want {
			t.Errorf("after %d answers it was %q, %v; want %q", n+1, text, err, want)
		}
	}
	if state, journal, err := s.DraftAfter(t.Context(), d.ID, 0); err != nil || len(state)+len(journal) != 0 {
		t.Errorf("before the first: %q %v, %v", state, journal, err)
	}
	if err := s.DiscardDraft(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	var left int
	err = s.db.reader.QueryRow("SELECT (SELECT count(*) FROM draft_state) + (SELECT count(*) FROM draft_step) + (SELECT count(*) FROM draft_place)").Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows of an erased draft are left, %v", left, err)
	}
}

// TestGoingBackCanBeUndone goes back to what a draft was, across restarts, over changes written before and after.
func TestGoingBackCanBeUndone(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	d := newOffice(t).draft(survey.RecordID{})
	if err := s.BeginDraft(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	save := func(value string) {
		t.Helper()
		if err := s.SaveChange(t.Context(), d.ID, answer("a", value)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		for range 2 {
			if got := journalOf(t, s, d.ID); got != want {
				t.Errorf("draft is %s, want %s", got, want)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, Options{})
		}
	}
	move := func(do func(context.Context, survey.DraftID) (bool, error)) {
		t.Helper()
		if moved, err := do(t.Context(), d.ID); err != nil || !moved {
			t.Fatalf("moved %v, %v", moved, err)
		}
	}
	for _, value := range []string{"1", "2", "3"} {
		save(value)
	}
	move(s.Undo)
	if err := s.GoBack(t.Context(), d.ID, []byte("1")); err != nil {
		t.Fatal(err)
	}
	expect("1")
	save("4")
	expect("1,4")
	if err := s.SaveState(t.Context(), d, []byte("1,4")); err != nil {
		t.Fatal(err)
	}
	move(s.Undo)
	expect("1")
	move(s.Undo)
	expect("1,2")
	move(s.Redo)
	move(s.Redo)
	expect("1,4")
	lines, err := s.History(t.Context(), d.ID)
	if err != nil || len(lines) != 5 || !lines[3].Back || lines[3].Undone || !lines[2].Undone || lines[2].Next {
		t.Errorf("history %+v, %v", lines, err)
	}
	move(s.Undo)
	if lines, err = s.History(t.Context(), d.ID); err != nil || !lines[4].Next || !lines[4].Undone {
		t.Errorf("history after undo %+v, %v", lines, err)
	}
	if err := s.GoBack(t.Context(), survey.NewID[survey.DraftID](), nil); survey.KindOf(err) != survey.NotFound {
		t.Errorf("GoBack of no draft = %v", err)
	}
}

func TestTwoDraftsForOneHousehold(t *testing.T) {
	o := newOffice(t)
	s := openStore(t, t.TempDir(), Options{})
	home := survey.NewID[survey.RecordID]()
	first, second, other := o.draft(home), o.draft(home), o.draft(survey.NewID[survey.RecordID]())
	if err := errors.Join(
		s.BeginDraft(t.Context(), first, nil), s.BeginDraft(t.Context(), second, nil), s.BeginDraft(t.Context(), other, nil),
	); err != nil {
		t.Fatal(err)
	}
	drafts, err := s.DraftsOf(t.Context(), home)
	if err != nil || len(drafts) != 2 || drafts[0].ID != second.ID || drafts[1].ID != first.ID {
		t.Errorf("DraftsOf = %+v, %v", drafts, err)
	}
}

// TestDraftOfTheFirstVersion goes on with a draft that was begun before drafts had a history.
func TestDraftOfTheFirstVersion(t *testing.T) {
	dir := t.TempDir()
	unpack(t, "testdata/v1.zip", dir)
	s := openStore(t, dir, Options{})
	drafts := lists(t, s).Drafts
	if len(drafts) != 1 {
		t.Fatalf("drafts = %+v", drafts)
	}
	id := drafts[0].ID
	if got := journalOf(t, s, id); got != "快照,3,4" {
		t.Errorf("draft is %s", got)
	}
	for _, want := range []bool{true, true, false} { // what the snapshot covers was not kept then
		if moved, err := s.Undo(t.Context(), id); err != nil || moved != want {
			t.Errorf("Undo = %v, %v; want %v", moved, err, want)
		}
	}
	if photo, err := s.File(t.Context(), id, "门口.jpg"); err != nil || string(photo) != "旧照片" {
		t.Errorf("File = %q, %v", photo, err)
	}
}
