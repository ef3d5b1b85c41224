package form

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/internal/testkit/large"
	"zoucun/survey"
)

// newBigRegister is a register of households in 200 villages, with an index on every column.
func newBigRegister(rows int) *fileTable {
	t := newFileTable(large.Households(rows))
	for _, column := range t.columns {
		t.Lookup(column, "")
	}
	return t
}

func bigSession(b *testing.B) *Session {
	b.Helper()
	f, err := xform.Read(strings.NewReader(large.Register()))
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
	f, err := xform.Read(strings.NewReader(large.Register()))
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
