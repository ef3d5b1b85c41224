package field

import (
	"slices"
	"strings"
	"testing"

	"zoucun/app/present"
	"zoucun/survey"
)

// asked writes a question of the township to whoever the device belongs to, and returns the household it is about.
func (d *desk) asked(kind survey.TaskKind, words string) survey.RecordID {
	d.t.Helper()
	self, _, err := d.store.Enrolment(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	h := d.store.SearchHouseholds(d.store.Villages()[0].ID, "", 1)[0]
	task := survey.Task{
		ID: survey.NewID[survey.RecordID](), Scope: h.Scope, Kind: kind, About: h.ID, Of: survey.TypeHousehold, Field: survey.HouseholdPhone,
		For: self.Grant.Person, Words: words, Options: []string{"13900000002", "13700000003"}, Labels: []string{"13900000002", "13700000003"},
		State: survey.TaskOpen,
	}
	other := task
	other.ID, other.For, other.Words = survey.NewID[survey.RecordID](), survey.NewID[survey.PersonID](), "别人的"
	by := d.store.Staff()[2].ID
	for _, t := range []survey.Task{task, other} {
		err := d.store.Amend(d.t.Context(), survey.Amendment{Record: t.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: t.Scope, Author: by, Fields: t.Fields()})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	return h.ID
}

func (d *desk) tasks(visited *survey.RecordID) *present.Tasks {
	self, _, _ := d.store.Enrolment(d.t.Context())
	presenter := present.NewTasks(d.store, self.Grant.Person, d.host.Now)
	d.Push(NewTasks(d.host, TasksSpec{Presenter: presenter, OnVisit: func(_, household survey.RecordID) { *visited = household }}))
	return presenter
}

func (d *desk) answered() survey.Task {
	d.t.Helper()
	tasks, err := d.store.Tasks(d.t.Context())
	at := slices.IndexFunc(tasks, func(t survey.Task) bool { return t.Words != "别人的" })
	if err != nil || at < 0 {
		d.t.Fatal(tasks, err)
	}
	return tasks[at]
}

func TestQuestionIsAnsweredOnTheTablet(t *testing.T) {
	d := newDesk(t)
	home := d.asked(survey.TaskVisit, "请再去一次王芳家，核实电话")
	var visited survey.RecordID
	presenter := d.tasks(&visited)
	d.look("tasks")
	if said := strings.Join(words(d.top().Body), " "); strings.Contains(said, "别人的") {
		t.Error("another's question is shown")
	}
	d.tap("请再去一次王芳家，核实电话")
	d.look("task")
	d.tap("开始走访这一户")
	if visited != home {
		t.Error("the visit goes elsewhere")
	}
	d.act("交回")
	if len(d.complaints) != 1 || survey.MessageOf(d.complaints[0]) == "" {
		t.Errorf("an empty answer was taken: %v", d.complaints)
	}
	d.tap("13700000003")
	d.act("交回")
	if got := d.answered(); got.State != survey.TaskAnswered || got.Answer != "13700000003" {
		t.Errorf("answered: %+v", got)
	}
	if open, err := presenter.Open(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("it is still asked: %v, %v", open, err)
	}
	if len(d.told) != 1 {
		t.Errorf("told %v", d.told)
	}
}

func TestUnsureAndOtherAnswers(t *testing.T) {
	for name, reply := range map[string]present.Reply{
		"unsure": {Choice: -1, Unsure: true, Remark: "家里没人"}, "other": {Choice: -1, Other: " 13600000001 "},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.asked(survey.TaskAsk, "王芳家的电话，哪一个对？")
			var visited survey.RecordID
			presenter := d.tasks(&visited)
			open, err := presenter.Open(t.Context())
			if err != nil || len(open) != 1 || open[0].Visit || open[0].Where == "" {
				t.Fatalf("open: %+v, %v", open, err)
			}
			if err := presenter.Answer(t.Context(), open[0], present.Reply{Choice: -1, Other: strings.Repeat("长", 300)}); survey.MessageOf(err) == "" {
				t.Error("an endless answer was taken")
			}
			if err := presenter.Answer(t.Context(), open[0], reply); err != nil {
				t.Fatal(err)
			}
			got := d.answered()
			if reply.Unsure != (got.State == survey.TaskUnsure) || got.Remark != reply.Remark || got.Answer != strings.TrimSpace(reply.Other) {
				t.Errorf("answered: %+v", got)
			}
		})
	}
}
