package township

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// TwinsSpec describes the section 疑似重复.
type TwinsSpec struct {
	Presenter *workbench.Twins
	OnCount   func() // the number of what waits may be another
}

// NewTwins returns the section 疑似重复: the pairs at the left, one of them side by side at the right.
func NewTwins(h view.Host, spec TwinsSpec) *view.Screen {
	t := &twins{host: h, spec: spec, page: widgets.NewPage()}
	t.list = widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(t.pairs) + 1 }, Row: t.row, OnTap: t.tap,
	})
	t.page.SetObjects(widgets.NewNote("正在比对名册……第一次要一会儿，可以先做别的。"))
	t.load()
	return &view.Screen{Title: "疑似重复", Body: newSides(t.list, t.page), Typed: t.typed, Changed: func() {
		if t.outcome == nil {
			t.load()
		}
	}}
}

type twins struct {
	host view.Host
	spec TwinsSpec
	list *widgets.List
	page *widgets.Page

	pairs   []workbench.Pair
	at      int
	joints  bool // what was joined is shown in place of a pair
	couple  workbench.Couple
	has     bool
	kept    int
	outcome *workbench.Outcome
	chosen  rune
	box     fyne.CanvasObject // where it is asked about
}

func (t *twins) load() {
	t.host.Do(t.spec.Presenter.Load, func(err error) {
		if err != nil {
			t.host.Complain(err)
			return
		}
		t.show()
	})
}

func (t *twins) row(i int) widgets.RowFacts {
	if i == len(t.pairs) {
		return widgets.RowFacts{Title: "已经并的，可以拆开", Current: t.joints}
	}
	p := t.pairs[i]
	kind := map[survey.RecordType]string{survey.TypeHousehold: "户", survey.TypeProblem: "问题", survey.TypeVisit: "走访"}[p.Of]
	return widgets.RowFacts{
		Title: p.Title, Detail: p.Village + " · " + p.For, Tag: kind, TagColour: widgets.Quiet, Current: !t.joints && i == t.at,
	}
}

func (t *twins) tap(i int) {
	t.joints = i == len(t.pairs)
	if !t.joints {
		t.at = i
	}
	t.show()
}

// show reads the pair whose turn it is, and shows both sides.
func (t *twins) show() {
	t.pairs, _ = t.spec.Presenter.Pairs()
	t.spec.OnCount()
	t.at = max(0, min(t.at, len(t.pairs)-1))
	t.outcome = nil
	at, joints := t.at, t.joints
	t.list.Refresh()
	if !joints && len(t.pairs) == 0 {
		t.has = false
		t.page.SetObjects(widgets.NewNote("没有疑似重复的。名册、问题、走访里出现很像的两条时，会自动列在这里，由您来定，不会自动合并。"))
		return
	}
	var c workbench.Couple
	var all []workbench.Joint
	t.host.Do(func(ctx context.Context) (err error) {
		if joints {
			all, err = t.spec.Presenter.Joints(ctx)
			return err
		}
		c, err = t.spec.Presenter.Couple(ctx, t.pairs[at])
		return err
	}, func(err error) {
		switch {
		case err != nil:
			t.host.Complain(err)
		case at != t.at || joints != t.joints:
		case joints:
			t.has = false
			t.page.SetObjects(t.jointObjects(all)...)
		default:
			t.couple, t.has, t.kept = c, true, c.Keeps()
			t.draw()
		}
	})
}

func (t *twins) draw() { t.page.SetObjects(append(t.coupleObjects(), widgets.Spacer(24))...) }

// rowsShown is how many fields of two visits stand side by side; those that differ come first.
const rowsShown = 14

func (t *twins) coupleObjects() []fyne.CanvasObject {
	c := t.couple
	ask := map[survey.RecordType]string{survey.TypeHousehold: "是不是同一户？", survey.TypeProblem: "是不是同一个问题？", survey.TypeVisit: "是不是同一次走访？"}[c.Of]
	objects := []fyne.CanvasObject{widgets.Tight(
		widgets.NewText(fmt.Sprintf("第 %d 对，共 %d 对　%s", t.at+1, len(t.pairs), c.Village), widgets.Hint),
		widgets.NewText(ask, widgets.Heading))}
	evidence := []fyne.CanvasObject{widgets.NewText("像的地方："+c.For, widgets.Plain)}
	if c.Against != "" {
		evidence = append(evidence, widgets.NewText("不像的地方："+c.Against, widgets.Wrong))
	}
	objects = append(objects, widgets.Tight(evidence...), t.table())
	if t.outcome != nil {
		t.box = confirmCard(t.outcome.Sentence, t.chosen, t.confirm, t.show)
		return append(objects, t.box)
	}
	return append(objects, t.keeper(), widgets.Grid(
		widgets.NewButton(widgets.ButtonSpec{Text: sameText(c.Of) + "（1）", Weight: widgets.Main, OnTap: t.same}),
		widgets.NewButton(widgets.ButtonSpec{Text: "不是（2）", OnTap: t.different}),
		widgets.NewButton(widgets.ButtonSpec{Text: "先放着，看下一对", Weight: widgets.Light, OnTap: t.skip})))
}

func sameText(of survey.RecordType) string {
	switch of {
	case survey.TypeProblem:
		return "是同一个问题"
	case survey.TypeVisit:
		return "是同一次走访"
	default:
		return "是同一户"
	}
}

// table sets the two side by side, what differs in another colour.
func (t *twins) table() fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, row := range t.couple.Rows[:min(len(t.couple.Rows), rowsShown)] {
		style := widgets.Plain
		if row.Differs {
			style = widgets.Wrong
		}
		rows = append(rows, widgets.Columns(widgets.NewText(row.Label, widgets.Hint), widgets.NewText(row.Values[0], style),
			widgets.NewText(row.Values[1], style)))
	}
	if more := len(t.couple.Rows) - rowsShown; more > 0 {
		rows = append(rows, widgets.NewText(fmt.Sprintf("还有 %d 项", more), widgets.Hint))
	}
	return widgets.Card(rows...)
}

// keeper asks which of the two goes on.
func (t *twins) keeper() fyne.CanvasObject {
	items := []widgets.Item{{Value: "0", Label: "左边：" + t.couple.Titles[0]}, {Value: "1", Label: "右边：" + t.couple.Titles[1]}}
	return widgets.Card(widgets.NewText("如果是同一"+map[bool]string{true: "户", false: "个"}[t.couple.Of == survey.TypeHousehold]+"，以哪边为准", widgets.Strong),
		widgets.NewChoiceButtons(widgets.ChoiceSpec{
			Items: items, Chosen: []string{fmt.Sprint(t.kept)}, OnChange: func(chosen []string) {
				if len(chosen) == 1 {
					t.kept = int(chosen[0][0] - '0')
				}
			},
		}))
}

func (t *twins) same() {
	c, kept := t.couple, t.kept
	var o workbench.Outcome
	t.host.Do(func(ctx context.Context) error {
		o = t.spec.Presenter.Same(ctx, c, kept)
		return nil
	}, func(error) { t.choose('1', o) })
}

func (t *twins) different() { t.choose('2', t.spec.Presenter.Different(t.couple)) }

func (t *twins) choose(key rune, o workbench.Outcome) {
	t.outcome, t.chosen = &o, key
	t.draw()
	t.page.Reveal(t.box)
}

func (t *twins) skip() {
	if t.at++; t.at >= len(t.pairs) {
		t.at = 0
	}
	t.show()
}

func (t *twins) confirm() {
	if t.outcome == nil {
		return
	}
	o := *t.outcome
	t.outcome = nil
	t.host.Do(func(ctx context.Context) error { return t.spec.Presenter.Confirm(ctx, o) }, func(err error) {
		if err != nil {
			t.host.Complain(err)
		}
		t.show()
	})
}

// typed takes a key that no field wanted: 1 and 2 choose, the same again confirms.
func (t *twins) typed(key rune) {
	switch {
	case t.joints || !t.has:
	case t.outcome != nil && key == t.chosen:
		t.confirm()
	case key == '1':
		t.same()
	case key == '2':
		t.different()
	}
}

// jointObjects lists what was joined.
func (t *twins) jointObjects(all []workbench.Joint) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText("已经并的", widgets.Heading)}
	if len(all) == 0 {
		return append(objects, widgets.NewNote("还没有并过。"))
	}
	objects = append(objects, widgets.NewNote("拆开以后各是各的，写过的都在。并的时候补上的内容，在“待决”的“已经定的”里撤销。"))
	for _, j := range all {
		objects = append(objects, widgets.Card(widgets.Bar(0,
			widgets.Tight(widgets.NewText(j.Title, widgets.Plain), widgets.NewText(j.Detail, widgets.Hint)),
			widgets.NewConfirm(widgets.ConfirmSpec{Text: "拆开", Ask: "拆成两边？", OnConfirm: func() {
				t.host.Do(func(ctx context.Context) error { return t.spec.Presenter.Split(ctx, j) }, func(err error) {
					if err != nil {
						t.host.Complain(err)
					}
					t.show()
				})
			}}))))
	}
	return objects
}
