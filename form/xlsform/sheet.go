package xlsform

import (
	"slices"
	"strings"
)

// Names of the sheets a form may have.
const (
	surveySheet   = "survey"
	choicesSheet  = "choices"
	settingsSheet = "settings"
	entitiesSheet = "entities"
	externalSheet = "external_choices"
	osmSheet      = "osm"
)

// sheetOrder is the order in which an author reads a workbook, and in which findings are listed.
var sheetOrder = []string{surveySheet, choicesSheet, settingsSheet, entitiesSheet, externalSheet, osmSheet}

// Limits of what is read. A form beyond them is refused, not cut.
const (
	maxRows  = 50_000 // rows of one sheet
	maxCells = 500    // cells of one row
	maxCell  = 32_767 // bytes of one cell, as many as a spreadsheet program keeps characters
	maxBytes = 64 << 20
	maxDepth = 60 // groups inside each other
)

// Workbook is the sheets of one form as they were written.
type Workbook struct {
	Name   string // of the file or folder without its ending; the form's id when the settings give none
	Sheets []Sheet
}

// Sheet is one table: a header and the rows below it.
type Sheet struct {
	Name   string
	Header []string
	Rows   []Row
}

// Row is one line of a sheet.
type Row struct {
	Number int // as the spreadsheet counts it, the header being row 1
	Cells  []string
}

// sheet returns the sheet called name in any letter case.
func (b Workbook) sheet(name string) (Sheet, bool) {
	i := slices.IndexFunc(b.Sheets, func(s Sheet) bool { return strings.EqualFold(strings.TrimSpace(s.Name), name) })
	if i < 0 {
		return Sheet{}, false
	}
	return b.Sheets[i], true
}

// newSheet makes a sheet of raw lines, the first of which is the header. Lines without content are left out.
func newSheet(name string, lines []Row) Sheet {
	sheet := Sheet{Name: name}
	for _, line := range lines {
		cells := trimmed(line.Cells)
		switch {
		case len(cells) == 0:
		case sheet.Header == nil:
			sheet.Header = cells
		default:
			sheet.Rows = append(sheet.Rows, Row{Number: line.Number, Cells: cells})
		}
	}
	return sheet
}

// trimmed returns the cells without surrounding white space and without empty cells at the end.
func trimmed(cells []string) []string {
	out := make([]string, len(cells))
	last := 0
	for i, cell := range cells {
		out[i] = strings.TrimSpace(cell)
		if out[i] != "" {
			last = i + 1
		}
	}
	return out[:last]
}
