package spell

import (
	"slices"
	"strings"
)

// Book numbers the characters that occur in names, so that a name is a short run of numbers and a query is worked out
// once per character instead of once per name.
//
// A character has one number however often it occurs. Within a word of which the book has learned a reading it has
// another one, for there it is said in one way more: 六 in 六安. A Book is not safe for concurrent use.
type Book struct {
	number map[key]Glyph
	glyphs []glyph
	words  map[rune][]word // by first character
}

// Glyph is the number of a character in a book.
type Glyph = uint16

// key is a character and the syllables that a word has added to it.
type key struct {
	char  rune
	added string
}

// glyph is a character and the ways it can be typed.
type glyph struct {
	char     rune
	readings []string // pinyin without tones, ü as v
}

// word is what the book has learned of a word.
type word struct {
	text  []rune
	added [][]string // by character: syllables beyond those of the dictionary
}

// Glyphs that no query finds.
const (
	unnumbered Glyph = 0 // a character for which the book has no number left, which no register comes near
	Parting    Glyph = 1 // stands between names that are written one after the other
)

// NewBook returns a book that knows the dictionary, and the readings given.
func NewBook(learned ...Reading) *Book {
	b := &Book{number: map[key]Glyph{}, glyphs: append(make([]glyph, 0, 1024), glyph{char: -1}, glyph{char: -1}), words: map[rune][]word{}}
	for _, reading := range learned {
		b.learn(reading)
	}
	return b
}

func (b *Book) learn(r Reading) {
	text := []rune(Fold(r.Word))
	if len(text) == 0 || len(text) != len(r.Syllables) {
		return
	}
	known := b.words[text[0]]
	at := slices.IndexFunc(known, func(w word) bool { return slices.Equal(w.text, text) })
	if at < 0 {
		at = len(known)
		known = append(known, word{text: text, added: make([][]string, len(text))})
	}
	for i, syllable := range r.Syllables {
		if !slices.Contains(readings(text[i]), syllable) && !slices.Contains(known[at].added[i], syllable) {
			known[at].added[i] = append(known[at].added[i], syllable)
		}
	}
	b.words[text[0]] = known
}

// Spell appends the numbers of the characters of a folded name.
func (b *Book) Spell(spelled []Glyph, name string) []Glyph {
	if len(b.words) == 0 {
		for _, char := range name {
			spelled = append(spelled, b.of(key{char: char}))
		}
		return spelled
	}
	chars := []rune(name)
	added := b.addedIn(chars)
	for i, char := range chars {
		spelled = append(spelled, b.of(key{char, added[i]}))
	}
	return spelled
}

// addedIn returns the syllables that the words in a text add to each of its characters.
func (b *Book) addedIn(chars []rune) []string {
	added := make([]string, len(chars))
	for i, char := range chars {
		for _, w := range b.words[char] {
			if i+len(w.text) > len(chars) || !slices.Equal(chars[i:i+len(w.text)], w.text) {
				continue
			}
			for j, syllables := range w.added {
				added[i+j] = strings.TrimSpace(added[i+j] + " " + strings.Join(syllables, " "))
			}
		}
	}
	return added
}

func (b *Book) of(k key) Glyph {
	if n, ok := b.number[k]; ok {
		return n
	}
	if len(b.glyphs) > 0xffff {
		return unnumbered
	}
	n := Glyph(len(b.glyphs))
	b.number[k] = n
	b.glyphs = append(b.glyphs, glyph{char: k.char, readings: append(readings(k.char), strings.Fields(k.added)...)})
	return n
}
