package xlsform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// ReadFS reads a form from a folder of CSV sheets: survey.csv, choices.csv, settings.csv, entities.csv.
//
// Files are UTF-8 with or without a byte order mark. Sheets the form does without may be missing; of other files only
// the names are read.
func ReadFS(folder fs.FS, name string) (Workbook, []Finding) {
	var found findings
	book := Workbook{Name: name}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		found.add(Unreadable, at{}, name)
		return book, found.sorted()
	}
	for _, entry := range entries {
		sheet, isCSV := strings.CutSuffix(entry.Name(), ".csv")
		switch {
		case !isCSV || entry.IsDir():
			continue
		case !isSheetName(strings.ToLower(sheet)):
			book.Sheets = append(book.Sheets, Sheet{Name: sheet}) // data of the form, or a misspelt sheet: Compile asks
			continue
		}
		text, err := readLimited(folder, entry.Name())
		if err != nil {
			found.add(Unreadable, at{sheet: sheet}, entry.Name())
			continue
		}
		if read, ok := parseCSV(&found, sheet, text); ok {
			book.Sheets = append(book.Sheets, read)
		}
	}
	return book, found.sorted()
}

var errTooLarge = errors.New("larger than a form can be")

func readLimited(folder fs.FS, name string) ([]byte, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		err = errTooLarge
	}
	return text, err
}

// parseCSV reads one CSV sheet; row numbers are the spreadsheet's, so a cell with line breaks is one row.
func parseCSV(found *findings, name string, text []byte) (Sheet, bool) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		found.add(NotUTF8, at{sheet: name})
		return Sheet{}, false
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = -1
	var lines []Row
	for number, line := 1, 1; ; number++ {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return newSheet(name, lines), true
		}
		if err != nil {
			found.add(BrokenCSV, at{sheet: name, row: number})
			return Sheet{}, false
		}
		start, _ := reader.FieldPos(0)
		number += start - line // encoding/csv passes over blank lines; the spreadsheet counts them
		line = start + 1 + breaks(cells)
		if refuseLarge(found, name, number, cells) {
			return Sheet{}, false
		}
		lines = append(lines, Row{Number: number, Cells: cells})
	}
}

// breaks counts the line breaks inside cells.
func breaks(cells []string) int {
	n := 0
	for _, cell := range cells {
		n += strings.Count(cell, "\n")
	}
	return n
}

func tooLarge(row int, cells []string) bool {
	return row > maxRows || len(cells) > maxCells || slices.ContainsFunc(cells, func(c string) bool { return len(c) > maxCell })
}

// oldFormat is how .xls workbooks begin, and .xlsx workbooks with a password.
const oldFormat = "\xd0\xcf\x11\xe0"

// ReadXLSX reads a form from an .xlsx workbook.
func ReadXLSX(source io.Reader, name string) (Workbook, []Finding) {
	var found findings
	book := Workbook{Name: strings.TrimSuffix(path.Base(name), path.Ext(name))}
	packed, err := io.ReadAll(io.LimitReader(source, maxBytes+1))
	switch {
	case err == nil && len(packed) > maxBytes:
		err = errTooLarge
	case strings.EqualFold(path.Ext(name), ".xls") || bytes.HasPrefix(packed, []byte(oldFormat)):
		found.add(OldWorkbook, at{}, name)
		return book, found.sorted()
	}
	if err != nil {
		found.add(Unreadable, at{}, name)
		return book, found.sorted()
	}
	file, err := excelize.OpenReader(bytes.NewReader(packed), excelize.Options{UnzipSizeLimit: 4 * maxBytes, UnzipXMLSizeLimit: maxBytes})
	if err != nil {
		found.add(Unreadable, at{}, name)
		return book, found.sorted()
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	for _, name := range file.GetSheetList() {
		if sheet, ok := readSheet(&found, file, name); ok {
			book.Sheets = append(book.Sheets, sheet)
		}
	}
	return book, found.sorted()
}

// readSheet reads one sheet row by row, so that a sheet beyond the limits is refused before it fills the memory.
func readSheet(found *findings, file *excelize.File, name string) (Sheet, bool) {
	rows, err := file.Rows(name)
	if err != nil {
		found.add(Unreadable, at{sheet: name}, name)
		return Sheet{}, false
	}
	defer func() { _ = rows.Close() }() // read only: nothing is lost
	var lines []Row
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			found.add(Unreadable, at{sheet: name, row: number}, name)
			return Sheet{}, false
		}
		if refuseLarge(found, name, number, cells) {
			return Sheet{}, false
		}
		lines = append(lines, Row{Number: number, Cells: cells})
	}
	return newSheet(name, lines), true
}

// refuseLarge reports a row beyond the limits.
func refuseLarge(found *findings, sheet string, number int, cells []string) bool {
	if !tooLarge(number, cells) {
		return false
	}
	found.add(TooLarge, at{sheet: sheet, row: number}, decimal(maxRows), decimal(maxCells), decimal(maxCell))
	return true
}

// ReadMarkdown reads a form from Markdown tables. A line whose first cell is filled begins the sheet of that name;
// the lines below it have an empty first cell. Rows are numbered as they would be in a spreadsheet.
func ReadMarkdown(text, name string) (Workbook, []Finding) {
	var found findings
	book := Workbook{Name: name}
	var sheet string
	var lines []Row
	flush := func() {
		if sheet != "" {
			book.Sheets = append(book.Sheets, newSheet(sheet, lines))
		}
	}
	for line := range strings.Lines(text) {
		cells, ok := markdownCells(line)
		if !ok {
			continue
		}
		if cells[0] != "" {
			flush()
			sheet, lines = cells[0], nil
		}
		if len(trimmed(cells[1:])) == 0 {
			continue
		}
		if refuseLarge(&found, sheet, len(lines)+1, cells[1:]) {
			return book, found.sorted()
		}
		lines = append(lines, Row{Number: len(lines) + 1, Cells: cells[1:]})
	}
	flush()
	return book, found.sorted()
}

// markdownCells splits a table line; \| is a bar inside a cell. A line of dashes is a rule, not a row.
func markdownCells(line string) ([]string, bool) {
	line = strings.TrimSpace(line)
	end := strings.LastIndexByte(line, '|') // what follows the last bar is a remark
	if end < 1 || line[0] != '|' || strings.Trim(line, "|-: ") == "" && strings.Contains(line, "--") {
		return nil, false
	}
	var cells []string
	var cell strings.Builder
	escaped := false
	for _, r := range line[1 : end+1] {
		switch {
		case r == '|' && !escaped:
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
		case r == '|':
			cell.WriteRune(r)
		case escaped:
			cell.WriteRune('\\')
			fallthrough
		default:
			if r != '\\' {
				cell.WriteRune(r)
			}
		}
		escaped = r == '\\'
	}
	return cells, len(cells) > 0
}
