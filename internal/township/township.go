package township

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Households is how many households a township has unless told otherwise.
const Households = 420

// Sizes of a township.
const (
	leastVillages     = 3
	mostVillages      = 256
	villageHouseholds = 1000 // above leastVillages, a village for every so many
	groupHouseholds   = 28
	faultyPerThousand = 30
)

// Township is an invented township and the roster its office keeps.
type Township struct {
	Name     string
	Villages []Village
	Staff    []Person
	Rows     []Row // of the roster, village by village, faulty rows among the good ones
}

// Village is a village and the names of its groups.
type Village struct {
	Name   string
	Groups []string
}

// Person is a cadre of the township.
type Person struct{ Name, Post string }

// Row is a line of the roster as the office typed it.
type Row struct {
	Village, Group, Code, Head, Door, Phone, Resident, Away, Location string

	Members []string // adults beside the head
	Fault   Fault    // what is wrong with the row; empty for a good one
}

// New invents the township of a seed with so many good households, and about three faulty rows for every hundred.
func New(seed uint64, households int) Township {
	r := rand.New(rand.NewPCG(seed, 0x7a6f7563756e)) // the second word keeps seeds apart from other users of PCG
	kin := rand.New(rand.NewPCG(seed, 0x6b696e))     // apart, so that who lives with whom changes nobody's name
	t := Township{Name: "青塘镇", Staff: staff(r)}
	count := min(max(leastVillages, households/villageHouseholds), mostVillages)
	for v := range count {
		from, to := v*households/count, (v+1)*households/count
		start := len(t.Rows)
		t.addVillage(r, villageName(v), to-from)
		settle(kin, t.Rows[start:], from)
	}
	return t
}

// besides is how many adults live with the head, household after household: seven in three.
var besides = []int{2, 1, 3, 0, 5, 3}

// settle gives the good households among rows their members; from is the number of the first. Of 30,000 households
// 100,000 persons are known by name.
func settle(r *rand.Rand, rows []Row, from int) {
	for i := range rows {
		if rows[i].Fault != "" {
			continue
		}
		for n := range besides[from%len(besides)] {
			rows[i].Members = append(rows[i].Members, person(r, from*len(besides)+n))
		}
		from++
	}
}

func staff(r *rand.Rand) []Person {
	var people []Person
	for n, post := range []string{"驻村干部", "驻村干部", "包村干部", "民政办干事", "党政办干事"} {
		people = append(people, Person{Name: person(r, n), Post: post})
	}
	people[1].Name = "尉迟" + string(rareCharacters[0]) // a cadre's name is as hard to type as anyone's
	return people
}

// addVillage appends a village, its households, and its share of faulty rows.
func (t *Township) addVillage(r *rand.Rand, name string, households int) {
	groups := max(3, (households+groupHouseholds-1)/groupHouseholds)
	village := Village{Name: name}
	for g := range groups {
		village.Groups = append(village.Groups, strconv.Itoa(g+1)+"组")
	}
	start := len(t.Rows)
	for n := range households {
		row := household(r, start+n, n+1, village.Groups[n*groups/households])
		row.Village = name
		t.Rows = append(t.Rows, row)
	}
	t.Villages = append(t.Villages, village)
	t.spoil(r, start, (households*faultyPerThousand+500)/1000)
}

// household invents the n-th household of the township, the code-th of its village.
func household(r *rand.Rand, n, code int, group string) Row {
	row := Row{
		Group: group, Code: fmt.Sprintf("%03d", code), Head: person(r, n), Door: door(r, group, code),
		Phone: fmt.Sprintf("154%08d", n), Resident: strconv.Itoa(1 + r.IntN(6)), Away: strconv.Itoa(r.IntN(4)),
		Location: pick(r, []string{"路边", "路边", "村中", "村中", "村中", "偏远"}),
	}
	if n%97 == 50 {
		row.Head = pick(r, minorityNames)
	}
	if r.IntN(12) == 0 {
		row.Phone = ""
	}
	return row
}

func door(r *rand.Rand, group string, code int) string {
	if r.IntN(5) > 0 {
		return group + strconv.Itoa(code) + "号"
	}
	return pick(r, []string{"村东头", "水塘边", "老学校后面", "晒谷场西侧", "大樟树下", "山坳里"}) +
		pick(r, []string{"第一家", "第二家", "第三家", "拐弯处", "两层楼"})
}

// spoil adds so many faulty rows to the village whose rows begin at start, spread evenly.
func (t *Township) spoil(r *rand.Rand, start, count int) {
	size := len(t.Rows) - start
	for n := range count {
		at := start + (n+1)*size/(count+1) + n
		before := t.Rows[at-1]
		row := household(r, len(t.Rows), size+1+n, before.Group)
		row.Village, row.Door = before.Village, row.Group+"新增"
		kind := faults[(len(t.Villages)+n*leastVillages)%len(faults)]
		kind.spoil(&row, before)
		row.Fault = kind.name
		t.Rows = slices.Insert(t.Rows, at, row)
	}
}

// Good returns the rows a register can take.
func (t Township) Good() []Row {
	return slices.DeleteFunc(slices.Clone(t.Rows), func(row Row) bool { return row.Fault != "" })
}

// Fault names what is wrong with a row.
type Fault string

// faults are the ways in which real rosters go wrong. Each spoils a row; before is the row above it.
var faults = []struct {
	name  Fault
	spoil func(row *Row, before Row)
}{
	{"no head", func(row *Row, _ Row) { row.Head = "" }},
	{"duplicate code", func(row *Row, before Row) { row.Code = before.Code }},
	{"short phone", func(row *Row, _ Row) { row.Phone = "1540000123" }},
	{"private-use character", func(row *Row, _ Row) { row.Head = "王\ue863" }},
	{"no code", func(row *Row, _ Row) { row.Code = "" }},
	{"negative count", func(row *Row, _ Row) { row.Resident = "-1" }},
	{"rounded phone", func(row *Row, _ Row) { row.Phone = "1.54E+10" }},
	{"words for a count", func(row *Row, _ Row) { row.Away = "若干" }},
	{"lost character", func(row *Row, _ Row) { row.Head = "李\ufffd" }},
	{"unknown location", func(row *Row, _ Row) { row.Location = "上面" }},
	{"two phones", func(row *Row, _ Row) { row.Phone = "15400000001/15400000002" }},
	{"over-long door", func(row *Row, _ Row) { row.Door = strings.Repeat("从大樟树往北走", 8) }},
}
