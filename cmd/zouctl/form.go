package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

// definition is a form that was read from a path, whatever it was written in.
type definition struct {
	xml  []byte
	form *xform.Form
}

func formCheck(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		outline := report.FormOf(d.form)
		return s.printf("可以使用：%s %s（%s），%d 个字段\n", outline.ID, outline.Version, outline.Title, len(outline.Questions))
	}
}

func formShow(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		outline := report.FormOf(d.form)
		if err := s.printf("%s %s %s\n", outline.ID, outline.Version, outline.Title); err != nil {
			return err
		}
		group := ""
		for _, q := range outline.Questions {
			if q.Group != group && q.Label != "" {
				group = q.Group
				if err := s.printf("\n%s\n", group); err != nil {
					return err
				}
			}
			if err := s.printf("%s", questionLine(q)); err != nil {
				return err
			}
		}
		return nil
	}
}

// questionLine is a question on one line; what is never asked is not shown.
func questionLine(q report.Question) string {
	if q.Label == "" {
		return ""
	}
	kind := ""
	if q.Choice {
		kind = " 单选"
	}
	if q.Many {
		kind = " 多选"
	}
	switch {
	case len(q.Choices) > 0:
		kind += fmt.Sprintf(" %d 项", len(q.Choices))
	case q.Choice:
		kind += "（选项来自登记簿）"
	}
	return fmt.Sprintf("  %s [%s]%s\n", q.Label, q.Field, kind)
}

func formImport(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		if d.form.ID == "" || d.form.Version == "" {
			return refuse(survey.Invalid, "form", "表单没有写明编号或版本。请在 settings 表里填 form_id 和 version。", nil)
		}
		return s.withCentral(ctx, func(c *central.Central) error { return s.publish(ctx, c, d) })
	}
}

// publish writes a form into the register. What a version asks never changes: visits say which one they answered.
func (s *session) publish(ctx context.Context, c *central.Central, d definition) error {
	register := survey.RegisterScope(c.County())
	form := central.Write{
		Record: survey.DerivedID[survey.RecordID](register, "form/"+string(d.form.ID)+"/"+d.form.Version),
		Type:   survey.TypeForm, Scope: register, Form: d.form.ID, FormVersion: d.form.Version,
		Fields: survey.Fields{survey.FormTitle: d.form.Title, survey.FormXML: string(d.xml)},
	}
	held, err := c.Record(ctx, form.Record)
	switch {
	case err == nil && held.Fields[survey.FormXML] == form.Fields[survey.FormXML]:
		return s.printf("%s %s 已经在服务器上，没有变化\n", d.form.ID, d.form.Version)
	case err == nil:
		return &hintError{
			refuse(survey.Conflicting, "form", fmt.Sprintf("服务器上已有 %s %s，内容不同。已经发布的版本不能改，服务器上的没有动。", d.form.ID, d.form.Version), nil),
			"在 settings 表里换一个新的 version 再导入",
		}
	case survey.KindOf(err) != survey.NotFound:
		return err
	}
	if _, err := c.Write(ctx, operator, []central.Write{form}); err != nil {
		return err
	}
	return s.printf("已发布 %s %s（%s）\n", d.form.ID, d.form.Version, d.form.Title)
}

// readForm reads a form and prints what it finds wrong with it.
func (s *session) readForm(path string) (definition, error) {
	xml, err := s.formXML(path)
	if err != nil {
		return definition{}, err
	}
	form, err := xform.Read(bytes.NewReader(xml))
	return definition{xml: xml, form: form}, err
}

// formXML returns a form as XForms XML, compiled where it is written in sheets.
func (s *session) formXML(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	if info.IsDir() {
		book, found := xlsform.ReadFS(os.DirFS(path), filepath.Base(filepath.Clean(path)))
		return s.compile(book, found)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".xml":
		return data, nil
	case ".md":
		book, found := xlsform.ReadMarkdown(string(data), strings.TrimSuffix(filepath.Base(path), ".md"))
		return s.compile(book, found)
	case ".xlsx":
		book, found := xlsform.ReadXLSX(bytes.NewReader(data), filepath.Base(path))
		return s.compile(book, found)
	}
	return nil, refuse(survey.Invalid, "form", "不认识“"+filepath.Base(path)+"”：表单要是 CSV 文件夹、.xlsx、.md 或 .xml。", nil)
}

func notReadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(survey.NotFound, "form", "没有“"+path+"”，请检查路径。", err)
	}
	return refuse(survey.Unavailable, "form", "“"+path+"”读不出来。", err)
}

func (s *session) compile(book xlsform.Workbook, found []xlsform.Finding) ([]byte, error) {
	compiled := xlsform.Compile(book, xlsform.Options{})
	fatal := 0
	for _, finding := range append(found, compiled.Findings...) {
		word := "留意"
		if finding.Severity == xlsform.Fatal {
			word = "错误"
			fatal++
		}
		s.tell("%s %s\n", word, finding)
	}
	if fatal > 0 || compiled.Fatal() {
		return nil, refuse(survey.Invalid, "form", fmt.Sprintf("表单有 %d 处错误，不能使用。", fatal), nil)
	}
	return compiled.XML, nil
}
