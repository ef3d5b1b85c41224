package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// pageWidth is as wide as a column gets: a longer line of text is hard to follow.
const pageWidth = 820

// Page is a column that scrolls and keeps the focused field in sight when a keyboard takes the lower half of the
// window.
type Page struct {
	widget.BaseWidget
	sheet  *fyne.Container
	column *fyne.Container
	scroll *container.Scroll
}

// NewPage returns a page of objects, one under another.
func NewPage(objects ...fyne.CanvasObject) *Page {
	p := &Page{column: Column(objects...)}
	p.sheet = container.New(&sheet{}, p.column)
	p.scroll = container.NewVScroll(p.sheet)
	p.scroll.OnScrolled = func(fyne.Position) { onActivity() }
	p.ExtendBaseWidget(p)
	return p
}

// SetObjects shows other objects, from the top.
func (p *Page) SetObjects(objects ...fyne.CanvasObject) {
	p.column.Objects = objects
	p.scroll.Offset = fyne.Position{}
	p.Refresh()
}

// Keep shows other objects without moving what is in sight more than it must.
func (p *Page) Keep(offset float32, objects ...fyne.CanvasObject) {
	p.SetObjects(objects...)
	p.SetOffset(offset)
}

// Offset returns how far the page is scrolled.
func (p *Page) Offset() float32 { return p.scroll.Offset.Y }

// SetOffset scrolls the page.
func (p *Page) SetOffset(y float32) {
	p.scroll.Offset.Y = max(0, min(y, p.sheet.Size().Height-p.scroll.Size().Height))
	p.scroll.Refresh()
}

// Reveal scrolls as little as it takes to show an object on the page.
func (p *Page) Reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(o).Subtract(driver.AbsolutePositionForObject(p.sheet))
	top, bottom := at.Y-inset, at.Y+o.Size().Height+inset
	switch offset, height := p.Offset(), p.scroll.Size().Height; {
	case top < offset || bottom-top > height:
		p.SetOffset(top)
	case bottom > offset+height:
		p.SetOffset(bottom - height)
	}
}

// MinSize implements fyne.CanvasObject.
func (p *Page) MinSize() fyne.Size {
	return fyne.NewSize(p.sheet.MinSize().Width, 3*touch)
}

// CreateRenderer is for the toolkit.
func (p *Page) CreateRenderer() fyne.WidgetRenderer {
	return &layered{of: p, objects: []fyne.CanvasObject{p.scroll}, layout: func(size fyne.Size) {
		shrunk := size.Height < p.scroll.Size().Height
		p.sheet.Resize(fyne.NewSize(size.Width, HeightFor(p.sheet, size.Width)))
		relayout(p.sheet, func(o fyne.CanvasObject) {
			if f, ok := o.(interface{ setPage(p *Page) }); ok {
				f.setPage(p)
			}
		})
		p.scroll.Resize(size)
		p.SetOffset(p.Offset())
		if shrunk {
			p.revealFocused()
		}
	}}
}

func (p *Page) revealFocused() {
	c := fyne.CurrentApp().Driver().CanvasForObject(p)
	if c == nil {
		return
	}
	if o, ok := c.Focused().(fyne.CanvasObject); ok && contains(p.column, o) {
		p.Reveal(o)
	}
}

// relayout lays out containers whose objects have changed though their size has not, and visits everything in them.
func relayout(c *fyne.Container, visit func(fyne.CanvasObject)) {
	c.Layout.Layout(c.Objects, c.Size())
	for _, o := range c.Objects {
		visit(o)
		if child, ok := o.(*fyne.Container); ok && child.Layout != nil {
			relayout(child, visit)
		}
	}
}

// contains reports whether o is somewhere in a tree of containers.
func contains(tree, o fyne.CanvasObject) bool {
	if h, ok := tree.(interface {
		holds(o fyne.CanvasObject) bool
	}); ok && h.holds(o) || tree == o {
		return true
	}
	if c, ok := tree.(*fyne.Container); ok {
		for _, child := range c.Objects {
			if contains(child, o) {
				return true
			}
		}
	}
	return false
}

// sheet centres a column of at most pageWidth between margins.
type sheet struct{ width float32 }

func (l *sheet) inner(width float32) float32 { return min(pageWidth, width-2*inset) }

// Layout implements fyne.Layout.
func (l *sheet) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	inner := l.inner(size.Width)
	for _, o := range objects {
		o.Move(fyne.NewPos((size.Width-inner)/2, inset))
		o.Resize(fyne.NewSize(inner, HeightFor(o, inner)))
	}
}

// MinSize implements fyne.Layout.
func (l *sheet) MinSize(objects []fyne.CanvasObject) fyne.Size {
	narrow := minWidth(objects) + 2*inset
	return fyne.NewSize(narrow, l.heightFor(objects, max(narrow, l.width)))
}

func (l *sheet) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(2 * inset)
	for _, o := range objects {
		height += HeightFor(o, l.inner(width))
	}
	return height
}

// Spacer takes height without showing anything.
func Spacer(height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(1, height))
	return r
}
