package widgets

import (
	"fyne.io/fyne/v2"
)

// CardFacts is what a card of a repeat shows.
type CardFacts struct {
	Title, Detail string
	Wrong         bool // something in it must be mended
	Empty         bool // nothing is written in it yet
	CanRemove     bool
}

// RepeatSpec describes the cards of a repeat.
type RepeatSpec struct {
	Cards    []CardFacts
	AddText  string // empty where no more can be added
	OnAdd    func()
	OnEdit   func(i int)
	OnRemove func(i int)
	OnEnter  func() // what the return key does on the button to add instead of adding; nil for adding
}

// NewRepeatCards returns a card for each instance and a button to add one.
func NewRepeatCards(spec RepeatSpec) *fyne.Container {
	objects := make([]fyne.CanvasObject, 0, len(spec.Cards)+1)
	for i, facts := range spec.Cards {
		objects = append(objects, repeatCard(facts, func() { spec.OnEdit(i) }, func() { spec.OnRemove(i) }))
	}
	if spec.AddText != "" {
		add := NewButton(ButtonSpec{Text: "＋ " + spec.AddText, OnTap: spec.OnAdd})
		add.onEnter = spec.OnEnter
		objects = append(objects, add)
	}
	return Column(objects...)
}

func repeatCard(facts CardFacts, edit, remove func()) fyne.CanvasObject {
	words := []fyne.CanvasObject{NewText(facts.Title, Strong)}
	if facts.Detail != "" {
		words = append(words, NewText(facts.Detail, Hint))
	}
	if facts.Wrong {
		words = append(words, NewText("有需要改的地方", Wrong))
	}
	change := NewButton(ButtonSpec{Text: "修改", OnTap: edit})
	if facts.Empty {
		change.SetText("填写")
	}
	if !facts.CanRemove {
		return Panel(Paper, Edge, Bar(0, Tight(words...), change))
	}
	drop := NewButton(ButtonSpec{Text: "删除", Weight: Light})
	return Panel(Paper, Edge, asking(ConfirmSpec{Text: "删除", Ask: "删除这一条？", OnConfirm: remove}, drop,
		Bar(0, Tight(words...), drop, change)))
}

// ConfirmSpec describes a button whose deed is asked about once more, in its own place.
type ConfirmSpec struct {
	Text, Ask string
	OnConfirm func()
}

// NewConfirm returns a button that turns into a question with two answers.
func NewConfirm(spec ConfirmSpec) fyne.CanvasObject {
	first := NewButton(ButtonSpec{Text: spec.Text, Weight: Light})
	return asking(spec, first, Bar(0, NewText("", Plain), first))
}

// asking returns what stands there before and, once its button was pressed, the question in its place.
func asking(spec ConfirmSpec, button *Button, before fyne.CanvasObject) fyne.CanvasObject {
	yes := NewButton(ButtonSpec{Text: spec.Text, Weight: Grave, OnTap: spec.OnConfirm})
	no := NewButton(ButtonSpec{Text: "留下"})
	question := Bar(0, NewText(spec.Ask, Wrong), no, yes)
	question.Hide()
	whole := Column(before, question)
	swap := func(asking bool) func() {
		return func() {
			show(before, !asking)
			show(question, asking)
			whole.Refresh()
		}
	}
	button.onTap, no.onTap = swap(true), swap(false)
	return whole
}
