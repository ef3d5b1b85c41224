package sheet

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"zoucun/survey"
)

// Limits of a table.
const (
	maxSheets  = 64
	maxRows    = 200_000 // with anything in them
	maxColumns = 256
	maxCell    = 32_767 // characters, as in every spreadsheet program
)

// Book is a file as it was read.
type Book struct {
	Tables []Table  // what has any cell, in the order of the sheets
	Notes  []string // what the person should know of the file, in Chinese
}

// Table is one sheet.
type Table struct {
	Name      string
	Rows      []Row // those with any cell, in order
	Merged    []Area
	Broken    map[Place]string // cells that could not be taken: why, in Chinese
	Since1904 bool             // its dates count from 1904
}

// Row is one row of cells with what is written in them; numbers and dates are as the file keeps them, not as shown.
type Row struct {
	Number int // as the spreadsheet counts, from 1
	Cells  []string
}

// Place is where a cell stands: its row as the spreadsheet counts from 1, its column from 0.
type Place struct{ Row, Column int }

// String returns the place as the spreadsheet names it: B7.
func (p Place) String() string {
	name, err := excelize.CoordinatesToCellName(p.Column+1, p.Row)
	if err != nil {
		return fmt.Sprintf("第 %d 行第 %d 列", p.Row, p.Column+1)
	}
	return name
}

// Area is a block of merged cells, both corners included.
type Area struct{ First, Last Place }

// holds reports whether a place lies in the area.
func (a Area) holds(p Place) bool {
	return p.Row >= a.First.Row && p.Row <= a.Last.Row && p.Column >= a.First.Column && p.Column <= a.Last.Column
}

// Cell returns what is written in a column, empty beyond the row's end.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

func refuse(message string, err error) error {
	return &survey.Error{Kind: survey.Invalid, Op: "sheet.Read", Message: message, Err: err}
}

// Read reads an .xlsx or .csv file, whatever its name says it is. An error means that nothing could be taken, and its
// Message says in Chinese why. It ends early when ctx does. rows, which may be nil, is told how many rows were read.
func Read(ctx context.Context, name string, data []byte, rows func(int)) (book Book, err error) {
	if rows == nil {
		rows = func(int) {}
	}
	named := strings.ToLower(path.Ext(name))
	if bytes.HasPrefix(data, zipMagic) || bytes.HasPrefix(data, oleMagic) || len(data) == 0 || len(data) > MaxFile {
		if named == ".csv" || named == ".txt" {
			book.Notes = append(book.Notes, "文件名写的是 "+named+"，里面其实是 Excel 工作簿，已按工作簿读。")
		}
		return book, book.workbook(ctx, data, rows)
	}
	if strings.HasPrefix(named, ".xls") {
		book.Notes = append(book.Notes, "文件名写的是 "+named+"，里面其实是 CSV 文本，已按 CSV 读。")
	}
	return book, book.text(ctx, data, rows)
}

// workbook reads an .xlsx file.
func (b *Book) workbook(ctx context.Context, data []byte, told func(int)) error {
	file, err := openWorkbook(ctx, data)
	if err != nil {
		return err
	}
	if file.parts["xl/vbaproject.bin"] != nil {
		b.Notes = append(b.Notes, "文件里有宏。宏没有运行，只读了单元格。")
	}
	for _, s := range file.sheets[:min(len(file.sheets), maxSheets)] {
		t, err := file.sheet(ctx, s, told)
		if err != nil {
			return err
		}
		if len(t.Rows) > 0 {
			b.Tables = append(b.Tables, t)
		}
	}
	if len(b.Tables) == 0 {
		return refuse("文件里一个字也没有。请看看是不是选错了文件。", nil)
	}
	return nil
}

// add keeps a copy of a row that has anything in it.
func (t *Table) add(number int, cells []string) error {
	last := 0
	for column, text := range cells {
		if text == "" {
			continue
		}
		last = column + 1
		place := Place{number, column}
		switch {
		case column >= maxColumns:
			return refuse(fmt.Sprintf("工作表“%s”的 %s 有内容，表太宽（最多 %d 列）。请删去无关的列再导入。", t.Name, place, maxColumns), nil)
		case len(text) > maxCell && utf8.RuneCountInString(text) > maxCell:
			cells[column], t.Broken[place] = "", fmt.Sprintf("这一格有 %d 个字，太长", utf8.RuneCountInString(text))
		case errorValues[text]:
			t.Broken[place] = "公式出错（" + text + "），请改成文字或数字"
		}
	}
	if last == 0 {
		return nil
	}
	if len(t.Rows) == maxRows {
		return refuse(fmt.Sprintf("工作表“%s”超过 %d 行。请分成几个文件导入。", t.Name, maxRows), nil)
	}
	t.Rows = append(t.Rows, Row{Number: number, Cells: slices.Clip(slices.Clone(cells[:last]))})
	return nil
}

// errorValues are what a spreadsheet writes where a formula fails.
var errorValues = map[string]bool{
	"#NULL!": true, "#DIV/0!": true, "#VALUE!": true, "#REF!": true, "#NAME?": true, "#NUM!": true, "#N/A": true, "#SPILL!": true, "#CALC!": true,
}
