package present

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoucun/form"
	"zoucun/survey"
)

// Earlier is a moment in the history of a filling that can be looked at.
type Earlier struct {
	Step   int64
	Title  string // when
	Detail string // what was written then
	Now    bool   // it is what the filling is now
}

// sitting is how long one moment of a history lasts: what was written within it is listed together.
const sitting = 10 * time.Minute

// History returns what the filling has been, the latest first, back to its beginning.
func (v *Visit) History(ctx context.Context) ([]Earlier, error) {
	if err := v.settle(ctx); err != nil {
		return nil, err
	}
	lines, err := v.desk.Keeper.History(ctx, v.draft.ID)
	if err != nil {
		return nil, fmt.Errorf("present.History: %w", err)
	}
	now, head := v.desk.Now(), headOfHistory(lines)
	moments := []Earlier{{Title: Ago(v.draft.Begun, now), Detail: "刚开始填", Now: head == 0}}
	for len(lines) > 0 {
		n := sittingOf(lines)
		moments = append(moments, v.earlier(lines[:n], now))
		moments[len(moments)-1].Now = lines[n-1].Step == head
		lines = lines[n:]
	}
	slices.Reverse(moments)
	return moments, nil
}

// headOfHistory returns the last step that counts, 0 where none does.
func headOfHistory(lines []form.Line) int64 {
	for _, l := range slices.Backward(lines) {
		if !l.Undone {
			return l.Step
		}
	}
	return 0
}

// sittingOf returns how many of the first lines were written in one sitting. Lines that count now and lines that do not
// are never in one, nor are those before and after a clock was put back.
func sittingOf(lines []form.Line) int {
	for i := 1; i < len(lines); i++ {
		since := lines[i].At.Time().Sub(lines[0].At.Time())
		if since < 0 || since > sitting || lines[i].Undone != lines[0].Undone || lines[i].Back != lines[i-1].Back {
			return i
		}
	}
	return len(lines)
}

func (v *Visit) earlier(lines []form.Line, now time.Time) Earlier {
	last := lines[len(lines)-1]
	e := Earlier{Step: last.Step, Title: Ago(last.At, now), Detail: v.whatWasWritten(lines)}
	if last.Undone {
		e.Detail += "（后来撤销了）"
	}
	return e
}

// whatWasWritten names up to three of the questions that were answered.
func (v *Visit) whatWasWritten(lines []form.Line) string {
	if lines[0].Back {
		return "回到了以前写的"
	}
	var names []string
	for _, l := range lines {
		q, ok := v.session.Question(l.Change.Path)
		if name := strings.TrimSpace(q.Label); ok && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return "增减了一条"
	case len(names) > 3:
		return fmt.Sprintf("%s等 %d 题", strings.Join(names[:3], "、"), len(names))
	}
	return strings.Join(names, "、")
}

// LookBack returns what stood in the filling after a step of its history.
func (v *Visit) LookBack(ctx context.Context, step int64) ([]Passage, error) {
	session, err := v.after(ctx, step)
	if err != nil {
		return nil, err
	}
	return newVisit(v.desk, v.draft, session).Read(), nil
}

// GoBack makes the filling what it was after a step of its history. Undo takes that back.
func (v *Visit) GoBack(ctx context.Context, step int64) error {
	if err := v.settle(ctx); err != nil {
		return err
	}
	session, err := v.after(ctx, step)
	if err != nil {
		return err
	}
	state, err := session.State().MarshalBinary()
	if err == nil {
		err = v.desk.Keeper.GoBack(ctx, v.draft.ID, state)
	}
	if err != nil {
		return fmt.Errorf("present.GoBack: %w", err)
	}
	return v.reload(ctx, "")
}

func (v *Visit) after(ctx context.Context, step int64) (*form.Session, error) {
	state, journal, err := v.desk.Keeper.DraftAfter(ctx, v.draft.ID, step)
	if err != nil {
		return nil, fmt.Errorf("present.LookBack: %w", err)
	}
	return v.desk.restore(ctx, v.draft, state, journal)
}

// Ago says how long ago something was, or when, where that is long ago or a clock was wrong.
func Ago(at survey.Millis, now time.Time) string {
	switch since := now.Sub(at.Time()); {
	case at == 0 || since < 0 || since >= 12*time.Hour:
		return Moment(at, now)
	case since < time.Minute:
		return "刚才"
	case since < time.Hour:
		return fmt.Sprintf("%d 分钟前", int(since.Minutes()))
	default:
		return fmt.Sprintf("%d 小时前", int(since.Hours()))
	}
}
