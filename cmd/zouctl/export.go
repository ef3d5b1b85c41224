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
			tables := report.Tables(data)
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
