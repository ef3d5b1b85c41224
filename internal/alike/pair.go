package alike

import (
	"slices"
	"strings"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// Evidence is what speaks for and against two households of a register being one.
//
// The township is asked about two from askFrom points on, and never without a name. It knows more than a cadre at a door,
// and a village has many of one name, so that what differs counts too:
//
//	                                          | points
//	------------------------------------------+-------
//	all of Resemblance                        | as there
//	each other name in both, of the first two | 1
//	doors that differ                         | -2
//	numbers (户编号) that differ              | -2
//	phones that differ, at another door       | -1
type Evidence struct {
	Resemblance
	shared int
	apart  []string
	points int
}

// askFrom is how many points make two households a question for the township.
const askFrom = 4

// Compare says what speaks for and against two households being one. It says the same of both orders.
func Compare(book *spell.Book, a, b survey.Household) Evidence {
	e := Evidence{Resemblance: Households(book, a, b)}
	e.points = e.Points()
	if namePoints(e.name, e.member) == 0 {
		return e
	}
	e.shared = sharedNames(book, a, b)
	e.points += e.shared
	differ := func(differs bool, words string, points int) {
		if differs {
			e.apart, e.points = append(e.apart, words), e.points-points
		}
	}
	differ(!e.door && a.Door != "" && b.Door != "", "门牌不同", 2)
	differ(a.Code != "" && b.Code != "" && spell.Fold(a.Code) != spell.Fold(b.Code), "编号不同", 2)
	phones := !e.phone && digits(a.Phone) != "" && digits(b.Phone) != ""
	if e.door && phones {
		e.apart = append(e.apart, "电话不同")
	} else {
		differ(phones, "电话不同", 1)
	}
	return e
}

// Asks reports whether the township should be asked about the two.
func (e Evidence) Asks() bool { return namePoints(e.name, e.member) > 0 && e.points >= askFrom }

// Weight orders questions: the likelier the two are one, the higher.
func (e Evidence) Weight() int { return e.points }

// For says what speaks for the two being one.
func (e Evidence) For() string {
	if e.shared > 0 {
		return e.Words() + " · 有同名的家人"
	}
	return e.Words()
}

// Against says what speaks for their being two, or nothing.
func (e Evidence) Against() string { return strings.Join(e.apart, " · ") }

// mostShared is how many names in both households count, beside the one by which they resemble.
const mostShared = 2

// sharedNames returns how many members of one household are members of the other.
func sharedNames(book *spell.Book, a, b survey.Household) int {
	others := b.MemberNames()
	n := 0
	for _, name := range a.MemberNames() {
		at := slices.IndexFunc(others, func(other string) bool { return book.Likeness(name, other) == spell.Same })
		if at >= 0 {
			others = slices.Delete(others, at, at+1)
			n++
		}
	}
	return min(n, mostShared)
}

// Index finds the households of one village that may be one, without comparing all with all: only those that share the
// head's name, a phone number, a door or two other names are compared, since no other two have askFrom points.
type Index struct {
	book   *spell.Book
	homes  map[survey.RecordID]entry
	blocks map[string]map[survey.RecordID]bool
	pairs  map[Pair]Evidence
	of     map[survey.RecordID]map[Pair]bool

	compared int // how many pairs were
}

// Pair is two households in the order of their identifiers.
type Pair struct{ First, Last survey.RecordID }

type entry struct {
	survey.Household
	keys []string
}

// NewIndex returns an empty index that hears names as the book says.
func NewIndex(book *spell.Book) *Index {
	return &Index{
		book: book, homes: map[survey.RecordID]entry{}, blocks: map[string]map[survey.RecordID]bool{},
		pairs: map[Pair]Evidence{}, of: map[survey.RecordID]map[Pair]bool{},
	}
}

// Set makes a register the index's: what has changed since the last time is compared anew, and nothing else. The group of
// a household stands in its door where the door leaves it unsaid.
func (x *Index) Set(homes []survey.Household, group func(survey.RecordID) string) {
	here := make(map[survey.RecordID]bool, len(homes))
	for _, h := range homes {
		here[h.ID] = true
		if said, _ := cutGroup(h.Door); said == "" && h.Door != "" {
			h.Door = group(h.Group) + h.Door
		}
		if known, ok := x.homes[h.ID]; !ok || known.Household != h {
			x.remove(h.ID)
			x.put(h)
		}
	}
	for id := range x.homes {
		if !here[id] {
			x.remove(id)
		}
	}
}

// Pairs returns the pairs that are worth a question, with what speaks for and against each.
func (x *Index) Pairs() map[Pair]Evidence { return x.pairs }

func (x *Index) put(h survey.Household) {
	kept, asked := keys(h)
	e := entry{Household: h, keys: kept}
	met := map[survey.RecordID]int{}
	for _, key := range asked {
		for other := range x.blocks[key.text] {
			if met[other] += key.weight; other != h.ID && met[other] >= enough && met[other]-key.weight < enough {
				x.compare(h, x.homes[other].Household)
			}
		}
	}
	for _, key := range kept {
		if x.blocks[key] == nil {
			x.blocks[key] = map[survey.RecordID]bool{}
		}
		x.blocks[key][h.ID] = true
	}
	x.homes[h.ID] = e
}

func (x *Index) compare(a, b survey.Household) {
	x.compared++
	e := Compare(x.book, a, b)
	if !e.Asks() {
		return
	}
	p := Pair{a.ID, b.ID}
	if a.ID.Compare(b.ID) > 0 {
		p = Pair{b.ID, a.ID}
	}
	x.pairs[p] = e
	for _, id := range []survey.RecordID{a.ID, b.ID} {
		if x.of[id] == nil {
			x.of[id] = map[Pair]bool{}
		}
		x.of[id][p] = true
	}
}

func (x *Index) remove(id survey.RecordID) {
	for _, key := range x.homes[id].keys {
		delete(x.blocks[key], id)
	}
	for p := range x.of[id] {
		delete(x.pairs, p)
		delete(x.of[p.First], p)
		delete(x.of[p.Last], p)
	}
	delete(x.homes, id)
	delete(x.of, id)
}

// key is something two households may share, and how much that is: of two that are worth a question the keys shared weigh
// enough. Without a door or a phone in common it takes one head's name, or two names.
type key struct {
	text   string
	weight int
}

const enough = 2

// keys are what a household is found by, and what it finds others by. A door that leaves its group unsaid may be in any,
// so it looks among all doors of its number, and the others among those like it.
func keys(h survey.Household) (kept []string, asked []key) {
	both := func(text string, weight int) { kept, asked = append(kept, text), append(asked, key{text, weight}) }
	if head := spell.Plain(h.Head); head != "" {
		both("head "+head, enough)
	}
	for _, name := range append(h.MemberNames(), h.Head) {
		if name = spell.Plain(name); name != "" {
			both("name "+name, 1)
		}
	}
	if number := digits(h.Phone); len(number) >= leastPhone {
		both("phone "+number, enough)
	}
	switch group, door := cutGroup(h.Door); {
	case door == "":
	case group == "":
		kept, asked = append(kept, "bare "+door, "any "+door), append(asked, key{"any " + door, enough})
	default:
		both("door "+group+" "+door, enough)
		kept, asked = append(kept, "any "+door), append(asked, key{"bare " + door, enough})
	}
	return kept, asked
}
