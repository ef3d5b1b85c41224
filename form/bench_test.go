package form

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/survey"
)

// newBigRegister is a register of households in 200 villages, with an index on every column.
func newBigRegister(rows int) *fileTable {
	cells := [][]string{{"name", "label", "village"}}
	for i := range rows {
		cells = append(cells, []string{fmt.Sprintf("h%d", i), fmt.Sprintf("第%d户", i), fmt.Sprintf("v%d", i%200)})
	}
	t := newFileTable(cells)
	for _, column := range t.columns {
		t.Lookup(column, "")
	}
	return t
}

// bigForm has 60 questions, of which each third depends on the one before, and a household drawn from the register.
func bigForm() string {
	var nodes, binds, body strings.Builder
	for i := range 60 {
		fmt.Fprintf(&nodes, "<q%d/>", i)
		if i%3 == 1 {
			fmt.Fprintf(&binds, `<bind nodeset="/data/q%d" relevant="/data/q%d != ''" constraint="string-length(.) &lt; 500"/>`, i, i-1)
		}
		fmt.Fprintf(&body, `<input ref="/data/q%d"><label>题%d</label></input>`, i, i)
	}
	return `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>大表</h:title><model>
<instance><data id="big"><village/><household/><head/>` + nodes.String() + `</data></instance>
<instance id="household" src="jr://file-csv/household.csv"/>
<bind nodeset="/data/head" calculate="instance('household')/root/item[name = /data/household]/label"/>` + binds.String() + `</model></h:head>
<h:body><input ref="/data/village"/>
<select1 ref="/data/household"><itemset nodeset="instance('household')/root/item[village = /data/village]"><value ref="name"/><label ref="label"/></itemset></select1>` +
		body.String() + `</h:body></h:html>`
}

func bigSession(b *testing.B) *Session {
	b.Helper()
	f, err := xform.Read(strings.NewReader(bigForm()))
	if err != nil {
		b.Fatal(err)
	}
	env, register := testEnv(), newBigRegister(50_000)
	env.Instances = func(string) (Table, bool) { return register, true }
	s, err := Begin(f, env)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkSet types into a form of 60 questions beside a register of 50,000 households.
func BenchmarkSet(b *testing.B) {
	s := bigSession(b)
	for name, path := range map[string]survey.FieldPath{"text": "q3", "household": "household"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Set(path, fmt.Sprintf("h%d", i%50_000)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkChoices draws the households of one village out of 50,000.
func BenchmarkChoices(b *testing.B) {
	s := bigSession(b)
	if _, err := s.Set("village", "v7"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got := len(s.Choices("household", "", 50)); got != 50 {
			b.Fatalf("%d choices", got)
		}
	}
}

func BenchmarkBegin(b *testing.B) {
	f, err := xform.Read(strings.NewReader(bigForm()))
	if err != nil {
		b.Fatal(err)
	}
	env, register := testEnv(), newBigRegister(50_000)
	env.Instances = func(string) (Table, bool) { return register, true }
	for b.Loop() {
		if _, err := Begin(f, env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProductForm begins the product's own form and answers it.
func BenchmarkProductForm(b *testing.B) {
	book, _ := xlsform.ReadFS(os.DirFS("../assets/forms/QZ-01"), "QZ-01")
	f, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
	if err != nil {
		b.Fatal(err)
	}
	s, err := Begin(f, propertyEnv())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("begin", func(b *testing.B) {
		for b.Loop() {
			if _, err := Begin(f, propertyEnv()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("show and hide all", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Set("visit/visit_result", []string{"talked", "absent"}[i%2]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("type", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Set("hear/heard_thought", fmt.Sprint(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("outline", func(b *testing.B) {
		for b.Loop() {
			s.Outline()
		}
	})
	b.Run("state", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.State().MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
