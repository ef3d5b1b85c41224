package central

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The two schemas are one, but for the names of types. Whoever changes one changes the other.
func TestSchemasDifferOnlyInTypes(t *testing.T) {
	lite, err := fs.Glob(schema, "schema/sqlite/*.sql")
	if err != nil || len(lite) == 0 {
		t.Fatal(lite, err)
	}
	names := strings.NewReplacer(") STRICT;", ");", "INTEGER", "BIGINT", "BLOB", "BYTEA")
	for _, name := range lite {
		one, err := schema.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		other, err := schema.ReadFile(strings.Replace(name, "sqlite", "postgres", 1))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Fields(names.Replace(string(one))), strings.Fields(string(other))); diff != "" {
			t.Errorf("%s (-sqlite +postgres):\n%s", name, diff)
		}
	}
}

// Every table's key begins with the county, and so does every index.
func TestEveryKeyBeginsWithTheCounty(t *testing.T) {
	files, err := fs.Glob(schema, "schema/sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		text, err := schema.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(string(text), "\n")...)
	}
	tables := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.HasPrefix(l, "CREATE TABLE") })
	keys := 0
	for _, line := range lines {
		if _, key, found := strings.Cut(line, "PRIMARY KEY"); found {
			keys++
			if key = strings.TrimSpace(key); key != "," && !strings.HasPrefix(key, "(county") {
				t.Errorf("key %q", line)
			}
		}
		if strings.HasPrefix(line, "CREATE INDEX") && !strings.Contains(line, "(county,") {
			t.Errorf("index %q", line)
		}
	}
	if keys != len(tables) {
		t.Errorf("%d keys for %d tables", keys, len(tables))
	}
}
