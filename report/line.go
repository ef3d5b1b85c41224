package report

import (
	"zoucun/report/sheet"
	"zoucun/survey"
)

// line is one row below a header, and what is wrong with it so far.
type line struct {
	grid   *grid
	header *header
	number int // from 0
	faults []Fault
}

// cell returns what a column says, cleaned.
func (l *line) cell(c column) string {
	return sheet.Clean(l.grid.cell(l.number, l.header.at[c]))
}

// passedOver reports whether the row is none to be read: blank, a total, a remark, or the header once more.
func (l *line) passedOver() bool {
	code, head := l.cell(colCode), l.cell(colHead)
	if columnsByTitle[sheet.Word(head)] == colHead && sheet.Word(head) != "" {
		return true // printed sheets repeat the header
	}
	first, filled := "", 0
	for _, cell := range l.grid.rows[l.number] {
		text := sheet.HalfWidth(sheet.Clean(cell))
		if text == "" {
			continue
		}
		filled++
		if first == "" {
			first = text
		}
		if sheet.IsTotal(text) && (code == "" || sheet.IsTotal(code)) {
			return true
		}
	}
	if filled == 0 {
		return true
	}
	return code == "" && (sheet.IsRemark(first) || head == "" && (filled == 1 || l.empty()))
}

// empty reports whether no column of a household or person is filled, as in rows that were numbered in advance.
func (l *line) empty() bool {
	for _, c := range []column{colCode, colHead, colMembers, colDoor, colPhone, colResident, colAway, colLocation, colPost} {
		if l.header.has(c) && l.cell(c) != "" {
			return false
		}
	}
	return true
}

func (l *line) fault(c column, value, reason string) {
	l.faults = append(l.faults, Fault{Sheet: l.grid.name, Row: l.number + 1, Column: c.title(), Reason: reason, Value: value})
}

// need makes an empty value a fault, unless the column has one already.
func (l *line) need(c column, value, reason string) {
	for _, fault := range l.faults {
		if fault.Column == c.title() {
			return
		}
	}
	if value == "" {
		l.fault(c, "", reason)
	}
}

// check makes what check refuses a fault.
func (l *line) check(c column, value string, check func(string) error, mask func(string) string) {
	if err := check(value); err != nil {
		l.fault(c, mask(value), err.Error())
	}
}

// text reads a column of text; a refused one is empty.
func (l *line) text(c column, check func(string) error, mask func(string) string) string {
	value := l.cell(c)
	before := len(l.faults)
	l.check(c, value, check, mask)
	if len(l.faults) > before {
		return ""
	}
	return value
}

// parsed reads a column with a parser.
func parsed[T any](l *line, c column, parse func(string) (T, error), mask func(string) string) T {
	value := l.cell(c)
	if err := sheet.CheckShort(value); err != nil {
		l.fault(c, mask(value), err.Error())
		var none T
		return none
	}
	result, err := parse(value)
	if err != nil {
		l.fault(c, mask(value), err.Error())
	}
	return result
}

// members reads the names of the household's other adults. Spaces may stand between them, so the cell is read as it is.
func (l *line) members() string {
	raw := l.grid.cell(l.number, l.header.at[colMembers])
	members, err := sheet.ParseMembers(raw)
	if err != nil {
		l.fault(colMembers, sheet.MaskNames(raw), err.Error())
	}
	return members
}

// household reads the facts of a household.
func (l *line) household() survey.Household {
	household := survey.Household{
		Code:     parsed(l, colCode, sheet.ParseCode, sheet.Excerpt),
		Head:     l.text(colHead, sheet.CheckName, sheet.MaskName),
		Members:  l.members(),
		Door:     l.text(colDoor, sheet.CheckShort, sheet.Excerpt),
		Phone:    parsed(l, colPhone, sheet.ParsePhone, sheet.MaskDigits),
		Resident: parsed(l, colResident, sheet.ParseCount, sheet.Excerpt),
		Away:     parsed(l, colAway, sheet.ParseCount, sheet.Excerpt),
		Location: parsed(l, colLocation, sheet.ParseLocation, sheet.Excerpt),
	}
	household.Members = sheet.WithoutHead(household.Members, household.Head)
	l.need(colCode, household.Code, "没有户编号，请按村里的编号补上")
	l.need(colHead, household.Head, "没有户主姓名，请补上")
	return household
}
