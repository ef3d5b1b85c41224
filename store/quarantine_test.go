package store

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

// tamper changes one byte of every sealed value a statement names, as somebody who does not have the key would.
func tamper(t *testing.T, s *Store, table, column, where string, args ...any) {
	t.Helper()
	last := "substr(" + column + ", 1, length(" + column + ") - 1) || x'5a'"
	err := s.db.exec(t.Context(), "UPDATE "+table+" SET "+column+" = CAST("+last+" AS BLOB) WHERE "+where, args...)
	if err != nil {
		t.Fatal(err)
	}
}

func named(s *Store, place string, row []byte) bool {
	return slices.ContainsFunc(s.Quarantined(), func(q survey.Quarantine) bool {
		return q.Place == place && q.Row == hex.EncodeToString(row)
	})
}

func TestTamperedRows(t *testing.T) {
	t.Run("a card is made again from the revisions", func(t *testing.T) {
		_, dir, told := usedFolder(t)
		s := openStore(t, dir, Options{})
		id := told.Households[7].ID
		tamper(t, s, "record", "card_sealed", "record_id = ?", id[:])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{})
		if diff := cmp.Diff(told, lists(t, s)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
		if !named(s, "record.card_sealed", id[:]) {
			t.Errorf("not named: %v", s.Quarantined())
		}
	})
	t.Run("a received revision is asked for again", func(t *testing.T) {
		o, dir, told := usedFolder(t)
		s := openStore(t, dir, Options{})
		id := told.Households[7].ID
		tamper(t, s, "revision", "payload_sealed", "record_id = ?", id[:])
		tamper(t, s, "record", "card_sealed", "record_id = ?", id[:])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{})
		if n := s.HouseholdCount(o.village); n != len(told.Households)-1 {
			t.Errorf("%d households, want all but one", n)
		}
		apply(t, s, o.page(o.scope(), 0, 50))
		if diff := cmp.Diff(told, lists(t, s)); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
	t.Run("an own revision does not hold up the others", func(t *testing.T) {
		o, dir, told := usedFolder(t)
		s := openStore(t, dir, Options{})
		id := told.Waiting[3].ID
		tamper(t, s, "revision", "payload_sealed", "record_id = ?", id[:])
		for range 20 {
			push, ok, err := s.NextPush(t.Context(), 2, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n, err := s.Unsigned(t.Context()); n != 0 || err != nil {
			t.Errorf("%d entries wait, %v", n, err)
		}
		if waiting := lists(t, s).Waiting; len(waiting) != 1 || waiting[0].ID != id {
			t.Errorf("waiting = %+v", waiting)
		}
		if len(s.Quarantined()) != 1 {
			t.Errorf("quarantined = %v", s.Quarantined())
		}
	})
	t.Run("a journal line does not close the draft", func(t *testing.T) {
		_, dir, told := usedFolder(t)
		s := openStore(t, dir, Options{})
		id := told.Drafts[0].ID
		if err := s.SaveChange(t.Context(), id, answer("b", "2")); err != nil {
			t.Fatal(err)
		}
		tamper(t, s, "draft_step", "change_sealed", "draft_id = ? AND step = 1", id[:])
		_, _, journal, err := s.LoadDraft(t.Context(), id)
		if err != nil || len(journal) != 1 || journal[0].Path != "b" || len(s.Quarantined()) != 1 {
			t.Errorf("journal = %v, %v; %v", journal, err, s.Quarantined())
		}
	})
}
