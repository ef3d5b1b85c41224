package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/form/lint"
	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/server/central"
	"zoucun/survey"
)

// definition is a form that was read from a path, whatever it was written in.
type definition struct {
	path  string
	book  *xlsform.Workbook // nil where the form is XML
	found []xlsform.Finding // of reading and compiling
	xml   []byte            // nil when a finding is fatal
	form  *xform.Form       // likewise
	files formFiles         // that come with it
}

func formShow(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		d, err := s.usableForm(args[0])
		if err != nil {
			return err
		}
		if err := s.printf("%s %s %s\n\n", d.form.ID, d.form.Version, d.form.Title); err != nil {
			return err
		}
		for _, line := range words.Outline(d.form) {
			if err := s.printf("%s%s\n", strings.Repeat("  ", line.Depth), line.Text); err != nil {
				return err
			}
		}
		return nil
	}
}

func formImport(flags *flag.FlagSet) action {
	list := flags.String("rules", "", "本县补充的词表（CSV：词,理由）")
	blobs := declareBlobs(flags)
	return func(ctx context.Context, s *session, args []string) error {
		rules, err := readRules(*list)
		if err != nil {
			return err
		}
		d, err := s.readForm(args[0])
		if err != nil {
			return err
		}
		if err := s.tellFindings(append(d.whole(), d.refusals(rules)...)); err != nil {
			return err
		}
		if d.form.ID == "" || d.form.Version == "" {
			return refuse(survey.Invalid, "form", "表单没有写明编号或版本。请在 settings 表里填 form_id 和 version。", nil)
		}
		return s.withCentral(ctx, func(c *central.Central) error { return s.publish(ctx, c, d, *blobs) })
	}
}

// publish writes a form into the register. What a version asks never changes: visits say which one they answered.
func (s *session) publish(ctx context.Context, c *central.Central, d definition, blobs string) error {
	register := survey.RegisterScope(c.County())
	form := central.Write{
		Record: survey.DerivedID[survey.RecordID](register, "form/"+string(d.form.ID)+"/"+d.form.Version),
		Type:   survey.TypeForm, Scope: register, Form: d.form.ID, FormVersion: d.form.Version,
		Fields: survey.Fields{survey.FormTitle: d.form.Title, survey.FormXML: string(d.xml)},
		Files:  d.files.attachments(),
	}
	held, err := c.Record(ctx, form.Record)
	switch {
	case err == nil:
		if err := d.sameAs(held, form); err != nil {
			return err
		}
	case survey.KindOf(err) != survey.NotFound:
		return err
	}
	published, err := publishedForms(ctx, c, d.form.ID)
	if err != nil {
		return err
	}
	if err := s.tellFindings(d.reused(published)); err != nil {
		return err
	}
	if err := s.putFiles(ctx, d.files, blobs); err != nil {
		return err
	}
	written, err := c.Write(ctx, operator, []central.Write{form})
	switch {
	case err != nil:
		return err
	case written == 0:
		return s.printf("%s %s 已经在服务器上，没有变化\n", d.form.ID, d.form.Version)
	}
	if err := s.printf("已发布 %s %s（%s）\n", d.form.ID, d.form.Version, d.form.Title); err != nil || len(form.Files) == 0 {
		return err
	}
	return s.printf("附带的文件 %d 个，共 %d 字节\n", len(form.Files), d.files.size())
}

// sameAs refuses a form that is published in this version with another content or other files. Files that did not come
// with it then may come now.
func (d *definition) sameAs(held survey.Record, form central.Write) error {
	differs := ""
	switch {
	case held.Fields[survey.FormXML] != form.Fields[survey.FormXML]:
		differs = "内容不同"
	case len(held.Files) > 0 && !slices.Equal(held.Files, form.Files):
		differs = "附带的文件不同"
	default:
		return nil
	}
	return &hintError{
		refuse(survey.Conflicting, "form", fmt.Sprintf("服务器上已有 %s %s，%s。已经发布的版本不能改，服务器上的没有动。", d.form.ID, d.form.Version, differs), nil),
		"在 settings 表里换一个新的 version 再导入",
	}
}

// usableForm reads a form that has to be whole, and tells what is wrong with it.
func (s *session) usableForm(path string) (definition, error) {
	d, err := s.readForm(path)
	if err != nil {
		return d, err
	}
	return d, s.tellFindings(d.readable())
}

// readForm reads a form and everything that is wrong with it.
func (s *session) readForm(path string) (definition, error) {
	d := definition{path: path}
	if err := d.read(); err != nil || d.xml == nil {
		return d, err
	}
	read, err := xform.Read(bytes.NewReader(d.xml))
	if err != nil {
		d.doesNotRun(err)
		return d, nil
	}
	d.form = read
	if err := d.gather(); err != nil {
		return d, err
	}
	if err := d.rehearse(s.clock); err != nil {
		d.doesNotRun(err)
	}
	return d, nil
}

func (d *definition) doesNotRun(err error) {
	d.found = append(d.found, xlsform.Finding{
		Code: doesNotRun, Severity: xlsform.Fatal, Message: cmp.Or(survey.MessageOf(err), err.Error()),
		Remedy: "请检查这里的算式：路径写对了没有，有没有几道题互相算来算去。",
	})
}

// doesNotRun is the code of what shows only when a form begins, such as values computed from each other in a circle.
const doesNotRun xlsform.Code = "ZC200"

// rehearse begins a filling of the compiled form with the files that come with it and empty registers.
func (d *definition) rehearse(clock survey.Clock) error {
	_, err := form.Begin(d.form, form.Env{
		Sources: func(file string) (*form.Source, bool) {
			source, ok := d.files.sources[file]
			return source, ok
		},
		Now: clock, NewID: survey.NewID[survey.RecordID]().String,
		Instances: func(string) (form.Table, bool) { return nobody{}, true },
	})
	return err
}

// nobody is a register without rows.
type nobody struct{}

// Columns returns none.
func (nobody) Columns() []string { return nil }

// Len returns 0.
func (nobody) Len() int { return 0 }

// Cell returns nothing.
func (nobody) Cell(int, int) string { return "" }

// Lookup finds nothing.
func (nobody) Lookup(string, string) []int { return nil }

// read reads the file or folder, and compiles what is written in sheets.
func (d *definition) read() error {
	info, err := os.Stat(d.path)
	if err != nil {
		return notReadable(d.path, err)
	}
	name := filepath.Base(filepath.Clean(d.path))
	if info.IsDir() {
		d.compile(xlsform.ReadFS(os.DirFS(d.path), name))
		return nil
	}
	data, err := os.ReadFile(d.path)
	if err != nil {
		return notReadable(d.path, err)
	}
	switch extension := strings.ToLower(filepath.Ext(name)); extension {
	case ".xml":
		d.xml = data
	case ".md":
		d.compile(xlsform.ReadMarkdown(string(data), strings.TrimSuffix(name, filepath.Ext(name))))
	case ".xlsx", ".xls":
		d.compile(xlsform.ReadXLSX(bytes.NewReader(data), name))
	default:
		return refuse(survey.Invalid, "form", "不认识“"+name+"”：表单要是 CSV 文件夹、.xlsx、.md 或 .xml。", nil)
	}
	return nil
}

func notReadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(survey.NotFound, "form", "没有“"+path+"”，请检查路径。", err)
	}
	return refuse(survey.Unavailable, "form", "“"+path+"”读不出来。", err)
}

func (d *definition) compile(book xlsform.Workbook, found []xlsform.Finding) {
	d.book, d.found = &book, found
	if fatal(found) > 0 { // a sheet that could not be read would only be missed again
		return
	}
	compiled := xlsform.Compile(book, xlsform.Options{})
	d.found = append(d.found, compiled.Findings...)
	d.xml = compiled.XML
}

// refusals returns what the linter refuses, cell by cell where there are cells.
func (d *definition) refusals(rules lint.Rules) []xlsform.Finding {
	switch {
	case d.book != nil:
		return rules.Workbook(*d.book)
	case d.form != nil:
		return rules.Definition(d.form)
	}
	return nil
}

// readRules returns the linter's rules, with a county's list where one is named.
func readRules(path string) (lint.Rules, error) {
	if path == "" {
		return lint.Rules{}, nil
	}
	list, err := os.Open(path)
	if err != nil {
		return lint.Rules{}, notReadable(path, err)
	}
	defer func() { _ = list.Close() }() // read only: nothing is lost
	return lint.Rules{}.With(list)
}

// tellFindings tells findings, the worst first, and returns an error when the form cannot be used.
func (s *session) tellFindings(found []xlsform.Finding) error {
	for _, finding := range xlsform.Sorted(found) {
		word := "留意"
		if finding.Severity == xlsform.Fatal {
			word = "错误"
		}
		s.tell("%s %s\n", word, finding)
	}
	if wrong := fatal(found); wrong > 0 {
		return refuse(survey.Invalid, "form", fmt.Sprintf("表单有 %d 处错误，不能使用。", wrong), nil)
	}
	return nil
}

func fatal(found []xlsform.Finding) int {
	wrong := 0
	for _, finding := range found {
		if finding.Severity == xlsform.Fatal {
			wrong++
		}
	}
	return wrong
}
