package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"io"
	"slices"

	"zoucun/form/xform"
	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
	counting "zoucun/tally"
)

func export(flags *flag.FlagSet) action {
	out := flags.String("xlsx", "", "写到哪个 .xlsx 文件")
	only := flags.String("form", "", "只要一种表，例如 QZ-01")
	reason := flags.String("reason", "导出报表", "为什么导出，记入每个村的查看记录")
	return func(ctx context.Context, s *session, _ []string) error {
		if *out == "" {
			return &usageError{"请用 -xlsx 写明导出到哪个文件。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			data, err := reported(ctx, c, survey.FormID(*only))
			if err != nil {
				return err
			}
			if err := s.noteExport(ctx, c, data.Records, *reason); err != nil {
				return err
			}
			tables := append(report.Tables(data), summary(data))
			if err := writeFile(*out, func(w io.Writer) error { return report.Write(w, tables) }); err != nil {
				return err
			}
			for _, table := range tables {
				if err := s.printf("%s：%d 行\n", table.Name, len(table.Rows)); err != nil {
					return err
				}
			}
			s.tell("文件里有群众的个人信息，请妥善保管，用完删除。\n")
			return nil
		})
	}
}

// summary is 汇总表 (QZ-11) of all the records, as the township's workbench counts it.
func summary(data report.Data) report.Table {
	counts := counting.New()
	counts.Put(data.Records...)
	joined := joinedIn(data.Records)
	counts.Joined = func() map[survey.RecordID]survey.RecordID { return joined }
	names := counting.Names{Policy: data.GroupLabel, Category: func(code string) string { return data.ChoiceLabel("cat1", code) }}
	for _, r := range data.Records {
		if r.Type == survey.TypePlace && !r.Voided && r.Fields[survey.PlaceParent] == "" {
			names.Villages = append(names.Villages, survey.PlaceOf(r))
		}
	}
	slices.SortFunc(names.Villages, func(a, b survey.Place) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
	sheet := counts.Sheet(counting.Question{}, names)
	table := report.Table{Name: "QZ-11 汇总", Rows: sheet.Rows}
	for _, c := range sheet.Columns {
		table.Columns = append(table.Columns, report.Column{Label: c.Label})
	}
	for _, note := range sheet.Notes {
		row := make([]string, len(table.Columns))
		row[0] = note
		table.Rows = append(table.Rows, row)
	}
	return table
}

// joinedIn returns, for every record that links join to another, that other.
func joinedIn(records []survey.Record) map[survey.RecordID]survey.RecordID {
	var links []survey.Link
	inUse := map[survey.RecordID]bool{}
	for _, r := range records {
		inUse[r.ID] = !r.Voided
		if r.Type == survey.TypeLink {
			links = append(links, survey.LinkFrom(r))
		}
	}
	return survey.Joined(links, func(id survey.RecordID) bool { return inUse[id] })
}

// noteExport notes in the access log of every village that what is held on its households was taken out.
func (s *session) noteExport(ctx context.Context, c *central.Central, records []survey.Record, reason string) error {
	noted := map[survey.ScopeID]bool{survey.RegisterScope(c.County()): true}
	for _, record := range records {
		if noted[record.Scope] {
			continue
		}
		noted[record.Scope] = true
		err := c.LogAccess(ctx, survey.Access{
			Scope: record.Scope, Act: survey.ActExport, Reason: reason, Where: survey.WhereConsole, At: survey.MillisOf(s.clock()),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reported collects what tables are made of; with a form named, only its visits.
func reported(ctx context.Context, c *central.Central, only survey.FormID) (report.Data, error) {
	all, err := collect(ctx, c, central.Query{})
	if err != nil {
		return report.Data{}, err
	}
	forms, err := formsIn(all)
	if err != nil {
		return report.Data{}, err
	}
	data := report.Data{Forms: forms, Records: all}
	if only == "" {
		return data, nil
	}
	data.Forms = slices.DeleteFunc(forms, func(form report.Form) bool { return form.ID != only })
	if len(data.Forms) == 0 {
		return data, refuse(survey.NotFound, "export", "服务器上没有“"+string(only)+"”这种表。", nil)
	}
	data.Records = slices.DeleteFunc(all, func(record survey.Record) bool {
		return record.Type == survey.TypeVisit && record.Form != only
	})
	return data, nil
}

// formsIn reads the forms among the records, those published last first.
func formsIn(all []survey.Record) ([]report.Form, error) {
	published := slices.DeleteFunc(slices.Clone(all), func(record survey.Record) bool { return record.Type != survey.TypeForm })
	slices.SortStableFunc(published, func(a, b survey.Record) int { return -cmp.Compare(a.Updated, b.Updated) })
	var forms []report.Form
	for _, record := range published {
		definition, err := xform.Read(bytes.NewReader([]byte(record.Fields[survey.FormXML])))
		if err != nil {
			return nil, err
		}
		forms = append(forms, report.FormOf(definition))
	}
	return forms, nil
}
