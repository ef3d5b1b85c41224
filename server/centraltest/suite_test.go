package centraltest

import (
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
