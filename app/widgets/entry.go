package widgets

import (
	"image/color"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/widget"
)

// FieldSpec describes a field that is typed into.
type FieldSpec struct {
	Text    string
	Prompt  string // stands in the empty field
	Rows    int    // lines in sight; more than one takes line breaks
	Numeric bool   // asks the device for its number keyboard
	Secret  bool   // shows dots in place of what is typed
	OnType  func(text string)
	OnLeave func()
	OnEnter func() // the return key goes on from the field instead of breaking the line; nil for neither
}

// Field takes typed text exactly as it is typed. What is wrong with it is said beside it, never mended in it.
//
// The toolkit's entry keeps the wheel and every dragging finger for itself, so that a page full of entries could hardly
// be scrolled. A veil therefore lies over an entry that is not being typed into and hands both to the page; the first
// tap lifts it.
type Field struct {
	widget.BaseWidget
	entry *entry
	veil  *veil
}

// NewField returns a field.
func NewField(spec FieldSpec) *Field {
	f := &Field{entry: newEntry(spec)}
	f.veil = &veil{field: f}
	f.veil.ExtendBaseWidget(f.veil)
	f.entry.onFocus = func(focused bool) { show(f.veil, !focused) }
	f.ExtendBaseWidget(f)
	return f
}

// Typed returns what has been typed.
func (f *Field) Typed() string { return f.entry.Text }

// HasFocus reports whether keys go to the field.
func (f *Field) HasFocus() bool { return !f.veil.Visible() }

// SetText writes another text into the field.
func (f *Field) SetText(text string) { f.entry.SetText(text) }

// MinSize leaves room for a thumb.
func (f *Field) MinSize() fyne.Size {
	size := f.entry.MinSize()
	return fyne.NewSize(max(size.Width, 4*em()), max(size.Height, touch))
}

// CreateRenderer is for the toolkit.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	return &layered{of: f, objects: []fyne.CanvasObject{f.entry, f.veil}, layout: func(size fyne.Size) {
		f.entry.Resize(size)
		f.veil.Resize(size)
	}}
}

func (f *Field) setPage(p *Page) { f.veil.page = p }

func (f *Field) holds(o fyne.CanvasObject) bool { return o == fyne.CanvasObject(f.entry) }

// entry is the toolkit's, with the keyboard and the keys a survey wants.
type entry struct {
	widget.Entry
	spec    FieldSpec
	onFocus func(focused bool)
}

var _ mobile.Keyboardable = (*entry)(nil)

func newEntry(spec FieldSpec) *entry {
	e := &entry{spec: spec}
	e.Text = spec.Text
	e.PlaceHolder = displayable(spec.Prompt)
	e.Password = spec.Secret
	if spec.Rows > 1 {
		e.MultiLine = true
		e.Wrapping = fyne.TextWrapBreak
		e.SetMinRowsVisible(spec.Rows)
	}
	e.OnChanged = func(text string) {
		onActivity()
		if spec.OnType != nil {
			spec.OnType(text)
		}
	}
	e.ExtendBaseWidget(e)
	return e
}

// Keyboard says which keyboard the device shows.
func (e *entry) Keyboard() mobile.KeyboardType {
	switch {
	case e.spec.Secret:
		return mobile.PasswordKeyboard
	case e.spec.Numeric:
		return mobile.NumberKeyboard
	case e.MultiLine:
		return mobile.DefaultKeyboard
	}
	return mobile.SingleLineKeyboard
}

// FocusGained lifts the veil.
func (e *entry) FocusGained() {
	onActivity()
	e.Entry.FocusGained()
	e.onFocus(true)
}

// FocusLost reports that typing has ended.
func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	e.onFocus(false)
	if e.spec.OnLeave != nil {
		e.spec.OnLeave()
	}
}

// TypedKey hands the back button on to the window.
func (e *entry) TypedKey(key *fyne.KeyEvent) {
	onActivity()
	if goesBack(key) {
		passOn(key)
		return
	}
	if entered(key) && e.spec.OnEnter != nil {
		e.spec.OnEnter()
		return
	}
	e.Entry.TypedKey(key)
}

// veil lies over an entry that is not being typed into.
type veil struct {
	widget.BaseWidget
	field *Field
	page  *Page // nil outside a page
}

var (
	_ fyne.Tappable          = (*veil)(nil)
	_ fyne.SecondaryTappable = (*veil)(nil)
	_ fyne.Scrollable        = (*veil)(nil)
	_ fyne.Draggable         = (*veil)(nil)
)

// Tapped puts the caret where the finger was.
func (v *veil) Tapped(at *fyne.PointEvent) {
	e := v.field.entry
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil {
		c.Focus(e)
	}
	if fyne.CurrentDevice().IsMobile() {
		e.TouchDown(&mobile.TouchEvent{PointEvent: *at})
		e.TouchUp(&mobile.TouchEvent{PointEvent: *at})
		return
	}
	e.MouseDown(&desktop.MouseEvent{PointEvent: *at, Button: desktop.MouseButtonPrimary})
	e.MouseUp(&desktop.MouseEvent{PointEvent: *at, Button: desktop.MouseButtonPrimary})
}

// TappedSecondary does what a quicker tap does.
func (v *veil) TappedSecondary(at *fyne.PointEvent) { v.Tapped(at) }

// Scrolled turns the page.
func (v *veil) Scrolled(e *fyne.ScrollEvent) {
	onActivity()
	if v.page != nil {
		v.page.scroll.Scrolled(e)
	}
}

// Dragged moves the page under the finger.
func (v *veil) Dragged(e *fyne.DragEvent) {
	onActivity()
	if d := v.draggable(); d != nil {
		d.Dragged(e)
	}
}

// DragEnd lets the page come to rest.
func (v *veil) DragEnd() {
	if d := v.draggable(); d != nil {
		d.DragEnd()
	}
}

// draggable returns the page as what a finger drags; a mouse drags no pages.
func (v *veil) draggable() fyne.Draggable {
	if v.page == nil {
		return nil
	}
	d, _ := any(v.page.scroll).(fyne.Draggable)
	return d
}

// CreateRenderer is for the toolkit.
func (v *veil) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}

// NumberSpec describes a field for a number.
type NumberSpec struct {
	Text    string
	Prompt  string
	Whole   bool // whole numbers get buttons for one more and one less
	OnType  func(text string)
	OnLeave func()
	OnEnter func() // as of a FieldSpec
}

// NewNumberField returns a field for a number.
func NewNumberField(spec NumberSpec) fyne.CanvasObject {
	field := NewField(FieldSpec{
		Text: spec.Text, Prompt: spec.Prompt, Numeric: true, OnType: spec.OnType, OnLeave: spec.OnLeave, OnEnter: spec.OnEnter,
	})
	if !spec.Whole {
		return field
	}
	step := func(by int) func() {
		return func() {
			field.SetText(stepped(field.Typed(), by))
			if spec.OnLeave != nil {
				spec.OnLeave()
			}
		}
	}
	return Bar(1, NewButton(ButtonSpec{Text: "－", OnTap: step(-1)}), field,
		NewButton(ButtonSpec{Text: "＋", OnTap: step(1)}))
}

// stepped counts up or down from what is written; from nothing it begins at nought.
func stepped(text string, by int) string {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return "0"
	}
	return strconv.Itoa(n + by)
}
