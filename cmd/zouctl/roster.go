package main

import (
	"context"
	"flag"
	"os"
	"slices"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

func rosterImport(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		roster, err := readRoster(args[0])
		if err != nil {
			return err
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			held, err := heldFor(ctx, c, roster)
			if err != nil {
				return err
			}
			changes := roster.Changes(c.County(), held)
			if _, err := c.Write(ctx, operator, writes(changes.Records)); err != nil {
				return err
			}
			return s.tellImport(roster, changes)
		})
	}
}

func writes(records []survey.Record) []central.Write {
	list := make([]central.Write, len(records))
	for n, record := range records {
		list[n] = central.Write{Record: record.ID, Type: record.Type, Scope: record.Scope, Fields: record.Fields}
	}
	return list
}

func readRoster(path string) (report.Roster, error) {
	file, err := os.Open(path)
	if err != nil {
		return report.Roster{}, refuse(survey.NotFound, "roster", "打不开花名册“"+path+"”，请检查路径。", err)
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	return report.ReadRoster(file)
}

// heldFor returns the records that a roster speaks of: places, staff, readings, and the households of its villages.
func heldFor(ctx context.Context, c *central.Central, roster report.Roster) ([]survey.Record, error) {
	queries := []central.Query{
		{Scope: survey.RegisterScope(c.County()), Type: survey.TypePlace},
		{Scope: survey.RegisterScope(c.County()), Type: survey.TypeStaff},
		{Scope: survey.RegisterScope(c.County()), Type: survey.TypeReading},
	}
	for _, row := range roster.Rows {
		village := report.VillageID(c.County(), row.Village)
		q := central.Query{Scope: survey.VillageScope(village), Type: survey.TypeHousehold}
		if !slices.Contains(queries, q) {
			queries = append(queries, q)
		}
	}
	var held []survey.Record
	for _, q := range queries {
		found, err := collect(ctx, c, q)
		if err != nil {
			return nil, err
		}
		held = append(held, found...)
	}
	return held, nil
}

// tellImport prints what became of a roster.
func (s *session) tellImport(roster report.Roster, changes report.Changes) error {
	for _, tally := range changes.Tallies {
		if err := s.printf("%s：新增 %d，更新 %d，未变 %d\n", tally.Word, tally.Added, tally.Updated, tally.Unchanged); err != nil {
			return err
		}
	}
	if err := s.printf("未收：%d 行\n", roster.Refused()); err != nil {
		return err
	}
	for _, fault := range roster.Faults {
		if err := s.printf("  %s\n", fault); err != nil {
			return err
		}
	}
	for _, ignored := range roster.Ignored {
		s.tell("没有读取：%s\n", ignored)
	}
	if changes.Absent > 0 {
		s.tell("服务器上有 %d 户不在这份花名册里，没有改动。\n", changes.Absent)
	}
	if roster.Refused() > 0 {
		s.tell("hint: 改好这些行后再导入一次，已收的不会重复\n")
	}
	return nil
}
