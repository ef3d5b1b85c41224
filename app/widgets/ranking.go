package widgets

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
)

// RankingSpec describes things to be put in order.
type RankingSpec struct {
	Items    []Item
	OnChange func(values []string)
}

// NewRanking returns the things in their order, each with buttons to move it up or down.
func NewRanking(spec RankingSpec) fyne.CanvasObject {
	r := &ranking{spec: spec, items: slices.Clone(spec.Items), column: Column()}
	r.show()
	return r.column
}

type ranking struct {
	spec   RankingSpec
	items  []Item
	column *fyne.Container
}

func (r *ranking) show() {
	r.column.Objects = nil
	for i, item := range r.items {
		r.column.Objects = append(r.column.Objects, Bar(0,
			NewText(strconv.Itoa(i+1)+". "+item.Label, Plain),
			NewButton(ButtonSpec{Text: "上移", Disabled: i == 0, OnTap: func() { r.swap(i, i-1) }}),
			NewButton(ButtonSpec{Text: "下移", Disabled: i == len(r.items)-1, OnTap: func() { r.swap(i, i+1) }})))
	}
	r.column.Refresh()
}

func (r *ranking) swap(i, j int) {
	r.items[i], r.items[j] = r.items[j], r.items[i]
	values := make([]string, len(r.items))
	for i, item := range r.items {
		values[i] = item.Value
	}
	r.show()
	r.spec.OnChange(values)
}
