package form_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
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
	compiled := xlsform.Compile(book, xlsform.Options{})
	os.WriteFile("/tmp/"+id+".xml", compiled.XML, 0o644)
	f, err := xform.Read(bytes.NewReader(compiled.XML))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestQZ(t *testing.T) {
	f := productForm(t, "QZ-01")
	for id, in := range f.Instances {
		if in.Tree == nil {
			t.Log(id, in.File)
		}
	}
	s, err := form.Begin(f, form.Env{
		Now:        func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600)) },
		NewID:      func() string { return "0192f0c1-0000-7000-8000-000000000001" },
		Properties: map[string]string{"village": "v1", "person": "p1"},
		Instances: func(file string) (form.Table, bool) {
			t.Log("opens", file)
			return register([]string{"name", "label", "village", "group", "parent", "head_name", "door_no"}, []string{"h1", "张三", "v1", "", "", "张三", "3"}), true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var show func(nodes []form.Node, in string)
	show = func(nodes []form.Node, in string) {
		for _, n := range nodes {
			q, _ := s.Question(n.Path)
			t.Logf("%s%d %s %s %q req=%v ro=%v v=%v", in, n.Kind, n.Path, n.Type, n.Label, q.Required, q.ReadOnly, q.Value)
			show(n.Children, in+"  ")
		}
	}
	show(s.Outline(), "")
	for _, v := range s.Violations() {
		t.Log(v)
	}
	t.Log(s.Progress())
	eff, err := s.Set("visit/visit_result", "talked")
	t.Log(eff, err)
	show(s.Outline(), "")
}
