package app

import (
	"strings"
	"testing"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/survey"
)

func TestWordsNamePlacesAndPeople(t *testing.T) {
	p := rehearse(t, widgets.TextNormal, 800, 1280)
	furnish(t, p)
	home := p.store.SearchHouseholds(p.store.Villages()[0].ID, "", 1)[0]
	looking := present.NewRights(p.store, home.ID, p.self.Grant.Person)
	held, err := looking.Open(t.Context(), "核对更正", "")
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.words(t.Context(), held)
	if err != nil {
		t.Fatal(err)
	}
	if want := p.store.Villages()[0].Name + " " + home.Head; d.Title != want {
		t.Errorf("title %q, want %q", d.Title, want)
	}
	for _, part := range d.Parts {
		for _, said := range part.Said {
			if _, err := survey.ParseID[survey.RecordID](said.Value); err == nil {
				t.Errorf("%s: %s is shown as an identifier", part.Kind, said.Label)
			}
		}
	}
	last := d.Parts[len(d.Parts)-1]
	if last.Kind != "查看" || !strings.Contains(last.Said[0].Value, p.self.Grant.Name) || last.Said[2].Value != "核对更正" {
		t.Errorf("the look is told as %+v", last)
	}
	before := len(p.shell.stack)
	p.openRights(home.ID)
	if len(p.shell.stack) != before+1 {
		t.Error("no screen was shown")
	}
}
