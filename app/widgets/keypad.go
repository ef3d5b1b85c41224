package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// KeypadSpec describes a pad on which digits are entered that nobody is to read.
type KeypadSpec struct {
	Prompt  string // stands where the dots will be
	Enter   string // what the last key says
	OnEnter func()
	OnType  func(digits string)
}

// Keypad is large keys for digits, and dots for those entered. A keyboard does as well.
type Keypad struct {
	target
	spec   KeypadSpec
	digits string
	dots   *Text
	back   *canvas.Rectangle
	keys   *fyne.Container
}

// mostDigits bounds what is entered; the dots of more would not fit.
const mostDigits = 20

// NewKeypad returns a pad.
func NewKeypad(spec KeypadSpec) *Keypad {
	k := &Keypad{spec: spec, back: canvas.NewRectangle(Paper)}
	k.dots = NewText("", TextStyle{Scale: 1.2, Centre: true, Lines: 1})
	k.back.CornerRadius = radius
	k.restyle, k.onTap = k.paint, k.Focus
	k.keys = container.New(keypadLayout{})
	for digit := range strings.SplitSeq("1 2 3 4 5 6 7 8 9", " ") {
		k.keys.Add(k.key(digit, Ordinary, func() { k.put(digit) }))
	}
	k.keys.Add(k.key("退格", Ordinary, k.drop))
	k.keys.Add(k.key("0", Ordinary, func() { k.put("0") }))
	k.keys.Add(k.key(spec.Enter, Main, spec.OnEnter))
	k.ExtendBaseWidget(k)
	k.show("")
	return k
}

func (k *Keypad) key(text string, weight Weight, tap func()) fyne.CanvasObject {
	return NewButton(ButtonSpec{Text: text, Weight: weight, OnTap: tap})
}

// Focus makes a keyboard's digits go to the pad.
func (k *Keypad) Focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(k); c != nil {
		c.Focus(k)
	}
}

// Clear forgets what was entered.
func (k *Keypad) Clear() { k.show("") }

// Shown returns what stands on the pad, which is never the digits.
func (k *Keypad) Shown() string { return k.dots.Shown() }

func (k *Keypad) put(digit string) {
	if len(k.digits) < mostDigits {
		k.show(k.digits + digit)
	}
}

func (k *Keypad) drop() {
	if k.digits != "" {
		k.show(k.digits[:len(k.digits)-1])
	}
}

func (k *Keypad) show(digits string) {
	k.digits = digits
	if digits == "" {
		k.dots.SetText(k.spec.Prompt)
		k.dots.SetColour(Quiet)
	} else {
		k.dots.SetText(strings.Repeat("●", len(digits)))
		k.dots.SetColour(Ink)
	}
	if k.spec.OnType != nil {
		k.spec.OnType(digits)
	}
}

// TypedRune takes a keyboard's digits.
func (k *Keypad) TypedRune(r rune) {
	onActivity()
	if r >= '0' && r <= '9' {
		k.put(string(r))
	}
}

// TypedKey takes a keyboard's other keys.
func (k *Keypad) TypedKey(e *fyne.KeyEvent) {
	onActivity()
	switch {
	case e.Name == fyne.KeyBackspace:
		k.drop()
	case e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		k.spec.OnEnter()
	case goesBack(e):
		passOn(e)
	}
}

func (k *Keypad) paint() {
	k.back.StrokeColor, k.back.StrokeWidth = Edge, stroke
	if k.focused {
		k.back.StrokeColor, k.back.StrokeWidth = Primary, 2.5
	}
	canvas.Refresh(k.back)
}

// keypadWidth is as wide as the pad gets: a thumb reaches all of it.
const keypadWidth = 420

// MinSize implements fyne.CanvasObject.
func (k *Keypad) MinSize() fyne.Size {
	keys := k.keys.MinSize()
	return fyne.NewSize(keys.Width, k.display()+gap+keys.Height)
}

func (k *Keypad) display() float32 { return k.dots.MinSize().Height + 2*gap }

// CreateRenderer is for the toolkit.
func (k *Keypad) CreateRenderer() fyne.WidgetRenderer {
	k.paint()
	return &layered{of: k, objects: []fyne.CanvasObject{k.back, k.dots, k.keys}, layout: func(size fyne.Size) {
		width, top := min(size.Width, keypadWidth), k.display()
		left := (size.Width - width) / 2
		k.back.Move(fyne.NewPos(left, 0))
		k.back.Resize(fyne.NewSize(width, top))
		k.dots.Move(fyne.NewPos(left, gap))
		k.dots.Resize(fyne.NewSize(width, top-2*gap))
		k.keys.Move(fyne.NewPos(left, top+gap))
		k.keys.Resize(fyne.NewSize(width, size.Height-top-gap))
	}}
}

// keypadLayout sets keys in three columns.
type keypadLayout struct{}

const keypadColumns = 3

// Layout implements fyne.Layout.
func (keypadLayout) Layout(keys []fyne.CanvasObject, size fyne.Size) {
	rows := float32((len(keys) + keypadColumns - 1) / keypadColumns)
	cell := fyne.NewSize((size.Width-(keypadColumns-1)*gap)/keypadColumns, (size.Height-(rows-1)*gap)/rows)
	for i, key := range keys {
		key.Move(fyne.NewPos(float32(i%keypadColumns)*(cell.Width+gap), float32(i/keypadColumns)*(cell.Height+gap)))
		key.Resize(cell)
	}
}

// MinSize implements fyne.Layout.
func (keypadLayout) MinSize(keys []fyne.CanvasObject) fyne.Size {
	rows := float32((len(keys) + keypadColumns - 1) / keypadColumns)
	cell := fyne.NewSize(touch, max(touch+8, 2.8*em()))
	for _, key := range keys {
		cell.Width = max(cell.Width, key.MinSize().Width)
	}
	return fyne.NewSize(keypadColumns*(cell.Width+gap)-gap, rows*(cell.Height+gap)-gap)
}
