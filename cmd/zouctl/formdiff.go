package main

import (
	"context"
	"flag"
	"fmt"

	"zoucun/form/diff"
	"zoucun/survey"
)

func formDiff(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		older, err := s.usableForm(args[0])
		if err != nil {
			return err
		}
		newer, err := s.usableForm(args[1])
		if err != nil {
			return err
		}
		if older.form.ID != newer.form.ID {
			return refuse(survey.Invalid, "form", fmt.Sprintf("%s 和 %s 不是同一张表，没有可比的。", older.form.ID, newer.form.ID), nil)
		}
		changes := diff.Compare(older.form, newer.form)
		if err := s.printChanges(older, newer, changes); err != nil {
			return err
		}
		if diff.AnyReused(changes) {
			return &hintError{
				refuse(survey.Invalid, "form", "有字段换了意思，新旧答案会混在一起，这一版不能发布。", nil),
				"给换了意思的题起一个没有用过的 name；意思没有变的，题目里留住原来的关键词",
			}
		}
		return nil
	}
}

// printChanges tells what changes, what it changes of, and what becomes of what was begun or collected.
func (s *session) printChanges(older, newer definition, changes []diff.Change) error {
	if err := s.printf("%s：%s 版 → %s 版\n", newer.form.ID, older.form.Version, newer.form.Version); err != nil {
		return err
	}
	if len(changes) == 0 {
		return s.printf("没有变化\n")
	}
	for _, kind := range diff.Order {
		for _, change := range changes {
			if change.Kind != kind {
				continue
			}
			if err := s.printf("%s　%s%s\n", change.Kind, change.Message, bracketed(change.Field)); err != nil {
				return err
			}
		}
	}
	return s.printf("%s", "\n草稿　用旧版开始的，仍按旧版填完、送出；送到新版以后新开始的才用新版。\n"+
		"记录　各版收的记录一起显示、一起导出，同一个字段在同一列。\n")
}

func bracketed(field survey.FieldPath) string {
	if field == "" {
		return ""
	}
	return " [" + string(field) + "]"
}
