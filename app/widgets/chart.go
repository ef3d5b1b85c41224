package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// ChartBar is a line of a chart.
type ChartBar struct {
	Label string
	Parts []ChartPart
	Of    int    // what a bar of full length stands for
	Words string // at the right
	OnTap func() // nil where the bar leads nowhere
}

// ChartPart is a part of a bar.
type ChartPart struct {
	Count  int
	Colour color.Color
}

// Colours of parts beside Primary, Good and Danger. They stand out from one another in grey too.
var (
	Half = color.NRGBA{R: 0x7F, G: 0xB0, B: 0x8F, A: 0xFF}
	None = color.NRGBA{R: 0xB4, G: 0xBD, B: 0xC7, A: 0xFF}
)

// NewChart returns bars one under another, each with its name before it and its number behind it.
func NewChart(bars []ChartBar) fyne.CanvasObject {
	rows, objects := make([]*barRow, len(bars)), make([]fyne.CanvasObject, len(bars))
	room := 9 * em()
	for i, bar := range bars {
		rows[i] = newBarRow(bar)
		room = max(room, rows[i].words.MinSize().Width)
		objects[i] = rows[i]
	}
	for _, row := range rows {
		row.room = room
	}
	return Tight(objects...)
}

// NewLegend returns what the colours of a chart stand for.
func NewLegend(names []string, colours []color.Color) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for i, name := range names {
		spot := canvas.NewRectangle(colours[i])
		spot.CornerRadius = 3
		spot.SetMinSize(fyne.NewSize(18, 18))
		objects = append(objects, &fyne.Container{Layout: spotLayout{}, Objects: []fyne.CanvasObject{
			spot, NewText(name, TextStyle{Scale: 0.9, Colour: Quiet, Whole: true}),
		}})
	}
	return Bar(-1, objects...)
}

// spotLayout sets a spot of colour before its name.
type spotLayout struct{}

// Layout implements fyne.Layout.
func (spotLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(0, (size.Height-18)/2))
	o[0].Resize(fyne.NewSize(18, 18))
	o[1].Move(fyne.NewPos(18+gap/2, 0))
	o[1].Resize(fyne.NewSize(size.Width-18-gap/2, size.Height))
}

// MinSize implements fyne.Layout.
func (spotLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	text := o[1].MinSize()
	return fyne.NewSize(18+gap/2+text.Width, max(18, text.Height))
}

// barRow is a line of a chart that can be tapped.
type barRow struct {
	target
	back         *canvas.Rectangle
	track        *canvas.Rectangle
	parts        []*canvas.Rectangle
	spec         ChartBar
	label, words *Text
	room         float32 // behind the bar: as much for every bar of a chart, so that they can be compared
}

func newBarRow(spec ChartBar) *barRow {
	r := &barRow{
		spec: spec, back: canvas.NewRectangle(color.Transparent), track: canvas.NewRectangle(Table),
		label: NewText(spec.Label, TextStyle{Scale: 0.95, Lines: 2}), words: NewText(spec.Words, TextStyle{Scale: 0.95, Bold: true, Whole: true}),
	}
	r.track.CornerRadius = 3
	for _, part := range spec.Parts {
		r.parts = append(r.parts, canvas.NewRectangle(part.Colour))
	}
	r.onTap, r.restyle, r.disabled = spec.OnTap, r.paint, spec.OnTap == nil
	if spec.OnTap != nil {
		r.words.SetColour(Primary)
	}
	r.ExtendBaseWidget(r)
	return r
}

// Shown returns what the bar is of.
func (r *barRow) Shown() string { return r.spec.Label }

func (r *barRow) paint() {
	r.back.FillColor = color.Transparent
	if r.pressed || r.focused {
		r.back.FillColor = Chosen
	}
	canvas.Refresh(r.back)
}

// MinSize leaves room for a name of two lines where that can be tapped.
func (r *barRow) MinSize() fyne.Size {
	height := max(float32(30), r.label.HeightFor(r.nameWidth())+6)
	if r.onTap != nil {
		height = max(height, 40)
	}
	return fyne.NewSize(2*r.nameWidth()+r.words.MinSize().Width, height)
}

func (r *barRow) nameWidth() float32 { return 10 * em() }

// CreateRenderer is for the toolkit.
func (r *barRow) CreateRenderer() fyne.WidgetRenderer {
	objects := []fyne.CanvasObject{r.back, r.track}
	for _, part := range r.parts {
		objects = append(objects, part)
	}
	return &layered{of: r, objects: append(objects, r.label, r.words), layout: r.lay}
}

func (r *barRow) lay(size fyne.Size) {
	r.back.Resize(size)
	name, height := r.nameWidth(), r.label.HeightFor(r.nameWidth())
	r.label.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.label.Resize(fyne.NewSize(name, height))
	words := r.words.MinSize()
	r.words.Move(fyne.NewPos(size.Width-r.room, (size.Height-words.Height)/2))
	r.words.Resize(words)
	left, width := name+gap, size.Width-name-2*gap-r.room
	const thick = 18
	top := (size.Height - thick) / 2
	r.track.Move(fyne.NewPos(left, top))
	r.track.Resize(fyne.NewSize(width, thick))
	x := left
	for i, part := range r.spec.Parts {
		w := width * float32(part.Count) / float32(max(1, r.spec.Of))
		r.parts[i].Move(fyne.NewPos(x, top))
		r.parts[i].Resize(fyne.NewSize(w, thick))
		x += w
	}
}
