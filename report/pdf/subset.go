package pdf

import (
	"bytes"
	"encoding/binary"
)

// subset collects what a file uses of a font. A code of the file is a place in runes; the new font has its glyphs in
// that order.
type subset struct {
	font  *Font
	runes []rune // runes[0] stands for the glyph of what is missing
	codes map[rune]int
	at    ref // the Type 0 font
	name  string
}

// maxCodes is how many characters two bytes can tell apart.
const maxCodes = 1 << 16

// code returns the code of a character, and gives it one at its first use.
func (s *subset) code(r rune) int {
	code, known := s.codes[r]
	if !known && len(s.runes) < maxCodes-maxParts {
		code = len(s.runes)
		s.codes[r] = code
		s.runes = append(s.runes, r)
	}
	return code
}

// maxParts is how many glyphs are kept free for the parts of composed glyphs.
const maxParts = 4096

// Flags of a composed glyph (OpenType, glyf).
const (
	wordArguments = 0x0001
	oneScale      = 0x0008
	moreParts     = 0x0020
	twoScales     = 0x0040
	fourScales    = 0x0080
)

// program returns the font file that holds the glyphs used.
func (s *subset) program() []byte {
	old := make([]int, len(s.runes)) // glyph in the font, by glyph in the file
	for n, r := range s.runes[1:] {
		old[n+1] = s.font.glyph(r)
	}
	var glyf bytes.Buffer
	var loca, hmtx []byte
	for n := 0; n < len(old); n++ { // it grows by the parts of composed glyphs
		loca = binary.BigEndian.AppendUint32(loca, uint32(glyf.Len()))
		outline := bytes.Clone(s.font.outline(old[n]))
		old = renumber(outline, old)
		glyf.Write(outline)
		for glyf.Len()%4 != 0 {
			glyf.WriteByte(0)
		}
		from := 4 * min(old[n], s.font.metrics-1)
		hmtx = binary.BigEndian.AppendUint16(hmtx, be16(s.font.hmtx, from))
		hmtx = binary.BigEndian.AppendUint16(hmtx, be16(s.font.hmtx, s.bearing(old[n])))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(glyf.Len()))
	return assemble(map[string][]byte{
		"glyf": glyf.Bytes(), "loca": loca, "hmtx": hmtx,
		"head": with16(s.font.head, 50, 1), "hhea": with16(s.font.hhea, 34, len(old)), "maxp": with16(s.font.maxp, 4, len(old)),
		"cvt ": s.font.programs[0], "fpgm": s.font.programs[1], "prep": s.font.programs[2],
	})
}

// bearing returns where hmtx keeps the left side bearing of a glyph.
func (s *subset) bearing(glyph int) int {
	if glyph < s.font.metrics {
		return 4*glyph + 2
	}
	return 4*s.font.metrics + 2*(glyph-s.font.metrics)
}

// renumber makes a composed glyph refer to glyphs of the file, and adds its parts to them.
func renumber(outline []byte, old []int) []int {
	if len(outline) < 10 || int16(be16(outline, 0)) >= 0 {
		return old
	}
	for at := 10; at+4 <= len(outline); {
		flags := be16(outline, at)
		if len(old) < maxCodes {
			old = append(old, int(be16(outline, at+2)))
		}
		binary.BigEndian.PutUint16(outline[at+2:], uint16(len(old)-1))
		at += 4 + argumentBytes(flags)
		if flags&moreParts == 0 {
			break
		}
	}
	return old
}

func argumentBytes(flags uint16) int {
	n := 2
	if flags&wordArguments != 0 {
		n = 4
	}
	switch {
	case flags&oneScale != 0:
		n += 2
	case flags&twoScales != 0:
		n += 4
	case flags&fourScales != 0:
		n += 8
	}
	return n
}

// with16 returns a table with one number changed.
func with16(table []byte, at, value int) []byte {
	table = bytes.Clone(table)
	binary.BigEndian.PutUint16(table[at:], uint16(value))
	return table
}

// assemble returns a font file of tables, in order of their tags.
func assemble(tables map[string][]byte) []byte {
	tags := []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}
	kept := tags[:0]
	for _, t := range tags {
		if len(tables[t]) > 0 {
			kept = append(kept, t)
		}
	}
	power, log := 1, 0
	for power*2 <= len(kept) {
		power, log = power*2, log+1
	}
	out := []byte{0, 1, 0, 0}
	for _, n := range []int{len(kept), power * 16, log, len(kept)*16 - power*16} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	at := 12 + 16*len(kept)
	var body []byte
	for _, t := range kept {
		out = append(out, t...)
		for _, n := range []uint32{checksum(tables[t]), uint32(at + len(body)), uint32(len(tables[t]))} {
			out = binary.BigEndian.AppendUint32(out, n)
		}
		body = append(body, tables[t]...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(out, body...)
}

func checksum(table []byte) uint32 {
	var sum uint32
	table = append(bytes.Clone(table), make([]byte, -len(table)&3)...)
	for at := 0; at < len(table); at += 4 {
		sum += binary.BigEndian.Uint32(table[at:])
	}
	return sum
}
