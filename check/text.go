package check

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"

	"zoucun/survey"
)

// Earlier is what an author has written before, as far as a later visit is compared with it.
type Earlier struct {
	Visit  survey.RecordID
	Title  string
	At     survey.Millis
	Day    string // on which the visit was paid, as the form has it
	Talked bool
	Texts  map[survey.FieldPath][]string // by question, without the keys of instances; see EarlierOf
}

// EarlierOf reads off a visit what later ones are compared with.
func EarlierOf(visit survey.RecordID, at survey.Millis, fields survey.Fields) Earlier {
	a := answersOf(fields)
	e := Earlier{
		Visit: visit, Title: fields[survey.VisitName], At: at,
		Day: a.value("visit_date"), Talked: a.value("visit_result") == "talked", Texts: map[survey.FieldPath][]string{},
	}
	for _, t := range texts(fields) {
		q := question(t.path)
		e.Texts[q] = append(e.Texts[q], t.value)
	}
	return e
}

// shortest is how many Chinese characters a text has at least before it says anything that it is like another.
const shortest = 15

// mayRepeat are questions whose answers are often rightly the same: what a village reports, and why something was noted
// down late.
var mayRepeat = map[string]bool{"heard_village": true, "late_reason": true}

// texts returns the answers that are long enough to be compared, in the order of their paths.
func texts(fields survey.Fields) []answer {
	var found []answer
	for path, value := range fields {
		_, name := place(path)
		if path.OfForm() && !mayRepeat[name] && han(value) >= shortest {
			found = append(found, answer{path, value})
		}
	}
	slices.SortFunc(found, func(a, b answer) int { return cmp.Compare(a.path, b.path) })
	return found
}

func han(text string) int {
	n := 0
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// alikeFrom is how much of two texts is the same before they are called near-identical.
const alikeFrom = 0.85

// repeated finds texts that are nearly those of an earlier form, each compared with the answers to the same question.
func repeated(f Filling, earlier []Earlier) []Finding {
	var found []Finding
	for _, text := range texts(f.Fields) {
		for _, e := range earlier {
			if e.Visit == f.Visit || !slices.ContainsFunc(e.Texts[question(text.path)], func(other string) bool {
				return Alike(text.value, other, alikeFrom)
			}) {
				continue
			}
			found = append(found, Finding{
				Kind: Repeated, Path: text.path, Other: e.Visit,
				Words: fmt.Sprintf("这段话与“%s”里写的几乎一样。确实一样就不用改。", cmp.Or(e.Title, "以前的一份")),
			})
			break
		}
	}
	return found
}

// Alike reports whether at least a share of two texts is the same, in the same order: twice the length of their longest
// common subsequence over the length of both, letters and digits alone counted.
func Alike(a, b string, share float64) bool {
	x, y := letters(a), letters(b)
	all := float64(len(x) + len(y))
	if all == 0 || 2*float64(min(len(x), len(y))) < share*all || 2*float64(common(x, y)) < share*all {
		return false // what cannot be is not worked out
	}
	return 2*float64(subsequence(x, y)) >= share*all
}

func letters(text string) []rune {
	var kept []rune
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// common counts the characters two texts share in any order.
func common(x, y []rune) int {
	left := map[rune]int{}
	for _, r := range x {
		left[r]++
	}
	n := 0
	for _, r := range y {
		if left[r] > 0 {
			left[r]--
			n++
		}
	}
	return n
}

// subsequence returns the length of the longest common subsequence.
func subsequence(x, y []rune) int {
	before, now := make([]int, len(y)+1), make([]int, len(y)+1)
	for _, r := range x {
		for j, s := range y {
			if r == s {
				now[j+1] = before[j] + 1
			} else {
				now[j+1] = max(now[j], before[j+1])
			}
		}
		before, now = now, before
	}
	return before[len(y)]
}
