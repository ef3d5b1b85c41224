package form

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"zoucun/form/xform"
	"zoucun/survey"
)

// hostileForm has one question, what stands in the model, and what stands in the body.
func hostileForm(nodes, model, body string) string {
	return `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>x</h:title><model>
<instance><data id="x"><q/>` + nodes + `</data></instance>` + model + `</model></h:head><h:body><input ref="/data/q"/>` + body + `</h:body></h:html>`
}

// TestHostileFormsAreRefused opens forms made to exhaust whoever opens them, and gives an answer: somewhere on the way
// there is an error with a sentence, and it is there soon.
func TestHostileFormsAreRefused(t *testing.T) {
	lol := `<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	var many strings.Builder
	tangle := ""
	for i := range 3000 {
		fmt.Fprintf(&many, "<b%d/>", i)
		tangle += fmt.Sprintf(`<bind nodeset="/data/b%d" required="count(//*) &gt; 0"/>`, i)
	}
	tests := map[string]struct{ form, answer string }{
		"entity expansion": {lol + hostileForm("<a>&b;</a>", "", ""), ""},
		"deep nesting":     {hostileForm(strings.Repeat("<a>", 100_000)+strings.Repeat("</a>", 100_000), "", ""), ""},
		"a deep expression": {
			hostileForm("<a/>", `<bind nodeset="/data/a" calculate="`+strings.Repeat("(", 100_000)+"1"+strings.Repeat(")", 100_000)+`"/>`, ""), "",
		},
		"deep predicates": {
			hostileForm("<a/>", `<bind nodeset="/data/a" calculate="`+strings.Repeat("/data[", 5000)+"1"+strings.Repeat("]", 5000)+`"/>`, ""), "",
		},
		"a circle": {
			hostileForm("<a/><b/>", `<bind nodeset="/data/a" calculate="/data/b"/><bind nodeset="/data/b" calculate="/data/a"/>`, ""), "",
		},
		"a circle of relevance": {
			hostileForm("<a/><b/>", `<bind nodeset="/data/a" relevant="/data/b = ''"/><bind nodeset="/data/b" relevant="/data/a = ''"/>`, ""), "",
		},
		"a value that doubles": {hostileForm("<a>1</a>", `<bind nodeset="/data/a" calculate="concat(., ., /data/q)"/>`, ""), "1"},
		"actions that chase each other": {
			hostileForm("<a>1</a><b/>", "", `<input ref="/data/a"><setvalue event="xforms-value-changed" ref="/data/b" value="concat(/data/b, 'x')"/></input>
				<input ref="/data/b"><setvalue event="xforms-value-changed" ref="/data/a" value="concat(/data/a, 'x')"/></input>
				<input ref="/data/q"><setvalue event="xforms-value-changed" ref="/data/a" value="'y'"/></input>`), "1",
		},
		"a billion instances":    {hostileForm("<r><a/></r>", "", `<repeat nodeset="/data/r" jr:count="1000000000"/>`), ""},
		"a count from an answer": {hostileForm("<r><a/></r>", "", `<repeat nodeset="/data/r" jr:count="/data/q"/>`), "1e9"},
		"endless instances":      {hostileForm("<r><s><a/></s></r>", "", `<repeat nodeset="/data/r" jr:count="999"><repeat nodeset="/data/r/s" jr:count="999"/></repeat>`), ""},
		"nodes times nodes times nodes": {
			hostileForm("<a/>"+many.String(), `<bind nodeset="/data/a" calculate="count(//*[count(../*[count(../*[. = /data/q]) &gt; 1]) &gt; 1])"/>`, ""), "1",
		},
		"everything reads everything": {hostileForm(many.String(), tangle, ""), ""},
		"a pattern too large":         {hostileForm("<a>1</a>", `<bind nodeset="/data/a" constraint="regex(., '((a{1000}){1000}){1000}')"/>`, ""), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			done := make(chan error, 1)
			go func() { done <- openHostile(test.form, test.answer) }()
			select {
			case err := <-done:
				if err == nil || survey.MessageOf(err) == "" {
					t.Errorf("no error: %v", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("does not come to an end")
			}
		})
	}
}

func openHostile(source, answer string) error {
	definition, err := xform.Read(strings.NewReader(source))
	if err != nil {
		return err
	}
	s, err := Begin(definition, testEnv())
	if err != nil {
		return err
	}
	_, err = s.Set("q", answer)
	return err
}

// TestLargeFormsAndAnswersAreTaken opens what is large but honest.
func TestLargeFormsAndAnswersAreTaken(t *testing.T) {
	var nodes, binds strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&nodes, "<n%d/>", i)
		fmt.Fprintf(&binds, `<bind nodeset="/data/n%d" type="int"/>`, i)
	}
	definition, err := xform.Read(strings.NewReader(hostileForm(nodes.String(), binds.String(), "")))
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	s, err := Begin(definition, testEnv())
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	long := strings.Repeat("长", 10<<20/3)
	if _, err := s.Set("q", long); err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	data, err := s.State().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var st State
	if err := st.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(definition, testEnv(), st)
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	if q, _ := restored.Question("q"); q.Value != long {
		t.Errorf("%d bytes came back of %d", len(q.Value), len(long))
	}
}
