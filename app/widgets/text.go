package widgets

import (
	"image/color"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// TextStyle says how a Text looks. The zero style is a paragraph of ordinary text.
type TextStyle struct {
	Scale  float32 // of the ordinary size; 0 is 1
	Bold   bool
	Centre bool
	Colour color.Color // nil is Ink
	Lines  int         // at most so many, the last one cut with …; 0 is as many as it takes
	Whole  bool        // one line that is never cut or broken
}

// Styles used throughout.
var (
	Plain   = TextStyle{}
	Strong  = TextStyle{Bold: true}
	Heading = TextStyle{Bold: true, Scale: 1.25}
	Hint    = TextStyle{Scale: 0.9, Colour: Quiet}
	Wrong   = TextStyle{Scale: 0.95, Colour: Danger, Bold: true}
)

// Text is text set as Chinese is set, as wide as it is given and as high as that takes.
type Text struct {
	widget.BaseWidget
	text  string
	style TextStyle
}

// NewText returns text in a style.
func NewText(text string, style TextStyle) *Text {
	t := &Text{text: displayable(text), style: style}
	t.ExtendBaseWidget(t)
	return t
}

// SetText shows another text.
func (t *Text) SetText(text string) {
	if text = displayable(text); text != t.text {
		t.text = text
		t.redraw()
	}
}

// SetColour shows the text in another colour.
func (t *Text) SetColour(c color.Color) {
	if t.style.Colour != c {
		t.style.Colour = c
		t.redraw()
	}
}

// redraw shows a change; a text that has not been laid out has nothing to redraw.
func (t *Text) redraw() {
	if !t.Size().IsZero() {
		t.Refresh()
	}
}

// Shown returns the text as it stands on the screen.
func (t *Text) Shown() string { return t.text }

// HeightFor returns the height the text takes in a width.
func (t *Text) HeightFor(width float32) float32 {
	return float32(len(t.lines(width))) * t.lineHeight()
}

// MinSize is the height at the present width; a text that may be broken asks for little width.
func (t *Text) MinSize() fyne.Size {
	natural := t.natural()
	if t.style.Whole {
		return fyne.NewSize(natural, t.lineHeight())
	}
	width := t.Size().Width
	if width <= 0 {
		width = natural
	}
	return fyne.NewSize(min(natural, 5*t.size()), t.HeightFor(width))
}

// CreateRenderer is for the toolkit.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	return &textRenderer{text: t}
}

func (t *Text) size() float32 {
	if t.style.Scale == 0 {
		return em()
	}
	return em() * t.style.Scale
}

func (t *Text) lineHeight() float32 {
	return fyne.MeasureText("国", t.size(), t.face()).Height
}

func (t *Text) face() fyne.TextStyle { return fyne.TextStyle{Bold: t.style.Bold} }

// natural is the width of the longest line when nothing is broken.
func (t *Text) natural() float32 {
	widest := float32(0)
	for _, line := range breakLines(t.text, 1e9, t.advance) {
		widest = max(widest, measure(line, t.advance))
	}
	return widest + 1
}

func (t *Text) advance(r rune) float32 { return advances.of(r, t.size(), t.style.Bold) }

func (t *Text) lines(width float32) []string {
	if t.style.Whole {
		return []string{t.text}
	}
	lines := breakLines(t.text, max(width, t.size()), t.advance)
	if t.style.Lines == 0 || len(lines) <= t.style.Lines {
		return lines
	}
	lines = lines[:t.style.Lines]
	last := len(lines) - 1
	lines[last] = t.cut(lines[last], width)
	return lines
}

// cut shortens a line until … fits behind it.
func (t *Text) cut(line string, width float32) string {
	runes := []rune(line)
	for len(runes) > 0 && measure(string(runes), t.advance)+t.advance('…') > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

type textRenderer struct {
	text  *Text
	lines []fyne.CanvasObject
}

// Layout sets the lines anew.
func (r *textRenderer) Layout(size fyne.Size) {
	lines := r.text.lines(size.Width)
	r.lines = r.lines[:0]
	height := r.text.lineHeight()
	top := max(0, (size.Height-height*float32(len(lines)))/2)
	for i, line := range lines {
		c := canvas.NewText(line, r.colour())
		c.TextSize, c.TextStyle = r.text.size(), r.text.face()
		if r.text.style.Centre {
			c.Alignment = fyne.TextAlignCenter
		}
		c.Move(fyne.NewPos(0, top+float32(i)*height))
		c.Resize(fyne.NewSize(size.Width, height))
		r.lines = append(r.lines, c)
	}
}

func (r *textRenderer) colour() color.Color {
	if r.text.style.Colour == nil {
		return Ink
	}
	return r.text.style.Colour
}

// MinSize is the widget's.
func (r *textRenderer) MinSize() fyne.Size { return r.text.MinSize() }

// Refresh sets the lines anew and draws them.
func (r *textRenderer) Refresh() {
	r.Layout(r.text.Size())
	canvas.Refresh(r.text)
}

// Objects are the lines.
func (r *textRenderer) Objects() []fyne.CanvasObject { return r.lines }

// Destroy does nothing.
func (r *textRenderer) Destroy() {}

// advances remembers how wide characters are: measuring one costs a trip through the shaper.
var advances = advanceTable{known: map[glyph]float32{}}

type glyph struct {
	r    rune
	size float32
	bold bool
}

type advanceTable struct {
	mu    sync.Mutex
	known map[glyph]float32
}

func (a *advanceTable) of(r rune, size float32, bold bool) float32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := glyph{r, size, bold}
	width, ok := a.known[key]
	if !ok {
		width = fyne.MeasureText(string(r), size, fyne.TextStyle{Bold: bold}).Width
		a.known[key] = width
	}
	return width
}
