package widgets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// The pad's picture, in pixels: enough to print a signature 60 mm wide at 300 dpi.
const padWidth, padHeight = 720, 300

// SignatureSpec describes a pad to sign on.
type SignatureSpec struct {
	PNG      []byte // what was signed before
	OnChange func(png []byte)
	OnError  func(error)
}

// NewSignaturePad returns a pad. Each finished stroke is reported at once; clearing reports nil.
func NewSignaturePad(spec SignatureSpec) fyne.CanvasObject {
	p := newPad(spec)
	empty := NewText("请在框内签名", Hint)
	show(empty, len(spec.PNG) == 0)
	p.onStroke = func() { show(empty, false) }
	clear := NewButton(ButtonSpec{Text: "重签", Weight: Light, OnTap: func() {
		p.clear()
		show(empty, true)
	}})
	return Column(container.New(&padding{}, p, container.NewCenter(empty)), Bar(0, NewText("", Plain), clear))
}

// pad is the surface: strokes are drawn into a picture as they are made.
type pad struct {
	target
	spec     SignatureSpec
	picture  *image.NRGBA
	shown    *canvas.Image
	back     *canvas.Rectangle
	last     image.Point
	drawing  bool
	onStroke func()
}

var _ fyne.Draggable = (*pad)(nil)

func newPad(spec SignatureSpec) *pad {
	p := &pad{spec: spec, picture: blank(), back: canvas.NewRectangle(Paper)}
	if old, err := png.Decode(bytes.NewReader(spec.PNG)); err == nil {
		copyOver(p.picture, old)
	}
	p.back.StrokeColor, p.back.StrokeWidth, p.back.CornerRadius = Edge, stroke, radius
	p.shown = canvas.NewImageFromImage(p.picture)
	p.shown.FillMode = canvas.ImageFillStretch
	p.ExtendBaseWidget(p)
	return p
}

func blank() *image.NRGBA { return image.NewNRGBA(image.Rect(0, 0, padWidth, padHeight)) }

func copyOver(dst *image.NRGBA, src image.Image) {
	for y := range padHeight {
		for x := range padWidth {
			dst.Set(x, y, src.At(x, y))
		}
	}
}

// Dragged draws on from the last point.
func (p *pad) Dragged(e *fyne.DragEvent) {
	onActivity()
	at := p.pixel(e.Position)
	if !p.drawing {
		p.drawing = true
		p.last = p.pixel(e.Position.Subtract(e.Dragged))
	}
	line(p.picture, p.last, at)
	p.last = at
	p.redraw()
}

// DragEnd reports the stroke.
func (p *pad) DragEnd() {
	p.drawing = false
	if p.onStroke != nil {
		p.onStroke()
	}
	var out bytes.Buffer
	if err := png.Encode(&out, p.picture); err != nil {
		p.spec.OnError(fmt.Errorf("encode signature: %w", err))
		return
	}
	p.spec.OnChange(out.Bytes())
}

func (p *pad) clear() {
	p.picture = blank()
	p.redraw()
	p.spec.OnChange(nil)
}

func (p *pad) redraw() {
	p.shown.Image = p.picture
	p.shown.Refresh()
}

func (p *pad) pixel(at fyne.Position) image.Point {
	size := p.Size()
	return image.Pt(int(at.X/size.Width*padWidth), int(at.Y/size.Height*padHeight))
}

// HeightFor keeps the proportions of the picture.
func (p *pad) HeightFor(width float32) float32 { return width * padHeight / padWidth }

// MinSize implements fyne.CanvasObject.
func (p *pad) MinSize() fyne.Size {
	const narrow = 240
	return fyne.NewSize(narrow, p.HeightFor(narrow))
}

// CreateRenderer is for the toolkit.
func (p *pad) CreateRenderer() fyne.WidgetRenderer {
	return &layered{of: p, objects: []fyne.CanvasObject{p.back, p.shown}, layout: func(size fyne.Size) {
		p.back.Resize(size)
		p.shown.Resize(size)
	}}
}

// line stamps a round pen along the way from a to b.
func line(picture *image.NRGBA, a, b image.Point) {
	d := b.Sub(a)
	steps := max(1, abs(d.X), abs(d.Y))
	for i := range steps + 1 {
		stamp(picture, a.X+d.X*i/steps, a.Y+d.Y*i/steps)
	}
}

func stamp(picture *image.NRGBA, x, y int) {
	const pen = 3
	ink := color.NRGBA{R: 0x10, G: 0x14, B: 0x2A, A: 0xFF}
	for dy := -pen; dy <= pen; dy++ {
		for dx := -pen; dx <= pen; dx++ {
			if dx*dx+dy*dy <= pen*pen {
				picture.SetNRGBA(x+dx, y+dy, ink)
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

// Shown names the pad for whoever looks for it.
func (p *pad) Shown() string { return "签名" }
