package centraltest

import (
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
