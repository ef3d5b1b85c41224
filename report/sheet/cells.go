package sheet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"zoucun/survey"
)

// lastColumn and lastRow are the ends of every sheet there can be.
const (
	lastColumn = 16_384
	lastRow    = 1_048_576
)

// cells reads one sheet as it is unpacked.
type cells struct {
	*tags

	book  *xlsx
	table *Table
	row   int
	after int      // the column behind the last cell, where one stands that does not say
	line  []string // the cells of the row
	above []string // what stood in each column last: often the same
	value []byte
}

// cell is what its tags say of one cell.
type cell struct {
	kind    string // "s" for a shared text, "inlineStr" for its own, and so on
	column  int
	formula bool
	valued  bool // has a value that is not empty
}

// sheet reads one sheet. told hears how many rows were read.
func (w *xlsx) sheet(ctx context.Context, s part, told func(int)) (Table, error) {
	t := Table{Name: s.name, Broken: map[Place]string{}, Since1904: w.since1904}
	in, err := w.open(s.at)
	if err != nil {
		return t, nil // a sheet that is named and not there has no rows
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	c := cells{book: w, table: &t}
	if c.tags, err = newTags(in); err == nil {
		err = c.all(ctx, told)
	}
	if err != nil && survey.MessageOf(err) == "" && ctx.Err() == nil {
		err = refuse("工作表“"+s.name+"”没有读完，文件可能不完整。请重新复制一份，或在表格软件里打开，另存为 .xlsx 后再导入。", err)
	}
	inOrder := func(a, b Row) int { return a.Number - b.Number }
	if !slices.IsSortedFunc(t.Rows, inOrder) {
		slices.SortStableFunc(t.Rows, inOrder)
	}
	return t, err
}

// all reads rows and merged areas to the end of the part.
func (c *cells) all(ctx context.Context, told func(int)) error {
	for n := 0; ; {
		k, err := c.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case k != opens:
			continue
		}
		switch string(c.name) {
		case "row":
			if n++; n%1000 == 0 {
				told(len(c.table.Rows))
				err = ctx.Err()
			}
			err = errors.Join(err, c.readRow())
		case "mergeCell":
			c.merged()
		}
		if err != nil {
			return err
		}
	}
}

// merged notes a merged area.
func (c *cells) merged() {
	first, last, _ := strings.Cut(string(c.attribute("ref")), ":")
	a, okA := placeOf(first)
	b, okB := placeOf(last)
	if okA && okB {
		c.table.Merged = append(c.table.Merged, Area{a, b})
	}
}

// readRow reads a row that was opened.
func (c *cells) readRow() error {
	c.row++
	if n, err := strconv.Atoi(string(c.attribute("r"))); err == nil && n > 0 {
		c.row = n
	}
	if c.row > lastRow {
		return errXML
	}
	c.after, c.line = 0, c.line[:0]
	for {
		k, err := c.next()
		switch {
		case err != nil:
			return ended(err)
		case k == closes && string(c.name) == "row":
			return c.table.add(c.row, c.line)
		case k == opens && string(c.name) == "c":
			if err := c.readCell(); err != nil {
				return err
			}
		}
	}
}

// readCell reads a cell that was opened.
func (c *cells) readCell() error {
	now := cell{kind: kindOf(c.attribute("t")), column: c.after}
	if name := c.attribute("r"); len(name) > 0 {
		now.column = columnOf(name)
	}
	if now.column < 0 || now.column >= lastColumn {
		return errXML
	}
	c.after, c.value = now.column+1, c.value[:0]
	for {
		k, err := c.next()
		switch {
		case err != nil:
			return ended(err)
		case k == closes && string(c.name) == "c":
			c.keep(now)
			return nil
		case k == opens:
			if err := c.content(&now); err != nil {
				return err
			}
		}
	}
}

// content reads an element of a cell.
func (c *cells) content(now *cell) (err error) {
	switch string(c.name) {
	case "v":
		c.value, err = c.upToEnd("v", c.value)
		now.valued = len(c.value) > 0
	case "f":
		now.formula = true
	case "is":
		c.value, err = c.rich("is", c.value[:0])
	}
	return err
}

// upToEnd appends the text of an element that was opened to text.
func (t *tags) upToEnd(end string, text []byte) ([]byte, error) {
	for {
		k, err := t.next()
		switch {
		case err != nil:
			return nil, ended(err)
		case k == says:
			text = append(text, t.text...)
		case k == closes && string(t.name) == end:
			return text, nil
		}
	}
}

// keep puts what a cell says into its row.
func (c *cells) keep(now cell) {
	if now.formula && !now.valued {
		c.table.Broken[Place{c.row, now.column}] = "公式没有算出结果。请在表格软件里打开，另存一次再导入"
	}
	if len(c.value) == 0 {
		return
	}
	for len(c.line) <= now.column {
		c.line = append(c.line, "")
	}
	c.line[now.column] = c.said(now)
}

// said is a cell's text.
func (c *cells) said(now cell) string {
	switch now.kind {
	case "s":
		n, err := strconv.Atoi(string(bytes.TrimSpace(c.value)))
		if err != nil || n < 0 || n >= len(c.book.shared) {
			c.table.Broken[Place{c.row, now.column}] = "这一格的内容在文件里找不到了，请重新输入"
			return string(c.value)
		}
		return c.book.shared[n]
	case "inlineStr":
		return unescape(c.kept(now.column))
	}
	return c.kept(now.column)
}

// kept is the value as text, the one above it where that is the same.
func (c *cells) kept(column int) string {
	for len(c.above) <= column {
		c.above = append(c.above, "")
	}
	if c.above[column] != string(c.value) {
		c.above[column] = string(c.value)
	}
	return c.above[column]
}

// kindOf is a cell's kind; those that differ are constants and cost no memory.
func kindOf(t []byte) string {
	switch string(t) {
	case "s":
		return "s"
	case "inlineStr":
		return "inlineStr"
	}
	return ""
}

// columnOf reads the column of a cell's name, AB of AB7, or returns -1.
func columnOf(name []byte) int {
	column := 0
	for i, c := range name {
		letter := c &^ 0x20
		if letter < 'A' || letter > 'Z' || column > lastColumn {
			if i == 0 {
				return -1
			}
			break
		}
		column = column*26 + int(letter-'A') + 1
	}
	return column - 1
}

// placeOf reads the name of a cell.
func placeOf(name string) (Place, bool) {
	column := columnOf([]byte(name))
	row, err := strconv.Atoi(strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$"))
	return Place{Row: row, Column: column}, err == nil && column >= 0 && column < lastColumn && row > 0 && row <= lastRow
}
