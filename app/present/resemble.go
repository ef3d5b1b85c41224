package present

import (
	"cmp"
	"slices"
	"strings"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// resemblance is what is alike in two households.
//
// It is worth a question from likelyFrom points on, and never without a name. So an equal head's name is enough alone,
// any other likeness of names needs the door or the phone:
//
//	                        | points
//	------------------------+-------
//	head's name   同名      | 4
//	              同音      | 2
//	              差一个字  | 1
//	member's name 同名      | 2   (one head's name against the other household's members)
//	              同音      | 1
//	same phone    同电话    | 3
//	same door     同门牌    | 2
type resemblance struct {
	name   spell.Likeness
	member bool // the name is a member's
	phone  bool
	door   bool
}

// likelyFrom is how many points make two households likely one.
const likelyFrom = 3

// resemble says what is alike in two households. It says the same of both orders.
func resemble(book *spell.Book, a, b survey.Household) resemblance {
	r := resemblance{
		name: book.Likeness(a.Head, b.Head), phone: samePhone(a.Phone, b.Phone), door: sameDoor(a.Door, b.Door),
	}
	member := spell.Unlike
	for _, name := range b.MemberNames() {
		member = max(member, book.Likeness(a.Head, name))
	}
	for _, name := range a.MemberNames() {
		member = max(member, book.Likeness(name, b.Head))
	}
	if namePoints(member, true) > namePoints(r.name, false) {
		r.name, r.member = member, true
	}
	return r
}

func namePoints(name spell.Likeness, member bool) int {
	switch {
	case name == spell.Same && !member:
		return 4
	case name == spell.Same, name == spell.Homophone && !member:
		return 2
	case name == spell.Homophone, name == spell.OneOff && !member:
		return 1
	}
	return 0
}

func (r resemblance) points() int {
	points := namePoints(r.name, r.member)
	if r.phone {
		points += 3
	}
	if r.door {
		points += 2
	}
	return points
}

func (r resemblance) likely() bool {
	return namePoints(r.name, r.member) > 0 && r.points() >= likelyFrom
}

// words says what is alike, as a person reads it.
func (r resemblance) words() string {
	name := map[spell.Likeness]string{spell.Same: "同名", spell.Homophone: "同音", spell.OneOff: "名字只差一个字"}[r.name]
	if r.member {
		name = "与家人" + name
	}
	phone, door := "", ""
	if r.phone {
		phone = "同电话"
	}
	if r.door {
		door = "同门牌"
	}
	return joined(" · ", name, door, phone)
}

// leastPhone is how many digits a phone number has at least before two equal ones say anything.
const leastPhone = 7

func samePhone(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, spell.Fold(s))
	}
	x := digits(a)
	return len(x) >= leastPhone && x == digits(b)
}

// sameDoor reports whether two doors are one. A door that leaves its group unsaid may be in any.
func sameDoor(a, b string) bool {
	groupA, doorA := cutGroup(a)
	groupB, doorB := cutGroup(b)
	return doorA != "" && doorA == doorB && (groupA == "" || groupB == "" || groupA == groupB)
}

// cutGroup parts a door into the group or village it begins with and the rest, both as they are compared.
func cutGroup(door string) (group, rest string) {
	rest = strings.TrimSuffix(spell.Fold(door), "号")
	for _, word := range []string{"组", "队", "村"} {
		if at := strings.LastIndex(rest, word); at >= 0 && at+len(word) < len(rest) {
			return rest[:at+len(word)], rest[at+len(word):]
		}
	}
	return "", rest
}

// alike is a household of the register that resembles another, and how.
type alike struct {
	survey.Household
	resemblance
}

// likelySame returns the households of a register that are likely the same as one, the likeliest first. Those equally
// likely stand in the order of their codes, however the register was ordered.
func likelySame(book *spell.Book, one survey.Household, register []survey.FoundHousehold) []alike {
	var found []alike
	for _, h := range register {
		if r := resemble(book, one, h.Household); h.ID != one.ID && r.likely() {
			found = append(found, alike{h.Household, r})
		}
	}
	slices.SortFunc(found, func(a, b alike) int {
		return cmp.Or(cmp.Compare(b.points(), a.points()), cmp.Compare(a.Code, b.Code), a.ID.Compare(b.ID))
	})
	return found
}
