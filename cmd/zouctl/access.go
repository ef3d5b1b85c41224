package main

import (
	"cmp"
	"context"
	"flag"
	"slices"
	"time"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

func access(flags *flag.FlagSet) action {
	var w wanted
	flags.StringVar(&w.household, "household", "", "只看哪一户被谁看过：户主姓名、户编号或记录编号")
	flags.StringVar(&w.village, "village", "", "只看哪个村")
	flags.StringVar(&w.by, "by", "", "只看谁看过什么")
	since := flags.String("since", "", "从哪一天起，例如 2026-11-01")
	return func(ctx context.Context, s *session, _ []string) error {
		from, err := s.since(*since)
		if err != nil {
			return err
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			lines, err := accesses(ctx, c, w, from)
			if err != nil {
				return err
			}
			names, err := namesOf(ctx, c)
			if err != nil {
				return err
			}
			for _, a := range lines {
				if err := s.printf("%s %s %s %s %s：%s\n", a.At.Time().In(s.clock().Location()).Format("2006-01-02 15:04"),
					names.person(a.Person), names.household(a.Household), report.ActWord(a.Act), where(a.Where), a.Reason); err != nil {
					return err
				}
			}
			s.tell("共 %d 次。\n", len(lines))
			return nil
		})
	}
}

func (s *session) since(text string) (survey.Millis, error) {
	if text == "" {
		return 0, nil
	}
	day, err := time.ParseInLocation("2006-01-02", text, s.clock().Location())
	if err != nil {
		return 0, &usageError{"-since 请写成 2026-11-01 这样。"}
	}
	return survey.MillisOf(day), nil
}

func where(place string) string {
	if place == survey.WhereConsole {
		return "在服务器"
	}
	return "在平板"
}

// accesses returns the lines of the access log that are meant, the latest last.
func accesses(ctx context.Context, c *central.Central, w wanted, from survey.Millis) ([]survey.Access, error) {
	var home survey.RecordID
	if w.household != "" {
		found, err := householdNamed(ctx, c, w)
		if err != nil {
			return nil, err
		}
		home = found.ID
	}
	var person survey.PersonID
	if w.by != "" {
		staff, err := staffNamed(ctx, c, w.by)
		if err != nil {
			return nil, err
		}
		person = staff.ID
	}
	villages, err := villagesNamed(ctx, c, w.village)
	if err != nil {
		return nil, err
	}
	var lines []survey.Access
	for _, village := range villages {
		err := c.Holdings(ctx, central.Query{Scope: survey.VillageScope(village.ID), Type: survey.TypeAccess}, func(h survey.Holding) error {
			a := survey.AccessOf(h.Record, h.First().Header.Author)
			if (home.IsZero() || a.Household == home) && (w.by == "" || a.Person == person) && a.At >= from && !h.Record.Voided {
				lines = append(lines, a)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(lines, func(a, b survey.Access) int { return cmp.Or(cmp.Compare(a.At, b.At), a.ID.Compare(b.ID)) })
	return lines, nil
}

// names are what people call households and staff.
type names map[string]string

func namesOf(ctx context.Context, c *central.Central) (names, error) {
	found := names{}
	for _, of := range []survey.RecordType{survey.TypeHousehold, survey.TypeStaff} {
		records, err := collect(ctx, c, central.Query{Type: of})
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			found[r.ID.String()] = r.Fields[survey.PlaceName] // every register keeps its label in a field of this name
		}
	}
	return found, nil
}

func (n names) person(id survey.PersonID) string {
	if id.IsZero() {
		return "服务器管理员"
	}
	return cmp.Or(n[id.String()], id.String())
}

func (n names) household(id survey.RecordID) string {
	if id.IsZero() {
		return "全村"
	}
	return cmp.Or(n[id.String()], id.String())
}

func accessVerify(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			audit, err := c.Audit(ctx)
			if err != nil {
				return err
			}
			for _, fault := range audit.Faults {
				if err := s.printf("%s\n", fault); err != nil {
					return err
				}
			}
			if err := s.printf("日志 %d 份 %d 条，签名 %d 段，收发清单 %d 份 %d 条，已删除内容 %d 份\n",
				audit.Logs, audit.Entries, audit.Segments, audit.Feeds, audit.Items, audit.Erased); err != nil {
				return err
			}
			if len(audit.Faults) > 0 {
				return &hintError{
					refuse(survey.Damaged, "access", "日志或收发清单不完整，不一致的地方列在上面。", nil),
					"请保全现场，把这份结果和数据文件夹的副本交给县里核查",
				}
			}
			return s.printf("完整，没有缺失和改动\n")
		})
	}
}
