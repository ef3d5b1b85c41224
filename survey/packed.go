package survey

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Packer packs the fields of very many records, which wait in memory for something: a map takes ten times the room of what is
// in it, and the names of the fields are as long as what they say. It is for one goroutine; what it has packed is for any.
type Packer struct {
	shapes map[string]*[]FieldPath // by the names, one after the other
	names  []FieldPath
	text   []byte
}

// Packed is fields as a Packer has packed them. It is a form in memory, and never written down.
type Packed struct {
	paths *[]FieldPath // which fields there are, shared with all that have the same
	text  string       // what they say, each after its length
}

// Pack returns fields as a packed text.
func (p *Packer) Pack(f Fields) Packed {
	p.names = slices.AppendSeq(p.names[:0], maps.Keys(f))
	slices.Sort(p.names)
	packed := Packed{paths: p.shape()}
	p.text = p.text[:0]
	for _, path := range p.names {
		p.text = appendText(p.text, f[path])
	}
	packed.text = string(p.text)
	return packed
}

// shape returns the names once for all fields that have the same.
func (p *Packer) shape() *[]FieldPath {
	p.text = p.text[:0]
	for _, path := range p.names {
		p.text = appendText(p.text, string(path))
	}
	known := p.shapes[string(p.text)]
	if known == nil {
		if p.shapes == nil {
			p.shapes = map[string]*[]FieldPath{}
		}
		paths := slices.Clone(p.names)
		known = &paths
		p.shapes[string(p.text)] = known
	}
	return known
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// Fields returns what was packed, no fields for a zero Packed. The values share the memory of p.
func (p Packed) Fields() Fields {
	if p.paths == nil {
		return Fields{}
	}
	f := make(Fields, len(*p.paths))
	rest := p.text
	for _, path := range *p.paths {
		f[path], rest = cutText(rest)
	}
	return f
}

// cutText parts the first text from the others.
func cutText(texts string) (first, rest string) {
	size, at := 0, 0
	for shift := 0; ; shift += 7 { // as binary.Uvarint reads bytes
		b := texts[at]
		at++
		if size |= int(b&0x7f) << shift; b < 0x80 {
			return texts[at : at+size], texts[at+size:]
		}
	}
}
