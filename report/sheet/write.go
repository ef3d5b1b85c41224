package sheet

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// textFormat is "@": what is typed stays text, a code keeps its zeros, a value that begins like a formula is none.
const textFormat = 49

// Write writes rows below one row of titles into an .xlsx workbook, every cell as text.
func Write(ctx context.Context, w io.Writer, name string, titles []string, rows [][]string) error {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // nothing is on disk
	text, err := book.NewStyle(&excelize.Style{NumFmt: textFormat})
	if err != nil {
		return fmt.Errorf("sheet.Write: %w", err)
	}
	bold, err := book.NewStyle(&excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("sheet.Write: %w", err)
	}
	if err := book.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("sheet.Write: %w", err)
	}
	out, err := book.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("sheet.Write: %w", err)
	}
	err = errors.Join(
		out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
		out.SetColWidth(1, max(1, len(titles)), 16), out.SetRow("A1", textCells(titles, bold)))
	for i := 0; err == nil && i < len(rows); i++ {
		if err = ctx.Err(); err == nil {
			err = out.SetRow("A"+strconv.Itoa(i+2), textCells(rows[i], text))
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = book.Write(w)
	}
	if err != nil {
		return fmt.Errorf("sheet.Write: %w", err)
	}
	return nil
}

func textCells(cells []string, style int) []any {
	row := make([]any, len(cells))
	for n, text := range cells {
		if text != "" {
			row[n] = excelize.Cell{StyleID: style, Value: text}
		}
	}
	return row
}

// WriteCSV writes rows below one row of titles as UTF-8 text with a mark at its beginning, by which spreadsheet programs
// know it. What they would take for a formula has a tab in front, which Read drops.
func WriteCSV(w io.Writer, titles []string, rows [][]string) error {
	if _, err := w.Write(byteOrderMark); err != nil {
		return fmt.Errorf("sheet.WriteCSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	err := out.Write(titles)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, text := range row {
			if cells[i] = text; strings.IndexAny(text, "=+-@") == 0 {
				cells[i] = "\t" + text
			}
		}
		err = errors.Join(err, out.Write(cells))
	}
	out.Flush()
	if err = errors.Join(err, out.Error()); err != nil {
		return fmt.Errorf("sheet.WriteCSV: %w", err)
	}
	return nil
}

// FootOf returns the first row below a header that has anything in it, as the spreadsheet counts, or 0.
func (t *Table) FootOf(h Header) int {
	if h.Last+1 < len(t.Rows) {
		return t.Rows[h.Last+1].Number
	}
	return 0
}

// Fill writes rows of values into a workbook below the header of one of its tables, each value as text under its column,
// and leaves everything else as it is. Where there is not enough room above what follows, rows are put in.
func Fill(ctx context.Context, w io.Writer, data []byte, table string, h Header, t *Table, rows []map[int]string) error {
	if message := NotWorkbook(data); message != "" {
		return refuse(message, nil)
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnzipped, UnzipXMLSizeLimit: MaxUnzipped})
	if err != nil {
		return refuse("文件不完整或已损坏。请在表格软件里打开，另存为 .xlsx 后再填。", err)
	}
	defer func() { _ = book.Close() }() // nothing is on disk
	first := t.Rows[h.Last].Number + 1
	if foot := t.FootOf(h); foot > 0 && len(rows) > foot-first {
		at := max(first, foot)
		if err := book.InsertRows(table, at, len(rows)-(foot-first)); err != nil {
			return refuse("表里放不下这么多行，没有填。请把表头下面清空再填。", err)
		}
	}
	for i, row := range rows {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("sheet.Fill: %w", err)
		}
		for column, text := range row {
			place := Place{first + i, column}.String()
			style, err := book.GetCellStyle(table, Place{first, column}.String())
			if err == nil {
				err = errors.Join(book.SetCellStr(table, place, text), book.SetCellStyle(table, place, place, style))
			}
			if err != nil {
				return fmt.Errorf("sheet.Fill: %w", err)
			}
		}
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("sheet.Fill: %w", err)
	}
	return nil
}
