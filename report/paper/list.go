package paper

// List is a table that may have any number of rows: its headings stand on every page again.
type List struct {
	Name     string // as a file and a sheet are called; nothing personal
	Title    string
	Left     string // above the table, at its left
	Right    string // and at its right
	Portrait bool
	Columns  []ListColumn
	Rows     [][]string
	Notes    []string // below the table
}

// ListColumn is a column of a list.
type ListColumn struct {
	Label  string
	Share  float64 // of the width, against those of the other columns
	Number bool    // its cells are set at the right
	Centre bool
}

// Document lays out the list.
func (l List) Document() Document {
	d := Document{Name: l.Name, Landscape: !l.Portrait, Numbered: true}
	d.Blocks = append(d.Blocks, Title{Text: l.Title})
	if l.Left != "" || l.Right != "" {
		d.Blocks = append(d.Blocks, Line{l.Left, l.Right})
	}
	d.Blocks = append(d.Blocks, l.grid(d.Wide()))
	for _, note := range l.Notes {
		d.Blocks = append(d.Blocks, Text{Text: note, Size: SizeSmall5})
	}
	return d
}

func (l List) grid(wide float64) Grid {
	sum := 0.0
	for _, c := range l.Columns {
		sum += c.Share
	}
	g := Grid{Head: 1, Rows: []Row{{Height: 8}}}
	for _, c := range l.Columns {
		g.Columns = append(g.Columns, c.Share/sum*wide)
		g.Rows[0].Cells = append(g.Rows[0].Cells, Cell{Text: c.Label, Label: true, Size: SizeSmall5})
	}
	for _, row := range l.Rows {
		r := Row{Height: 7}
		for n, c := range l.Columns {
			cell := Cell{Right: c.Number, Centre: c.Centre, Size: SizeSmall5}
			if n < len(row) {
				cell.Text = row[n]
			}
			r.Cells = append(r.Cells, cell)
		}
		g.Rows = append(g.Rows, r)
	}
	return g
}
