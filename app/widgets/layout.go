package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// flexible is a thing whose height depends on its width.
type flexible interface {
	HeightFor(width float32) float32
}

// flexLayout is a layout whose height depends on its width. The toolkit asks layouts for a size before it has given
// them a width; these answer for the width they had last.
type flexLayout interface {
	fyne.Layout
	heightFor(objects []fyne.CanvasObject, width float32) float32
}

// HeightFor returns the height an object takes in a width.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	switch o := o.(type) {
	case flexible:
		return o.HeightFor(width)
	case *fyne.Container:
		if l, ok := o.Layout.(flexLayout); ok {
			return l.heightFor(o.Objects, width)
		}
	}
	return o.MinSize().Height
}

func minWidth(objects []fyne.CanvasObject) float32 {
	widest := float32(0)
	for _, o := range objects {
		if o.Visible() {
			widest = max(widest, o.MinSize().Width)
		}
	}
	return widest
}

// Column stacks objects, each as wide as the column.
func Column(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

// Tight stacks objects with little between them.
func Tight(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: 3}, objects...)
}

type column struct {
	gap   float32
	width float32
}

// Layout implements fyne.Layout.
func (l *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		height := HeightFor(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, height))
		y += height + l.gap
	}
}

// MinSize implements fyne.Layout.
func (l *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	narrow := minWidth(objects)
	return fyne.NewSize(narrow, l.heightFor(objects, max(narrow, l.width)))
}

func (l *column) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := -l.gap
	for _, o := range objects {
		if o.Visible() {
			height += HeightFor(o, width) + l.gap
		}
	}
	return max(0, height)
}

// Grid sets objects in columns of one width, as many as the widest allows.
func Grid(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&grid{}, objects...)
}

// Columns sets objects side by side in columns of one width, however many they are.
func Columns(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&grid{fixed: true}, objects...)
}

// natural is a thing that would like a width but can do with less.
type natural interface {
	NaturalWidth() float32
}

type grid struct {
	width float32
	fixed bool // one row, whatever the objects would like
}

func (l *grid) columns(objects []fyne.CanvasObject, width float32) (n int, cell float32) {
	if l.fixed {
		n = max(1, len(objects))
		return n, (width - gap*float32(n-1)) / float32(n)
	}
	widest := float32(1)
	for _, o := range objects {
		if w, ok := o.(natural); ok {
			widest = max(widest, w.NaturalWidth())
		} else {
			widest = max(widest, o.MinSize().Width)
		}
	}
	n = max(1, min(len(objects), int((width+gap)/(widest+gap))))
	rows := (len(objects) + n - 1) / n
	if rows > 0 {
		n = (len(objects) + rows - 1) / rows // an even last row
	}
	return n, (width - gap*float32(n-1)) / float32(n)
}

// Layout implements fyne.Layout.
func (l *grid) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	l.each(objects, size.Width, func(o fyne.CanvasObject, at fyne.Position, cell fyne.Size) {
		o.Move(at)
		o.Resize(cell)
	})
}

// each calls place with every object's cell and returns the height of all.
func (l *grid) each(objects []fyne.CanvasObject, width float32,
	place func(o fyne.CanvasObject, at fyne.Position, cell fyne.Size),
) float32 {
	n, cell := l.columns(objects, width)
	y := float32(0)
	for from := 0; from < len(objects); from += n {
		row := objects[from:min(from+n, len(objects))]
		height := float32(0)
		for _, o := range row {
			height = max(height, HeightFor(o, cell))
		}
		for i, o := range row {
			place(o, fyne.NewPos(float32(i)*(cell+gap), y), fyne.NewSize(cell, height))
		}
		y += height + gap
	}
	return max(0, y-gap)
}

// MinSize implements fyne.Layout.
func (l *grid) MinSize(objects []fyne.CanvasObject) fyne.Size {
	narrow := minWidth(objects)
	if n := float32(len(objects)); l.fixed && n > 1 {
		narrow = n*(narrow+gap) - gap
	}
	return fyne.NewSize(narrow, l.heightFor(objects, max(narrow, l.width)))
}

func (l *grid) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return l.each(objects, width, func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
}

// Bar sets objects side by side; the one at stretch takes what width is left. A stretch of -1 leaves it empty.
func Bar(stretch int, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&bar{stretch: stretch}, objects...)
}

type bar struct {
	stretch int
	width   float32
}

// widths shares out the width among the objects that are shown.
func (l *bar) widths(objects []fyne.CanvasObject, width float32) []float32 {
	widths := make([]float32, len(objects))
	left := width + gap
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		left -= gap
		if i != l.stretch {
			widths[i] = o.MinSize().Width
			left -= widths[i]
		}
	}
	if l.stretch >= 0 && l.stretch < len(objects) {
		widths[l.stretch] = max(left, objects[l.stretch].MinSize().Width)
	}
	return widths
}

// Layout implements fyne.Layout.
func (l *bar) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	x := float32(0)
	for i, width := range l.widths(objects, size.Width) {
		if !objects[i].Visible() {
			continue
		}
		height := HeightFor(objects[i], width)
		if stretches(objects[i]) {
			height = size.Height
		}
		objects[i].Move(fyne.NewPos(x, (size.Height-height)/2))
		objects[i].Resize(fyne.NewSize(width, height))
		x += width + gap
	}
}

// stretches reports whether an object looks right only at the full height of its bar.
func stretches(o fyne.CanvasObject) bool {
	_, ok := o.(*canvas.Rectangle)
	return ok
}

// MinSize implements fyne.Layout.
func (l *bar) MinSize(objects []fyne.CanvasObject) fyne.Size {
	narrow := float32(-gap)
	for _, o := range objects {
		if o.Visible() {
			narrow += o.MinSize().Width + gap
		}
	}
	narrow = max(0, narrow)
	return fyne.NewSize(narrow, l.heightFor(objects, max(narrow, l.width)))
}

func (l *bar) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for i, w := range l.widths(objects, width) {
		if objects[i].Visible() && !stretches(objects[i]) {
			height = max(height, HeightFor(objects[i], w))
		}
	}
	return height
}

// Inset keeps content a distance from the edges of what lies behind it.
func Inset(distance float32, content fyne.CanvasObject) *fyne.Container {
	return container.New(&padding{x: distance, y: distance}, content)
}

// Card lays content on paper.
func Card(content ...fyne.CanvasObject) *fyne.Container {
	return Panel(Paper, Line, content...)
}

// Panel lays content on a ground of a colour with an edge of another.
func Panel(ground, edge color.Color, content ...fyne.CanvasObject) *fyne.Container {
	back := canvas.NewRectangle(ground)
	back.StrokeColor, back.StrokeWidth, back.CornerRadius = edge, 1, radius
	return container.New(&padding{x: inset, y: inset - 2, behind: 1}, back, Column(content...))
}

type padding struct {
	x, y   float32
	behind int // how many objects fill the whole, behind the content
	width  float32
}

// Layout implements fyne.Layout.
func (l *padding) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	for i, o := range objects {
		if i < l.behind {
			o.Move(fyne.NewPos(0, 0))
			o.Resize(size)
			continue
		}
		o.Move(fyne.NewPos(l.x, l.y))
		o.Resize(size.SubtractWidthHeight(2*l.x, 2*l.y))
	}
}

// MinSize implements fyne.Layout.
func (l *padding) MinSize(objects []fyne.CanvasObject) fyne.Size {
	narrow := minWidth(objects[l.behind:]) + 2*l.x
	return fyne.NewSize(narrow, l.heightFor(objects, max(narrow, l.width)))
}

func (l *padding) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for _, o := range objects[l.behind:] {
		height = max(height, HeightFor(o, width-2*l.x))
	}
	return height + 2*l.y
}

// Edged draws an edge around content that has none of its own.
func Edged(content fyne.CanvasObject) *fyne.Container {
	back := canvas.NewRectangle(Paper)
	back.StrokeColor, back.StrokeWidth, back.CornerRadius = Edge, 1, radius
	return container.New(&padding{x: 2, y: 2, behind: 1}, back, content)
}
