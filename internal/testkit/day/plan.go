package day

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"zoucun/survey"
)

// Size says how large a week is.
type Size struct {
	Households int // in the township's roster
	Tablets    int
	Visits     int // at least; what differs and what is there twice comes on top
	Conflicts  int // fields that two people have changed to different values
	Twins      int // households that are there twice
	Lookalikes int // pairs of new households that look alike and are two
	Copies     int // tablets that were copied on Wednesday evening, both of which went on
	Carried    int // tablets whose work comes home as 数据包
}

// Full is the township's week as issue and manual speak of it: besides, one tablet dies with its card found.
var Full = Size{Households: 4000, Tablets: 10, Visits: 2000, Conflicts: 60, Twins: 40, Lookalikes: 40, Copies: 3, Carried: 2}

// Small is a week that every test run lives through.
var Small = Size{Households: 240, Tablets: 5, Visits: 60, Conflicts: 9, Twins: 6, Lookalikes: 6, Copies: 1, Carried: 1}

const workdays = 5

// job is one visit and what is to be known of it afterwards.
type job struct {
	filling
	note func(visit, household survey.RecordID)
}

// conflict is a field that two people have changed, and the value that is right.
type conflict struct {
	household survey.RecordID
	field     survey.FieldPath
}

// twins are two households that are one.
type twins struct{ a, b survey.RecordID }

// truth is what really happened.
type truth struct {
	said      map[survey.RecordID]string // by visit
	conflicts map[conflict]string
	twins     []*twins
	alike     []*twins // and those that are two
}

// planner lays out the week.
type planner struct {
	size   Size
	random *rand.Rand
	truth  *truth
	// jobs are by day and tablet; tablets beyond the size are the copies.
	jobs [workdays][][]job
	// homes are, by village, the households nobody has been sent to yet.
	homes  map[survey.RecordID][]survey.Household
	routes [][]survey.RecordID // by tablet, the villages it is granted
	serial int
}

func (p *planner) send(day, tablet int, j job) { p.jobs[day][tablet] = append(p.jobs[day][tablet], j) }

// take returns a household of a village that no other plan has taken.
func (p *planner) take(village survey.RecordID) (survey.Household, bool) {
	left := p.homes[village]
	if len(left) == 0 {
		return survey.Household{}, false
	}
	p.homes[village] = left[1:]
	return left[0], true
}

// pair returns two tablets that are granted one village, and the village. Every pair comes in turn.
func (p *planner) pair(n int) (a, b int, village survey.RecordID) {
	for i := range len(p.routes) * len(p.routes) {
		a, b = (n+i)%len(p.routes), (n+i+1+(n+i)/len(p.routes))%len(p.routes)
		for _, village := range p.routes[a] {
			if a != b && slices.Contains(p.routes[b], village) && len(p.homes[village]) > 0 {
				return a, b, village
			}
		}
	}
	panic("day: no two tablets share a village")
}

// talk returns the answers of a visit at which somebody was met, what they said being like no other visit's.
func (p *planner) talk(more ...[2]string) ([][2]string, string) {
	p.serial++
	text := say(p.random, p.serial)
	answers := [][2]string{
		{"visit/visit_result", "talked"},
		{"visit/visit_band", []string{"morning", "afternoon"}[p.serial%2]},
		{"visit/people_asked", strconv.Itoa(1 + p.serial%3)},
	}
	answers = append(answers, more...)
	return append(answers, [][2]string{
		{"hh/respondent_mode", "called"},
		{"hh/respondent_name", "反映人" + strconv.Itoa(p.serial)},
		{"consent/notice_given", "yes"},
		{"consent/consent_scope", "agree"},
		{"hear/heard_ask", text},
	}...), text
}

// remember notes what was said at a visit.
func (p *planner) remember(text string, then func(household survey.RecordID)) func(visit, household survey.RecordID) {
	return func(visit, household survey.RecordID) {
		p.truth.said[visit] = text
		if then != nil {
			then(household)
		}
	}
}

// ordinary is a visit that changes nothing of the household.
func (p *planner) ordinary(village survey.RecordID, h survey.Household) job {
	answers, text := p.talk()
	j := job{filling: filling{village: village, household: h.ID, answers: answers}, note: p.remember(text, nil)}
	if p.serial%3 == 0 {
		j.problems = [][][2]string{problem(p.random, p.serial)}
	}
	return j
}

// changes is how a field is changed in the form, and the two values it is changed to.
func (p *planner) changes(n int, h survey.Household) (field survey.FieldPath, first, second [][2]string, right string) {
	switch n % 3 {
	case 0:
		a, b := fmt.Sprintf("1549%07d", 2*n), fmt.Sprintf("1549%07d", 2*n+1)
		own := [2]string{"hh/phone_owner", "self"}
		return survey.HouseholdPhone, [][2]string{{"hh/phone", a}, own}, [][2]string{{"hh/phone", b}, own}, b
	case 1:
		a, b := fmt.Sprintf("东头%d号", n+1), fmt.Sprintf("西坡%d号", n+2)
		return survey.HouseholdDoor, [][2]string{{"visit/door_no", a}}, [][2]string{{"visit/door_no", b}}, a
	}
	a, b := strconv.Itoa(max(0, h.Resident)+1), strconv.Itoa(max(0, h.Resident)+2)
	return survey.HouseholdResident, [][2]string{{"hh/resident_n", a}}, [][2]string{{"hh/resident_n", b}}, b
}

// part sends two tablets to one household, on Tuesday and on Thursday, who each change one field.
func (p *planner) part(n int) {
	a, b, village := p.pair(n)
	h, _ := p.take(village)
	field, first, second, right := p.changes(n, h)
	p.truth.conflicts[conflict{h.ID, field}] = right
	for i, changed := range [][][2]string{first, second} {
		answers, text := p.talk()
		j := job{filling: filling{village: village, household: h.ID, answers: insert(answers, changed)}, note: p.remember(text, nil)}
		p.send(1+2*i, []int{a, b}[i], j)
	}
}

// insert puts answers behind those about who was met: the questions they answer are asked only then.
func insert(answers, more [][2]string) [][2]string {
	i := slices.IndexFunc(answers, func(a [2]string) bool { return a[0] == "consent/notice_given" })
	return slices.Insert(answers, i, more...)
}

// newcomer is a visit to a household that the person does not find in the register.
func (p *planner) newcomer(village survey.RecordID, name, door, phone string, then func(household survey.RecordID)) job {
	answers, text := p.talk([2]string{"visit/new_household", "yes"}, [2]string{"visit/new_head_name", name}, [2]string{"visit/door_no", door})
	if phone != "" {
		answers = insert(answers, [][2]string{{"hh/phone", phone}, {"hh/phone_owner", "self"}})
	}
	return job{filling: filling{village: village, answers: answers}, note: p.remember(text, then)}
}

// twice enters one household twice: on two tablets that know nothing of each other, or beside the register.
func (p *planner) twice(n int) {
	a, b, village := p.pair(n + 7)
	t := &twins{}
	p.truth.twins = append(p.truth.twins, t)
	is := func(id *survey.RecordID) func(survey.RecordID) {
		return func(household survey.RecordID) { *id = household }
	}
	name, other := names[n%len(names)][0], names[n%len(names)][1]
	given, door, phone := givenNames[n%len(givenNames)], fmt.Sprintf("新村%d号", n+1), fmt.Sprintf("1548%07d", n)
	switch n % 3 {
	case 0: // one number, the door in other words
		p.send(0, a, p.newcomer(village, name+given, door, phone, is(&t.a)))
		p.send(3, b, p.newcomer(village, name+given, fmt.Sprintf("新村%d", n+1), phone, is(&t.b)))
	case 1: // somebody of the register was not found
		h, _ := p.take(village)
		t.a = h.ID
		p.send(2, b, p.newcomer(village, h.Head, h.Door, "", is(&t.b)))
	case 2: // one name, heard by two people
		p.send(0, a, p.newcomer(village, name+given, door, phone, is(&t.a)))
		p.send(4, b, p.newcomer(village, other+given, door, phone, is(&t.b)))
	}
}

// alike enters two households that look alike: brothers next door.
func (p *planner) alike(n int) {
	a, b, village := p.pair(n + 3)
	t := &twins{}
	p.truth.alike = append(p.truth.alike, t)
	name, given := names[(n+3)%len(names)][0], givenNames[(n+1)%len(givenNames)]
	p.send(1, a, p.newcomer(village, name+given, fmt.Sprintf("南湾%d号", 2*n+1), fmt.Sprintf("1547%07d", 2*n), func(id survey.RecordID) { t.a = id }))
	p.send(3, b, p.newcomer(village, name+givenNames[(n+2)%len(givenNames)], fmt.Sprintf("南湾%d号", 2*n+3), fmt.Sprintf("1547%07d", 2*n+1),
		func(id survey.RecordID) { t.b = id }))
}

// rounds fills the week with ordinary visits. Copies go out on Thursday and Friday.
func (p *planner) ordinaryVisits() {
	days := p.size.Tablets*workdays + p.size.Copies*2
	each := (p.size.Visits + days - 1) / days
	for day := range workdays {
		for tablet := range p.size.Tablets + p.size.Copies {
			if tablet >= p.size.Tablets && day < 3 {
				continue
			}
			route := p.routes[tablet%p.size.Tablets]
			for n := range each {
				village := route[n%len(route)]
				if h, ok := p.take(village); ok {
					p.send(day, tablet, p.ordinary(village, h))
				}
			}
		}
	}
}
