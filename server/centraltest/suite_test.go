package centraltest

import (
	"os"
	"path/filepath"
	"testing"
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
