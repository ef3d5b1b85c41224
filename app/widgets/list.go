package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Mark is what stands before a row that can be picked.
type Mark int

// Marks.
const (
	NoMark Mark = iota
	Unpicked
	Picked
)

// RowFacts is what a row of a list shows.
type RowFacts struct {
	Title, Detail string
	Tag           string // a word at the right
	TagColour     color.Color
	Mark          Mark
	Round         bool // the mark of a choice of one
	Current       bool // what the rest of the window shows
}

// ListSpec describes a list of rows.
type ListSpec struct {
	Count func() int
	Row   func(i int) RowFacts
	OnTap func(i int)
	OnEnd func() // the last row came into sight
}

// List shows any number of rows of one height and makes only those in sight.
type List struct {
	widget.List
	seen float32 // how far it was scrolled when a row was drawn last
}

// NewList returns a list.
func NewList(spec ListSpec) *List {
	l := &List{}
	l.Length = spec.Count
	l.CreateItem = func() fyne.CanvasObject { return NewRow(RowFacts{Title: "国", Detail: "国"}, nil) }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if at := l.GetScrollOffset(); at != l.seen {
			l.seen = at
			onActivity()
		}
		row, ok := o.(*Row)
		if !ok || i >= spec.Count() {
			return
		}
		row.Set(spec.Row(i))
		row.onTap = func() { spec.OnTap(i) }
		if i == spec.Count()-1 && spec.OnEnd != nil {
			spec.OnEnd()
		}
	}
	l.HideSeparators = false
	l.ExtendBaseWidget(l)
	return l
}

// Row is a line of a list: a title, a quieter line below it, and a word at the right.
type Row struct {
	target
	facts              RowFacts
	back               *canvas.Rectangle
	mark               *mark
	title, detail, tag *Text
	body               *fyne.Container
}

// NewRow returns a row that stands alone, outside a List.
func NewRow(facts RowFacts, tap func()) *Row {
	r := &Row{
		back: canvas.NewRectangle(Paper), mark: newMark(false),
		title:  NewText("", TextStyle{Bold: true, Lines: 1}),
		detail: NewText("", TextStyle{Scale: 0.85, Colour: Quiet, Lines: 1}),
		tag:    NewText("", TextStyle{Scale: 0.85, Bold: true, Whole: true}),
	}
	r.body = container.New(&rowLayout{}, r.title, r.detail, r.tag)
	r.onTap, r.restyle = tap, r.paint
	r.ExtendBaseWidget(r)
	r.Set(facts)
	return r
}

// Shown returns the row's title.
func (r *Row) Shown() string { return r.title.Shown() }

// Set shows other facts.
func (r *Row) Set(facts RowFacts) {
	r.facts = facts
	r.title.SetText(facts.Title)
	r.detail.SetText(facts.Detail)
	show(r.detail, facts.Detail != "")
	r.tag.SetText(facts.Tag)
	r.tag.SetColour(orInk(facts.TagColour))
	show(r.tag, facts.Tag != "")
	r.paint()
	r.Refresh()
}

func orInk(c color.Color) color.Color {
	if c == nil {
		return Ink
	}
	return c
}

func (r *Row) paint() {
	ground := Paper
	if r.facts.Current {
		ground = Chosen
	}
	r.back.FillColor = shade(ground, r.pressed)
	r.back.StrokeColor, r.back.StrokeWidth = Primary, 0
	if r.focused {
		r.back.StrokeWidth = 2
	}
	for _, o := range r.mark.objects() {
		show(o, r.facts.Mark != NoMark)
	}
	if r.facts.Mark != NoMark {
		r.mark.setRound(r.facts.Round)
		r.mark.set(r.facts.Mark == Picked, Edge)
	}
	canvas.Refresh(r.back)
}

// MinSize leaves room for a thumb.
func (r *Row) MinSize() fyne.Size {
	text := r.body.MinSize()
	return fyne.NewSize(text.Width+2*inset+markSize+gap, max(touch, text.Height+18))
}

// CreateRenderer is for the toolkit.
func (r *Row) CreateRenderer() fyne.WidgetRenderer {
	objects := append([]fyne.CanvasObject{r.back}, r.mark.objects()...)
	return &layered{of: r, objects: append(objects, r.body), layout: func(size fyne.Size) {
		r.back.Resize(size)
		left := float32(inset)
		if r.facts.Mark != NoMark {
			r.mark.place(fyne.NewPos(inset, (size.Height-markSize)/2))
			left += markSize + gap
		}
		r.body.Move(fyne.NewPos(left, 0))
		r.body.Resize(fyne.NewSize(size.Width-left-inset, size.Height))
		r.body.Layout.Layout(r.body.Objects, r.body.Size())
	}}
}

// rowLayout sets title over detail and the tag at the right.
type rowLayout struct{}

// Layout implements fyne.Layout.
func (rowLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	title, detail, tag := o[0], o[1], o[2]
	width := size.Width
	if tag.Visible() {
		t := tag.MinSize()
		tag.Resize(t)
		tag.Move(fyne.NewPos(size.Width-t.Width, (size.Height-t.Height)/2))
		width -= t.Width + gap
	}
	first, second := title.MinSize().Height, float32(0)
	if detail.Visible() {
		second = detail.MinSize().Height
	}
	top := (size.Height - first - second) / 2
	title.Resize(fyne.NewSize(width, first))
	title.Move(fyne.NewPos(0, top))
	detail.Resize(fyne.NewSize(width, second))
	detail.Move(fyne.NewPos(0, top+first))
}

// MinSize implements fyne.Layout.
func (rowLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	title, detail := o[0].MinSize(), o[1].MinSize()
	if !o[1].Visible() {
		detail = fyne.Size{}
	}
	return fyne.NewSize(max(title.Width, detail.Width), title.Height+detail.Height)
}
