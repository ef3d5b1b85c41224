package field

import (
	"slices"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// doubts asks whether somebody named in the filling is in the register already, and reports whether there was anything
// to ask. Once all is answered the filling is finished. A doubt that cannot be looked into holds nothing up.
func (v *visit) doubts() bool {
	doubt, found, err := v.presenter.Doubt(v.host.Ctx())
	if err != nil {
		v.host.Complain(err)
		return false
	}
	if found {
		v.host.Push(newLikely(v, doubt))
	}
	return found
}

// likely is the screen that asks about one doubt.
type likely struct {
	visit  *visit
	doubt  present.Doubt
	left   []present.Candidate // not judged yet
	page   *widgets.Page
	screen *view.Screen
}

func newLikely(v *visit, doubt present.Doubt) *view.Screen {
	l := &likely{visit: v, doubt: doubt, left: doubt.Candidates, page: widgets.NewPage()}
	l.screen = &view.Screen{Title: "是不是已经有这一户", Subtitle: v.presenter.Draft().Title, Body: l.page}
	l.show()
	return l.screen
}

// shownCandidates is how many candidates stand on the screen at a time.
const shownCandidates = 5

func (l *likely) show() {
	intro := "这次没有选户，写的是“" + l.doubt.Name + "”。名册里有很像的户，请看是不是同一户："
	outcome := "点“是同一户”：这次走访记在这一户名下。点“不是”：照旧不记在哪一户名下。拿不准就点“不是”，什么都不会丢。"
	if l.doubt.New {
		intro = "要新登记的“" + l.doubt.Name + "”，名册里有很像的户，请看是不是同一户："
		outcome = "点“是同一户”：不另立新户，这次走访记在这一户名下；这次填的门牌、电话、人数记到这一户，没填的不动，户主姓名不改。" +
			"点“不是”：照旧登记成新的一户。拿不准就点“不是”，什么都不会丢。"
	}
	objects := []fyne.CanvasObject{widgets.NewText(intro, widgets.Plain)}
	for _, c := range l.left[:min(len(l.left), shownCandidates)] {
		objects = append(objects, l.card(c))
	}
	l.page.SetObjects(append(objects, widgets.NewNote(outcome), widgets.Spacer(24))...)
	l.screen.Actions = nil
	if len(l.left) > 1 {
		l.screen.Actions = []widgets.ButtonSpec{{Text: "都不是", Weight: widgets.Main, OnTap: func() { l.distinct(l.left...) }}}
	}
}

func (l *likely) card(c present.Candidate) fyne.CanvasObject {
	return widgets.Card(
		widgets.Tight(widgets.NewText(c.Title, widgets.Strong), widgets.NewText(c.Detail, widgets.Plain),
			widgets.NewText(c.Alike, widgets.Hint)),
		widgets.Grid(
			widgets.NewButton(widgets.ButtonSpec{Text: "是同一户", OnTap: func() { l.same(c) }}),
			widgets.NewButton(widgets.ButtonSpec{Text: "不是", OnTap: func() { l.distinct(c) }})))
}

func (l *likely) same(c present.Candidate) {
	if err := l.visit.presenter.Same(l.visit.host.Ctx(), l.doubt, c.ID); err != nil {
		l.visit.host.Complain(err)
		return
	}
	l.done()
}

// distinct keeps that candidates are not meant, and asks about those left. A word that cannot be kept counts all the
// same, for now.
func (l *likely) distinct(candidates ...present.Candidate) {
	ids := make([]survey.RecordID, len(candidates))
	for i, c := range candidates {
		ids[i] = c.ID
	}
	l.left = slices.DeleteFunc(slices.Clone(l.left), func(c present.Candidate) bool { return slices.Contains(ids, c.ID) })
	if err := l.visit.presenter.Distinct(l.visit.host.Ctx(), l.doubt, ids...); err != nil {
		l.visit.host.Complain(err)
	}
	if len(l.left) == 0 {
		l.done()
		return
	}
	l.show()
	l.visit.host.Refresh()
}

// done goes back to the filling and on with finishing it.
func (l *likely) done() {
	l.visit.host.Back()
	l.visit.finish()
}
