package form

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/form/xform"
	"zoucun/internal/testkit/large"
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
	source := large.Wide()
	b.ReportAllocs()
	b.SetBytes(int64(len(source)))
	w := &stopwatch{}
	for b.Loop() {
		w.time(func() { started(b, source, testEnv()) })
	}
	w.report(b)
}

// BenchmarkAnswer1000 answers one question after the other in a form of 1,000. The goal is 1 ms for 99 of 100.
func BenchmarkAnswer1000(b *testing.B) {
	s, w := started(b, large.Wide(), testEnv()), &stopwatch{}
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
	s, w := started(b, large.Roster(), testEnv()), &stopwatch{}
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
			s := started(b, large.Register(), env)
			if _, err := s.Set("village", "v7"); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			w.time(func() { drawn(b, s) })
		}
		w.report(b)
	})
	b.Run("after", func(b *testing.B) {
		s, w := started(b, large.Register(), env), &stopwatch{}
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
	source := large.Unindexed()
	search := func(w *stopwatch, s *Session, words string) {
		w.time(func() {
			if got := len(s.Choices("household", words, 50)); got != 50 {
				b.Fatalf("%d choices", got)
			}
		})
	}
	begun := func(village string) *Session {
		s := started(b, source, env)
		if _, err := s.Set("village", village); err != nil {
			b.Fatal(err)
		}
		return s
	}
	b.Run("first", func(b *testing.B) {
		w := &stopwatch{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			s := begun(fmt.Sprintf("v1%d", i%10))
			b.StartTimer()
			search(w, s, "")
		}
		w.report(b)
	})
	b.Run("after", func(b *testing.B) {
		s, w := begun("v17"), &stopwatch{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			search(w, s, fmt.Sprint(i%5))
		}
		w.report(b)
	})
}
