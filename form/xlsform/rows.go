package xlsform

import (
	"cmp"
	"slices"
	"strings"
)

// Entry is one row of a sheet with its columns understood, for programs that read a form without compiling it.
type Entry struct{ record record }

// Entries returns the rows of a sheet, whatever is wrong with them.
func (b Workbook) Entries(name string) []Entry {
	sheet, ok := b.sheet(name)
	if !ok {
		return nil
	}
	var unsaid findings // Compile says them
	t := understand(&unsaid, sheet, name)
	entries := make([]Entry, len(t.records))
	for i, r := range t.records {
		entries[i] = Entry{r}
	}
	return entries
}

// Get returns the cell of a column, by any name the column goes by: "type", "label", "required".
func (e Entry) Get(column string) string { return e.record.get(e.path(column)) }

// Said is a text of a row, and the header of the column it stands in.
type Said struct{ Column, Text string }

// Texts returns what a column says in all its languages.
func (e Entry) Texts(column string) []Said {
	var found []Said
	path := e.path(column)
	for i, c := range e.record.columns() {
		if (c.path == path || strings.HasPrefix(c.path, path+"::")) && e.record.cells[i] != "" {
			found = append(found, Said{c.header, e.record.cells[i]})
		}
	}
	return found
}

// Row returns the row's number as the spreadsheet counts.
func (e Entry) Row() int { return e.record.number }

// Header returns a column's header as the author wrote it, or the name it should have.
func (e Entry) Header(column string) string { return e.record.at(e.path(column)).column }

func (e Entry) path(column string) string {
	return cmp.Or(columnAliases[e.record.table.name][column], column)
}

// Type returns the canonical name of a survey row's type without its list: "geopoint" where an author writes gps,
// "group" and "repeat" where one begins, nothing where one ends.
func (e Entry) Type() string {
	written := e.Get("type")
	switch {
	case endPattern.MatchString(written):
		return ""
	case beginPattern.MatchString(written):
		return containerName(containers[beginPattern.FindStringSubmatch(written)[1]])
	case selectPattern.MatchString(written):
		return selectPattern.FindStringSubmatch(written)[1]
	case osmPattern.MatchString(written):
		return "osm"
	case typeNames[written] != nil:
		return typeNames[written].names[0]
	default:
		return written
	}
}

// No reports whether a cell says no: it is empty, or one of the words XLSForm takes for false.
func No(cell string) bool {
	yes, known := yesNo[cell]
	return cell == "" || known && !yes
}

// Types returns the canonical name of every type a row of the survey sheet can have, sorted.
func Types() []string {
	found := []string{"group", "repeat"}
	for _, row := range typeTable {
		found = append(found, row.names[0])
	}
	for name := range selectNames {
		if strings.Contains(name, "_") || name == "rank" {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
