package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

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

func TestRightsOverflowNowhere(t *testing.T) {
	for _, size := range []struct{ text, width, height float32 }{
		{widgets.TextNormal, 800, 1280}, {widgets.TextLargest, 800, 1280}, {widgets.TextNormal, 533, 853}, {widgets.TextLargest, 853, 533},
	} {
		t.Run(fmt.Sprintf("%vx%v at %v", size.width, size.height, size.text), func(t *testing.T) {
			p := rehearse(t, size.text, size.width, size.height)
			furnish(t, p)
			p.goHome(p.store.Villages()[0].ID)
			p.openRights(p.store.SearchHouseholds(p.store.Villages()[0].ID, "", 1)[0].ID)
			for _, step := range []string{"查看", "群众要求查看", "查看", "更正", "电话"} {
				if !p.tap(step) {
					t.Fatalf("nothing says %q", step)
				}
				frame := p.shell.window.Content()
				if need := frame.MinSize(); need.Width > size.width || need.Height > size.height {
					t.Errorf("after %s: needs %v", step, need)
				}
				inside(t, step, frame, fyne.Position{}, size.width)
			}
		})
	}
}

// tap taps what says this: an action of the bar, or something on the screen.
func (p *program) tap(text string) bool {
	top := p.shell.stack[len(p.shell.stack)-1]
	for _, action := range top.Actions {
		if action.Text == text {
			action.OnTap()
			return true
		}
	}
	return tapIn(top.Body, text)
}

// tapIn taps the first visible thing that says exactly this.
func tapIn(o fyne.CanvasObject, text string) bool {
	if o == nil || !o.Visible() {
		return false
	}
	says, ok := o.(interface{ Shown() string })
	if tappable, taps := o.(fyne.Tappable); ok && taps && says.Shown() == text {
		tappable.Tapped(&fyne.PointEvent{})
		return true
	}
	var inside []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		inside = o.Objects
	case *container.Scroll:
		inside = []fyne.CanvasObject{o.Content}
	case fyne.Widget:
		inside = test.WidgetRenderer(o).Objects()
	}
	return slices.ContainsFunc(inside, func(child fyne.CanvasObject) bool { return tapIn(child, text) })
}
