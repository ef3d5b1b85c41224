package township

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// FindSpec describes the search.
type FindSpec struct {
	Find      *workbench.Find
	Histories *workbench.Histories
}

// searchPause is how long typing rests before the list follows it.
const searchPause = 200 * time.Millisecond

// readingLook is how often what is said of reading is looked at.
const readingLook = time.Second

// NewFind returns the screen: what was typed, what it finds, and the history of the household that is chosen.
func NewFind(h view.Host, spec FindSpec) *view.Screen {
	s := &find{
		host: h, spec: spec, page: widgets.NewPage(),
		summary: widgets.NewText("", widgets.Hint), reading: widgets.NewText("", widgets.Hint),
	}
	s.field = widgets.NewField(widgets.FieldSpec{Prompt: "姓名、拼音、编号、电话，或写过的话", OnType: s.typed})
	s.list = widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(s.found.Rows) }, Row: s.row, OnTap: func(i int) { s.choose(s.found.Rows[i]) },
	})
	s.showNone()
	s.summary.SetText("在全镇的户、走访和问题里找。")
	s.watch()
	head := widgets.Inset(12, widgets.Tight(s.field, s.summary, s.reading))
	return &view.Screen{
		Title: "查找", Body: newPanes(newTopped(head, s.list), s.page),
		Leave: func() { s.gone = true }, Changed: s.changed,
	}
}

type find struct {
	host    view.Host
	spec    FindSpec
	field   *widgets.Field
	list    *widgets.List
	page    *widgets.Page
	summary *widgets.Text
	reading *widgets.Text
	found   workbench.Findings
	chosen  workbench.FoundRow
	asked   string // the text that is being looked for
	cancel  func()
	gone    bool
}

func (s *find) typed(text string) {
	s.asked = text
	if s.cancel != nil {
		s.cancel()
	}
	s.cancel = s.host.Later(searchPause, func() { s.search(true) })
}

// search looks for what was typed; what was typed meanwhile makes its answer void.
func (s *find) search(anew bool) {
	asked := s.asked
	var found workbench.Findings
	s.host.Do(func(ctx context.Context) (err error) {
		found, err = s.spec.Find.Search(ctx, asked)
		return err
	}, func(err error) {
		switch {
		case asked != s.asked:
			return
		case err != nil:
			s.host.Complain(err)
			return
		}
		s.found = found
		s.summary.SetText(found.Summary)
		if anew {
			s.list.ScrollToTop()
		}
		s.list.Refresh()
	})
}

// watch says how far records have been read, until all are.
func (s *find) watch() {
	said := s.spec.Find.Reading()
	s.reading.SetText(said)
	if s.gone || said == "" {
		return
	}
	s.host.Later(readingLook, s.watch)
}

func (s *find) changed() {
	s.watch()
	if s.asked != "" {
		s.search(false)
	}
	if !s.chosen.Record.IsZero() {
		s.open(s.chosen, s.page.Offset())
	}
}

var kindNames = map[survey.RecordType]string{survey.TypeHousehold: "户", survey.TypeProblem: "问题", survey.TypeVisit: "走访"}

func (s *find) row(i int) widgets.RowFacts {
	row := s.found.Rows[i]
	return widgets.RowFacts{
		Title: row.Title, Detail: row.Detail, Tag: kindNames[row.Kind], TagColour: widgets.Quiet, Current: row.Record == s.chosen.Record,
	}
}

func (s *find) choose(row workbench.FoundRow) {
	s.chosen = row
	s.list.Refresh()
	s.open(row, 0)
}

func (s *find) showNone() {
	s.page.SetObjects(widgets.NewNote("找到以后点一条，这里显示这一户的全部经过：走访、问题、承诺和兑现情况。"))
}

// open shows the history of a row's household, or the record itself where it belongs to none that is here.
func (s *find) open(row workbench.FoundRow, offset float32) {
	var story workbench.Story
	s.host.Do(func(ctx context.Context) (err error) {
		story, err = s.spec.Histories.Story(ctx, row.Household)
		return err
	}, func(err error) {
		switch {
		case row.Record != s.chosen.Record:
		case survey.KindOf(err) == survey.NotFound && row.Kind != survey.TypeHousehold:
			s.openAlone(row, offset)
		case survey.KindOf(err) == survey.NotFound: // erased meanwhile, or gone to another place
			s.page.SetObjects(widgets.NewNote("这一户已经不在本机上了。"))
		case err != nil:
			s.host.Complain(err)
		default:
			s.page.Keep(offset, s.told(story)...)
		}
	})
}

func (s *find) openAlone(row workbench.FoundRow, offset float32) {
	var account workbench.Account
	s.host.Do(func(ctx context.Context) (err error) {
		account, err = s.spec.Histories.Account(ctx, row.Record)
		return err
	}, func(err error) {
		if err != nil {
			s.host.Complain(err)
			return
		}
		s.page.Keep(offset, append([]fyne.CanvasObject{widgets.NewText(account.Title, widgets.Heading)}, accountObjects(account)...)...)
	})
}

// told lays out a household's history.
func (s *find) told(story workbench.Story) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{
		widgets.Tight(widgets.NewText(story.Title, widgets.Heading), widgets.NewText(story.Where, widgets.Hint)),
		widgets.Card(widgets.Grid(pairs(story.Facts)...)),
	}
	if len(story.Promises) > 0 {
		objects = append(objects, widgets.NewText("承诺和兑现", widgets.Strong))
		for _, p := range story.Promises {
			objects = append(objects, s.promise(p))
		}
	}
	return append(objects, s.lines("问题", "没有登记过问题", story.Problems), s.lines("走访", "还没有走访记录", story.Visits))
}

func (s *find) promise(p workbench.PromiseLine) fyne.CanvasObject {
	style := widgets.Plain
	switch {
	case p.Kept:
		style = widgets.TextStyle{Colour: widgets.Good}
	case p.Late:
		style = widgets.TextStyle{Colour: widgets.Danger}
	}
	return widgets.Card(widgets.Tight(
		widgets.NewText(p.What, widgets.Strong), widgets.NewText(p.Given, widgets.Hint), widgets.NewText(p.State, style)))
}

func (s *find) lines(title, none string, lines []workbench.StoryLine) fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText(title, widgets.Strong)}
	if len(lines) == 0 {
		return widgets.Card(append(objects, widgets.NewText(none, widgets.Hint))...)
	}
	for _, line := range lines {
		facts := widgets.RowFacts{Title: line.Title, Detail: line.Detail, Tag: line.State, TagColour: widgets.Quiet}
		if line.Open {
			facts.TagColour = widgets.Danger
		}
		objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { s.push(line.Record) })))
	}
	return widgets.Card(objects...)
}

// push shows everything a record says, over the workbench.
func (s *find) push(id survey.RecordID) {
	var account workbench.Account
	s.host.Do(func(ctx context.Context) (err error) {
		account, err = s.spec.Histories.Account(ctx, id)
		return err
	}, func(err error) {
		if err != nil {
			s.host.Complain(err)
			return
		}
		s.host.Push(&view.Screen{Title: account.Title, Subtitle: account.Where, Body: widgets.NewPage(accountObjects(account)...)})
	})
}

func accountObjects(a workbench.Account) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.NewText(a.Where, widgets.Hint)}
	if len(a.Said) == 0 {
		objects = append(objects, widgets.NewNote("内容已经删除，或者没有填。"))
	} else {
		objects = append(objects, widgets.Card(pairs(a.Said)...))
	}
	objects = append(objects, widgets.NewText("怎样记下来的", widgets.Strong))
	for _, turn := range a.History {
		lines := []fyne.CanvasObject{widgets.NewText(turn.Title, widgets.Plain)}
		if turn.Note != "" {
			lines = append(lines, widgets.NewText(turn.Note, widgets.Hint))
		}
		for _, was := range turn.Was {
			lines = append(lines, widgets.NewText("原来写的："+was[0]+" "+was[1], widgets.Hint))
		}
		objects = append(objects, widgets.Card(widgets.Tight(lines...)))
	}
	return objects
}

// pairs lays out names and values, a line each.
func pairs(all [][2]string) []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(all))
	for i, pair := range all {
		objects[i] = widgets.Tight(widgets.NewText(pair[0], widgets.Hint), widgets.NewText(pair[1], widgets.Plain))
	}
	return objects
}

// newTopped sets something as high as it needs to be over something that takes the rest.
func newTopped(top, rest fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&toppedLayout{}, top, rest)
}

// toppedLayout is what newTopped lays out by. The toolkit's own border asks for a height before texts know their width.
type toppedLayout struct{}

// Layout implements fyne.Layout.
func (toppedLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	height := widgets.HeightFor(o[0], size.Width)
	o[0].Move(fyne.NewPos(0, 0))
	o[0].Resize(fyne.NewSize(size.Width, height))
	o[1].Move(fyne.NewPos(0, height))
	o[1].Resize(fyne.NewSize(size.Width, max(0, size.Height-height)))
}

// MinSize implements fyne.Layout.
func (toppedLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	top, rest := o[0].MinSize(), o[1].MinSize()
	return fyne.NewSize(max(top.Width, rest.Width), rest.Height)
}

// newPanes sets a list and what is chosen in it side by side.
func newPanes(list, detail fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&panesLayout{}, list, canvas.NewRectangle(widgets.Line), detail)
}

// panesLayout gives the list two fifths of the width.
type panesLayout struct{}

// Layout implements fyne.Layout.
func (panesLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	x, left := float32(0), size.Width*2/5
	for i, width := range []float32{left, 1, size.Width - left - 1} {
		o[i].Move(fyne.NewPos(x, 0))
		o[i].Resize(fyne.NewSize(width, size.Height))
		x += width
	}
}

// MinSize implements fyne.Layout.
func (panesLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	list, detail := o[0].MinSize(), o[2].MinSize()
	return fyne.NewSize(max(list.Width*5/2, detail.Width*5/3), max(list.Height, detail.Height))
}
