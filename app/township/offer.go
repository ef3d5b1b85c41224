package township

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/form"
)

// picked is a column's value as a picker shows what is picked.
func picked(value string) []widgets.Item {
	if value == "" {
		return nil
	}
	return []widgets.Item{{Value: value, Label: value}}
}

// choice asks for one of few.
func (r *register) choice(c workbench.Column, few []form.Choice) fyne.CanvasObject {
	var items []widgets.Item
	for _, one := range few {
		items = append(items, widgets.Item{Value: one.Label, Label: one.Label})
	}
	s := r.sheet
	return widgets.NewChoiceButtons(widgets.ChoiceSpec{Items: items, Chosen: []string{s.Values[c.Field]}, OnChange: func(chosen []string) {
		s.Values[c.Field] = slices.Concat(chosen, []string{""})[0]
		r.edited = true
	}})
}

// offer opens the page on which a column is picked from what there is.
func (r *register) offer(c workbench.Column) {
	s := r.sheet
	var offers []form.Choice
	r.host.Do(func(ctx context.Context) (err error) {
		offers, err = r.spec.Presenter.Offers(ctx, *s, c)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		o := &offering{register: r, column: c, offers: offers, finder: present.NewFinder(offers, r.spec.Presenter.Readings()...)}
		body := widgets.NewPicker(widgets.PickerSpec{
			Prompt: o.prompt(), Later: r.host.Later, Keys: true, Chosen: o.chosen(), Search: o.search, OnChange: o.pick, OnDone: r.host.Back,
		})
		r.host.Push(&view.Screen{Title: c.Title, Subtitle: s.Line.Title, Body: body})
		widgets.Focus(body)
	})
}

// offering is a page of offers for one column of the open line.
type offering struct {
	*register

	column workbench.Column
	offers []form.Choice
	finder *present.Finder
}

// newValue marks an item that is none of the offers: what is typed.
const newValue = "+"

func (o *offering) prompt() string {
	if o.column.Open() {
		return "输入字、拼音或首字母查找；没有的直接写"
	}
	return "输入字、拼音或首字母查找"
}

// chosen is what the column says; of two that are called the same, the one that was picked.
func (o *offering) chosen() []widgets.Item {
	at := slices.IndexFunc(o.offers, o.sheet.Picked(o.column))
	if at < 0 {
		return nil
	}
	return []widgets.Item{item(o.offers[at])}
}

func item(offer form.Choice) widgets.Item {
	detail := ""
	for _, more := range offer.Row {
		detail = more
	}
	return widgets.Item{Value: offer.Name, Label: offer.Label, Detail: detail}
}

// search returns the offers that fit a text, and the text itself where it may be one.
func (o *offering) search(text string) []widgets.Item {
	var items []widgets.Item
	known := text == ""
	for _, offer := range o.finder.Find(text) {
		items = append(items, item(offer))
		known = known || offer.Label == text
	}
	if o.column.Open() && !known {
		items = append(items, widgets.Item{Value: newValue, Label: text, Detail: "名册里还没有，保存时一起添加"})
	}
	return items
}

// pick takes what was picked into the open line.
func (o *offering) pick(chosen []widgets.Item) {
	var offer form.Choice
	for _, one := range chosen {
		offer = form.Choice{Name: one.Value, Label: one.Label}
	}
	o.sheet.Pick(o.column, offer)
	o.edited = true
	o.drawPanel("")
}
