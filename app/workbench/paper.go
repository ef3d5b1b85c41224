package workbench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"zoucun/form/xform"
	"zoucun/report"
	"zoucun/report/paper"
	"zoucun/survey"
)

// PaperKeeper is where what stands on papers comes from.
type PaperKeeper interface {
	Villages() []survey.Place
	Groups(village survey.RecordID) []survey.Place
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	Staff() []survey.Staff
	StaffName(id survey.PersonID) string
	Forms(ctx context.Context) ([]survey.FormInfo, error)
	FormXML(ctx context.Context, id survey.FormID, version string) ([]byte, error)
	Records(ctx context.Context, kind survey.RecordType, scope survey.ScopeID, use func(survey.Record) error) error
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	Held(ctx context.Context, household survey.RecordID) ([]survey.Holding, error)
	LogAccess(ctx context.Context, a survey.Access) error
	Blob(ctx context.Context, hash survey.Hash) ([]byte, error)
}

// PaperKind is one of the papers.
type PaperKind string

// Papers.
const (
	PaperBlank     PaperKind = "群众工作调查表（空白）"
	PaperPrefilled PaperKind = "群众工作调查表（预填）"
	PaperFilled    PaperKind = "群众工作调查表（已填）"
	PaperVisits    PaperKind = "走访清单"
	PaperLedger    PaperKind = "民情台账"
	PaperDiary     PaperKind = "民情日记"
	PaperHousehold PaperKind = "一户一档"
	PaperCards     PaperKind = "联系卡"
	PaperHandover  PaperKind = "交接清单"
)

// PaperKinds returns the papers in the order in which they are offered.
func PaperKinds() []PaperKind {
	return []PaperKind{PaperBlank, PaperPrefilled, PaperFilled, PaperVisits, PaperLedger, PaperDiary, PaperHousehold, PaperCards, PaperHandover}
}

// Needs are what has to be said before a paper can be made.
type Needs struct{ Village, Days, OneDay, Person, Household, HouseholdOrAll, Reason bool }

// Needs returns what a paper needs.
func (k PaperKind) Needs() Needs {
	switch k {
	case PaperBlank:
		return Needs{}
	case PaperPrefilled:
		return Needs{Village: true, HouseholdOrAll: true}
	case PaperFilled, PaperVisits:
		return Needs{Village: true, Days: true}
	case PaperLedger, PaperHandover:
		return Needs{Village: true}
	case PaperDiary:
		return Needs{Village: true, OneDay: true, Person: true}
	case PaperHousehold:
		return Needs{Village: true, Household: true, Reason: true}
	case PaperCards:
		return Needs{Person: true}
	}
	return Needs{}
}

// PaperFormat is the kind of file a paper becomes.
type PaperFormat string

// Formats, by the ends of their files' names.
const (
	FormatPDF      PaperFormat = ".pdf"
	FormatWord     PaperFormat = ".docx"
	FormatWorkbook PaperFormat = ".xlsx"
)

// PaperOrder is what is to be printed.
type PaperOrder struct {
	Kind      PaperKind
	Format    PaperFormat
	Village   survey.RecordID // zero for every village
	Household survey.RecordID
	Person    survey.PersonID
	From, To  string // days as yyyy-mm-dd, both included; of one day both the same
	Reason    string // why somebody looks at a household's file
}

// Paper is a paper that was made.
type Paper struct {
	Name    string // of its file; it says nothing of whom it is about
	Kind    PaperKind
	Format  PaperFormat
	Data    []byte
	Papers  int    // documents in the file
	Missing []rune // characters without a glyph: it is no proper paper before they are written in
}

// Papers makes papers.
type Papers struct {
	keeper PaperKeeper
	self   survey.Enrolment
	who    survey.Staff
	now    survey.Clock
	fonts  func() (*paper.Fonts, error)

	mu    sync.Mutex
	forms map[string]report.Form // by identifier and version
}

// NewPapers returns what makes papers in the name of who. Fonts are read when they are first needed.
func NewPapers(k PaperKeeper, self survey.Enrolment, who survey.Staff, now survey.Clock, fonts func() (*paper.Fonts, error)) *Papers {
	return &Papers{keeper: k, self: self, who: who, now: now, fonts: sync.OnceValues(fonts), forms: map[string]report.Form{}}
}

// Villages returns the villages there are papers of.
func (p *Papers) Villages() []survey.Place { return p.keeper.Villages() }

// Staff returns the people there are papers of.
func (p *Papers) Staff() []survey.Staff { return p.keeper.Staff() }

// Households finds households of a village.
func (p *Papers) Households(village survey.RecordID, query string) []survey.FoundHousehold {
	const most = 50
	return p.keeper.SearchHouseholds(village, query, most)
}

// Make makes the paper that is ordered. It says how many documents of how many are done, and stops when ctx ends. Whoever
// prints what was said in villages is in their access logs before anything is laid out.
func (p *Papers) Make(ctx context.Context, o PaperOrder, tell func(done, of int)) (Paper, error) {
	if err := p.check(o); err != nil {
		return Paper{}, err
	}
	if tell == nil {
		tell = func(int, int) {}
	}
	fonts, err := p.fonts()
	if fonts == nil {
		return Paper{}, fmt.Errorf("workbench.Make: %w", err)
	}
	if err := p.logLook(ctx, o); err != nil {
		return Paper{}, err
	}
	made := Paper{Kind: o.Kind, Format: o.Format, Name: fileName(o, p.now())}
	of, documents, err := p.documents(ctx, o)
	if err != nil {
		return Paper{}, err
	}
	if of == 0 {
		return Paper{}, refusal("没有可以打印的内容。请换一个村，或者换几天再试。")
	}
	counted := func(yield func(paper.Document, error) bool) {
		for d, err := range documents {
			for _, r := range fonts.Missing(d) {
				if !slices.Contains(made.Missing, r) {
					made.Missing = append(made.Missing, r)
				}
			}
			made.Papers++
			if !yield(d, err) {
				return
			}
		}
	}
	var out bytes.Buffer
	if err := write(ctx, &out, fonts, o, of, counted, tell); err != nil {
		return Paper{}, said(err)
	}
	made.Data = out.Bytes()
	if o.Format != FormatPDF {
		made.Missing = nil // the office program brings the type
	}
	return made, nil
}

// write writes documents as a file of the format ordered.
func write(ctx context.Context, out *bytes.Buffer, fonts *paper.Fonts, o PaperOrder, of int, documents iter.Seq2[paper.Document, error], tell func(done, of int)) error {
	if o.Format == FormatPDF {
		return paper.PDF(ctx, out, fonts, title(o.Kind), documents, func(done int) { tell(done, of) })
	}
	if of > paper.MostSheets {
		return paper.ErrTooMany
	}
	var all []paper.Document
	for d, err := range documents {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		all = append(all, d)
		tell(len(all), of)
	}
	if o.Format == FormatWord {
		return paper.Word(out, fonts, all)
	}
	return paper.Workbook(out, fonts, all)
}

// said puts what stops a paper into words, where the person can do something about it.
func said(err error) error {
	if errors.Is(err, paper.ErrTooMany) {
		return refusal(fmt.Sprintf("一个文件最多放 %d 份。请分村或分几天，或者改存 PDF。", paper.MostSheets))
	}
	return err
}

func refusal(message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: "workbench.Papers", Message: message}
}

// title is a paper's name without what it is filled with.
func title(k PaperKind) string {
	name, _, _ := strings.Cut(string(k), "（")
	return name
}

// fileName says what the paper is and when it was made, and nothing else.
func fileName(o PaperOrder, now time.Time) string {
	return title(o.Kind) + "-" + now.Format("20060102-150405") + string(o.Format)
}

// check refuses an order that lacks something.
func (p *Papers) check(o PaperOrder) error {
	needs := o.Kind.Needs()
	from, fromErr := time.Parse(time.DateOnly, o.From)
	to, toErr := time.Parse(time.DateOnly, o.To)
	switch {
	case needs.Household && o.Household.IsZero():
		return refusal("请先选一户。")
	case needs.Reason && strings.TrimSpace(o.Reason) == "":
		return refusal("请先写明为什么要打印这一户的档案。看的人和原因会记下来，改不了也删不掉。")
	case len([]rune(o.Reason)) > longestReason:
		return refusal(fmt.Sprintf("原因最多 %d 个字，请写短一些。", longestReason))
	case needs.HouseholdOrAll && o.Village.IsZero():
		return refusal("请先选一个村。")
	case needs.Person && o.Person.IsZero():
		return refusal("请先选一个人。")
	case (needs.Days || needs.OneDay) && (fromErr != nil || toErr != nil):
		return refusal("请把日期写成年-月-日，例如 " + p.now().Format(time.DateOnly) + "。")
	case to.Before(from):
		return refusal("后一天比前一天还早，请调过来。")
	}
	return nil
}

// longestReason bounds a reason, in characters.
const longestReason = 200

// logLook notes in the access log what is printed of what was said.
func (p *Papers) logLook(ctx context.Context, o PaperOrder) error {
	look := survey.Access{Person: p.who.ID, Act: survey.ActPage, Reason: cmp.Or(strings.TrimSpace(o.Reason), "打印"+string(o.Kind))}
	switch o.Kind {
	case PaperBlank, PaperCards:
		return nil
	case PaperHousehold, PaperPrefilled, PaperFilled, PaperVisits, PaperLedger, PaperDiary, PaperHandover:
	}
	if !o.Household.IsZero() {
		h, err := p.keeper.Household(ctx, o.Household)
		if err != nil {
			return err
		}
		look.Scope, look.Household = h.Scope, h.ID
		return p.keeper.LogAccess(ctx, look)
	}
	for _, village := range p.villages(o) {
		look.Scope = survey.VillageScope(village.ID)
		if err := p.keeper.LogAccess(ctx, look); err != nil {
			return err
		}
	}
	return nil
}

// villages returns those an order is about.
func (p *Papers) villages(o PaperOrder) []survey.Place {
	villages := p.keeper.Villages()
	if o.Village.IsZero() {
		return villages
	}
	return slices.DeleteFunc(villages, func(v survey.Place) bool { return v.ID != o.Village })
}

// Form returns the newest form that is printed on the sheet, and by which papers are entered.
func (p *Papers) Form(ctx context.Context) (survey.FormInfo, error) {
	forms, err := p.keeper.Forms(ctx)
	if err != nil {
		return survey.FormInfo{}, err
	}
	for _, info := range forms {
		form, err := p.form(ctx, info.ID, info.Version)
		if err != nil {
			return survey.FormInfo{}, err
		}
		if paper.Printed(paper.Setting{Form: form}) {
			return info, nil
		}
	}
	return survey.FormInfo{}, &survey.Error{
		Kind: survey.NotFound, Op: "workbench.Form", Message: "群众工作调查表还没有收到。连上网络后会自动接收，请稍后再试。",
	}
}

// form returns a version of a form in words.
func (p *Papers) form(ctx context.Context, id survey.FormID, version string) (report.Form, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := string(id) + " " + version
	if known, ok := p.forms[key]; ok {
		return known, nil
	}
	xml, err := p.keeper.FormXML(ctx, id, version)
	if err != nil {
		return report.Form{}, fmt.Errorf("workbench.form %s: %w", id, err)
	}
	definition, err := xform.Read(bytes.NewReader(xml))
	if err != nil {
		return report.Form{}, fmt.Errorf("workbench.form %s: %w", id, err)
	}
	p.forms[key] = report.FormOf(definition)
	return p.forms[key], nil
}

// setting returns what papers say beside answers, without a form.
func (p *Papers) setting(ctx context.Context) paper.Setting {
	s := paper.Setting{
		Township: p.self.Grant.Township, Name: p.namer(ctx),
		File: func(f survey.Attachment) ([]byte, error) { return p.keeper.Blob(ctx, f.SHA256) },
	}
	if phones := p.self.Recipients.Phones; phones != nil {
		s.Phones = *phones
	}
	return s
}

// sheetSetting is the setting of papers of the newest sheet.
func (p *Papers) sheetSetting(ctx context.Context) (paper.Setting, error) {
	s := p.setting(ctx)
	info, err := p.Form(ctx)
	if err == nil {
		s.Form, err = p.form(ctx, info.ID, info.Version)
	}
	return s, err
}

// spoken returns what gives visits words. A visit whose form is not here has its answers as they are kept.
func (p *Papers) spoken(ctx context.Context) paper.Spoken {
	s := p.setting(ctx)
	return func(visit survey.Record) paper.Setting {
		of := s
		if form, err := p.form(ctx, visit.Form, visit.FormVersion); err == nil {
			of.Form = form
		}
		return of
	}
}

// namer returns what people call places, people and households.
func (p *Papers) namer(ctx context.Context) func(id string) string {
	places := map[string]string{}
	for _, village := range p.keeper.Villages() {
		for _, place := range append(p.keeper.Groups(village.ID), village) {
			places[place.ID.String()] = place.Name
		}
	}
	return func(text string) string {
		if name := places[text]; name != "" {
			return name
		}
		id, err := survey.ParseID[survey.RecordID](text)
		if err != nil {
			return ""
		}
		if name := p.keeper.StaffName(survey.PersonID(id)); name != "" {
			return name
		}
		h, err := p.keeper.Household(ctx, id)
		if err != nil {
			return ""
		}
		return h.Head
	}
}
