package widgets

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/widget"
)

// FieldSpec describes a field that is typed into.
type FieldSpec struct {
	Text    string
	Prompt  string // stands in the empty field
	Rows    int    // lines in sight; more than one takes line breaks
	Numeric bool   // asks the device for its number keyboard
	OnType  func(text string)
	OnLeave func()
}

// Field takes typed text exactly as it is typed. What is wrong with it is said beside it, never mended in it.
type Field struct {
	widget.Entry
	spec FieldSpec
}

var _ mobile.Keyboardable = (*Field)(nil)

// NewField returns a field.
func NewField(spec FieldSpec) *Field {
	f := &Field{spec: spec}
	f.Text = spec.Text
	f.PlaceHolder = displayable(spec.Prompt)
	if spec.Rows > 1 {
		f.MultiLine = true
		f.Wrapping = fyne.TextWrapBreak
		f.SetMinRowsVisible(spec.Rows)
	}
	f.OnChanged = func(text string) {
		if spec.OnType != nil {
			spec.OnType(text)
		}
	}
	f.ExtendBaseWidget(f)
	return f
}

// Keyboard says which keyboard the device shows.
func (f *Field) Keyboard() mobile.KeyboardType {
	switch {
	case f.spec.Numeric:
		return mobile.NumberKeyboard
	case f.MultiLine:
		return mobile.DefaultKeyboard
	}
	return mobile.SingleLineKeyboard
}

// TypedKey hands the back button on to the window.
func (f *Field) TypedKey(e *fyne.KeyEvent) {
	if e.Name == mobile.KeyBack || e.Name == fyne.KeyEscape {
		passOn(e)
		return
	}
	f.Entry.TypedKey(e)
}

// FocusLost reports that typing has ended.
func (f *Field) FocusLost() {
	f.Entry.FocusLost()
	if f.spec.OnLeave != nil {
		f.spec.OnLeave()
	}
}

// TappedSecondary puts the caret where a slow tap falls, as any tap does; the menu of the desktop stays with the
// mouse's other button on a device that has one.
func (f *Field) TappedSecondary(e *fyne.PointEvent) {
	if fyne.CurrentDevice().IsMobile() {
		f.Tapped(e)
		return
	}
	f.Entry.TappedSecondary(e)
}

// MinSize leaves room for a thumb.
func (f *Field) MinSize() fyne.Size {
	size := f.Entry.MinSize()
	return fyne.NewSize(max(size.Width, 4*em()), max(size.Height, touch))
}

// NumberSpec describes a field for a number.
type NumberSpec struct {
	Text    string
	Prompt  string
	Whole   bool // whole numbers get buttons for one more and one less
	OnType  func(text string)
	OnLeave func()
}

// NewNumberField returns a field for a number.
func NewNumberField(spec NumberSpec) fyne.CanvasObject {
	field := NewField(FieldSpec{
		Text: spec.Text, Prompt: spec.Prompt, Numeric: true, OnType: spec.OnType, OnLeave: spec.OnLeave,
	})
	if !spec.Whole {
		return field
	}
	step := func(by int) func() {
		return func() {
			field.SetText(stepped(field.Text, by))
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

// Typed returns what has been typed.
func (f *Field) Typed() string { return f.Text }
