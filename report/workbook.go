package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// Limits of a workbook. A roster of 50,000 households is about 3 MB in the file and 40 MB unpacked.
const (
	maxSheets       = 64
	maxSheetRows    = 200_000
	maxSheetColumns = 256
)

func refuse(kind survey.Kind, message string, err error) error {
	return &survey.Error{Kind: kind, Op: "report.ReadRoster", Message: message, Err: err}
}

// openWorkbook opens an .xlsx file, or says in Chinese why it is none.
func openWorkbook(source io.Reader) (*excelize.File, error) {
	data, err := io.ReadAll(io.LimitReader(source, sheet.MaxFile+1))
	if err != nil {
		return nil, refuse(survey.Unavailable, "文件读不出来，请换个位置保存后再试。", err)
	}
	if message := sheet.NotWorkbook(data); message != "" {
		return nil, refuse(survey.Invalid, message, nil)
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: sheet.MaxUnzipped, UnzipXMLSizeLimit: sheet.MaxUnzipped})
	if err != nil {
		return nil, refuse(survey.Invalid, "文件不完整或已损坏。请在表格软件里打开，另存为 .xlsx 后再导入。", err)
	}
	return book, nil
}

// grid is one sheet: its cells as the spreadsheet shows them, and where cells are merged.
type grid struct {
	book   *excelize.File
	name   string
	rows   [][]string
	merged []area
}

// area is a block of merged cells; rows and columns count from 0, both ends included.
type area struct{ top, left, bottom, right int }

var errTooLarge = errors.New("sheet is larger than a roster can be")

// readGrid reads a sheet. Its size is checked while it streams by, before anything keeps it whole.
func readGrid(book *excelize.File, name string) (grid, error) {
	g := grid{book: book, name: name}
	rows, err := book.Rows(name)
	if err != nil {
		return g, fmt.Errorf("open sheet: %w", err)
	}
	defer func() { _ = rows.Close() }() // read only: nothing is lost
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return g, fmt.Errorf("read row %d: %w", len(g.rows)+1, err)
		}
		if len(g.rows) == maxSheetRows || len(cells) > maxSheetColumns && strings.Join(cells[maxSheetColumns:], "") != "" {
			return g, errTooLarge
		}
		g.rows = append(g.rows, cells[:min(len(cells), maxSheetColumns)])
	}
	if err := rows.Error(); err != nil {
		return g, fmt.Errorf("read rows: %w", err)
	}
	return g, g.readMerged()
}

func (g *grid) readMerged() error {
	merged, err := g.book.GetMergeCells(g.name, true)
	if err != nil {
		return fmt.Errorf("read merged cells: %w", err)
	}
	for _, cell := range merged {
		left, top, err := excelize.CellNameToCoordinates(cell.GetStartAxis())
		if err != nil {
			continue // a reference to nowhere merges nothing
		}
		right, bottom, err := excelize.CellNameToCoordinates(cell.GetEndAxis())
		if err != nil {
			continue
		}
		g.merged = append(g.merged, area{top: top - 1, left: left - 1, bottom: bottom - 1, right: right - 1})
	}
	return nil
}

// coveredRows returns the rows whose cell in the column belongs to a merged cell that begins further up.
func (g *grid) coveredRows(column int) map[int]bool {
	covered := map[int]bool{}
	for _, a := range g.merged {
		if column < a.left || column > a.right {
			continue
		}
		for row := a.top + 1; row <= min(a.bottom, len(g.rows)-1); row++ {
			covered[row] = true
		}
	}
	return covered
}

// cell returns what a cell shows. A number shown in scientific notation comes with all its digits, where the file has
// them.
func (g *grid) cell(row, column int) string {
	if row >= len(g.rows) || column < 0 || column >= len(g.rows[row]) {
		return ""
	}
	shown := g.rows[row][column]
	if !sheet.Scientific.MatchString(shown) {
		return shown
	}
	axis, err := excelize.CoordinatesToCellName(column+1, row+1)
	if err != nil {
		return shown
	}
	raw, err := g.book.GetCellValue(g.name, axis, excelize.Options{RawCellValue: true})
	if err != nil {
		return shown
	}
	return sheet.WholeDigits(raw, shown)
}
