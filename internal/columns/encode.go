package columns

import (
	"bytes"
	"encoding/binary"
)

// Encode lays out one item of deterministic CBOR (RFC 8949 §4.2.1) without tags and undefined values. Anything else, and what is
// not worth it, is [ErrForm].
func Encode(data []byte) ([]byte, error) {
	root, e := &place{}, &encoder{}
	if n, err := e.learn(root, data, 0); err != nil || n != len(data) || !root.settle() {
		return nil, ErrForm
	}
	e.fill(root, data)
	out := root.schema(make([]byte, 0, len(data)))
	root.each(func(cells *[]byte) { out = binary.AppendUvarint(out, uint64(len(*cells))) })
	root.each(func(cells *[]byte) { out = append(out, *cells...) })
	return out, nil
}

// encoder reads a message twice: to learn what there is, and to lay it out.
type encoder struct {
	inside bool   // bytes that hold CBOR
	holds  []bool // for each byte string outside of others, in order: whether it holds CBOR
}

// learn notes what an item consists of, and returns how long it is.
func (e *encoder) learn(p *place, data []byte, depth int) (int, error) {
	it, err := readItem(data)
	switch {
	case err != nil || depth > maxDepth:
		return 0, ErrForm
	case it.major == 4:
		return e.learnArray(p, data, it, depth)
	case it.major == 5:
		return e.learnMap(p, data, it, depth)
	case it.plain() > len(data):
		return 0, ErrForm
	case it.major == 2 && !e.inside:
		e.learnBytes(p, data[it.size:it.plain()], depth)
	}
	return it.plain(), nil
}

// learnBytes notes what is in a byte string, if that is a map of CBOR.
func (e *encoder) learnBytes(p *place, data []byte, depth int) {
	e.inside = true
	defer func() { e.inside = false }()
	n, err := 0, ErrForm
	if len(data) > 0 && data[0]>>5 == 5 {
		n, err = e.learn(&place{}, data, depth+1)
	}
	holds := err == nil && n == len(data)
	e.holds = append(e.holds, holds)
	if !holds {
		return
	}
	if p.within == nil {
		p.within = &place{}
	}
	_, _ = e.learn(p.within, data, depth+1) // has just been learnt
}

func (e *encoder) learnArray(p *place, data []byte, it item, depth int) (int, error) {
	if n, runs := texts(data, it); len(runs) > 0 && p.choose(runs) {
		return n, nil
	}
	if p.elem == nil && it.arg > 0 {
		p.elem = &place{}
	}
	at := it.size
	for range it.arg {
		n, err := e.learn(p.elem, data[at:], depth+1)
		if err != nil {
			return 0, err
		}
		at += n
	}
	return at, nil
}

func (e *encoder) learnMap(p *place, data []byte, it item, depth int) (int, error) {
	p.maps++
	at := it.size
	var last []byte
	for range it.arg {
		k, err := readItem(data[at:])
		if err != nil || k.major > 3 || k.plain() > len(data)-at {
			return 0, ErrForm
		}
		name := data[at : at+k.plain()]
		if last != nil && bytes.Compare(last, name) >= 0 {
			return 0, ErrForm
		}
		p.pairs++
		last, at = name, at+len(name)
		n, err := e.learn(p.child(name), data[at:], depth+1)
		if err != nil {
			return 0, err
		}
		at += n
	}
	return at, nil
}

// fill adds the cells of an item that was learnt, and returns how long it is.
func (e *encoder) fill(p *place, data []byte) int {
	it, _ := readItem(data) // was read before
	switch {
	case it.major == 4:
		return e.fillArray(p, data, it)
	case it.major == 5:
		return e.fillMap(p, data, it)
	case it.major == 2 && !e.inside:
		e.fillBytes(p, data, it)
	default:
		p.cells = append(p.cells, data[:it.plain()]...)
	}
	return it.plain()
}

func (e *encoder) fillBytes(p *place, data []byte, it item) {
	holds := e.holds[0]
	e.holds = e.holds[1:]
	if !holds {
		p.cells = append(p.cells, data[:it.plain()]...)
		return
	}
	e.inside = true
	defer func() { e.inside = false }()
	p.cells = append(p.cells, cellWithin)
	e.fill(p.within, data[it.size:it.plain()])
}

func (e *encoder) fillArray(p *place, data []byte, it item) int {
	if n, runs := texts(data, it); p.isChoice(runs) {
		p.fillChoice(runs)
		return n
	}
	p.cells = append(p.cells, data[:it.size]...)
	at := it.size
	for range it.arg {
		at += e.fill(p.elem, data[at:])
	}
	return at
}

func (p *place) fillChoice(runs []run) {
	p.cells = append(p.cells, cellChoice)
	for _, r := range runs {
		p.runs = append(p.runs, r.between...)
		for i := range p.texts {
			cell := byte(cellAbsent)
			if len(r.names) > 0 && bytes.Equal(r.names[0], p.texts[i].name) {
				cell, r.names = cellHere, r.names[1:]
			}
			p.texts[i].cells = append(p.texts[i].cells, cell)
		}
	}
	p.runs = append(p.runs, cellAbsent)
}

func (e *encoder) fillMap(p *place, data []byte, it item) int {
	p.cells = append(p.cells, cellMap)
	at, left := it.size, it.arg
	for _, k := range p.keys {
		if left == 0 || !bytes.HasPrefix(data[at:], k.name) {
			k.at.cells = append(k.at.cells, cellAbsent)
			continue
		}
		left--
		at += len(k.name)
		at += e.fill(k.at, data[at:])
	}
	return at
}

// schema appends what there is at each place.
func (p *place) schema(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(p.keys)))
	for _, k := range p.keys {
		out = appendName(out, k.name)
		out = k.at.schema(out)
	}
	out = binary.AppendUvarint(out, uint64(len(p.texts)))
	for _, m := range p.texts {
		out = appendName(out, m.name)
	}
	for _, inner := range []*place{p.elem, p.within} {
		if inner == nil {
			out = append(out, 0)
		} else {
			out = inner.schema(append(out, 1))
		}
	}
	return out
}

func appendName(out, name []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(name))), name...)
}
