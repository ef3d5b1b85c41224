package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zoucun/survey"
)

// TestConnectionsLoseNothing holds the writing connection to the settings the crash tests were made with.
func TestConnectionsLoseNothing(t *testing.T) {
	s := openStore(t, t.TempDir(), Options{})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "temp_store": "2", "wal_autocheckpoint": "500",
		"busy_timeout": "5000", "journal_size_limit": "16777216",
	} {
		var got string
		if err := s.db.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := s.db.reader.ExecContext(t.Context(), "DELETE FROM draft"); err == nil {
		t.Error("a reading connection writes")
	}
}

func TestFolderWithAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "走村 数据 #1 100% ?a=b&c")
	if err := openStore(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "zoucun.db")); err != nil {
		t.Error(err)
	}
	openStore(t, dir, Options{})
}

// TestFlippedBytes changes bytes of a database anywhere. A household that is shown afterwards is shown as it was written:
// damage is refused, or hides something, but never passes for data.
func TestFlippedBytes(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	for i := range 50 {
		o.household(t, strconv.Itoa(i), "张三", strconv.Itoa(i)+"号", "")
	}
	apply(t, s, o.page(o.scope(), 0, 50))
	written := map[survey.RecordID]survey.Household{}
	for _, h := range s.SearchHouseholds(o.village, "", 0) {
		written[h.ID] = h
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "zoucun.db")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 150 {
		flipped := bytes.Clone(whole)
		for range 20 {
			flipped[random.IntN(len(flipped))] ^= byte(1 + random.IntN(255))
		}
		if err := os.WriteFile(file, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), dir, Options{Clock: time.Now})
		if err != nil {
			refused++
			if survey.KindOf(err) != survey.Damaged || survey.MessageOf(err) == "" {
				t.Errorf("refused as %v (%q): %v", survey.KindOf(err), survey.MessageOf(err), err)
			}
			continue
		}
		for _, h := range s.SearchHouseholds(o.village, "", 0) {
			if h != written[h.ID] {
				t.Errorf("damage shows as data: %+v", h)
			}
		}
		if err := s.Close(); err != nil {
			t.Logf("close: %v", err)
		}
	}
	if refused < 75 {
		t.Errorf("only %d of 150 damaged databases were refused", refused)
	}
}
