package field

import (
	"context"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

// TasksSpec describes the screen of what the township asks.
type TasksSpec struct {
	Presenter *present.Tasks
	OnVisit   func(village, household survey.RecordID) // begins another visit
}

// NewTasks returns the screen of what the township asks (待核实). Nothing here holds up a visit.
func NewTasks(h view.Host, spec TasksSpec) *view.Screen {
	page := widgets.NewPage()
	show := func() {
		var open []present.Task
		h.Do(func(ctx context.Context) (err error) {
			open, err = spec.Presenter.Open(ctx)
			return err
		}, func(err error) {
			if err != nil {
				h.Complain(err)
				return
			}
			page.Keep(page.Offset(), taskRows(h, spec, open)...)
		})
	}
	show()
	return &view.Screen{Title: "待核实", Subtitle: "乡镇请您核对的", Body: page, Changed: show}
}

func taskRows(h view.Host, spec TasksSpec, open []present.Task) []fyne.CanvasObject {
	if len(open) == 0 {
		return []fyne.CanvasObject{widgets.NewNote("没有要核实的。")}
	}
	objects := []fyne.CanvasObject{widgets.NewNote("两处写得不一样，乡镇请您核对。不急的可以等下次走访再答，不影响填表。")}
	for _, task := range open {
		facts := widgets.RowFacts{Title: task.Words, Detail: task.Asked}
		if task.Visit {
			facts.Tag, facts.TagColour = "再走访", widgets.Primary
		}
		objects = append(objects, widgets.Edged(widgets.NewRow(facts, func() { h.Push(newTask(h, spec, task)) })))
	}
	return objects
}

// taskScreen is the screen of one question.
type taskScreen struct {
	host  view.Host
	spec  TasksSpec
	task  present.Task
	page  *widgets.Page
	reply present.Reply
}

// unsure is the value of the choice that says it cannot be told.
const unsure = "unsure"

func newTask(h view.Host, spec TasksSpec, task present.Task) *view.Screen {
	t := &taskScreen{host: h, spec: spec, task: task, page: widgets.NewPage(), reply: present.Reply{Choice: -1}}
	t.page.SetObjects(t.objects()...)
	return &view.Screen{
		Title: "待核实", Subtitle: task.Asked, Body: t.page,
		Actions: []widgets.ButtonSpec{{Text: "交回", Weight: widgets.Main, OnTap: t.send}},
	}
}

func (t *taskScreen) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.Tight(widgets.NewText(t.task.Words, widgets.Heading), widgets.NewText(t.task.Where, widgets.Hint))}
	if t.task.Visit && !t.task.Household.IsZero() {
		objects = append(objects, widgets.NewButton(widgets.ButtonSpec{
			Text: "开始走访这一户", OnTap: func() { t.spec.OnVisit(t.task.Village, t.task.Household) },
		}))
	}
	var items []widgets.Item
	for i, label := range t.task.Labels {
		items = append(items, widgets.Item{Value: strconv.Itoa(i), Label: label})
	}
	items = append(items, widgets.Item{Value: unsure, Label: "说不准"})
	return append(objects,
		widgets.Card(widgets.NewText("哪一个对", widgets.Strong), widgets.NewChoiceButtons(widgets.ChoiceSpec{Items: items, OnChange: t.choose})),
		widgets.Card(widgets.NewText("都不对，应该是", widgets.Strong),
			widgets.NewField(widgets.FieldSpec{OnType: func(text string) { t.reply.Other = text }})),
		widgets.Card(widgets.NewText("要补充的（可不填）", widgets.Strong),
			widgets.NewField(widgets.FieldSpec{Prompt: "例如：当面问的本人", OnType: func(text string) { t.reply.Remark = text }})))
}

func (t *taskScreen) choose(chosen []string) {
	t.reply.Unsure = slices.Contains(chosen, unsure)
	i, err := strconv.Atoi(first(chosen))
	if err != nil {
		i = -1
	}
	t.reply.Choice = i
}

func (t *taskScreen) send() {
	t.host.Do(func(ctx context.Context) error { return t.spec.Presenter.Answer(ctx, t.task, t.reply) }, func(err error) {
		if err != nil {
			t.host.Complain(err)
			return
		}
		t.host.Back()
		t.host.Tell("记下了，会随记录一起送到乡镇。")
	})
}
