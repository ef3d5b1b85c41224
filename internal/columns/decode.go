package columns

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Decode returns what [Encode] was given. What would be longer than most bytes, and what Encode does not make, is [ErrForm].
func Decode(data []byte, most int) ([]byte, error) {
	r := &reader{data: data}
	root := r.schema(0)
	if root == nil {
		return nil, ErrForm
	}
	r.cut(root)
	if r.bad || len(r.data) > 0 {
		return nil, ErrForm
	}
	w := &writer{most: most}
	w.value(root, 0)
	root.each(func(cells *[]byte) { w.bad = w.bad || len(*cells) > 0 })
	if w.bad {
		return nil, ErrForm
	}
	return w.out, nil
}

// reader reads the schema and cuts the rest into columns.
type reader struct {
	data   []byte
	places int
	bad    bool
}

// maxPlaces is how many columns there may be.
const maxPlaces = 1 << 16

func (r *reader) number() int {
	n, size := binary.Uvarint(r.data)
	if size <= 0 || n > uint64(len(r.data)) {
		r.bad = true
		return 0
	}
	r.data = r.data[size:]
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.data) {
		r.bad = true
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

// name reads the name of a key or an element: an item that holds no other.
func (r *reader) name() []byte {
	name := r.take(r.number())
	if it, err := readItem(name); err != nil || it.major > 3 || it.plain() != len(name) {
		r.bad = true
	}
	return name
}

func (r *reader) schema(depth int) *place {
	if r.places++; r.places > maxPlaces || depth > maxDepth {
		r.bad = true
		return nil
	}
	p := &place{}
	for n := r.number(); n > 0 && !r.bad; n-- {
		p.keys = append(p.keys, key{r.name(), r.schema(depth + 1)})
	}
	for n := r.number(); n > 0 && !r.bad; n-- {
		p.texts = append(p.texts, member{name: r.take(r.number())})
		r.places++
	}
	p.elem, p.within = r.inner(depth), r.inner(depth)
	if r.bad {
		return nil
	}
	return p
}

func (r *reader) inner(depth int) *place {
	switch b := r.take(1); {
	case len(b) == 0 || b[0] > 1:
		r.bad = true
	case b[0] == 1:
		return r.schema(depth + 1)
	}
	return nil
}

// cut gives each place its cells.
func (r *reader) cut(root *place) {
	var lengths []int
	root.each(func(*[]byte) { lengths = append(lengths, r.number()) })
	root.each(func(cells *[]byte) {
		*cells = r.take(lengths[0])
		lengths = lengths[1:]
	})
}

// writer puts items together.
type writer struct {
	out  []byte
	most int
	bad  bool
}

func (w *writer) put(bytes []byte) {
	if len(bytes) > w.most-len(w.out) {
		w.bad = true
		return
	}
	w.out = append(w.out, bytes...)
}

// next takes one cell of a column.
func next(cells *[]byte) byte {
	if len(*cells) == 0 {
		return 0
	}
	cell := (*cells)[0]
	*cells = (*cells)[1:]
	return cell
}

// value writes the item of a place's next cell.
func (w *writer) value(p *place, depth int) {
	if len(p.cells) == 0 || depth > maxDepth {
		w.bad = true
	}
	if w.bad {
		return
	}
	switch p.cells[0] {
	case cellMap:
		next(&p.cells)
		w.pairs(p, depth)
	case cellChoice:
		next(&p.cells)
		w.choice(p)
	case cellWithin:
		next(&p.cells)
		w.holding(p, depth)
	default:
		w.plain(p, depth)
	}
}

// plain writes an array, or what holds nothing.
func (w *writer) plain(p *place, depth int) {
	it, err := readItem(p.cells)
	switch {
	case err != nil || it.major == 5 || it.plain() > len(p.cells):
		w.bad = true
	case it.major == 4:
		w.array(p, it, depth)
	default:
		w.put(p.cells[:it.plain()])
		p.cells = p.cells[it.plain():]
	}
}

func (w *writer) array(p *place, it item, depth int) {
	w.put(p.cells[:it.size])
	p.cells = p.cells[it.size:]
	for range it.arg {
		if p.elem == nil || w.bad {
			w.bad = true
			return
		}
		w.value(p.elem, depth+1)
	}
}

// choice writes an array of the texts that are there.
func (w *writer) choice(p *place) {
	var here [][]byte
	size := 0
	for !w.bad {
		between, more := w.between(p)
		if !more {
			break
		}
		for i := range p.texts {
			switch next(&p.texts[i].cells) {
			case cellHere:
				here = append(here, join(p.texts[i].name, between))
				size += len(here[len(here)-1])
			case cellAbsent:
			default:
				w.bad = true
			}
		}
		w.bad = w.bad || size > w.most
	}
	w.put(head(4, uint64(len(here))))
	for _, text := range here {
		w.put(head(3, uint64(len(text))))
		w.put(text)
	}
}

// between takes a run's cell: what is between the brackets of its texts, nil where they have none.
func (w *writer) between(p *place) (text []byte, more bool) {
	if len(p.texts) == 0 || len(p.runs) == 0 {
		w.bad = true
		return nil, false
	}
	if cell := p.runs[0]; cell == cellAbsent || cell == cellNull {
		next(&p.runs)
		return nil, cell == cellNull
	}
	it, err := readItem(p.runs)
	if err != nil || it.major != 3 || it.plain() > len(p.runs) {
		w.bad = true
		return nil, false
	}
	text = append([]byte{}, p.runs[it.size:it.plain()]...)
	p.runs = p.runs[it.plain():]
	return text, true
}

// join puts what is between brackets back into a text. Where there is nothing to put in, there may be brackets all the same.
func join(name, between []byte) []byte {
	open := bytes.LastIndexByte(name, '[')
	if between == nil || open < 0 {
		return name
	}
	return slices.Concat(name[:open+1], between, name[open+1:])
}

// pairs writes a map.
func (w *writer) pairs(p *place, depth int) {
	var here []key
	for _, k := range p.keys {
		if len(k.at.cells) > 0 && k.at.cells[0] == cellAbsent {
			next(&k.at.cells)
			continue
		}
		here = append(here, k)
	}
	w.put(head(5, uint64(len(here))))
	for _, k := range here {
		w.put(k.name)
		w.value(k.at, depth+1)
	}
}

// holding writes bytes that hold CBOR.
func (w *writer) holding(p *place, depth int) {
	if p.within == nil {
		w.bad = true
		return
	}
	inner := &writer{most: w.most - len(w.out)}
	inner.value(p.within, depth+1)
	if w.bad = w.bad || inner.bad; w.bad {
		return
	}
	w.put(head(2, uint64(len(inner.out))))
	w.put(inner.out)
}
