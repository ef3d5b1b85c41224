package field

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/report"
	"zoucun/survey"
)

// RightsSpec describes the screens on which a person's household is shown to them, corrected and put on a page.
type RightsSpec struct {
	Presenter *present.Rights
	Words     func(ctx context.Context, held []survey.Holding) (report.Dossier, error)
	Save      func(name string, page []byte) // asks where to and writes the page
}

// NewRights returns the screen that asks why somebody looks, before anything is shown.
func NewRights(h view.Host, spec RightsSpec) *view.Screen {
	r := &rights{host: h, spec: spec, page: widgets.NewPage()}
	r.askWhy("")
	return &view.Screen{
		Title: "本户信息", Subtitle: "先写明为什么要看", Body: r.page,
		Actions: []widgets.ButtonSpec{{Text: "查看", Weight: widgets.Main, OnTap: r.open}},
	}
}

type rights struct {
	host         view.Host
	spec         RightsSpec
	page         *widgets.Page
	choice, text string
}

func (r *rights) askWhy(wrong string) {
	var items []widgets.Item
	for _, reason := range r.spec.Presenter.Reasons() {
		items = append(items, widgets.Item{Value: reason, Label: reason})
	}
	objects := []fyne.CanvasObject{widgets.NewText("每次查看都会留下记录：谁看的、什么时候、为什么。记录谁也改不了、删不掉。", widgets.Plain)}
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	r.page.SetObjects(append(objects,
		widgets.Card(widgets.NewText("为什么要看", widgets.Strong), widgets.NewChoiceButtons(widgets.ChoiceSpec{
			Items: items, Chosen: slices.DeleteFunc([]string{r.choice}, func(c string) bool { return c == "" }),
			OnChange: func(chosen []string) { r.choice = first(chosen) },
		})),
		widgets.Card(widgets.NewText("补充说明", widgets.Strong), widgets.NewText("选“其他”时要写，别的可以不写", widgets.Hint),
			widgets.NewField(widgets.FieldSpec{Text: r.text, Rows: 3, OnType: func(t string) { r.text = t }})))...)
}

func (r *rights) open() {
	var d report.Dossier
	r.host.Do(func(ctx context.Context) error {
		held, err := r.spec.Presenter.Open(ctx, r.choice, r.text)
		if err == nil {
			d, err = r.spec.Words(ctx, held)
		}
		return err
	}, func(err error) {
		if err != nil {
			r.askWhy(present.Say(err))
			return
		}
		r.host.Push(newHolding(r.host, r.spec, d))
	})
}

// newHolding returns the screen of everything that is held.
func newHolding(h view.Host, spec RightsSpec, d report.Dossier) *view.Screen {
	page := widgets.NewPage(dossierCards(d)...)
	s := &view.Screen{Title: d.Title, Subtitle: "本机保存的全部内容", Body: page}
	again := func() {
		h.Do(func(ctx context.Context) error {
			held, err := spec.Presenter.Again(ctx)
			if err == nil {
				d, err = spec.Words(ctx, held)
			}
			return err
		}, func(err error) {
			if err == nil { // an erased household keeps what was shown until the person goes back
				page.Keep(page.Offset(), dossierCards(d)...)
			}
		})
	}
	s.Changed = again
	s.Actions = []widgets.ButtonSpec{
		{Text: "更正", OnTap: func() { openCorrection(h, spec, again) }},
		{Text: "存成一页", Weight: widgets.Main, OnTap: func() { savePage(h, spec) }},
	}
	return s
}

// savePage puts everything on a page that can be printed. Its name says nothing of whom it is about.
func savePage(h view.Host, spec RightsSpec) {
	var page bytes.Buffer
	h.Do(func(ctx context.Context) error {
		held, err := spec.Presenter.Page(ctx)
		if err != nil {
			return err
		}
		d, err := spec.Words(ctx, held)
		if err != nil {
			return err
		}
		return report.WritePage(&page, d)
	}, func(err error) {
		if err != nil {
			h.Complain(err)
			return
		}
		spec.Save("本户信息-"+h.Now().Format("20060102-150405")+".html", page.Bytes())
	})
}

// dossierCards lays out everything that is held, and what the person may ask for.
func dossierCards(d report.Dossier) []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, p := range d.Parts {
		objects = append(objects, widgets.Card(partColumn(p)))
	}
	return append(objects, widgets.NewNote("群众可以随时要求查看、复制、更正、删除。"+
		"要更正，点上面的“更正”，原来的内容会留底。"+
		"要删除，请报给乡镇：在服务器上删除以后，每台平板联网时会自动删掉。"))
}

func partColumn(p report.Part) fyne.CanvasObject {
	title := strings.TrimSpace(p.Kind + "　" + p.Title)
	if p.State != "" && p.State != "有效" {
		title += "（" + p.State + "）"
	}
	objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Strong)}
	for _, said := range p.Said {
		objects = append(objects, widgets.Tight(widgets.NewText(said.Label, widgets.Hint), widgets.NewText(said.Value, widgets.Plain)))
	}
	for _, file := range p.Files {
		objects = append(objects, widgets.Tight(widgets.NewText("附件", widgets.Hint), widgets.NewText(file, widgets.Plain)))
	}
	for _, step := range p.History {
		objects = append(objects, widgets.NewText(stepText(step), widgets.Hint))
	}
	return widgets.Column(objects...)
}

// stepText is one line of a record's history, with what it said that does not hold any more.
func stepText(s report.Step) string {
	text := []string{s.When + "　" + s.Who + "　" + s.What}
	if s.Note != "" {
		text = append(text, "　原因：", s.Note)
	}
	if s.Gone {
		text = append(text, "　内容已删除")
	}
	for _, said := range s.Earlier {
		text = append(text, "\n　当时：", said.Label, "　", said.Value)
	}
	return strings.Join(text, "")
}

// openCorrection shows the screen on which one field of the household is corrected.
func openCorrection(h view.Host, spec RightsSpec, then func()) {
	c := &correction{host: h, spec: spec, page: widgets.NewPage(), then: then}
	h.Do(func(ctx context.Context) (err error) {
		c.fields, err = spec.Presenter.Correctables(ctx)
		return err
	}, func(err error) {
		if err != nil {
			h.Complain(err)
			return
		}
		c.show("")
		h.Push(&view.Screen{
			Title: "更正", Subtitle: "原来的内容和原因会留底", Body: c.page,
			Actions: []widgets.ButtonSpec{{Text: "保存更正", Weight: widgets.Main, OnTap: c.save}},
		})
	})
}

type correction struct {
	host          view.Host
	spec          RightsSpec
	page          *widgets.Page
	then          func()
	fields        []present.Correctable
	chosen        present.Correctable
	value, reason string
}

func (c *correction) show(wrong string) {
	var items []widgets.Item
	for _, f := range c.fields {
		items = append(items, widgets.Item{Value: string(f.Field), Label: f.Name})
	}
	var objects []fyne.CanvasObject
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	objects = append(objects, widgets.Card(widgets.NewText("更正哪一项", widgets.Strong), widgets.NewChoiceButtons(widgets.ChoiceSpec{
		Items: items, Chosen: slices.DeleteFunc([]string{string(c.chosen.Field)}, func(f string) bool { return f == "" }), OnChange: c.choose,
	})))
	if c.chosen.Field != "" {
		objects = append(objects, c.entries()...)
	}
	c.page.Keep(c.page.Offset(), objects...)
}

func (c *correction) entries() []fyne.CanvasObject {
	now := c.chosen.Value
	if now == "" {
		now = "（没有登记）"
	}
	return []fyne.CanvasObject{
		widgets.Card(widgets.NewText("改成", widgets.Strong), widgets.NewText("现在登记的："+now, widgets.Hint),
			widgets.NewField(widgets.FieldSpec{Text: c.value, OnType: func(t string) { c.value = t }})),
		widgets.Card(widgets.NewText("为什么更正", widgets.Strong),
			widgets.NewField(widgets.FieldSpec{Text: c.reason, Prompt: "例如：本人说号码换了", OnType: func(t string) { c.reason = t }})),
	}
}

func (c *correction) choose(chosen []string) {
	c.chosen = present.Correctable{}
	for _, f := range c.fields {
		if string(f.Field) == first(chosen) {
			c.chosen, c.value = f, f.Value
		}
	}
	c.show("")
}

func (c *correction) save() {
	c.host.Do(func(ctx context.Context) error {
		return c.spec.Presenter.Correct(ctx, c.chosen, c.value, c.reason)
	}, func(err error) {
		if err != nil {
			c.show(present.Say(err))
			return
		}
		c.host.Back()
		c.then()
		c.host.Tell("已更正。原来的内容和原因都留了底。")
	})
}
