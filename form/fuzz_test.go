package form

import (
	"strings"
	"testing"

	"zoucun/form/xform"
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
			t.Skipf("an expression of the form fails: %v", err)
		}
	})
}
