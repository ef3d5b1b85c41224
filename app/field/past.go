package field

import (
	"context"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// newPast returns the screen that lists what a filling has been; onBack is called once it is that again.
func newPast(h view.Host, v *present.Visit, onBack func()) *view.Screen {
	page := widgets.NewPage()
	moments, err := v.History(h.Ctx())
	if err != nil {
		page.SetObjects(widgets.NewWarning(present.Say(err)))
	} else {
		objects := []fyne.CanvasObject{widgets.NewText("点一条，看看那时写的是什么。看了不会改动现在的内容。", widgets.Plain)}
		for _, m := range moments {
			facts := widgets.RowFacts{Title: m.Title, Detail: m.Detail}
			if m.Now {
				facts.Tag, facts.TagColour = "现在", widgets.Good
			}
			objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { h.Push(newLookBack(h, v, m, onBack)) })))
		}
		page.SetObjects(objects...)
	}
	return &view.Screen{Title: "以前写的", Subtitle: v.Draft().Title, Body: page}
}

// newLookBack returns the screen that shows what stood in a filling at some time.
func newLookBack(h view.Host, v *present.Visit, m present.Earlier, onBack func()) *view.Screen {
	page := widgets.NewPage()
	goBack := func() {
		if err := v.GoBack(h.Ctx(), m.Step); err != nil {
			h.Complain(err)
			return
		}
		onBack()
	}
	passages, err := v.LookBack(h.Ctx(), m.Step)
	if err != nil {
		page.SetObjects(widgets.NewWarning(present.Say(err)))
	} else {
		head := []fyne.CanvasObject{widgets.NewText("写于："+m.Title+"。这里只能看，不能改。", widgets.Plain)}
		if !m.Now {
			head = append(head, widgets.NewConfirm(widgets.ConfirmSpec{
				Text: "回到这时", Ask: "之后改的会撤下来；点“撤销”可以再找回来。", OnConfirm: goBack,
			}))
		}
		page.SetObjects(append([]fyne.CanvasObject{widgets.Card(head...)}, readings(passages)...)...)
	}
	return &view.Screen{Title: "以前写的", Subtitle: m.Title, Body: page}
}

// readings lays out what is answered.
func readings(passages []present.Passage) []fyne.CanvasObject {
	if len(passages) == 0 {
		return []fyne.CanvasObject{widgets.NewNote("那时还什么都没有填。")}
	}
	var objects []fyne.CanvasObject
	for _, p := range passages {
		lines := []fyne.CanvasObject{widgets.NewText(p.Title, widgets.Strong)}
		for _, r := range p.Answers {
			lines = append(lines, widgets.Tight(widgets.NewText(r.Question, widgets.Hint), widgets.NewText(r.Value, widgets.Plain)))
		}
		objects = append(objects, widgets.Card(lines...))
	}
	return objects
}

// CompareSpec describes the screen on which the drafts of one household stand side by side.
type CompareSpec struct {
	Desk      present.Desk
	Household survey.RecordID
	OnResume  func(survey.DraftID)
	OnOne     func() // only one draft is left
}

// NewCompare returns the screen.
func NewCompare(h view.Host, spec CompareSpec) *view.Screen {
	page := widgets.NewPage()
	var show func()
	discard := func(id survey.DraftID) func() {
		return func() {
			if err := spec.Desk.Keeper.DiscardDraft(h.Ctx(), id); err != nil {
				h.Complain(err)
			}
			show()
		}
	}
	show = func() {
		var c present.Comparison
		h.Do(func(ctx context.Context) (err error) {
			c, err = spec.Desk.Compare(ctx, spec.Household)
			return err
		}, func(err error) {
			switch {
			case err != nil:
				h.Complain(err)
			case len(c.Drafts) < 2:
				spec.OnOne()
			default:
				page.Keep(page.Offset(), compared(c, spec.OnResume, discard)...)
			}
		})
	}
	show()
	return &view.Screen{Title: "对照草稿", Subtitle: "同一户有几份没填完的表，选一份接着填", Body: page, Changed: show}
}

func compared(c present.Comparison, onResume func(survey.DraftID), discard func(survey.DraftID) func()) []fyne.CanvasObject {
	var heads []fyne.CanvasObject
	for _, d := range c.Drafts {
		heads = append(heads, widgets.Card(
			widgets.NewText(d.Title, widgets.Strong),
			widgets.Tight(widgets.NewText(d.Answered, widgets.Plain), widgets.NewText(d.Begun, widgets.Hint), widgets.NewText(d.Changed, widgets.Hint)),
			widgets.NewButton(widgets.ButtonSpec{Text: "接着填这份", Weight: widgets.Main, OnTap: func() { onResume(d.ID) }}),
			widgets.NewConfirm(widgets.ConfirmSpec{Text: "删除", Ask: "删掉就找不回来。", OnConfirm: discard(d.ID)})))
	}
	objects := []fyne.CanvasObject{widgets.Columns(heads...)}
	if len(c.Differences) == 0 {
		return append(objects, widgets.NewNote("这几份填的内容一样。"))
	}
	objects = append(objects, widgets.NewText("填得不一样的题", widgets.Heading))
	for _, d := range c.Differences {
		var values []fyne.CanvasObject
		for i, value := range d.Values {
			style := widgets.Plain
			if value == "" {
				value, style = "（没填）", widgets.Hint
			}
			values = append(values, widgets.Tight(widgets.NewText(c.Drafts[i].Name, widgets.Hint), widgets.NewText(value, style)))
		}
		objects = append(objects, widgets.Card(
			widgets.NewText(d.Question, widgets.Strong), widgets.NewText(d.Part, widgets.Hint), widgets.Columns(values...)))
	}
	return objects
}
