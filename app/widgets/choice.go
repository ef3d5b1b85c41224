package widgets

import (
	"image/color"
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Item is one thing to choose: the value an answer holds and the words a person reads.
type Item struct {
	Value, Label, Detail string
}

// ChoiceSpec describes a question whose options are all in sight.
type ChoiceSpec struct {
	Items    []Item
	Chosen   []string
	Max      int // of several; 0 is no limit
	OnChange func(chosen []string)
	// OnEnter makes it a choice for a keyboard: every option has a key, and the return key goes on instead of choosing.
	OnEnter func()
}

// optionKeys are the keys of a keyboard's options, in order.
const optionKeys = "123456789abcdefghijklmnopqrstuvwxyz"

// OptionKeys is how many options of a choice for a keyboard have a key.
const OptionKeys = len(optionKeys)

// NewChoiceButtons returns large buttons of which one can be chosen. Tapping the chosen one takes the answer back.
func NewChoiceButtons(spec ChoiceSpec) fyne.CanvasObject {
	c := &choices{spec: spec, chosen: slices.Clone(spec.Chosen), round: true}
	return c.build(c.chooseOne)
}

// NewCheckButtons returns large buttons of which several can be chosen, up to Max.
func NewCheckButtons(spec ChoiceSpec) fyne.CanvasObject {
	c := &choices{spec: spec, chosen: slices.Clone(spec.Chosen)}
	return c.build(c.chooseSeveral)
}

type choices struct {
	spec    ChoiceSpec
	chosen  []string
	round   bool
	options []*option
}

func (c *choices) build(tap func(value string)) fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, 0, len(c.spec.Items))
	for n, item := range c.spec.Items {
		if c.spec.OnEnter != nil && n < len(optionKeys) {
			item.Label = optionKeys[n:n+1] + " " + item.Label
		}
		o := newOption(item, c.round, func() { tap(item.Value) })
		if c.spec.OnEnter != nil {
			o.onEnter, o.onRune = c.spec.OnEnter, c.typed
		}
		c.options = append(c.options, o)
		objects = append(objects, o)
	}
	c.show()
	return Grid(objects...)
}

// typed taps the option of a key.
func (c *choices) typed(r rune) bool {
	n := strings.IndexRune(optionKeys, unicode.ToLower(r))
	if n < 0 || n >= len(c.options) {
		return false
	}
	if !c.round || !c.options[n].chosen { // one key twice is a slip, not a change of mind: space takes back
		c.options[n].Tapped(nil)
	}
	return true
}

func (c *choices) chooseOne(value string) {
	if slices.Contains(c.chosen, value) {
		c.chosen = nil
	} else {
		c.chosen = []string{value}
	}
	c.changed()
}

func (c *choices) chooseSeveral(value string) {
	if i := slices.Index(c.chosen, value); i >= 0 {
		c.chosen = slices.Delete(c.chosen, i, i+1)
	} else if c.spec.Max == 0 || len(c.chosen) < c.spec.Max {
		c.chosen = append(c.chosen, value)
	}
	c.changed()
}

func (c *choices) changed() {
	c.show()
	if c.spec.OnChange != nil {
		c.spec.OnChange(slices.Clone(c.chosen))
	}
}

func (c *choices) show() {
	full := !c.round && c.spec.Max > 0 && len(c.chosen) >= c.spec.Max
	for _, o := range c.options {
		chosen := slices.Contains(c.chosen, o.item.Value)
		o.set(chosen, full && !chosen)
	}
}

// option is one button of a choice: a mark and words that may take several lines.
type option struct {
	target
	item   Item
	label  *Text
	back   *canvas.Rectangle
	mark   *mark
	chosen bool
}

func newOption(item Item, round bool, tap func()) *option {
	o := &option{item: item, label: NewText(item.Label, Plain), back: canvas.NewRectangle(Paper), mark: newMark(round)}
	o.back.CornerRadius = radius
	o.onTap, o.restyle = tap, o.paint
	o.ExtendBaseWidget(o)
	o.paint()
	return o
}

// Shown returns the option's words.
func (o *option) Shown() string { return o.label.Shown() }

// Chosen reports whether the option is part of the answer.
func (o *option) Chosen() bool { return o.chosen }

func (o *option) set(chosen, disabled bool) {
	if o.chosen != chosen || o.disabled != disabled {
		o.chosen, o.disabled = chosen, disabled
		o.paint()
	}
}

func (o *option) paint() {
	ground, edge, text := Paper, Edge, Ink
	switch {
	case o.chosen:
		ground, edge = Chosen, Primary
	case o.disabled:
		ground, edge, text = Table, Line, Edge
	}
	o.back.FillColor, o.back.StrokeColor, o.back.StrokeWidth = shade(ground, o.pressed), edge, stroke
	if o.chosen || o.focused {
		o.back.StrokeWidth = 2.5
	}
	o.mark.set(o.chosen, edge)
	o.label.SetColour(text)
	canvas.Refresh(o.back)
}

const optionSide, markSize = 12, 22

// NaturalWidth is the width the words take on one line.
func (o *option) NaturalWidth() float32 {
	return o.label.natural() + 2*optionSide + markSize + gap
}

// HeightFor implements flexible.
func (o *option) HeightFor(width float32) float32 {
	return max(touch, o.label.HeightFor(o.labelWidth(width))+2*gap)
}

func (o *option) labelWidth(width float32) float32 { return width - 2*optionSide - markSize - gap }

// MinSize implements fyne.CanvasObject.
func (o *option) MinSize() fyne.Size {
	narrow := min(o.NaturalWidth(), 6*em()+2*optionSide+markSize+gap)
	return fyne.NewSize(narrow, o.HeightFor(max(narrow, o.Size().Width)))
}

// CreateRenderer is for the toolkit.
func (o *option) CreateRenderer() fyne.WidgetRenderer {
	objects := append([]fyne.CanvasObject{o.back}, o.mark.objects()...)
	return &layered{of: o, objects: append(objects, o.label), layout: func(size fyne.Size) {
		o.back.Resize(size)
		o.mark.place(fyne.NewPos(optionSide, (size.Height-markSize)/2))
		o.label.Move(fyne.NewPos(optionSide+markSize+gap, 0))
		o.label.Resize(fyne.NewSize(o.labelWidth(size.Width), size.Height))
	}}
}

// mark is the ring or box that says whether an option is chosen.
type mark struct {
	ring, dot *canvas.Rectangle
	strokes   [2]*canvas.Line
	round     bool
}

func newMark(round bool) *mark {
	m := &mark{ring: canvas.NewRectangle(Paper), dot: canvas.NewRectangle(Primary)}
	m.ring.StrokeWidth = 2
	m.dot.CornerRadius = markSize / 4
	m.setRound(round)
	for i := range m.strokes {
		m.strokes[i] = canvas.NewLine(OnColour)
		m.strokes[i].StrokeWidth = 2.5
	}
	return m
}

func (m *mark) setRound(round bool) {
	m.round = round
	m.ring.CornerRadius = 4
	if round {
		m.ring.CornerRadius = markSize / 2
	}
}

func (m *mark) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{m.ring, m.dot, m.strokes[0], m.strokes[1]}
}

func (m *mark) set(chosen bool, edge color.Color) {
	m.ring.StrokeColor, m.ring.FillColor = edge, Paper
	show(m.dot, chosen && m.round)
	for _, s := range m.strokes {
		show(s, chosen && !m.round)
	}
	if chosen && !m.round {
		m.ring.FillColor = Primary
	}
	canvas.Refresh(m.ring)
}

func (m *mark) place(at fyne.Position) {
	m.ring.Move(at)
	m.ring.Resize(fyne.NewSquareSize(markSize))
	m.dot.Move(at.AddXY(markSize/4, markSize/4))
	m.dot.Resize(fyne.NewSquareSize(markSize / 2))
	m.strokes[0].Position1, m.strokes[0].Position2 = at.AddXY(5, 11), at.AddXY(9.5, 16)
	m.strokes[1].Position1, m.strokes[1].Position2 = at.AddXY(9.5, 16), at.AddXY(17, 6.5)
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}
