package tally

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"zoucun/survey"
)

// Visit is what is kept of a visit.
type Visit struct {
	ID        survey.RecordID
	Village   survey.RecordID
	Group     survey.RecordID // as the visit says it; zero where it does not
	Household survey.RecordID // zero where it was paid to none of the register
	Author    survey.PersonID // who wrote it: to find visits by, never to count by
	Form      survey.FormID
	Day       Day // on which it was paid
	Result    string
	People    int
	Kind      string // visit_kind
	Mode      string // entry_mode
	Onsite    bool   // in the home or in the field: not in the office, not by telephone
	Alone     Answer // no cadre of the village was by
	State     survey.ReviewState
	Unsure    bool // its device's clock was wrong
	Updated   survey.HLC

	policies []policyAnswer
}

// Talked reports whether somebody was met and talked to.
func (v Visit) Talked() bool { return v.Result == "talked" }

// Late reports whether the visit was noted down afterwards. It is a fact like any other.
func (v Visit) Late() bool { return v.Mode == "late" }

// Answer is an answer that may be missing.
type Answer uint8

// Answers.
const (
	Unsaid Answer = iota
	Yes
	No
)

// policyAnswer is what one visit says of one policy.
type policyAnswer struct{ policy, aware, told string }

// Problem is what is kept of a problem.
type Problem struct {
	ID                    survey.RecordID
	Village, Household    survey.RecordID
	Category, Subcategory string
	Nature, State         string
	Raised                Day
	Open                  bool
}

// Household is what is kept of a household of the register.
type Household struct {
	ID             survey.RecordID
	Village, Group survey.RecordID
	Location       survey.LocationClass
}

// Day is a day as it stands in a form: days since the first of January 1970; zero where none is known.
type Day int32

// DayOf reads a day of the form 2006-01-02; of anything else it is zero.
func DayOf(text string) Day {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0
	}
	return Day(t.Unix() / 86400)
}

// On returns the day a moment lies on, where it is told.
func On(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// String returns the day as forms write it.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// Period is days from one to another, both counted; a zero end is open.
type Period struct{ From, To Day }

// Has reports whether a day lies in the period. A day that is not known lies in a period without ends alone.
func (p Period) Has(d Day) bool { return (p.From == 0 || d >= p.From) && (p.To == 0 || d <= p.To && d > 0) }

// Tally is what is counted from. It may be used from several goroutines.
type Tally struct {
	mu         sync.RWMutex
	households map[survey.RecordID]Household
	visits     map[survey.RecordID]Visit
	problems   map[survey.RecordID]Problem
	words      map[string]string // each text once
	changes    int

	// Kept returns the record that one counts as: itself, unless the township has joined it to another. Nil joins none.
	Kept func(survey.RecordID) survey.RecordID
}

// New returns a tally of nothing.
func New() *Tally {
	return &Tally{
		households: map[survey.RecordID]Household{}, visits: map[survey.RecordID]Visit{}, problems: map[survey.RecordID]Problem{},
		words: map[string]string{},
	}
}

// Put takes a record as it is now, or out of the tally where it is out of use. Types that are not counted are passed over.
func (t *Tally) Put(records ...survey.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range records {
		switch r.Type { //nolint:exhaustive // the others are not counted
		case survey.TypeVisit:
			put(t.visits, r, t.visit)
		case survey.TypeProblem:
			put(t.problems, r, t.problem)
		case survey.TypeHousehold:
			put(t.households, r, t.household)
		default:
			continue
		}
		t.changes++
	}
}

func put[T any](all map[survey.RecordID]T, r survey.Record, of func(survey.Record) T) {
	if r.Voided {
		delete(all, r.ID)
		return
	}
	all[r.ID] = of(r)
}

// Changes returns a number that is another one whenever a record has been put.
func (t *Tally) Changes() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.changes
}

// word returns a text that is kept once, however many records have it.
func (t *Tally) word(text string) string {
	if known, ok := t.words[text]; ok {
		return known
	}
	text = strings.Clone(text)
	t.words[text] = text
	return text
}

func (t *Tally) household(r survey.Record) Household {
	h := survey.HouseholdOf(r)
	if h.Village.IsZero() {
		h.Village = survey.RecordID(r.Scope)
	}
	return Household{ID: r.ID, Village: h.Village, Group: h.Group, Location: survey.LocationClass(t.word(string(h.Location)))}
}

func (t *Tally) problem(r survey.Record) Problem {
	p := survey.ProblemOf(r)
	return Problem{
		ID: r.ID, Village: survey.RecordID(r.Scope), Household: p.Household,
		Category: t.word(r.Fields["cat1"]), Subcategory: t.word(p.Category), Nature: t.word(r.Fields[survey.ProblemNature]),
		State: t.word(p.State), Open: p.Open(), Raised: On(madeAt(r)),
	}
}

// madeAt returns when a record was made: its identifier tells (RFC 9562 §5.7), and where that was given by somebody
// else, its latest change.
func madeAt(r survey.Record) time.Time {
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(r.ID[:8]) >> 16)).UTC()
	if at.Year() >= 2020 && at.Year() < 2100 && !at.After(r.Updated.Time().Add(24*time.Hour)) {
		return at.In(china)
	}
	return r.Updated.Time().In(china)
}

// china is where days are told.
var china = time.FixedZone("CST", 8*3600)

func (t *Tally) visit(r survey.Record) Visit {
	v := Visit{
		ID: r.ID, Village: survey.RecordID(r.Scope), Form: survey.FormID(t.word(string(r.Form))),
		State: survey.VerdictOf(r.Fields).State(), Unsure: r.TimeUnsure, Updated: r.Updated,
	}
	v.Household, _ = survey.ParseID[survey.RecordID](r.Fields[survey.VisitHousehold])
	for path, value := range r.Fields {
		if !path.OfForm() || strings.ContainsRune(string(path), '[') {
			continue
		}
		group, name := parts(path)
		switch name {
		case "visit_date":
			v.Day = DayOf(value)
		case "group_id":
			v.Group, _ = survey.ParseID[survey.RecordID](value)
		case "visit_result":
			v.Result = t.word(value)
		case "people_asked":
			v.People = max(0, min(99, whole(value)))
		case "visit_kind":
			v.Kind = t.word(value)
		case "entry_mode":
			v.Mode = t.word(value)
		case "visit_channel":
			v.Onsite = value == "home" || value == "field"
		case "cadre_present":
			v.Alone = map[string]Answer{"no": Yes, "yes": No}[value]
		case "visitor_sign":
			v.Author, _ = survey.ParseID[survey.PersonID](value)
		case "aware", "told":
			v.policies = t.policy(v.policies, group, name, value)
		}
	}
	return v
}

func (t *Tally) policy(known []policyAnswer, policy, name, value string) []policyAnswer {
	at := slices.IndexFunc(known, func(p policyAnswer) bool { return p.policy == policy })
	if at < 0 {
		at, known = len(known), append(known, policyAnswer{policy: t.word(policy)})
	}
	if name == "aware" {
		known[at].aware = t.word(value)
	} else {
		known[at].told = t.word(value)
	}
	return known
}

// parts returns the last part of a path and the one before it.
func parts(path survey.FieldPath) (group, name string) {
	text := string(path)
	at := strings.LastIndexByte(text, '/')
	group = text[:max(at, 0)]
	return group[strings.LastIndexByte(group, '/')+1:], text[at+1:]
}

func whole(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func (t *Tally) kept(id survey.RecordID) survey.RecordID {
	if t.Kept == nil || id.IsZero() {
		return id
	}
	return t.Kept(id)
}

// Visits returns the visits that satisfy a condition, in no order; those joined to another are not among them unless all
// are asked for.
func (t *Tally) Visits(all bool, want func(Visit) bool) []Visit {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []Visit
	for _, v := range t.visits {
		if (all || t.counts(v)) && want(v) {
			found = append(found, v)
		}
	}
	return found
}

// counts reports whether a visit is counted: not where it was joined to another.
func (t *Tally) counts(v Visit) bool { return v.State != survey.StateJoined && t.kept(v.ID) == v.ID }
