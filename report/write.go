package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// Limits of a sheet that every spreadsheet program keeps to.
const (
	maxSheetName = 31    // UTF-16 units
	maxCellText  = 32767 // UTF-16 units
	rowsPerSheet = 1_048_576 - headingRows
	headingRows  = 2
)

// cutMark ends a text that is longer than a cell can be.
const cutMark = "…（超出单元格长度，已截断）"

// Write writes tables into an .xlsx workbook, a sheet each: labels in the first row, names in the second, values below.
//
// Every cell is text in a text format. A value that begins like a formula stays the words it is, also when somebody
// edits it, and a code keeps its zeros.
func Write(w io.Writer, tables []Table) error {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // nothing is on disk
	styles, err := newStyles(book)
	if err != nil {
		return fmt.Errorf("define styles: %w", err)
	}
	names := SheetNames{}
	for n, table := range tables {
		name := names.Next(table.Name)
		if n == 0 {
			err = book.SetSheetName("Sheet1", name)
		} else {
			_, err = book.NewSheet(name)
		}
		if err == nil {
			err = writeTable(book, name, table, styles)
		}
		if err != nil {
			return fmt.Errorf("write sheet %d: %w", n+1, err)
		}
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

type styles struct{ heading, text int }

const textFormat = 49 // "@": what is typed stays text

func newStyles(book *excelize.File) (styles, error) {
	text, err := book.NewStyle(&excelize.Style{NumFmt: textFormat})
	if err != nil {
		return styles{}, err
	}
	heading, err := book.NewStyle(&excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}})
	return styles{heading: heading, text: text}, err
}

func writeTable(book *excelize.File, name string, table Table, s styles) error {
	if len(table.Rows) > rowsPerSheet {
		return fmt.Errorf("%d rows, a sheet has room for %d", len(table.Rows), rowsPerSheet)
	}
	sheet, err := book.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: headingRows, TopLeftCell: "A3", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := sheet.SetColWidth(1, max(1, len(table.Columns)), 16); err != nil {
		return err
	}
	labels, names := make([]string, len(table.Columns)), make([]string, len(table.Columns))
	for n, column := range table.Columns {
		labels[n], names[n] = column.Label, column.Name
	}
	for n, cells := range append([][]string{labels, names}, table.Rows...) {
		style := s.text
		if n < headingRows {
			style = s.heading
		}
		if err := sheet.SetRow("A"+strconv.Itoa(n+1), textCells(cells, style)); err != nil {
			return err
		}
	}
	return sheet.Flush()
}

func textCells(cells []string, style int) []any {
	row := make([]any, len(cells))
	for n, text := range cells {
		if text != "" {
			row[n] = excelize.Cell{StyleID: style, Value: Fitting(text)}
		}
	}
	return row
}

// Fitting cuts a text at the length of a cell, and says so.
func Fitting(text string) string {
	units := utf16.Encode([]rune(text))
	if len(units) <= maxCellText {
		return text
	}
	kept := units[:maxCellText-len(utf16.Encode([]rune(cutMark)))]
	return strings.TrimSuffix(string(utf16.Decode(kept)), "\ufffd") + cutMark
}

// SheetNames remembers the names that a workbook's sheets were given, in lower case: sheets differ by more than case.
type SheetNames map[string]bool

var forbiddenInSheets = strings.NewReplacer(":", " ", "\\", " ", "/", " ", "?", " ", "*", " ", "[", " ", "]", " ", "'", " ")

// Next returns a name like the one wanted that a sheet can have and no other sheet has.
func (s SheetNames) Next(wanted string) string {
	wanted = strings.TrimSpace(forbiddenInSheets.Replace(wanted))
	if wanted == "" {
		wanted = "表"
	}
	for n := 1; ; n++ {
		suffix := ""
		if n > 1 {
			suffix = " " + strconv.Itoa(n)
		}
		name := shortened(wanted, maxSheetName-len(suffix)) + suffix
		if key := strings.ToLower(name); !s[key] {
			s[key] = true
			return name
		}
	}
}

func shortened(s string, units int) string {
	encoded := utf16.Encode([]rune(s))
	if len(encoded) <= units {
		return s
	}
	return strings.TrimSuffix(string(utf16.Decode(encoded[:units])), "\ufffd")
}
