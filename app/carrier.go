package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// carrier runs the agent that carries records to the server, and keeps the status line true.
type carrier struct {
	program *program // of the screen's goroutine
	store   *store.Store
	keys    *store.Keys
	clock   survey.Clock
	log     *slog.Logger
	open    bool // nobody has set a PIN
	agent   *client.Agent
	spare   *sparing
	finder  *store.Finder   // nil on a device that is not the township's
	life    context.Context //nolint:containedctx // what is begun on a screen ends with it, at the latest
	stop    context.CancelFunc
	running sync.WaitGroup
	reports chan survey.Progress // the last report not yet shown
}

func newCarrier(p *program) *carrier {
	c := &carrier{
		program: p, store: p.store, keys: p.keys, clock: p.opt.Clock, log: p.opt.Log, open: len(p.keys.People()) == 0,
		reports: make(chan survey.Progress, 1), spare: newSparing(p), life: context.Background(),
	}
	if p.atTownship() {
		c.finder = p.finding()
	}
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

// start runs the agent and the watch over it until ctx ends or stop is called.
func (c *carrier) start(ctx context.Context) {
	ctx, c.stop = context.WithCancel(ctx)
	c.life = ctx
	c.running.Go(func() {
		defer contain()
		if err := c.agent.Run(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("the agent ended", slog.Any("err", err))
		}
	})
	c.running.Go(func() {
		defer contain()
		c.watch(ctx)
	})
	c.running.Go(func() {
		defer contain()
		c.spare.run(ctx)
	})
	if c.finder != nil {
		c.running.Go(func() {
			defer contain()
			if err := c.finder.Run(ctx); err != nil && ctx.Err() == nil {
				c.log.Error("the finder ended", slog.Any("err", err))
			}
		})
	}
}

// end stops all of them and returns when they have ended.
func (c *carrier) end() {
	c.stop()
	c.running.Wait()
}

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
		changed := c.store.Changed()
		c.keepRecovery(ctx)
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

// keepRecovery makes the county's recovery keys, once a list of them has come, those that open what no PIN opens.
func (c *carrier) keepRecovery(ctx context.Context) {
	e, _, err := c.store.Enrolment(ctx)
	if err != nil || e.Recipients.Serial == 0 {
		return
	}
	var recipients []string
	for _, r := range e.Recipients.For(survey.ForRecovery) {
		recipients = append(recipients, r.Key)
	}
	if err := c.keys.SetRecovery(recipients); err != nil {
		c.log.Error("keeping the recovery keys", slog.Any("err", err))
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
		c.tell(c.program.shell.changed)
	}
}

// tell does something on the screen's goroutine, unless the device was locked meanwhile.
func (c *carrier) tell(f func()) {
	fyne.Do(func() {
		if c.program.carry == c {
			f()
		}
	})
}

func (c *carrier) show(ctx context.Context, progress survey.Progress) {
	kept, err := c.store.Safekeeping(ctx)
	if err != nil {
		return // the next change asks again; what is on the screen stays true until then
	}
	status := present.StatusOf(kept, progress, c.clock())
	if status.Tone == present.Safe && c.open {
		status.Words += "　还没有设密码，可在“设置”里设"
	}
	if words := present.Lease(c.store.LeaseEnds(), c.clock()); words != "" && (progress.Activity == survey.Idle || progress.Activity == survey.Backoff) {
		status = present.Status{Words: words, Tone: present.Trouble}
	}
	if err := c.store.Health(); err != nil {
		status = present.Status{Words: present.Say(err), Tone: present.Trouble}
	}
	c.tell(func() { c.program.shell.setStatus(present.WithSpare(status, c.spare.last)) })
}
