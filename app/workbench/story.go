package workbench

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"zoucun/survey"
)

// Questions of a visit's form that its household's history is told by.
const (
	promiseWhat     = "promise_what"
	promiseBy       = "promise_by"
	followedProblem = "followed_problem"
)

// Archive is where the history of a household comes from.
type Archive interface {
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	VisitsOf(ctx context.Context, household survey.RecordID) ([]survey.Visit, error)
	ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error)
	Record(ctx context.Context, id survey.RecordID) (survey.Record, error)
	Holding(ctx context.Context, id survey.RecordID) (survey.Holding, error)
}

// Histories tells what happened in households.
type Histories struct {
	archive Archive
	words   *Words
	now     survey.Clock
}

// NewHistories returns the histories of a device's households.
func NewHistories(a Archive, w *Words, now survey.Clock) *Histories {
	return &Histories{archive: a, words: w, now: now}
}

// Story is the whole history of a household.
type Story struct {
	Title, Where string
	Facts        [][2]string // members, telephone, people
	Promises     []PromiseLine
	Problems     []StoryLine // open ones first
	Visits       []StoryLine // the latest first
}

// StoryLine is a visit or a problem in a history.
type StoryLine struct {
	Record        survey.RecordID
	Title, Detail string
	State         string // of a problem
	Open          bool   // the problem still waits
}

// PromiseLine is what somebody promised on a visit, and what the records say became of it.
type PromiseLine struct {
	Visit survey.RecordID
	What  string
	Given string // who and when, and until when
	State string
	Kept  bool // a record says that it was done
	Late  bool // nothing says so, and the day has passed
}

// Story returns a household's history.
func (h *Histories) Story(ctx context.Context, id survey.RecordID) (Story, error) {
	household, err := h.archive.Household(ctx, id)
	if err != nil {
		return Story{}, err //nolint:wrapcheck // the store has named it
	}
	told, err := h.read(ctx, household)
	if err != nil {
		return Story{}, err
	}
	s := Story{Title: cmp.Or(household.Head, "（未登记户主）"), Where: h.words.whereabouts(ctx, household), Facts: factsOf(household)}
	for _, v := range told.visits {
		s.Visits = append(s.Visits, h.visitLine(ctx, v))
		if promise, ok := h.promise(v, told); ok {
			s.Promises = append(s.Promises, promise)
		}
	}
	for _, p := range told.problems {
		s.Problems = append(s.Problems, StoryLine{
			Record: p.ID, Title: cmp.Or(p.Title, "（没有写明的问题）"), State: stateWord(p.State), Open: p.Open(),
			Detail: joined(" · ", prefixed("登记于 ", date(p.Raised, h.now())), prefixed("最后更新 ", h.changed(p))),
		})
	}
	return s, nil
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// changed says when a problem was changed last, if that was on another day than it was raised.
func (h *Histories) changed(p problemTold) string {
	if last := date(p.last, h.now()); last != date(p.Raised, h.now()) {
		return last
	}
	return ""
}

func factsOf(h survey.Household) [][2]string {
	var facts [][2]string
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	add("家人", h.Members)
	add("电话", h.Phone)
	if h.Resident >= 0 {
		add("常住", fmt.Sprintf("%d 人", h.Resident))
	}
	if h.Away > 0 {
		add("外出", fmt.Sprintf("%d 人", h.Away))
	}
	add("位置", values[survey.HouseholdLocation][string(h.Location)])
	return facts
}

// told is what the records say of a household.
type told struct {
	visits   []visitTold
	problems []problemTold
}

type visitTold struct {
	survey.Visit
	record survey.Record
}

type problemTold struct {
	survey.Problem
	last survey.Millis // when it was changed last
}

func (h *Histories) read(ctx context.Context, household survey.Household) (told, error) {
	var t told
	visits, err := h.archive.VisitsOf(ctx, household.ID)
	if err != nil {
		return t, err //nolint:wrapcheck // the store has named it
	}
	for _, v := range visits {
		record, err := h.archive.Record(ctx, v.ID)
		if err != nil && survey.KindOf(err) != survey.NotFound {
			return t, err //nolint:wrapcheck // the store has named it
		}
		t.visits = append(t.visits, visitTold{v, record})
	}
	problems, err := h.archive.ProblemsOf(ctx, household.ID)
	if err != nil {
		return t, err //nolint:wrapcheck // the store has named it
	}
	for _, p := range problems {
		record, err := h.archive.Record(ctx, p.ID)
		if err != nil && survey.KindOf(err) != survey.NotFound {
			return t, err //nolint:wrapcheck // the store has named it
		}
		t.problems = append(t.problems, problemTold{p, survey.MillisOf(record.Updated.Time())})
	}
	slices.SortStableFunc(t.visits, func(a, b visitTold) int { return cmp.Compare(b.Finished, a.Finished) })
	return t, nil
}

// answer returns the first answer to a question, whichever group of the form it stands in.
func answer(r survey.Record, question string) string {
	var fields []survey.FieldPath
	for field := range r.Fields {
		if path.Base(string(withoutKeys(field))) == question {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return r.Fields[slices.Min(fields)]
}

func (h *Histories) visitLine(ctx context.Context, v visitTold) StoryLine {
	number, name := formNumber(v.Title)
	line := StoryLine{Record: v.ID, Title: joined(" · ", date(v.Finished, h.now()), h.words.person(v.Author))}
	said := ""
	for _, question := range []string{"heard_worry", "heard_hope", "visit_result"} {
		if field := fieldOf(v.record, question); field != "" {
			q := h.words.of(ctx, v.record, field)
			said = q.label + "：" + brief(h.words.value(ctx, q, v.record, field, v.record.Fields[field]))
			break
		}
	}
	line.Detail = joined(" · ", name, said, number)
	return line
}

func fieldOf(r survey.Record, question string) survey.FieldPath {
	for field, value := range r.Fields {
		if path.Base(string(withoutKeys(field))) == question && value != "" {
			return field
		}
	}
	return ""
}

// promise returns what was promised on a visit and what came of it, as far as the records say. A promise counts as kept
// only where a record says that what was found on that visit was dealt with, or where a later visit came back to it.
func (h *Histories) promise(v visitTold, t told) (PromiseLine, bool) {
	what := answer(v.record, promiseWhat)
	if what == "" {
		return PromiseLine{}, false
	}
	by := answer(v.record, promiseBy)
	line := PromiseLine{
		Visit: v.ID, What: what,
		Given: joined("，", joined(" ", date(v.Finished, h.now()), h.words.person(v.Author)+"承诺"), prefixed("约定 ", dateText(by, h.now()))),
	}
	raised := foundOn(v, t.problems)
	closed, open := parted(raised)
	back := h.cameBack(v, t)
	switch {
	case len(closed) > 0 && len(open) == 0:
		last := slices.MaxFunc(closed, func(a, b problemTold) int { return cmp.Compare(a.last, b.last) })
		line.Kept = true
		line.State = fmt.Sprintf("有办结记录：当次登记的问题“%s”%s（%s）", brief(last.Title), stateWord(last.State), date(last.last, h.now()))
	case len(open) > 0:
		line.State = fmt.Sprintf("未见兑现记录：当次登记的问题“%s”还没有办结（%s）", brief(open[0].Title), stateWord(open[0].State))
	case back != "":
		line.State = "未见兑现记录：" + back + "去回访过，没有写明是否办到"
	default:
		line.State = "未见兑现记录"
	}
	if line.Late = !line.Kept && past(by, h.now()); line.Late {
		line.State += "，已过约定的日子"
	}
	return line, true
}

// foundOn returns the problems that were written together with a visit.
func foundOn(v visitTold, problems []problemTold) (found []problemTold) {
	for _, p := range problems {
		if p.Raised == v.Finished {
			found = append(found, p)
		}
	}
	return found
}

// withdrawn is the state of a problem that was taken back: nobody did anything about it.
const withdrawn = "withdrawn"

// parted returns the problems that were dealt with and those that wait.
func parted(problems []problemTold) (closed, open []problemTold) {
	for _, p := range problems {
		switch {
		case p.Open():
			open = append(open, p)
		case p.State != withdrawn:
			closed = append(closed, p)
		}
	}
	return closed, open
}

// cameBack says when a later visit followed something up, or nothing.
func (h *Histories) cameBack(v visitTold, t told) string {
	for _, later := range slices.Backward(t.visits) { // the earliest first
		if later.Finished > v.Finished && answer(later.record, followedProblem) != "" {
			return date(later.Finished, h.now())
		}
	}
	return ""
}

func dateText(day string, now time.Time) string {
	t, err := time.ParseInLocation(time.DateOnly, day, now.Location())
	if err != nil {
		return day
	}
	return date(survey.MillisOf(t), now) + "前办到"
}

// past reports whether a day is over.
func past(day string, now time.Time) bool {
	t, err := time.ParseInLocation(time.DateOnly, day, now.Location())
	return err == nil && now.After(t.AddDate(0, 0, 1))
}

// Account is everything one record says and how it came to say so.
type Account struct {
	Title   string
	Where   string
	Said    [][2]string // questions and answers in words
	History []Turn
}

// Turn is one revision of a record.
type Turn struct {
	Title string // what was done, when, by whom
	Note  string
	Was   [][2]string // what it said that the record does not say any more
}

// Account returns what a record says, and what it said.
func (h *Histories) Account(ctx context.Context, id survey.RecordID) (Account, error) {
	held, err := h.archive.Holding(ctx, id)
	if err != nil {
		return Account{}, err //nolint:wrapcheck // the store has named it
	}
	r := held.Record
	a := Account{Title: h.words.subject(ctx, r), Where: h.words.where(ctx, r), Said: h.said(ctx, r, r.Fields)}
	for i, s := range slices.Backward(held.Statements) {
		a.History = append(a.History, h.turn(ctx, r, s, i == 0))
	}
	return a, nil
}

var turns = map[survey.RevisionKind]string{
	survey.Put: "更改", survey.Void: "作废", survey.Merge: "合并", survey.Review: "审核", survey.Move: "转到别的村", survey.Erase: "删除",
}

func (h *Histories) turn(ctx context.Context, now survey.Record, s survey.Statement, first bool) Turn {
	what := turns[s.Header.Kind]
	if first && s.Header.Kind == survey.Put {
		what = "登记"
	}
	wall := s.Header.Wall
	if wall == 0 {
		wall = survey.MillisOf(s.HLC.Time())
	}
	t := Turn{Title: joined(" · ", what, day(wall, h.now()), h.words.person(s.Header.Author)), Note: s.Body.Note}
	if s.Erased {
		t.Note = joined(" ", t.Note, "（内容已删除）")
	}
	was := survey.Fields{}
	for field, value := range s.Body.Fields {
		if now.Fields[field] != value {
			was[field] = value
		}
	}
	t.Was = h.said(ctx, now, was)
	return t
}

// said puts fields into words, in the order of the form.
func (h *Histories) said(ctx context.Context, r survey.Record, fields survey.Fields) [][2]string {
	order := h.words.order(ctx, r)
	paths := make([]survey.FieldPath, 0, len(fields))
	for field := range fields {
		if field != survey.VisitHousehold && field != survey.ProblemHousehold {
			paths = append(paths, field)
		}
	}
	place := func(field survey.FieldPath) int {
		if at, ok := order[withoutKeys(field)]; ok {
			return at
		}
		return len(order)
	}
	slices.SortFunc(paths, func(a, b survey.FieldPath) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	var said [][2]string
	for _, field := range paths {
		q := h.words.of(ctx, r, field)
		if q.label == string(field) && r.Type == survey.TypeVisit {
			continue // a calculation that nobody is asked
		}
		value := h.words.value(ctx, q, r, field, fields[field])
		said = append(said, [2]string{strings.TrimSpace(q.label), value})
	}
	return said
}

// order returns where each field of a record's form stands in it.
func (w *Words) order(ctx context.Context, r survey.Record) map[survey.FieldPath]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	order := map[survey.FieldPath]int{}
	if f := w.form(ctx, r.Form, r.FormVersion); f != nil {
		for i, n := range f.Nodes {
			order[n.Field()] = i
		}
	}
	return order
}
