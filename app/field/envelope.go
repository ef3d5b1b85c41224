package field

import (
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
	"zoucun/survey"
)

// sealedBox returns the box whose words are sealed where they are typed. It is the only place that ever holds them: they
// go from the widget to be sealed, and nowhere else.
func (v *visit) sealedBox(b *block) fyne.CanvasObject {
	path := b.item.Question.Path
	spec := widgets.SealedSpec{
		Recipients: v.recipients,
		OnSeal: func(key, text, reply string) bool {
			return v.seal(path, key, survey.Letter{Text: text, Reply: reply})
		},
		OnPaper:  func() { v.withdraw(path) },
		OnResize: func() { v.page.Refresh() },
	}
	box := widgets.NewSealedBox(spec)
	v.boxes = append(v.boxes, box)
	return box.Object
}

// recipients are the offices on the county's list now, by their keys.
func (v *visit) recipients() []widgets.Item {
	var items []widgets.Item
	for _, r := range v.presenter.Recipients(v.host.Ctx()) {
		items = append(items, widgets.Item{Value: r.Key, Label: r.Name})
	}
	return items
}

// seal reports whether the letter is sealed; if not, its words stay in the box.
func (v *visit) seal(box survey.FieldPath, key string, letter survey.Letter) bool {
	to, err := v.presenter.Seal(v.host.Ctx(), box, key, letter)
	if err != nil {
		v.host.Complain(err)
		return false
	}
	v.render()
	v.host.Tell(fmt.Sprintf("已封存，交给%s。谁也打不开，包括本机。", to.Name))
	return true
}

// withdraw takes a box out of the form whose words go on paper.
func (v *visit) withdraw(box survey.FieldPath) {
	if err := v.presenter.Withdraw(v.host.Ctx(), box); err != nil {
		v.host.Complain(err)
	}
	v.render()
}

// unsealed reports whether words stand in a box on the page, and says so there. Whoever goes on by the button below the
// page has most likely forgotten to seal them.
func (v *visit) unsealed() bool {
	for _, box := range v.boxes {
		if box.Warn() {
			v.page.Reveal(box.Object)
			return true
		}
	}
	return false
}

// clearBoxes takes away what was typed and not sealed: the page goes out of sight.
func (v *visit) clearBoxes() {
	for _, box := range v.boxes {
		box.Clear()
	}
}

// forgetBoxes lets go of the boxes of a page that is laid out no more.
func (v *visit) forgetBoxes() {
	v.clearBoxes()
	v.boxes = nil
}
