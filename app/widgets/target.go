package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/widget"
)

// target is what can be tapped. A tap longer than 300 ms arrives as a secondary one; older hands tap slowly, so both
// do the same. It must not be mobile.Touchable: a finger that begins on one of those cannot drag the page.
type target struct {
	widget.BaseWidget
	onTap    func()
	onRune   func(r rune) bool // reports whether a typed character was for it; nil for none
	onEnter  func()            // what the return key does instead of tapping
	restyle  func()
	disabled bool
	focused  bool
	pressed  bool
}

var (
	_ fyne.SecondaryTappable = (*target)(nil)
	_ fyne.Focusable         = (*target)(nil)
	_ desktop.Mouseable      = (*target)(nil)
)

// Tapped implements fyne.Tappable.
func (t *target) Tapped(*fyne.PointEvent) {
	onActivity()
	if !t.disabled && t.onTap != nil {
		t.onTap()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (t *target) TappedSecondary(e *fyne.PointEvent) { t.Tapped(e) }

// FocusGained implements fyne.Focusable.
func (t *target) FocusGained() { t.become(&t.focused, true) }

// FocusLost implements fyne.Focusable.
func (t *target) FocusLost() { t.become(&t.focused, false) }

// TypedRune taps with the space bar. Any other character is the window's.
func (t *target) TypedRune(r rune) {
	onActivity()
	if t.onRune != nil && t.onRune(r) {
		return
	}
	if r == ' ' {
		t.Tapped(nil)
		return
	}
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if f := w.Canvas().OnTypedRune(); f != nil {
			f(r)
			return
		}
	}
}

// TypedKey taps with the return key.
func (t *target) TypedKey(e *fyne.KeyEvent) {
	onActivity()
	if entered(e) && t.onEnter != nil {
		t.onEnter()
		return
	}
	if entered(e) {
		t.Tapped(nil)
	}
	if goesBack(e) {
		passOn(e)
	}
}

func entered(e *fyne.KeyEvent) bool { return e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter }

func goesBack(e *fyne.KeyEvent) bool { return e.Name == mobile.KeyBack || e.Name == fyne.KeyEscape }

// passOn hands a key that a focused widget has no use for to the window: the back button means the screen, wherever
// the caret is.
func passOn(e *fyne.KeyEvent) {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		if f := w.Canvas().OnTypedKey(); f != nil {
			f(e)
			return
		}
	}
}

// MouseDown implements desktop.Mouseable.
func (t *target) MouseDown(*desktop.MouseEvent) { t.become(&t.pressed, true) }

// MouseUp implements desktop.Mouseable.
func (t *target) MouseUp(*desktop.MouseEvent) { t.become(&t.pressed, false) }

func (t *target) become(state *bool, now bool) {
	onActivity()
	*state = now
	if t.restyle != nil {
		t.restyle()
	}
}
