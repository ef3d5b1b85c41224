// Package alike says how alike two records are, in points and in words: two households, two texts. It decides nothing; it
// is what people are asked by.
package alike

import (
	"slices"
	"strings"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// Resemblance is what is alike in two households.
//
// It is worth a cadre's question from likelyFrom points on, and never without a name. So an equal head's name is enough alone,
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
type Resemblance struct {
	name   spell.Likeness
	member bool // the name is a member's
	phone  bool
	door   bool
}

// likelyFrom is how many points make two households likely one.
const likelyFrom = 3

// Households says what is alike in two households. It says the same of both orders.
func Households(book *spell.Book, a, b survey.Household) Resemblance {
	r := Resemblance{
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

// Points returns how alike they are.
func (r Resemblance) Points() int {
	points := namePoints(r.name, r.member)
	if r.phone {
		points += 3
	}
	if r.door {
		points += 2
	}
	return points
}

// Likely reports whether a cadre who is about to enter the one should be asked whether it is the other.
func (r Resemblance) Likely() bool {
	return namePoints(r.name, r.member) > 0 && r.Points() >= likelyFrom
}

// Words says what is alike, as a person reads it: 同音 · 同门牌.
func (r Resemblance) Words() string {
	name := map[spell.Likeness]string{spell.Same: "同名", spell.Homophone: "同音", spell.OneOff: "名字只差一个字"}[r.name]
	if r.member {
		name = "与家人" + name
	}
	parts := []string{name}
	if r.door {
		parts = append(parts, "同门牌")
	}
	if r.phone {
		parts = append(parts, "同电话")
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// leastPhone is how many digits a phone number has at least before two equal ones say anything.
const leastPhone = 7

func samePhone(a, b string) bool {
	x := digits(a)
	return len(x) >= leastPhone && x == digits(b)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, spell.Fold(s))
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
