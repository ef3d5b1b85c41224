package pdf

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"strconv"
)

// Point is a point of type in millimetres.
const Point = 25.4 / 72

// Page is a page being drawn. It belongs to its file until it is done.
type Page struct {
	file          *File
	width, height float64
	content       bytes.Buffer
	fonts         map[*subset]bool
	pictures      []ref
}

// Page begins a page of a size.
func (f *File) Page(width, height float64) *Page {
	return &Page{file: f, width: width, height: height, fonts: map[*subset]bool{}}
}

// Done writes the page; it may not be drawn on any more.
func (p *Page) Done() error {
	content, page := p.file.reserve(), p.file.reserve()
	p.file.stream(content, "", p.content.Bytes())
	var fonts, pictures string
	for _, s := range p.file.order {
		if p.fonts[s] {
			fonts += fmt.Sprintf("/%s %d 0 R ", s.name, s.at)
		}
	}
	for n, at := range p.pictures {
		pictures += fmt.Sprintf("/I%d %d 0 R ", n+1, at)
	}
	p.file.put(page, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /Resources << /Font << %s>> /XObject << %s>> >> >>",
		tree, number(p.width/Point), number(p.height/Point), content, fonts, pictures))
	p.file.pages = append(p.file.pages, page)
	return p.file.err
}

// number writes a length as short as it is exact.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

func (p *Page) x(mm float64) string { return number(mm / Point) }
func (p *Page) y(mm float64) string { return number((p.height - mm) / Point) }

// Line draws a straight line as wide as so many points.
func (p *Page) Line(x1, y1, x2, y2, points float64) {
	fmt.Fprintf(&p.content, "%s w %s %s m %s %s l S\n", number(points), p.x(x1), p.y(y1), p.x(x2), p.y(y2))
}

// Frame draws a rectangle's four sides.
func (p *Page) Frame(x, y, width, height, points float64) {
	fmt.Fprintf(&p.content, "%s w %s %s %s %s re S\n", number(points), p.x(x), p.y(y+height), p.x(width), p.x(height))
}

// Fill fills a rectangle with a grey between 0, black, and 1, white.
func (p *Page) Fill(x, y, width, height, grey float64) {
	fmt.Fprintf(&p.content, "%s g %s %s %s %s re f 0 g\n", number(grey), p.x(x), p.y(y+height), p.x(width), p.x(height))
}

// Text is what is written in one go.
type Text struct {
	Font   *Font
	Size   float64 // in points
	Drawn  string
	Copied string // what is read and copied in its place; empty for what is drawn
}

// Width returns how wide a text is.
func (t Text) Width() float64 {
	sum := 0
	for _, r := range t.Drawn {
		sum += t.Font.advance(t.Font.glyph(r))
	}
	return float64(sum) / 1000 * t.Size * Point
}

// Write writes a text from x on, its baseline at y, and returns where it ends.
func (p *Page) Write(x, y float64, t Text) float64 {
	if t.Drawn == "" {
		return x
	}
	s := p.file.subsetOf(t.Font)
	p.fonts[s] = true
	if t.Copied != "" {
		fmt.Fprintf(&p.content, "/Span << /ActualText %s >> BDC\n", utf16Text(t.Copied))
	}
	fmt.Fprintf(&p.content, "BT /%s %s Tf %s %s Td <", s.name, number(t.Size), p.x(x), p.y(y))
	for _, r := range t.Drawn {
		fmt.Fprintf(&p.content, "%04X", s.code(r))
	}
	p.content.WriteString("> Tj ET\n")
	if t.Copied != "" {
		p.content.WriteString("EMC\n")
	}
	return x + t.Width()
}

// Picture draws a picture, in greys on white, into a rectangle.
func (p *Page) Picture(x, y, width, height float64, picture image.Image) {
	b := picture.Bounds()
	grey := make([]byte, 0, b.Dx()*b.Dy())
	for row := b.Min.Y; row < b.Max.Y; row++ {
		for column := b.Min.X; column < b.Max.X; column++ {
			grey = append(grey, onWhite(picture.At(column, row)))
		}
	}
	at := p.file.reserve()
	p.file.stream(at, fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8", b.Dx(), b.Dy()), grey)
	p.pictures = append(p.pictures, at)
	fmt.Fprintf(&p.content, "q %s 0 0 %s %s %s cm /I%d Do Q\n", p.x(width), p.x(height), p.x(x), p.y(y+height), len(p.pictures))
}

// onWhite returns how grey a colour looks on white paper.
func onWhite(c color.Color) byte {
	r, g, b, alpha := c.RGBA()                         // of what is there: colours carry their alpha
	grey := (19595*r + 38470*g + 7471*b + 1<<15) >> 16 // as package color has it
	return byte((grey + 0xffff - alpha) >> 8)
}
