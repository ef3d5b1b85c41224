package township

import (
	"context"
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
	"zoucun/tally"
)

// NumbersSpec describes the screen of numbers.
type NumbersSpec struct {
	Presenter *workbench.Numbers
	// Save lays the sheet out as a file of a kind ("xlsx" or "pdf") and asks where to keep it.
	Save func(kind string, sheet tally.Sheet)
}

// NewNumbers returns the screen of what visits amount to.
func NewNumbers(h view.Host, spec NumbersSpec) *view.Screen {
	n := &numbers{host: h, spec: spec, page: widgets.NewPage()}
	n.screen = &view.Screen{
		Title: "统计", Body: n.page, Changed: n.count, Back: n.back, CanGoBack: n.canGoBack,
		Actions: []widgets.ButtonSpec{
			{Text: "汇总表 XLSX", OnTap: func() { n.save("xlsx") }},
			{Text: "汇总表 PDF", OnTap: func() { n.save("pdf") }},
		},
	}
	n.count()
	return n.screen
}

type numbers struct {
	host    view.Host
	spec    NumbersSpec
	screen  *view.Screen
	page    *widgets.Page
	asked   int // counted so often: an answer to an earlier question is not shown
	picture workbench.Picture
}

func (n *numbers) back() bool {
	if !n.canGoBack() {
		return false
	}
	n.enter(survey.RecordID{})
	return true
}

func (n *numbers) canGoBack() bool { return !n.spec.Presenter.Village().IsZero() }

// count counts anew, away from the screen.
func (n *numbers) count() {
	n.asked++
	asked := n.asked
	var picture workbench.Picture
	n.host.Do(func(ctx context.Context) error {
		picture = n.spec.Presenter.Picture(ctx)
		return nil
	}, func(error) {
		if asked != n.asked {
			return
		}
		n.picture = picture
		n.page.Keep(n.page.Offset(), n.objects()...)
	})
}

func (n *numbers) objects() []fyne.CanvasObject {
	p := n.picture
	objects := []fyne.CanvasObject{n.spans()}
	if !n.spec.Presenter.Ready() {
		objects = append(objects, widgets.NewNote("正在读取本机的全部记录，下面的数还不完整，读完会自己变。"))
	}
	title := widgets.NewText("走访覆盖 · "+p.Title, widgets.Heading)
	if n.canGoBack() {
		objects = append(objects, widgets.Bar(0, title, widgets.NewButton(widgets.ButtonSpec{Text: "看各村", OnTap: func() { n.enter(survey.RecordID{}) }})))
	} else {
		objects = append(objects, title)
	}
	objects = append(objects, n.table(p.Coverage),
		widgets.Card(widgets.NewText("走访到的户占总户数", widgets.Strong), n.chart(p.Reached), widgets.NewText(p.Unreached, widgets.Hint)))
	if n.canGoBack() {
		return append(objects, notes(p.Coverage.Notes), widgets.NewText("问题和政策只按全镇统计，免得从少数几户的数里推算出是谁。", widgets.Hint), widgets.Spacer(24))
	}
	objects = append(objects,
		widgets.Card(widgets.NewText("问题 · 办理情况（没有办结的在前）", widgets.Strong), n.chartOr(p.States, "这段时间没有登记问题。")),
		widgets.Card(widgets.NewText("问题 · 类别", widgets.Strong), n.chartOr(p.Problems, "这段时间没有登记问题。")),
		widgets.Card(widgets.NewText("政策知晓（每户算最近一次）", widgets.Strong), n.chartOr(p.Policies, "这段时间没有问过政策。"), policyLegend()))
	return append(objects, notes(p.Coverage.Notes), widgets.Spacer(24))
}

func notes(lines []string) fyne.CanvasObject {
	return widgets.NewText(strings.Join(lines, "\n"), widgets.Hint)
}

func (n *numbers) spans() fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	for i, name := range workbench.SpanNames {
		weight := widgets.Ordinary
		if workbench.Span(i) == n.spec.Presenter.Span() {
			weight = widgets.Main
		}
		buttons = append(buttons, widgets.NewButton(widgets.ButtonSpec{Text: name, Weight: weight, OnTap: func() {
			n.spec.Presenter.Count(workbench.Span(i))
			n.count()
		}}))
	}
	return widgets.Columns(buttons...)
}

func (n *numbers) enter(village survey.RecordID) {
	n.spec.Presenter.Enter(village)
	n.page.SetOffset(0)
	n.count()
	n.host.Refresh()
}

func (n *numbers) table(t workbench.NumberTable) fyne.CanvasObject {
	spec := widgets.FiguresSpec{Columns: t.Columns}
	for _, row := range t.Rows {
		line := widgets.FiguresRow{Name: row.Name, Total: row.Total}
		if row.Enter {
			line.OnTap = func() { n.enter(row.Area) }
		}
		for _, cell := range row.Cells {
			line.Cells = append(line.Cells, widgets.FigureCell{Text: cell.Text, OnTap: n.to(cell.Behind)})
		}
		spec.Rows = append(spec.Rows, line)
	}
	return widgets.NewFigures(spec)
}

var tones = map[workbench.BarTone]color.Color{
	workbench.ToneMain: widgets.Primary, workbench.ToneGood: widgets.Good, workbench.ToneHalf: widgets.Half,
	workbench.ToneQuiet: widgets.None, workbench.ToneWrong: widgets.Danger,
}

func policyLegend() fyne.CanvasObject {
	return widgets.NewLegend([]string{"清楚", "听说过", "不知道", "有误解"}, []color.Color{widgets.Good, widgets.Half, widgets.None, widgets.Danger})
}

func (n *numbers) chartOr(bars []workbench.Bar, none string) fyne.CanvasObject {
	if len(bars) == 0 {
		return widgets.NewText(none, widgets.Hint)
	}
	return n.chart(bars)
}

func (n *numbers) chart(bars []workbench.Bar) fyne.CanvasObject {
	var lines []widgets.ChartBar
	for _, bar := range bars {
		line := widgets.ChartBar{Label: bar.Label, Of: bar.Of, Words: bar.Words, OnTap: n.to(bar.Behind)}
		for _, part := range bar.Parts {
			line.Parts = append(line.Parts, widgets.ChartPart{Count: part.Count, Colour: tones[part.Tone]})
		}
		lines = append(lines, line)
	}
	return widgets.NewChart(lines)
}

// to opens the records behind a number.
func (n *numbers) to(behind *workbench.Behind) func() {
	if behind == nil {
		return nil
	}
	return func() {
		var lines []workbench.RecordLine
		all := 0
		n.host.Do(func(ctx context.Context) (err error) {
			lines, all, err = n.spec.Presenter.Records(ctx, behind)
			return err
		}, func(err error) {
			if err != nil {
				n.host.Complain(err)
				return
			}
			n.host.Push(n.records(behind.Title, lines, all))
		})
	}
}

func (n *numbers) records(title string, lines []workbench.RecordLine, all int) *view.Screen {
	list := widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(lines) },
		Row:   func(i int) widgets.RowFacts { return widgets.RowFacts{Title: lines[i].Title, Detail: lines[i].Detail} },
		OnTap: func(i int) { n.open(lines[i].ID) },
	})
	s := &view.Screen{Title: title, Subtitle: fmt.Sprintf("共 %d 条记录", all), Body: list}
	if all > len(lines) {
		s.Body = container.NewBorder(widgets.Inset(12, widgets.NewNote(fmt.Sprintf("只列出前 %d 条，其余请到“查找”里找。", len(lines)))), nil, nil, nil, list)
	}
	return s
}

func (n *numbers) open(id survey.RecordID) {
	var page workbench.RecordPage
	n.host.Do(func(ctx context.Context) (err error) {
		page, err = n.spec.Presenter.Open(ctx, id)
		return err
	}, func(err error) {
		if err != nil {
			n.host.Complain(err)
			return
		}
		objects := append(passageCards(page.Passages, nil), stepCard(page.Steps))
		n.host.Push(&view.Screen{Title: page.Title, Subtitle: page.Where, Body: widgets.NewPage(objects...)})
	})
}

func (n *numbers) save(kind string) {
	var sheet tally.Sheet
	n.host.Do(func(ctx context.Context) error {
		sheet = n.spec.Presenter.Sheet(ctx)
		return nil
	}, func(error) { n.spec.Save(kind, sheet) })
}
