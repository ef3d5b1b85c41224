package tally

import (
	"cmp"
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

	policies string // four bytes for each policy answered: its number in two, how far it is known, what was told
	area     int
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

// policyAnswer is what one visit says of one policy, by the numbers of the words.
type policyAnswer struct {
	policy      uint16
	aware, told uint8
}

// Problem is what is kept of a problem.
type Problem struct {
	ID                    survey.RecordID
	Village, Household    survey.RecordID
	Category, Subcategory string
	Nature, State         string
	Raised                Day
	Open                  bool

	area int
}

// Household is what is kept of a household of the register.
type Household struct {
	ID             survey.RecordID
	Village, Group survey.RecordID
	Location       survey.LocationClass

	area int
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
func (p Period) Has(d Day) bool {
	return (p.From == 0 || d >= p.From) && (p.To == 0 || d <= p.To && d > 0)
}

// Tally is what is counted from. It may be used from several goroutines.
type Tally struct {
	mu         sync.RWMutex
	households shelf[Household]
	visits     shelf[Visit]
	problems   shelf[Problem]
	areas      []place
	areaAt     map[place]int
	words      map[string]string // each text once
	policies   numbered
	answers    numbered
	changes    int

	// Joined returns, for every record that the township has joined to another, that other. Nil joins none.
	Joined func() map[survey.RecordID]survey.RecordID
}

// place is a village and a group in it, or none.
type place struct{ village, group survey.RecordID }

// numbered gives texts numbers from 1 in the order in which they come.
type numbered struct {
	at    map[string]int
	texts []string
}

// of returns a text's number, or zero for an empty one and where there would be more than limit.
func (n *numbered) of(text string, limit int) int {
	if at, known := n.at[text]; known || text == "" || len(n.texts) == limit {
		return at
	}
	if n.at == nil {
		n.at = map[string]int{}
	}
	n.texts = append(n.texts, strings.Clone(text))
	n.at[text] = len(n.texts)
	return len(n.texts)
}

// text returns the text of a number.
func (n *numbered) text(at int) string {
	if at == 0 {
		return ""
	}
	return n.texts[at-1]
}

// shelf is things by the records they come from, one after the other in memory.
type shelf[T any] struct {
	things []T
	ids    []survey.RecordID
	at     map[survey.RecordID]int32
}

func (s *shelf[T]) put(id survey.RecordID, thing T) {
	if at, known := s.at[id]; known {
		s.things[at] = thing
		return
	}
	s.at[id] = int32(len(s.things))
	s.things, s.ids = append(s.things, thing), append(s.ids, id)
}

func (s *shelf[T]) remove(id survey.RecordID) {
	at, known := s.at[id]
	if !known {
		return
	}
	last := len(s.things) - 1
	s.things[at], s.ids[at] = s.things[last], s.ids[last]
	s.at[s.ids[at]] = at
	s.things, s.ids = s.things[:last], s.ids[:last]
	delete(s.at, id)
}

// of returns where the thing of a record stands, or -1.
func (s *shelf[T]) of(id survey.RecordID) int {
	if at, known := s.at[id]; known {
		return int(at)
	}
	return -1
}

// New returns a tally of nothing.
func New() *Tally {
	return &Tally{
		households: shelf[Household]{at: map[survey.RecordID]int32{}}, visits: shelf[Visit]{at: map[survey.RecordID]int32{}},
		problems: shelf[Problem]{at: map[survey.RecordID]int32{}}, areaAt: map[place]int{}, words: map[string]string{},
	}
}

// Put takes a record as it is now, or out of the tally where it is out of use. Types that are not counted are passed over.
func (t *Tally) Put(records ...survey.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range records {
		switch r.Type { //nolint:exhaustive // the others are not counted
		case survey.TypeVisit:
			put(&t.visits, r, t.visit)
		case survey.TypeProblem:
			put(&t.problems, r, t.problem)
		case survey.TypeHousehold:
			put(&t.households, r, t.household)
		default:
			continue
		}
		t.changes++
	}
}

func put[T any](all *shelf[T], r survey.Record, of func(survey.Record) T) {
	if r.Voided {
		all.remove(r.ID)
		return
	}
	all.put(r.ID, of(r))
}

// area returns the number of a place.
func (t *Tally) area(village, group survey.RecordID) int {
	p := place{village, group}
	at, known := t.areaAt[p]
	if !known {
		at = len(t.areas)
		t.areaAt[p], t.areas = at, append(t.areas, p)
	}
	return at
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
	return Household{
		ID: r.ID, Village: h.Village, Group: h.Group, Location: survey.LocationClass(t.word(string(h.Location))), area: t.area(h.Village, h.Group),
	}
}

func (t *Tally) problem(r survey.Record) Problem {
	p := survey.ProblemOf(r)
	return Problem{
		ID: r.ID, Village: survey.RecordID(r.Scope), Household: p.Household,
		Category: t.word(r.Fields["cat1"]), Subcategory: t.word(p.Category), Nature: t.word(r.Fields[survey.ProblemNature]),
		State: t.word(p.State), Open: p.Open(), Raised: On(madeAt(r)), area: t.area(survey.RecordID(r.Scope), survey.RecordID{}),
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
	var answers []policyAnswer
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
			answers = t.policy(answers, group, name, value)
		}
	}
	v.policies = t.word(packed(answers))
	v.area = t.area(v.Village, v.Group)
	return v
}

func (t *Tally) policy(known []policyAnswer, policy, name, value string) []policyAnswer {
	number := uint16(t.policies.of(policy, 1<<16-1)) //nolint:gosec // no more than that
	answer := uint8(t.answers.of(value, 1<<8-1))     //nolint:gosec // no more than that
	at := slices.IndexFunc(known, func(p policyAnswer) bool { return p.policy == number })
	if at < 0 {
		at, known = len(known), append(known, policyAnswer{policy: number})
	}
	if name == "aware" {
		known[at].aware = answer
	} else {
		known[at].told = answer
	}
	return known
}

// packed puts answers into a text, which most visits share with others.
func packed(answers []policyAnswer) string {
	slices.SortFunc(answers, func(a, b policyAnswer) int { return cmp.Compare(a.policy, b.policy) })
	var text []byte
	for _, a := range answers {
		text = append(binary.BigEndian.AppendUint16(text, a.policy), a.aware, a.told)
	}
	return string(text)
}

// answered yields what a visit says of policies.
func (v *Visit) answered(yield func(policyAnswer) bool) {
	for at := 0; at+4 <= len(v.policies); at += 4 {
		p := v.policies[at:]
		if !yield(policyAnswer{policy: uint16(p[0])<<8 | uint16(p[1]), aware: p[2], told: p[3]}) {
			return
		}
	}
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

// joins are the records that count as another.
type joins map[survey.RecordID]survey.RecordID

func (t *Tally) joins() joins {
	if t.Joined == nil {
		return nil
	}
	return t.Joined()
}

// kept returns the record that one counts as.
func (j joins) kept(id survey.RecordID) survey.RecordID {
	if len(j) == 0 {
		return id
	}
	if kept, joined := j[id]; joined {
		return kept
	}
	return id
}

// Visits returns the visits that satisfy a condition, in no order; those joined to another are not among them unless all
// are asked for.
func (t *Tally) Visits(all bool, want func(Visit) bool) []Visit {
	j := t.joins()
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []Visit
	for i := range t.visits.things {
		if v := &t.visits.things[i]; (all || j.counts(v)) && want(*v) {
			found = append(found, *v)
		}
	}
	return found
}

// counts reports whether a visit is counted: not where it was joined to another.
func (j joins) counts(v *Visit) bool { return v.State != survey.StateJoined && j.kept(v.ID) == v.ID }
