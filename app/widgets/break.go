package widgets

import (
	"strings"
	"unicode"
)

// Characters that may not begin a line, and those that may not end one.
const (
	closers = "。，、；：？！）》〉」』】〕”’…—％·.,;:?!)]}%"
	openers = "（《〈「『【〔“‘([{"
)

// breakLines cuts text into lines no wider than width, the way Chinese is set: between any two characters, but not
// within a word or a number of another script, nor so that a closing mark begins a line or an opening one ends it.
func breakLines(text string, width float32, advance func(rune) float32) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, breakParagraph(paragraph, width, advance)...)
	}
	return lines
}

func breakParagraph(text string, width float32, advance func(rune) float32) []string {
	var lines []string
	var line strings.Builder
	used := float32(0)
	flush := func() {
		lines = append(lines, strings.TrimRight(line.String(), " "))
		line.Reset()
		used = 0
	}
	put := func(s string) {
		line.WriteString(s)
		used += measure(s, advance)
	}
	for _, unit := range units(text) {
		if used > 0 && used+measure(strings.TrimRight(unit, " "), advance) > width {
			flush()
		}
		if measure(unit, advance) <= width {
			put(unit)
			continue
		}
		for _, r := range unit {
			if used > 0 && used+advance(r) > width {
				flush()
			}
			put(string(r))
		}
	}
	return append(lines, strings.TrimRight(line.String(), " "))
}

func measure(s string, advance func(rune) float32) float32 {
	sum := float32(0)
	for _, r := range s {
		sum += advance(r)
	}
	return sum
}

// units cuts text into what must stay on one line.
func units(text string) []string {
	var out []string
	var unit []rune
	for _, r := range text {
		if len(unit) > 0 && mayBreak(unit[len(unit)-1], r) {
			out = append(out, string(unit))
			unit = unit[:0]
		}
		unit = append(unit, r)
	}
	if len(unit) > 0 {
		out = append(out, string(unit))
	}
	return out
}

func mayBreak(before, after rune) bool {
	switch {
	case strings.ContainsRune(closers, after), after == ' ':
		return false
	case strings.ContainsRune(openers, before):
		return false
	case joins(before) && joins(after):
		return false
	}
	return true
}

// joins reports whether r is of a script whose words are not cut.
func joins(r rune) bool {
	return r < 0x2E80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./@#+'", r))
}
