package present

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/assets"
	"zoucun/form"
	"zoucun/form/xlsform"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// noon is when tests happen.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// office is a small working store: a register, forms, and drafts as they would be on disk.
type office struct {
	village, group survey.Place
	households     []survey.Household
	forms          map[survey.FormID][]byte
	titles         map[survey.FormID]string
	drafts         map[survey.DraftID]*onDisk
	finished       []form.Submission
	visits         []survey.Visit
	problems       []survey.Problem
	readings       []spell.Reading
	number         int
	broken         error // what every write returns while it is set
}

// onDisk is a draft on disk: what a flat battery leaves.
type onDisk struct {
	draft   survey.Draft
	state   []byte
	journal []form.Change
	files   map[string][]byte

	past   []moment // everything it ever was, the last being now
	undone []moment
}

// moment is what a draft was after a line of its journal.
type moment struct {
	line    form.Line
	state   []byte
	journal []form.Change
}

// note adds a moment.
func (k *onDisk) note(line form.Line) {
	line.Step = int64(len(k.past))
	k.past, k.undone = append(k.past, moment{line, k.state, slices.Clone(k.journal)}), nil
}

func (k *onDisk) become(m moment) { k.state, k.journal = m.state, slices.Clone(m.journal) }

func newOffice(tb testing.TB, forms ...string) *office {
	tb.Helper()
	village := survey.Place{ID: survey.NewID[survey.RecordID](), Name: "青塘村"}
	group := survey.Place{ID: survey.NewID[survey.RecordID](), Parent: village.ID, Name: "1组"}
	o := &office{
		village: village, group: group, forms: map[survey.FormID][]byte{}, titles: map[survey.FormID]string{},
		drafts: map[survey.DraftID]*onDisk{},
	}
	for i, head := range []string{"张三", "李四", "欧阳建国", "𠮷田娃"} {
		o.households = append(o.households, survey.Household{
			ID: survey.NewID[survey.RecordID](), Village: village.ID, Group: group.ID, Head: head, Door: "1组" + string(rune('1'+i)) + "号",
			Code: "00" + string(rune('1'+i)), Phone: "13812345678", Resident: 4, Away: 1,
		})
	}
	for _, id := range forms {
		o.addForm(tb, id)
	}
	return o
}

func (o *office) addForm(tb testing.TB, id string) {
	tb.Helper()
	folder, err := assets.Form(id)
	if err != nil {
		tb.Fatal(err)
	}
	book, _ := xlsform.ReadFS(folder, id)
	o.compile(tb, book)
}

// addMarkdown adds a form written as tables in a test.
func (o *office) addMarkdown(tb testing.TB, text string) survey.FormInfo {
	tb.Helper()
	book, _ := xlsform.ReadMarkdown(text, "probe")
	return o.compile(tb, book)
}

func (o *office) compile(tb testing.TB, book xlsform.Workbook) survey.FormInfo {
	tb.Helper()
	f := xlsform.Compile(book, xlsform.Options{})
	if f.Fatal() {
		tb.Fatal(f.Findings)
	}
	info := survey.FormInfo{ID: survey.FormID(f.ID), Version: f.Version, Title: f.Title}
	o.forms[info.ID], o.titles[info.ID] = f.XML, f.Title
	return info
}

// begin begins a visit to the first household, with a clock that the test moves.
func (o *office) begin(tb testing.TB, id survey.FormID, c *timer) *Visit {
	tb.Helper()
	v, err := o.desk(c).Begin(tb.Context(), survey.FormInfo{ID: id, Version: "1.0", Title: o.titles[id]}, o.village.ID, o.households[0].ID)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func (o *office) desk(c *timer) Desk {
	return Desk{
		Forms: o, Keeper: o, Now: c.now, Later: c.later,
		Enrolment: survey.Enrolment{Grant: survey.Grant{Person: survey.PersonID{1}, Name: "王干部", Township: "青塘镇", County: 349999}},
		NextNumber: func() (int, error) {
			o.number++
			return o.number, nil
		},
	}
}

func (o *office) Villages() []survey.Place { return []survey.Place{o.village} }
func (o *office) Groups(survey.RecordID) []survey.Place {
	return []survey.Place{o.group}
}

func (o *office) SearchHouseholds(_ survey.RecordID, query string, limit int) []survey.FoundHousehold {
	var found []survey.FoundHousehold
	for _, h := range o.households {
		if (limit <= 0 || len(found) < limit) && strings.Contains(h.Head, query) {
			found = append(found, survey.FoundHousehold{Household: h})
		}
	}
	return found
}
func (o *office) Readings() []spell.Reading { return o.readings }

func (o *office) HouseholdCount(survey.RecordID) int { return len(o.households) }

func (o *office) Household(_ context.Context, id survey.RecordID) (survey.Household, error) {
	for _, h := range o.households {
		if h.ID == id {
			return h, nil
		}
	}
	return survey.Household{}, &survey.Error{Kind: survey.NotFound, Op: "office.Household"}
}

func (o *office) VisitsOf(context.Context, survey.RecordID) ([]survey.Visit, error) {
	return o.visits, nil
}

func (o *office) ProblemsOf(context.Context, survey.RecordID) ([]survey.Problem, error) {
	return o.problems, nil
}
func (o *office) StaffName(survey.PersonID) string { return "王干部" }

func (o *office) Drafts(context.Context) ([]survey.Draft, error) {
	var drafts []survey.Draft
	for _, k := range o.drafts {
		drafts = append(drafts, k.draft)
	}
	return drafts, nil
}

func (o *office) Envelopes(context.Context) (survey.Envelopes, error) { return survey.Envelopes{}, nil }
func (o *office) Returned(context.Context) ([]survey.Visit, error)    { return nil, nil }
func (o *office) Holding(context.Context, survey.RecordID) (survey.Holding, error) {
	return survey.Holding{}, &survey.Error{Kind: survey.NotFound, Op: "office.Holding"}
}
func (o *office) Waiting(context.Context) ([]survey.Visit, error)        { return o.visits, nil }
func (o *office) Delivered(context.Context, int) ([]survey.Visit, error) { return nil, nil }

func (o *office) Forms(context.Context) ([]survey.FormInfo, error) { return nil, nil }
func (o *office) FormXML(_ context.Context, id survey.FormID, _ string) ([]byte, error) {
	return o.forms[id], nil
}

func (o *office) FormFiles(context.Context, survey.Draft) ([]survey.Attachment, error) {
	return nil, nil
}

func (o *office) FormFile(context.Context, survey.Hash) ([]byte, error) { return nil, nil }

func (o *office) Table(_ context.Context, name string, _ survey.Draft) (form.Table, bool) {
	switch name {
	case "place.csv":
		return sheet{
			{"name", "label", "parent"},
			{o.village.ID.String(), o.village.Name, ""},
			{o.group.ID.String(), o.group.Name, o.village.ID.String()},
		}, true
	case "staff.csv":
		return sheet{{"name", "label"}, {survey.PersonID{1}.String(), "王干部"}}, true
	case "household.csv":
		table := sheet{{"name", "label", "village", "group", "door", "phone", "resident_n", "away_n"}}
		for _, h := range o.households {
			table = append(table, []string{h.ID.String(), h.Head, h.Village.String(), h.Group.String(), h.Door, h.Phone, "4", "1"})
		}
		return table, true
	case "problem.csv":
		return sheet{{"name", "label", "household", "cat2"}}, true
	}
	return nil, false
}

func (o *office) BeginDraft(_ context.Context, d survey.Draft, state []byte) error {
	if o.broken != nil {
		return o.broken
	}
	k := &onDisk{draft: d, state: state, files: map[string][]byte{}}
	k.note(form.Line{})
	o.drafts[d.ID] = k
	return nil
}

func (o *office) SaveChange(_ context.Context, id survey.DraftID, c form.Change) error {
	if o.broken != nil {
		return o.broken
	}
	k := o.drafts[id]
	k.journal = append(k.journal, c)
	k.note(form.Line{At: c.At, Change: c})
	return nil
}

func (o *office) SaveState(_ context.Context, d survey.Draft, state []byte) error {
	if o.broken != nil {
		return o.broken
	}
	k := o.drafts[d.ID]
	k.draft, k.state, k.journal = d, state, nil
	return nil
}

func (o *office) LoadDraft(_ context.Context, id survey.DraftID) (survey.Draft, []byte, []form.Change, error) {
	k, ok := o.drafts[id]
	if !ok {
		return survey.Draft{}, nil, nil, &survey.Error{Kind: survey.NotFound, Op: "office.LoadDraft"}
	}
	return k.draft, k.state, slices.Clone(k.journal), nil
}

func (o *office) DraftsOf(_ context.Context, household survey.RecordID) ([]survey.Draft, error) {
	var drafts []survey.Draft
	for _, k := range o.drafts {
		if k.draft.Household == household {
			drafts = append(drafts, k.draft)
		}
	}
	slices.SortFunc(drafts, func(a, b survey.Draft) int { return b.ID.Compare(a.ID) })
	return drafts, nil
}

func (o *office) Undo(_ context.Context, id survey.DraftID) (bool, error) {
	k := o.drafts[id]
	last := len(k.past) - 1
	if last == 0 {
		return false, nil
	}
	k.undone, k.past = append(k.undone, k.past[last]), k.past[:last]
	k.become(k.past[last-1])
	return true, nil
}

func (o *office) Redo(_ context.Context, id survey.DraftID) (bool, error) {
	k := o.drafts[id]
	last := len(k.undone) - 1
	if last < 0 {
		return false, nil
	}
	k.past, k.undone = append(k.past, k.undone[last]), k.undone[:last]
	k.become(k.past[len(k.past)-1])
	return true, nil
}

func (o *office) History(_ context.Context, id survey.DraftID) ([]form.Line, error) {
	var lines []form.Line
	for _, m := range o.drafts[id].past[1:] {
		lines = append(lines, m.line)
	}
	for _, m := range slices.Backward(o.drafts[id].undone) {
		m.line.Undone, m.line.Next = true, true
		lines = append(lines, m.line)
	}
	return lines, nil
}

func (o *office) DraftAfter(_ context.Context, id survey.DraftID, step int64) ([]byte, []form.Change, error) {
	m := o.drafts[id].past[step]
	return m.state, slices.Clone(m.journal), nil
}

func (o *office) GoBack(_ context.Context, id survey.DraftID, state []byte) error {
	k := o.drafts[id]
	k.state, k.journal = state, nil
	k.note(form.Line{At: survey.MillisOf(noon), Back: true})
	return nil
}

func (o *office) DiscardDraft(_ context.Context, id survey.DraftID) error {
	delete(o.drafts, id)
	return nil
}

func (o *office) AttachFrom(_ context.Context, id survey.DraftID, name, _ string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err := errors.Join(err, o.broken); err != nil {
		return err
	}
	o.drafts[id].files[name] = data
	return nil
}

func (o *office) File(_ context.Context, id survey.DraftID, name string) ([]byte, error) {
	return o.drafts[id].files[name], nil
}

func (o *office) FinishVisit(_ context.Context, d survey.Draft, sub form.Submission) error {
	if o.broken != nil {
		return o.broken
	}
	o.finished = append(o.finished, sub)
	delete(o.drafts, d.ID)
	return nil
}

// sheet is a table: its first row names the columns.
type sheet [][]string

func (s sheet) Columns() []string           { return s[0] }
func (s sheet) Len() int                    { return len(s) - 1 }
func (s sheet) Cell(row, column int) string { return s[row+1][column] }
func (s sheet) Lookup(column, value string) []int {
	var rows []int
	at := slices.Index(s[0], column)
	for i, row := range s[1:] {
		if at >= 0 && row[at] == value {
			rows = append(rows, i)
		}
	}
	return rows
}

// timer is a clock a test moves; what is due runs as time passes.
type timer struct {
	at  time.Time
	due []*appointment
}

type appointment struct {
	at   time.Time
	f    func()
	over bool
}

func newTimer() *timer          { return &timer{at: noon} }
func (c *timer) now() time.Time { return c.at }

func (c *timer) later(after time.Duration, f func()) func() {
	a := &appointment{at: c.at.Add(after), f: f}
	c.due = append(c.due, a)
	return func() { a.over = true }
}

func (c *timer) pass(d time.Duration) {
	c.at = c.at.Add(d)
	for _, a := range slices.Clone(c.due) {
		if !a.over && !a.at.After(c.at) {
			a.over = true
			a.f()
		}
	}
}
