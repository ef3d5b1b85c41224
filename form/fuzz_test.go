package form

import (
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/survey"
)

// FuzzSession runs whatever can be read as a form, answers every question with the same text, and takes the result
// apart: nothing may panic, and a draft of it restores.
func FuzzSession(f *testing.F) {
	f.Add(visitForm, "7")
	f.Add(bigForm(), "2026-11-22")
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
