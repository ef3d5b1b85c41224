package field

import (
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
)

// discardAsk is what is asked before a draft is thrown away.
func discardAsk(v *present.Visit) string {
	if _, amends := v.Amending(); amends {
		return "只删掉这次补充的内容，原来的走访还在，仍是退回状态。"
	}
	return "整份草稿都会删掉，找不回来。"
}

// openComments lists what the township says of single questions; tapping a line goes to its question.
func (v *visit) openComments() {
	v.leave()
	remark, _ := v.presenter.Amending()
	v.host.Push(newComments(remark, v.presenter.Comments(), v.goTo))
}

func newComments(remark string, comments []present.Wrong, goTo func(present.Wrong)) *view.Screen {
	objects := []fyne.CanvasObject{widgets.NewText("点一条，就到那一题。改好后点“完成走访”，乡镇会再看。", widgets.Plain)}
	if remark != "" {
		objects = append(objects, widgets.NewNote("乡镇退回："+remark))
	}
	for _, c := range comments {
		objects = append(objects, placeCard(c, widgets.NewText(c.Message, widgets.Plain), "去补充", goTo))
	}
	return &view.Screen{Title: fmt.Sprintf("乡镇的意见（%d 题）", len(comments)), Body: widgets.NewPage(objects...)}
}

// placeCard is a card of something said about a question, with the way there.
func placeCard(w present.Wrong, words fyne.CanvasObject, button string, goTo func(present.Wrong)) fyne.CanvasObject {
	var said []fyne.CanvasObject
	for _, line := range []*widgets.Text{widgets.NewText(w.Section, widgets.Hint), widgets.NewText(w.Question, widgets.Strong)} {
		if line.Shown() != "" {
			said = append(said, line)
		}
	}
	column := widgets.Tight(append(said, words)...)
	if !w.Asked {
		return widgets.Card(column)
	}
	return widgets.Card(widgets.Bar(0, column, widgets.NewButton(widgets.ButtonSpec{Text: button, OnTap: func() { goTo(w) }})))
}

// hints shows what the author may want to look at again, once, and reports whether there was anything. A hint that
// cannot be looked up holds nothing up.
func (v *visit) hints() bool {
	hints, err := v.presenter.Hints(v.host.Ctx())
	if err != nil {
		v.host.Complain(err)
		return false
	}
	if len(hints) == 0 {
		return false
	}
	v.host.Push(v.newHints(hints))
	return true
}

func (v *visit) newHints(hints []present.Hint) *view.Screen {
	objects := []fyne.CanvasObject{
		widgets.NewText("下面几处请您看一眼。没有错就直接完成；这些提示只给您看，不会记下来，也不会发出去。", widgets.Plain),
	}
	for _, h := range hints {
		words := widgets.Tight(widgets.NewText(h.Message, widgets.Plain), widgets.NewText(h.Kind, widgets.Hint))
		objects = append(objects, placeCard(h.Wrong, words, "去看看", v.goTo))
	}
	finish := func() {
		v.host.Back()
		v.finish()
	}
	return &view.Screen{
		Title: "完成前看一眼", Subtitle: v.presenter.Draft().Title, Body: widgets.NewPage(objects...),
		Actions: []widgets.ButtonSpec{{Text: "没有错，完成走访", Weight: widgets.Main, OnTap: finish}},
	}
}

func joinDots(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " · " + b
}
