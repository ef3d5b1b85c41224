package form

import (
	"strings"
	"testing"

	"zoucun/form/xform"
	"zoucun/survey"
)

func TestAnEditedSubmissionNamesTheOneItReplaces(t *testing.T) {
	s := open(t, visitForm)
	set(t, s, "result", "met")
	path, _, err := s.AddRepeat("issues", "")
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, path+"/title", "路灯坏了")
	first := s.XML()
	edited, err := EditInstance(s.Form(), testEnv(), first)
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	old, own := s.metaValue("instanceID"), edited.metaValue("instanceID")
	xml := string(edited.XML())
	if own == old || own == "" || !strings.Contains(xml, "<deprecatedID>"+old+"</deprecatedID>") {
		t.Errorf("instanceID %q, then %q:\n%s", old, own, xml)
	}
	if !strings.Contains(xml, "<title>路灯坏了</title>") {
		t.Errorf("the answers are lost:\n%s", xml)
	}
	restored, err := Restore(s.Form(), testEnv(), edited.State())
	if err != nil || string(restored.XML()) != xml {
		t.Errorf("restored, %v:\n%s", err, restored.XML())
	}
}

func TestWhatASubmissionDoesNotHaveIsBlankInTheEdit(t *testing.T) {
	s := open(t, visitForm) // people has the default 2, and is not asked
	edited, err := EditInstance(s.Form(), testEnv(), s.XML())
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	set(t, edited, "result", "met")
	if q, _ := edited.Question("people"); q.Value != "" {
		t.Errorf("people = %q", q.Value)
	}
}

func TestASubmissionOfAnotherFormIsRefused(t *testing.T) {
	definition, err := xform.Read(strings.NewReader(visitForm))
	if err != nil {
		t.Fatal(err)
	}
	for name, submission := range map[string]string{
		"not XML": "<data", "another root": "<other/>", "another form": `<data id="other"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := EditInstance(definition, testEnv(), []byte(submission)); survey.MessageOf(err) == "" {
				t.Errorf("EditInstance = %v", err)
			}
		})
	}
}

func TestWhatDoesNotFitIsBlank(t *testing.T) {
	for _, test := range []struct{ bindType, value, want string }{
		{"int", "10.9", "10"},
		{"int", "-2147483649", ""},
		{"int", "ten", ""},
		{"decimal", "1.5", "1.5"},
		{"date", "2026-02-30", ""},
		{"date", "2026-02-28", "2026-02-28"},
		{"time", "25:02", ""},
		{"geopoint", "30 104 0 5", "30.0 104.0 0.0 5.0"},
		{"geopoint", "91 104", ""},
		{"string", "什么都行", "什么都行"},
		{"", "1.5", "1.5"},
	} {
		if got := Fit(test.bindType, test.value); got != test.want {
			t.Errorf("Fit(%s, %s) = %q, want %q", test.bindType, test.value, got, test.want)
		}
	}
}

func TestARangeHasBounds(t *testing.T) {
	s := open(t, `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>x</h:title><model>
<instance><data id="x"><q/></data></instance><bind nodeset="/data/q" type="int"/></model></h:head><h:body><range ref="/data/q" start="10" end="1" step="1"/></h:body></h:html>`)
	for value, right := range map[string]bool{"1": true, "10": true, "0": false, "11": false, "x": false, "": true} {
		set(t, s, "q", value)
		if q, _ := s.Question("q"); (q.Violation == nil) != right {
			t.Errorf("%q: %+v", value, q.Violation)
		}
		if _, err := s.SetFitting("q", value); err != nil {
			t.Fatal(survey.MessageOf(err))
		}
		if q, _ := s.Question("q"); (q.Value == value) != right {
			t.Errorf("%q fits as %q", value, q.Value)
		}
	}
}

func TestAnswersAreKeptInOneSpelling(t *testing.T) {
	s := open(t, visitForm)
	set(t, s, "result", "cafe\u0301")
	if q, _ := s.Question("result"); q.Value != "caf\u00e9" {
		t.Errorf("%q", q.Value)
	}
}

func TestReferencesCountInstances(t *testing.T) {
	s := open(t, visitForm)
	set(t, s, "result", "met")
	for _, key := range []string{"a", "b"} {
		if _, _, err := s.AddRepeat("issues", key); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Reference("issues[b]/title"); got != "/data/issues[2]/title" {
		t.Errorf("Reference = %s", got)
	}
	n := s.Document().Children()[0]
	if path, ok := s.PathOf(n.Children()[len(n.Children())-1]); !ok || path != "meta" {
		t.Errorf("PathOf = %s, %v", path, ok)
	}
}
