package form

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/form/xform"
	"zoucun/survey"
)

// stopwatch measures operations one by one, because it is the slow ones that people notice.
type stopwatch struct{ took []time.Duration }

func (w *stopwatch) time(op func()) {
	start := now()
	op()
	w.took = append(w.took, now().Sub(start))
}

var now = time.Now

func (w *stopwatch) report(b *testing.B) {
	b.Helper()
	slices.Sort(w.took)
	b.ReportMetric(float64(w.took[len(w.took)*99/100].Nanoseconds()), "p99-ns/op")
	b.ReportMetric(float64(w.took[len(w.took)/2].Nanoseconds()), "median-ns/op")
}

func write(format string, n int, each func(i int) []any) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, each(i)...)
	}
	return b.String()
}

const benchHead = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>量</h:title><model>`

// wideForm has 1,000 questions in ten groups. Each depends on the one before, each tenth is the sum of the nine before it,
// and every label has an answer in it.
func wideForm() string {
	nodes := write("%s<q%d/>%s", 1000, func(i int) []any {
		return []any{on(i%100 == 0, fmt.Sprintf("<g%d>", i/100)), i, on(i%100 == 99, fmt.Sprintf("</g%d>", i/100))}
	})
	binds := write(`<bind nodeset="/data/g%d/q%d" type="int" %s/>`, 1000, func(i int) []any {
		switch i % 10 {
		case 9:
			sum := write("/data/g%d/q%d + ", 9, func(k int) []any { return []any{i / 100, i - 9 + k} })
			return []any{i / 100, i, `calculate="` + sum + `0"`}
		case 0:
			return []any{i / 100, i, `required="true()"`}
		}
		return []any{i / 100, i, fmt.Sprintf(`relevant="../q%d != 0" constraint=". &lt; 1000 and . &gt;= 0"`, i-1)}
	})
	body := write(`%s<input ref="/data/g%d/q%d"><label>第 <output value="/data/g0/q0"/> 户第 %d 题</label></input>%s`, 1000, func(i int) []any {
		return []any{on(i%100 == 0, fmt.Sprintf(`<group ref="/data/g%d"><label>组</label>`, i/100)), i / 100, i, i, on(i%100 == 99, "</group>")}
	})
	return benchHead + `<instance><data id="wide">` + nodes + `</data></instance>` + binds + `</model></h:head><h:body>` + body + `</h:body></h:html>`
}

func on(when bool, text string) string {
	if when {
		return text
	}
	return ""
}

// rosterForm has a household roster of 30 questions for each person, with counts and a total over all people.
func rosterForm() string {
	nodes := write("<q%d/>", 30, func(i int) []any { return []any{i} })
	binds := write(`<bind nodeset="/data/person/q%d" type="int" %s/>`, 30, func(i int) []any {
		switch {
		case i == 29:
			return []any{i, `calculate="position(..)"`}
		case i%5 == 4:
			return []any{i, fmt.Sprintf(`calculate="../q%d + ../q%d"`, i-1, i-2)}
		case i%2 == 1:
			return []any{i, fmt.Sprintf(`relevant="../q%d != ''" constraint=". &lt; 120"`, i-1)}
		}
		return []any{i, ""}
	})
	body := write(`<input ref="/data/person/q%d"><label>题</label></input>`, 30, func(i int) []any { return []any{i} })
	return benchHead + `<instance><data id="roster"><people/><old/><total/><person jr:template="">` + nodes + `</person></data></instance>
<bind nodeset="/data/people" calculate="count(/data/person)"/><bind nodeset="/data/old" calculate="count(/data/person[q0 &gt; 60])"/>
<bind nodeset="/data/total" calculate="sum(/data/person/q4)"/>` + binds + `</model></h:head><h:body><repeat nodeset="/data/person">` + body + `</repeat></h:body></h:html>`
}

func started(b *testing.B, source string, env Env) *Session {
	b.Helper()
	f, err := xform.Read(strings.NewReader(source))
	if err != nil {
		b.Fatal(survey.MessageOf(err))
	}
	s, err := Begin(f, env)
	if err != nil {
		b.Fatal(survey.MessageOf(err))
	}
	return s
}

// BenchmarkLoad1000 reads a form of 1,000 questions and begins it.
func BenchmarkLoad1000(b *testing.B) {
	source := wideForm()
	b.ReportAllocs()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		started(b, source, testEnv())
	}
}

// BenchmarkAnswer1000 answers one question after the other in a form of 1,000. The goal is 1 ms for 99 of 100.
func BenchmarkAnswer1000(b *testing.B) {
	s, w := started(b, wideForm(), testEnv()), &stopwatch{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q := i * 7 % 1000
		if q%10 == 9 {
			q--
		}
		path := survey.FieldPath(fmt.Sprintf("g%d/q%d", q/100, q))
		w.time(func() {
			if _, err := s.Set(path, fmt.Sprint(i%50)); err != nil {
				b.Fatal(survey.MessageOf(err))
			}
		})
	}
	w.report(b)
}

// BenchmarkRoster200x30 answers questions of a roster of 200 people with 30 questions each. The goal is 5 ms.
func BenchmarkRoster200x30(b *testing.B) {
	s, w := started(b, rosterForm(), testEnv()), &stopwatch{}
	var people []survey.FieldPath
	for range 200 {
		path, _, err := s.AddRepeat("person", "")
		if err != nil {
			b.Fatal(survey.MessageOf(err))
		}
		people = append(people, path)
	}
	questions := []survey.FieldPath{"q0", "q2", "q6", "q8", "q10"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		path := people[i*31%200] + "/" + questions[i%len(questions)]
		w.time(func() {
			if _, err := s.Set(path, fmt.Sprint(i%90)); err != nil {
				b.Fatal(survey.MessageOf(err))
			}
		})
	}
	w.report(b)
}

// BenchmarkFilter100k draws the choices a filter leaves of a register of 100,000 rows: the first time in a session, and
// after each further answer. The goals are 20 ms and 5 ms.
func BenchmarkFilter100k(b *testing.B) {
	register := newBigRegister(100_000)
	env := testEnv()
	env.Instances = func(string) (Table, bool) { return register, true }
	b.Run("first", func(b *testing.B) {
		w := &stopwatch{}
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := started(b, bigForm(), env)
			if _, err := s.Set("village", "v7"); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			w.time(func() { drawn(b, s) })
		}
		w.report(b)
	})
	b.Run("after", func(b *testing.B) {
		s, w := started(b, bigForm(), env), &stopwatch{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w.time(func() {
				if _, err := s.Set("village", fmt.Sprintf("v%d", i%200)); err != nil {
					b.Fatal(err)
				}
				drawn(b, s)
			})
		}
		w.report(b)
	})
}

func drawn(b *testing.B, s *Session) {
	b.Helper()
	if got := len(s.Choices("household", "", 0)); got != 500 {
		b.Fatalf("%d choices", got)
	}
}

// BenchmarkFilter100kUnindexed is the same with a filter no index answers: after the first time it is asked for the same
// choices with other words to search for.
func BenchmarkFilter100kUnindexed(b *testing.B) {
	register := newBigRegister(100_000)
	env := testEnv()
	env.Instances = func(string) (Table, bool) { return register, true }
	source := strings.Replace(bigForm(), "[village = /data/village]", "[starts-with(village, /data/village) and string-length(village) = 4]", 1)
	s := started(b, source, env)
	search := func(w *stopwatch, words string) {
		w.time(func() {
			if got := len(s.Choices("household", words, 50)); got != 50 {
				b.Fatalf("%d choices", got)
			}
		})
	}
	b.Run("first", func(b *testing.B) {
		w := &stopwatch{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Set("village", fmt.Sprintf("v1%d", i%10)); err != nil {
				b.Fatal(err)
			}
			search(w, "")
		}
		w.report(b)
	})
	b.Run("after", func(b *testing.B) {
		w := &stopwatch{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			search(w, fmt.Sprint(i%5))
		}
		w.report(b)
	})
}
