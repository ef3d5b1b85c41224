package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"zoucun/check"
	"zoucun/survey"
	"zoucun/tally"
)

// Reviewer is what reviewing asks of the device.
type Reviewer interface {
	Naming
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
	ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error)
	Kept(id survey.RecordID) survey.RecordID
	Amend(ctx context.Context, amendments ...survey.Amendment) error
}

// ReviewFilter says which visits are listed. A zero one lists all that wait.
type ReviewFilter struct {
	State    StateFilter
	Village  survey.RecordID
	Form     survey.FormID
	Author   survey.PersonID
	Findings FindingFilter
}

// StateFilter is which states are listed.
type StateFilter uint8

// States to list.
const (
	ListWaiting StateFilter = iota
	ListReturned
	ListPassed
	ListJoined
	ListAll
)

// StateNames are what people call the states to list, in their order.
var StateNames = []string{"待审", "退回", "通过", "并入", "全部"}

func (f StateFilter) has(s survey.ReviewState) bool {
	switch f {
	case ListWaiting:
		return s.Waits()
	case ListReturned:
		return s == survey.StateReturned
	case ListPassed:
		return s == survey.StatePassed
	case ListJoined:
		return s == survey.StateJoined
	case ListAll:
	}
	return true
}

// FindingFilter is whether visits with or without findings are listed.
type FindingFilter uint8

// Filters by findings.
const (
	WithAndWithout FindingFilter = iota
	WithFindings
	WithoutFindings
)

// Review is the list of visits for review (审核).
type Review struct {
	store Reviewer
	words *Words
	book  *Book
	who   survey.PersonID
	now   survey.Clock

	mu      sync.Mutex
	filter  ReviewFilter
	rows    []tally.Visit
	checked map[survey.RecordID]checked
}

// checked is what was found in a visit as it was at some time.
type checked struct {
	at    survey.HLC
	found []check.Finding
	notes []string // what stands in the way of passing it with others
}

// NewReview returns the list, in the name of somebody at the township.
func NewReview(store Reviewer, words *Words, book *Book, who survey.PersonID, now survey.Clock) *Review {
	return &Review{store: store, words: words, book: book, who: who, now: now, checked: map[survey.RecordID]checked{}}
}

// Filter returns what is listed.
func (r *Review) Filter() ReviewFilter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.filter
}

// Show lists other visits.
func (r *Review) Show(f ReviewFilter) {
	r.mu.Lock()
	r.filter = f
	r.mu.Unlock()
	r.List()
}

// List reads the list anew: those amended after a return first, then the latest. It is never ordered by person.
func (r *Review) List() {
	f := r.Filter()
	rows := r.book.Visits(true, func(v tally.Visit) bool {
		return f.State.has(v.State) && (f.Village.IsZero() || v.Village == f.Village) && (f.Form == "" || v.Form == f.Form) &&
			(f.Author.IsZero() || v.Author == f.Author)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Findings != WithAndWithout {
		rows = slices.DeleteFunc(rows, func(v tally.Visit) bool {
			c, known := r.isChecked(v)
			return !known || (len(c.found)+len(c.notes) > 0) != (f.Findings == WithFindings)
		})
	}
	slices.SortFunc(rows, func(a, b tally.Visit) int {
		return cmp.Or(amendedFirst(b)-amendedFirst(a), cmp.Compare(b.Updated, a.Updated), b.ID.Compare(a.ID))
	})
	r.rows = rows
}

func amendedFirst(v tally.Visit) int {
	if v.State == survey.StateAnswered {
		return 1
	}
	return 0
}

// isChecked returns what was found in a visit as it is. The caller holds mu.
func (r *Review) isChecked(v tally.Visit) (checked, bool) {
	c, known := r.checked[v.ID]
	return c, known && c.at == v.Updated
}

// ReviewRow is a visit in the list.
type ReviewRow struct {
	ID            survey.RecordID
	Title, Detail string
	Tag           string
	Warn          bool // the tag is of something to look at
}

// Count returns how many visits are listed.
func (r *Review) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rows)
}

// Waiting returns how many visits wait for review.
func (r *Review) Waiting() int {
	return len(r.book.Visits(false, func(v tally.Visit) bool { return v.State.Waits() }))
}

// Row returns a visit of the list; a zero row where there is none any more.
func (r *Review) Row(ctx context.Context, i int) ReviewRow {
	r.mu.Lock()
	if i >= len(r.rows) {
		r.mu.Unlock()
		return ReviewRow{}
	}
	v := r.rows[i]
	c, known := r.isChecked(v)
	r.mu.Unlock()
	row := ReviewRow{ID: v.ID, Title: r.paidTo(ctx, v), Detail: r.describe(v), Tag: stateName(v.State)}
	if n := len(c.found) + len(c.notes); known && n > 0 && v.State.Waits() {
		row.Tag, row.Warn = fmt.Sprintf("%d 处要看", n), true
	}
	return row
}

func (r *Review) paidTo(ctx context.Context, v tally.Visit) string {
	if v.Household.IsZero() {
		return "没有选户的走访"
	}
	h, err := r.words.naming.Household(ctx, v.Household)
	if err != nil {
		return "名册里没有的户"
	}
	return home(h.Head)
}

// results are what people call the results of visits.
var results = map[string]string{
	"talked": "见到并交谈", "absent": "家中无人", "inconvenient": "不便接待", "declined": "不愿接受访问", "moved": "已搬离",
}

func (r *Review) describe(v tally.Visit) string {
	parts := []string{r.words.village(survey.VillageScope(v.Village)), dayWords(v.Day), results[v.Result], string(v.Form)}
	switch v.Mode {
	case "late":
		parts = append(parts, "补记")
	case "paper":
		parts = append(parts, "纸质表录入")
	}
	if !v.Author.IsZero() {
		parts = append(parts, r.words.person(v.Author))
	}
	if v.Unsure {
		parts = append(parts, "时间不确定")
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

func dayWords(d tally.Day) string {
	t, err := time.Parse(time.DateOnly, d.String())
	if err != nil {
		return "日期没有写"
	}
	return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
}

func stateName(s survey.ReviewState) string {
	switch s {
	case survey.StateUnreviewed:
		return "待审"
	case survey.StateAnswered:
		return "已补充，待审"
	case survey.StateReturned:
		return "已退回"
	case survey.StatePassed:
		return "通过"
	case survey.StateJoined:
		return "已并入"
	}
	return ""
}

// Authors returns who has written visits that wait or were returned, in the order of their names: to find visits by. How
// many each has written is not said.
func (r *Review) Authors() []survey.Staff {
	seen := map[survey.PersonID]bool{}
	r.book.Visits(true, func(v tally.Visit) bool {
		seen[v.Author] = seen[v.Author] || !v.Author.IsZero()
		return false
	})
	var all []survey.Staff
	for id, here := range seen {
		if here {
			all = append(all, survey.Staff{ID: id, Name: r.words.person(id)})
		}
	}
	slices.SortFunc(all, func(a, b survey.Staff) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID)) })
	return all
}

// Villages returns the villages to find visits by.
func (r *Review) Villages() []survey.Place { return r.words.naming.Villages() }

// Forms returns the forms to find visits by.
func (r *Review) Forms(ctx context.Context) ([]survey.FormInfo, error) {
	forms, err := r.words.naming.Forms(ctx)
	if err != nil {
		return nil, fmt.Errorf("workbench.Review: %w", err)
	}
	return forms, nil
}

// checkedWith is how many of an author's visits before one it is compared with.
const checkedWith = 60

// Check looks through every visit that waits and was not looked through as it is. It calls tell now and then with how many
// are done. It ends with ctx.
func (r *Review) Check(ctx context.Context, tell func(done, of int)) error {
	waiting := map[survey.RecordID]bool{}
	by := map[survey.PersonID][]tally.Visit{}
	r.mu.Lock()
	known := r.checked
	r.mu.Unlock()
	for _, v := range r.book.Visits(false, func(v tally.Visit) bool { return v.State.Waits() }) {
		r.mu.Lock()
		c, done := known[v.ID]
		r.mu.Unlock()
		if !done || c.at != v.Updated {
			waiting[v.ID] = true
			by[v.Author] = nil
		}
	}
	for _, v := range r.book.Visits(true, func(v tally.Visit) bool { _, wanted := by[v.Author]; return wanted }) {
		by[v.Author] = append(by[v.Author], v)
	}
	done := 0
	for _, visits := range by {
		err := r.checkAll(ctx, visits, waiting, func() {
			done++
			if done%20 == 0 || done == len(waiting) {
				tell(done, len(waiting))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAll looks through the visits of one author that wait, in the order in which they were made.
func (r *Review) checkAll(ctx context.Context, visits []tally.Visit, waiting map[survey.RecordID]bool, done func()) error {
	slices.SortFunc(visits, func(a, b tally.Visit) int { return a.ID.Compare(b.ID) }) // identifiers tell when they were made
	first := slices.IndexFunc(visits, func(v tally.Visit) bool { return waiting[v.ID] })
	if first < 0 {
		return nil
	}
	var earlier []check.Earlier
	for i, v := range visits {
		if i < first-checkedWith {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // the caller's own
		}
		held, err := r.store.Holding(ctx, v.ID)
		if survey.KindOf(err) == survey.NotFound {
			continue // gone meanwhile
		}
		if err != nil {
			return fmt.Errorf("workbench.Check: %w", err)
		}
		if waiting[v.ID] {
			if err := r.checkOne(ctx, v, held, earlier); err != nil {
				return err
			}
			done()
		}
		earlier = append(earlier, check.EarlierOf(v.ID, writtenAt(held), held.Record.Fields))
		if len(earlier) > checkedWith {
			earlier = earlier[1:]
		}
	}
	return nil
}

func writtenAt(held survey.Holding) survey.Millis { return held.First().Header.Wall }

func (r *Review) checkOne(ctx context.Context, v tally.Visit, held survey.Holding, earlier []check.Earlier) error {
	c, err := r.look(ctx, held, earlier)
	if err != nil {
		return err
	}
	c.at = v.Updated
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked[v.ID] = c
	return nil
}

// look finds what is worth a second look in a visit.
func (r *Review) look(ctx context.Context, held survey.Holding, earlier []check.Earlier) (checked, error) {
	c := checked{at: held.Record.Updated}
	around := check.Around{Earlier: earlier}
	if household, err := survey.ParseID[survey.RecordID](held.Record.Fields[survey.VisitHousehold]); err == nil {
		if around.Problems, err = r.store.ProblemsOf(ctx, household); err != nil {
			return c, fmt.Errorf("workbench.Check: %w", err)
		}
	}
	c.found = check.ForTownship(check.Visit(check.Filling{
		Visit: held.Record.ID, Fields: held.Record.Fields, At: writtenAt(held),
	}, around))
	if n := len(held.Record.Conflicts); n > 0 {
		c.notes = append(c.notes, fmt.Sprintf("有 %d 项内容在两处改成了不同的样子，还没有定，请先到“待决”里定。", n))
	}
	return c, nil
}

// VisitPage is a visit as it is read and reviewed.
type VisitPage struct {
	ID       survey.RecordID
	Title    string
	Where    string
	State    string
	Late     string // that it was noted down afterwards, and why; a fact
	Passages []Passage
	Findings []string // on the whole
	Remark   string   // what the township has said of the whole
	DupOf    string   // which visit it was joined to
	Steps    []ReviewStep
	Waits    bool
	Joined   bool

	record survey.Record
}

// Open returns a visit to read.
func (r *Review) Open(ctx context.Context, id survey.RecordID) (VisitPage, error) {
	held, err := r.store.Holding(ctx, id)
	if err != nil {
		return VisitPage{}, fmt.Errorf("workbench.Open: %w", err)
	}
	r.mu.Lock()
	c, known := r.checked[id]
	r.mu.Unlock()
	if !known || c.at != held.Record.Updated {
		if c, err = r.look(ctx, held, nil); err != nil {
			return VisitPage{}, err
		}
	}
	verdict := survey.VerdictOf(held.Record.Fields)
	p := VisitPage{
		ID: id, Title: r.words.subject(ctx, held.Record), Where: r.words.where(ctx, held.Record), State: stateName(verdict.State()),
		Passages: r.words.passages(ctx, held.Record, c.found), Findings: slices.Clone(c.notes), Remark: verdict.Comment,
		Steps: r.words.steps(held, r.now()), Waits: verdict.State().Waits(), Joined: verdict.State() == survey.StateJoined, record: held.Record,
	}
	p.Late = lateness(held.Record.Fields)
	if !verdict.DupOf.IsZero() {
		if other, err := r.store.Holding(ctx, verdict.DupOf); err == nil {
			p.DupOf = r.words.subject(ctx, other.Record)
		}
	}
	for _, f := range c.found {
		if !p.shows(f.Path) {
			p.Findings = append(p.Findings, f.Words)
		}
	}
	return p, nil
}

// shows reports whether a question stands on the page.
func (p VisitPage) shows(path survey.FieldPath) bool {
	return slices.ContainsFunc(p.Passages, func(part Passage) bool {
		return slices.ContainsFunc(part.Lines, func(l ReadLine) bool { return l.Path == path })
	})
}

// lateness says that a visit was noted down afterwards or from paper, and why.
func lateness(fields survey.Fields) string {
	mode, reason := "", ""
	for path, value := range fields {
		switch {
		case strings.HasSuffix(string(path), "/entry_mode"):
			mode = map[string]string{"late": "事后补记", "paper": "纸质表录入"}[value]
		case strings.HasSuffix(string(path), "/late_reason"):
			reason = value
		}
	}
	if mode != "" && reason != "" {
		mode += "：" + reason
	}
	return mode
}

// Pass passes a visit as it was read.
func (r *Review) Pass(ctx context.Context, p VisitPage) error {
	return r.judge(ctx, p, survey.Verdict{Result: survey.ReviewPassed})
}

// Return sends a visit back to its author, with words on the whole or on single questions; there have to be some.
func (r *Review) Return(ctx context.Context, p VisitPage, remark string, comments map[survey.FieldPath]string) error {
	v := survey.Verdict{Result: survey.ReviewReturned, Comment: strings.TrimSpace(remark), Comments: map[survey.FieldPath]string{}}
	for path, words := range comments {
		if words = strings.TrimSpace(words); words != "" {
			v.Comments[path] = words
		}
	}
	if v.Comment == "" && len(v.Comments) == 0 {
		return ask("workbench.Return", "请写明要补充什么：写在某一题旁边，或写在总的意见里。还没有退回。")
	}
	return r.judge(ctx, p, v)
}

// TakeBack takes back what was decided: the visit waits again.
func (r *Review) TakeBack(ctx context.Context, p VisitPage) error {
	now := p.record
	verdict := survey.VerdictOf(now.Fields)
	amendments := []survey.Amendment{r.amendment(now, survey.Verdict{})}
	if verdict.Result == survey.ReviewJoined && !verdict.DupOf.IsZero() {
		link := survey.NewLink(now.Scope, survey.TypeVisit, verdict.DupOf, now.ID, "")
		amendments = append(amendments, r.linking(link))
	}
	return r.write(ctx, amendments...)
}

// Join says that a visit is the same as another, which goes on: it is not counted any more and stays readable.
func (r *Review) Join(ctx context.Context, p VisitPage, into survey.RecordID) error {
	if into == p.ID {
		return ask("workbench.Join", "不能并入自己，请选另一份走访。")
	}
	link := survey.NewLink(p.record.Scope, survey.TypeVisit, into, p.ID, survey.Same)
	return r.write(ctx, r.amendment(p.record, survey.Verdict{Result: survey.ReviewJoined, DupOf: into}), r.linking(link))
}

func (r *Review) linking(l survey.Link) survey.Amendment {
	return survey.Amendment{Record: l.ID, Type: survey.TypeLink, Kind: survey.Put, Scope: l.Scope, Author: r.who, Fields: l.Fields()}
}

func (r *Review) judge(ctx context.Context, p VisitPage, v survey.Verdict) error {
	return r.write(ctx, r.amendment(p.record, v))
}

// amendment is the township's word on a visit as it was read: where it has changed since, it is not written.
func (r *Review) amendment(now survey.Record, v survey.Verdict) survey.Amendment {
	return survey.Amendment{
		Record: now.ID, Type: survey.TypeVisit, Kind: survey.Review, Scope: now.Scope, Author: r.who, Fields: v.Fields(now), Heads: now.Heads,
	}
}

func (r *Review) write(ctx context.Context, amendments ...survey.Amendment) error {
	if err := r.store.Amend(ctx, amendments...); err != nil {
		return fmt.Errorf("workbench.Review: %w", err)
	}
	r.List()
	return nil
}

// Clean returns the visits listed in which nothing was found: never reviewed, and looked through as they are.
func (r *Review) Clean() []survey.RecordID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []survey.RecordID
	for _, v := range r.rows {
		c, known := r.isChecked(v)
		if v.State == survey.StateUnreviewed && known && len(c.found)+len(c.notes) == 0 {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// passedAtOnce is how many visits are passed in one transaction.
const passedAtOnce = 100

// PassAll passes visits in which nothing was found, a hundred at a time. A visit that has changed since it was looked
// through is left as it is. It returns how many were passed, and stops with ctx.
func (r *Review) PassAll(ctx context.Context, ids []survey.RecordID, tell func(done int)) (passed int, err error) {
	defer r.List()
	for part := range slices.Chunk(ids, passedAtOnce) {
		if err := ctx.Err(); err != nil {
			return passed, err //nolint:wrapcheck // the caller's own
		}
		var amendments []survey.Amendment
		for _, id := range part {
			held, err := r.store.Holding(ctx, id)
			if err != nil {
				return passed, fmt.Errorf("workbench.PassAll: %w", err)
			}
			r.mu.Lock()
			c := r.checked[id]
			r.mu.Unlock()
			if c.at == held.Record.Updated && survey.VerdictOf(held.Record.Fields).State() == survey.StateUnreviewed {
				amendments = append(amendments, r.amendment(held.Record, survey.Verdict{Result: survey.ReviewPassed}))
			}
		}
		if err := r.store.Amend(ctx, amendments...); err != nil {
			return passed, fmt.Errorf("workbench.PassAll: %w", err)
		}
		passed += len(amendments)
		tell(passed)
	}
	return passed, nil
}

// OtherVisit is a visit that another may be joined to.
type OtherVisit struct {
	ID            survey.RecordID
	Title, Detail string
}

// Others returns the visits to the same household that a visit may be joined to, those nearest in time first.
func (r *Review) Others(ctx context.Context, p VisitPage) []OtherVisit {
	household, err := survey.ParseID[survey.RecordID](p.record.Fields[survey.VisitHousehold])
	if err != nil {
		return nil
	}
	kept := r.store.Kept
	visits := r.book.Visits(false, func(v tally.Visit) bool { return v.ID != p.ID && kept(v.Household) == kept(household) })
	at := p.day()
	slices.SortFunc(visits, func(a, b tally.Visit) int {
		return cmp.Or(cmp.Compare(apart(a.Day, at), apart(b.Day, at)), a.ID.Compare(b.ID))
	})
	var all []OtherVisit
	for _, v := range visits {
		all = append(all, OtherVisit{v.ID, r.paidTo(ctx, v), r.describe(v)})
	}
	return all
}

func (p VisitPage) day() tally.Day {
	for path, value := range p.record.Fields {
		if strings.HasSuffix(string(path), "visit_date") {
			return tally.DayOf(value)
		}
	}
	return 0
}

func apart(a, b tally.Day) int { return int(max(a-b, b-a)) }
