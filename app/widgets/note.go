package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// NewNote returns words to be read out or kept in mind, with a bar at their left.
func NewNote(text string) fyne.CanvasObject { return marked(Primary, Chosen, NewText(text, Plain)) }

// NewWarning returns words about something wrong.
func NewWarning(text string) fyne.CanvasObject { return marked(Danger, Warned, NewText(text, Wrong)) }

func marked(edge, ground color.Color, content fyne.CanvasObject) fyne.CanvasObject {
	stripe := canvas.NewRectangle(edge)
	stripe.SetMinSize(fyne.NewSize(4, 4))
	back := canvas.NewRectangle(ground)
	back.CornerRadius = 4
	body := &fyne.Container{Layout: &padding{x: gap, y: gap, behind: 1}, Objects: []fyne.CanvasObject{back, content}}
	return Bar(1, stripe, body)
}

// Meter is a thin bar that shows how much of a whole is done.
func Meter(done, total int) fyne.CanvasObject {
	whole, part := canvas.NewRectangle(Line), canvas.NewRectangle(Good)
	whole.CornerRadius, part.CornerRadius = 3, 3
	share := float32(0)
	if total > 0 {
		share = min(1, float32(done)/float32(total))
	}
	return &fyne.Container{Layout: meter(share), Objects: []fyne.CanvasObject{whole, part}}
}

type meter float32

// Layout implements fyne.Layout.
func (m meter) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	objects[1].Resize(fyne.NewSize(size.Width*float32(m), size.Height))
}

// MinSize implements fyne.Layout.
func (m meter) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(60, 6) }
