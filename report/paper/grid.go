package paper

import (
	"zoucun/report/pdf"
)

// gridSetter sets one grid.
type gridSetter struct {
	*setter

	g     Grid
	cells []placed
	from  float64 // where its part on this page begins
}

func (g *gridSetter) set() {
	g.cells = g.g.place()
	g.from = g.y
	for first := 0; first < len(g.g.Rows); {
		last := g.group(first)
		g.setRows(first, last)
		first = last
	}
	g.outline()
}

// group returns the row after those that cells tie to the row first.
func (g *gridSetter) group(first int) int {
	last := first + 1
	for _, c := range g.cells {
		if c.row >= first && c.row < last {
			last = max(last, c.row+c.down())
		}
	}
	return min(last, len(g.g.Rows))
}

// outline draws the frame around the part of the grid on this page.
func (g *gridSetter) outline() {
	if g.y > g.from {
		g.page.Frame(g.left(), g.from, g.span(0, len(g.g.Columns)), g.y-g.from, frame)
	}
}

func (g *gridSetter) span(column, count int) float64 {
	sum := 0.0
	for _, w := range g.g.Columns[column:min(len(g.g.Columns), column+count)] {
		sum += w
	}
	return sum
}

// turnWithin goes on with the grid on a new page, under its head.
func (g *gridSetter) turnWithin(next int) {
	g.outline()
	g.turn()
	g.from = g.y
	if next >= g.g.Head {
		for row := range g.g.Head {
			g.drawRows(row, row+1, g.heights(row, row+1), nil)
		}
	}
}

// setRows sets rows that belong together. One row alone that is too high for a page is cut between lines.
func (g *gridSetter) setRows(first, last int) {
	heights := g.heights(first, last)
	sum := 0.0
	for _, h := range heights {
		sum += h
	}
	if g.y+sum > g.bottom()+0.01 && g.fitsOnePage(sum) && g.y > g.top() {
		g.turnWithin(first)
	}
	if g.y+sum <= g.bottom()+0.01 || last-first > 1 {
		g.drawRows(first, last, heights, nil)
		return
	}
	g.cutRow(first)
}

// fitsOnePage reports whether so much has room on a page of its own. What needs more than a third of one may be cut all
// the same, lest pages stay half empty.
func (g *gridSetter) fitsOnePage(height float64) bool { return height < (g.bottom()-g.top())/3 }

// cutRow sets one row on as many pages as it needs.
func (g *gridSetter) cutRow(row int) {
	left := map[int][]line{}
	for n, c := range g.cells {
		if c.row == row {
			left[n] = g.fonts.wrap(c.Text, g.style(c), g.inner(c))
		}
	}
	for {
		part, height, more := g.partOf(left, g.bottom()-g.y)
		if height == 0 || g.g.Rows[row].Height > g.bottom()-g.y && g.y > g.top() && !more {
			g.turnWithin(row)
			continue
		}
		g.drawRows(row, row+1, []float64{max(height, min(g.g.Rows[row].Height, g.bottom()-g.y))}, part)
		if !more {
			return
		}
		g.turnWithin(row)
	}
}

// partOf takes as many lines of each cell as have room.
func (g *gridSetter) partOf(left map[int][]line, room float64) (part map[int][]line, height float64, more bool) {
	part = map[int][]line{}
	for n, lines := range left {
		pitch := g.style(g.cells[n]).pitch()
		fit := min(len(lines), max(0, int((room-2*padTop)/pitch)))
		part[n], left[n] = lines[:fit], lines[fit:]
		if fit > 0 {
			height = max(height, float64(fit)*pitch+2*padTop)
		}
		more = more || fit < len(lines)
	}
	return part, height, more
}

func (g *gridSetter) style(c placed) style { return style{size: c.size(), bold: c.Label} }

// inner is how wide the text of a cell may be.
func (g *gridSetter) inner(c placed) float64 { return within(g.span(c.column, c.cols())) }

// heights returns how high rows are. A cell that reaches down makes its last row higher.
func (g *gridSetter) heights(first, last int) []float64 {
	heights := make([]float64, last-first)
	for n := range heights {
		heights[n] = g.g.Rows[first+n].Height
	}
	for _, c := range g.cells {
		end := c.row + c.down() - 1
		if c.row < first || end >= last || g.g.Rows[end].Fixed {
			continue
		}
		st := g.style(c)
		needed := float64(max(c.Ruled, len(g.fonts.wrap(c.Text, st, g.inner(c)))))*st.pitch() + 2*padTop
		for n := c.row; n < end; n++ {
			needed -= heights[n-first]
		}
		heights[end-first] = max(heights[end-first], needed)
	}
	return heights
}

// drawRows draws rows and moves on below them. Where only a part of the cells' texts is to be drawn, that is given.
func (g *gridSetter) drawRows(first, last int, heights []float64, part map[int][]line) {
	for n, c := range g.cells {
		if c.row < first || c.row >= last {
			continue
		}
		y, height := g.y, 0.0
		for row, h := range heights {
			if row+first < c.row {
				y += h
			} else if row+first < c.row+c.down() {
				height += h
			}
		}
		x, width := g.left()+g.span(0, c.column), g.span(c.column, c.cols())
		if c.Picture != nil {
			g.picture(x, y, *c.Picture) // first: what is written over it is seen
		}
		g.page.Frame(x, y, width, height, thin)
		switch {
		case part != nil:
			g.drawLines(c, x, y, width, height, part[n], g.style(c))
		case g.g.Rows[c.row].Fixed:
			g.drawFixed(c, x, y, width, height)
		default:
			st := g.style(c)
			g.drawLines(c, x, y, width, height, g.fonts.wrap(c.Text, st, g.inner(c)), st)
		}
	}
	for _, h := range heights {
		g.y += h
	}
}

// oneLine is the height of cells that hold a line, in which type may become smaller than where one reads on.
const oneLine = 9

// drawFixed sets the text of a cell that cannot grow: in the largest type that has room, then as far as there is room.
func (g *gridSetter) drawFixed(c placed, x, y, width, height float64) {
	if c.Ruled > 0 && g.drawRuled(c, x, y, width, height) {
		return
	}
	st, lines, fits := g.fonts.fit(c.Cell, width, height)
	if !fits {
		lines = g.cut(c, st, height)
	}
	g.drawLines(c, x, y, width, height, lines, st)
}

// fit returns the largest type in which a cell's text has room, and its lines; where it has no room in any, the type to
// begin it in.
func (f *Fonts) fit(c Cell, width, height float64) (st style, lines []line, fits bool) {
	sizes := []float64{c.size(), min(c.size(), SizeSmall5)}
	if c.Label || height <= oneLine {
		sizes = append(sizes, Size6)
	}
	for _, size := range sizes {
		st = style{size: size, bold: c.Label}
		lines = f.wrap(c.Text, st, within(width))
		if float64(len(lines))*st.pitch() <= height-0.4 && (!c.Label || size == Size6 || evenly(lines)) {
			return st, lines, true
		}
	}
	return style{size: sizes[1], bold: c.Label}, nil, false
}

// evenly reports whether a label's lines leave no single character behind.
func evenly(lines []line) bool {
	return len(lines) == 1 || len([]rune(lines[len(lines)-1].text)) > 1
}

// cut keeps the lines that have room, and leaves the rest to be continued.
func (g *gridSetter) cut(c placed, st style, height float64) []line {
	lines := g.fonts.wrap(c.Text, st, g.inner(c))
	fit := max(1, int((height-0.4)/st.pitch()))
	if fit >= len(lines) {
		return lines
	}
	sign := mark(len(g.rest))
	ending := "……续" + sign
	lines = lines[:fit]
	begun := 0
	if fit > 1 {
		begun = lines[fit-2].next
	}
	last := []rune(lines[fit-1].text)
	for len(last) > 0 && g.fonts.width(string(last)+ending, st) > g.inner(c) {
		last = last[:len(last)-1]
	}
	next := begun + len(string(last))
	lines[fit-1] = line{string(last) + ending, next}
	g.rest = append(g.rest, continuation{mark: sign, name: c.Name, text: c.Text[next:], page: g.pages})
	return lines
}

// drawRuled draws a cell's lines for writing, and its text on them where it has no more lines; it reports whether it had.
func (g *gridSetter) drawRuled(c placed, x, y, width, height float64) bool {
	st := g.style(c)
	lines := g.fonts.wrap(c.Text, st, within(width))
	if len(lines) > c.Ruled {
		return false
	}
	pitch := height / float64(c.Ruled)
	for n := range c.Ruled {
		if n > 0 {
			g.page.Line(x, y+float64(n)*pitch, x+width, y+float64(n)*pitch, ruled)
		}
		if n < len(lines) {
			g.write(x+padOf(width), y+float64(n)*pitch+pitch/2+st.size*pdf.Point*0.37, lines[n].text, st)
		}
	}
	return true
}

// drawLines sets lines into a cell.
func (g *gridSetter) drawLines(c placed, x, y, width, height float64, lines []line, st style) {
	high := float64(len(lines)) * st.pitch()
	at := y + (height-high)/2
	if c.Top {
		at = y + padTop
	}
	for _, l := range lines {
		from := x + padOf(width)
		if spare := within(width) - g.fonts.width(l.text, st); c.Label || c.Centre {
			from += spare / 2
		} else if c.Right {
			from += spare
		}
		g.write(from, at+st.pitch()/2+st.size*pdf.Point*0.37, l.text, st)
		at += st.pitch()
	}
}
