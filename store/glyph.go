package store

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// glyphs numbers the characters that occur in names, so that a name is a short run of numbers and a query is worked
// out once per character instead of once per name.
type glyphs struct {
	number map[rune]uint16
	runes  []glyph
}

// glyph is a character and the ways it can be typed.
type glyph struct {
	char     rune
	readings []string // pinyin without tones, ü as v
}

// unnumbered stands for a character no query can find: the table is full, which no register comes near.
const unnumbered = 0

func newGlyphs() *glyphs {
	return &glyphs{number: map[rune]uint16{}, runes: make([]glyph, 1, 1024)}
}

// spell returns the numbers of the characters of a folded name.
func (g *glyphs) spell(name string) []uint16 {
	spelled := make([]uint16, 0, 4)
	for _, char := range name {
		spelled = append(spelled, g.of(char))
	}
	return spelled
}

func (g *glyphs) of(char rune) uint16 {
	if n, ok := g.number[char]; ok {
		return n
	}
	if len(g.runes) > 0xffff {
		return unnumbered
	}
	n := uint16(len(g.runes))
	g.number[char] = n
	g.runes = append(g.runes, glyph{char: char, readings: readings(char)})
	return n
}

// missingReadings are surnames and characters of names that the dictionary lacks or knows only in their everyday
// reading.
var missingReadings = map[rune]string{'𠮷': "jí", '黑': "hēi,hè", '𠅤': "huán", '𫍯': "xiǎo", '种': "zhǒng,chóng,zhòng"}

// readings returns every way to say a character, without tones. Which one a surname takes (单 shàn, 仇 qiú, 尉迟 yù
// chí) need not be decided: a search accepts them all.
func readings(char rune) []string {
	said, ok := missingReadings[char]
	if !ok {
		said = pinyin.PinyinDict[int(char)]
	}
	var all []string
	for reading := range strings.SplitSeq(said, ",") {
		reading = toneless(reading)
		if reading != "" && !slices.Contains(all, reading) {
			all = append(all, reading)
		}
	}
	return all
}

// toneless returns a syllable in the letters a keyboard has.
func toneless(syllable string) string {
	return strings.Map(func(r rune) rune {
		if plain, ok := plainLetters[r]; ok {
			return plain
		}
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, syllable)
}

var plainLetters = lettersOf("aāáǎà", "eēéěèếềê", "iīíǐì", "oōóǒò", "uūúǔù", "vǖǘǚǜü", "mḿ", "nńňǹ")

// lettersOf maps the letters of each group to the group's first.
func lettersOf(groups ...string) map[rune]rune {
	plain := map[rune]rune{}
	for _, group := range groups {
		first := rune(group[0])
		for _, letter := range group[1:] {
			plain[letter] = first
		}
	}
	return plain
}

// fold makes different ways of typing the same thing equal: full-width and half-width, capital and small letters,
// spaces and the apostrophe between syllables.
func fold(s string) string {
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

// isFolded reports that fold would change nothing in plain digits, small letters and Han characters.
func isFolded(s string) bool {
	for _, r := range s {
		plain := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '-' || r >= 0x3400 && r <= 0x9fff || r >= 0x20000
		if !plain {
			return false
		}
	}
	return true
}

// nameQuery is what was typed, worked out for every character names are made of.
//
// A set of positions is a bit mask: bit i set means "the first i runes of the query are used up".
type nameQuery struct {
	typed []rune
	whole uint64   // the bit that says the query is used up
	first []uint64 // by glyph number: positions reached when a match begins with that glyph
	table *glyphs
}

// maxTyped is how many runes of a query fit the mask; no name is that long.
const maxTyped = 60

// compile prepares a folded query.
func (g *glyphs) compile(query string) nameQuery {
	q := nameQuery{typed: []rune(query), table: g, first: make([]uint64, len(g.runes))}
	if len(q.typed) > maxTyped {
		q.typed = nil
	}
	q.whole = 1 << len(q.typed)
	if len(q.typed) == 0 {
		return q
	}
	for n := 1; n < len(g.runes); n++ {
		q.first[n] = q.after(1, uint16(n))
	}
	return q
}

// find returns at which character of a name the query matches, or -1. It matches characters, whole syllables, their
// initials, the beginning of the last syllable, and any mixture: 张三 is found by 张, zhangsan, zs, zhangs and 张s.
func (q *nameQuery) find(name []uint16) int {
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
func (q *nameQuery) after(from uint64, n uint16) uint64 {
	var reached uint64
	g := q.table.runes[n]
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
func (q *nameQuery) said(i int, reading string) uint64 {
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
