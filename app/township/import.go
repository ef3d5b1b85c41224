package township

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/report/sheet"
	"zoucun/survey"
)

// typingPause is how long typing rests before a list follows it.
const typingPause = 150 * time.Millisecond

// progressPause is how often a long work's progress is shown.
const progressPause = 200 * time.Millisecond

// runLong covers the window with the progress of a long work, which can be cancelled, and goes on where it succeeds. What
// is cancelled has changed nothing.
func runLong(h view.Host, title string, total int, work func(ctx context.Context, done func(int)) error, then func()) {
	ctx, cancel := context.WithCancel(h.Ctx())
	var done atomic.Int64
	words, meter := widgets.NewText("", widgets.Strong), widgets.NewPage()
	running := true
	var draw func()
	draw = func() {
		if !running {
			return
		}
		n := int(done.Load())
		words.SetText(fmt.Sprintf("已处理 %d", n))
		objects := []fyne.CanvasObject{words}
		if total > 0 {
			words.SetText(fmt.Sprintf("已处理 %d，共 %d", n, total))
			objects = append(objects, widgets.Meter(min(n, total), total))
		}
		meter.SetObjects(append(objects,
			widgets.NewText("写完以前都可以取消。取消或断电，名册都和原来一样。", widgets.Hint),
			widgets.NewButton(widgets.ButtonSpec{Text: "取消", OnTap: cancel}))...)
		h.Later(progressPause, draw)
	}
	draw()
	h.Push(&view.Screen{Title: title, Body: meter, Back: func() bool {
		if running {
			cancel()
		}
		return running
	}})
	h.Do(func(context.Context) error {
		return work(ctx, func(n int) { done.Store(int64(n)) })
	}, func(err error) {
		running = false
		cancel()
		h.Back()
		switch {
		case errors.Is(err, context.Canceled):
			h.Tell("已取消，名册没有变。")
		case err != nil:
			h.Complain(err)
		default:
			then()
		}
	})
}

// importSpec describes a file on its way into a register.
type importSpec struct {
	presenter *workbench.Roll
	register  workbench.Register
	village   survey.Place
	name      string
	file      io.ReadCloser
	save      func(name string, data []byte)
	done      func(words string)
}

// openImport reads a file and shows its columns.
func openImport(h view.Host, spec importSpec) {
	var im *workbench.Import
	runLong(h, "正在读“"+spec.name+"”", 0, func(ctx context.Context, done func(int)) error {
		data, err := io.ReadAll(io.LimitReader(spec.file, sheet.MaxFile+1))
		if err = errors.Join(err, spec.file.Close()); err != nil {
			return &survey.Error{Kind: survey.Damaged, Op: "township.Import", Message: "这个文件读不出来，请检查U盘是不是插好了，再选一次。", Err: err}
		}
		im, err = spec.presenter.ReadImport(ctx, spec.register, spec.village, spec.name, data, done)
		return err
	}, func() {
		i := &importing{host: h, spec: spec, im: im, page: widgets.NewPage()}
		i.columns()
		h.Push(&view.Screen{
			Title: "导入" + spec.register.Name, Subtitle: spec.name, Body: i.page,
			Actions: []widgets.ButtonSpec{
				{Text: "填这张表", OnTap: i.fill},
				{Text: "看要改什么", Weight: widgets.Main, OnTap: i.compare},
			},
		})
	})
}

type importing struct {
	host view.Host
	spec importSpec
	im   *workbench.Import
	page *widgets.Page
}

// columns shows which column is taken for which field, each to be changed.
func (i *importing) columns() {
	objects := []fyne.CanvasObject{widgets.NewText("每一列算什么", widgets.Heading)}
	for _, note := range i.im.Notes {
		objects = append(objects, widgets.NewNote(note))
	}
	if i.im.Known {
		objects = append(objects, widgets.NewNote("这种表头以前导入过，已按上次的选法。"))
	}
	if !i.spec.village.ID.IsZero() {
		objects = append(objects, widgets.NewText("表里没有“村”这一列时，算作"+i.spec.village.Name+"。", widgets.Hint))
	}
	objects = append(objects, widgets.NewText("“填这张表”是反过来：把名册里的内容填到这张表的表头下面（上级表格）。", widgets.Hint))
	for column := range i.im.Header.Titles {
		title := i.im.Header.Title(column)
		if title == "" {
			continue
		}
		facts := widgets.RowFacts{Title: title, Detail: "第 " + letter(column) + " 列", Tag: "不导入", TagColour: widgets.Quiet}
		if name := i.name(i.im.Columns[column]); name != "" {
			facts.Tag, facts.TagColour = "→ "+name, widgets.Primary
		}
		objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { i.choose(column) })))
	}
	i.page.Keep(i.page.Offset(), objects...)
}

func letter(column int) string {
	name := sheet.Place{Row: 1, Column: column}.String()
	return name[:len(name)-1]
}

func (i *importing) name(field survey.FieldPath) string {
	for _, c := range i.spec.register.Columns {
		if field != "" && c.Field == field {
			return c.Title
		}
	}
	return ""
}

// choose asks what a column is.
func (i *importing) choose(column int) {
	items := []widgets.Item{{Value: "-", Label: "不导入"}}
	for _, c := range i.spec.register.Columns {
		items = append(items, widgets.Item{Value: string(c.Field), Label: c.Title})
	}
	chosen := "-"
	if field := i.im.Columns[column]; field != "" {
		chosen = string(field)
	}
	page := widgets.NewPage(widgets.Card(widgets.NewText("“"+i.im.Header.Title(column)+"”是", widgets.Strong),
		widgets.NewChoiceButtons(widgets.ChoiceSpec{Items: items, Chosen: []string{chosen}, OnChange: func(picked []string) {
			field := survey.FieldPath("")
			if len(picked) > 0 && picked[0] != "-" {
				field = survey.FieldPath(picked[0])
			}
			i.im.Map(column, field)
			i.host.Back()
			i.columns()
		}})))
	i.host.Push(&view.Screen{Title: "这一列算什么", Body: page})
}

// fill writes the register into the file's own table.
func (i *importing) fill() {
	var book []byte
	i.host.Do(func(ctx context.Context) (err error) {
		book, err = i.im.Fill(ctx)
		return err
	}, func(err error) {
		if err != nil {
			i.host.Complain(err)
			return
		}
		i.spec.save("已填-"+i.spec.name, book)
	})
}

// compare works out what the file would change, and shows it.
func (i *importing) compare() {
	runLong(i.host, "正在比较", 0, i.im.Compare, func() { i.host.Push(newPreview(i)) })
}

// newPreview shows what would be written, before anything is.
func newPreview(i *importing) *view.Screen {
	p := &preview{importing: i, part: 1, side: widgets.NewPage(), lines: container.NewStack()}
	if len(i.im.Plan.Refused) > 0 {
		p.part = 3
	} else if len(i.im.Plan.Changed) == 0 {
		p.part = 0
	}
	p.draw()
	s := &view.Screen{Title: "要改什么", Subtitle: i.im.Summary(), Body: newSides(p.side, p.lines)}
	if i.im.Count() > 0 {
		s.Actions = []widgets.ButtonSpec{{Text: fmt.Sprintf("写入 %d 条", i.im.Count()), Weight: widgets.Main, OnTap: p.write}}
	}
	return s
}

type preview struct {
	*importing

	part  int // 0 new, 1 changed, 2 the same, 3 refused
	side  *widgets.Page
	lines *fyne.Container // the list of the part
}

func (p *preview) draw() {
	plan := p.im.Plan
	objects := []fyne.CanvasObject{widgets.NewText("还没有写入", widgets.Strong)}
	for part, line := range []string{
		fmt.Sprintf("新增 %d", len(plan.Added)), fmt.Sprintf("改动 %d", len(plan.Changed)),
		fmt.Sprintf("不变 %d", plan.Same), fmt.Sprintf("拒绝 %d", len(plan.Refused)),
	} {
		objects = append(objects, widgets.Edged(widgets.NewRow(widgets.RowFacts{Title: line, Current: part == p.part}, func() {
			p.part = part
			p.draw()
		})))
	}
	objects = append(objects, widgets.NewText("拒绝的行不写入，别的行照常。改好以后再导入一次，已写入的不会重复。", widgets.Hint),
		widgets.NewText("空格子不会把名册里的内容删掉；平板上改正过、而表里还是旧话的，不会改回去。", widgets.Hint))
	p.side.Keep(0, objects...)
	p.lines.Objects = []fyne.CanvasObject{widgets.NewList(widgets.ListSpec{Count: p.count, Row: p.row, OnTap: func(int) {}})}
	p.lines.Refresh()
}

func (p *preview) count() int {
	switch p.part {
	case 0:
		return len(p.im.Plan.Added)
	case 1:
		return len(p.im.Plan.Changed)
	case 3:
		return len(p.im.Plan.Refused)
	}
	return min(1, p.im.Plan.Same)
}

func (p *preview) row(i int) widgets.RowFacts {
	switch p.part {
	case 0:
		return p.planned(p.im.Plan.Added[i])
	case 1:
		return p.planned(p.im.Plan.Changed[i])
	case 3:
		refused := p.im.Plan.Refused[i]
		return widgets.RowFacts{Title: refused.Cell, Detail: refused.Reason}
	}
	return widgets.RowFacts{Title: fmt.Sprintf("%d 条和名册一样，不用写。", p.im.Plan.Same)}
}

func (p *preview) planned(planned workbench.Planned) widgets.RowFacts {
	facts := widgets.RowFacts{Title: planned.Title, Tag: fmt.Sprintf("第 %d 行", planned.Row), TagColour: widgets.Quiet}
	for n, change := range p.im.Changes(planned) {
		if n > 0 {
			facts.Detail += "　"
		}
		facts.Detail += change
	}
	return facts
}

// write writes everything at once.
func (p *preview) write() {
	total := p.im.Count()
	runLong(p.host, "正在写入", total, func(ctx context.Context, done func(int)) error {
		_, err := p.im.Write(ctx, done)
		return err
	}, func() {
		p.host.Back() // the preview
		p.host.Back() // the columns
		p.spec.done(fmt.Sprintf("已写入 %d 条。要反悔，在“导入记录”里可以整批撤销。", total))
	})
}
