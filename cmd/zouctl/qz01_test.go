package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// zouctl runs a command that must succeed and returns what it prints.
func zouctl(t *testing.T, args ...string) string {
	t.Helper()
	var out, told bytes.Buffer
	if code := run(t.Context(), args, streams{out: &out, err: &told}, time.Now); code != exitDone {
		t.Fatalf("zouctl %s: code %d, %s", strings.Join(args, " "), code, told.String())
	}
	return out.String()
}

// TestTheFormsWeShip publishes the forms in assets and exports them: every question has a column people can read.
func TestTheFormsWeShip(t *testing.T) {
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "out.xlsx")
	for _, form := range []string{"QZ-01", "QZ-01S"} {
		if told := zouctl(t, "-data", data, "form", "import", "../../assets/forms/"+form); !strings.Contains(told, "已发布 "+form) {
			t.Errorf("%s: %s", form, told)
		}
	}
	zouctl(t, "-data", data, "export", "-xlsx", out)
	book, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	rows, err := book.GetRows("QZ-01")
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v; want labels and names", len(rows), err)
	}
	labels := map[string]string{}
	for n, name := range rows[1] {
		if n < len(rows[0]) {
			labels[name] = rows[0][n]
		}
	}
	for name, label := range map[string]string{
		"visit/visit_result": "结果", "visit/visit_result#text": "结果（文字）", "visit/village_id#text": "村(社区)（文字）", "hh/phone": "联系电话",
	} {
		if labels[name] != label {
			t.Errorf("column %s is called %q, want %q", name, labels[name], label)
		}
	}
	if sheets := book.GetSheetList(); !strings.Contains(strings.Join(sheets, " "), "QZ-01 issues") {
		t.Errorf("sheets %v; the repeat of problems has none", sheets)
	}
}
