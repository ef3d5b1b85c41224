package field

import (
	"fyne.io/fyne/v2"

	"zoucun/app/widgets"
)

// secretSpec describes a place where a PIN or a passphrase is entered.
type secretSpec struct {
	prompt  string
	enter   string // what the button says
	words   bool   // letters are asked for, so a field comes first
	page    *widgets.Page
	onEnter func(secret string)
}

// secret is large keys for a PIN, or a field for a passphrase. Nobody reads over the shoulder: both show dots.
type secret struct {
	spec   secretSpec
	object *fyne.Container
	pad    *widgets.Keypad
	field  *widgets.Field
	words  bool
	typed  string
}

func newSecret(spec secretSpec) *secret {
	s := &secret{spec: spec, object: widgets.Column(), words: spec.words}
	s.pad = widgets.NewKeypad(widgets.KeypadSpec{
		Prompt: spec.prompt, Enter: spec.enter, OnEnter: s.enter, OnType: func(digits string) { s.typed = digits },
	})
	s.clear()
	return s
}

func (s *secret) enter() { s.spec.onEnter(s.typed) }

// clear forgets what was typed.
func (s *secret) clear() {
	s.pad.Clear()
	s.typed = ""
	s.field = widgets.NewField(widgets.FieldSpec{Prompt: s.spec.prompt, Secret: true, OnType: func(text string) { s.typed = text }})
	s.layOut()
}

// layOut shows the keys or the field, and the way to the other.
func (s *secret) layOut() {
	if !s.words {
		other := widgets.NewButton(widgets.ButtonSpec{Text: "密码里有字母或汉字", Weight: widgets.Light, OnTap: func() { s.turn(true) }})
		s.object.Objects = []fyne.CanvasObject{s.pad, widgets.Bar(-1, other)}
	} else {
		enter := widgets.NewButton(widgets.ButtonSpec{Text: s.spec.enter, Weight: widgets.Main, OnTap: s.enter})
		s.object.Objects = []fyne.CanvasObject{s.field, enter}
		if !s.spec.words {
			s.object.Objects = append(s.object.Objects, widgets.Bar(-1, widgets.NewButton(widgets.ButtonSpec{
				Text: "密码全是数字", Weight: widgets.Light, OnTap: func() { s.turn(false) },
			})))
		}
	}
}

func (s *secret) turn(words bool) {
	s.words = words
	s.clear()
	s.spec.page.Refresh()
}
