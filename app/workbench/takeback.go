package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
	"zoucun/sync/merge"
)

// Retire takes a record out of use, for a reason.
func (r *Roll) Retire(ctx context.Context, l Line, why string) error {
	if strings.TrimSpace(why) == "" {
		return ask("workbench.Retire", "请写明为什么停用。没有停用。")
	}
	return r.store.Amend(ctx, survey.Amendment{
		Record: l.Record.ID, Type: l.Record.Type, Kind: survey.Void, Scope: l.Record.Scope, Author: r.who, Note: strings.TrimSpace(why),
	})
}

// Restore takes a record into use again.
func (r *Roll) Restore(ctx context.Context, l Line) error {
	return r.store.Amend(ctx, survey.Amendment{
		Record: l.Record.ID, Type: l.Record.Type, Kind: survey.Put, Scope: l.Record.Scope, Author: r.who, Note: "恢复使用",
	})
}

// Step is one revision in a record's history.
type Step struct {
	When, Who, What string
	Changes         []string // 电话：138… → 139…
	CanUndo         bool
	statement       survey.Statement
}

// History returns a record's revisions, the newest first.
func (r *Roll) History(ctx context.Context, reg Register, id survey.RecordID) ([]Step, error) {
	held, err := r.store.Holding(ctx, id)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, s := range slices.Backward(held.Statements) {
		before := merge.Before(held, s.ID)
		step := Step{
			When: r.moment(s.HLC),
			Who:  cmp.Or(r.store.StaffName(s.Header.Author), "（不在名册上的人）"), What: r.did(s, before), statement: s,
		}
		step.Changes = r.changes(reg, held.Record, before.Fields, s)
		step.CanUndo = i > 0 && !s.Erased && (len(step.Changes) > 0 || s.Header.Kind == survey.Void)
		steps = append(steps, step)
	}
	return steps, nil
}

func (r *Roll) did(s survey.Statement, before survey.Record) string {
	what := "改动"
	switch {
	case s.Erased:
		return "内容已删除"
	case s.Header.Kind == survey.Void:
		what = "停用"
	case len(before.Heads) == 0:
		what = "新增"
	}
	if s.Body.Note != "" {
		note, _, _ := strings.Cut(s.Body.Note, "（0")
		what += "　" + note
	}
	return what
}

// changes says what a revision changed, in the order of the register's columns.
func (r *Roll) changes(reg Register, now survey.Record, before survey.Fields, s survey.Statement) []string {
	if s.Header.Kind == survey.Void {
		return nil
	}
	var all []string
	for _, c := range reg.Columns {
		was := r.Said(reg, survey.Record{Scope: now.Scope, Fields: before}, c)
		is := r.Said(reg, survey.Record{Scope: now.Scope, Fields: s.Body.Fields}, c)
		if was != is && (c.Field != villageName || reg.Type == survey.TypePlace) {
			all = append(all, c.Title+"："+cmp.Or(was, "（空）")+" → "+cmp.Or(is, "（空）"))
		}
	}
	return all
}

// Undo writes again what was before a revision. A field that was changed once more since stays as it is.
func (r *Roll) Undo(ctx context.Context, l Line, step Step) error {
	held, err := r.store.Holding(ctx, l.Record.ID)
	if err != nil {
		return err
	}
	s := step.statement
	now, before := held.Record, merge.Before(held, s.ID)
	a := survey.Amendment{
		Record: now.ID, Type: now.Type, Kind: survey.Put, Scope: now.Scope, Author: r.who, Note: "撤销" + step.When + "的改动", Fields: survey.Fields{},
	}
	if s.Header.Kind == survey.Void {
		if !now.Voided {
			return ask("workbench.Undo", "它已经恢复使用了，没有再改。")
		}
		return r.store.Amend(ctx, a)
	}
	for _, field := range s.Header.Touched {
		if now.Fields[field] == s.Body.Fields[field] && before.Fields[field] != now.Fields[field] {
			a.Fields[field] = before.Fields[field]
		}
	}
	if len(a.Fields) == 0 {
		return ask("workbench.Undo", "这以后又改过了，撤销会盖掉后来的内容，所以没有撤销。要改，请直接改。")
	}
	return r.store.Amend(ctx, a)
}

// Imports returns what was imported, the newest first.
func (r *Roll) Imports(ctx context.Context) ([]survey.Import, error) {
	var all []survey.Import
	err := r.store.Records(ctx, survey.TypeImport, r.shared(), func(record survey.Record) error {
		all = append(all, survey.ImportFrom(record))
		return nil
	})
	slices.SortFunc(all, func(a, b survey.Import) int { return -cmp.Compare(a.When, b.When) })
	return all, err
}

// ImportLine is an import as a list shows it.
func (r *Roll) ImportLine(i survey.Import) (title, detail string) {
	detail = r.moment(i.When) + "　新增 " + strconv.Itoa(i.Added) + "，改动 " + strconv.Itoa(i.Changed)
	if i.Back >= 0 {
		detail += "　已撤销，退回 " + strconv.Itoa(i.Back)
	}
	return i.Name, detail
}

// UndoImport takes a whole import back.
func (r *Roll) UndoImport(ctx context.Context, id survey.RecordID, done func(int)) (string, error) {
	back, left, err := r.store.UndoImport(ctx, id, r.who, done)
	if err != nil {
		return "", err
	}
	words := fmt.Sprintf("已撤销这次导入，退回 %d 条。", back)
	if left > 0 {
		words += fmt.Sprintf("另有 %d 条导入以后又改过，没有动。", left)
	}
	return words, nil
}
