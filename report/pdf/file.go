package pdf

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// ref is the number of an object of the file.
type ref int

// File is a PDF file being written. Its methods are for one goroutine.
type File struct {
	out     *bufio.Writer
	written int64
	offsets []int64 // by number, from 1
	pages   []ref
	tree    ref
	subsets map[*Font]*subset
	order   []*subset
	squeeze *zlib.Writer
	err     error // the first, after which nothing is written
}

// Reserved numbers.
const catalog, tree ref = 1, 2

// New begins a file. Its title is what a window or a printer's list shows.
func New(w io.Writer, title string) *File {
	f := &File{out: bufio.NewWriterSize(w, 1<<16), offsets: make([]int64, tree), tree: tree, subsets: map[*Font]*subset{}}
	f.squeeze, _ = zlib.NewWriterLevel(nil, zlib.DefaultCompression)
	f.write("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	f.put(catalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang (zh-CN) /ViewerPreferences << /DisplayDocTitle true >> >>", tree))
	f.put(f.reserve(), "<< /Title "+utf16Text(title)+" >>") // number 3
	return f
}

func (f *File) reserve() ref {
	f.offsets = append(f.offsets, 0)
	return ref(len(f.offsets))
}

func (f *File) write(s string) {
	if f.err != nil {
		return
	}
	n, err := f.out.WriteString(s)
	f.written += int64(n)
	f.err = err
}

// put writes an object.
func (f *File) put(number ref, body string) {
	f.offsets[number-1] = f.written
	f.write(fmt.Sprintf("%d 0 obj\n%s\nendobj\n", number, body))
}

// stream writes data, compressed, as an object with what else is to be said of it.
func (f *File) stream(number ref, facts string, data []byte) {
	var small bytes.Buffer
	f.squeeze.Reset(&small)
	_, _ = f.squeeze.Write(data) // into memory
	_ = f.squeeze.Close()
	f.put(number, fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", facts, small.Len(), small.Bytes()))
}

// subsetOf returns what is used of a font.
func (f *File) subsetOf(font *Font) *subset {
	s := f.subsets[font]
	if s == nil {
		s = &subset{font: font, runes: []rune{0}, codes: map[rune]int{}, at: f.reserve(), name: fmt.Sprintf("F%d", len(f.order)+1)}
		f.subsets[font] = s
		f.order = append(f.order, s)
	}
	return s
}

// Pages returns how many pages are finished.
func (f *File) Pages() int { return len(f.pages) }

// Close writes the fonts and the table of contents. It does not close what the file is written to.
func (f *File) Close() error {
	for _, s := range f.order {
		f.putFont(s)
	}
	var kids strings.Builder
	for _, page := range f.pages {
		fmt.Fprintf(&kids, "%d 0 R\n", page)
	}
	f.put(tree, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [\n%s] >>", len(f.pages), kids.String()))
	start := f.written
	f.write(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1))
	for _, offset := range f.offsets {
		f.write(fmt.Sprintf("%010d 00000 n \n", offset))
	}
	f.write(fmt.Sprintf("trailer\n<< /Size %d /Root %d 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets)+1, catalog, start))
	if f.err == nil {
		f.err = f.out.Flush()
	}
	if f.err != nil {
		return fmt.Errorf("write pdf: %w", f.err)
	}
	return nil
}

// putFont writes a font: Type 0 over CIDFontType2, with codes that are glyphs of the subset.
func (f *File) putFont(s *subset) {
	descendant, descriptor, program, unicode := f.reserve(), f.reserve(), f.reserve(), f.reserve()
	name := fmt.Sprintf("ZCSUB%c+%s", 'A'+(len(s.name)+int(s.at))%26, s.name)
	f.put(s.at, fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>",
		name, descendant, unicode))
	f.put(descendant, fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"+
		" /FontDescriptor %d 0 R /CIDToGIDMap /Identity /DW 1000 /W [%s] >>", name, descriptor, widths(s)))
	head, hhea := s.font.head, s.font.hhea
	f.put(descriptor, fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d"+
		" /CapHeight %d /StemV 80 /FontFile2 %d 0 R >>", name, s.font.scaled(head, 36), s.font.scaled(head, 38), s.font.scaled(head, 40),
		s.font.scaled(head, 42), s.font.scaled(hhea, 4), s.font.scaled(hhea, 6), s.font.scaled(hhea, 4), program))
	data := s.program()
	f.stream(program, fmt.Sprintf("/Length1 %d", len(data)), data)
	f.stream(unicode, "", toUnicode(s.runes))
}

// widths lists the codes that are not as wide as the type is high.
func widths(s *subset) string {
	var b strings.Builder
	for code, r := range s.runes {
		if w := s.font.advance(s.font.glyph(r)); code > 0 && w != 1000 {
			fmt.Fprintf(&b, "%d [%d] ", code, w)
		}
	}
	return b.String()
}

// toUnicode is the CMap that says which character each code reads (ISO 32000-1, 9.10.3; Adobe Technical Note 5411): at
// most a hundred to a block, in UTF-16, so that those beyond U+FFFF are pairs.
func toUnicode(runes []rune) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for first := 1; first < len(runes); first += 100 {
		last := min(first+100, len(runes))
		fmt.Fprintf(&b, "%d beginbfchar\n", last-first)
		for code := first; code < last; code++ {
			fmt.Fprintf(&b, "<%04X> <%s>\n", code, utf16Hex(string(runes[code])))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

func utf16Hex(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String()
}

// utf16Text is a string of the file in UTF-16 with its mark.
func utf16Text(s string) string { return "<FEFF" + utf16Hex(s) + ">" }
