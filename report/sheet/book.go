package sheet

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"path"
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
	defer func() {
		if cause := recover(); cause != nil {
			book, err = Book{}, refuse("文件已损坏，读不出来。请在表格软件里打开，另存为 .xlsx 后再导入。", fmt.Errorf("workbook: %v", cause))
		}
	}() // the workbook library indexes before it checks; a broken file must not end the program
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
	if message := NotWorkbook(data); message != "" {
		return refuse(message, nil)
	}
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: MaxUnzipped, RawCellValue: true,
	})
	switch {
	case err != nil && strings.Contains(err.Error(), "unzip size exceeds"):
		return refuse("文件解开以后太大，不像是花名册，没有读。请删去图片和无关的工作表，另存后再导入。", err)
	case err != nil:
		return refuse("文件不完整、已损坏，或者不是工作簿。请在表格软件里打开，另存为 .xlsx 后再导入。", err)
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	sheets := file.GetSheetList()
	if len(sheets) == 0 {
		return refuse("这个文件里没有工作表，可能是文档或压缩包。请选 .xlsx 或 .csv。", nil)
	}
	if _, macros := file.Pkg.Load("xl/vbaProject.bin"); macros {
		b.Notes = append(b.Notes, "文件里有宏。宏没有运行，只读了单元格。")
	}
	parts := partsOf(file)
	for _, name := range sheets[:min(len(sheets), maxSheets)] {
		if err := b.sheet(ctx, file, name, parts, told); err != nil {
			return err
		}
	}
	if len(b.Tables) == 0 {
		return refuse("文件里一个字也没有。请看看是不是选错了文件。", nil)
	}
	return nil
}

// sheet reads one sheet as it streams by.
func (b *Book) sheet(ctx context.Context, file *excelize.File, name string, parts parts, told func(int)) error {
	t := Table{Name: name, Broken: map[Place]string{}, Since1904: parts.since1904}
	if part, ok := file.Pkg.Load(parts.at[name]); ok {
		if text, ok := part.([]byte); ok {
			t.Merged = mergedIn(text)
			t.emptyFormulas(text)
		}
	}
	rows, err := file.Rows(name)
	if err != nil {
		return nil // a sheet of charts has no rows
	}
	defer func() { _ = rows.Close() }() // read only: nothing is lost
	for number := 1; rows.Next(); number++ {
		if number%1000 == 0 {
			told(len(t.Rows))
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("sheet.Read: %w", err)
			}
		}
		cells, err := rows.Columns()
		if err != nil {
			return refuse("工作表“"+name+"”读不出来。请在表格软件里打开，另存为 .xlsx 后再导入。", err)
		}
		if err := t.add(number, cells); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return refuse("工作表“"+name+"”没有读完，文件可能不完整。请重新复制一份再导入。", err)
	}
	if len(t.Rows) > 0 {
		b.Tables = append(b.Tables, t)
	}
	return nil
}

// add keeps a row that has anything in it.
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
	t.Rows = append(t.Rows, Row{Number: number, Cells: cells[:last:last]})
	return nil
}

// errorValues are what a spreadsheet writes where a formula fails.
var errorValues = map[string]bool{
	"#NULL!": true, "#DIV/0!": true, "#VALUE!": true, "#REF!": true, "#NAME?": true, "#NUM!": true, "#N/A": true, "#SPILL!": true, "#CALC!": true,
}

// parts says where in a workbook its sheets are kept.
type parts struct {
	at        map[string]string // by the sheet's name
	since1904 bool
}

func partsOf(file *excelize.File) parts {
	found := parts{at: map[string]string{}}
	var book struct {
		Properties struct {
			Since1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if readPart(file, "xl/workbook.xml", &book) != nil || readPart(file, "xl/_rels/workbook.xml.rels", &relations) != nil {
		return found // what is laid out in another way has its cells read all the same
	}
	found.since1904 = book.Properties.Since1904 == "1" || book.Properties.Since1904 == "true"
	for _, sheet := range book.Sheets {
		for _, r := range relations.Relations {
			if r.ID == sheet.ID {
				target := strings.TrimPrefix(r.Target, "/")
				if target == r.Target {
					target = path.Join("xl", target)
				}
				found.at[sheet.Name] = target
			}
		}
	}
	return found
}

func readPart(file *excelize.File, name string, into any) error {
	part, _ := file.Pkg.Load(name)
	text, ok := part.([]byte)
	if !ok {
		return errors.New("no such part")
	}
	return xml.Unmarshal(text, into)
}

// mergedIn returns the merged areas of a sheet's part. The part is searched, not parsed: it may be long, and the areas
// stand at its end.
func mergedIn(part []byte) []Area {
	var areas []Area
	for {
		at := bytes.Index(part, []byte("<mergeCell "))
		if at < 0 {
			return areas
		}
		part = part[at+1:]
		first, last, _ := strings.Cut(attribute(part, "ref"), ":")
		a, okA := placeOf(first)
		b, okB := placeOf(last)
		if okA && okB {
			areas = append(areas, Area{a, b})
		}
	}
}

// attribute returns an attribute of the tag that part begins with.
func attribute(part []byte, name string) string {
	tag, _, whole := bytes.Cut(part, []byte(">"))
	if !whole {
		return ""
	}
	_, after, ok := bytes.Cut(tag, []byte(" "+name+`="`))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

func placeOf(name string) (Place, bool) {
	column, row, err := excelize.CellNameToCoordinates(name)
	return Place{Row: row, Column: column - 1}, err == nil
}

// emptyFormulas notes the cells whose formula has been written without its result, as some programs do: what is in them
// is not known here.
func (t *Table) emptyFormulas(part []byte) {
	for {
		at := bytes.Index(part, []byte("<f"))
		if at < 0 || at+2 >= len(part) {
			return
		}
		begin := bytes.LastIndex(part[:at], []byte("<c "))
		after := part[at+2:]
		if begin < 0 || after[0] != '>' && after[0] != ' ' && after[0] != '/' {
			part = after
			continue
		}
		end := bytes.Index(after, []byte("</c>"))
		if end < 0 {
			return
		}
		place, ok := placeOf(attribute(part[begin:], "r"))
		_, value, has := bytes.Cut(after[:end], []byte("<v>"))
		if ok && (!has || bytes.HasPrefix(value, []byte("</v>"))) {
			t.Broken[place] = "公式没有算出结果。请在表格软件里打开，另存一次再导入"
		}
		part = after[end:]
	}
}
