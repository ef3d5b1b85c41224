package field

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/form"
	"zoucun/survey"
)

// VisitSpec describes the screen of a questionnaire.
type VisitSpec struct {
	Presenter  *present.Visit
	OnFinished func()
	OnDiscard  func()
	// Sheet lays everything out as one page in the order of the sheet on paper, for whoever copies one by keyboard.
	Sheet bool
}

// NewVisit returns the screen: a page of questions, and the index of sections beside it or behind a button.
func NewVisit(h view.Host, spec VisitSpec) *view.Screen {
	v := &visit{host: h, presenter: spec.Presenter, spec: spec, page: widgets.NewPage(), index: widgets.NewPage()}
	v.undo = widgets.NewButton(widgets.ButtonSpec{Text: "撤销", OnTap: func() { v.travel(v.presenter.Undo, "没有可以撤销的了。") }})
	v.redo = widgets.NewButton(widgets.ButtonSpec{Text: "恢复", OnTap: func() { v.travel(v.presenter.Redo, "没有可以恢复的了。") }})
	end := []fyne.CanvasObject{widgets.NewButton(widgets.ButtonSpec{Text: "以前写的", OnTap: v.openPast})}
	if list := spec.Presenter.Comments(); len(list) > 0 {
		end = append(end, widgets.NewButton(widgets.ButtonSpec{Text: fmt.Sprintf("乡镇的意见（%d 题）", len(list)), OnTap: v.openComments}))
	}
	v.end = widgets.Column(append(end,
		widgets.NewButton(widgets.ButtonSpec{Text: v.finishText(), Weight: widgets.Main, OnTap: v.finish}),
		widgets.NewConfirm(widgets.ConfirmSpec{Text: "删除草稿", Ask: discardAsk(spec.Presenter), OnConfirm: v.discard}))...)
	v.split = newSplit(v.index, v.page)
	v.split.inDetail = true
	v.split.onMode = func() { h.Later(0, v.render) }
	v.screen = &view.Screen{Body: v.split, Back: v.back, CanGoBack: v.canGoBack, Leave: v.leave}
	v.presenter.OnChange = v.render
	v.presenter.OnError = h.Complain
	v.render()
	if spec.Sheet {
		h.Later(0, v.begin)
	}
	if list := spec.Presenter.Comments(); len(list) > 0 {
		h.Later(0, func() { v.reveal(list[0].Path) })
	}
	return v.screen
}

type visit struct {
	host      view.Host
	presenter *present.Visit
	spec      VisitSpec
	screen    *view.Screen
	split     *split
	page      *widgets.Page
	index     *widgets.Page

	key      string // of the page that is laid out
	blocks   []*block
	boxes    []*widgets.SealedBox // on the page
	sections []*widgets.Row       // of the index; they stay while what they say changes, for a finger may be on one
	end      fyne.CanvasObject    // what stands below them
	undo     fyne.CanvasObject
	redo     fyne.CanvasObject
	way      string // what the button below the page says
	bar      string // what the bar shows, to lay it out anew only when that changes
}

// render brings what is laid out up to what the presenter says. What has not changed stays as it is, and with it the
// caret, the keyboard and the place the page is scrolled to.
func (v *visit) render() {
	p := v.shownPage()
	if p.Key != v.key {
		v.blocks = nil
		v.forgetBoxes()
	}
	keep := v.page.Offset()
	blocks, same := v.fit(p)
	same = same && v.way == v.forward(p).Text
	v.blocks, v.way = blocks, v.forward(p).Text
	switch {
	case p.Key != v.key:
		v.key = p.Key
		v.page.SetObjects(v.objects(p)...)
	case !same:
		v.page.Keep(keep, v.objects(p)...)
	default:
		v.page.Refresh()
	}
	v.renderIndex()
	v.renderBar(p)
}

// fit returns a block for every item, old ones where there are, and whether they are just the old ones.
func (v *visit) fit(p present.Page) (blocks []*block, same bool) {
	same = len(p.Items) == len(v.blocks)
	for i, item := range p.Items {
		at := slices.IndexFunc(v.blocks, func(b *block) bool { return b.item.Key == item.Key })
		if at < 0 {
			blocks = append(blocks, v.newBlock(item))
			same = false
			continue
		}
		same = same && at == i
		v.blocks[at].update(item)
		blocks = append(blocks, v.blocks[at])
	}
	return blocks, same
}

func (v *visit) objects(p present.Page) []fyne.CanvasObject {
	title := p.Title
	if p.Of > 1 {
		title = fmt.Sprintf("%s（第 %d 页，共 %d 页）", p.Title, p.Number, p.Of)
	}
	objects := []fyne.CanvasObject{widgets.Bar(0, widgets.NewText(title, widgets.Heading), v.undo, v.redo)}
	if remark, _ := v.presenter.Amending(); remark != "" {
		objects = append(objects, widgets.NewNote("乡镇退回："+remark))
	}
	for _, b := range v.blocks {
		objects = append(objects, b.object)
	}
	forward := v.forward(p)
	return append(objects, widgets.NewButton(forward), widgets.Spacer(24))
}

// forward is the button that goes on from a page.
func (v *visit) forward(p present.Page) widgets.ButtonSpec {
	switch {
	case p.Last && p.InInstance:
		return widgets.ButtonSpec{Text: "这一条填好了", Weight: widgets.Main, OnTap: v.next}
	case p.Last:
		return widgets.ButtonSpec{Text: v.finishText(), Weight: widgets.Main, OnTap: v.finish}
	}
	return widgets.ButtonSpec{Text: "下一页", Weight: widgets.Main, OnTap: v.next}
}

func (v *visit) next() {
	if v.unsealed() {
		return
	}
	v.turn(v.presenter.Next)
}

// turn goes to another page and keeps a snapshot of it, so that the filling is taken up again there.
func (v *visit) turn(move func()) {
	v.clearBoxes()
	if err := v.presenter.Settle(v.host.Ctx()); err != nil {
		v.host.Complain(err)
	}
	move()
	v.leave()
	v.split.inDetail = true
	v.split.Refresh()
	v.render()
}

func (v *visit) renderBar(p present.Page) {
	answered, total := v.presenter.Progress()
	v.screen.Title = v.presenter.Draft().Title
	v.screen.Subtitle = fmt.Sprintf("已答 %d/%d", answered, total)
	v.screen.Actions = nil
	if !v.split.wide && v.split.inDetail {
		v.screen.Actions = append(v.screen.Actions, widgets.ButtonSpec{Text: "目录", OnTap: v.openIndex})
	}
	if !p.First {
		v.screen.Actions = append(v.screen.Actions, widgets.ButtonSpec{Text: "上一页", OnTap: func() { v.turn(v.presenter.Previous) }})
	}
	v.screen.Actions = append(v.screen.Actions, v.forward(p))
	bar := fmt.Sprint(v.screen.Title, v.screen.Subtitle, p.Key, p.First, p.Last, v.split.wide, v.split.inDetail)
	if bar != v.bar {
		v.bar = bar
		v.host.Refresh()
	}
}

// travel undoes or does again, and brings the question concerned into sight.
func (v *visit) travel(move func(context.Context) (survey.FieldPath, bool, error), nothing string) {
	question, done, err := move(v.host.Ctx())
	switch {
	case err != nil:
		v.host.Complain(err)
	case !done:
		v.host.Tell(nothing)
	default:
		v.reveal(question)
	}
}

// openPast shows what the filling has been.
func (v *visit) openPast() {
	v.leave()
	v.host.Push(newPast(v.host, v.presenter, func() {
		v.host.Back()
		v.host.Back()
		v.split.showDetail(true)
		v.render()
		v.host.Tell("已经回到以前写的。不对的话，点“撤销”就能回来。")
	}))
}

func (v *visit) openIndex() {
	v.leave()
	v.split.showDetail(false)
	v.render()
}

func (v *visit) renderIndex() {
	if !v.split.wide && v.split.inDetail {
		return
	}
	answered, total := v.presenter.Progress()
	objects := []fyne.CanvasObject{
		widgets.NewText(fmt.Sprintf("已答 %d 题，共 %d 题", answered, total), widgets.Hint), widgets.Meter(answered, total),
	}
	if v.spec.Sheet {
		v.index.Keep(v.index.Offset(), append(objects, sheetHelp(), v.end)...)
		return
	}
	sections := v.presenter.Index()
	if len(sections) != len(v.sections) {
		v.sections = make([]*widgets.Row, len(sections))
		for i := range sections {
			v.sections[i] = widgets.NewRow(widgets.RowFacts{}, func() { v.turn(func() { v.presenter.GoSection(i) }) })
		}
	}
	list := make([]fyne.CanvasObject, len(sections))
	for i, row := range sections {
		v.sections[i].Set(sectionFacts(row))
		list[i] = v.sections[i]
	}
	objects = append(objects, widgets.Edged(widgets.Tight(list...)), v.end)
	v.index.Keep(v.index.Offset(), objects...)
}

func sectionFacts(row present.SectionRow) widgets.RowFacts {
	facts := widgets.RowFacts{
		Title: row.Title, Tag: fmt.Sprintf("%d/%d", row.Answered, row.Total), TagColour: widgets.Quiet, Current: row.Current,
	}
	switch {
	case row.Wrong > 0:
		facts.Tag, facts.TagColour = fmt.Sprintf("%d 处要改", row.Wrong), widgets.Danger
	case row.Comments > 0:
		facts.Tag, facts.TagColour = fmt.Sprintf("%d 题有意见", row.Comments), widgets.Primary
	}
	return facts
}

func (v *visit) back() bool {
	if !v.split.wide && !v.split.inDetail {
		v.split.showDetail(true)
		v.render()
		return true
	}
	if !v.presenter.Leave() {
		return false
	}
	v.leave()
	v.render()
	return true
}

func (v *visit) canGoBack() bool { return true }

// leave keeps everything; whatever becomes of the program afterwards, nothing is lost.
func (v *visit) leave() {
	v.clearBoxes()
	if err := v.presenter.Flush(v.host.Ctx()); err != nil {
		v.host.Complain(err)
	}
}

func (v *visit) answer(question survey.FieldPath, value string) {
	if err := v.presenter.Answer(v.host.Ctx(), question, value); err != nil {
		v.host.Complain(err)
	}
}

func (v *visit) finish() {
	if v.unsealed() || v.doubts() || v.hints() {
		return
	}
	wrongs, err := v.presenter.Finish(v.host.Ctx())
	switch {
	case err != nil:
		v.host.Complain(err)
	case len(wrongs) > 0:
		v.host.Push(newWrongs(wrongs, v.goTo))
	default:
		v.spec.OnFinished()
	}
}

// goTo leaves the list of what is wrong for the question that is.
func (v *visit) goTo(w present.Wrong) {
	v.host.Back()
	if !v.spec.Sheet {
		v.turn(func() { v.presenter.GoTo(w.Path) })
	}
	v.reveal(w.Path)
}

// reveal brings a question of the present page into sight.
func (v *visit) reveal(question survey.FieldPath) {
	for _, b := range v.blocks {
		if b.shows(question) {
			v.page.Reveal(b.object)
		}
	}
}

func (v *visit) discard() {
	if err := v.presenter.Discard(v.host.Ctx()); err != nil {
		v.host.Complain(err)
		return
	}
	v.spec.OnDiscard()
}

// newWrongs returns the screen that lists what is to be put right; tapping a line goes to its question.
func newWrongs(wrongs []present.Wrong, goTo func(present.Wrong)) *view.Screen {
	objects := []fyne.CanvasObject{widgets.NewText("点一条，就到那一题去改。改好后再点“完成走访”。", widgets.Plain)}
	for _, w := range wrongs {
		words := widgets.Tight(widgets.NewText(w.Section, widgets.Hint), widgets.NewText(w.Question, widgets.Strong),
			widgets.NewText(w.Message, widgets.Wrong))
		if !w.Asked {
			objects = append(objects, widgets.Card(words))
			continue
		}
		change := widgets.NewButton(widgets.ButtonSpec{Text: "去修改", OnTap: func() { goTo(w) }})
		objects = append(objects, widgets.Card(widgets.Bar(0, words, change)))
	}
	return &view.Screen{Title: fmt.Sprintf("还有 %d 处要改", len(wrongs)), Body: widgets.NewPage(objects...)}
}

// block is what stands on the page for one item.
type block struct {
	visit  *visit
	item   present.Item
	object fyne.CanvasObject
	column *fyne.Container
	input  fyne.CanvasObject
	shown  []fyne.CanvasObject // pictures of the question and its options
	row    []*block            // of a row: its questions
	inRow  bool

	reported    string // the value the control shows of itself
	keepControl bool   // the control already shows what is being answered
}

func (b *block) shows(path survey.FieldPath) bool {
	if b.item.Kind == present.QuestionItem && b.item.Question.Path == path {
		return true
	}
	return slices.ContainsFunc(b.row, func(q *block) bool { return q.shows(path) })
}

func (v *visit) newBlock(item present.Item) *block {
	b := &block{visit: v, item: item, column: widgets.Column(), reported: item.Question.Value}
	switch item.Kind {
	case present.HeadingItem:
		b.object = widgets.NewText(item.Label, widgets.Strong)
		return b
	case present.QuestionItem:
		b.input, b.shown = v.control(b), b.illustrations()
	case present.RowItem:
		for _, q := range item.Row {
			b.row = append(b.row, v.newRowBlock(q))
		}
	case present.RepeatItem:
		b.input = v.repeat(item)
	}
	b.object = widgets.Card(b.column)
	b.layOut()
	return b
}

// newRowBlock is a question within a row: its name before its options, without a card of its own.
func (v *visit) newRowBlock(item present.Item) *block {
	b := &block{visit: v, item: item, column: widgets.Column(), reported: item.Question.Value, inRow: true}
	b.object = b.column
	b.input, b.shown = v.control(b), b.illustrations()
	b.layOut()
	return b
}

// layOut stacks what the block consists of now.
func (b *block) layOut() {
	var objects []fyne.CanvasObject
	if b.inRow && b.input != nil {
		label := widgets.NewText(b.title(), widgets.TextStyle{Whole: true})
		objects = append(append(objects, b.shown...), b.comment(), b.wrong(), widgets.Bar(1, label, b.input))
	} else {
		objects = append(append(objects, widgets.Tight(b.head()...)), b.shown...)
		objects = append(objects, b.comment(), b.wrong(), b.input)
	}
	for _, q := range b.row {
		objects = append(objects, q.object)
	}
	b.column.Objects = slices.DeleteFunc(objects, func(o fyne.CanvasObject) bool { return o == nil })
}

// head is the question, or the words to be read out.
func (b *block) head() []fyne.CanvasObject {
	q := b.item.Question
	if b.item.Kind == present.QuestionItem && q.Type == form.Note {
		return []fyne.CanvasObject{widgets.NewNote(b.item.Label)}
	}
	head := []fyne.CanvasObject{widgets.NewText(b.title(), widgets.Strong)}
	if q.Hint != "" {
		head = append(head, widgets.NewText(q.Hint, widgets.Hint))
	}
	if q.ReadOnly && q.Value != "" {
		head = append(head, widgets.NewText(q.Value, widgets.Plain))
	}
	return head
}

// comment is what the township has said of the answer.
func (b *block) comment() fyne.CanvasObject {
	if b.item.Comment == "" {
		return nil
	}
	return widgets.NewNote("乡镇的意见：" + b.item.Comment)
}

func (b *block) wrong() fyne.CanvasObject {
	if b.item.Wrong == "" {
		return nil
	}
	return widgets.NewWarning(b.item.Wrong)
}

func (b *block) title() string {
	if b.item.Question.Required && b.item.Question.Type != form.Sealed {
		return b.item.Label + "（必填）"
	}
	return b.item.Label
}

// update shows an item as it is now; the control stays where it shows the right thing already.
func (b *block) update(item present.Item) {
	old := b.item
	b.item = item
	switch item.Kind {
	case present.HeadingItem:
		return
	case present.RowItem:
		b.updateRow(item)
	case present.RepeatItem:
		if old.CanAdd != item.CanAdd || !slices.Equal(old.Cards, item.Cards) {
			b.input = b.visit.repeat(item)
		}
	case present.QuestionItem:
		b.updateControl(old)
		if !sameMedia(old.Question, item.Question) {
			b.shown = b.illustrations()
		}
	}
	b.layOut()
}

func (b *block) updateRow(item present.Item) {
	var row []*block
	for _, q := range item.Row {
		at := slices.IndexFunc(b.row, func(old *block) bool { return old.item.Key == q.Key })
		if at < 0 {
			row = append(row, b.visit.newRowBlock(q))
			continue
		}
		b.row[at].update(q)
		row = append(row, b.row[at])
	}
	b.row = row
}

func (b *block) updateControl(before present.Item) {
	q, old := b.item.Question, before.Question
	asked := before.Reading == b.item.Reading && bytes.Equal(before.Offered, b.item.Offered)
	own := b.keepControl || q.Value == b.reported
	same := old.Type == q.Type && old.Appearance == q.Appearance && old.ReadOnly == q.ReadOnly && sameChoices(old.Choices, q.Choices)
	if own && same && asked {
		if b.keepControl {
			b.reported = q.Value
		}
		return
	}
	b.reported = q.Value
	b.input = b.visit.control(b)
}

func sameChoices(a, b []form.Choice) bool {
	return slices.EqualFunc(a, b, func(x, y form.Choice) bool { return x.Name == y.Name && x.Label == y.Label })
}

// sameMedia reports whether the same files go with a question and its options.
func sameMedia(a, b form.Question) bool {
	return maps.Equal(a.Media, b.Media) && slices.EqualFunc(a.Choices, b.Choices, func(x, y form.Choice) bool {
		return x.Label == y.Label && maps.Equal(x.Media, y.Media)
	})
}

func (v *visit) repeat(item present.Item) fyne.CanvasObject {
	spec := widgets.RepeatSpec{
		OnAdd: func() {
			v.leave()
			v.try(v.presenter.Add(v.host.Ctx(), item.Repeat))
			v.stayOnSheet(item.Repeat)
			v.render()
		},
		OnEdit:   func(i int) { v.openInstance(item.Cards[i].Path) },
		OnRemove: func(i int) { v.try(v.presenter.Remove(v.host.Ctx(), item.Cards[i].Path)) },
	}
	for _, c := range item.Cards {
		facts := widgets.CardFacts{Title: c.Title, Detail: c.Detail, Wrong: c.Wrong, Empty: c.Empty, CanRemove: c.CanRemove}
		if c.Commented {
			facts.Detail = joinDots("乡镇有意见", c.Detail)
		}
		spec.Cards = append(spec.Cards, facts)
	}
	if item.CanAdd {
		spec.AddText = "添加" + item.Label
	}
	if v.spec.Sheet {
		return v.sheetRepeat(item, spec)
	}
	return widgets.NewRepeatCards(spec)
}

func (v *visit) try(err error) {
	if err != nil {
		v.host.Complain(err)
	}
}
