package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// TopBarSpec describes the bar at the top of every screen: the way back, where one is, and what can be done.
type TopBarSpec struct {
	Title, Subtitle string
	OnBack          func() // nil where there is no way back
	Actions         []ButtonSpec
}

// NewTopBar returns the bar. Actions stand at the top because a keyboard covers the bottom.
func NewTopBar(spec TopBarSpec) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if spec.OnBack != nil {
		objects = append(objects, NewButton(ButtonSpec{Text: "返回", OnTap: spec.OnBack}))
	}
	titles := []fyne.CanvasObject{NewText(spec.Title, TextStyle{Bold: true, Scale: 1.1, Lines: 1})}
	if spec.Subtitle != "" {
		titles = append(titles, NewText(spec.Subtitle, TextStyle{Scale: 0.8, Colour: Quiet, Lines: 1}))
	}
	stretch := len(objects)
	objects = append(objects, &fyne.Container{Layout: &column{}, Objects: titles})
	for _, action := range spec.Actions {
		objects = append(objects, NewButton(action))
	}
	line := canvas.NewRectangle(Line)
	line.SetMinSize(fyne.NewSize(1, 1))
	bar := &fyne.Container{Layout: &padding{x: gap, y: 8, behind: 1}, Objects: []fyne.CanvasObject{
		canvas.NewRectangle(Paper), Bar(stretch, objects...),
	}}
	return &fyne.Container{Layout: &column{}, Objects: []fyne.CanvasObject{bar, line}}
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
	return s
}

// Set says something else.
func (s *StatusBar) Set(words string, tone Tone) {
	s.words.SetText(words)
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
