package township

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// NewReview returns the screen of visits for review: what is listed, and the list.
func NewReview(h view.Host, presenter *workbench.Review) *view.Screen {
	r := &review{host: h, presenter: presenter, summary: widgets.NewText("", widgets.Hint), head: widgets.Column()}
	r.list = widgets.NewList(widgets.ListSpec{Count: presenter.Count, Row: r.row, OnTap: r.open})
	r.screen = &view.Screen{Title: "审核", Body: container.NewBorder(widgets.Inset(12, r.head), nil, nil, nil, r.list), Changed: r.changed}
	presenter.List()
	r.show()
	r.check()
	return r.screen
}

type review struct {
	host      view.Host
	presenter *workbench.Review
	screen    *view.Screen
	list      *widgets.List
	head      *fyne.Container
	summary   *widgets.Text
	checking  bool
}

func (r *review) row(i int) widgets.RowFacts {
	row := r.presenter.Row(r.host.Ctx(), i)
	facts := widgets.RowFacts{Title: row.Title, Detail: row.Detail, Tag: row.Tag, TagColour: widgets.Quiet}
	if row.Warn {
		facts.TagColour = widgets.Primary
	}
	return facts
}

// changed lists anew what has come or was decided, and looks through what is new.
func (r *review) changed() {
	r.presenter.List()
	r.show()
	r.check()
}

// check looks through what waits, beside the work.
func (r *review) check() {
	if r.checking {
		return
	}
	r.checking = true
	r.host.Do(func(ctx context.Context) error {
		return r.presenter.Check(ctx, func(int, int) {})
	}, func(err error) {
		r.checking = false
		if err != nil && !errors.Is(err, context.Canceled) {
			r.host.Complain(err)
			return
		}
		r.presenter.List()
		r.show()
	})
}

func (r *review) show() {
	f := r.presenter.Filter()
	r.summary.SetText(r.words())
	r.head.Objects = []fyne.CanvasObject{r.states(f), r.filters(f), widgets.Bar(0, r.summary, r.passAll())}
	r.head.Refresh()
	r.list.Refresh()
	r.host.Refresh()
}

func (r *review) words() string {
	words := fmt.Sprintf("共 %d 份。", r.presenter.Count())
	if r.checking {
		words += "正在查看有没有要留意的地方……"
	}
	return words
}

func (r *review) states(f workbench.ReviewFilter) fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	for i, name := range workbench.StateNames {
		weight := widgets.Ordinary
		if workbench.StateFilter(i) == f.State {
			weight = widgets.Main
		}
		buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: name, Weight: weight, OnTap: func() {
			f.State = workbench.StateFilter(i)
			r.filter(f)
		}}))
	}
	return widgets.Columns(buttons...)
}

func (r *review) filter(f workbench.ReviewFilter) {
	r.presenter.Show(f)
	r.list.ScrollToTop()
	r.show()
}

// filters are the buttons that narrow the list by village, form, author and findings.
func (r *review) filters(f workbench.ReviewFilter) fyne.CanvasObject {
	return widgets.Columns(
		r.narrow("村", nameOf(r.villages(), f.Village.String()), r.villages, func(id string) {
			f.Village, _ = survey.ParseID[survey.RecordID](id)
			r.filter(f)
		}),
		r.narrow("表", nameOf(r.forms(), string(f.Form)), r.forms, func(id string) {
			f.Form = survey.FormID(id)
			r.filter(f)
		}),
		r.narrow("走访人", nameOf(r.authors(), f.Author.String()), r.authors, func(id string) {
			f.Author, _ = survey.ParseID[survey.PersonID](id)
			r.filter(f)
		}),
		r.narrow("提示", nameOf(findingItems, fmt.Sprint(f.Findings)), func() []widgets.Item { return findingItems }, func(id string) {
			f.Findings = workbench.FindingFilter(slices.IndexFunc(findingItems, func(i widgets.Item) bool { return i.Value == id }) + 1)
			r.filter(f)
		}))
}

var findingItems = []widgets.Item{
	{Value: fmt.Sprint(workbench.WithFindings), Label: "有要看的"}, {Value: fmt.Sprint(workbench.WithoutFindings), Label: "没有要看的"},
}

func nameOf(items []widgets.Item, value string) string {
	if at := slices.IndexFunc(items, func(i widgets.Item) bool { return i.Value == value }); at >= 0 {
		return items[at].Label
	}
	return "全部"
}

// narrow is a button that opens the choice of one thing to list by; all of them come first.
func (r *review) narrow(what, now string, items func() []widgets.Item, choose func(value string)) fyne.CanvasObject {
	return widgets.NewButton(widgets.ButtonSpec{Text: what + "：" + now, OnTap: func() {
		all := append([]widgets.Item{{Label: "全部"}}, items()...)
		list := widgets.NewList(widgets.ListSpec{
			Count: func() int { return len(all) },
			Row: func(i int) widgets.RowFacts {
				return widgets.RowFacts{Title: all[i].Label, Current: all[i].Label == now}
			},
			OnTap: func(i int) {
				r.host.Back()
				choose(all[i].Value)
			},
		})
		r.host.Push(&view.Screen{Title: "只看哪个" + what, Body: list})
	}})
}

func (r *review) villages() []widgets.Item {
	var items []widgets.Item
	for _, v := range r.presenter.Villages() {
		items = append(items, widgets.Item{Value: v.ID.String(), Label: v.Name})
	}
	return items
}

func (r *review) forms() []widgets.Item {
	forms, err := r.presenter.Forms(r.host.Ctx())
	if err != nil {
		return nil
	}
	var items []widgets.Item
	for _, f := range forms {
		items = append(items, widgets.Item{Value: string(f.ID), Label: string(f.ID)})
	}
	return items
}

func (r *review) authors() []widgets.Item {
	var items []widgets.Item
	for _, a := range r.presenter.Authors() {
		items = append(items, widgets.Item{Value: a.ID.String(), Label: a.Name})
	}
	return items
}

// passAll is the button that passes all visits in which nothing was found.
func (r *review) passAll() fyne.CanvasObject {
	ids := r.presenter.Clean()
	button := widgets.ButtonSpec{Text: fmt.Sprintf("通过没有提示的 %d 份", len(ids)), Disabled: len(ids) == 0 || r.checking}
	button.OnTap = func() {
		words := fmt.Sprintf("列表里有 %d 份走访，程序没有找到要留意的地方，也没有人退回过。确认后一起通过；通过以后还可以逐份撤回。", len(ids))
		r.host.Push(&view.Screen{
			Title: "一起通过", Body: widgets.NewPage(widgets.NewNote(words), widgets.NewText("程序只看得出缺项、前后不一致、雷同和少见的数，看不出内容真不真。拿不准就逐份看。", widgets.Plain)),
			Actions: []widgets.ButtonSpec{{Text: fmt.Sprintf("通过这 %d 份", len(ids)), Weight: widgets.Main, OnTap: func() { r.pass(ids) }}},
		})
	}
	return widgets.NewButton(button)
}

func (r *review) pass(ids []survey.RecordID) {
	r.host.Back()
	passed := 0
	r.host.Do(func(ctx context.Context) (err error) {
		passed, err = r.presenter.PassAll(ctx, ids, func(int) {})
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
		} else {
			r.host.Tell(fmt.Sprintf("已通过 %d 份。", passed))
		}
		r.show()
	})
}

func (r *review) open(i int) {
	id := r.presenter.Row(r.host.Ctx(), i).ID
	var page workbench.VisitPage
	r.host.Do(func(ctx context.Context) (err error) {
		page, err = r.presenter.Open(ctx, id)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		r.host.Push(newVisitReview(r.host, r.presenter, page))
	})
}

// visitReview is the screen on which one visit is read and reviewed.
type visitReview struct {
	host      view.Host
	presenter *workbench.Review
	page      workbench.VisitPage
	comments  map[survey.FieldPath]string
	remark    string
	body      *widgets.Page
}

func newVisitReview(h view.Host, presenter *workbench.Review, page workbench.VisitPage) *view.Screen {
	v := &visitReview{host: h, presenter: presenter, page: page, comments: map[survey.FieldPath]string{}}
	v.body = widgets.NewPage(v.objects()...)
	return &view.Screen{Title: page.Title, Subtitle: page.State + " · " + page.Where, Body: v.body, Actions: v.actions()}
}

func (v *visitReview) actions() []widgets.ButtonSpec {
	if !v.page.Waits {
		return []widgets.ButtonSpec{{Text: "撤回审核", OnTap: func() {
			v.decide("已撤回，这份走访又在待审里。", v.presenter.TakeBack)
		}}}
	}
	return []widgets.ButtonSpec{
		{Text: "并入另一份", OnTap: v.join},
		{Text: "退回补充", OnTap: v.giveBack},
		{Text: "通过", Weight: widgets.Main, OnTap: func() { v.decide("已通过。", v.presenter.Pass) }},
	}
}

func (v *visitReview) objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if v.page.Late != "" {
		objects = append(objects, widgets.NewText(v.page.Late, widgets.Plain))
	}
	if v.page.DupOf != "" {
		objects = append(objects, widgets.NewNote("已并入"+v.page.DupOf+"，不再单独统计。"))
	}
	for _, finding := range v.page.Findings {
		objects = append(objects, widgets.NewNote(finding))
	}
	if v.page.Remark != "" {
		objects = append(objects, widgets.NewNote("上次退回的意见："+v.page.Remark))
	}
	var beside besideLine
	if v.page.Waits {
		beside = v.commentOn
	}
	objects = append(objects, passageCards(v.page.Passages, beside)...)
	if v.page.Waits {
		objects = append(objects, widgets.Card(widgets.NewText("总的意见（退回时给走访人看）", widgets.Strong),
			widgets.NewField(widgets.FieldSpec{Rows: 3, OnType: func(text string) { v.remark = text }})))
	}
	return append(objects, stepCard(v.page.Steps), widgets.Spacer(24))
}

// commentOn is beside each answer: what was said of it, and a field for more, which stands there once it is asked for.
func (v *visitReview) commentOn(line workbench.ReadLine, said fyne.CanvasObject) fyne.CanvasObject {
	field := widgets.NewField(widgets.FieldSpec{
		Prompt: "这一题要补充什么", OnType: func(text string) { v.comments[line.Path] = text },
	})
	field.Hide()
	column := widgets.Tight()
	write := widgets.NewButton(widgets.ButtonSpec{Text: "写意见", Weight: widgets.Light, OnTap: func() {
		field.Show()
		column.Refresh()
		v.body.Refresh()
	}})
	column.Objects = append(column.Objects, widgets.Bar(0, said, write))
	if line.Comment != "" {
		column.Objects = append(column.Objects, widgets.NewNote("上次问的："+line.Comment))
	}
	column.Objects = append(column.Objects, field)
	return column
}

func (v *visitReview) giveBack() {
	v.decide("已退回。走访人的平板联网后，会在“我的记录”里看到您的意见。", func(ctx context.Context, p workbench.VisitPage) error {
		return v.presenter.Return(ctx, p, v.remark, v.comments)
	})
}

// decide writes the township's word and goes back to the list. What was not written is said, and nothing typed is lost.
func (v *visitReview) decide(done string, write func(context.Context, workbench.VisitPage) error) {
	v.host.Do(func(ctx context.Context) error { return write(ctx, v.page) }, func(err error) {
		if err != nil {
			v.host.Complain(err)
			return
		}
		v.host.Back()
		v.host.Tell(done)
	})
}

// join chooses the visit this one is joined to.
func (v *visitReview) join() {
	others := v.presenter.Others(v.host.Ctx(), v.page)
	if len(others) == 0 {
		v.host.Tell("这一户没有别的走访可以并入。")
		return
	}
	list := widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(others) },
		Row: func(i int) widgets.RowFacts {
			return widgets.RowFacts{Title: others[i].Title, Detail: others[i].Detail}
		},
		OnTap: func(i int) {
			v.host.Back()
			v.decide("已并入。原来的内容都还在，可以撤回。", func(ctx context.Context, p workbench.VisitPage) error {
				return v.presenter.Join(ctx, p, others[i].ID)
			})
		},
	})
	head := widgets.Inset(12, widgets.NewNote("点哪一份，这份走访就并入哪一份：以后只统计那一份，两份的内容都保留。"))
	v.host.Push(&view.Screen{Title: "并入哪一份走访", Body: container.NewBorder(head, nil, nil, nil, list)})
}
