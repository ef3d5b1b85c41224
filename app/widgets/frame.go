package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Frame is a head as high as it needs over a body that takes the rest.
type Frame struct {
	widget.BaseWidget
	head *fyne.Container
	body fyne.CanvasObject
}

// NewFrame returns an empty frame.
func NewFrame() *Frame {
	f := &Frame{head: &fyne.Container{Layout: &column{}}, body: Spacer(1)}
	f.ExtendBaseWidget(f)
	return f
}

// Set shows another head and body.
func (f *Frame) Set(head []fyne.CanvasObject, body fyne.CanvasObject) {
	f.head.Objects, f.body = head, body
	f.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (f *Frame) MinSize() fyne.Size {
	head, body := f.head.MinSize(), f.body.MinSize()
	return fyne.NewSize(max(head.Width, body.Width), head.Height+body.Height)
}

var _ desktop.Hoverable = (*Frame)(nil)

// MouseIn implements desktop.Hoverable.
func (f *Frame) MouseIn(*desktop.MouseEvent) { onActivity() }

// MouseMoved implements desktop.Hoverable: whoever moves the pointer is there.
func (f *Frame) MouseMoved(*desktop.MouseEvent) { onActivity() }

// MouseOut implements desktop.Hoverable.
func (f *Frame) MouseOut() {}

// CreateRenderer is for the toolkit.
func (f *Frame) CreateRenderer() fyne.WidgetRenderer { return &frameRenderer{f} }

type frameRenderer struct{ frame *Frame }

// Layout implements fyne.WidgetRenderer.
func (r *frameRenderer) Layout(size fyne.Size) {
	height := HeightFor(r.frame.head, size.Width)
	r.frame.head.Resize(fyne.NewSize(size.Width, height))
	relayout(r.frame.head, func(fyne.CanvasObject) {})
	r.frame.body.Move(fyne.NewPos(0, height))
	r.frame.body.Resize(fyne.NewSize(size.Width, size.Height-height))
}

// MinSize implements fyne.WidgetRenderer.
func (r *frameRenderer) MinSize() fyne.Size { return r.frame.MinSize() }

// Refresh implements fyne.WidgetRenderer.
func (r *frameRenderer) Refresh() {
	r.Layout(r.frame.Size())
	canvas.Refresh(r.frame)
}

// Objects implements fyne.WidgetRenderer.
func (r *frameRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.frame.head, r.frame.body}
}

// Destroy implements fyne.WidgetRenderer.
func (r *frameRenderer) Destroy() {}
