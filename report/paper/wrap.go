package paper

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is a line of a text that was broken: what stands on it, and where in the text the next begins.
type line struct {
	text string
	next int
}

// Characters that may not begin a line, and that may not end one (GB/T 15834, 5).
const (
	notFirst = "，。、；：？！）》〉」』】〕”’…—·％%,.;:?!)]}°"
	notLast  = "（《〈「『【〔“‘([{"
)

// wrap breaks a text into lines no wider than so many millimetres. It breaks between any two Chinese characters but not
// within a word or a number, and keeps marks where they belong. An empty text has one empty line.
func (f *Fonts) wrap(text string, s style, width float64) []line {
	var lines []line
	at := 0
	for part := range strings.SplitSeq(text, "\n") {
		lines = f.wrapPart(lines, part, at, s, width)
		at += len(part) + 1
	}
	return lines
}

func (f *Fonts) wrapPart(lines []line, part string, offset int, s style, width float64) []line {
	begun, at, used := 0, 0, 0.0
	for at < len(part) {
		unit := nextUnit(part[at:])
		w := f.width(unit, s)
		if used+w > width && at == begun { // a word longer than a line is broken where the line ends
			unit, w = f.fitting(unit, s, width)
		}
		if used+w > width {
			lines = append(lines, line{strings.TrimRight(part[begun:at], " "), offset + at})
			begun, used = at, 0
			continue
		}
		at, used = at+len(unit), used+w
	}
	return append(lines, line{part[begun:], offset + len(part) + 1})
}

// fitting returns as much of a unit as a line holds, one character at least.
func (f *Fonts) fitting(unit string, s style, width float64) (string, float64) {
	used := 0.0
	for at, r := range unit {
		w := f.width(string(r), s)
		if used+w > width && at > 0 {
			return unit[:at], used
		}
		used += w
	}
	return unit, min(used, width) // even one that is wider than the line stands on it
}

// nextUnit returns what of a text stays together: a character or a word, with the marks around it.
func nextUnit(text string) string {
	if strings.HasPrefix(text, "□") || strings.HasPrefix(text, "■") { // a box and its words
		if end := strings.IndexAny(text[len("□"):], " 　□■"); end >= 0 {
			return text[:len("□")+end]
		}
		return text
	}
	at := 0
	for at < len(text) { // marks that open
		r, size := utf8.DecodeRuneInString(text[at:])
		if !strings.ContainsRune(notLast, r) {
			break
		}
		at += size
	}
	word := false
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if word && !inWord(r) {
			break
		}
		at += size
		if word = inWord(r); !word {
			break
		}
	}
	for at < len(text) { // marks that close
		r, size := utf8.DecodeRuneInString(text[at:])
		if !strings.ContainsRune(notFirst, r) && !unseen(r) {
			break
		}
		at += size
	}
	return text[:at]
}

// inWord reports whether a character belongs to a word or a number that is not broken.
func inWord(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-/_@#&+~", r))
}
