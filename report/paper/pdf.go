package paper

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"zoucun/internal/qr"
	"zoucun/report/pdf"
)

// Widths of lines, in points.
const (
	thin  = 0.5
	frame = 1
	ruled = 0.25
)

// Space around the text of a cell, and the width from which on it has more at its sides.
const (
	padSide = 0.8
	padWide = 1.5
	wideOne = 60
	padTop  = 0.7
)

func padOf(width float64) float64 {
	if width < wideOne {
		return padSide
	}
	return padWide
}

// within returns how wide a text may be in a cell of a width.
func within(width float64) float64 { return width - 2*padOf(width) }

// PDF writes documents into one file, each on a page of its own, and forgets each when it is written: there may be any
// number. It says after each how many are done, and stops when ctx ends or a document cannot be had.
func PDF(ctx context.Context, w io.Writer, fonts *Fonts, name string, documents iter.Seq2[Document, error], tell func(done int)) error {
	file, fonts := pdf.New(w, name), fonts.forOne()
	done := 0
	for document, err := range documents {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = (&setter{file: file, fonts: fonts, d: document}).set()
		}
		if err != nil {
			return err
		}
		if done++; tell != nil {
			tell(done)
		}
	}
	return file.Close()
}

// setter sets one document.
type setter struct {
	file   *pdf.File
	fonts  *Fonts
	d      Document
	page   *pdf.Page
	pages  int
	y      float64 // where the next block begins
	draft  bool    // some character has no glyph
	rest   []continuation
	failed error
	gone   []rune // without a glyph, on this page
}

// continuation is what a cell has no room for.
type continuation struct {
	mark, name, text string
	page             int
}

func (s *setter) set() error {
	s.draft = len(s.fonts.Missing(s.d)) > 0
	s.begin()
	for _, block := range s.d.Blocks {
		s.set1(block)
	}
	s.set1(Rest{})
	s.end()
	if s.d.BothSides && s.pages%2 == 1 {
		s.page = s.file.Page(s.wide(), s.high())
		s.finish()
	}
	return s.failed
}

func (s *setter) set1(block Block) {
	switch b := block.(type) {
	case Title:
		s.title(b)
	case Line:
		s.line(b)
	case Text:
		s.text(b)
	case Break:
		s.turn()
	case Rest:
		s.goOn()
	case Grid:
		(&gridSetter{setter: s, g: b}).set()
	}
}

func (s *setter) wide() float64 {
	if s.d.Landscape {
		return long
	}
	return short
}

func (s *setter) high() float64 { return long + short - s.wide() }

func (s *setter) left() float64 { return (s.wide() - s.d.Wide()) / 2 }

func (s *setter) top() float64 {
	if s.d.Landscape {
		return LandscapeTop
	}
	return MarginTop
}

// bottom is where blocks end; what belongs to the page itself stands below.
func (s *setter) bottom() float64 { return s.high() - s.top() }

func (s *setter) begin() {
	s.page = s.file.Page(s.wide(), s.high())
	s.pages++
	s.y = s.top()
	if s.draft {
		s.write(s.left(), s.top()-4, "非正式件", style{size: SizeSmall5, bold: true})
	}
}

func (s *setter) turn() {
	s.end()
	s.begin()
}

// end writes what belongs to the page itself.
func (s *setter) end() {
	foot := style{size: SizeSmall5}
	if len(s.gone) > 0 {
		note := draftNote(s.gone)
		for n, l := range s.fonts.wrap(note, foot, s.d.Wide()-30) {
			s.write(s.left(), s.bottom()+4+float64(n)*foot.pitch(), l.text, foot)
		}
		s.gone = nil
	}
	if s.d.Numbered {
		number := fmt.Sprintf("— %d —", s.pages)
		numbers := style{size: Size4}
		x := s.left() + numbers.size*pdf.Point // one character from the edge of the text: left on even pages, right on odd
		if s.pages%2 == 1 {
			x = s.left() + s.d.Wide() - s.fonts.width(number, numbers) - numbers.size*pdf.Point
		}
		s.write(x, s.bottom()+7+numbers.size*pdf.Point, number, numbers)
	}
	s.finish()
}

// draftNote says which characters have no glyph.
func draftNote(missing []rune) string {
	var codes []string
	for _, r := range missing {
		codes = append(codes, fmt.Sprintf("U+%04X", r))
	}
	return "〓：字库里没有这个字（" + strings.Join(codes, "、") + "），请照证件手写补上；补上以前本件不是正式件。"
}

func (s *setter) finish() {
	if err := s.page.Done(); err != nil && s.failed == nil {
		s.failed = err
	}
}

// write writes a line with its baseline at y.
func (s *setter) write(x, y float64, text string, st style) {
	for _, run := range s.fonts.runs(text, st) {
		if run.Copied != "" && !slices.Contains(s.gone, []rune(run.Copied)[0]) {
			s.gone = append(s.gone, []rune(run.Copied)[0])
		}
		x = s.page.Write(x, y, run)
	}
}

// room begins a new page where there is no room of a height.
func (s *setter) room(height float64) {
	if s.y+height > s.bottom()+0.01 && s.y > s.top() {
		s.turn()
	}
}

// Heights of the head of a paper.
const (
	codeSide  = 17
	titleHigh = 13
	lineHigh  = 7
)

func (s *setter) title(t Title) {
	st := style{size: Size2, bold: true}
	wide := s.d.Wide()
	if t.Code != "" {
		if code, err := qr.Modules(t.Code); err == nil {
			s.page.Picture(s.left()+wide-codeSide, s.y-6, codeSide, codeSide, code)
		}
		wide -= 2 * codeSide
	}
	for s.fonts.width(t.Text, st) > wide && st.size > Size4 {
		st.size--
	}
	for _, l := range s.fonts.wrap(t.Text, st, wide) {
		s.write(s.left()+(s.d.Wide()-s.fonts.width(l.text, st))/2, s.y+st.size*pdf.Point, l.text, st)
		s.y += st.pitch()
	}
	s.y += titleHigh - style{size: Size2}.pitch()
}

func (s *setter) line(l Line) {
	st := style{size: Size5}
	s.room(lineHigh)
	s.y += lineHigh
	s.write(s.left(), s.y-2, l.Left, st)
	s.write(s.left()+s.d.Wide()-s.fonts.width(l.Right, st), s.y-2, l.Right, st)
}

func (s *setter) text(t Text) {
	st := style{size: t.size(), bold: t.Bold}
	text := t.Text
	if t.Indent {
		text = "　　" + strings.ReplaceAll(text, "\n", "\n　　")
	}
	s.y += gap
	for _, l := range s.fonts.wrap(text, st, s.d.Wide()) {
		s.room(st.pitch())
		x := s.left()
		if t.Centre {
			x += (s.d.Wide() - s.fonts.width(l.text, st)) / 2
		}
		s.y += st.pitch()
		s.write(x, s.y-st.pitch()*0.25, l.text, st)
	}
	s.y += gap
}

// gap is how far a paragraph stands from what is around it.
const gap = 1

// marks are how continuations are numbered.
func mark(n int) string {
	if n < 20 {
		return string(rune('①' + n))
	}
	return fmt.Sprintf("（%d）", n+1)
}

// goOn writes what cells had no room for.
func (s *setter) goOn() {
	if len(s.rest) == 0 {
		return
	}
	g := Grid{Columns: []float64{36, s.d.Wide() - 36}, Head: 1, Rows: []Row{{Height: 7, Cells: []Cell{{Text: "续", Label: true, Cols: 2}}}}}
	for _, c := range s.rest {
		g.Rows = append(g.Rows, Row{Height: 8, Cells: []Cell{
			{Text: fmt.Sprintf("%s 接第%d页\n%s", c.mark, c.page, c.name), Label: true, Size: SizeSmall5}, {Text: "……" + c.text},
		}})
	}
	s.rest = nil
	s.y += 2 * gap
	s.room(20)
	s.set1(g)
}

// picture draws a picture of a cell whose upper left corner is at x, y.
func (s *setter) picture(x, y float64, p Picture) {
	b := p.Image.Bounds()
	if b.Empty() {
		return
	}
	scale := min(p.Wide/float64(b.Dx()), p.High/float64(b.Dy()))
	w, h := float64(b.Dx())*scale, float64(b.Dy())*scale
	s.page.Picture(x+p.Left+(p.Wide-w)/2, y+p.Top+(p.High-h)/2, w, h, p.Image)
}
