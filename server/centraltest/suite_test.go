package centraltest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"zoucun/server/central"
	"zoucun/survey"
)

func TestSQLite(t *testing.T) {
	Run(t, freshFile)
}

func freshFile(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "县 central.db")
}

func TestPostgres(t *testing.T) {
	cluster := StartPostgres(t)
	Run(t, cluster.Database)
}

// TestErasedLiesInNoFile looks into the bytes of a database that has had much to forget.
func TestErasedLiesInNoFile(t *testing.T) {
	dir := t.TempDir()
	c := Open(t, filepath.Join(dir, "central.db"), NewClock().Now)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	var erasures []survey.Erasure
	for i := range 60 {
		id := survey.NewID[survey.RecordID]()
		first := d.Household(t, id, scope, survey.Fields{"label": fmt.Sprintf("秘密姓名%d", i), "phone": "13812340001"})
		d.Household(t, id, scope, survey.Fields{"label": "秘密改名", "phone": "13812340001"}, first.ID)
		erasure := survey.Erasure{Record: id}
		if i%2 == 0 {
			erasure.Keep = survey.Fields{"resident_n": "3"}
		}
		erasures = append(erasures, erasure)
	}
	d.Send(t, c, 1)
	if !lies(t, dir, "秘密姓名", "13812340001", "秘密改名") {
		t.Fatal("nothing lies there before: the search has no teeth")
	}
	erase(t, c, 60, erasures...)
	if lies(t, dir, "秘密姓名", "13812340001", "秘密改名") {
		t.Error("what was erased lies in a file, the server running")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if lies(t, dir, "秘密姓名", "13812340001", "秘密改名") {
		t.Error("what was erased lies in a file, the server stopped")
	}
}

// lies reports whether one of the texts lies in a file of a folder.
func lies(t *testing.T, dir string, texts ...string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			found = found || bytes.Contains(data, []byte(text))
		}
	}
	return found
}

func TestSQLiteLife(t *testing.T) {
	RunLife(t, freshFile, func(tb testing.TB, dsn string) string {
		tb.Helper()
		raw, err := os.ReadFile(dsn)
		if err != nil {
			tb.Fatal(err)
		}
		kept := freshFile(tb)
		if err := os.WriteFile(kept, raw, 0o600); err != nil {
			tb.Fatal(err)
		}
		return kept
	})
}

func TestPostgresLife(t *testing.T) {
	cluster := StartPostgres(t)
	RunLife(t, cluster.Database, cluster.Copy)
}

func TestPostgresIsRestoredFromItsDump(t *testing.T) {
	cluster := StartPostgres(t)
	clock, scope := NewClock(), village()
	dsn := cluster.Database(t)
	c := Open(t, dsn, clock.Now)
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	seen := d.Visit(t, scope, "a")
	d.Send(t, c, 1)
	file := filepath.Join(t.TempDir(), c.CopyName())
	if err := c.Copy(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	empty := cluster.Database(t)
	if err := central.RestoreDump(t.Context(), file, empty); err != nil {
		t.Fatal(err)
	}
	again := Open(t, empty, clock.Now)
	wantSeen(t, pullAsNew(t, again, scope), seen.ID)
	if err := central.RestoreDump(t.Context(), file, dsn); survey.MessageOf(err) == "" {
		t.Errorf("restored over a database: %v", err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw[len(raw)/2:] {
		raw[len(raw)/2+i] ^= 0x55
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Inspect(t.Context(), file)
	wantKind(t, err, survey.Damaged)
}
