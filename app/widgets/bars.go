package widgets

import (
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// TopBarSpec describes the bar at the top of every screen: the way back, where one is, and what can be done.
type TopBarSpec struct {
	Title, Subtitle string
	OnBack          func() // nil where there is no way back
	Actions         []ButtonSpec
}

// TopBar is the bar. Actions stand at the top because a keyboard covers the bottom.
type TopBar struct {
	Object          fyne.CanvasObject // what is laid out
	bar             *fyne.Container
	title, subtitle *Text
	buttons         []*Button
	shape           string // which buttons there are
}

// NewTopBar returns an empty bar.
func NewTopBar() *TopBar {
	t := &TopBar{
		title:    NewText("", TextStyle{Bold: true, Scale: 1.1, Lines: 1}),
		subtitle: NewText("", TextStyle{Scale: 0.8, Colour: Quiet, Lines: 1}),
	}
	line := canvas.NewRectangle(Line)
	line.SetMinSize(fyne.NewSize(1, 1))
	t.bar = &fyne.Container{Layout: &padding{x: gap, y: 8, behind: 1}}
	t.Object = &fyne.Container{Layout: &column{}, Objects: []fyne.CanvasObject{t.bar, line}}
	return t
}

// Set shows another title and other actions. Buttons that stay are the same objects: typing may end, and the bar
// change, between the moment a finger comes down on a button and the moment it leaves it.
func (t *TopBar) Set(spec TopBarSpec) {
	t.title.SetText(spec.Title)
	t.subtitle.SetText(spec.Subtitle)
	show(t.subtitle, spec.Subtitle != "")
	actions := spec.Actions
	if spec.OnBack != nil {
		actions = append([]ButtonSpec{{Text: "返回", OnTap: spec.OnBack}}, actions...)
	}
	if shape := shapeOf(spec); shape != t.shape {
		t.shape = shape
		t.build(spec.OnBack != nil, actions)
	}
	for i, action := range actions {
		t.buttons[i].onTap = action.OnTap
	}
}

func shapeOf(spec TopBarSpec) string {
	var shape strings.Builder
	fmt.Fprint(&shape, spec.OnBack != nil)
	for _, action := range spec.Actions {
		fmt.Fprint(&shape, "|", action.Text, action.Weight, action.Disabled)
	}
	return shape.String()
}

func (t *TopBar) build(back bool, actions []ButtonSpec) {
	titles := &fyne.Container{Layout: &column{}, Objects: []fyne.CanvasObject{t.title, t.subtitle}}
	t.buttons = nil
	var objects []fyne.CanvasObject
	stretch := 0
	if back {
		stretch = 1
	} else {
		objects = append(objects, titles)
	}
	for _, action := range actions {
		b := NewButton(action)
		t.buttons = append(t.buttons, b)
		objects = append(objects, b)
		if back && len(objects) == 1 {
			objects = append(objects, titles)
		}
	}
	t.bar.Objects = []fyne.CanvasObject{canvas.NewRectangle(Paper), Bar(stretch, objects...)}
}

// Tone says how a status is meant.
type Tone int

// Tones.
const (
	Safe    Tone = iota // everything is where it belongs
	Busy                // something is under way or waits its turn
	Trouble             // a person must do something
)

// StatusBar says in words what is safe where.
type StatusBar struct {
	words *Text
	dot   *canvas.Rectangle
	// Object is what is laid out.
	Object fyne.CanvasObject
}

// NewStatusBar returns an empty status bar.
func NewStatusBar() *StatusBar {
	s := &StatusBar{words: NewText("", TextStyle{Scale: 0.85, Lines: 1}), dot: canvas.NewRectangle(Good)}
	s.dot.CornerRadius = 6
	s.dot.SetMinSize(fyne.NewSquareSize(12))
	s.Object = &fyne.Container{Layout: &padding{x: inset, y: 5, behind: 1}, Objects: []fyne.CanvasObject{
		canvas.NewRectangle(Table), Bar(1, &fyne.Container{Layout: fixed(12), Objects: []fyne.CanvasObject{s.dot}}, s.words),
	}}
	s.Object.Hide() // until there is something to say
	return s
}

// Set says something else.
func (s *StatusBar) Set(words string, tone Tone) {
	s.words.SetText(words)
	show(s.Object, words != "")
	s.dot.FillColor = toneColour(tone)
	canvas.Refresh(s.dot)
}

func toneColour(tone Tone) color.Color {
	switch tone {
	case Busy:
		return color.NRGBA{R: 0xC2, G: 0x7A, B: 0x00, A: 0xFF}
	case Trouble:
		return Danger
	case Safe:
	}
	return Good
}

// fixed keeps its objects square.
type fixed float32

// Layout implements fyne.Layout.
func (f fixed) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSquareSize(float32(f)))
	}
}

// MinSize implements fyne.Layout.
func (f fixed) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSquareSize(float32(f)) }
