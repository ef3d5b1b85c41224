package widgets

import (
	"bytes"
	"image/png"
	"slices"
	"strconv"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/mobile"
	"fyne.io/fyne/v2/test"

	"zoucun/assets"
)

// stage shows an object in a window with the product's look.
func stage(t *testing.T, o fyne.CanvasObject, width, height float32) fyne.Window {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewTheme(Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, TextNormal))
	w := app.NewWindow("")
	w.SetPadded(false)
	w.SetContent(o)
	w.Resize(fyne.NewSize(width, height))
	t.Cleanup(w.Close)
	return w
}

// all returns every object of a type in a tree, in order.
func all[T fyne.CanvasObject](o fyne.CanvasObject) []T {
	var found []T
	if t, ok := o.(T); ok {
		found = append(found, t)
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			found = append(found, all[T](child)...)
		}
	case *container.Scroll:
		found = append(found, all[T](o.Content)...)
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			found = append(found, all[T](child)...)
		}
	}
	return found
}

func button(t *testing.T, o fyne.CanvasObject, words string) *Button {
	t.Helper()
	for _, b := range all[*Button](o) {
		if b.Shown() == words && b.Visible() {
			return b
		}
	}
	t.Fatalf("no button %q", words)
	return nil
}

func abc() []Item {
	return []Item{{Value: "a", Label: "甲"}, {Value: "b", Label: "乙"}, {Value: "c", Label: "丙"}}
}

func TestChoiceButtons(t *testing.T) {
	var got []string
	o := NewChoiceButtons(ChoiceSpec{Items: abc(), Chosen: []string{"a"}, OnChange: func(c []string) { got = c }})
	stage(t, o, 600, 200)
	options := all[*option](o)
	test.Tap(options[1])
	if !slices.Equal(got, []string{"b"}) || options[0].Chosen() || !options[1].Chosen() {
		t.Errorf("after tapping 乙: %v", got)
	}
	options[1].TappedSecondary(nil)
	if len(got) != 0 || options[1].Chosen() {
		t.Errorf("a slow tap on what is chosen does not take it back: %v", got)
	}
}

func TestCheckButtonsStopAtTheLimit(t *testing.T) {
	var got []string
	o := NewCheckButtons(ChoiceSpec{Items: abc(), Max: 2, OnChange: func(c []string) { got = c }})
	stage(t, o, 600, 200)
	options := all[*option](o)
	for _, option := range options {
		test.Tap(option)
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("chosen %v, want the first two", got)
	}
	test.Tap(options[0])
	test.Tap(options[2])
	if !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("after giving one back: %v", got)
	}
}

func TestOptionsWrapAndAreHighEnough(t *testing.T) {
	items := append(abc(), Item{Value: "d", Label: "反映人不愿意在这里登记姓名但是愿意由承办单位打电话联系的情况"})
	o := NewChoiceButtons(ChoiceSpec{Items: items})
	stage(t, o, 320, 600)
	for _, option := range all[*option](o) {
		if option.Size().Height < touch || option.Size().Width > 320 {
			t.Errorf("%s is %v", option.Shown(), option.Size())
		}
		if text := option.label; text.HeightFor(text.Size().Width) > option.Size().Height {
			t.Errorf("%s does not fit its button", option.Shown())
		}
	}
}

func TestFieldPassesTextOnAsTyped(t *testing.T) {
	var typed []string
	left := 0
	f := NewField(FieldSpec{OnType: func(text string) { typed = append(typed, text) }, OnLeave: func() { left++ }})
	w := stage(t, f, 300, 60)
	f.veil.Tapped(&fyne.PointEvent{})
	if !f.HasFocus() {
		t.Fatal("a tap does not give the field the focus")
	}
	for _, r := range "zhang张三" {
		f.entry.TypedRune(r)
	}
	if got := typed[len(typed)-1]; got != "zhang张三" || len(typed) != 7 || f.Typed() != got {
		t.Errorf("typed %q", typed)
	}
	w.Canvas().Unfocus()
	if left != 1 || f.HasFocus() {
		t.Errorf("left %d times, focus %v", left, f.HasFocus())
	}
}

func TestFieldAsksForTheRightKeyboard(t *testing.T) {
	test.NewTempApp(t)
	for want, spec := range map[mobile.KeyboardType]FieldSpec{
		mobile.NumberKeyboard: {Numeric: true}, mobile.SingleLineKeyboard: {}, mobile.DefaultKeyboard: {Rows: 3},
	} {
		if got := NewField(spec).entry.Keyboard(); got != want {
			t.Errorf("%+v: keyboard %v, want %v", spec, got, want)
		}
	}
}

func TestTheBackButtonReachesTheWindowFromAField(t *testing.T) {
	f := NewField(FieldSpec{Text: "张"})
	w := stage(t, f, 300, 60)
	backs := 0
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == mobile.KeyBack {
			backs++
		}
	})
	f.entry.TypedKey(&fyne.KeyEvent{Name: mobile.KeyBack})
	if backs != 1 || f.Typed() != "张" {
		t.Errorf("%d backs, text %q", backs, f.Typed())
	}
}

func TestNumberStepsFromWhatIsWritten(t *testing.T) {
	var got string
	o := NewNumberField(NumberSpec{Whole: true, OnType: func(text string) { got = text }})
	stage(t, o, 400, 60)
	for _, step := range []struct{ tap, want string }{{"＋", "0"}, {"＋", "1"}, {"＋", "2"}, {"－", "1"}} {
		test.Tap(button(t, o, step.tap))
		if got != step.want {
			t.Errorf("after %s: %q, want %q", step.tap, got, step.want)
		}
	}
}

func TestDateSteps(t *testing.T) {
	var got string
	o := NewDateField(DateSpec{Date: "2026-01-31", Today: "2026-11-22", OnChange: func(date string) { got = date }})
	stage(t, o, 700, 250)
	plus := func(i int) *Button {
		var found []*Button
		for _, b := range all[*Button](o) {
			if b.Shown() == "＋" {
				found = append(found, b)
			}
		}
		return found[i]
	}
	const year, month, day = 0, 1, 2
	test.Tap(plus(month))
	if got != "2026-02-28" {
		t.Errorf("a month after 31 January: %q", got)
	}
	test.Tap(plus(day))
	test.Tap(plus(year))
	if got != "2027-03-01" {
		t.Errorf("a day and a year later: %q", got)
	}
	test.Tap(button(t, o, "清除"))
	if got != "" {
		t.Errorf("cleared: %q", got)
	}
	test.Tap(plus(day))
	if got != "2026-11-22" {
		t.Errorf("stepping from nothing: %q", got)
	}
}

func TestPickerFindsAndPicks(t *testing.T) {
	var got []string
	done := 0
	o := NewPicker(PickerSpec{
		Search: func(text string) []Item {
			if text == "" {
				return abc()
			}
			return abc()[2:]
		},
		Later:    func(_ time.Duration, f func()) func() { f(); return func() {} },
		OnChange: func(chosen []Item) { got = []string{Labels(chosen)} },
		OnDone:   func() { done++ },
	})
	stage(t, o, 400, 600)
	all[*Field](o)[0].SetText("bing")
	test.Tap(all[*Row](o)[0])
	if !slices.Equal(got, []string{"丙"}) || done != 1 {
		t.Errorf("picked %v, done %d times", got, done)
	}
}

func TestPickerOfSeveral(t *testing.T) {
	var got []Item
	o := NewPicker(PickerSpec{
		Search: func(string) []Item { return abc() }, Several: true, Max: 2, Chosen: abc()[:1],
		OnChange: func(chosen []Item) { got = chosen },
	})
	stage(t, o, 400, 600)
	rows := all[*Row](o)
	test.Tap(rows[1])
	test.Tap(rows[2])
	if Labels(got) != "甲、乙" {
		t.Errorf("picked %q, want no more than two", Labels(got))
	}
	test.Tap(rows[0])
	if Labels(got) != "乙" {
		t.Errorf("picked %q after giving one back", Labels(got))
	}
}

func TestRemovingIsAskedAboutOnce(t *testing.T) {
	removed := -1
	o := NewRepeatCards(RepeatSpec{
		Cards: []CardFacts{{Title: "路灯", CanRemove: true}, {Title: "水管", CanRemove: true}}, OnEdit: func(int) {},
		OnRemove: func(i int) { removed = i },
	})
	stage(t, o, 500, 400)
	second := o.Objects[1]
	test.Tap(button(t, second, "删除"))
	if removed != -1 {
		t.Fatal("removed at the first tap")
	}
	test.Tap(button(t, second, "留下"))
	test.Tap(button(t, second, "删除"))
	for _, b := range all[*Button](second) {
		if b.Shown() == "删除" && b.weight == Grave {
			test.Tap(b)
		}
	}
	if removed != 1 {
		t.Errorf("removed %d, want 1", removed)
	}
}

func TestSignatureIsAPictureWithInk(t *testing.T) {
	var got []byte
	o := NewSignaturePad(SignatureSpec{OnChange: func(data []byte) { got = data }})
	stage(t, o, 500, 300)
	p := all[*pad](o)[0]
	for i := range 20 {
		p.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20+float32(i)*10, 100)}, Dragged: fyne.NewDelta(10, 0)})
	}
	p.DragEnd()
	picture, err := png.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	ink := 0
	for y := range padHeight {
		for x := range padWidth {
			if _, _, _, a := picture.At(x, y).RGBA(); a > 0 {
				ink++
			}
		}
	}
	if picture.Bounds().Dx() != padWidth || ink < 500 {
		t.Errorf("picture %v with %d dots of ink", picture.Bounds(), ink)
	}
	test.Tap(button(t, o, "重签"))
	if got != nil {
		t.Error("cleared, but there is still a signature")
	}
}

func TestRankingMoves(t *testing.T) {
	var got []string
	o := NewRanking(RankingSpec{Items: abc(), OnChange: func(values []string) { got = values }})
	stage(t, o, 500, 300)
	up := func() []*Button {
		return slices.DeleteFunc(all[*Button](o), func(b *Button) bool { return b.Shown() != "上移" })
	}
	test.Tap(up()[2])
	if !slices.Equal(got, []string{"a", "c", "b"}) {
		t.Errorf("after 丙 moved up: %v", got)
	}
	before := slices.Clone(got)
	test.Tap(up()[0])
	if !slices.Equal(got, before) {
		t.Errorf("the first moved up to %v", got)
	}
}

func TestListMakesOnlyTheRowsInSight(t *testing.T) {
	made := 0
	tapped := -1
	ended := false
	l := NewList(ListSpec{
		Count: func() int { return 50_000 },
		Row: func(i int) RowFacts {
			made++
			return RowFacts{Title: "户 " + strconv.Itoa(i), Detail: "1组"}
		},
		OnTap: func(i int) { tapped = i },
		OnEnd: func() { ended = true },
	})
	stage(t, l, 400, 700)
	if made > 100 {
		t.Errorf("%d rows made for one screen", made)
	}
	l.ScrollTo(49_999)
	rows := all[*Row](l)
	test.Tap(rows[len(rows)-1])
	if !ended || tapped < 49_990 {
		t.Errorf("at the end: ended %v, tapped %d", ended, tapped)
	}
}

func TestPageRevealsTheFocusedFieldWhenItShrinks(t *testing.T) {
	var objects []fyne.CanvasObject
	for range 20 {
		objects = append(objects, Card(NewText("问题", Strong), NewField(FieldSpec{})))
	}
	p := NewPage(objects...)
	w := stage(t, p, 600, 800)
	fields := all[*Field](p)
	w.Canvas().Focus(fields[5].entry)
	w.Resize(fyne.NewSize(600, 350)) // a keyboard comes up
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(fields[5])
	if at.Y < 0 || at.Y+fields[5].Size().Height > 350 {
		t.Errorf("the field stands at %v in a window 350 high", at.Y)
	}
}

func TestTheWheelTurnsThePageOverAField(t *testing.T) {
	var objects []fyne.CanvasObject
	for range 20 {
		objects = append(objects, NewField(FieldSpec{Rows: 3}))
	}
	p := NewPage(objects...)
	stage(t, p, 600, 400)
	all[*Field](p)[0].veil.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -120)})
	if p.Offset() != 120 {
		t.Errorf("the page is at %v", p.Offset())
	}
}

func TestPageFollowsItsContent(t *testing.T) {
	note := NewText("短", Plain)
	p := NewPage(note, NewText("后面", Plain))
	stage(t, p, 300, 400)
	second := all[*Text](p)[1]
	before := second.Position().Y
	note.SetText("这一段话很长，要好几行才放得下，后面的内容应当往下移，而不是叠在一起。")
	p.Refresh()
	if after := second.Position().Y; after <= before {
		t.Errorf("what follows stayed at %v", after)
	}
}

func TestThemeIsLightAndHasTwoFaces(t *testing.T) {
	th := NewTheme(Fonts{Regular: assets.FontRegular(), Bold: assets.FontBold()}, TextLarge)
	regular := th.Font(fyne.TextStyle{})
	for _, style := range []fyne.TextStyle{{Italic: true}, {Monospace: true}} {
		if th.Font(style) != regular {
			t.Errorf("%+v parses another face", style)
		}
	}
	if th.Font(fyne.TextStyle{Bold: true}) == regular {
		t.Error("bold is regular")
	}
	for _, name := range []fyne.ThemeColorName{"background", "foreground"} {
		if th.Color(name, 0) != th.Color(name, 1) {
			t.Errorf("%s follows the device's dark mode", name)
		}
	}
	if th.Size("text") != TextLarge {
		t.Errorf("text is %v", th.Size("text"))
	}
}

func TestTextIsCutWithAnEllipsis(t *testing.T) {
	text := NewText("青塘村东头大樟树下第二家的院子", TextStyle{Lines: 1})
	stage(t, text, 120, 40)
	lines := text.lines(120)
	if len(lines) != 1 || lines[0][len(lines[0])-len("…"):] != "…" {
		t.Errorf("lines %q", lines)
	}
}
