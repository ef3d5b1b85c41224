package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"path"

	"zoucun/form/diff"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

func formCheck(flags *flag.FlagSet) action {
	old := flags.String("old", "", "已经发布的旧版，查字段有没有换了意思；写了 -data 时与服务器上的各版比")
	list := flags.String("rules", "", "本县补充的词表（CSV：词,理由）")
	return func(ctx context.Context, s *session, args []string) error {
		rules, err := readRules(*list)
		if err != nil {
			return err
		}
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		found := append(d.whole(), d.refusals(rules)...)
		earlier, err := s.earlier(ctx, *old, d)
		if err != nil {
			return err
		}
		if err := s.tellFindings(append(found, d.reused(earlier)...)); err != nil {
			return err
		}
		outline := report.FormOf(d.form)
		err = s.printf("可以使用：%s %s（%s），%d 个字段\n", outline.ID, outline.Version, outline.Title, len(outline.Questions))
		return errors.Join(err, s.printFiles(d))
	}
}

// earlier returns the versions of a form that people have answered: the one named, and those on the server.
func (s *session) earlier(ctx context.Context, old string, d definition) ([]*xform.Form, error) {
	var earlier []*xform.Form
	if old != "" {
		before, err := s.usableForm(old)
		if err != nil {
			return nil, err
		}
		earlier = append(earlier, before.form)
	}
	if s.place.data == "" || d.form == nil {
		return earlier, nil
	}
	err := s.withCentral(ctx, func(c *central.Central) error {
		published, err := publishedForms(ctx, c, d.form.ID)
		earlier = append(earlier, published...)
		return err
	})
	return earlier, err
}

// publishedForms returns the versions of a form that are on the server.
func publishedForms(ctx context.Context, c *central.Central, id survey.FormID) ([]*xform.Form, error) {
	records, err := registered(ctx, c, survey.TypeForm)
	if err != nil {
		return nil, err
	}
	var published []*xform.Form
	for _, record := range records {
		if record.Form != id || record.Voided {
			continue
		}
		read, err := xform.Read(bytes.NewReader([]byte(record.Fields[survey.FormXML])))
		if err != nil {
			return nil, err
		}
		published = append(published, read)
	}
	return published, nil
}

// reused returns the fields that earlier versions used with another meaning.
func (d *definition) reused(earlier []*xform.Form) []xlsform.Finding {
	if d.form == nil {
		return nil
	}
	var found []xlsform.Finding
	for _, older := range earlier {
		for _, change := range diff.Compare(older, d.form) {
			if change.Kind != diff.Reused {
				continue
			}
			finding := xlsform.Finding{
				Code: xlsform.Code(change.Code), Severity: xlsform.Fatal, Sheet: string(change.Field),
				Message: "与 " + older.Version + " 版比，" + change.Message, Remedy: "请给现在的题换一个没有用过的 name；意思没有变的，题目里留住原来的关键词。",
			}
			if entry, ok := d.row(change.Field); ok {
				finding.Sheet, finding.Row, finding.Column = "survey", entry.Row(), entry.Header("name")
			}
			found = append(found, finding)
		}
	}
	return found
}

// row finds the row of the survey sheet that asks for a field.
func (d *definition) row(field survey.FieldPath) (xlsform.Entry, bool) {
	var found []xlsform.Entry
	if d.book != nil {
		for _, entry := range d.book.Entries("survey") {
			if entry.Get("name") == path.Base(string(field)) && entry.Type() != "" {
				found = append(found, entry)
			}
		}
	}
	if len(found) != 1 {
		return xlsform.Entry{}, false
	}
	return found[0], true
}
