package field

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"zoucun/app/widgets"
)

// wideFrom is the width from which a list and what is chosen in it stand side by side.
const wideFrom = 840

// split shows a list and a detail side by side where there is room, and one of the two where there is not.
type split struct {
	widget.BaseWidget
	list, detail fyne.CanvasObject
	edge         *canvas.Rectangle
	inDetail     bool // which of the two a narrow window shows
	wide         bool
	onMode       func() // the window became wide or narrow
}

func newSplit(list, detail fyne.CanvasObject) *split {
	s := &split{list: list, detail: detail, edge: canvas.NewRectangle(widgets.Line)}
	s.ExtendBaseWidget(s)
	return s
}

// showDetail turns a narrow window to the detail or back to the list.
func (s *split) showDetail(detail bool) {
	s.inDetail = detail
	s.Refresh()
}

// back turns a narrow window from the detail to the list.
func (s *split) back() bool {
	if !s.canGoBack() {
		return false
	}
	s.showDetail(false)
	return true
}

func (s *split) canGoBack() bool { return !s.wide && s.inDetail }

// MinSize is what the narrow form needs.
func (s *split) MinSize() fyne.Size {
	a, b := s.list.MinSize(), s.detail.MinSize()
	return fyne.NewSize(min(max(a.Width, b.Width), wideFrom), max(a.Height, b.Height))
}

// CreateRenderer is for the toolkit.
func (s *split) CreateRenderer() fyne.WidgetRenderer { return &splitRenderer{s} }

type splitRenderer struct{ *split }

// Layout implements fyne.WidgetRenderer.
func (r *splitRenderer) Layout(size fyne.Size) {
	before := r.wide
	r.wide = size.Width >= wideFrom
	left := float32(0)
	if r.wide {
		left = min(max(size.Width*0.34, 330), 430)
	}
	place(r.list, r.wide || !r.inDetail, 0, pick(r.wide, left, size.Width), size.Height)
	place(r.edge, r.wide, left, 1, size.Height)
	place(r.detail, r.wide || r.inDetail, pick(r.wide, left+1, 0), pick(r.wide, size.Width-left-1, size.Width), size.Height)
	if before != r.wide && r.onMode != nil {
		r.onMode()
	}
}

func pick(first bool, a, b float32) float32 {
	if first {
		return a
	}
	return b
}

func place(o fyne.CanvasObject, visible bool, x, width, height float32) {
	if !visible {
		o.Hide()
		return
	}
	o.Move(fyne.NewPos(x, 0))
	o.Resize(fyne.NewSize(width, height))
	o.Show()
}

// Refresh implements fyne.WidgetRenderer.
func (r *splitRenderer) Refresh() {
	r.edge.FillColor = color.Color(widgets.Line)
	r.Layout(r.Size())
	canvas.Refresh(r.split)
}

// Objects implements fyne.WidgetRenderer.
func (r *splitRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.list, r.edge, r.detail}
}

// Destroy implements fyne.WidgetRenderer.
func (r *splitRenderer) Destroy() {}
