package present

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zoucun/form"
	"zoucun/survey"
)

// oneGo is how far apart pieces of typed text may have been kept and still be taken back together.
const oneGo = 5 * time.Second

// Undo takes back what was done last, a typed answer as a whole, and turns to the page of its question, which it
// returns. It reports whether there was anything to take back.
func (v *Visit) Undo(ctx context.Context) (question survey.FieldPath, done bool, err error) {
	return v.travel(ctx, v.desk.Keeper.Undo, func(lines []form.Line) []form.Line {
		lines = slices.DeleteFunc(lines, func(l form.Line) bool { return l.Undone })
		slices.Reverse(lines)
		return lines
	})
}

// Redo does again what Undo took back, in the same way.
func (v *Visit) Redo(ctx context.Context) (question survey.FieldPath, done bool, err error) {
	return v.travel(ctx, v.desk.Keeper.Redo, func(lines []form.Line) []form.Line {
		return slices.DeleteFunc(lines, func(l form.Line) bool { return !l.Next })
	})
}

// travel moves along the journal over the first of the lines that ahead puts in the order they are passed, and those
// that belong to it.
func (v *Visit) travel(ctx context.Context, move func(context.Context, survey.DraftID) (bool, error), ahead func([]form.Line) []form.Line,
) (question survey.FieldPath, done bool, err error) {
	if err := v.settle(ctx); err != nil {
		return "", false, err
	}
	lines, err := v.desk.Keeper.History(ctx, v.draft.ID)
	if err != nil {
		return "", false, fmt.Errorf("present.Visit: %w", err)
	}
	lines = ahead(lines)
	passed := 0
	for passed < v.together(lines) {
		moved, err := move(ctx, v.draft.ID)
		if err != nil {
			return "", false, fmt.Errorf("present.Visit: %w", err)
		}
		if !moved {
			break
		}
		passed++
	}
	if passed == 0 {
		return "", false, nil
	}
	question = lines[0].Change.Path
	return question, true, v.reload(ctx, question)
}

// together returns how many of the first lines are one thing to the person: an answer typed in one go is many.
func (v *Visit) together(lines []form.Line) int {
	for i := 1; i < len(lines); i++ {
		a, b := lines[i-1], lines[i]
		apart := b.At.Time().Sub(a.At.Time()).Abs()
		if a.Back || b.Back || a.Change.Path != b.Change.Path || a.Change.Op != form.OpSet || b.Change.Op != form.OpSet ||
			apart > oneGo || !v.isTyped(a.Change.Path) {
			return i
		}
	}
	return len(lines)
}

func (v *Visit) isTyped(question survey.FieldPath) bool {
	q, ok := v.session.Question(question)
	return ok && (q.Type == form.Text || q.Type == form.Integer || q.Type == form.Decimal)
}

// settle brings everything that was done into the journal.
func (v *Visit) settle(ctx context.Context) error {
	if err := v.keepTyped(ctx); err != nil {
		return err
	}
	if v.behind {
		return v.saveState(ctx)
	}
	return nil
}

// reload builds the filling again from what is kept, and shows a question of it.
func (v *Visit) reload(ctx context.Context, question survey.FieldPath) error {
	draft, state, journal, err := v.desk.Keeper.LoadDraft(ctx, v.draft.ID)
	if err != nil {
		return fmt.Errorf("present.reload: %w", err)
	}
	session, err := v.desk.restore(ctx, draft, state, journal)
	if err != nil {
		return err
	}
	v.session, v.typing = session, ""
	v.stayWhereItIs()
	if question != "" && !v.shows(question) {
		v.GoTo(question)
	}
	v.OnChange()
	return nil
}

// stayWhereItIs leaves the instances that are gone.
func (v *Visit) stayWhereItIs() {
	for len(v.places) > 1 {
		sections := v.sections()
		if len(sections) > 0 {
			if _, _, found := findInstance(sections[at(sections, *v.here())].nodes, v.here().instance); found {
				break
			}
		}
		v.Leave()
	}
}

// shows reports whether the present page shows a question.
func (v *Visit) shows(question survey.FieldPath) bool {
	return slices.ContainsFunc(v.Page().Items, func(i Item) bool { return i.shows(question) })
}
