package township

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"zoucun/app/view"
	"zoucun/app/widgets"
)

// Section is one part of the workbench.
type Section struct {
	Name   string
	Screen func() *view.Screen // makes its first screen anew
	Wait   func() string       // what waits there, as "12"; nil or empty where nothing can
}

// BenchSpec describes the workbench.
type BenchSpec struct {
	Sections []Section
	Who      string               // township and person, for the bar
	Actions  []widgets.ButtonSpec // beside the open section's own
}

// Bench is the workbench in the window. Its sections take the place of one another; a screen that a section pushes
// covers all of it.
type Bench struct {
	host view.Host
	spec BenchSpec
	open int
	fill func() // writes the menu anew
}

// NewBench returns the workbench; Open shows it.
func NewBench(h view.Host, spec BenchSpec) *Bench { return &Bench{host: h, spec: spec} }

// Open shows a section.
func (b *Bench) Open(section int) {
	b.open = section
	inner := b.spec.Sections[section].Screen()
	side := container.New(&menuLayout{})
	b.fill = func() {
		side.Objects = side.Objects[:0]
		for i, s := range b.spec.Sections {
			side.Objects = append(side.Objects, widgets.NewRow(b.row(i, s), func() { b.Open(i) }))
		}
		side.Refresh()
	}
	b.fill()
	outer := *inner
	outer.Subtitle = b.spec.Who
	outer.Actions = append(append([]widgets.ButtonSpec{}, inner.Actions...), b.spec.Actions...)
	outer.Body = container.New(&benchLayout{}, side, canvas.NewRectangle(widgets.Line), inner.Body)
	outer.Changed = func() {
		b.fill()
		if inner.Changed != nil {
			inner.Changed()
		}
	}
	b.host.Reset(&outer)
}

// Errands returns the sections, but for one, and what waits in each.
func (b *Bench) Errands(but string) []Errand {
	var all []Errand
	for i, s := range b.spec.Sections {
		if s.Name != but && s.Wait != nil {
			all = append(all, Errand{Name: s.Name, Wait: s.Wait(), Open: func() { b.Open(i) }})
		}
	}
	return all
}

// Count shows anew what waits in each section.
func (b *Bench) Count() {
	if b.fill != nil {
		b.fill()
	}
}

// Again shows the open section anew.
func (b *Bench) Again() { b.Open(b.open) }

func (b *Bench) row(i int, s Section) widgets.RowFacts {
	facts := widgets.RowFacts{Title: s.Name, Current: i == b.open, TagColour: widgets.Danger}
	if s.Wait != nil {
		facts.Tag = s.Wait()
	}
	return facts
}

// menuWidth holds six characters and a number.
const menuWidth = 190

// menuLayout stacks the sections' rows.
type menuLayout struct{}

// Layout implements fyne.Layout.
func (menuLayout) Layout(rows []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, row := range rows {
		height := row.MinSize().Height
		row.Move(fyne.NewPos(0, y))
		row.Resize(fyne.NewSize(size.Width, height))
		y += height
	}
}

// MinSize implements fyne.Layout.
func (menuLayout) MinSize(rows []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, row := range rows {
		height += row.MinSize().Height
	}
	return fyne.NewSize(menuWidth, height)
}

// benchLayout sets menu, edge and section side by side.
type benchLayout struct{}

// Layout implements fyne.Layout.
func (benchLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, width := range []float32{menuWidth, 1, size.Width - menuWidth - 1} {
		objects[i].Move(fyne.NewPos(x, 0))
		objects[i].Resize(fyne.NewSize(width, size.Height))
		x += width
	}
}

// MinSize implements fyne.Layout.
func (benchLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	body := objects[2].MinSize()
	return fyne.NewSize(menuWidth+1+body.Width, max(objects[0].MinSize().Height, body.Height))
}
