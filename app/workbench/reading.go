package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoucun/check"
	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/survey"
)

// Passage is a part of a visit as it is read: a section of the form, or one instance of a repeat.
type Passage struct {
	Title string
	Lines []ReadLine
}

// ReadLine is a question, its answer, and what is to be said of it.
type ReadLine struct {
	Path     survey.FieldPath
	Label    string
	Value    string
	Comment  string   // what the township has said of it
	Findings []string // what is worth a second look
}

// ReviewStep is one revision of a record, briefly.
type ReviewStep struct{ When, Who, What, Note string }

// passages puts the answers of a visit into the order of its form. What the form does not know comes last.
func (w *Words) passages(ctx context.Context, r survey.Record, found []check.Finding) []Passage {
	w.mu.Lock()
	f := w.form(ctx, r.Form, r.FormVersion)
	w.mu.Unlock()
	verdict := survey.VerdictOf(r.Fields)
	var all []Passage
	for _, path := range inOrder(f, r.Fields) {
		line := ReadLine{Path: path, Comment: verdict.Comments[path]}
		q := w.of(ctx, r, path)
		line.Label, line.Value = q.label, w.value(ctx, q, r, path, r.Fields[path])
		if slices.ContainsFunc(r.Files, func(a survey.Attachment) bool { return a.Name == r.Fields[path] }) {
			line.Value = "（有文件）"
		}
		for _, finding := range found {
			if finding.Path == path {
				line.Findings = append(line.Findings, finding.Words)
			}
		}
		title := passageTitle(f, path, r.Fields)
		if len(all) == 0 || all[len(all)-1].Title != title {
			all = append(all, Passage{Title: title})
		}
		last := &all[len(all)-1]
		last.Lines = append(last.Lines, line)
	}
	return all
}

// inOrder returns the paths of answers that somebody was asked for, in the order of the form, each instance of a repeat
// as a whole.
func inOrder(f *xform.Form, fields survey.Fields) []survey.FieldPath {
	type at struct {
		path       survey.FieldPath
		top, place int
		instance   survey.FieldPath
	}
	var all []at
	for path := range fields {
		if !path.OfForm() {
			continue
		}
		place := nodeOf(f, withoutKeys(path))
		if place >= 0 && f.Nodes[place].Control == nil {
			continue // calculated: nobody was asked
		}
		here := at{path: path, top: place, place: place}
		if end := strings.LastIndexByte(string(path), ']'); end >= 0 {
			here.instance = path[:end+1]
			here.top = nodeOf(f, withoutKeys(here.instance))
		}
		if place < 0 {
			here.top, here.place = 1<<30, 1<<30
		}
		all = append(all, here)
	}
	slices.SortFunc(all, func(a, b at) int {
		return cmp.Or(cmp.Compare(a.top, b.top), cmp.Compare(a.instance, b.instance), cmp.Compare(a.place, b.place), cmp.Compare(a.path, b.path))
	})
	paths := make([]survey.FieldPath, len(all))
	for i, a := range all {
		paths[i] = a.path
	}
	return paths
}

func nodeOf(f *xform.Form, field survey.FieldPath) int {
	if f == nil {
		return -1
	}
	return slices.IndexFunc(f.Nodes, func(n *xform.Node) bool { return n.Field() == field })
}

// passageTitle names the section a path is in and, in a repeat, which instance.
func passageTitle(f *xform.Form, path survey.FieldPath, fields survey.Fields) string {
	first, _, below := strings.Cut(string(path), "/")
	at := nodeOf(f, withoutKeys(survey.FieldPath(first)))
	if at < 0 || !below && !strings.Contains(first, "[") {
		return "其他"
	}
	title := words.Title(f, f.Nodes[at])
	end := strings.LastIndexByte(string(path), ']')
	if end < 0 {
		return title
	}
	instance := path[:end+1]
	repeat := instance[:strings.LastIndexByte(string(instance), '[')]
	var others []survey.FieldPath
	for other := range fields {
		if stop := strings.LastIndexByte(string(other), ']'); stop >= 0 && strings.HasPrefix(string(other), string(repeat)+"[") && other.OfForm() {
			others = append(others, other[:stop+1])
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	return fmt.Sprintf("%s · 第 %d 条", title, slices.Index(others, instance)+1)
}

// steps says who has done what to a record, the latest first.
func (w *Words) steps(held survey.Holding, now time.Time) []ReviewStep {
	var steps []ReviewStep
	for i, s := range held.Statements {
		at := s.Header.Wall
		if at == 0 {
			at = survey.MillisOf(s.HLC.Time())
		}
		steps = append(steps, ReviewStep{When: day(at, now), Who: w.person(s.Header.Author), What: revisionWord(s, i == 0), Note: s.Body.Note})
	}
	slices.Reverse(steps)
	return steps
}

// revisionWord says what a revision has done.
func revisionWord(s survey.Statement, first bool) string {
	switch s.Header.Kind {
	case survey.Put:
		switch {
		case first:
			return "登记"
		case slices.Contains(s.Header.Touched, survey.ReviewAnswerField):
			return "按退回意见补充"
		}
		return "更改"
	case survey.Review:
		switch survey.VerdictOf(s.Body.Fields).Result {
		case survey.ReviewPassed:
			return "审核通过"
		case survey.ReviewReturned:
			return "退回补充"
		case survey.ReviewJoined:
			return "并入另一份"
		}
		return "撤回审核"
	case survey.Void:
		return "作废"
	case survey.Merge:
		return "合并修改"
	case survey.Move:
		return "转到别的村"
	case survey.Erase:
		return "按期删除"
	}
	return "更改"
}

// plainly puts the fields of a register's record into words, by their names.
func (w *Words) plainly(ctx context.Context, r survey.Record) Passage {
	var p Passage
	for field, value := range r.Fields {
		q := w.of(ctx, r, field)
		if q.label == string(field) || value == "" {
			continue // nobody was ever asked for it
		}
		p.Lines = append(p.Lines, ReadLine{Path: field, Label: q.label, Value: w.value(ctx, q, r, field, value)})
	}
	slices.SortFunc(p.Lines, func(a, b ReadLine) int { return cmp.Compare(a.Path, b.Path) })
	return p
}

// groupLabel returns what a form calls a group of questions by its name, or an empty string.
func (w *Words) groupLabel(ctx context.Context, info survey.FormInfo, name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.form(ctx, info.ID, info.Version)
	if f == nil {
		return ""
	}
	for _, n := range f.Nodes {
		if n.Name.Local == name && !n.Leaf() && n.Control != nil {
			return words.Title(f, n)
		}
	}
	return ""
}
