package form_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/survey"
)

// households is a register of n households in one village.
type households struct {
	columns []string
	rows    [][]string
	index   map[string]map[string][]int
}

func register(columns []string, rows ...[]string) *households {
	h := &households{columns: columns, rows: rows, index: map[string]map[string][]int{}}
	for c, name := range columns {
		h.index[name] = map[string][]int{}
		for r, row := range rows {
			h.index[name][row[c]] = append(h.index[name][row[c]], r)
		}
	}
	return h
}

func (h *households) Columns() []string                 { return h.columns }
func (h *households) Len() int                          { return len(h.rows) }
func (h *households) Cell(row, column int) string       { return h.rows[row][column] }
func (h *households) Lookup(column, value string) []int { return h.index[column][value] }

func productForm(t *testing.T, id string) *xform.Form {
	t.Helper()
	book, _ := xlsform.ReadFS(os.DirFS("../assets/forms/"+id), id)
	f, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheProductsFormsRun(t *testing.T) {
	columns := []string{"name", "label", "village", "group", "parent"}
	env := form.Env{
		Now:        func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID:      func() string { return "0192f0c1-0000-7000-8000-000000000001" },
		Properties: map[string]string{"village": "v1", "household": "h1", "person": "p1"},
		Instances: func(string) (form.Table, bool) {
			return register(columns, []string{"v1", "一村", "", "", ""}, []string{"h1", "张家", "v1", "", ""}, []string{"p1", "赵某", "", "", ""}), true
		},
	}
	for _, id := range []string{"QZ-01", "QZ-01S"} {
		t.Run(id, func(t *testing.T) {
			s, err := form.Begin(productForm(t, id), env)
			if err != nil {
				t.Fatalf("%s: %v", survey.MessageOf(err), err)
			}
			if _, err := s.Set("visit/visit_result", "absent"); err != nil {
				t.Fatal(err)
			}
			sub, err := s.Finish()
			if err != nil {
				t.Fatalf("%v: %v", err, s.Violations())
			}
			if got := sub.Fields["visit/visit_date"]; got != "2026-11-22" {
				t.Errorf("visit_date = %q, want today", got)
			}
			if got := sub.Fields["visit/household_id"]; got != "h1" {
				t.Errorf("household_id = %q, want the one the visit was begun for", got)
			}
			for path := range sub.Fields {
				if strings.HasPrefix(string(path), "hh/") {
					t.Errorf("%s is submitted, though nobody was met", path)
				}
			}
		})
	}
}
