package paper

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"

	"zoucun/internal/qr"
	"zoucun/report"
	"zoucun/report/pdf"
)

// MostSheets is how many documents one workbook or text document holds: more than that an office program opens slowly.
const MostSheets = 200

// ErrTooMany says that a file would hold more documents than MostSheets.
var ErrTooMany = errors.New("more documents than one file holds")

// Workbook writes documents into an .xlsx file, a sheet each, in the grid they have on paper: merged cells, heights,
// page and headings set up for printing. Every cell is text. A cell that has more text than room has all of it, and every
// character is the one it is: the office program brings the type.
func Workbook(w io.Writer, fonts *Fonts, documents []Document) error {
	if len(documents) > MostSheets {
		return ErrTooMany
	}
	fonts = fonts.forOne()
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // nothing is on disk
	names := report.SheetNames{}
	for n, d := range documents {
		name := names.Next(d.Name)
		var err error
		if n == 0 {
			err = book.SetSheetName("Sheet1", name)
		} else {
			_, err = book.NewSheet(name)
		}
		if err == nil {
			err = (&sheetWriter{book: book, sheet: name, fonts: fonts, d: d, styles: map[cellStyle]int{}}).write()
		}
		if err != nil {
			return fmt.Errorf("write sheet %d: %w", n+1, err)
		}
	}
	if err := book.SetDocProps(&excelize.DocProperties{Creator: "走村", Title: documents[0].Name}); err != nil {
		return fmt.Errorf("name workbook: %w", err)
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// sheetWriter writes one document into a sheet. The sheet's columns are cut wherever a column of one of the document's
// grids ends.
type sheetWriter struct {
	book   *excelize.File
	sheet  string
	fonts  *Fonts
	d      Document
	edges  []float64
	row    int // the last written, counted from 1
	styles map[cellStyle]int
	head   [2]int // rows that stand on every page again
}

// cellStyle is how a cell looks.
type cellStyle struct {
	size                float64
	bold, lined         bool
	horizontal, upright string
}

func (s *sheetWriter) write() error {
	s.findEdges()
	for n := 1; n < len(s.edges); n++ {
		name, err := excelize.ColumnNumberToName(n)
		if err != nil {
			return err
		}
		if err := s.book.SetColWidth(s.sheet, name, name, columnWidth(s.edges[n]-s.edges[n-1])); err != nil {
			return err
		}
	}
	for _, block := range s.d.Blocks {
		if err := s.block(block); err != nil {
			return err
		}
	}
	return s.setUpPage()
}

// columnWidth turns millimetres into widths of the digit 0 in the standard type, 7 dots of 96 to the inch, after 5 dots of
// margin (ECMA-376, 18.3.1.13).
func columnWidth(mm float64) float64 { return max(0.5, (mm/25.4*96-5)/7) }

// findEdges collects where columns end, those closer than half a millimetre together as one.
func (s *sheetWriter) findEdges() {
	edges := []float64{0, s.d.Wide()}
	for _, block := range s.d.Blocks {
		if g, ok := block.(Grid); ok {
			at := 0.0
			for _, w := range g.Columns {
				at += w
				edges = append(edges, at)
			}
		}
	}
	slices.Sort(edges)
	s.edges = slices.CompactFunc(edges, func(a, b float64) bool { return math.Abs(b-a) < 0.5 })
}

// edge returns the column that begins at a place, counted from 1.
func (s *sheetWriter) edge(at float64) int {
	for n, e := range s.edges {
		if math.Abs(e-at) < 0.5 {
			return n + 1
		}
	}
	return len(s.edges)
}

func (s *sheetWriter) block(block Block) error {
	switch b := block.(type) {
	case Title:
		return s.title(b)
	case Line:
		return s.ends(b)
	case Text:
		st := cellStyle{size: b.size(), bold: b.Bold, horizontal: "left", upright: "center"}
		if b.Centre {
			st.horizontal = "center"
		}
		if b.Indent {
			b.Text = "　　" + strings.ReplaceAll(b.Text, "\n", "\n　　")
		}
		return s.wholeRow(b.Text, st, 0)
	case Break:
		return s.book.InsertPageBreak(s.sheet, fmt.Sprintf("A%d", s.row+1))
	case Grid:
		return s.grid(b)
	}
	return nil
}

func (s *sheetWriter) title(t Title) error {
	err := s.wholeRow(t.Text, cellStyle{size: Size2, bold: true, horizontal: "center", upright: "center"}, titleHigh)
	if err != nil || t.Code == "" {
		return err
	}
	code, err := qr.PNG(t.Code)
	if err != nil {
		return err
	}
	at, err := excelize.CoordinatesToCellName(max(1, s.edge(s.edges[len(s.edges)-1])-2), s.row)
	if err != nil {
		return err
	}
	size, err := png.DecodeConfig(bytes.NewReader(code))
	if err != nil {
		return err
	}
	scale := titleHigh / 25.4 * 96 / float64(size.Height)
	return s.book.AddPictureFromBytes(s.sheet, at, &excelize.Picture{
		Extension: ".png", File: code,
		Format: &excelize.GraphicOptions{ScaleX: scale, ScaleY: scale, Positioning: "oneCell", AltText: "编号"},
	})
}

// ends writes a line with words at both ends: the left one has half of the sheet, the right one the other.
func (s *sheetWriter) ends(l Line) error {
	s.row++
	middle := max(1, len(s.edges)/2)
	left := cellStyle{size: Size5, horizontal: "left", upright: "center"}
	right := left
	right.horizontal = "right"
	if err := s.cell(1, s.row, middle, s.row, l.Left, left); err != nil {
		return err
	}
	if middle < len(s.edges)-1 {
		if err := s.cell(middle+1, s.row, len(s.edges)-1, s.row, l.Right, right); err != nil {
			return err
		}
	}
	return s.height(s.row, lineHigh)
}

// wholeRow writes a text over the whole width.
func (s *sheetWriter) wholeRow(text string, st cellStyle, height float64) error {
	s.row++
	if err := s.cell(1, s.row, len(s.edges)-1, s.row, text, st); err != nil {
		return err
	}
	return s.height(s.row, max(height, s.needed(text, st.size, s.d.Wide())))
}

// needed returns how high a text stands in a cell of a width. Office programs set it in type of their own, a little wider.
func (s *sheetWriter) needed(text string, size, width float64) float64 {
	st := style{size: size}
	return float64(len(s.fonts.wrap(text, st, max(4, width*0.94-2*padSide))))*st.pitch()*1.05 + 2*padTop
}

// highest is what a row of a sheet may have, in points.
const highest = 409

func (s *sheetWriter) height(row int, mm float64) error {
	return s.book.SetRowHeight(s.sheet, row, min(highest, mm/pdf.Point))
}

func (s *sheetWriter) grid(g Grid) error {
	first := s.row + 1
	if g.Head > 0 && s.head[0] == 0 {
		s.head = [2]int{first, first + g.Head - 1}
	}
	s.row += len(g.Rows)
	heights := make([]float64, len(g.Rows))
	for n, row := range g.Rows {
		heights[n] = row.Height
	}
	starts := make([]float64, len(g.Columns)+1)
	for n, w := range g.Columns {
		starts[n+1] = starts[n] + w
	}
	for _, c := range g.place() {
		last := min(len(g.Columns), c.column+c.cols())
		from, to := s.edge(starts[c.column]), s.edge(starts[last])-1
		bottom := min(len(g.Rows), c.row+c.down()) - 1
		c.Size = s.fonts.sizeIn(g, c)
		if err := s.cell(from, first+c.row, to, first+bottom, c.Text, styleOf(c.Cell)); err != nil {
			return err
		}
		need := s.needed(c.Text, c.Size, starts[last]-starts[c.column])
		for n := c.row; n < bottom; n++ {
			need -= heights[n]
		}
		heights[bottom] = max(heights[bottom], need)
	}
	for n, h := range heights {
		if err := s.height(first+n, h); err != nil {
			return err
		}
	}
	return nil
}

func styleOf(c Cell) cellStyle {
	st := cellStyle{size: c.size(), bold: c.Label, lined: true, horizontal: "left", upright: "center"}
	switch {
	case c.Label || c.Centre:
		st.horizontal = "center"
	case c.Right:
		st.horizontal = "right"
	}
	if c.Top {
		st.upright = "top"
	}
	return st
}

// cell writes a cell that spans columns and rows, both ends included.
func (s *sheetWriter) cell(left, top, right, bottom int, text string, st cellStyle) error {
	from, err := excelize.CoordinatesToCellName(left, top)
	if err != nil {
		return err
	}
	to, err := excelize.CoordinatesToCellName(max(left, right), max(top, bottom))
	if err != nil {
		return err
	}
	number, err := s.style(st)
	if err != nil {
		return err
	}
	if from != to {
		if err := s.book.MergeCell(s.sheet, from, to); err != nil {
			return err
		}
	}
	if err := s.book.SetCellStyle(s.sheet, from, to, number); err != nil {
		return err
	}
	return s.book.SetCellStr(s.sheet, from, report.Fitting(strings.Map(shown, text)))
}

// shown drops control characters, which no sheet can hold.
func shown(r rune) rune {
	if unicode.IsControl(r) && r != '\n' {
		return -1
	}
	return r
}

// style returns the number of a style, and makes it at its first use.
func (s *sheetWriter) style(st cellStyle) (int, error) {
	if number, made := s.styles[st]; made {
		return number, nil
	}
	family := "仿宋"
	if st.bold {
		family = "黑体"
	}
	look := &excelize.Style{
		NumFmt: 49, Font: &excelize.Font{Family: family, Size: st.size, Bold: st.bold && st.size > Size5},
		Alignment: &excelize.Alignment{Horizontal: st.horizontal, Vertical: st.upright, WrapText: true},
	}
	if st.lined {
		for _, side := range []string{"left", "top", "right", "bottom"} {
			look.Border = append(look.Border, excelize.Border{Type: side, Color: "000000", Style: 1})
		}
	}
	number, err := s.book.NewStyle(look)
	s.styles[st] = number
	return number, err
}

// setUpPage makes the sheet print as the paper is: A4, one page wide, headings on every page, only what was written.
func (s *sheetWriter) setUpPage() error {
	orientation, side, top := "portrait", MarginSide/25.4, MarginTop/25.4
	if s.d.Landscape {
		orientation, side, top = "landscape", LandscapeCut/25.4, LandscapeTop/25.4
	}
	a4, one, any, fit, centred := 9, 1, 0, true, true
	if err := s.book.SetPageLayout(s.sheet, &excelize.PageLayoutOptions{
		Size: &a4, Orientation: &orientation, FitToWidth: &one, FitToHeight: &any,
	}); err != nil {
		return err
	}
	if err := s.book.SetSheetProps(s.sheet, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	foot := 8 / 25.4
	if err := s.book.SetPageMargins(s.sheet, &excelize.PageLayoutMarginsOptions{
		Left: &side, Right: &side, Top: &top, Bottom: &top, Footer: &foot, Horizontally: &centred,
	}); err != nil {
		return err
	}
	if s.d.Numbered {
		if err := s.book.SetHeaderFooter(s.sheet, &excelize.HeaderFooterOptions{OddFooter: "&C— &P —"}); err != nil {
			return err
		}
	}
	return s.names()
}

// names bounds what is printed, and says which rows stand on every page.
func (s *sheetWriter) names() error {
	last, err := excelize.ColumnNumberToName(len(s.edges) - 1)
	if err != nil {
		return err
	}
	quoted := "'" + s.sheet + "'"
	area := fmt.Sprintf("%s!$A$1:$%s$%d", quoted, last, s.row)
	if err := s.book.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: area, Scope: s.sheet}); err != nil {
		return err
	}
	if s.head[0] == 0 {
		return nil
	}
	titles := fmt.Sprintf("%s!$%d:$%d", quoted, s.head[0], s.head[1])
	return s.book.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: s.sheet})
}
