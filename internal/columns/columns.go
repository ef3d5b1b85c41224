// Package columns lays out the CBOR of many things of one kind by field, so that a compressor finds like beside like: the
// answers that two hundred visits give to one question, rather than one visit after the other.
//
// It is exact: [Decode] returns the very bytes that [Encode] was given.
//
// What it makes is a schema and the columns. The schema is a tree of what there is at each place, in depth-first order: the
// keys of maps, the texts of choices, what is in arrays and in byte strings that hold CBOR themselves. For each place
// in that order there is a column of cells, and for each text of a choice one that says where it is. A cell of a place is
//
//	an integer, a text, bytes, a simple value   as CBOR has it
//	an array                                    its head; its elements are cells of the place within
//	a choice: an array of texts, see below      one byte; its runs, and cells of the texts' columns that say which are there
//	a map                                       one byte; each of the keys has a cell of its own place, or one that says it is not there
//	bytes that hold a map of CBOR               one byte; a cell of the place within; bytes in it are bytes
//
// A choice is an array of texts, such as the names of the questions that were answered. It consists of runs, in each of which
// texts stand in the order in which the schema has them. What a text has between its last brackets, such as the identifier of
// an instance of a repeat, is the run's and not the text's: the column of runs has it as a text, or null where there are no
// brackets, and undefined behind the last run. Where the choices or maps of one place have little in common, columns would hold little but that something is
// not there: such choices are arrays like others, and a message with such maps is not laid out.
package columns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Cells that are not CBOR of a value; undefined and tags cannot occur in what is encoded.
const (
	cellAbsent = 0xf7
	cellMap    = 0xa0
	cellChoice = 0xc0
	cellWithin = 0xd8
	cellNull   = 0xf6
	cellHere   = 0xf5
)

// maxDepth is how deep things may lie in one another, byte strings that hold CBOR included.
const maxDepth = 24

// ErrForm says that bytes are not what [Encode] takes, or not what it makes.
var ErrForm = errors.New("not in the form of columns")

// place is what there is at one place of a message.
type place struct {
	keys   []key    // of maps, ascending
	texts  []member // of choices
	runs   []byte   // of choices
	elem   *place   // of arrays
	within *place   // of bytes that hold CBOR
	cells  []byte

	// While it is made:
	known       map[string]int // where a key stands among keys
	has         map[string]int // where a text stands among texts
	maps, pairs int
	choices     int
	chosen      int  // texts of all of them
	loose       bool // choices are arrays like others
}

type key struct {
	name []byte // as CBOR has it
	at   *place
}

type member struct {
	name  []byte // what it says, but for what is between its last brackets
	cells []byte
}

// item is the head of one CBOR item.
type item struct {
	major byte
	arg   uint64
	size  int // of the head
}

// readItem reads a head as deterministic encoding has it, without tags and indefinite lengths.
func readItem(data []byte) (item, error) {
	if len(data) == 0 {
		return item{}, ErrForm
	}
	it := item{major: data[0] >> 5, arg: uint64(data[0] & 31), size: 1}
	if it.arg >= 24 {
		width := 1 << (it.arg - 24)
		if it.arg > 27 || len(data) < 1+width {
			return it, ErrForm
		}
		long := it.arg
		it.arg, it.size = bigEndian(data[1:1+width]), 1+width
		if it.major != 7 && it.arg < smallest[long-24] {
			return it, ErrForm // could be shorter
		}
	}
	if it.major == 6 || data[0] == cellAbsent || (it.major == 2 || it.major == 3) && it.arg > uint64(len(data)) {
		return it, ErrForm
	}
	return it, nil
}

// smallest is what needs one, two, four and eight bytes.
var smallest = [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}

func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// head returns the shortest head.
func head(major byte, n uint64) []byte {
	m := major << 5
	switch {
	case n < smallest[0]:
		return []byte{m | byte(n)}
	case n < smallest[1]:
		return []byte{m | 24, byte(n)}
	case n < smallest[2]:
		return binary.BigEndian.AppendUint16([]byte{m | 25}, uint16(n))
	case n < smallest[3]:
		return binary.BigEndian.AppendUint32([]byte{m | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{m | 27}, n)
}

// plain returns how long an item is that lies within nothing and holds nothing.
func (it item) plain() int {
	if it.major == 2 || it.major == 3 {
		return it.size + int(it.arg)
	}
	return it.size
}

// run is texts of a choice that stand in the schema's order and have the same between their brackets.
type run struct {
	between []byte // as CBOR has it: a text, or null
	names   [][]byte
}

var null = []byte{cellNull}

// split takes what a text has between its last brackets out of it.
func split(text []byte) (name, between []byte) {
	open := bytes.LastIndexByte(text, '[')
	if open < 0 {
		return text, null
	}
	end := open + bytes.IndexByte(text[open:], ']')
	if end < open {
		return text, null
	}
	between = append(head(3, uint64(end-open-1)), text[open+1:end]...)
	return slices.Concat(text[:open+1], text[end:]), between
}

// texts returns how long an array of texts is, and the texts by what is between their brackets. There are none where it is not
// such an array.
func texts(data []byte, it item) (length int, runs []run) {
	at := it.size
	for range it.arg {
		e, err := readItem(data[at:])
		if err != nil || e.major != 3 || e.plain() > len(data)-at {
			return 0, nil
		}
		name, between := split(data[at+e.size : at+e.plain()])
		if len(runs) == 0 || !bytes.Equal(runs[len(runs)-1].between, between) {
			runs = append(runs, run{between: between})
		}
		last := &runs[len(runs)-1]
		last.names = append(last.names, name)
		at += e.plain()
	}
	return at, runs
}

// child returns the place of a key's value.
func (p *place) child(name []byte) *place {
	if i, ok := p.known[string(name)]; ok {
		return p.keys[i].at
	}
	if p.known == nil {
		p.known = map[string]int{}
	}
	p.known[string(name)] = len(p.keys)
	p.keys = append(p.keys, key{name, &place{}})
	return p.keys[len(p.keys)-1].at
}

// maxTexts is how many texts choices of one place may be of.
const maxTexts = 1 << 10

// choose learns a choice, and reports whether it is one: the texts of each run are in the order of those before, and new
// ones can be put where they stand.
func (p *place) choose(runs []run) bool {
	for _, r := range runs {
		if !p.order(r.names) {
			return false
		}
		p.choices, p.chosen = p.choices+1, p.chosen+len(r.names)
	}
	return true
}

func (p *place) order(names [][]byte) bool {
	last := -1
	for _, name := range names {
		at, known := p.has[string(name)]
		switch {
		case known && at <= last, !known && len(p.texts) == maxTexts:
			return false
		case !known:
			at = last + 1
			p.insert(at, name)
		}
		last = at
	}
	return true
}

func (p *place) insert(at int, name []byte) {
	if p.has == nil {
		p.has = map[string]int{}
	}
	p.texts = slices.Insert(p.texts, at, member{name: name})
	for i := at; i < len(p.texts); i++ {
		p.has[string(p.texts[i].name)] = i
	}
}

// isChoice reports whether the texts of each run stand in the schema's order.
func (p *place) isChoice(runs []run) bool {
	for _, r := range runs {
		last := -1
		for _, name := range r.names {
			at, known := p.has[string(name)]
			if !known || at <= last {
				return false
			}
			last = at
		}
	}
	return len(runs) > 0 && !p.loose
}

// spread is how many cells there may be for one that holds something, and slack how many more.
const (
	spread = 8
	slack  = 1 << 12
)

// settle puts keys in order, and reports whether what was learnt is worth its columns.
func (p *place) settle() bool {
	if p == nil {
		return true
	}
	if len(p.keys)*p.maps > spread*p.pairs+slack {
		return false
	}
	if len(p.texts)*p.choices > spread*p.chosen+slack {
		p.texts, p.loose = nil, true
		if p.elem == nil {
			p.elem = &place{}
		}
	}
	slices.SortFunc(p.keys, func(a, b key) int { return bytes.Compare(a.name, b.name) })
	for _, k := range p.keys {
		if !k.at.settle() {
			return false
		}
	}
	return p.elem.settle() && p.within.settle()
}

// each calls do with the cells of every column, in order.
func (p *place) each(do func(cells *[]byte)) {
	do(&p.cells)
	for _, k := range p.keys {
		k.at.each(do)
	}
	if len(p.texts) > 0 {
		do(&p.runs)
	}
	for i := range p.texts {
		do(&p.texts[i].cells)
	}
	for _, inner := range []*place{p.elem, p.within} {
		if inner != nil {
			inner.each(do)
		}
	}
}
