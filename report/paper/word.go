package paper

import (
	"fmt"
	"io"
	"strings"

	"zoucun/internal/qr"
	"zoucun/report/docx"
)

// Word writes documents into a .docx file, each on a page of its own. Rows grow with their texts, so nothing goes on
// elsewhere, and every character is the one it is: the office program brings the type. All documents lie as the first does.
func Word(w io.Writer, fonts *Fonts, documents []Document) error {
	if len(documents) > MostSheets {
		return ErrTooMany
	}
	first := documents[0]
	page := docx.Page{Wide: short, High: long, Top: MarginTop, Side: MarginSide, Numbered: first.Numbered}
	if first.Landscape {
		page = docx.Page{Wide: long, High: short, Top: LandscapeTop, Side: LandscapeCut, Numbered: first.Numbered}
	}
	file, fonts := docx.New(first.Name, page), fonts.forOne()
	for n, d := range documents {
		if n > 0 {
			file.Break()
		}
		for _, block := range d.Blocks {
			if err := wordBlock(file, fonts, block); err != nil {
				return err
			}
		}
	}
	if _, err := file.WriteTo(w); err != nil {
		return fmt.Errorf("write text document: %w", err)
	}
	return nil
}

func wordBlock(file *docx.File, fonts *Fonts, block Block) error {
	switch b := block.(type) {
	case Title:
		var code []byte
		if b.Code != "" {
			var err error
			if code, err = qr.PNG(b.Code); err != nil {
				return fmt.Errorf("draw code: %w", err)
			}
		}
		file.Title(b.Text, docx.Style{Size: Size2, Bold: true, Align: docx.Centre}, code, codeSide)
	case Line:
		file.Ends(b.Left, b.Right, docx.Style{Size: Size5})
	case Text:
		st := docx.Style{Size: b.size(), Bold: b.Bold, Align: docx.Left}
		if b.Centre {
			st.Align = docx.Centre
		}
		if b.Indent {
			b.Text = "　　" + strings.ReplaceAll(b.Text, "\n", "\n　　")
		}
		file.Paragraph(b.Text, st)
	case Break:
		file.Break()
	case Grid:
		file.Table(b.Columns, wordRows(fonts, b))
	}
	return nil
}

// wordRows returns the rows of a grid. A text document wants a cell for every place, also where one reaches down.
func wordRows(fonts *Fonts, g Grid) []docx.Row {
	at := map[[2]int]docx.Cell{}
	for _, c := range g.place() {
		cell := docx.Cell{Style: docx.Style{Size: fonts.sizeIn(g, c), Bold: c.Label, Align: docx.Left}, Text: c.Text, Cols: c.cols(), Down: c.down(), Top: c.Top}
		switch {
		case c.Label || c.Centre:
			cell.Align = docx.Centre
		case c.Right:
			cell.Align = docx.Right
		}
		at[[2]int{c.row, c.column}] = cell
		for down := 1; down < c.down(); down++ {
			at[[2]int{c.row + down, c.column}] = docx.Cell{Style: cell.Style, Cols: c.cols()}
		}
	}
	var rows []docx.Row
	for n, row := range g.Rows {
		r := docx.Row{Height: row.Height, Head: n < g.Head}
		for column := 0; column < len(g.Columns); {
			cell, there := at[[2]int{n, column}]
			if !there {
				cell = docx.Cell{Cols: 1, Down: 1}
			}
			r.Cells = append(r.Cells, cell)
			column += cell.Cols
		}
		rows = append(rows, r)
	}
	return rows
}

// sizeIn returns the size of a cell's type: where its row is of fixed height that in which it has room on paper.
func (f *Fonts) sizeIn(g Grid, c placed) float64 {
	if !g.Rows[c.row].Fixed {
		return c.size()
	}
	width, height := 0.0, 0.0
	for _, w := range g.Columns[c.column:min(len(g.Columns), c.column+c.cols())] {
		width += w
	}
	for _, row := range g.Rows[c.row:min(len(g.Rows), c.row+c.down())] {
		height += row.Height
	}
	st, _, _ := f.fit(c.Cell, width, height)
	return st.size
}
