package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// register is the part of the records that lists and searches need at a key press: places, staff, how words are said,
// and the households of every village. It is derived from the records, lives in memory only, and may be asked from any
// goroutine.
type register struct {
	mu       sync.Mutex
	book     *spell.Book
	learnt   int // how often the book was begun anew
	readings map[survey.RecordID]survey.Reading
	places   map[survey.RecordID]survey.Place
	staff    map[survey.PersonID]string
	villages map[survey.ScopeID]*village
	listed   []survey.ScopeID                    // the villages in the order of the township's list; nil where that has changed
	kept     map[survey.RecordID]survey.RecordID // what a record that was joined to another counts as
}

// village is the households of one scope.
type village struct {
	rows   []household
	at     map[survey.RecordID]int // where in rows
	sorted bool                    // rows stand in the order of group and code
}

func newRegister() *register {
	return &register{
		book:     spell.NewBook(),
		readings: map[survey.RecordID]survey.Reading{},
		places:   map[survey.RecordID]survey.Place{},
		staff:    map[survey.PersonID]string{},
		villages: map[survey.ScopeID]*village{},
		kept:     map[survey.RecordID]survey.RecordID{},
	}
}

// put takes a record's present state into the register, or out of it when it was voided.
func (r *register) put(records ...survey.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	learned := false
	for _, record := range records {
		switch record.Type {
		case survey.TypeReading:
			learned = r.putReading(record) || learned
		case survey.TypePlace:
			r.putPlace(record)
		case survey.TypeStaff:
			r.putStaff(record)
		case survey.TypeHousehold:
			r.putHousehold(record)
		case survey.TypeVisit, survey.TypeProblem, survey.TypeForm, survey.TypeAccess, survey.TypeSealed, survey.TypeUser,
			survey.TypeUnit, survey.TypePolicy, survey.TypeRound, survey.TypeDuty, survey.TypeLink, survey.TypeTask:
			// read from the database when asked for
		}
	}
	if learned {
		r.learn()
	}
}

// putReading reports whether words are said in another way from here on.
func (r *register) putReading(record survey.Record) bool {
	before, known := r.readings[record.ID]
	reading := survey.ReadingOf(record)
	switch {
	case record.Voided:
		delete(r.readings, record.ID)
		return known
	case known && before == reading:
		return false
	}
	r.readings[record.ID] = reading
	return true
}

// learn begins a new book with the readings there are now, and spells every name anew in it.
func (r *register) learn() {
	r.book = spell.NewBook(r.learned()...)
	r.learnt++
	for _, v := range r.villages {
		for i := range v.rows {
			v.rows[i].spell(r.book)
		}
	}
}

// newBook returns another book with the same readings, and how often they have changed.
func (r *register) newBook() (*spell.Book, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return spell.NewBook(r.learned()...), r.learnt
}

// learnedTimes returns how often the readings have changed.
func (r *register) learnedTimes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.learnt
}

// learned returns the readings as the matcher takes them; one that says nothing is left out.
func (r *register) learned() []spell.Reading {
	var all []spell.Reading
	for _, reading := range r.readings {
		if ways, err := spell.Readings(reading.Word, reading.Said); err == nil {
			all = append(all, ways...)
		}
	}
	return all
}

func (r *register) putPlace(record survey.Record) {
	if record.Voided {
		delete(r.places, record.ID)
	} else {
		r.places[record.ID] = survey.PlaceOf(record)
	}
	r.listed = nil
	for _, v := range r.villages {
		v.sorted = false
	}
}

func (r *register) putStaff(record survey.Record) {
	staff := survey.StaffOf(record)
	if record.Voided {
		delete(r.staff, staff.ID)
		return
	}
	r.staff[staff.ID] = staff.Name
}

func (r *register) putHousehold(record survey.Record) {
	v := r.villages[record.Scope]
	if v == nil {
		v = &village{at: map[survey.RecordID]int{}}
		r.villages[record.Scope], r.listed = v, nil
	}
	if _, joined := r.kept[record.ID]; joined || record.Voided {
		v.remove(record.ID)
		return
	}
	h := survey.HouseholdOf(record)
	if h.Village.IsZero() {
		h.Village = survey.RecordID(h.Scope) // a village's scope has the identifier of its place
	}
	v.put(newHousehold(h, r.book))
}

// join notes what a record counts as; a zero one: itself.
func (r *register) join(id, kept survey.RecordID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept.IsZero() {
		delete(r.kept, id)
		return
	}
	r.kept[id] = kept
}

func (r *register) keptOf(id survey.RecordID) survey.RecordID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept, joined := r.kept[id]; joined {
		return kept
	}
	return id
}

// dropScope forgets the households of a scope this device may no longer see.
func (r *register) dropScope(scope survey.ScopeID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.villages, scope)
	r.listed = nil
}

// dropShared forgets places, staff and readings.
func (r *register) dropShared() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.readings)
	r.learn()
	clear(r.places)
	clear(r.staff)
}

// dropHousehold forgets one household that has left a scope.
func (r *register) dropHousehold(scope survey.ScopeID, id survey.RecordID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.villages[scope]; v != nil {
		v.remove(id)
	}
}

func (v *village) put(h household) {
	i, known := v.at[h.id]
	switch {
	case !known:
		v.at[h.id] = len(v.rows)
		v.rows = append(v.rows, h)
		v.sorted = false
	default:
		v.sorted = v.sorted && v.rows[i].group == h.group && v.rows[i].code() == h.code()
		v.rows[i] = h
	}
}

func (v *village) remove(id survey.RecordID) {
	i, known := v.at[id]
	if !known {
		return
	}
	last := len(v.rows) - 1
	v.rows[i] = v.rows[last]
	v.at[v.rows[i].id] = i
	v.rows = v.rows[:last]
	delete(v.at, id)
	v.sorted = false
}

// ordered returns the village's households in the order of group and code.
func (r *register) ordered(scope survey.ScopeID) []household {
	v := r.villages[scope]
	if v == nil {
		return nil
	}
	if !v.sorted {
		slices.SortFunc(v.rows, r.byGroupAndCode())
		for i := range v.rows {
			v.at[v.rows[i].id] = i
		}
		compact(v.rows)
		v.sorted = true
	}
	return v.rows
}

// compact lays the rows' texts and spellings out one after the other, in the order of the rows, as a search reads them.
func compact(rows []household) {
	texts, glyphs := 0, 0
	for i := range rows {
		texts, glyphs = texts+len(rows[i].text), glyphs+len(rows[i].spelled)
	}
	var text strings.Builder
	text.Grow(texts)
	spelled := make([]spell.Glyph, 0, glyphs)
	for i := range rows {
		h := &rows[i]
		own := h.keys == h.text[h.ends[1]:h.ends[3]]
		from, at := text.Len(), len(spelled)
		text.WriteString(h.text)
		spelled = append(spelled, h.spelled...)
		h.text, h.spelled = text.String()[from:], spelled[at:len(spelled):len(spelled)]
		if own {
			h.keys = h.text[h.ends[1]:h.ends[3]]
		}
	}
}

// byGroupAndCode compares households as a township lists them; households without a group come last.
func (r *register) byGroupAndCode() func(a, b household) int {
	rank := r.groupRanks()
	rankOf := func(group survey.RecordID) int {
		if n, ok := rank[group]; ok {
			return n
		}
		return len(rank)
	}
	return func(a, b household) int {
		return cmp.Or(
			cmp.Compare(rankOf(a.group), rankOf(b.group)),
			compareNatural(a.code(), b.code()),
			a.id.Compare(b.id),
		)
	}
}

// groupRanks numbers all places in the order they are listed.
func (r *register) groupRanks() map[survey.RecordID]int {
	places := make([]survey.Place, 0, len(r.places))
	for _, place := range r.places {
		places = append(places, place)
	}
	slices.SortFunc(places, comparePlaces)
	rank := make(map[survey.RecordID]int, len(places))
	for i, place := range places {
		rank[place.ID] = i
	}
	return rank
}

func comparePlaces(a, b survey.Place) int {
	return cmp.Or(cmp.Compare(a.Order, b.Order), compareNatural(a.Name, b.Name), a.ID.Compare(b.ID))
}

// compareNatural orders texts with numbers in them as people do: 2 before 10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na == 0 || nb == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); order != 0 {
			return order
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// placesUnder returns the villages (for a zero parent) or the groups of a village, in the order of their lists.
func (r *register) placesUnder(parent survey.RecordID) []survey.Place {
	r.mu.Lock()
	defer r.mu.Unlock()
	var places []survey.Place
	for _, place := range r.places {
		if place.Parent == parent {
			places = append(places, place)
		}
	}
	slices.SortFunc(places, comparePlaces)
	return places
}

func (r *register) staffName(id survey.PersonID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.staff[id]
}

func (r *register) count(scope survey.ScopeID) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v := r.villages[scope]; v != nil {
		return len(v.rows)
	}
	return 0
}

// search returns the households of a scope that the query finds, at most limit of them when limit is positive: first
// those where it finds the beginning of the head's name or of a number, then those where it finds the beginning of a
// member's name, then the others, each in the order of group and code.
func (r *register) search(scope survey.ScopeID, query string, limit int) []survey.FoundHousehold {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.ordered(scope)
	if limit <= 0 || limit > len(rows) {
		limit = len(rows)
	}
	query = spell.Fold(query)
	if query == "" {
		return allHouseholds(scope, rows[:limit])
	}
	q := newHouseholdQuery(r.book, query)
	found := make([]survey.FoundHousehold, 0, min(limit, len(rows)))
	for _, i := range q.find(rows, limit) {
		found = append(found, survey.FoundHousehold{Household: rows[i].household(scope), Member: q.member(&rows[i])})
	}
	return found
}

// searchAll is search over every village there is, for a query that is not empty: first come those of any village where
// it finds the beginning of a name or a number.
func (r *register) searchAll(query string, granted func(survey.ScopeID) bool, limit int) (found []survey.FoundHousehold, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := newHouseholdQuery(r.book, query)
	var byQuality [qualities][]survey.FoundHousehold
	for _, scope := range r.scopes() {
		if !granted(scope) {
			continue
		}
		rows := r.ordered(scope)
		for _, i := range q.find(rows, limit+1) {
			quality := q.match(&rows[i])
			byQuality[quality] = append(byQuality[quality], survey.FoundHousehold{Household: rows[i].household(scope), Member: q.member(&rows[i])})
		}
		if len(byQuality[matchBegin]) > limit {
			break
		}
	}
	for quality := matchBegin; quality > matchNone; quality-- {
		found = append(found, byQuality[quality]...)
	}
	return found[:min(limit, len(found))], len(found) > limit
}

// scopes returns the villages there are, in the order of the township's list.
func (r *register) scopes() []survey.ScopeID {
	if len(r.listed) != len(r.villages) {
		rank := r.groupRanks()
		r.listed = slices.SortedFunc(maps.Keys(r.villages), func(a, b survey.ScopeID) int {
			return cmp.Or(cmp.Compare(rank[survey.RecordID(a)], rank[survey.RecordID(b)]), a.Compare(b))
		})
	}
	return r.listed
}

func allHouseholds(scope survey.ScopeID, rows []household) []survey.FoundHousehold {
	all := make([]survey.FoundHousehold, len(rows))
	for i := range rows {
		all[i].Household = rows[i].household(scope)
	}
	return all
}

// spoken returns the readings that the township has added.
func (r *register) spoken() []spell.Reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.learned()
}
