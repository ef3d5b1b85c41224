package widgets

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Later runs a function on the screen's own goroutine after a while, unless it is cancelled before.
type Later func(after time.Duration, f func()) (cancel func())

// PickerSpec describes a page on which one or several of many things are picked.
type PickerSpec struct {
	Prompt   string
	Search   func(text string) []Item // what fits the text, best first; all for an empty one
	Chosen   []Item
	Several  bool
	Max      int // of several; 0 is no limit
	Later    Later
	Keys     bool // the return key picks what fits best, and ends picking where nothing is typed
	OnChange func(chosen []Item)
	OnDone   func() // one was picked, and there is nothing more to do here
}

// searchPause is how long typing rests before the list follows it: an input method types pinyin letters first.
const searchPause = 150 * time.Millisecond

// NewPicker returns a page with a search field and the list of what fits.
func NewPicker(spec PickerSpec) fyne.CanvasObject {
	p := &picker{spec: spec, chosen: slices.Clone(spec.Chosen), found: spec.Search("")}
	p.list = NewList(ListSpec{Count: func() int { return len(p.found) }, Row: p.row, OnTap: p.tap})
	p.summary = NewText(p.words(), Hint)
	field := FieldSpec{Prompt: spec.Prompt, OnType: p.typed}
	if spec.Keys {
		field.OnEnter = p.takeFirst
	}
	p.field = NewField(field)
	head := &fyne.Container{Layout: &padding{x: inset, y: gap}, Objects: []fyne.CanvasObject{Tight(p.field, p.summary)}}
	return container.NewBorder(head, nil, nil, nil, p.list)
}

type picker struct {
	spec    PickerSpec
	chosen  []Item
	found   []Item
	list    *List
	summary *Text
	field   *Field
	text    string // that was typed
	cancel  func()
}

func (p *picker) typed(text string) {
	if p.cancel != nil {
		p.cancel()
	}
	p.text = strings.TrimSpace(text)
	p.cancel = p.spec.Later(searchPause, p.search)
}

func (p *picker) search() {
	p.found = p.spec.Search(p.text)
	p.summary.SetText(p.words())
	p.list.ScrollToTop()
	p.list.Refresh()
}

// takeFirst picks what fits best what was typed, and makes room for another; where nothing was typed, it ends picking.
func (p *picker) takeFirst() {
	if p.cancel != nil {
		p.cancel()
	}
	if p.text == "" {
		p.spec.OnDone()
		return
	}
	p.search()
	if len(p.found) == 0 {
		return
	}
	p.tap(0)
	if p.spec.Several {
		p.field.SetText("")
	}
}

func (p *picker) row(i int) RowFacts {
	item := p.found[i]
	mark := Unpicked
	if p.index(item.Value) >= 0 {
		mark = Picked
	}
	return RowFacts{Title: item.Label, Detail: item.Detail, Mark: mark, Round: !p.spec.Several}
}

func (p *picker) index(value string) int {
	return slices.IndexFunc(p.chosen, func(item Item) bool { return item.Value == value })
}

func (p *picker) tap(i int) {
	item := p.found[i]
	at := p.index(item.Value)
	switch {
	case !p.spec.Several && at >= 0:
		p.chosen = nil
	case !p.spec.Several:
		p.chosen = []Item{item}
	case at >= 0:
		p.chosen = slices.Delete(p.chosen, at, at+1)
	case p.spec.Max == 0 || len(p.chosen) < p.spec.Max:
		p.chosen = append(p.chosen, item)
	}
	p.spec.OnChange(slices.Clone(p.chosen))
	p.summary.SetText(p.words())
	p.list.Refresh()
	if !p.spec.Several && len(p.chosen) == 1 {
		p.spec.OnDone()
	}
}

// words says what is picked, or how much there is to pick from.
func (p *picker) words() string {
	switch {
	case len(p.found) == 0:
		return "没有找到，换个字或拼音试试。"
	case len(p.chosen) == 0:
		return "共 " + strconv.Itoa(len(p.found)) + " 项，点一下选中。"
	}
	return "已选：" + Labels(p.chosen)
}

// Labels joins the words of items.
func Labels(items []Item) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = item.Label
	}
	return strings.Join(words, "、")
}

// NewPickerKeys returns what NewPickerField does, for a keyboard: where something is picked the return key goes on, and
// space opens.
func NewPickerKeys(chosen []Item, open, goOn func()) fyne.CanvasObject {
	if len(chosen) == 0 {
		return NewPickerField(chosen, open)
	}
	change := NewButton(ButtonSpec{Text: "更改", OnTap: open})
	change.onEnter = goOn
	return Bar(0, NewText(Labels(chosen), Strong), change)
}

// NewPickerField returns the button that shows what is picked and opens the page to pick on.
func NewPickerField(chosen []Item, open func()) fyne.CanvasObject {
	if len(chosen) == 0 {
		return Bar(1, NewButton(ButtonSpec{Text: "点这里选择", OnTap: open}), Spacer(1))
	}
	return Bar(0, NewText(Labels(chosen), Strong), NewButton(ButtonSpec{Text: "更改", OnTap: open}))
}
