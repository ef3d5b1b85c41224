package field

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// HomeSpec describes the screen of a village.
type HomeSpec struct {
	Households *present.Households
	Facts      present.HouseholdFacts
	Who        string // whose device this is
	OnVisit    func(household survey.RecordID)
	OnResume   func(survey.DraftID)
	OnRights   func(household survey.RecordID) // shows everything that is held; nil where that is not offered
	OnCompare  func(household survey.RecordID) // sets several drafts of one household side by side
	Actions    []widgets.ButtonSpec            // where else to go from here
}

// searchPause is how long typing rests before the list follows it.
const searchPause = 150 * time.Millisecond

// NewHome returns the screen: the households of a village and the card of the one chosen.
func NewHome(h view.Host, spec HomeSpec) *view.Screen {
	s := &home{host: h, spec: spec, summary: widgets.NewText("", widgets.Hint), page: widgets.NewPage()}
	s.list = widgets.NewList(widgets.ListSpec{
		Count: func() int { return len(spec.Households.Rows()) }, Row: s.row, OnTap: s.tap, OnEnd: s.more,
	})
	s.split = newSplit(s.master(), s.page)
	s.split.onMode = func() { h.Later(0, h.Refresh) }
	s.showNone()
	s.summarise()
	s.screen = &view.Screen{
		Title: spec.Households.Village(), Subtitle: spec.Who, Actions: spec.Actions, Body: s.split,
		Back: s.split.back, CanGoBack: s.split.canGoBack, Changed: s.changed,
	}
	return s.screen
}

type home struct {
	host    view.Host
	spec    HomeSpec
	screen  *view.Screen
	split   *split
	list    *widgets.List
	summary *widgets.Text
	page    *widgets.Page
	chosen  survey.RecordID
	cancel  func()
}

func (s *home) master() fyne.CanvasObject {
	search := widgets.NewField(widgets.FieldSpec{Prompt: "找户：姓名、拼音、门牌", OnType: s.typed})
	without := widgets.NewButton(widgets.ButtonSpec{Text: "不选户登记", Weight: widgets.Light, OnTap: func() {
		s.spec.OnVisit(survey.RecordID{})
	}})
	head := widgets.Inset(12, widgets.Tight(search, widgets.Bar(0, s.summary, without)))
	return container.NewBorder(head, nil, nil, nil, s.list)
}

func (s *home) typed(text string) {
	if s.cancel != nil {
		s.cancel()
	}
	s.cancel = s.host.Later(searchPause, func() {
		s.spec.Households.Search(text)
		s.list.ScrollToTop()
		s.shown()
	})
}

func (s *home) shown() {
	s.summarise()
	s.list.Refresh()
}

func (s *home) summarise() { s.summary.SetText(s.spec.Households.Summary()) }

func (s *home) row(i int) widgets.RowFacts {
	row := s.spec.Households.Rows()[i]
	facts := widgets.RowFacts{Title: row.Title, Detail: row.Detail, Tag: row.Flag, TagColour: widgets.Quiet, Current: row.ID == s.chosen}
	if row.Warning {
		facts.TagColour = widgets.Danger
	}
	return facts
}

// more shows the next part of a long list, after the list has finished drawing this one.
func (s *home) more() {
	s.host.Later(0, func() {
		if s.spec.Households.More() {
			s.shown()
		}
	})
}

func (s *home) tap(i int) {
	s.chosen = s.spec.Households.Rows()[i].ID
	s.showCard()
	s.list.Refresh()
	s.split.showDetail(true)
	s.host.Refresh()
}

func (s *home) changed() {
	s.spec.Households.Refresh()
	s.shown()
	if !s.chosen.IsZero() {
		s.showCard()
	}
}

func (s *home) showNone() {
	s.page.SetObjects(widgets.NewNote("请在户名单里点一户。可以按姓名、拼音首字母（如 zs）、门牌号查找。"))
}

func (s *home) showCard() {
	id := s.chosen
	var card present.HouseholdCard
	s.host.Do(func(ctx context.Context) (err error) {
		card, err = present.CardOf(ctx, s.spec.Facts, id, s.host.Now())
		return err
	}, func(err error) {
		switch {
		case survey.KindOf(err) == survey.NotFound && id == s.chosen: // erased, or gone to another village
			s.chosen = survey.RecordID{}
			s.showNone()
		case err != nil:
			s.host.Complain(err)
		case id == s.chosen:
			s.page.SetObjects(s.card(card)...)
		}
	})
}

func (s *home) card(c present.HouseholdCard) []fyne.CanvasObject {
	objects := []fyne.CanvasObject{
		widgets.Tight(widgets.NewText(c.Title, widgets.Heading), widgets.NewText(c.Where, widgets.Hint)),
		s.begin(c),
	}
	if c.Warning != "" {
		objects = append(objects, widgets.NewWarning(c.Warning))
	}
	objects = append(objects, factsCard(c.Facts),
		widgets.Card(lines("没办完的问题", "没有", c.Problems, nil)),
		widgets.Card(lines("最近的走访", "还没有走访记录", c.Visits, nil)))
	if s.spec.OnRights != nil {
		objects = append(objects, widgets.NewButton(widgets.ButtonSpec{
			Text: "本户信息（查看、更正、给本人一份）", Weight: widgets.Light, OnTap: func() { s.spec.OnRights(c.Household.ID) },
		}))
	}
	return objects
}

// begin is what to do with the household: go on with a draft, or begin a visit.
func (s *home) begin(c present.HouseholdCard) fyne.CanvasObject {
	fresh := widgets.ButtonSpec{Text: "开始走访", Weight: widgets.Main, OnTap: func() { s.spec.OnVisit(c.Household.ID) }}
	if len(c.Drafts) == 0 {
		return widgets.NewButton(fresh)
	}
	fresh.Weight, fresh.Text = widgets.Ordinary, "另填一份"
	objects := []fyne.CanvasObject{widgets.NewText("草稿（没填完的走访）", widgets.Strong)}
	for _, line := range c.Drafts {
		resume := widgets.NewButton(widgets.ButtonSpec{Text: "接着填", Weight: widgets.Main, OnTap: func() { s.spec.OnResume(line.Draft) }})
		objects = append(objects, widgets.Bar(0, widgets.Tight(
			widgets.NewText(line.Detail, widgets.Plain), widgets.NewText(line.Flag, widgets.Hint)), resume))
	}
	if len(c.Drafts) > 1 {
		objects = append(objects, widgets.NewButton(widgets.ButtonSpec{
			Text: fmt.Sprintf("对照这 %d 份草稿", len(c.Drafts)), OnTap: func() { s.spec.OnCompare(c.Household.ID) },
		}))
	}
	return widgets.Card(append(objects, widgets.NewButton(fresh))...)
}

func factsCard(facts []present.Fact) fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(facts))
	for i, f := range facts {
		objects[i] = widgets.Tight(widgets.NewText(f.Name, widgets.Hint), widgets.NewText(f.Value, widgets.TextStyle{Whole: true}))
	}
	return widgets.Card(widgets.Grid(objects...))
}
