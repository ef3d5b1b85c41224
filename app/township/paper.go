package township

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// PapersSpec describes the section 表册.
type PapersSpec struct {
	Papers  *workbench.Papers
	Save    func(name string, data []byte)                     // asks where to and writes the file
	Print   func(ctx context.Context, p workbench.Paper) error // nil where this kind of device has no way to print
	OnEntry func()                                             // a visit written on paper is to be entered
	OnOpen  func()                                             // those that are begun and not finished are to be shown
}

// NewPapers returns the first screen of 表册: what to print, and what of.
func NewPapers(h view.Host, spec PapersSpec) *view.Screen {
	today := h.Now().Format(time.DateOnly)
	p := &papers{host: h, spec: spec, page: widgets.NewPage(), order: workbench.PaperOrder{
		Kind: workbench.PaperFilled, Format: workbench.FormatPDF, From: today, To: today,
	}}
	p.show()
	return &view.Screen{
		Title: "表册", Body: p.page, Leave: p.stop,
		Actions: []widgets.ButtonSpec{{Text: "没录完的", OnTap: spec.OnOpen}, {Text: "录入纸质表", OnTap: spec.OnEntry}},
	}
}

// papers is the screen. Its fields belong to the screen's goroutine, but for done and of.
type papers struct {
	host  view.Host
	spec  PapersSpec
	page  *widgets.Page
	order workbench.PaperOrder
	whose string // the household chosen, in words
	made  *workbench.Paper
	wrong error

	cancel   context.CancelFunc // of the paper being made; nil while there is none
	done, of atomic.Int64
	progress *widgets.Text
}

func (p *papers) show() {
	needs := p.order.Kind.Needs()
	objects := []fyne.CanvasObject{p.kinds()}
	if needs.Village {
		objects = append(objects, p.villages(needs))
	}
	if needs.Household || needs.HouseholdOrAll {
		objects = append(objects, p.households(needs))
	}
	if needs.Person {
		objects = append(objects, p.people())
	}
	if needs.Days || needs.OneDay {
		objects = append(objects, p.days(needs))
	}
	if needs.Reason {
		objects = append(objects, widgets.Card(widgets.NewText("为什么要打印", widgets.Strong),
			widgets.NewText("谁打印的、什么时候、为什么，都会记下来，改不了也删不掉。", widgets.Hint),
			widgets.NewField(widgets.FieldSpec{Text: p.order.Reason, Prompt: "例如：村里研究这户的低保", OnType: func(t string) { p.order.Reason = t }})))
	}
	objects = append(objects, p.formats(), p.result(), widgets.Spacer(24))
	p.page.Keep(p.page.Offset(), objects...)
}

// change shows the screen after something else was chosen; what was made before is not shown beside it.
func (p *papers) change() {
	p.made, p.wrong = nil, nil
	p.show()
}

func (p *papers) kinds() fyne.CanvasObject {
	var items []widgets.Item
	for _, k := range workbench.PaperKinds() {
		items = append(items, widgets.Item{Value: string(k), Label: string(k)})
	}
	return p.card("打印什么", items, string(p.order.Kind), func(chosen string) {
		if chosen != "" {
			p.order.Kind = workbench.PaperKind(chosen)
		}
		p.order.Household, p.whose, p.order.Reason = survey.RecordID{}, "", ""
		p.change()
	})
}

// card is a question with one answer.
func (p *papers) card(title string, items []widgets.Item, chosen string, choose func(string)) fyne.CanvasObject {
	return widgets.Card(widgets.NewText(title, widgets.Strong), widgets.NewChoiceButtons(widgets.ChoiceSpec{
		Items: items, Chosen: []string{chosen}, OnChange: func(now []string) { choose(slices.Concat(now, []string{""})[0]) },
	}))
}

func (p *papers) villages(needs workbench.Needs) fyne.CanvasObject {
	var items []widgets.Item
	if !needs.Household && !needs.HouseholdOrAll {
		items = append(items, widgets.Item{Label: "全部"})
	}
	for _, v := range p.spec.Papers.Villages() {
		items = append(items, widgets.Item{Value: v.ID.String(), Label: v.Name})
	}
	chosen := ""
	if !p.order.Village.IsZero() {
		chosen = p.order.Village.String()
	}
	return p.card("哪个村", items, chosen, func(chosen string) {
		p.order.Village, _ = survey.ParseID[survey.RecordID](chosen) // zero for all
		p.order.Household, p.whose = survey.RecordID{}, ""
		p.change()
	})
}

func (p *papers) households(needs workbench.Needs) fyne.CanvasObject {
	title, hint := "哪一户", "先选村，再选户。"
	if needs.HouseholdOrAll {
		hint = "不选就是全村每户一张。"
	}
	objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Strong), widgets.NewText(hint, widgets.Hint)}
	if !p.order.Village.IsZero() {
		var chosen []widgets.Item
		if p.whose != "" {
			chosen = []widgets.Item{{Value: p.order.Household.String(), Label: p.whose}}
		}
		objects = append(objects, widgets.NewPickerField(chosen, p.pickHousehold))
	}
	return widgets.Card(objects...)
}

func (p *papers) pickHousehold() {
	body := widgets.NewPicker(widgets.PickerSpec{
		Prompt: "户主姓名、拼音或门牌", Later: p.host.Later, Keys: true,
		Search: func(text string) []widgets.Item {
			var items []widgets.Item
			for _, h := range p.spec.Papers.Households(p.order.Village, text) {
				items = append(items, widgets.Item{Value: h.ID.String(), Label: h.Head, Detail: h.Door})
			}
			return items
		},
		OnChange: func(chosen []widgets.Item) {
			p.order.Household, p.whose = survey.RecordID{}, ""
			for _, item := range chosen {
				p.order.Household, _ = survey.ParseID[survey.RecordID](item.Value)
				p.whose = item.Label
			}
			p.change()
		},
		OnDone: p.host.Back,
	})
	p.host.Push(&view.Screen{Title: "选户", Body: body})
}

func (p *papers) people() fyne.CanvasObject {
	var items, chosen []widgets.Item
	for _, s := range p.spec.Papers.Staff() {
		item := widgets.Item{Value: s.ID.String(), Label: s.Name}
		items = append(items, item)
		if s.ID == p.order.Person {
			chosen = append(chosen, item)
		}
	}
	return widgets.Card(widgets.NewText("谁的", widgets.Strong), widgets.NewPickerField(chosen, func() { p.pickPerson(items, chosen) }))
}

func (p *papers) pickPerson(items, chosen []widgets.Item) {
	p.host.Push(&view.Screen{Title: "选人", Body: widgets.NewPicker(widgets.PickerSpec{
		Prompt: "姓名", Later: p.host.Later, Keys: true, Chosen: chosen,
		Search: func(text string) []widgets.Item {
			return slices.DeleteFunc(slices.Clone(items), func(item widgets.Item) bool { return !strings.Contains(item.Label, text) })
		},
		OnChange: func(chosen []widgets.Item) {
			p.order.Person = survey.PersonID{}
			for _, item := range chosen {
				p.order.Person, _ = survey.ParseID[survey.PersonID](item.Value) // one of ours
			}
			p.change()
		},
		OnDone: p.host.Back,
	})})
}

func (p *papers) days(needs workbench.Needs) fyne.CanvasObject {
	today := p.host.Now().Format(time.DateOnly)
	if needs.OneDay {
		return widgets.Card(widgets.NewText("哪一天", widgets.Strong), widgets.NewDateField(widgets.DateSpec{
			Date: p.order.From, Today: today, OnChange: func(day string) { p.order.From, p.order.To = day, day }, OnEnter: p.make,
		}))
	}
	day := func(label string, value *string) fyne.CanvasObject {
		return widgets.Tight(widgets.NewText(label, widgets.Hint), widgets.NewDateField(widgets.DateSpec{
			Date: *value, Today: today, OnChange: func(day string) { *value = day }, OnEnter: p.make,
		}))
	}
	return widgets.Card(widgets.NewText("哪几天", widgets.Strong), widgets.Columns(day("从", &p.order.From), day("到", &p.order.To)))
}

func (p *papers) formats() fyne.CanvasObject {
	return p.card("存成什么", []widgets.Item{
		{Value: string(workbench.FormatPDF), Label: "PDF（打印用）"},
		{Value: string(workbench.FormatWord), Label: "文字文档 .docx"},
		{Value: string(workbench.FormatWorkbook), Label: "表格 .xlsx"},
	}, string(p.order.Format), func(chosen string) {
		if chosen != "" {
			p.order.Format = workbench.PaperFormat(chosen)
		}
		p.change()
	})
}

// result is the button, how far the work is, or what came of it.
func (p *papers) result() fyne.CanvasObject {
	switch {
	case p.cancel != nil:
		return widgets.Card(p.progress, widgets.NewButton(widgets.ButtonSpec{Text: "停下", OnTap: p.stop}))
	case p.made != nil:
		return widgets.Card(p.finished()...)
	}
	objects := []fyne.CanvasObject{widgets.NewButton(widgets.ButtonSpec{Text: "生成", Weight: widgets.Main, OnTap: p.make})}
	if p.wrong != nil {
		objects = append([]fyne.CanvasObject{widgets.NewWarning(workbench.Sentence(p.wrong))}, objects...)
	}
	return widgets.Column(objects...)
}

func (p *papers) finished() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{
		widgets.NewText(workbench.Sheets(*p.made), widgets.Strong), widgets.NewText(p.made.Name, widgets.Hint),
	}
	if words := workbench.MissingWords(*p.made); words != "" {
		objects = append(objects, widgets.NewWarning(words))
	}
	buttons := []fyne.CanvasObject{
		widgets.NewButton(widgets.ButtonSpec{Text: "保存", Weight: widgets.Main, OnTap: func() { p.spec.Save(p.made.Name, p.made.Data) }}),
	}
	if p.made.Format == workbench.FormatPDF && p.spec.Print != nil {
		buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: "打印", OnTap: p.print}))
	}
	return append(objects, widgets.Columns(append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: "重新选", OnTap: p.change}))...))
}

func (p *papers) print() {
	made := *p.made
	p.host.Do(func(ctx context.Context) error { return p.spec.Print(ctx, made) }, func(err error) {
		if err != nil {
			p.host.Complain(err)
			return
		}
		p.host.Tell("已经交给打印机。")
	})
}

// followEvery is how often the screen says how far the work is.
const followEvery = 200 * time.Millisecond

// make has the paper made, away from the screen's goroutine.
func (p *papers) make() {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(p.host.Ctx())
	p.done.Store(0)
	p.of.Store(0)
	p.progress = widgets.NewText("正在找出要打印的内容……", widgets.Plain)
	p.wrong = nil
	order := p.order
	var made workbench.Paper
	p.host.Do(func(context.Context) (err error) {
		made, err = p.spec.Papers.Make(ctx, order, func(done, of int) {
			p.done.Store(int64(done))
			p.of.Store(int64(of))
		})
		return err
	}, func(err error) {
		stopped := ctx.Err() != nil
		p.stop()
		p.cancel = nil
		switch {
		case stopped || errors.Is(err, context.Canceled):
			p.wrong = nil
		case err != nil:
			p.wrong = err
		default:
			p.made = &made
		}
		p.show()
	})
	if p.cancel != nil { // it is not done yet
		p.show()
		p.follow()
	}
}

// follow says how far the work is until it is done.
func (p *papers) follow() {
	p.host.Later(followEvery, func() {
		if p.cancel == nil {
			return
		}
		if of := p.of.Load(); of > 1 {
			p.progress.SetText(fmt.Sprintf("已排好 %d 份，共 %d 份。", p.done.Load(), of))
		}
		p.follow()
	})
}

// stop ends the work that is under way.
func (p *papers) stop() {
	if p.cancel != nil {
		p.cancel()
	}
}
