package pdf

import (
	"encoding/binary"
	"errors"
	"sort"
)

// Font is a TrueType font with outlines in a glyf table. It does not change and may be shared.
type Font struct {
	glyf, loca, hmtx, cmap []byte
	head, hhea, maxp       []byte
	programs               [3][]byte // cvt, fpgm, prep: what hinted outlines need
	perEm                  int
	longLoca               bool
	metrics                int // entries of hmtx that have an advance
	glyphs                 int
	wide                   bool // cmap is of format 12, else of format 4
}

// Errors of ReadFont.
var (
	ErrNotFont  = errors.New("not a TrueType font")
	ErrOutlines = errors.New("font has no TrueType outlines")
)

// ReadFont reads a font file, or the first font of a collection. It keeps the data and reads glyphs out of it when they
// are used; a damaged glyph is an empty one.
func ReadFont(data []byte) (*Font, error) {
	at := 0
	if tag(data, 0) == "ttcf" {
		at = int(be32(data, 12))
	}
	switch tag(data, at) {
	case "\x00\x01\x00\x00", "true":
	case "OTTO":
		return nil, ErrOutlines
	default:
		return nil, ErrNotFont
	}
	tables := map[string][]byte{}
	for n := range int(be16(data, at+4)) {
		entry := at + 12 + 16*n
		tables[tag(data, entry)] = part(data, int(be32(data, entry+8)), int(be32(data, entry+12)))
	}
	f := &Font{
		glyf: tables["glyf"], loca: tables["loca"], hmtx: tables["hmtx"], head: tables["head"], hhea: tables["hhea"], maxp: tables["maxp"],
		programs: [3][]byte{tables["cvt "], tables["fpgm"], tables["prep"]},
	}
	f.perEm, f.longLoca = int(be16(f.head, 18)), be16(f.head, 50) != 0
	f.metrics, f.glyphs = int(be16(f.hhea, 34)), int(be16(f.maxp, 4))
	f.findCmap(tables["cmap"])
	switch {
	case len(f.glyf) == 0 || len(f.loca) == 0:
		return nil, ErrOutlines
	case len(f.head) < 54 || len(f.hhea) < 36 || len(f.maxp) < 32 || f.perEm == 0 || f.metrics == 0 || f.cmap == nil:
		return nil, ErrNotFont
	}
	return f, nil
}

// findCmap takes the table that knows most: all of Unicode, else the first 65,536 characters.
func (f *Font) findCmap(all []byte) {
	for n := range int(be16(all, 2)) {
		sub := part(all, int(be32(all, 4+8*n+4)), len(all))
		if sub == nil {
			continue
		}
		platform, encoding := be16(all, 4+8*n), be16(all, 4+8*n+2)
		if platform != 0 && (platform != 3 || encoding != 1 && encoding != 10) {
			continue
		}
		switch be16(sub, 0) {
		case 12:
			f.cmap, f.wide = sub, true
			return
		case 4:
			f.cmap = sub
		}
	}
}

// Has reports whether the font has a glyph for a character.
func (f *Font) Has(r rune) bool { return f.glyph(r) != 0 }

// glyph returns the glyph of a character, 0 for none.
func (f *Font) glyph(r rune) int {
	var g int
	if f.wide {
		g = f.glyphOf12(uint32(r))
	} else if r <= 0xffff {
		g = f.glyphOf4(int(r))
	}
	if g >= f.glyphs {
		return 0
	}
	return g
}

func (f *Font) glyphOf12(r uint32) int {
	groups := min(int(be32(f.cmap, 12)), len(f.cmap)/12)
	n := sort.Search(groups, func(n int) bool { return be32(f.cmap, 16+12*n+4) >= r })
	first := be32(f.cmap, 16+12*n)
	if n == groups || r < first {
		return 0
	}
	return int(be32(f.cmap, 16+12*n+8) + r - first)
}

// glyphOf4 searches four arrays that lie one behind another: last characters, first characters, differences, offsets.
func (f *Font) glyphOf4(r int) int {
	twice := int(be16(f.cmap, 6))
	last, first := 14, 16+twice
	n := sort.Search(twice/2, func(n int) bool { return int(be16(f.cmap, last+2*n)) >= r })
	start := int(be16(f.cmap, first+2*n))
	if n == twice/2 || r < start {
		return 0
	}
	delta, offset := int(be16(f.cmap, first+twice+2*n)), int(be16(f.cmap, first+2*twice+2*n))
	if offset == 0 {
		return (r + delta) & 0xffff
	}
	g := int(be16(f.cmap, first+2*twice+2*n+offset+2*(r-start)))
	if g == 0 {
		return 0
	}
	return (g + delta) & 0xffff
}

// advance returns how far a glyph moves on, in thousandths of the size.
func (f *Font) advance(glyph int) int {
	return int(be16(f.hmtx, 4*min(glyph, f.metrics-1))) * 1000 / f.perEm
}

// outline returns what draws a glyph, empty for a blank one.
func (f *Font) outline(glyph int) []byte {
	if f.longLoca {
		return span(f.glyf, int(be32(f.loca, 4*glyph)), int(be32(f.loca, 4*glyph+4)))
	}
	return span(f.glyf, 2*int(be16(f.loca, 2*glyph)), 2*int(be16(f.loca, 2*glyph+2)))
}

// scaled returns a measure of the font in thousandths of the size.
func (f *Font) scaled(table []byte, at int) int { return int(int16(be16(table, at))) * 1000 / f.perEm }

// Readers of what may be damaged: where there is nothing they return zero.

func be16(b []byte, at int) uint16 {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint16(b[at:])
}

func be32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint32(b[at:])
}

func tag(b []byte, at int) string { return string(part(b, at, 4)) }

// part returns at most so many bytes from a place on.
func part(b []byte, at, size int) []byte {
	if at < 0 || at >= len(b) || size <= 0 {
		return nil
	}
	return b[at:min(len(b), at+size)]
}

// span returns the bytes between two places.
func span(b []byte, from, to int) []byte {
	if from < 0 || to > len(b) || from >= to {
		return nil
	}
	return b[from:to]
}
