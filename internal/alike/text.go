package alike

import (
	"unicode"

	"zoucun/internal/spell"
)

// Texts says how alike two texts are, from 0 to 1: twice the pairs of neighbouring characters that both have, by the pairs
// of either (Dice's coefficient over bigrams). Punctuation, spaces, width and case do not count. It says the same of both
// orders.
func Texts(a, b string) float64 {
	x, y := letters(a), letters(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	if string(x) == string(y) {
		return 1
	}
	if len(x) < 2 || len(y) < 2 {
		return 0
	}
	pairs := map[[2]rune]int{}
	for i := range len(x) - 1 {
		pairs[[2]rune{x[i], x[i+1]}]++
	}
	shared := 0
	for i := range len(y) - 1 {
		if p := [2]rune{y[i], y[i+1]}; pairs[p] > 0 {
			pairs[p]--
			shared++
		}
	}
	return 2 * float64(shared) / float64(len(x)+len(y)-2)
}

func letters(s string) []rune {
	var kept []rune
	for _, r := range spell.Fold(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			kept = append(kept, r)
		}
	}
	return kept
}
