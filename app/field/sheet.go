package field

import (
	"slices"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// shownPage is what is laid out: the page where the person is, or all of it in the order of the sheet on paper.
func (v *visit) shownPage() present.Page {
	if v.spec.Sheet {
		return v.presenter.Sheet()
	}
	return v.presenter.Page()
}

func (v *visit) finishText() string {
	if v.spec.Sheet {
		return "完成录入"
	}
	return "完成走访"
}

// sheetHelp says which keys there are.
func sheetHelp() fyne.CanvasObject {
	return widgets.NewNote("照着纸从上往下录。\n回车：到下一题。\n数字、字母：选那一项。\n空格：选中光标所在的一项。\n" +
		"选人、选户：回车打开，输拼音，再回车；已有的按空格更改。\n没写的直接回车跳过。随时可以停，草稿留着。")
}

// goesOn returns what the return key does in a block's control: on a sheet it goes on.
func (v *visit) goesOn(b *block) func() {
	if !v.spec.Sheet {
		return nil
	}
	return func() { v.goOn(b) }
}

// goOn keeps what was typed and puts the caret into the next question that is answered by keys.
func (v *visit) goOn(b *block) {
	if !v.spec.Sheet {
		return
	}
	v.try(v.presenter.Settle(v.host.Ctx())) // which shows what depends on it
	blocks := v.answerable()
	at := slices.IndexFunc(blocks, func(other *block) bool { return other.item.Key == b.item.Key })
	for _, next := range blocks[at+1:] {
		if widgets.Focus(next.input) {
			v.page.Reveal(next.object)
			return
		}
	}
}

// begin puts the caret into the first question.
func (v *visit) begin() {
	for _, b := range v.answerable() {
		if widgets.Focus(b.input) {
			return
		}
	}
}

// answerable returns the blocks with a control, in the order of the page; those within a row stand for it.
func (v *visit) answerable() []*block {
	var found []*block
	for _, b := range v.blocks {
		for _, inner := range append([]*block{b}, b.row...) {
			if inner.input != nil {
				found = append(found, inner)
			}
		}
	}
	return found
}

// stayOnSheet comes back from an instance of a repeat, and goes to its questions: on a sheet they stand open.
func (v *visit) stayOnSheet(repeat survey.FieldPath) {
	if !v.spec.Sheet {
		return
	}
	v.presenter.Leave()
	v.render()
	for _, item := range v.presenter.Sheet().Items {
		if item.Kind == present.RepeatItem && item.Repeat == repeat && len(item.Cards) > 0 {
			v.openInstance(item.Cards[len(item.Cards)-1].Path)
			return
		}
	}
}

// sheetRepeat is what a repeat has below its open instances: the button to add another, which the return key passes by,
// and a card for each.
func (v *visit) sheetRepeat(item present.Item, spec widgets.RepeatSpec) fyne.CanvasObject {
	add, cards := spec, spec
	add.Cards, cards.AddText = nil, ""
	if add.AddText != "" {
		add.AddText += "（空格）"
	}
	add.OnEnter = func() { v.goOn(&block{item: item}) }
	return widgets.Column(widgets.NewRepeatCards(add), widgets.NewRepeatCards(cards))
}

// openInstance goes to the questions of an instance of a repeat.
func (v *visit) openInstance(instance survey.FieldPath) {
	if !v.spec.Sheet {
		v.turn(func() { v.presenter.Enter(instance) })
		return
	}
	at := slices.IndexFunc(v.blocks, func(b *block) bool { return b.item.Key == string(instance) })
	if at < 0 {
		return
	}
	v.page.Reveal(v.blocks[at].object)
	for _, b := range v.blocks[at+1:] {
		if b.input != nil && widgets.Focus(b.input) {
			return
		}
	}
}
