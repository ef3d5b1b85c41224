package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// FiguresSpec describes a table of numbers.
type FiguresSpec struct {
	Columns []string
	Rows    []FiguresRow
}

// FiguresRow is a line of it: a name, and a number for each column but the first.
type FiguresRow struct {
	Name  string
	OnTap func() // of the name; nil where it leads nowhere
	Total bool
	Cells []FigureCell
}

// FigureCell is a number.
type FigureCell struct {
	Text  string
	OnTap func() // nil where the number leads nowhere
}

// NewFigures returns a table: names at the left, numbers in columns of one width.
func NewFigures(spec FiguresSpec) fyne.CanvasObject {
	lines := []fyne.CanvasObject{figuresLine(Table, headCells(spec.Columns)...)}
	for _, row := range spec.Rows {
		ground := color.Color(Paper)
		if row.Total {
			ground = Table
		}
		cells := []fyne.CanvasObject{newFigure(row.Name, row.OnTap, true, row.Total)}
		for _, cell := range row.Cells {
			cells = append(cells, newFigure(cell.Text, cell.OnTap, false, row.Total))
		}
		lines = append(lines, figuresLine(ground, cells...))
	}
	back := canvas.NewRectangle(Paper)
	back.StrokeColor, back.StrokeWidth = Line, 1
	return &fyne.Container{Layout: &padding{x: 1, y: 1, behind: 1}, Objects: []fyne.CanvasObject{
		back, &fyne.Container{Layout: &column{}, Objects: lines},
	}}
}

func headCells(names []string) []fyne.CanvasObject {
	cells := make([]fyne.CanvasObject, len(names))
	for i, name := range names {
		cells[i] = NewText(name, TextStyle{Scale: 0.85, Bold: true, Centre: i > 0, Colour: Quiet})
	}
	return cells
}

func figuresLine(ground color.Color, cells ...fyne.CanvasObject) fyne.CanvasObject {
	back, rule := canvas.NewRectangle(ground), canvas.NewRectangle(Line)
	return &fyne.Container{Layout: &figuresLayout{}, Objects: append([]fyne.CanvasObject{back, rule}, cells...)}
}

// figuresLayout sets a name, and numbers in columns of one width, over a rule.
type figuresLayout struct{ width float32 }

// nameShare is how much wider the first column is than the others.
const nameShare = 1.3

func (l *figuresLayout) widths(n int, width float32) (first, other float32) {
	other = width / (float32(n-1) + nameShare)
	return nameShare * other, other
}

// Layout implements fyne.Layout.
func (l *figuresLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	o[0].Resize(size)
	o[1].Move(fyne.NewPos(0, size.Height-1))
	o[1].Resize(fyne.NewSize(size.Width, 1))
	first, other := l.widths(len(o)-2, size.Width)
	x, width := float32(0), first
	for _, cell := range o[2:] {
		cell.Move(fyne.NewPos(x+4, 0))
		cell.Resize(fyne.NewSize(width-8, size.Height))
		x, width = x+width, other
	}
}

// MinSize implements fyne.Layout.
func (l *figuresLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	narrow := float32(len(o)-2) * 3 * em()
	return fyne.NewSize(narrow, l.heightFor(o, max(narrow, l.width)))
}

func (l *figuresLayout) heightFor(o []fyne.CanvasObject, width float32) float32 {
	first, other := l.widths(len(o)-2, width)
	height := float32(40)
	for i, cell := range o[2:] {
		w := other
		if i == 0 {
			w = first
		}
		height = max(height, HeightFor(cell, w-8)+8)
	}
	return height
}

// figure is a cell.
type figure struct {
	target
	back *canvas.Rectangle
	text *Text
}

func newFigure(text string, tap func(), name, bold bool) *figure {
	f := &figure{back: canvas.NewRectangle(color.Transparent), text: NewText(text, TextStyle{Scale: 0.95, Bold: bold || tap != nil, Centre: !name})}
	if tap != nil {
		f.text.SetColour(Primary)
	}
	f.onTap, f.disabled, f.restyle = tap, tap == nil, f.paint
	f.back.CornerRadius = 4
	f.ExtendBaseWidget(f)
	return f
}

// Shown returns the number or the name.
func (f *figure) Shown() string { return f.text.Shown() }

// HeightFor returns the height the text takes in a width.
func (f *figure) HeightFor(width float32) float32 { return f.text.HeightFor(width) }

// MinSize implements fyne.CanvasObject.
func (f *figure) MinSize() fyne.Size { return f.text.MinSize() }

func (f *figure) paint() {
	f.back.FillColor = color.Transparent
	if f.onTap != nil && (f.pressed || f.focused) {
		f.back.FillColor = Chosen
	}
	canvas.Refresh(f.back)
}

// CreateRenderer is for the toolkit.
func (f *figure) CreateRenderer() fyne.WidgetRenderer {
	return &layered{of: f, objects: []fyne.CanvasObject{f.back, f.text}, layout: func(size fyne.Size) {
		f.back.Resize(size)
		f.text.Resize(size)
	}}
}
