package store

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"zoucun/survey"
)

// register is the part of the records that lists and searches need at a key press: places, staff, and the
// households of every village. It is derived from the records, lives in memory only, and may be asked from any
// goroutine.
type register struct {
	mu       sync.Mutex
	glyphs   *glyphs
	places   map[survey.RecordID]survey.Place
	staff    map[survey.PersonID]string
	villages map[survey.ScopeID]*village
}

// village is the households of one scope.
type village struct {
	rows   []household
	at     map[survey.RecordID]int // where in rows
	sorted bool                    // rows stand in the order of group and code
}

func newRegister() *register {
	return &register{
		glyphs:   newGlyphs(),
		places:   map[survey.RecordID]survey.Place{},
		staff:    map[survey.PersonID]string{},
		villages: map[survey.ScopeID]*village{},
	}
}

// put takes a record's present state into the register, or out of it when it was voided.
func (r *register) put(records ...survey.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range records {
		switch record.Type {
		case survey.TypePlace:
			r.putPlace(record)
		case survey.TypeStaff:
			r.putStaff(record)
		case survey.TypeHousehold:
			r.putHousehold(record)
		case survey.TypeVisit, survey.TypeProblem, survey.TypeForm, survey.TypeUser: // read from the database when asked for
		}
	}
}

func (r *register) putPlace(record survey.Record) {
	if record.Voided {
		delete(r.places, record.ID)
	} else {
		r.places[record.ID] = survey.PlaceOf(record)
	}
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
		r.villages[record.Scope] = v
	}
	if record.Voided {
		v.remove(record.ID)
		return
	}
	h := survey.HouseholdOf(record)
	if h.Village.IsZero() {
		h.Village = survey.RecordID(h.Scope) // a village's scope has the identifier of its place
	}
	v.put(newHousehold(h, r.glyphs))
}

// dropScope forgets the households of a scope this device may no longer see.
func (r *register) dropScope(scope survey.ScopeID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.villages, scope)
}

// dropShared forgets places and staff.
func (r *register) dropShared() {
	r.mu.Lock()
	defer r.mu.Unlock()
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
		v.sorted = true
	}
	return v.rows
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
// those where it finds the beginning of a name or a number, then the others, each in the order of group and code.
func (r *register) search(scope survey.ScopeID, query string, limit int) []survey.Household {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.ordered(scope)
	if limit <= 0 || limit > len(rows) {
		limit = len(rows)
	}
	query = fold(query)
	if query == "" {
		return asHouseholds(make([]survey.Household, 0, limit), scope, rows, allRows(limit))
	}
	return asHouseholds(nil, scope, rows, r.find(rows, query, limit))
}

// find returns the positions of the rows the query finds, the better ones first.
func (r *register) find(rows []household, query string, limit int) []int {
	name := r.glyphs.compile(query)
	var begin, inside []int
	for i := range rows {
		switch rows[i].match(&name, query) {
		case matchBegin:
			begin = append(begin, i)
		case matchInside:
			if len(inside) < limit {
				inside = append(inside, i)
			}
		case matchNone:
		}
		if len(begin) == limit {
			return begin
		}
	}
	return append(begin, inside[:min(len(inside), limit-len(begin))]...)
}

func allRows(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func asHouseholds(list []survey.Household, scope survey.ScopeID, rows []household, which []int) []survey.Household {
	for _, i := range which {
		list = append(list, rows[i].household(scope))
	}
	return list
}
