package paper

import "image"

// Sizes of type by their Chinese names, in points.
const (
	Size2      = 22   // 二号
	Size3      = 16   // 三号
	Size4      = 14   // 四号
	SizeSmall4 = 12   // 小四
	Size5      = 10.5 // 五号
	SizeSmall5 = 9    // 小五
	Size6      = 7.5  // 六号
)

// A4, and how far what is printed stays from its edges.
const (
	long, short  = 297, 210
	MarginTop    = 20
	MarginSide   = 18
	PortraitWide = short - 2*MarginSide // of what is printed
	LandscapeTop = MarginSide
	LandscapeCut = MarginTop
	// LandscapeWide is the width of what is printed on a paper that lies.
	LandscapeWide = long - 2*LandscapeCut
)

// Document is one paper.
type Document struct {
	Name      string // what it is, as in 群众工作调查表: a file's title and a sheet's name; nothing personal
	Landscape bool
	Numbered  bool // pages carry — 1 —
	BothSides bool // it is a sheet of its own where pages are printed on both sides
	Blocks    []Block
}

// Wide returns the width of what is printed.
func (d Document) Wide() float64 {
	if d.Landscape {
		return LandscapeWide
	}
	return PortraitWide
}

// Block is a part of a document: Title, Line, Grid, Text, Break or Rest.
type Block interface{ block() }

// Title is the name of a paper at its head, with a QR code at its right where there is something to read by one.
type Title struct {
	Text string
	Code string
}

// Line is a line with words at both ends.
type Line struct{ Left, Right string }

// Text is a paragraph.
type Text struct {
	Text   string
	Size   float64 // 0 for 五号
	Bold   bool
	Centre bool
	Indent bool // by two characters
}

// Break begins a new page.
type Break struct{}

// Rest is where the texts go on that a cell of fixed height has no room for. Without one they go to the end.
type Rest struct{}

// Grid is a table.
type Grid struct {
	Columns []float64 // widths
	Rows    []Row
	Head    int // so many rows stand on every page again
}

// Row is a row of a grid.
type Row struct {
	Height float64 // at least so high
	Fixed  bool    // and no higher: what a cell has no room for goes to Rest
	Cells  []Cell
}

// Cell is a cell of a grid.
type Cell struct {
	Text    string
	Cols    int  // columns it spans; 0 for one
	Down    int  // rows it spans; 0 for one
	Label   bool // 黑体, centred
	Centre  bool
	Right   bool
	Top     bool    // its text begins at the upper edge
	Size    float64 // 0 for 五号
	Ruled   int     // it is ruled for writing into so many lines; text stands on them while it has no more
	Name    string  // what a text that goes on elsewhere is called there
	Picture *Picture
}

// Picture is drawn in a cell, as large as its place there allows.
type Picture struct {
	Image                 image.Image
	Left, Top, Wide, High float64 // its place, from the cell's upper left corner
}

func (Title) block() {}
func (Line) block()  {}
func (Text) block()  {}
func (Break) block() {}
func (Rest) block()  {}
func (Grid) block()  {}

// cols returns how many columns the cell spans.
func (c Cell) cols() int { return max(1, c.Cols) }

// down returns how many rows the cell spans.
func (c Cell) down() int { return max(1, c.Down) }

// size returns the size of the cell's type.
func (c Cell) size() float64 {
	if c.Size == 0 {
		return Size5
	}
	return c.Size
}

// size returns the size of the paragraph's type.
func (t Text) size() float64 {
	if t.Size == 0 {
		return Size5
	}
	return t.Size
}

// placed is a cell with where it stands.
type placed struct {
	Cell

	row, column int
}

// place finds the column of every cell: those that cells further up reach down into are taken.
func (g Grid) place() []placed {
	taken := map[[2]int]bool{}
	var cells []placed
	for r, row := range g.Rows {
		column := 0
		for _, cell := range row.Cells {
			for taken[[2]int{r, column}] {
				column++
			}
			for down := range cell.down() {
				for across := range cell.cols() {
					taken[[2]int{r + down, column + across}] = true
				}
			}
			cells = append(cells, placed{Cell: cell, row: r, column: column})
			column += cell.cols()
		}
	}
	return cells
}

// texts returns everything the document says.
func (d Document) texts() []string {
	var all []string
	for _, block := range d.Blocks {
		switch b := block.(type) {
		case Title:
			all = append(all, b.Text)
		case Line:
			all = append(all, b.Left, b.Right)
		case Text:
			all = append(all, b.Text)
		case Grid:
			for _, row := range b.Rows {
				for _, cell := range row.Cells {
					all = append(all, cell.Text)
				}
			}
		}
	}
	return all
}
