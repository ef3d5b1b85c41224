package store

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"strings"

	"zoucun/internal/spell"
	"zoucun/survey"
)

// calledBook numbers what records are called, each name once, and knows how each is typed. Number 0 is no name.
type calledBook struct {
	seed   maphash.Seed
	number map[uint64]uint32 // by a name's hash: two names that share one are told apart when a record is opened
	texts  []byte
	ends   []uint32 // where each name ends in texts

	book    *spell.Book
	learned int // which readings the book knows
	spelled []spell.Glyph
	stops   []uint32 // where each name ends in spelled
}

func newCalledBook(book *spell.Book, learned int) *calledBook {
	return &calledBook{
		seed: maphash.MakeSeed(), number: map[uint64]uint32{}, ends: []uint32{0}, stops: []uint32{0}, book: book, learned: learned,
	}
}

// of returns the number of a name.
func (c *calledBook) of(name []byte) uint32 {
	if len(name) == 0 {
		return 0
	}
	hash := maphash.Bytes(c.seed, name)
	if n, ok := c.number[hash]; ok {
		return n
	}
	n := uint32(len(c.ends))
	c.number[hash] = n
	c.texts = append(c.texts, name...)
	c.ends = append(c.ends, uint32(len(c.texts)))
	c.spell(string(name))
	return n
}

// lookup returns the number of a name that has one.
func (c *calledBook) lookup(name []byte) (uint32, bool) {
	if len(name) == 0 {
		return 0, true
	}
	n, ok := c.number[maphash.Bytes(c.seed, name)]
	return n, ok
}

func (c *calledBook) spell(name string) {
	for i, part := range strings.Fields(name) {
		if i > 0 {
			c.spelled = append(c.spelled, spell.Parting)
		}
		c.spelled = c.book.Spell(c.spelled, spell.Fold(part))
	}
	c.stops = append(c.stops, uint32(len(c.spelled)))
}

// relearn spells every name anew.
func (c *calledBook) relearn(book *spell.Book, learned int) {
	c.book, c.learned = book, learned
	c.spelled, c.stops = c.spelled[:0], append(c.stops[:0], 0)
	for n := 1; n < len(c.ends); n++ {
		c.spell(c.name(uint32(n)))
	}
}

func (c *calledBook) name(n uint32) string {
	if n == 0 {
		return ""
	}
	return string(c.texts[c.ends[n-1]:c.ends[n]])
}

// found reports by number which names a query finds, and whether it finds any.
func (c *calledBook) found(query string) (found []bool, any bool) {
	q := c.book.Compile(query)
	found = make([]bool, len(c.ends))
	for n := 1; n < len(c.stops); n++ {
		if q.Find(c.spelled[c.stops[n-1]:c.stops[n]]) >= 0 {
			found[n], any = true, true
		}
	}
	return found, any
}

// calledOf returns what people call a record: its title without the number that a form has given it, by which it is
// found like any other number.
func calledOf(r survey.Record) string {
	title := r.Fields[survey.ProblemTitle]
	if r.Type == survey.TypeVisit {
		title = r.Fields[survey.VisitName]
	}
	var parts []string
	for part := range strings.FieldsSeq(title) {
		if !isNumber(part) {
			parts = append(parts, part)
		}
	}
	return cut(strings.Join(parts, " "))
}

// isNumber reports whether a word is made of plain letters, digits and strokes, with a digit among them.
func isNumber(word string) bool {
	digit := false
	for i := range len(word) {
		b := word[i]
		digit = digit || b >= '0' && b <= '9'
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		if !letter && b != '-' && (b < '0' || b > '9') {
			return false
		}
	}
	return digit
}

// findKind tells a visit from a problem in an index.
type findKind uint8

const (
	findVisit   findKind = 1
	findProblem findKind = 2
)

func findKindOf(t survey.RecordType) findKind {
	if t == survey.TypeVisit {
		return findVisit
	}
	return findProblem
}

// findFact is what memory has of a record that can be found.
type findFact struct {
	id     survey.RecordID
	called uint32 // number in the calledBook
	when   uint32 // seconds since 1970 of its last change
	kind   findKind
}

func secondsOf(h survey.HLC) uint32 { return uint32(uint64(h) >> 16 / 1000) }

// appendFact writes a fact and its name as bytes: identifier, kind, seconds, length of the name, name.
func appendFact(out []byte, f findFact, name string) []byte {
	out = append(append(out, f.id[:]...), byte(f.kind))
	out = binary.BigEndian.AppendUint32(out, f.when)
	out = binary.AppendUvarint(out, uint64(len(name)))
	return append(out, name...)
}

var errFacts = errors.New("not the facts of a shelf")

// readFacts reads what appendFact wrote and numbers the names.
func (c *calledBook) readFacts(data []byte) ([]findFact, error) {
	var facts []findFact
	const fixed = 16 + 1 + 4
	for len(data) > 0 {
		if len(data) < fixed {
			return nil, errFacts
		}
		f := findFact{id: survey.RecordID(data[:16]), kind: findKind(data[16]), when: binary.BigEndian.Uint32(data[17:])}
		size, n := binary.Uvarint(data[fixed:])
		if n <= 0 || size > uint64(len(data)-fixed-n) {
			return nil, errFacts
		}
		data = data[fixed+n:]
		f.called = c.of(data[:size])
		facts, data = append(facts, f), data[size:]
	}
	return facts, nil
}
