package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Weight says how much a button asks to be pressed.
type Weight int

// Weights.
const (
	Ordinary Weight = iota // outlined
	Main                   // filled: the one thing to do next
	Light                  // words only
	Grave                  // red: what it does cannot be taken back
)

// ButtonSpec describes a button.
type ButtonSpec struct {
	Text     string
	Weight   Weight
	Disabled bool
	OnTap    func()
}

// Button is a large button.
type Button struct {
	target
	weight Weight
	label  *Text
	back   *canvas.Rectangle
}

// NewButton returns a button.
func NewButton(spec ButtonSpec) *Button {
	b := &Button{weight: spec.Weight, back: canvas.NewRectangle(color.Transparent)}
	b.label = NewText(spec.Text, TextStyle{Bold: true, Centre: true, Whole: true})
	b.onTap, b.disabled, b.restyle = spec.OnTap, spec.Disabled, b.paint
	b.back.CornerRadius = radius
	b.ExtendBaseWidget(b)
	b.paint()
	return b
}

// Shown returns the button's words.
func (b *Button) Shown() string { return b.label.Shown() }

// SetText puts other words on the button.
func (b *Button) SetText(text string) { b.label.SetText(text) }

// SetDisabled makes the button refuse taps, or take them again.
func (b *Button) SetDisabled(disabled bool) {
	b.disabled = disabled
	b.paint()
}

// MinSize leaves room for a thumb.
func (b *Button) MinSize() fyne.Size {
	text := b.label.MinSize()
	side := float32(inset)
	if b.weight == Light {
		side = gap
	}
	return fyne.NewSize(max(touch, text.Width+2*side), max(touch, text.Height+gap))
}

// CreateRenderer is for the toolkit.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	return &layered{of: b, objects: []fyne.CanvasObject{b.back, b.label}, layout: func(size fyne.Size) {
		b.back.Resize(size)
		b.label.Resize(size)
	}}
}

func (b *Button) paint() {
	ground, edge, text := b.colours()
	b.back.FillColor, b.back.StrokeColor, b.back.StrokeWidth = ground, edge, stroke
	if b.focused {
		b.back.StrokeColor, b.back.StrokeWidth = Ink, 2.5
	}
	b.label.SetColour(text)
	canvas.Refresh(b.back)
}

func (b *Button) colours() (ground, edge, text color.Color) {
	switch {
	case b.disabled:
		return Table, Line, Edge
	case b.weight == Main:
		return shade(Primary, b.pressed), Primary, OnColour
	case b.weight == Grave:
		return shade(Danger, b.pressed), Danger, OnColour
	case b.weight == Light:
		return shade(color.NRGBA{}, b.pressed), color.Transparent, Primary
	}
	return shade(Paper, b.pressed), Edge, Primary
}

// shade darkens what is pressed.
func shade(c color.NRGBA, pressed bool) color.Color {
	switch {
	case !pressed:
		return c
	case c.A == 0:
		return color.NRGBA{A: 0x18}
	}
	return color.NRGBA{R: c.R / 8 * 7, G: c.G / 8 * 7, B: c.B / 8 * 7, A: c.A}
}

// layered renders a widget that keeps its own objects.
type layered struct {
	of      fyne.Widget
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
}

// Layout implements fyne.WidgetRenderer.
func (r *layered) Layout(size fyne.Size) { r.layout(size) }

// MinSize implements fyne.WidgetRenderer.
func (r *layered) MinSize() fyne.Size { return r.of.MinSize() }

// Refresh implements fyne.WidgetRenderer.
func (r *layered) Refresh() {
	r.layout(r.of.Size())
	canvas.Refresh(r.of)
}

// Objects implements fyne.WidgetRenderer.
func (r *layered) Objects() []fyne.CanvasObject { return r.objects }

// Destroy implements fyne.WidgetRenderer.
func (r *layered) Destroy() {}
