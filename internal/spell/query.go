package spell

import (
	"strings"
	"unicode"
)

// Fold makes different ways of typing the same thing equal: full-width and half-width, capital and small letters,
// spaces and the apostrophe between syllables.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if unicode.IsSpace(r) || r == '\'' || r == '’' {
			return -1
		}
		if r == 'ü' || r == 'Ü' {
			return 'v'
		}
		return unicode.ToLower(r)
	}, s)
}

// isFolded reports that Fold would change nothing in plain digits, small letters and Han characters.
func isFolded(s string) bool {
	for _, r := range s {
		plain := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '-' || r >= 0x3400 && r <= 0x9fff || r >= 0x20000
		if !plain {
			return false
		}
	}
	return true
}

// Query is what was typed, worked out for every character names are made of.
//
// A set of positions is a bit mask: bit i set means "the first i runes of the query are used up".
type Query struct {
	typed []rune
	whole uint64   // the bit that says the query is used up
	first []uint64 // by glyph: positions reached when a match begins with that glyph
	some  bool     // whether any name can match
	book  *Book
}

// maxTyped is how many runes of a query fit the mask; no name is that long.
const maxTyped = 60

// Compile prepares a folded query for the names the book has spelled so far.
func (b *Book) Compile(query string) Query {
	q := Query{typed: []rune(query), book: b, first: make([]uint64, len(b.glyphs))}
	if len(q.typed) > maxTyped {
		q.typed = nil
	}
	q.whole = 1 << len(q.typed)
	if len(q.typed) == 0 {
		return q
	}
	for n := 1; n < len(b.glyphs); n++ {
		q.first[n] = q.after(1, Glyph(n))
		q.some = q.some || q.first[n] != 0
	}
	return q
}

// Find returns at which character of a name the query matches, or -1. It matches characters, whole syllables, their
// initials, the beginning of the last syllable, and any mixture: 张三 is found by 张, zhangsan, zs, zhangs and 张s.
func (q *Query) Find(name []Glyph) int {
	if !q.some {
		return -1
	}
	for start := range name {
		reached := q.first[name[start]]
		for i := start + 1; reached != 0; i++ {
			if reached&q.whole != 0 {
				return start
			}
			if i == len(name) {
				break
			}
			reached = q.after(reached, name[i])
		}
	}
	return -1
}

// after returns the positions reached from any position in the mask by one more character of the name.
func (q *Query) after(from uint64, n Glyph) uint64 {
	var reached uint64
	g := &q.book.glyphs[n]
	for i := range q.typed {
		if from&(1<<i) == 0 {
			continue
		}
		if q.typed[i] == g.char {
			reached |= 1 << (i + 1)
		}
		for _, reading := range g.readings {
			reached |= q.said(i, reading)
		}
	}
	return reached
}

// said returns the positions reached from i by typing a syllable: its initial, all of it, or what the query ends with.
func (q *Query) said(i int, reading string) uint64 {
	same := 0
	for same < len(reading) && i+same < len(q.typed) && q.typed[i+same] == rune(reading[same]) {
		same++
	}
	if same == 0 {
		return 0
	}
	reached := uint64(1) << (i + 1)
	if same >= 2 && reading[1] == 'h' {
		reached |= 1 << (i + 2) // zh, ch, sh are initials of two letters
	}
	if same == len(reading) || i+same == len(q.typed) {
		reached |= 1 << (i + same)
	}
	return reached
}
