package sheet

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strings"
)

// headerSearch is how many rows from the top a header is looked for, headerDepth how many rows it may have.
const (
	headerSearch = 30
	headerDepth  = 3
)

// Header is where a table names its columns.
type Header struct {
	First, Last int        // its rows, as positions in Table.Rows
	Titles      [][]string // of each column: what stands over it, from the top row to the last; empty where nothing does
}

// Title returns all that stands over a column: 人口/常住.
func (h Header) Title(column int) string { return strings.Join(h.Titles[column], "/") }

// Signature tells tables with the same header from others: what the columns are called, wherever they are kept.
func (h Header) Signature() string {
	words := make([]string, len(h.Titles))
	for column := range h.Titles {
		words[column] = Word(h.Title(column))
	}
	sum := sha256.Sum256([]byte(strings.TrimRight(strings.Join(words, "\t"), "\t")))
	return hex.EncodeToString(sum[:12])
}

// Known returns what a column is called by knows, from the nearest title to all of them together.
func (h Header) Known(column int, knows func(title string) bool) (string, bool) {
	titles := h.Titles[column]
	for _, title := range []string{last(titles), strings.Join(titles, ""), strings.Join(lastTwo(titles), "")} {
		if word := Word(title); word != "" && knows(word) {
			return word, true
		}
	}
	return "", false
}

func last(titles []string) string {
	if len(titles) == 0 {
		return ""
	}
	return titles[len(titles)-1]
}

func lastTwo(titles []string) []string { return titles[max(0, len(titles)-2):] }

// Header finds the rows that name the columns: below titles and remarks, over merged cells and several rows. It takes
// those with the most columns that knows has heard of, among equals the first and those joined to it by merged cells; where it has heard of none, the first
// row in which two cells are filled. It reports false where there is no such row.
func (t *Table) Header(knows func(title string) bool) (Header, bool) {
	var best Header
	most, found := 0, false
	for first := min(headerSearch, len(t.Rows)) - 1; first >= 0; first-- {
		for depth := range min(headerDepth, len(t.Rows)-first) {
			h := t.headerAt(first, first+depth)
			if filled(t.Rows[first]) < 2 && depth > 0 {
				continue // a title
			}
			n := h.count(knows)
			if better := n > most || n == most && found && (h.Last < best.First || best.Last == h.Last && t.spans(first)); better {
				best, most, found = h, n, true
			}
		}
	}
	if found {
		return best, true
	}
	for i, row := range t.Rows[:min(headerSearch, len(t.Rows))] {
		if filled(row) >= 2 {
			return t.headerAt(i, i), true
		}
	}
	return Header{}, false
}

// spans reports whether a row has a merged cell.
func (t *Table) spans(row int) bool {
	for _, a := range t.Merged {
		if a.First.Row <= t.Rows[row].Number && a.Last.Row >= t.Rows[row].Number {
			return true
		}
	}
	return false
}

func filled(r Row) int {
	n := 0
	for _, cell := range r.Cells {
		if Clean(cell) != "" {
			n++
		}
	}
	return n
}

func (t *Table) headerAt(first, last int) Header {
	h := Header{First: first, Last: last}
	width := 0
	for _, row := range t.Rows[first : last+1] {
		width = max(width, len(row.Cells))
	}
	h.Titles = make([][]string, width)
	for column := range width {
		for i := first; i <= last; i++ {
			title := Clean(t.spread(i, column))
			if title != "" && !slices.Contains(h.Titles[column], title) {
				h.Titles[column] = append(h.Titles[column], title)
			}
		}
	}
	return h
}

// count counts the columns that are known, each name once.
func (h Header) count(knows func(string) bool) int {
	seen := map[string]bool{}
	for column := range h.Titles {
		if word, ok := h.Known(column, knows); ok {
			seen[word] = true
		}
	}
	return len(seen)
}

// spread returns what stands in a cell, in a merged one what stands in its first.
func (t *Table) spread(row, column int) string {
	text := t.Rows[row].Cell(column)
	if text != "" {
		return text
	}
	first, ok := t.mergedFrom(Place{t.Rows[row].Number, column})
	if !ok {
		return ""
	}
	for i := row; i >= 0; i-- {
		if t.Rows[i].Number == first.Row {
			return t.Rows[i].Cell(first.Column)
		}
	}
	return ""
}

// mergedFrom returns where the merged area of a place begins, if it lies in one.
func (t *Table) mergedFrom(p Place) (Place, bool) {
	for _, a := range t.Merged {
		if a.holds(p) {
			return a.First, true
		}
	}
	return Place{}, false
}

// Covered returns the rows, as the spreadsheet counts, whose cell in a column belongs to a merged one that begins above.
func (t *Table) Covered(column int) map[int]bool {
	covered := map[int]bool{}
	for _, a := range t.Merged {
		if column < a.First.Column || column > a.Last.Column {
			continue
		}
		from := sort.Search(len(t.Rows), func(i int) bool { return t.Rows[i].Number > a.First.Row })
		for _, row := range t.Rows[from:] {
			if row.Number > a.Last.Row {
				break
			}
			covered[row.Number] = true
		}
	}
	return covered
}
