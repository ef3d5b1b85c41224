package app

import (
	"context"
	"fmt"
	"slices"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/survey"
)

func (p *program) tasks() *present.Tasks { return present.NewTasks(p.store, p.who().ID, p.opt.Clock) }

// watchTasks puts a button with the number of the township's questions on the bar of the first screen, and keeps it.
func (p *program) watchTasks(home *view.Screen) {
	changed := home.Changed
	home.Changed = func() {
		changed()
		p.countTasks(home)
	}
	p.countTasks(home)
}

func (p *program) countTasks(home *view.Screen) {
	tasks := p.tasks()
	var open []present.Task
	p.host.Do(func(ctx context.Context) (err error) {
		open, err = tasks.Open(ctx)
		return err
	}, func(err error) {
		if err != nil || !slices.Contains(p.shell.stack, home) {
			return // whatever stands in the way is told where it is shown
		}
		home.Actions = p.homeActions()
		if len(open) > 0 {
			ask := widgets.ButtonSpec{Text: fmt.Sprintf("待核实（%d）", len(open)), Weight: widgets.Main, OnTap: p.openTasks}
			home.Actions = append([]widgets.ButtonSpec{ask}, home.Actions...)
		}
		if p.shell.top() == home {
			p.shell.Refresh()
		}
	})
}

func (p *program) openTasks() {
	p.shell.Push(field.NewTasks(p.host, field.TasksSpec{
		Presenter: p.tasks(),
		OnVisit:   func(village, household survey.RecordID) { p.beginVisit(village, household) },
	}))
}
