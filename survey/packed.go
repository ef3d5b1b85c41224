package survey

import "encoding/binary"

// Packed is fields in one text, for holding those of very many records at once: a map takes several times the room of what is
// in it. It is a form in memory, and never written down.
type Packed string

// Pack returns the fields as one text.
func (f Fields) Pack() Packed {
	size := 0
	for path, value := range f {
		size += len(path) + len(value) + 2*binary.MaxVarintLen32
	}
	text := make([]byte, 0, size)
	for path, value := range f {
		text = binary.AppendUvarint(text, uint64(len(path)))
		text = append(text, path...)
		text = binary.AppendUvarint(text, uint64(len(value)))
		text = append(text, value...)
	}
	return Packed(text)
}

// Fields returns what was packed. The texts share the memory of p.
func (p Packed) Fields() Fields {
	f := Fields{}
	for p != "" {
		path := p.cut()
		f[FieldPath(path)] = p.cut()
	}
	return f
}

// cut takes the first text off.
func (p *Packed) cut() string {
	size, at := 0, 0
	for shift := 0; ; shift += 7 { // as binary.Uvarint reads bytes
		b := (*p)[at]
		at++
		if size |= int(b&0x7f) << shift; b < 0x80 {
			break
		}
	}
	text := string((*p)[at : at+size])
	*p = (*p)[at+size:]
	return text
}
