package centraltest

import (
	"path/filepath"
	"testing"
)

func TestSQLite(t *testing.T) {
	Run(t, func(t testing.TB) string { return filepath.Join(t.TempDir(), "县 central.db") })
}

func TestPostgres(t *testing.T) {
	cluster := StartPostgres(t)
	Run(t, cluster.Database)
}
