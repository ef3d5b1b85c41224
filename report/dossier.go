package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// Dossier is everything that is held on one household, in words.
type Dossier struct {
	Title    string // the household as its village knows it
	Township string
	Made     string
	Parts    []Part
	Periods  Periods
	Phones   survey.Phones // whom to ask; empty where the county has named none
}

// Records are the parts that say something of the household.
func (d Dossier) Records() []Part {
	return slices.DeleteFunc(slices.Clone(d.Parts), func(p Part) bool { return p.Look })
}

// Looks are the parts that say who has looked.
func (d Dossier) Looks() []Part {
	return slices.DeleteFunc(slices.Clone(d.Parts), func(p Part) bool { return !p.Look })
}

// Periods are how long what speaks of a person is kept, as the page tells the person.
type Periods struct{ IdentifiedYears, DispatchedYears, PhotoDays int }

// Part is one record: the household, a visit, a problem, a look at it.
type Part struct {
	Kind    string // 户, 走访, 问题, 查看
	Title   string
	State   string
	Said    []Said // what it says now
	Files   []string
	History []Step
	Look    bool // it is a look at the household
}

// Said is a field in words.
type Said struct{ Label, Value string }

// Step is one revision of a record.
type Step struct {
	When, Who, What string
	Note            string // why
	Earlier         []Said // what it said that the record does not say any more
	Gone            bool   // what it said was erased
}

// DossierOf puts what is held on a household into words. The data give the words: forms, and the records of places and
// staff that fields and authors name.
func DossierOf(held []survey.Holding, data Data, made time.Time) Dossier {
	for _, h := range held {
		data.Records = append(slices.Clip(data.Records), h.Record)
	}
	w := &dossierWriter{t: newTabler(data), zone: made.Location()}
	d := Dossier{Made: made.Format("2006年1月2日 15:04"), Periods: Periods{2, 5, 90}}
	for _, h := range held {
		d.Parts = append(d.Parts, w.part(h))
		if h.Record.Type == survey.TypeHousehold && d.Title == "" {
			d.Title = w.title(h.Record)
		}
	}
	return d
}

type dossierWriter struct {
	t    *tabler
	zone *time.Location
}

var kinds = map[survey.RecordType]string{
	survey.TypeHousehold: "户", survey.TypeVisit: "走访", survey.TypeProblem: "问题", survey.TypeAccess: "查看",
}

var acts = map[survey.Act]string{
	survey.ActShow: "查看", survey.ActPage: "存成一页", survey.ActCorrect: "更正", survey.ActErase: "删除", survey.ActExport: "导出",
}

// ActWord returns what people call an act.
func ActWord(act survey.Act) string { return cmp.Or(acts[act], string(act)) }

func (w *dossierWriter) title(household survey.Record) string {
	village := w.t.label(household.Scope.String())
	return strings.TrimSpace(village + " " + cmp.Or(household.Fields[survey.HouseholdHead], "（未登记户主）"))
}

func (w *dossierWriter) part(h survey.Holding) Part {
	p := Part{Kind: cmp.Or(kinds[h.Record.Type], string(h.Record.Type)), State: state(h.Record)}
	switch first := h.First(); h.Record.Type {
	case survey.TypeHousehold:
		p.Title = w.title(h.Record)
	case survey.TypeProblem:
		p.Title = survey.ProblemOf(h.Record).Title
	case survey.TypeAccess:
		return w.look(survey.AccessOf(h.Record, first.Header.Author))
	case survey.TypeVisit, survey.TypePlace, survey.TypeStaff, survey.TypeForm, survey.TypeReading, survey.TypeUser, survey.TypeSealed,
		survey.TypeUnit, survey.TypePolicy, survey.TypeRound, survey.TypeDuty, survey.TypeLink, survey.TypeTask, survey.TypeImport:
		p.Title = cmp.Or(h.Record.Fields[survey.VisitName], w.when(first))
	}
	p.Said = w.said(h.Record, h.Record.Fields)
	for _, file := range h.Record.Files {
		p.Files = append(p.Files, fmt.Sprintf("%s（%d KB）", file.Name, (file.Size+1023)/1024))
	}
	for i, s := range h.Statements {
		p.History = append(p.History, w.step(h.Record, s, i == 0))
	}
	return p
}

// look is a line of the access log.
func (w *dossierWriter) look(a survey.Access) Part {
	where := map[string]string{survey.WhereDevice: "平板", survey.WhereConsole: "服务器"}[a.Where]
	return Part{Look: true, Kind: "查看", Title: a.At.Time().In(w.zone).Format("2006-01-02 15:04"), Said: []Said{
		{"谁", w.who(a.Person)}, {"做了什么", ActWord(a.Act)}, {"为什么", a.Reason}, {"在哪里", where},
	}}
}

func (w *dossierWriter) who(id survey.PersonID) string {
	if id.IsZero() {
		return "服务器管理员"
	}
	return cmp.Or(w.t.label(id.String()), id.String())
}

func (w *dossierWriter) when(s survey.Statement) string {
	at := s.Header.Wall
	if at == 0 {
		at = survey.MillisOf(s.HLC.Time())
	}
	return at.Time().In(w.zone).Format("2006-01-02 15:04")
}

var kindsOfRevision = map[survey.RevisionKind]string{
	survey.Put: "更改", survey.Void: "作废", survey.Merge: "合并", survey.Review: "审核", survey.Move: "转到别的村", survey.Erase: "删除",
}

func (w *dossierWriter) step(now survey.Record, s survey.Statement, first bool) Step {
	step := Step{When: w.when(s), Who: w.who(s.Header.Author), What: kindsOfRevision[s.Header.Kind], Note: s.Body.Note, Gone: s.Erased}
	if first && s.Header.Kind == survey.Put {
		step.What = "登记"
	}
	if s.Header.Form != "" {
		step.What += "（" + string(s.Header.Form) + " " + s.Header.FormVersion + "）"
	}
	earlier := survey.Fields{}
	for field, value := range s.Body.Fields {
		if now.Fields[field] != value {
			earlier[field] = value
		}
	}
	step.Earlier = w.said(now, earlier)
	return step
}

// said puts fields into words, those of a form in its order, then the others by name.
func (w *dossierWriter) said(of survey.Record, fields survey.Fields) []Said {
	order, words := w.words(of)
	paths := make([]survey.FieldPath, 0, len(fields))
	for path := range fields {
		if path != sheet.Stamped && !path.Noted() { // they say nothing to a person
			paths = append(paths, path)
		}
	}
	place := func(path survey.FieldPath) int {
		if at := slices.Index(order, withoutKeys(path)); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortFunc(paths, func(a, b survey.FieldPath) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	var said []Said
	for _, path := range paths {
		q := words(withoutKeys(path))
		value := fields[path]
		if path.OfReview() {
			q.Label, value = w.reviewed(of, path, value)
		}
		if q.Choice || w.t.label(value) != "" {
			value = w.t.choiceText(q, value)
		}
		said = append(said, Said{cmp.Or(q.Label, string(path)), value})
	}
	return said
}

// words returns the order of a record's fields and the question each of them answers.
func (w *dossierWriter) words(of survey.Record) ([]survey.FieldPath, func(survey.FieldPath) Question) {
	questions := map[survey.FieldPath]Question{}
	var order []survey.FieldPath
	add := func(path survey.FieldPath, q Question) {
		if _, known := questions[path]; !known {
			order = append(order, path)
		}
		questions[path] = q
	}
	columns := map[survey.RecordType][]field{
		survey.TypeHousehold: append(slices.Clip(householdColumns), field{"村", survey.HouseholdVillage}), survey.TypeProblem: problemColumns,
		survey.TypeVisit: {{"户", survey.VisitHousehold}, {"名称", survey.VisitName}},
	}[of.Type]
	for _, c := range columns {
		q := w.t.questionFor(Property{of.Type, c.path})
		q.Label = c.label
		add(c.path, q)
	}
	for _, form := range w.t.forms {
		for _, q := range distinct(form.Questions) {
			switch {
			case of.Type == survey.TypeVisit && form.ID == w.t.formOf(of):
				add(q.Field, q)
			case of.Type != survey.TypeVisit && q.Saved.Of == of.Type && q.Label != "":
				if _, known := questions[q.Saved.Field]; !known {
					add(q.Saved.Field, q)
				}
			}
		}
	}
	return order, func(path survey.FieldPath) Question { return questions[path] }
}

// reviewed puts a field that a review has written into words.
func (w *dossierWriter) reviewed(of survey.Record, path survey.FieldPath, value string) (label, words string) {
	if question, ok := strings.CutPrefix(string(path), string(survey.ReviewCommentField)+"/"); ok {
		at := slices.IndexFunc(w.t.forms, func(f Form) bool { return f.ID == w.t.formOf(of) })
		if at < 0 {
			return "乡镇的意见", value
		}
		return "乡镇的意见 · " + questionLabel(w.t.forms[at], survey.FieldPath(question)), value
	}
	if path == survey.ReviewResultField {
		value = map[string]string{"passed": "通过", "returned": "退回补充", "joined": "并入另一份"}[value]
	}
	labels := map[survey.FieldPath]string{
		survey.ReviewResultField: "审核", survey.ReviewCommentField: "乡镇的意见", survey.ReviewDupField: "并入",
	}
	return cmp.Or(labels[path], string(path)), value
}
