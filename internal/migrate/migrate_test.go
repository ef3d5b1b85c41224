package migrate

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite"

	"zoucun/survey"
)

const (
	first  = "-- +goose Up\nCREATE TABLE a (x INTEGER) STRICT;\nINSERT INTO a VALUES (7);\n"
	second = "-- +goose Up\nALTER TABLE a ADD COLUMN y TEXT;\n"
	broken = "-- +goose Up\nUPDATE a SET x = 8;\nINSERT INTO nowhere VALUES (1);\n"
)

func steps(files ...string) fs.FS {
	m := fstest.MapFS{}
	for i, text := range files {
		m[[]string{"00001_begin.sql", "00002_more.sql", "00003_last.sql"}[i]] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func open(t *testing.T, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func one(t *testing.T, db *sql.DB, query string) (x int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&x); err != nil {
		t.Fatal(query, err)
	}
	return x
}

func TestUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	db := open(t, file)
	up := func(files ...string) error {
		return Up(t.Context(), db, Plan{Engine: SQLite, File: file, Steps: steps(files...)})
	}

	if err := up(first); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file + ".before-v1"); err == nil {
		t.Error("an empty database was copied")
	}
	if err := up(first); err != nil || one(t, db, "SELECT count(*) FROM a") != 1 {
		t.Errorf("the second time: %v", err)
	}

	t.Run("undoes a broken step and keeps the copy", func(t *testing.T) {
		if err := up(first, broken); err == nil || survey.MessageOf(err) == "" {
			t.Errorf("Up = %v, want an error with a sentence", err)
		}
		if x := one(t, db, "SELECT x FROM a"); x != 7 {
			t.Errorf("x = %d after a broken migration, want 7", x)
		}
	})
	t.Run("copies before it goes on", func(t *testing.T) {
		if err := up(first, second); err != nil {
			t.Fatal(err)
		}
		if n := one(t, open(t, file+".before-v2"), "SELECT count(*) FROM pragma_table_info('a')"); n != 1 {
			t.Errorf("the copy has %d columns, want the 1 from before", n)
		}
		one(t, db, "SELECT count(y) FROM a")
	})
	t.Run("refuses a newer database", func(t *testing.T) {
		if err := up(first); survey.KindOf(err) != survey.Newer {
			t.Errorf("Up = %v, want Newer", err)
		}
		one(t, db, "SELECT count(y) FROM a")
	})
}

func TestTwoProcessesAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	errs := make([]error, 4)
	var group sync.WaitGroup
	for i := range errs {
		db := open(t, file)
		group.Go(func() { errs[i] = Up(t.Context(), db, Plan{Engine: SQLite, File: file, Steps: steps(first, second)}) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	if n := one(t, open(t, file), "SELECT count(*) FROM a"); n != 1 {
		t.Errorf("the first step was applied %d times", n)
	}
}
