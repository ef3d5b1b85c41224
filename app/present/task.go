package present

import (
	"context"
	"strings"
	"time"

	"zoucun/survey"
)

// TaskKeeper is where the township's questions lie, and where answers go.
type TaskKeeper interface {
	Tasks(ctx context.Context) ([]survey.Task, error)
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	Groups(village survey.RecordID) []survey.Place
	StaffName(id survey.PersonID) string
	Amend(ctx context.Context, amendments ...survey.Amendment) error
}

// Tasks is what the township asks of whoever uses the device (待核实).
type Tasks struct {
	keeper TaskKeeper
	person survey.PersonID
	now    survey.Clock
}

// NewTasks returns the questions put to a person.
func NewTasks(k TaskKeeper, person survey.PersonID, now survey.Clock) *Tasks {
	return &Tasks{keeper: k, person: person, now: now}
}

// Task is one question, as a list and its own screen show it.
type Task struct {
	Words     string // 王芳家的电话，哪一个对？
	Where     string // which household
	Asked     string // who asked and when
	Visit     bool   // the township wants another visit
	Village   survey.RecordID
	Household survey.RecordID // zero where it is about another thing
	Labels    []string        // the values to choose from, in words
	task      survey.Task
}

// Open returns the questions this person has not answered, the oldest first.
func (t *Tasks) Open(ctx context.Context) ([]Task, error) {
	tasks, err := t.keeper.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	var open []Task
	for _, task := range tasks {
		mine := task.For == t.person && (task.Kind == survey.TaskAsk || task.Kind == survey.TaskVisit)
		if !mine || task.State != survey.TaskOpen {
			continue
		}
		shown := Task{
			Words: task.Words, Asked: joined(" · ", t.keeper.StaffName(task.By), askedAt(task.At, t.now())), Visit: task.Kind == survey.TaskVisit,
			Village: survey.RecordID(task.Scope), Labels: task.Labels, task: task,
		}
		if h, err := t.keeper.Household(ctx, task.About); err == nil && task.Of == survey.TypeHousehold {
			shown.Household = h.ID
			shown.Where = joined(" · ", headOf(h), whereabouts(h, placeName(t.keeper.Groups(h.Village), h.Group)))
		}
		open = append(open, shown)
	}
	return open, nil
}

func askedAt(at survey.Millis, now time.Time) string {
	if at == 0 {
		return ""
	}
	return Moment(at, now) + " 问的"
}

// Reply is what a person answers: one of the values, another one, or that it cannot be told.
type Reply struct {
	Choice int    // which of the values; -1 for none of them
	Other  string // the right value where it is none of them
	Unsure bool   // it cannot be told
	Remark string // what there is to add
}

// longestReply bounds an answer and a remark, in characters.
const longestReply = 200

// Answer writes an answer. It goes to the township like everything else, and settles there what it was asked for.
func (t *Tasks) Answer(ctx context.Context, task Task, r Reply) error {
	r.Other, r.Remark = strings.TrimSpace(r.Other), strings.TrimSpace(r.Remark)
	answer := survey.Fields{survey.TaskState: string(survey.TaskAnswered), survey.TaskAnswer: r.Other, survey.TaskRemark: r.Remark}
	switch {
	case len([]rune(r.Other)) > longestReply || len([]rune(r.Remark)) > longestReply:
		return ask("写得太长了，请写短一些。")
	case r.Unsure:
		answer[survey.TaskState], answer[survey.TaskAnswer] = string(survey.TaskUnsure), ""
	case r.Choice >= 0 && r.Choice < len(task.task.Options):
		answer[survey.TaskAnswer] = task.task.Options[r.Choice]
	case r.Other == "":
		return ask("请选一个，或者写上对的；说不准就点“说不准”。")
	}
	return t.keeper.Amend(ctx, survey.Amendment{
		Record: task.task.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: task.task.Scope, Author: t.person, Fields: answer,
	})
}
