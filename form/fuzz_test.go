package form

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/internal/testkit/large"
	"zoucun/survey"
)

// FuzzSession runs whatever can be read as a form, answers every question with the same text, and takes the result
// apart: nothing may panic, and a draft of it restores.
func FuzzSession(f *testing.F) {
	f.Add(visitForm, "7")
	f.Add(large.Register(), "2026-11-22")
	f.Add(strings.Replace(visitForm, "count(/data/issues)", "count(//*)", 1), "")
	f.Fuzz(func(t *testing.T, source, answer string) {
		definition, err := xform.Read(strings.NewReader(source))
		if err != nil {
			return
		}
		s, err := Begin(definition, testEnv())
		if err != nil {
			return
		}
		for path := range picture(s) {
			_, _ = s.Set(path, answer) // refusals are not what is looked for here
		}
		s.Outline()
		_, _ = s.Finish()
		if _, err := Restore(definition, testEnv(), s.State()); err != nil {
			if survey.KindOf(err) != survey.Invalid { // an expression of the form may fail
				t.Fatalf("Restore = %v: %s", err, survey.MessageOf(err))
			}
		}
	})
}

// FuzzActions does to a form whatever a person could do, as the bytes say: it stays whole, can be put down and taken up
// again at any point, and the journal of it leads to the same.
func FuzzActions(f *testing.F) {
	definition, err := xform.Read(strings.NewReader(visitForm))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte("answer all of it, add, remove, and put it down"))
	f.Fuzz(func(t *testing.T, actions []byte) {
		s, err := Begin(definition, testEnv())
		if err != nil {
			t.Fatal(err)
		}
		begun := s.State()
		var journal []Change
		for i := 0; i+1 < len(actions) && i < 200; i += 2 {
			if effects, err := act(s, actions[i], actions[i+1]); err == nil {
				journal = append(journal, effects.Change)
			}
		}
		replayed, err := Restore(definition, testEnv(), begun)
		if err != nil {
			t.Fatal(survey.MessageOf(err))
		}
		for _, c := range journal {
			if _, err := replayed.Apply(c); err != nil {
				t.Fatalf("%+v: %s", c, survey.MessageOf(err))
			}
		}
		if diff := difference(s.Outline(), replayed.Outline()); diff != "" {
			t.Fatalf("outline (-filled +replayed):\n%s", diff)
		}
		restored, err := Restore(definition, testEnv(), s.State())
		if err != nil {
			t.Fatal(survey.MessageOf(err))
		}
		if diff := difference(picture(s), picture(restored)); diff != "" {
			t.Fatalf("questions (-filled +restored):\n%s", diff)
		}
	})
}

// act does what a byte says to what another byte says.
func act(s *Session, what, which byte) (Effects, error) {
	var questions, instances []survey.FieldPath
	for path := range picture(s) {
		questions = append(questions, path)
	}
	slices.Sort(questions)
	for _, key := range s.State().Repeats["issues"] {
		instances = append(instances, survey.FieldPath("issues["+key+"]"))
	}
	answers := []string{"", "met", "none", "7", "2026-11-20", "2030-01-01", "路", "away"}
	switch {
	case what%8 == 0:
		_, effects, err := s.AddRepeat("issues", "")
		return effects, err
	case what%8 == 1 && len(instances) > 0:
		return s.RemoveRepeat(instances[int(which)%len(instances)])
	case what%8 == 2:
		_, err := s.Finish()
		return Effects{}, errors.Join(err, errors.New("finishing is not a change"))
	}
	return s.Set(questions[int(which)%len(questions)], answers[int(what)/8%len(answers)])
}

// FuzzRestore takes anything for a draft.
func FuzzRestore(f *testing.F) {
	definition, err := xform.Read(strings.NewReader(visitForm))
	if err != nil {
		f.Fatal(err)
	}
	s, err := Begin(definition, testEnv())
	if err != nil {
		f.Fatal(err)
	}
	_, _, _ = s.AddRepeat("issues", "a")
	seed, _ := s.State().MarshalBinary()
	f.Add(seed)
	f.Add([]byte(`{"form":"visit","version":"1","seed":"s","drawn":1,"repeats":{"issues":["a","a","b/c"]},"values":{"issues[a]":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var st State
		if st.UnmarshalBinary(data) != nil {
			return
		}
		restored, err := Restore(definition, testEnv(), st)
		if err != nil {
			if survey.MessageOf(err) == "" {
				t.Fatalf("Restore = %v, without a sentence", err)
			}
			return
		}
		if _, err := Restore(definition, testEnv(), restored.State()); err != nil {
			t.Fatalf("what was restored does not restore: %v", err)
		}
	})
}
