package field

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/form"
)

// control returns what a question is answered with, nil where there is nothing to answer. It is the only place that
// looks at a question's type.
func (v *visit) control(b *block) fyne.CanvasObject {
	q := b.item.Question
	if q.Type == form.Sealed {
		return v.sealedBox(b)
	}
	if q.ReadOnly {
		return nil // its value stands under its label
	}
	switch q.Type {
	case form.Hidden, form.Note, form.Sealed:
		return nil
	case form.Text:
		return v.textField(b, widgets.FieldSpec{Rows: rows(q), Numeric: strings.Contains(q.Appearance, "numbers")})
	case form.Barcode:
		return v.textField(b, widgets.FieldSpec{Prompt: "照条码下面的号码填写"})
	case form.Geopoint, form.Geotrace, form.Geoshape:
		return v.textField(b, widgets.FieldSpec{Prompt: "纬度 经度，如 31.8 117.2"})
	case form.Time:
		return v.textField(b, widgets.FieldSpec{Prompt: "时:分，如 09:30"})
	case form.Integer:
		return v.numberField(b, true)
	case form.Decimal:
		return v.numberField(b, false)
	case form.Range:
		return v.numberField(b, !strings.Contains(q.Parameters["step"], "."))
	case form.Date:
		return widgets.NewDateField(widgets.DateSpec{
			Date: q.Value, Today: v.today(), OnChange: v.typeInto(b), OnLeave: v.leaves(b), OnEnter: v.goesOn(b),
		})
	case form.DateTime:
		return widgets.NewMomentField(widgets.DateSpec{Date: q.Value, Today: v.today(), OnChange: v.typeInto(b), OnLeave: v.leaves(b)})
	case form.SelectOne:
		return v.choice(b, false)
	case form.SelectMultiple:
		return v.choice(b, true)
	case form.Rank:
		return widgets.NewRanking(widgets.RankingSpec{Items: ranked(q), OnChange: v.chooses(b)})
	case form.Acknowledge:
		return widgets.NewCheckButtons(widgets.ChoiceSpec{
			Items: []widgets.Item{{Value: "OK", Label: "是的"}}, Chosen: strings.Fields(q.Value), OnChange: v.chooses(b),
		})
	case form.Image:
		return v.picture(b)
	case form.Audio:
		return v.file(b, "选择录音", ".mp3", ".m4a", ".aac", ".wav", ".amr", ".ogg")
	case form.Video:
		return v.file(b, "选择录像", ".mp4", ".3gp", ".mov", ".mkv")
	case form.File:
		return v.file(b, "选择文件")
	}
	return nil
}

// manyChoices is the number of options from which a list with a search is easier than buttons.
const manyChoices = 13

// manyChoices is manyChoices, and on a sheet more than there are keys for.
func (v *visit) manyChoices() int {
	if v.spec.Sheet {
		return widgets.OptionKeys + 1
	}
	return manyChoices
}

func (v *visit) choice(b *block, several bool) fyne.CanvasObject {
	q := b.item.Question
	listed := q.External || strings.Contains(q.Appearance, "minimal") || strings.Contains(q.Appearance, "autocomplete")
	if listed || len(q.Choices) >= v.manyChoices() {
		open := func() { v.pick(b, several) }
		if v.spec.Sheet {
			return widgets.NewPickerKeys(v.chosen(b), open, v.goesOn(b))
		}
		return widgets.NewPickerField(v.chosen(b), open)
	}
	spec := widgets.ChoiceSpec{Items: items(q.Choices), Chosen: chosenNames(q, several), OnChange: v.chooses(b), OnEnter: v.goesOn(b)}
	if several {
		return widgets.NewCheckButtons(spec)
	}
	return widgets.NewChoiceButtons(spec)
}

func chosenNames(q form.Question, several bool) []string {
	switch {
	case several:
		return strings.Fields(q.Value)
	case q.Value == "":
		return nil
	}
	return []string{q.Value}
}

func items(choices []form.Choice) []widgets.Item {
	list := make([]widgets.Item, len(choices))
	for i, c := range choices {
		list[i] = widgets.Item{Value: c.Name, Label: c.Label}
	}
	return list
}

// chosen returns what is chosen with the words for it.
func (v *visit) chosen(b *block) []widgets.Item {
	q := b.item.Question
	if q.External {
		return items(b.item.Chosen)
	}
	several := q.Type == form.SelectMultiple
	var list []widgets.Item
	for _, name := range chosenNames(q, several) {
		for _, c := range q.Choices {
			if c.Name == name {
				list = append(list, widgets.Item{Value: c.Name, Label: c.Label})
			}
		}
	}
	return list
}

// pick opens the page on which one or several of many are picked.
func (v *visit) pick(b *block, several bool) {
	finder := v.presenter.Finder(b.item.Question.Path)
	body := widgets.NewPicker(widgets.PickerSpec{
		Prompt:  "输入字、拼音或首字母查找",
		Search:  func(text string) []widgets.Item { return items(finder.Find(text)) },
		Chosen:  v.chosen(b),
		Several: several,
		Later:   v.host.Later,
		Keys:    v.spec.Sheet,
		OnChange: func(chosen []widgets.Item) {
			names := make([]string, len(chosen))
			for i, c := range chosen {
				names[i] = c.Value
			}
			v.answer(b.item.Question.Path, strings.Join(names, " "))
		},
		OnDone: func() {
			v.host.Back()
			v.goOn(b)
		},
	})
	screen := &view.Screen{Title: b.item.Label, Subtitle: v.screen.Subtitle, Body: body}
	if several {
		screen.Actions = []widgets.ButtonSpec{{Text: "选好了", Weight: widgets.Main, OnTap: v.host.Back}}
	}
	v.host.Push(screen)
	if v.spec.Sheet {
		widgets.Focus(body)
	}
}

func ranked(q form.Question) []widgets.Item {
	var order []widgets.Item
	for name := range strings.FieldsSeq(q.Value) {
		for _, c := range q.Choices {
			if c.Name == name {
				order = append(order, widgets.Item{Value: c.Name, Label: c.Label})
			}
		}
	}
	if len(order) == len(q.Choices) {
		return order
	}
	return items(q.Choices)
}

func rows(q form.Question) int {
	if strings.Contains(q.Appearance, "multiline") || q.Parameters["rows"] != "" {
		n, err := strconv.Atoi(q.Parameters["rows"])
		if err != nil {
			return 3
		}
		return min(max(n, 2), 8)
	}
	return 1
}

func (v *visit) textField(b *block, spec widgets.FieldSpec) fyne.CanvasObject {
	spec.Text, spec.OnType, spec.OnLeave, spec.OnEnter = b.item.Question.Value, v.typeInto(b), v.leaves(b), v.goesOn(b)
	return widgets.NewField(spec)
}

func (v *visit) numberField(b *block, whole bool) fyne.CanvasObject {
	q := b.item.Question
	prompt := "数字"
	if q.Parameters["start"] != "" && q.Parameters["end"] != "" {
		prompt = q.Parameters["start"] + " 到 " + q.Parameters["end"]
	}
	return widgets.NewNumberField(widgets.NumberSpec{
		Text: q.Value, Prompt: prompt, Whole: whole, OnType: v.typeInto(b), OnLeave: v.leaves(b), OnEnter: v.goesOn(b),
	})
}

func (v *visit) today() string { return v.host.Now().Format("2006-01-02") }

// typeInto reports typed text for a block's question.
func (v *visit) typeInto(b *block) func(string) {
	return func(text string) {
		b.reported = text
		v.presenter.Type(v.host.Ctx(), b.item.Question.Path, text)
	}
}

func (v *visit) leaves(b *block) func() {
	return func() { v.presenter.Left(v.host.Ctx(), b.item.Question.Path) }
}

// chooses reports chosen values for a block's question.
func (v *visit) chooses(b *block) func([]string) {
	return func(values []string) {
		b.reported = strings.Join(values, " ")
		v.answer(b.item.Question.Path, b.reported)
	}
}

// picture asks for a signature or a photo.
func (v *visit) picture(b *block) fyne.CanvasObject {
	q := b.item.Question
	data := v.bytes(q.Value)
	if strings.Contains(q.Appearance, "signature") || strings.Contains(q.Appearance, "draw") {
		return widgets.NewSignaturePad(widgets.SignatureSpec{
			PNG: data, OnChange: func(png []byte) { v.signed(b, png) }, OnError: v.host.Complain,
		})
	}
	return v.unlessOffered(b, widgets.FileSpec{
		Name: q.Value, Picture: data, PickText: "选择照片",
		OnPick:   func() { v.pickFile(b, ".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif") },
		OnRemove: func() { v.answer(q.Path, "") },
	})
}

// signed keeps a signature; the pad shows it already.
func (v *visit) signed(b *block, png []byte) {
	if png == nil {
		b.reported = ""
		v.answer(b.item.Question.Path, "")
		return
	}
	b.keepControl = true
	if err := v.presenter.Attach(v.host.Ctx(), b.item.Question.Path, "image/png", ".png", png); err != nil {
		v.host.Complain(err)
	}
	b.keepControl = false
}

func (v *visit) file(b *block, words string, extensions ...string) fyne.CanvasObject {
	q := b.item.Question
	return v.unlessOffered(b, widgets.FileSpec{
		Name: q.Value, PickText: words, Picture: v.pictureBytes(q.Value),
		OnPick:   func() { v.pickFile(b, extensions...) },
		OnRemove: func() { v.answer(q.Path, "") },
	})
}

func (v *visit) bytes(name string) []byte {
	if name == "" {
		return nil
	}
	data, err := v.presenter.File(v.host.Ctx(), name)
	if err != nil {
		v.host.Complain(err)
	}
	return data
}
