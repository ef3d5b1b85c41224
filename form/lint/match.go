package lint

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// squeezed leaves the letters and digits of a text, wide ones narrow and capital ones small, so that blanks and dots
// between them hide nothing.
func squeezed(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Narrow.String(text))
}

// parts cuts a name where its author joined it: risk_level, riskLevel and risk.level have two parts.
func parts(name string) []string {
	var cut strings.Builder
	lower := false
	for _, r := range name {
		if lower && unicode.IsUpper(r) {
			cut.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = ' '
		}
		cut.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(cut.String())
}

// inName reports whether a key is one part of the name or several in a row.
func (r rule) inName(parts []string) bool {
	for first := range parts {
		for end := first + 1; end <= len(parts); end++ {
			if slices.Contains(r.joined, strings.Join(parts[first:end], "")) {
				return true
			}
		}
	}
	return false
}

// inText returns the first word the text holds.
func (r rule) inText(text string) string {
	plain := squeezed(text)
	for i, word := range r.squeezed {
		if strings.Contains(plain, word) {
			return r.words[i]
		}
	}
	if r.pattern != nil {
		return r.pattern.FindString(text)
	}
	return ""
}

// inChoice returns what is wrong with the label of a choice.
func (r rule) inChoice(label string) string {
	if slices.Contains(r.whole, strings.TrimSpace(label)) {
		return label
	}
	return r.inText(label)
}
