package diff

import (
	"strings"
	"unicode"
)

// alike is how much of two labels has to be the same for them to ask the same thing: a third of what both say.
const alike = 1.0 / 3

// resembles reports whether two labels say much the same. It compares Chinese characters, and words of other scripts.
func resembles(a, b string) bool {
	if denies(a) != denies(b) {
		return false
	}
	left, right := units(a), units(b)
	if len(left)+len(right) == 0 {
		return a == b
	}
	left, right = content(left), content(right)
	shared := 0
	rest := map[string]int{}
	for _, u := range left {
		rest[u]++
	}
	for _, u := range right {
		if rest[u] > 0 {
			rest[u]--
			shared++
		}
	}
	return float64(2*shared) >= alike*float64(len(left)+len(right)) && shared > 0
}

// undecided are questions that hold a denial without making one.
var undecided = strings.NewReplacer("有没有", "", "是不是", "", "能不能", "", "会不会", "", "要不要", "", "可不可以", "", "愿不愿", "", "急不急", "", "公不公道", "")

// denies reports whether a label says no: 没有 is not 有, however alike they look.
func denies(label string) bool {
	return strings.ContainsAny(undecided.Replace(label), "不没无未非")
}

// units cuts a label into characters and words.
func units(label string) []string {
	var found []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			found = append(found, word.String())
			word.Reset()
		}
	}
	for _, r := range strings.ToLower(label) {
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			found = append(found, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word.WriteRune(r)
		default:
			flush()
		}
	}
	flush()
	return found
}

// content drops the characters that say nothing of what is asked, unless nothing else is there.
func content(all []string) []string {
	var kept []string
	for _, u := range all {
		if !strings.Contains("的了吗是否有没几多少什么哪和与或在请您家", u) {
			kept = append(kept, u)
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}
