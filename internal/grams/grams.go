// Package grams finds, among many texts, the few that may hold a given one, by what stands side by side in them.
//
// A gram is two neighbouring characters, or three neighbouring letters and digits. A text that holds another has all of
// its grams; whoever has found one by its grams still has to look whether it holds the text itself. The package knows
// neither records nor disks: it numbers texts from 0, and turns grams and numbers into pages of bytes and back.
package grams

import (
	"encoding/binary"
	"errors"
	"slices"
	"unicode"
)

// Gram is two characters or three letters and digits that stand side by side.
type Gram uint64

// charBits holds any character.
const charBits = 21

// Of appends the grams of a folded text to a list, each once if the list was empty. A text of one character has none,
// nor has one of two letters or digits.
func Of(list []Gram, text string) []Gram {
	var before, last rune // the two characters before, 0 where there is none in the same run
	for _, char := range text {
		if !counts(char) {
			before, last = 0, 0
			continue
		}
		switch {
		case last == 0:
		case !plain(char) || !plain(last):
			list = append(list, Gram(last)<<charBits|Gram(char))
		case before != 0 && plain(before):
			list = append(list, (Gram(before)<<charBits|Gram(last))<<charBits|Gram(char))
		}
		before, last = last, char
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// plain reports whether a character is a letter, a digit or a stroke as numbers have them.
func plain(char rune) bool {
	return char >= 'a' && char <= 'z' || char >= '0' && char <= '9' || char == '-'
}

// counts reports whether a character belongs to what people look for; punctuation parts texts.
func counts(char rune) bool {
	return plain(char) || char > 0x7f && (unicode.IsLetter(char) || unicode.IsDigit(char))
}

// MaxTexts is how many texts an index numbers.
const MaxTexts = 1 << 16

// Index says which texts have a gram. The zero value is empty.
type Index struct {
	texts map[Gram][]uint16
}

// Add takes in a text by its number, which may not be lower than any before.
func (x *Index) Add(number uint16, list []Gram) {
	if x.texts == nil {
		x.texts = map[Gram][]uint16{}
	}
	for _, gram := range list {
		x.texts[gram] = append(x.texts[gram], number)
	}
}

// Texts returns the numbers of the texts that have a gram, in ascending order.
func (x *Index) Texts(gram Gram) ([]uint16, error) { return x.texts[gram], nil }

// Renumbered returns the index of some of the texts under other numbers, which ascend as the old ones do. Texts without a
// new number are left out.
func (x *Index) Renumbered(numbers map[uint16]uint16) *Index {
	renumbered := &Index{texts: make(map[Gram][]uint16, len(x.texts))}
	for gram, texts := range x.texts {
		var kept []uint16
		for _, number := range texts {
			if now, ok := numbers[number]; ok {
				kept = append(kept, now)
			}
		}
		if len(kept) > 0 {
			renumbered.texts[gram] = kept
		}
	}
	return renumbered
}

// Page is a run of an index as bytes.
type Page struct {
	First Gram // the lowest gram it holds
	Bytes []byte
}

// Pages lays the index out in pages of about size bytes, in the order of their grams. Each begins with a gram, and has
// for each gram its distance from the one before, how many texts have it, and the distances of their numbers, all as
// variable-length integers (encoding/binary).
func (x *Index) Pages(size int) []Page {
	all := make([]Gram, 0, len(x.texts))
	for gram := range x.texts {
		all = append(all, gram)
	}
	slices.Sort(all)
	var pages []Page
	var before Gram
	for _, gram := range all {
		if n := len(pages); n == 0 || len(pages[n-1].Bytes) >= size {
			pages, before = append(pages, Page{First: gram}), 0
		}
		page := &pages[len(pages)-1]
		page.Bytes = binary.AppendUvarint(page.Bytes, uint64(gram-before))
		page.Bytes = binary.AppendUvarint(page.Bytes, uint64(len(x.texts[gram])))
		last := uint16(0)
		for _, number := range x.texts[gram] {
			page.Bytes = binary.AppendUvarint(page.Bytes, uint64(number-last))
			last = number
		}
		before = gram
	}
	return pages
}

// PageOf returns which of the pages that begin with these grams holds a gram, or -1.
func PageOf(firsts []Gram, gram Gram) int {
	at, exact := slices.BinarySearch(firsts, gram)
	if exact {
		return at
	}
	return at - 1
}

var errPage = errors.New("not a page of grams")

// Texts returns the numbers of the texts that have a gram, as a page of the index has them.
func Texts(page []byte, gram Gram) ([]uint16, error) {
	var at Gram
	for first := true; len(page) > 0; first = false {
		distance, n := binary.Uvarint(page)
		if n <= 0 || !first && distance == 0 {
			return nil, errPage
		}
		at, page = at+Gram(distance), page[n:]
		count, n := binary.Uvarint(page)
		if n <= 0 || count == 0 || count > MaxTexts || count > uint64(len(page)-n) {
			return nil, errPage
		}
		page = page[n:]
		if at > gram {
			return nil, nil
		}
		var texts []uint16
		var err error
		if page, texts, err = numbers(page, int(count), at == gram); err != nil || at == gram {
			return texts, err
		}
	}
	return nil, nil
}

// numbers reads so many numbers and returns what follows them.
func numbers(page []byte, count int, keep bool) (rest []byte, texts []uint16, err error) {
	if keep {
		texts = make([]uint16, 0, count)
	}
	last := uint64(0)
	for i := range count {
		distance, n := binary.Uvarint(page)
		if last += distance; n <= 0 || last >= MaxTexts || distance >= MaxTexts || i > 0 && distance == 0 {
			return nil, nil, errPage
		}
		if page = page[n:]; keep {
			texts = append(texts, uint16(last))
		}
	}
	return page, texts, nil
}

// Both returns the numbers that are in both lists; each is in ascending order.
func Both(a, b []uint16) []uint16 {
	both := make([]uint16, 0, min(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			both, a, b = append(both, a[0]), a[1:], b[1:]
		}
	}
	return both
}
