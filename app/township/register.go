package township

import (
	"context"
	"fmt"
	"io"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// RegisterSpec describes the section 名册.
type RegisterSpec struct {
	Presenter *workbench.Roll
	Save      func(name string, data []byte) // asks where to and writes the file
}

// NewRegister returns the section 名册: the registers at the left, the lines of one in the middle, a line's fields at the
// right.
func NewRegister(h view.Host, spec RegisterSpec) *view.Screen {
	r := &register{host: h, spec: spec, side: widgets.NewPage(), panel: widgets.NewPage(), found: widgets.NewText("", widgets.Hint)}
	r.at = 1 // households: what is looked for most
	if villages := spec.Presenter.Villages(); len(villages) > 0 {
		r.village = villages[0]
	}
	r.middle = container.NewStack()
	r.newList()
	search := widgets.NewField(widgets.FieldSpec{Prompt: "查找：姓名、拼音、编号、电话……", OnType: r.typed})
	middle := container.NewBorder(widgets.Inset(8, widgets.Tight(search, r.found)), nil, nil, nil, r.middle)
	main := &fyne.Container{Layout: &linesLayout{}, Objects: []fyne.CanvasObject{middle, canvas.NewRectangle(widgets.Line), r.panel}}
	r.load()
	r.drawPanel("")
	return &view.Screen{
		Title: "名册", Body: newSides(r.side, main), Changed: r.changed,
		Actions: []widgets.ButtonSpec{
			{Text: "新增", OnTap: r.add},
			{Text: "导入", Weight: widgets.Main, OnTap: r.pick},
			{Text: "导出", OnTap: r.export},
		},
		Drop: func(name string, file io.ReadCloser) { r.take(name, file) },
	}
}

// linesLayout gives the fields at the right what they need, and the lines the rest.
type linesLayout struct{}

// fieldsWidth holds a label and a line of text.
const fieldsWidth = 380

// Layout implements fyne.Layout.
func (linesLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, width := range []float32{size.Width - fieldsWidth - 1, 1, fieldsWidth} {
		objects[i].Move(fyne.NewPos(x, 0))
		objects[i].Resize(fyne.NewSize(width, size.Height))
		x += width
	}
}

// MinSize implements fyne.Layout.
func (linesLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(objects[0].MinSize().Width+1+fieldsWidth, max(objects[0].MinSize().Height, objects[2].MinSize().Height))
}

type register struct {
	host   view.Host
	spec   RegisterSpec
	side   *widgets.Page
	middle *fyne.Container // holds the list
	list   *widgets.List
	panel  *widgets.Page
	found  *widgets.Text

	at      int // which register
	village survey.Place
	query   string
	cancel  func()
	lines   []workbench.Line
	all     int

	sheet   *workbench.Sheet // what the panel shows; nil where it shows nothing
	edited  bool
	steps   []workbench.Step
	why     string // for taking out of use
	asking  bool   // whether to take out of use
	imports []survey.Import
	undoing *survey.Import // asked about
}

func (r *register) register() workbench.Register { return workbench.Registers[r.at] }

// byVillage reports whether the register is shown village by village.
func (r *register) byVillage() bool {
	t := r.register().Type
	return t == survey.TypeHousehold || t == survey.TypeDuty
}

// changed reads the lines anew, unless somebody is in the middle of a change.
func (r *register) changed() {
	if !r.edited {
		r.load()
	}
}

// load reads the lines, and shows them.
func (r *register) load() {
	r.drawSide()
	reg, village, query := r.register(), r.village.ID, r.query
	var lines []workbench.Line
	var all int
	r.host.Do(func(ctx context.Context) (err error) {
		lines, all, err = r.spec.Presenter.List(ctx, reg, village, query)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		if reg.Type != r.register().Type || village != r.village.ID || query != r.query {
			return // somebody went on meanwhile
		}
		shorter := len(lines) < len(r.lines)
		r.lines, r.all = lines, all
		r.found.SetText(r.words())
		if shorter {
			r.newList() // rows that are no more would stay drawn in the old one
			return
		}
		r.list.Refresh()
	})
}

// newList begins the list of lines anew, from its top.
func (r *register) newList() {
	r.list = widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(r.lines) }, Row: r.row, OnTap: func(i int) { r.open(r.lines[i]) },
	})
	r.middle.Objects = []fyne.CanvasObject{r.list}
	r.middle.Refresh()
}

func (r *register) words() string {
	vacant := 0
	for _, l := range r.lines {
		if l.Vacant {
			vacant++
		}
	}
	words := fmt.Sprintf("共 %d 条", r.all)
	if r.byVillage() {
		words = r.village.Name + "，" + words
	}
	if r.all > len(r.lines) {
		words += fmt.Sprintf("，先列出 %d 条，别的请查找", len(r.lines))
	}
	if vacant > 0 {
		words += fmt.Sprintf("，空缺 %d 处", vacant)
	}
	return words
}

// drawSide lists the registers, and the villages where they matter.
func (r *register) drawSide() {
	var objects []fyne.CanvasObject
	for i, reg := range workbench.Registers {
		objects = append(objects, widgets.NewRow(widgets.RowFacts{Title: reg.Name, Current: i == r.at}, func() { r.turn(i) }))
	}
	objects = append(objects, widgets.NewRow(widgets.RowFacts{Title: "导入记录"}, r.showImports))
	if r.byVillage() {
		objects = append(objects, widgets.NewText("哪个村", widgets.Hint))
		for _, village := range r.spec.Presenter.Villages() {
			objects = append(objects, widgets.NewRow(widgets.RowFacts{Title: village.Name, Current: village.ID == r.village.ID}, func() {
				r.village = village
				r.turn(r.at)
			}))
		}
	}
	r.side.Keep(r.side.Offset(), objects...)
}

// turn shows another register.
func (r *register) turn(to int) {
	r.at, r.sheet, r.edited = to, nil, false
	r.list.ScrollToTop()
	r.load()
	r.drawPanel("")
}

func (r *register) typed(text string) {
	if r.cancel != nil {
		r.cancel()
	}
	r.cancel = r.host.Later(typingPause, func() {
		r.query = text
		r.load()
	})
}

func (r *register) row(i int) widgets.RowFacts {
	l := r.lines[i]
	facts := widgets.RowFacts{Title: l.Title, Detail: l.Detail, Tag: l.Tag, TagColour: widgets.Quiet}
	if l.Vacant {
		facts.TagColour = widgets.Danger
	} else if l.Level != "" && !l.Retired {
		facts.TagColour = widgets.Ink
	}
	facts.Current = r.sheet != nil && !r.sheet.New && r.sheet.Line.Record.ID == l.Record.ID && !l.Record.ID.IsZero()
	return facts
}

// open shows a line's fields at the right.
func (r *register) open(l workbench.Line) {
	s := r.spec.Presenter.Open(r.register(), l, r.villageOf(l))
	r.sheet, r.edited, r.steps, r.asking, r.why = &s, false, nil, false, ""
	r.list.Refresh()
	r.drawPanel("")
	if s.New {
		return
	}
	var steps []workbench.Step
	r.host.Do(func(ctx context.Context) (err error) {
		steps, err = r.spec.Presenter.History(ctx, s.Register, l.Record.ID)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		if r.sheet != nil && r.sheet.Line.Record.ID == l.Record.ID && !r.edited {
			r.steps = steps
			r.drawPanel("")
		}
	})
}

func (r *register) villageOf(l workbench.Line) survey.RecordID {
	if l.Record.Type == survey.TypeHousehold {
		return survey.RecordID(l.Record.Scope)
	}
	return r.village.ID
}

// add begins a new record.
func (r *register) add() {
	if r.register().Type == survey.TypeDuty {
		r.host.Tell("请在列表里点一个“空缺”的村、组或户，再写谁来包。有人在包的，先把结束日期写上。")
		return
	}
	r.open(workbench.Line{})
}

// drawPanel lays out the open line: what is wrong, its fields, what can be done with it, its history.
func (r *register) drawPanel(wrong string) {
	if r.sheet == nil {
		r.panel.SetObjects(widgets.NewNote("点一条，在这里改。每次改动都留底，以后也能撤销。\n\n整批的改动用“导入”：写入以前先看要改什么，写入以后也能整批撤销。文件也可以直接拖进窗口。"))
		return
	}
	s := r.sheet
	title := s.Line.Title
	switch {
	case s.Line.Vacant:
		title += "：谁来包"
	case s.New:
		title = "新增" + s.Register.Name
	}
	objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Heading)}
	if s.Line.Level == survey.DutyHousehold || s.Register.Type == survey.TypeHousehold {
		objects = append(objects, widgets.NewText("只发给能看这个村的平板。", widgets.Hint))
	} else {
		objects = append(objects, widgets.NewText("发给全县登记过的平板。", widgets.Hint))
	}
	if wrong != "" {
		objects = append(objects, widgets.NewWarning(wrong))
	}
	if s.Line.Retired {
		objects = append(objects, widgets.NewNote("已经停用：平板上不再列出，走过的记录还在。"),
			widgets.NewButton(widgets.ButtonSpec{Text: "恢复使用", Weight: widgets.Main, OnTap: r.restore}))
	} else {
		objects = append(objects, r.fields()...)
	}
	r.panel.Keep(r.panel.Offset(), append(objects, r.history()...)...)
}

// fields are what can be filled in, and the buttons below.
func (r *register) fields() []fyne.CanvasObject {
	s := r.sheet
	var objects []fyne.CanvasObject
	for _, c := range s.Columns() {
		label := c.Title
		if c.Need {
			label += "（要写）"
		}
		objects = append(objects, widgets.Tight(widgets.NewText(label, widgets.Hint), r.field(c)))
	}
	save := widgets.NewButton(widgets.ButtonSpec{Text: "保存", Weight: widgets.Main, OnTap: r.save})
	if s.New {
		return append(objects, save)
	}
	if r.asking {
		return append(objects, save, widgets.Card(widgets.NewText("为什么停用", widgets.Strong),
			widgets.NewField(widgets.FieldSpec{Prompt: "例如：整户搬走、调离、登记重了", OnType: func(t string) { r.why = t }}),
			widgets.NewButton(widgets.ButtonSpec{Text: "停用", Weight: widgets.Grave, OnTap: r.retire})))
	}
	return append(objects, widgets.Grid(save, widgets.NewButton(widgets.ButtonSpec{Text: "停用……", Weight: widgets.Light, OnTap: func() {
		r.asking = true
		r.drawPanel("")
	}})))
}

// field asks for one column: what it offers is picked, everything else is typed.
func (r *register) field(c workbench.Column) fyne.CanvasObject {
	s := r.sheet
	if few := c.Choices(); len(few) > 0 {
		return r.choice(c, few)
	}
	if c.Offered() {
		return widgets.NewPickerField(picked(s.Values[c.Field]), func() { r.offer(c) })
	}
	spec := widgets.FieldSpec{Text: s.Values[c.Field], Prompt: prompt(c), OnType: func(text string) {
		s.Values[c.Field] = text
		r.edited = true
	}}
	if c.Kind == workbench.LongColumn {
		spec.Rows = 3
	}
	return widgets.NewField(spec)
}

func prompt(c workbench.Column) string {
	switch c.Kind { //nolint:exhaustive // the others need no example
	case workbench.DateColumn:
		return "如 2026-03-01"
	case workbench.PeopleColumn:
		return "大人的姓名，中间用顿号；孩子不写"
	default:
		return ""
	}
}

// history lists who changed what, each with a way to take it back.
func (r *register) history() []fyne.CanvasObject {
	if len(r.steps) == 0 {
		return nil
	}
	objects := []fyne.CanvasObject{widgets.NewText("改动记录", widgets.Strong)}
	for _, step := range r.steps {
		lines := []fyne.CanvasObject{widgets.NewText(step.When+"　"+step.Who, widgets.Hint), widgets.NewText(step.What, widgets.Plain)}
		for _, change := range step.Changes {
			lines = append(lines, widgets.NewText(change, widgets.Hint))
		}
		if step.CanUndo {
			lines = append(lines, widgets.NewButton(widgets.ButtonSpec{Text: "撤销这次改动", Weight: widgets.Light, OnTap: func() { r.undo(step) }}))
		}
		objects = append(objects, widgets.Card(widgets.Tight(lines...)))
	}
	return objects
}

// done shows what became of a change, and the lines anew.
func (r *register) done(told string) func(error) {
	return func(err error) {
		if err != nil {
			r.drawPanel(present.Say(err))
			return
		}
		r.sheet, r.edited = nil, false
		r.drawPanel("")
		r.load()
		r.host.Tell(told)
	}
}

func (r *register) save() {
	s := *r.sheet
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.Save(ctx, s) }, r.done("已保存。联网后发给有关的平板。"))
}

func (r *register) retire() {
	l, why := r.sheet.Line, r.why
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.Retire(ctx, l, why) }, r.done("已停用。它在列表最后，可以恢复使用。"))
}

func (r *register) restore() {
	l := r.sheet.Line
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.Restore(ctx, l) }, r.done("已恢复使用。"))
}

func (r *register) undo(step workbench.Step) {
	l := r.sheet.Line
	r.host.Do(func(ctx context.Context) error { return r.spec.Presenter.Undo(ctx, l, step) }, r.done("已撤销。"))
}

// showImports lists what was imported, each with a way to take all of it back.
func (r *register) showImports() {
	r.sheet, r.edited = nil, false
	r.host.Do(func(ctx context.Context) (err error) {
		r.imports, err = r.spec.Presenter.Imports(ctx)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		r.drawImports()
	})
}

func (r *register) drawImports() {
	objects := []fyne.CanvasObject{widgets.NewText("导入记录", widgets.Heading)}
	if len(r.imports) == 0 {
		objects = append(objects, widgets.NewNote("还没有导入过。"))
	}
	for _, i := range r.imports {
		title, detail := r.spec.Presenter.ImportLine(i)
		card := []fyne.CanvasObject{widgets.NewText(title, widgets.Strong), widgets.NewText(detail, widgets.Hint)}
		switch {
		case i.Back >= 0:
		case r.undoing != nil && r.undoing.ID == i.ID:
			card = append(card, widgets.NewText("新增的停用，改动的改回原样；导入以后又改过的不动。", widgets.Plain), widgets.Grid(
				widgets.NewButton(widgets.ButtonSpec{Text: "整批撤销", Weight: widgets.Grave, OnTap: func() { r.undoImport(i) }}),
				widgets.NewButton(widgets.ButtonSpec{Text: "不撤销", Weight: widgets.Light, OnTap: func() {
					r.undoing = nil
					r.drawImports()
				}})))
		default:
			card = append(card, widgets.NewButton(widgets.ButtonSpec{Text: "撤销……", Weight: widgets.Light, OnTap: func() {
				r.undoing = &i
				r.drawImports()
			}}))
		}
		objects = append(objects, widgets.Card(card...))
	}
	r.panel.Keep(0, objects...)
}

func (r *register) undoImport(i survey.Import) {
	r.undoing = nil
	total := i.Added + i.Changed
	var words string
	runLong(r.host, "撤销导入", total, func(ctx context.Context, done func(int)) (err error) {
		words, err = r.spec.Presenter.UndoImport(ctx, i.ID, done)
		return err
	}, func() {
		r.load()
		r.showImports()
		r.host.Tell(words)
	})
}

// export asks as what the register is to be kept.
func (r *register) export() {
	r.sheet, r.edited = nil, false
	what := r.register().Name
	if r.byVillage() {
		what = r.village.Name + "的" + what
	}
	r.list.Refresh()
	r.panel.Keep(0, widgets.NewText("导出"+what, widgets.Heading), widgets.NewText("在用的全部导出，停用的不在里面。文件里有群众的信息，用完请删掉。", widgets.Plain),
		widgets.NewButton(widgets.ButtonSpec{Text: "存成表格 .xlsx", Weight: widgets.Main, OnTap: func() { r.write(workbench.TableWorkbook) }}),
		widgets.NewText("用 WPS、Excel 打开，改好可以再导入。", widgets.Hint),
		widgets.NewButton(widgets.ButtonSpec{Text: "存成文本 .csv", OnTap: func() { r.write(workbench.TableCSV) }}),
		widgets.NewText("交给别的系统用（UTF-8）。用表格软件打开它，户编号前面的 0 会不见；要看、要改，请存 .xlsx。", widgets.Hint))
}

// write keeps the register as a file.
func (r *register) write(as workbench.TableFormat) {
	reg, village := r.register(), survey.Place{}
	if r.byVillage() {
		village = r.village
	}
	var file []byte
	r.host.Do(func(ctx context.Context) (err error) {
		file, err = r.spec.Presenter.Export(ctx, reg, village.ID, as)
		return err
	}, func(err error) {
		if err != nil {
			r.host.Complain(err)
			return
		}
		r.spec.Save(reg.Name+village.Name+"-"+r.host.Now().Format("20060102")+string(as), file)
	})
}

// pick opens the device's own picker for a file to import.
func (r *register) pick() {
	r.host.PickFile([]string{".xlsx", ".csv", ".xlsm", ".xls", ".txt"}, r.take)
}

// take reads a file and shows what would be imported.
func (r *register) take(name string, file io.ReadCloser) {
	reg, village := r.register(), survey.Place{}
	if slices.Contains([]survey.RecordType{survey.TypeHousehold, survey.TypeDuty, survey.TypePlace}, reg.Type) {
		village = r.village
	}
	openImport(r.host, importSpec{
		presenter: r.spec.Presenter, register: reg, village: village, name: name, file: file, save: r.spec.Save,
		done: func(words string) {
			r.load()
			r.host.Tell(words)
		},
	})
}
