package widgets

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
)

// DateSpec describes a field for a day.
type DateSpec struct {
	Date     string // yyyy-mm-dd, or empty
	Today    string // yyyy-mm-dd
	OnChange func(date string)
	OnLeave  func()
	OnEnter  func() // as of a FieldSpec; a field for a keyboard has no steppers
}

const isoDay = "2006-01-02"

// NewDateField returns a field for a day: typed as yyyy-mm-dd, or stepped by 年, 月 and 日.
func NewDateField(spec DateSpec) fyne.CanvasObject {
	d := &dateField{spec: spec, reading: NewText("", Hint)}
	d.field = NewField(FieldSpec{Text: spec.Date, Prompt: "年-月-日，如 " + spec.Today, OnType: d.typed, OnLeave: d.left, OnEnter: spec.OnEnter})
	d.read(spec.Date)
	put := func(text string) func() {
		return func() { d.put(text) }
	}
	first := Bar(0, d.field, NewButton(ButtonSpec{Text: "今天", OnTap: put(spec.Today)}),
		NewButton(ButtonSpec{Text: "清除", Weight: Light, OnTap: put("")}))
	if spec.OnEnter != nil {
		return Column(first, d.reading)
	}
	steppers := Grid(d.stepper("年", 1, 0, 0), d.stepper("月", 0, 1, 0), d.stepper("日", 0, 0, 1))
	return Column(first, steppers, d.reading)
}

type dateField struct {
	spec    DateSpec
	field   *Field
	reading *Text
}

// put writes a whole day, after which there is nothing more to type.
func (d *dateField) put(text string) {
	d.field.SetText(text)
	d.left()
}

func (d *dateField) left() {
	if d.spec.OnLeave != nil {
		d.spec.OnLeave()
	}
}

func (d *dateField) typed(text string) {
	d.read(text)
	if d.spec.OnChange != nil {
		d.spec.OnChange(strings.TrimSpace(text))
	}
}

// read says the day in words, or nothing while it is none.
func (d *dateField) read(text string) {
	day, err := time.Parse(isoDay, strings.TrimSpace(text))
	if err != nil {
		d.reading.SetText(" ")
		return
	}
	d.reading.SetText(fmt.Sprintf("%d年%d月%d日 星期%s", day.Year(), day.Month(), day.Day(),
		string([]rune("日一二三四五六")[day.Weekday()])))
}

func (d *dateField) stepper(name string, years, months, days int) fyne.CanvasObject {
	step := func(sign int) func() {
		return func() { d.put(d.stepped(sign*years, sign*months, sign*days)) }
	}
	return Bar(1, NewButton(ButtonSpec{Text: "－", OnTap: step(-1)}),
		NewText(name, TextStyle{Centre: true, Bold: true}),
		NewButton(ButtonSpec{Text: "＋", OnTap: step(1)}))
}

// stepped moves the day written, or today where none is.
func (d *dateField) stepped(years, months, days int) string {
	day, err := time.Parse(isoDay, strings.TrimSpace(d.field.Typed()))
	if err != nil {
		return d.spec.Today
	}
	first := time.Date(day.Year()+years, day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1+days).Format(isoDay)
}

// NewMomentField returns a field for a day and a time of day, which together are an ISO 8601 moment.
func NewMomentField(spec DateSpec) fyne.CanvasObject {
	day, clock, _ := strings.Cut(spec.Date, "T")
	clock = clock[:min(len(clock), 5)]
	report := func() {
		if day == "" || clock == "" {
			spec.OnChange("")
			return
		}
		spec.OnChange(day + "T" + clock + ":00")
	}
	date := NewDateField(DateSpec{Date: day, Today: spec.Today, OnLeave: spec.OnLeave, OnChange: func(d string) {
		day = d
		report()
	}})
	time := NewField(FieldSpec{Text: clock, Prompt: "时:分，如 09:30", OnLeave: spec.OnLeave, OnType: func(t string) {
		clock = strings.TrimSpace(t)
		report()
	}})
	return Column(date, time)
}
