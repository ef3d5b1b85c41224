package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/survey"
	"zoucun/sync/client"
)

// carrier runs the agent that carries records to the server, and keeps the status line true.
type carrier struct {
	program *program
	agent   *client.Agent
	spare   *sparing
	running sync.WaitGroup
	reports chan survey.Progress // the last report not yet shown
}

func newCarrier(p *program) *carrier {
	c := &carrier{program: p, reports: make(chan survey.Progress, 1), spare: newSparing(p)}
	c.agent = client.New(p.store, client.Options{Clock: p.opt.Clock, OnProgress: c.report, Log: p.opt.Log})
	return c
}

// How often the status line is looked at while nothing happens: its words hold a time of day, or count seconds.
const (
	calm     = time.Minute
	counting = time.Second
	// settle is how long changes are gathered before screens read them again: a register arrives in many pages.
	settle = 300 * time.Millisecond
)

// start runs the agent and the watch over it until ctx ends.
func (c *carrier) start(ctx context.Context) {
	c.running.Go(func() {
		if err := c.agent.Run(ctx); err != nil && ctx.Err() == nil {
			c.program.opt.Log.Error("the agent ended", slog.Any("err", err))
		}
	})
	c.running.Go(func() { c.watch(ctx) })
	c.running.Go(func() { c.spare.run(ctx) })
}

// wait returns when all of them have ended.
func (c *carrier) wait() { c.running.Wait() }

// report takes what the agent is doing; only the newest report matters.
func (c *carrier) report(p survey.Progress) {
	for {
		select {
		case c.reports <- p:
			return
		default:
		}
		select {
		case <-c.reports:
		default:
		}
	}
}

// watch shows what is safe where whenever that changes.
func (c *carrier) watch(ctx context.Context) {
	var progress survey.Progress
	for {
		changed := c.program.store.Changed()
		c.show(ctx, progress)
		pause := time.NewTimer(pauseFor(progress))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-changed:
			c.settled(ctx)
		case progress = <-c.reports:
		case <-pause.C:
		}
		pause.Stop()
	}
}

func pauseFor(p survey.Progress) time.Duration {
	if p.Activity == survey.Backoff {
		return counting
	}
	return calm
}

// settled lets changes that follow one another closely come together, then tells the screen on top.
func (c *carrier) settled(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settle):
		fyne.Do(c.program.shell.changed)
	}
}

func (c *carrier) show(ctx context.Context, progress survey.Progress) {
	kept, err := c.program.store.Safekeeping(ctx)
	if err != nil {
		return // the next change asks again; what is on the screen stays true until then
	}
	status := present.StatusOf(kept, progress, c.program.opt.Clock())
	if err := c.program.store.Health(); err != nil {
		status = present.Status{Words: present.Say(err), Tone: present.Trouble}
	}
	fyne.Do(func() { c.program.shell.setStatus(present.WithSpare(status, c.spare.last)) })
}
