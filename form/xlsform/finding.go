package xlsform

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Severity says whether a form with the finding can be used.
type Severity uint8

// Severities, the worst first.
const (
	Fatal   Severity = iota // the form cannot be compiled
	Warning                 // the form compiles; someone should look
)

// Finding is one thing wrong, or worth a look, in a form's sheets.
type Finding struct {
	Code     Code
	Severity Severity
	Sheet    string   // as XLSForm calls it: "survey"
	Row      int      // as the spreadsheet counts, the header being row 1; 0 when the finding is about a whole sheet
	Column   string   // the header as the author wrote it, or the name it should have
	Message  string   // Chinese: what is wrong
	Remedy   string   // Chinese: what to write instead
	Values   []string // the names and values Message speaks of, for programs
}

// String returns the finding on one line: where, what, and what to do.
func (f Finding) String() string {
	return fmt.Sprintf("%s %s：%s%s", f.Code, f.Where(), f.Message, f.Remedy)
}

// Where names the cell in Chinese.
func (f Finding) Where() string {
	where := "表单"
	if f.Sheet != "" {
		where = f.Sheet + " 表"
	}
	if f.Row > 0 {
		where += "第 " + strconv.Itoa(f.Row) + " 行"
	}
	if f.Column != "" {
		where += "“" + f.Column + "”列"
	}
	return where
}

// at is a place in the sheets.
type at struct {
	sheet  string
	row    int
	column string
}

// findings collects what compiling meets; every stage adds to it and none stops at the first.
type findings struct{ list []Finding }

// add records a finding; values fill the {0}, {1}… of the catalogue's sentences.
func (f *findings) add(code Code, where at, values ...string) {
	entry := catalogue[code]
	fill := make([]string, 0, 2*len(values))
	for i, value := range values {
		fill = append(fill, "{"+strconv.Itoa(i)+"}", value)
	}
	words := strings.NewReplacer(fill...)
	f.list = append(f.list, Finding{
		Code: code, Severity: entry.severity,
		Sheet: where.sheet, Row: where.row, Column: where.column,
		Message: words.Replace(entry.message), Remedy: words.Replace(entry.remedy),
		Values: values,
	})
}

// fatal reports whether the form cannot be compiled.
func (f *findings) fatal() bool {
	return slices.ContainsFunc(f.list, func(one Finding) bool { return one.Severity == Fatal })
}

// sorted returns the findings, the worst first and then in reading order, none said twice.
func (f *findings) sorted() []Finding { return Sorted(f.list) }

// Sorted returns findings of whatever origin, the worst first and then in reading order, none said twice.
func Sorted(list []Finding) []Finding {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(sheetRank(a.Sheet), sheetRank(b.Sheet)),
			cmp.Compare(a.Row, b.Row),
		)
	})
	return slices.CompactFunc(list, func(a, b Finding) bool { return a.String() == b.String() })
}

func sheetRank(name string) int {
	rank := slices.Index(sheetOrder, name)
	if rank < 0 {
		return len(sheetOrder)
	}
	return rank
}
