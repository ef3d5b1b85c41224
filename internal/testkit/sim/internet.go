package sim

import (
	"context"
	"errors"
	"time"

	"zoucun/survey"
	"zoucun/sync/client"
)

// internet is the road by the agent: rounds over HTTP.
type internet struct {
	w     *World
	t     *tablet
	line  *line
	agent *client.Agent
	gate  *gate // nil while no round is under way
	due   time.Time
	last  error // of the last round
	slow  bool  // the last round ended in a failure, which is waited out
	begun int   // rounds
}

var _ Road = (*internet)(nil)

// connect gives a tablet an agent of its own, as a start of the app does.
func connect(w *World, t *tablet) *internet {
	n := &internet{w: w, t: t, line: &line{w: w, t: t}}
	n.agent = client.New(w.broken.log(w, t, t.store), client.Options{Clock: t.clock, Rand: t.random.Float64, Transport: n.line, Together: 1})
	return n
}

// Step implements [Road].
func (n *internet) Step(ctx context.Context) bool {
	if n.gate != nil {
		n.settle(n.gate.next())
		return true
	}
	if !n.ready(ctx) {
		return false
	}
	n.gate = newGate()
	n.line.pace = n.gate
	n.begun++
	n.settle(n.gate.begin(func() { n.round(ctx) }))
	return true
}

func (n *internet) round(ctx context.Context) {
	wait, err := n.agent.Round(ctx)
	n.last, n.slow, n.due = err, err != nil, n.w.now.Add(wait)
}

// ready reports whether the agent would begin a round by itself.
func (n *internet) ready(ctx context.Context) bool {
	if !n.w.now.Before(n.due) {
		return true
	}
	if n.slow {
		return false
	}
	left, err := n.t.store.Unsigned(ctx)
	return err == nil && left > 0
}

// wake is what the person does who does not want to wait.
func (n *internet) wake() { n.due = time.Time{} }

func (n *internet) settle(ended bool) {
	if !ended {
		return
	}
	n.gate = nil
	n.w.note("%s round: %s", n.t.name, outcome(n.last))
	n.t.good = n.last == nil
}

// Break implements [Road].
func (n *internet) Break() {
	if n.gate != nil {
		n.gate.end()
		n.gate = nil
	}
}

// outcome says how something ended, without what differs from run to run.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, errKilled) {
		return "killed"
	}
	return survey.KindOf(err).String()
}
