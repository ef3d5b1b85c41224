// Package rarefont makes fonts for tests that know one rare character, drawn like a common one: what a township's own
// font folder would hold, without its fifty megabytes.
package rarefont

import (
	"bytes"
	"encoding/binary"
)

// Forge returns the font with a map of characters that knows nothing but rare, which is drawn by the glyph.
func Forge(font []byte, rare rune, glyph int) []byte {
	count := int(binary.BigEndian.Uint16(font[4:]))
	at := 12 + 16*count
	directory := bytes.Clone(font[:12])
	var body []byte
	for n := range count {
		entry := font[12+16*n : 28+16*n]
		offset, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		table := font[offset : offset+size]
		if string(entry[:4]) == "cmap" {
			table = cmap(rare, glyph)
		}
		directory = append(directory, entry[:8]...)
		directory = binary.BigEndian.AppendUint32(directory, uint32(at+len(body)))
		directory = binary.BigEndian.AppendUint32(directory, uint32(len(table)))
		body = append(body, table...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(directory, body...)
}

// cmap is a table of format 12 with one group of one character.
func cmap(rare rune, glyph int) []byte {
	out := []byte{0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0}
	for _, n := range []int{28, 0, 1, int(rare), int(rare), glyph} {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return out
}
