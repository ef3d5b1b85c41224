package township

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
)

// DecideSpec describes the section 待决.
type DecideSpec struct {
	Presenter *workbench.Decide
	OnCount   func() // the number of what waits may be another
}

// NewDecide returns the section 待决: what waits at the left, one decision at a time at the right.
func NewDecide(h view.Host, spec DecideSpec) *view.Screen {
	d := &decide{host: h, spec: spec, list: widgets.NewPage(), page: widgets.NewPage()}
	d.load()
	return &view.Screen{
		Title: "待决", Body: newSides(d.list, d.page), Typed: d.typed,
		Changed: func() {
			if d.idle() {
				d.load()
			}
		},
	}
}

// part is what the right side shows.
type part uint8

const (
	cards   part = iota
	waiting      // what others were asked
	merged       // what has merged by itself
	past         // what was decided
)

type decide struct {
	host view.Host
	spec DecideSpec
	list *widgets.Page
	page *widgets.Page

	part    part
	at      int
	card    workbench.Card
	has     bool               // there is a card
	outcome *workbench.Outcome // chosen and not yet confirmed
	chosen  rune               // the key it was chosen by
	box     fyne.CanvasObject  // where it is asked about
	writing bool               // another value is being written
	typedIn string
	merged  []workbench.Merged
	past    []workbench.Past
}

// idle reports whether nobody is in the middle of something.
func (d *decide) idle() bool { return d.outcome == nil && !d.writing }

// load reads the queue and shows it, and the card that is its turn.
func (d *decide) load() {
	d.host.Do(d.spec.Presenter.Load, func(err error) {
		if err != nil {
			d.host.Complain(err)
			return
		}
		d.show()
	})
}

// show reads what the right side is to show, and shows both sides.
func (d *decide) show() {
	d.spec.OnCount()
	d.at = max(0, min(d.at, d.spec.Presenter.Len()-1))
	d.outcome, d.writing, d.typedIn = nil, false, ""
	at, part := d.at, d.part
	var card workbench.Card
	var all []workbench.Merged
	var decided []workbench.Past
	d.host.Do(func(ctx context.Context) (err error) {
		switch {
		case part == merged:
			all, err = d.spec.Presenter.Merged(ctx)
		case part == past:
			decided, err = d.spec.Presenter.Past(ctx)
		case part == cards && d.spec.Presenter.Len() > 0:
			card, err = d.spec.Presenter.Card(ctx, at)
		}
		return err
	}, func(err error) {
		if err != nil {
			d.host.Complain(err)
			return
		}
		if at != d.at || part != d.part || !d.idle() {
			return // somebody went on meanwhile
		}
		d.card, d.has, d.merged, d.past = card, part == cards && d.spec.Presenter.Len() > 0, all, decided
		d.draw()
	})
}

func (d *decide) draw() {
	d.list.Keep(d.list.Offset(), d.menu()...)
	var objects []fyne.CanvasObject
	switch d.part {
	case cards:
		objects = d.cardObjects()
	case waiting:
		objects = d.waitingObjects()
	case merged:
		objects = d.mergedObjects()
	case past:
		objects = d.pastObjects()
	}
	d.page.Keep(0, append(objects, widgets.Spacer(24))...)
}

// menu lists the groups of the queue, and what else there is.
func (d *decide) menu() []fyne.CanvasObject {
	p := d.spec.Presenter
	objects := []fyne.CanvasObject{widgets.NewText(fmt.Sprintf("还有 %d 条要定", p.Len()), widgets.Strong)}
	for _, g := range p.Groups() {
		current := d.part == cards && d.at >= g.From && d.at < g.From+g.Count
		objects = append(objects, widgets.Edged(widgets.NewRow(widgets.RowFacts{
			Title: g.Village, Detail: g.Pair, Tag: fmt.Sprintf("%d 条", g.Count), TagColour: widgets.Quiet, Current: current,
		}, func() { d.turn(cards, g.From) })))
	}
	objects = append(objects, widgets.Spacer(8))
	for _, other := range []struct {
		part  part
		title string
	}{{waiting, fmt.Sprintf("等别人回答（%d）", len(p.Waiting()))}, {merged, "自动合并的"}, {past, "已经定的"}} {
		objects = append(objects, widgets.Edged(widgets.NewRow(widgets.RowFacts{Title: other.title, Current: d.part == other.part},
			func() { d.turn(other.part, d.at) })))
	}
	return objects
}

func (d *decide) turn(to part, at int) {
	d.part, d.at = to, at
	d.show()
}

// cardObjects lays out the card whose turn it is.
func (d *decide) cardObjects() []fyne.CanvasObject {
	if !d.has {
		return []fyne.CanvasObject{widgets.NewNote("没有要定的。各处改得不一样的内容会自动出现在这里；走访照常进行，不用等。")}
	}
	c := d.card
	objects := []fyne.CanvasObject{
		widgets.Tight(
			widgets.NewText(fmt.Sprintf("第 %d 条，共 %d 条", d.at+1, d.spec.Presenter.Len()), widgets.Hint),
			widgets.NewText(c.Subject+"　"+c.Field, widgets.Heading), widgets.NewText(c.Where, widgets.Hint)),
	}
	if c.Before != "" {
		objects = append(objects, widgets.NewText("改以前："+c.Before+"　　现在暂时显示："+c.Now, widgets.Plain))
	}
	for _, heard := range c.Heard {
		objects = append(objects, widgets.NewNote(heard))
	}
	var sides []fyne.CanvasObject
	for i, choice := range c.Choices {
		sides = append(sides, d.choice(i, choice))
	}
	objects = append(objects, widgets.Columns(sides...))
	switch {
	case d.outcome != nil:
		return append(objects, d.asking())
	case c.ProposedBy != "":
		return append(objects, d.proposal())
	}
	return append(objects, d.answers()...)
}

// choice is one of the values with where it comes from.
func (d *decide) choice(i int, c workbench.Choice) fyne.CanvasObject {
	when := []fyne.CanvasObject{widgets.NewText(c.Who+" · "+c.When, widgets.Hint)}
	if c.Unsure {
		when = append(when, widgets.NewText("时间不确定：那台设备的钟不准", widgets.Wrong))
	}
	if c.Visit != "" {
		when = append(when, widgets.NewText("在走访中："+c.Visit, widgets.Hint))
	}
	if c.Note != "" {
		when = append(when, widgets.NewText("为什么："+c.Note, widgets.Hint))
	}
	objects := []fyne.CanvasObject{widgets.NewText(c.Value, widgets.Strong), widgets.Tight(when...)}
	if d.outcome == nil && d.card.ProposedBy == "" {
		objects = append(objects, widgets.NewButton(widgets.ButtonSpec{
			Text: fmt.Sprintf("用这个（%d）", i+1), Weight: widgets.Main, OnTap: func() { d.take(i) },
		}))
	}
	return widgets.Card(objects...)
}

// answers are what can be done beside taking one of the values.
func (d *decide) answers() []fyne.CanvasObject {
	c := d.card
	var objects []fyne.CanvasObject
	next := len(c.Choices) + 1
	if c.Both != "" {
		objects = append(objects, widgets.Card(widgets.NewText("合在一起："+c.Both, widgets.Plain),
			widgets.NewButton(widgets.ButtonSpec{Text: fmt.Sprintf("都要（%d）", next), OnTap: d.unite})))
	}
	if c.Guarded {
		objects = append(objects, widgets.NewNote("这一项是敏感内容，要两个人定：您先提议，另一位同事在工作台确认后才算数。"))
	}
	if d.writing {
		return append(objects, d.writingCard())
	}
	var buttons []fyne.CanvasObject
	if c.CanWrite {
		buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: "都不对，另写", OnTap: func() {
			d.writing = true
			d.draw()
		}}))
	}
	cadres := d.spec.Presenter.Cadres(c)
	for _, visit := range []bool{false, true} {
		for _, cadre := range cadres {
			text := "问" + cadre.Name
			if visit {
				text = "请" + cadre.Name + "再走访"
			}
			buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: text, Weight: widgets.Light, OnTap: func() {
				d.choose(0)(d.spec.Presenter.Ask(c, cadre, visit))
			}}))
		}
	}
	buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: "先放着，看下一条", Weight: widgets.Light, OnTap: d.skip}))
	return append(objects, widgets.Grid(buttons...))
}

// writingCard takes another value: written, or one of those the form offers.
func (d *decide) writingCard() fyne.CanvasObject {
	c := d.card
	entry := fyne.CanvasObject(widgets.NewField(widgets.FieldSpec{Prompt: c.Field, OnType: func(text string) { d.typedIn = text }}))
	if len(c.Options) > 0 {
		items := make([]widgets.Item, len(c.Options))
		for i, o := range c.Options {
			items[i] = widgets.Item{Value: o.Value, Label: o.Label}
		}
		spec := widgets.ChoiceSpec{Items: items, OnChange: func(chosen []string) { d.typedIn = strings.Join(chosen, " ") }}
		if entry = widgets.NewChoiceButtons(spec); c.Both != "" {
			entry = widgets.NewCheckButtons(spec)
		}
	}
	return widgets.Card(widgets.NewText("应该是", widgets.Strong), entry, widgets.Grid(
		widgets.NewButton(widgets.ButtonSpec{Text: "用这个值", Weight: widgets.Main, OnTap: func() {
			d.choose(0)(d.spec.Presenter.Write(c, d.typedIn))
		}}),
		widgets.NewButton(widgets.ButtonSpec{Text: "不写了", Weight: widgets.Light, OnTap: d.show})))
}

// proposal asks for the second person's word.
func (d *decide) proposal() fyne.CanvasObject {
	c := d.card
	return widgets.Card(
		widgets.NewText(c.ProposedBy+"提议："+c.Proposed, widgets.Strong),
		widgets.NewText("敏感内容要两个人定，您确认后才算数。", widgets.Hint),
		widgets.Grid(
			widgets.NewButton(widgets.ButtonSpec{Text: "同意（1）", Weight: widgets.Main, OnTap: func() { d.choose('1')(d.spec.Presenter.Agree(c)) }}),
			widgets.NewButton(widgets.ButtonSpec{Text: "不同意（2）", OnTap: func() { d.choose('2')(d.spec.Presenter.Refuse(c)) }})))
}

// asking shows what was chosen as one sentence, before anything is written.
func (d *decide) asking() fyne.CanvasObject {
	d.box = confirmCard(d.outcome.Sentence, d.chosen, d.confirm, d.show)
	return d.box
}

// confirmCard says in one sentence what will be, and asks. The key that chose it confirms; 0 where there was none.
func confirmCard(sentence string, key rune, confirm, back func()) fyne.CanvasObject {
	text := "就这样定"
	if key != 0 {
		text += "（再按 " + string(key) + "）"
	}
	yes := widgets.NewButton(widgets.ButtonSpec{Text: text, Weight: widgets.Main, OnTap: confirm})
	return widgets.Panel(widgets.Chosen, widgets.Primary,
		widgets.NewText(sentence, widgets.Strong),
		widgets.Grid(yes, widgets.NewButton(widgets.ButtonSpec{Text: "再想想", Weight: widgets.Light, OnTap: back})))
}

// choose returns what takes an outcome that was chosen by a key, or by none.
func (d *decide) choose(key rune) func(workbench.Outcome, error) {
	return func(o workbench.Outcome, err error) {
		if err != nil {
			d.host.Complain(err)
			return
		}
		d.outcome, d.chosen, d.writing = &o, key, false
		d.draw()
		d.page.Reveal(d.box)
	}
}

func (d *decide) take(i int) { d.choose(rune('1' + i))(d.spec.Presenter.Take(d.card, i)) }

func (d *decide) unite() {
	d.choose(rune('1' + len(d.card.Choices)))(d.spec.Presenter.Unite(d.card))
}

// skip leaves a card for later and shows the next.
func (d *decide) skip() {
	d.at++
	if d.at >= d.spec.Presenter.Len() {
		d.at = 0
	}
	d.show()
}

// confirm writes what was chosen; the next card comes by itself.
func (d *decide) confirm() {
	if d.outcome == nil {
		return
	}
	o := *d.outcome
	d.outcome = nil
	d.host.Do(func(ctx context.Context) error { return d.spec.Presenter.Confirm(ctx, o) }, func(err error) {
		if err != nil {
			d.host.Complain(err)
			d.load()
			return
		}
		d.show()
	})
}

// typed takes a key that no field wanted: the number of what is to be taken, and the same again to confirm it.
func (d *decide) typed(key rune) {
	i := int(key - '1')
	switch {
	case d.part != cards || !d.has || d.writing || i < 0 || i > 8:
	case d.outcome != nil && key == d.chosen:
		d.confirm()
	case d.card.ProposedBy != "" && i == 0:
		d.choose(key)(d.spec.Presenter.Agree(d.card))
	case d.card.ProposedBy != "" && i == 1:
		d.choose(key)(d.spec.Presenter.Refuse(d.card))
	case d.card.ProposedBy != "":
	case i < len(d.card.Choices):
		d.take(i)
	case i == len(d.card.Choices) && d.card.Both != "":
		d.unite()
	}
}

// waitingObjects lists what others were asked.
func (d *decide) waitingObjects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("等别人回答", widgets.Heading)}
	all := d.spec.Presenter.Waiting()
	if len(all) == 0 {
		return append(objects, widgets.NewNote("没有在等的。"))
	}
	for _, w := range all {
		objects = append(objects, widgets.Card(widgets.Bar(0,
			widgets.Tight(widgets.NewText(w.Title, widgets.Plain), widgets.NewText(w.Detail, widgets.Hint)),
			widgets.NewButton(widgets.ButtonSpec{Text: "收回，自己定", Weight: widgets.Light, OnTap: func() {
				d.do(func(ctx context.Context) error { return d.spec.Presenter.Recall(ctx, w) })
			}}))))
	}
	return objects
}

// do does something and shows what is there afterwards.
func (d *decide) do(work func(context.Context) error) {
	d.host.Do(work, func(err error) {
		if err != nil {
			d.host.Complain(err)
		}
		d.load()
	})
}

// mergedObjects lists what has merged by itself.
func (d *decide) mergedObjects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("自动合并的", widgets.Heading)}
	if len(d.merged) == 0 {
		return append(objects, widgets.NewNote("没有。两处改的是不同的项目时，会自动合到一起，列在这里。"))
	}
	objects = append(objects, widgets.NewNote("这些是两处各改各的、不冲突，已经合到一起。不用做什么；觉得哪一项不对，可以撤销那一项。"),
		widgets.NewButton(widgets.ButtonSpec{Text: "都看过了，收起来", OnTap: func() {
			all := d.merged
			d.do(func(ctx context.Context) error { return d.spec.Presenter.Seen(ctx, all...) })
		}}))
	for _, m := range d.merged {
		lines := []fyne.CanvasObject{widgets.Tight(widgets.NewText(m.Title, widgets.Strong), widgets.NewText(m.Detail, widgets.Hint))}
		for i, change := range m.Changes {
			lines = append(lines, widgets.Bar(0, widgets.NewText(change.Words, widgets.Plain),
				widgets.NewButton(widgets.ButtonSpec{Text: "撤销", Weight: widgets.Light, OnTap: func() {
					d.do(func(ctx context.Context) error { return d.spec.Presenter.Revert(ctx, m, i) })
				}})))
		}
		objects = append(objects, widgets.Card(lines...))
	}
	return objects
}

// pastObjects lists what was decided, each with a button that takes it back.
func (d *decide) pastObjects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("已经定的", widgets.Heading)}
	if len(d.past) == 0 {
		return append(objects, widgets.NewNote("还没有定过什么。"))
	}
	if d.outcome != nil {
		objects = append(objects, d.asking())
	}
	for _, p := range d.past {
		var words []fyne.CanvasObject
		for _, w := range slices.Backward(p.Words) {
			words = append(words, widgets.NewText(w, widgets.Plain))
		}
		words = append(words, widgets.NewText(p.Who+" · "+p.When, widgets.Hint))
		objects = append(objects, widgets.Card(widgets.Bar(0, widgets.Tight(words...),
			widgets.NewButton(widgets.ButtonSpec{Text: "撤销", Weight: widgets.Light, OnTap: func() { d.undo(p) }}))))
	}
	return objects
}

func (d *decide) undo(p workbench.Past) {
	var o workbench.Outcome
	d.host.Do(func(ctx context.Context) (err error) {
		o, err = d.spec.Presenter.Undo(ctx, p)
		return err
	}, func(err error) {
		if err != nil {
			d.host.Complain(err)
			return
		}
		d.outcome, d.chosen = &o, 0
		d.draw()
	})
}

// newSides sets a narrow side and the rest of the window beside one another.
func newSides(side, main fyne.CanvasObject) fyne.CanvasObject {
	return &fyne.Container{Layout: &sidesLayout{}, Objects: []fyne.CanvasObject{side, canvas.NewRectangle(widgets.Line), main}}
}

// sideWidth holds two names and a number.
const sideWidth = 300

type sidesLayout struct{}

// Layout implements fyne.Layout.
func (sidesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, width := range []float32{sideWidth, 1, size.Width - sideWidth - 1} {
		objects[i].Move(fyne.NewPos(x, 0))
		objects[i].Resize(fyne.NewSize(width, size.Height))
		x += width
	}
}

// MinSize implements fyne.Layout.
func (sidesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	main := objects[2].MinSize()
	return fyne.NewSize(sideWidth+1+main.Width, max(objects[0].MinSize().Height, main.Height))
}
