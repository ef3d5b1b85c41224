package day

import (
	"context"
	"fmt"
	"strings"

	"zoucun/app/workbench"
	"zoucun/survey"
)

// Decisions are how often a person at the workbench had to decide, and what for.
type Decisions struct {
	Fields int // which of two values is right
	Pairs  int // whether two records are one
	Needed int // how many of them really differed, or were really there twice
}

// Ratio is how often a person was asked for each time it was needed.
func (d Decisions) Ratio() float64 { return float64(d.Fields+d.Pairs) / float64(d.Needed) }

// Decide sits down at the workbench as somebody who knows what really happened, until nothing waits.
func (w *Week) Decide(ctx context.Context) (Decisions, error) {
	d := Decisions{Needed: len(w.truth.conflicts) + len(w.truth.twins)}
	words := workbench.NewWords(w.laptop.store)
	if err := w.settle(ctx, workbench.NewDecide(w.laptop.store, words, w.laptop.who, w.clock), &d); err != nil {
		return d, err
	}
	if err := w.join(ctx, workbench.NewTwins(w.laptop.store, words, w.laptop.who, w.clock), &d); err != nil {
		return d, err
	}
	return d, w.exchange(ctx)
}

// settle takes the queue's first card until there is none.
func (w *Week) settle(ctx context.Context, q *workbench.Decide, d *Decisions) error {
	if err := q.Load(ctx); err != nil {
		return err
	}
	for q.Len() > 0 {
		card, err := q.Card(ctx, 0)
		if err != nil {
			return err
		}
		choice, err := w.right(card)
		if err != nil {
			return err
		}
		outcome, err := q.Take(card, choice) //nolint:contextcheck // its sentence names what is in memory
		if err == nil {
			err = q.Confirm(ctx, outcome)
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", card.Field, card.Subject, err)
		}
		d.Fields++
	}
	return nil
}

// right returns which of a card's values is the right one.
func (w *Week) right(card workbench.Card) (int, error) {
	record, field := card.About()
	right, planned := w.truth.conflicts[conflict{record, field}]
	if !planned {
		return 0, nil // nobody knows better; it counts as a decision all the same
	}
	for i, c := range card.Choices {
		if strings.TrimSuffix(c.Value, " 人") == right {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s of %s: the right value %q is not among %v", card.Field, card.Subject, right, card.Choices)
}

// join goes through the pairs that may be one.
func (w *Week) join(ctx context.Context, t *workbench.Twins, d *Decisions) error {
	for {
		if err := t.Load(ctx); err != nil {
			return err
		}
		pairs, _ := t.Pairs()
		if len(pairs) == 0 {
			return nil
		}
		couple, err := t.Couple(ctx, pairs[0])
		if err != nil {
			return err
		}
		outcome := t.Different(couple)
		if w.same(pairs[0].First, pairs[0].Last) {
			outcome = t.Same(ctx, couple, couple.Keeps())
		}
		if err := t.Confirm(ctx, outcome); err != nil {
			return err
		}
		w.Log("asked about %s: %s / %s", pairs[0].Of, pairs[0].For, pairs[0].Against)
		d.Pairs++
	}
}

// same reports whether two households are one.
func (w *Week) same(a, b survey.RecordID) bool {
	for _, t := range w.truth.twins {
		if t.a == a && t.b == b || t.a == b && t.b == a {
			return true
		}
	}
	return false
}

// Apart returns the households that are one and are still there twice, and those that are two and were joined.
func (w *Week) Apart() (apart, joined int) {
	one := func(t *twins) bool { return w.laptop.store.Kept(t.a) == w.laptop.store.Kept(t.b) }
	for _, t := range w.truth.twins {
		if !one(t) {
			apart++
		}
	}
	for _, t := range w.truth.alike {
		if one(t) {
			joined++
		}
	}
	return apart, joined
}

// Settled returns the fields that do not say what is right.
func (w *Week) Settled(ctx context.Context) ([]string, error) {
	var wrong []string
	for c, right := range w.truth.conflicts {
		held, err := w.laptop.store.Holding(ctx, c.household)
		if err != nil {
			return nil, err
		}
		if got := held.Record.Fields[c.field]; got != right || len(held.Record.Conflicts) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s of %s is %q, not %q", c.field, c.household, got, right))
		}
	}
	return wrong, nil
}
