package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"zoucun/internal/spell"
	"zoucun/report/sheet"
	"zoucun/survey"
)

// Roster is what a township's workbook says, row by row.
type Roster struct {
	Rows     []RosterRow // households, in the order of the sheets
	Staff    []StaffRow
	Readings []ReadingRow
	Faults   []Fault  // why rows were not taken; a row may have several
	Ignored  []string // sheets and columns that were not read, in words
}

// RosterRow is a household as a row states it.
type RosterRow struct {
	Sheet     string
	Row       int // as the spreadsheet counts
	Village   string
	Group     string           // empty where the roster names none
	Household survey.Household // code, head, door, phone, counts and location; no identifiers
}

// StaffRow is a member of staff as a row states it.
type StaffRow struct {
	Sheet string
	Row   int
	Name  string
	Post  string
}

// ReadingRow is how a character or word is said as a row states it.
type ReadingRow struct {
	Sheet string
	Row   int
	Word  string
	Said  string
}

// Fault is one reason why a row was not taken.
type Fault struct {
	Sheet  string
	Row    int    // as the spreadsheet counts
	Column string // as the product calls it
	Reason string // Chinese: what is wrong and what to do
	Value  string // what stands there, with names and numbers masked
}

// String returns the fault on one line.
func (f Fault) String() string {
	line := fmt.Sprintf("%s 第 %d 行 %s：%s", f.Sheet, f.Row, f.Column, f.Reason)
	if f.Value != "" {
		line += "（" + f.Value + "）"
	}
	return line
}

// Refused counts the rows that were not taken.
func (r Roster) Refused() int {
	rows := map[place]bool{}
	for _, fault := range r.Faults {
		rows[place{fault.Sheet, fault.Row}] = true
	}
	return len(rows)
}

// ReadRoster reads a roster from an .xlsx workbook. An error means that nothing could be taken, and its Message says
// in Chinese why; otherwise the rows that could not be taken are among the faults.
func ReadRoster(source io.Reader) (roster Roster, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			roster, err = Roster{}, refuse(survey.Invalid, "文件已损坏，读不出来。请在表格软件里打开，另存为 .xlsx 后再导入。", fmt.Errorf("workbook: %v", cause))
		}
	}() // the workbook library indexes before it checks; a broken file must not end the program
	book, err := openWorkbook(source)
	if err != nil {
		return Roster{}, err
	}
	defer func() { _ = book.Close() }() // read only: nothing is lost
	reader := newRosterReader()
	sheets := book.GetSheetList()
	for _, name := range sheets[:min(len(sheets), maxSheets)] {
		if visible, err := book.GetSheetVisible(name); err == nil && !visible {
			reader.ignore(name, "是隐藏的工作表")
			continue
		}
		g, err := readGrid(book, name)
		if err != nil {
			return Roster{}, refuse(survey.Invalid, "工作表“"+name+"”读不出来，或者行列太多（最多 20 万行、256 列）。请删去无关内容后另存再导入。", err)
		}
		if err := reader.sheet(&g); err != nil {
			return Roster{}, err
		}
	}
	return reader.finish()
}

// rosterReader collects rows from sheet after sheet.
type rosterReader struct {
	Roster

	codes   map[householdKey]place
	names   map[string]place // of staff
	words   map[string]place // with a reading
	nearest header           // the best of what was no header, for the sentence when there is none at all
	nearby  string           // its sheet
}

// householdKey is what makes a household the same one.
type householdKey struct{ village, code string }

// place is where a row stands.
type place struct {
	sheet string
	row   int
}

func newRosterReader() *rosterReader {
	return &rosterReader{codes: map[householdKey]place{}, names: map[string]place{}, words: map[string]place{}, nearest: noHeader(0)}
}

func (r *rosterReader) ignore(sheet, why string) {
	r.Ignored = append(r.Ignored, "“"+sheet+"”"+why)
}

// sheet reads one sheet, whatever it is.
func (r *rosterReader) sheet(g *grid) error {
	h, found := findHeader(g)
	switch {
	case !found:
		if h.known() > r.nearest.known() {
			r.nearest, r.nearby = h, g.name
		}
		if len(g.rows) > 0 {
			r.ignore(g.name, "没有花名册的表头")
		}
		return nil
	case h.staff():
		r.staffRows(g, &h)
		return nil
	case h.readings():
		r.readingRows(g, &h)
		return nil
	}
	return r.households(g, &h)
}

// finish returns the roster, or the reason why the workbook is none.
func (r *rosterReader) finish() (Roster, error) {
	if len(r.Rows)+len(r.Staff)+len(r.Readings)+len(r.Faults) > 0 {
		r.restoreZeros()
		return r.Roster, nil
	}
	message := fmt.Sprintf("没有找到花名册：前 %d 行里没有同时写着“户主”和“户编号”的表头，或表头下没有内容。", headerRows)
	if r.nearest.known() > 1 {
		var missing []string
		for _, c := range []column{colCode, colHead} {
			if !r.nearest.has(c) {
				missing = append(missing, "“"+c.title()+"”")
			}
		}
		message = fmt.Sprintf("“%s”第 %d 行像是表头，但缺少%s列。请补上后再导入。", r.nearby, r.nearest.row+1, strings.Join(missing, "和"))
	}
	return Roster{}, refuse(survey.Invalid, message, nil)
}

var villageInTitle = regexp.MustCompile(`^(?:.*[镇乡县区]|.*街道)?(\p{Han}{1,10}?(?:村|社区))`)

// villageOf finds the village of a sheet without a village column: in the sheet's name, else in the title rows.
func villageOf(g *grid, h *header) string {
	if name := sheet.Clean(g.name); strings.HasSuffix(name, "村") || strings.HasSuffix(name, "社区") {
		return name
	}
	for row := range h.row {
		for _, cell := range g.rows[row] {
			if found := villageInTitle.FindStringSubmatch(sheet.Clean(cell)); found != nil {
				return found[1]
			}
		}
	}
	return ""
}

// households reads a sheet of households.
func (r *rosterReader) households(g *grid, h *header) error {
	places := placeColumns{grid: g, header: h}
	if !h.has(colVillage) {
		places.village = villageOf(g, h)
		if places.village == "" {
			return refuse(survey.Invalid, "“"+g.name+"”没有“村”列，工作表也不是以村名命名的。请补上“村”列后再导入。", nil)
		}
	} else {
		places.villageCovered = g.coveredRows(h.at[colVillage])
	}
	places.groupCovered = g.coveredRows(h.at[colGroup])
	for _, title := range h.unknown {
		if !passedOver[sheet.Word(title)] {
			r.ignore(g.name, "的“"+sheet.Excerpt(title)+"”列")
		}
	}
	for number := h.row + 1; number < len(g.rows); number++ {
		line := line{grid: g, header: h, number: number}
		if line.passedOver() {
			continue
		}
		places.follow(number)
		r.household(&line, places.village, places.group)
	}
	return nil
}

// passedOver are columns nobody misses.
var passedOver = map[string]bool{"序号": true, "备注": true}

// placeColumns follows the village and group down a sheet in which they are written once for many rows.
type placeColumns struct {
	grid                         *grid
	header                       *header
	villageCovered, groupCovered map[int]bool
	village, group               string // of the row followed last
}

// follow moves to a row. A blank village cell means the village above. A blank group cell means the group above where
// the cell is merged, or where the village is left blank as well without being merged; else it means no group.
func (p *placeColumns) follow(row int) {
	village, group := sheet.Clean(p.grid.cell(row, p.header.at[colVillage])), sheet.Clean(p.grid.cell(row, p.header.at[colGroup]))
	outlined := p.header.has(colVillage) && village == "" && !p.villageCovered[row]
	switch {
	case group != "":
		p.group = group
	case !p.groupCovered[row] && !outlined || village != "" && village != p.village:
		p.group = ""
	}
	if village != "" {
		p.village = village
	}
}

// staffRows reads a sheet of staff.
func (r *rosterReader) staffRows(g *grid, h *header) {
	for number := h.row + 1; number < len(g.rows); number++ {
		line := line{grid: g, header: h, number: number}
		if line.passedOver() {
			continue
		}
		row := StaffRow{
			Sheet: g.name, Row: number + 1,
			Name: line.text(colHead, sheet.CheckName, sheet.MaskName), Post: line.text(colPost, sheet.CheckShort, sheet.Excerpt),
		}
		line.need(colHead, row.Name, "没有姓名")
		if first, taken := r.names[row.Name]; taken && row.Name != "" {
			line.fault(colHead, sheet.MaskName(row.Name), fmt.Sprintf("与%s重名，请在姓名后加字区分", first.seenFrom(g.name)))
		}
		if r.take(&line) {
			r.names[row.Name] = place{g.name, row.Row}
			r.Staff = append(r.Staff, row)
		}
	}
}

// readingRows reads a sheet of readings.
func (r *rosterReader) readingRows(g *grid, h *header) {
	for number := h.row + 1; number < len(g.rows); number++ {
		line := line{grid: g, header: h, number: number}
		if line.cell(colWord)+line.cell(colSaid) == "" {
			continue
		}
		row := ReadingRow{
			Sheet: g.name, Row: number + 1,
			Word: line.text(colWord, sheet.CheckShort, sheet.Excerpt), Said: line.text(colSaid, sheet.CheckShort, sheet.Excerpt),
		}
		line.need(colWord, row.Word, "没有字词")
		if _, err := spell.Readings(row.Word, row.Said); err != nil && len(line.faults) == 0 {
			line.fault(colSaid, sheet.Excerpt(row.Word+" "+row.Said), err.Error())
		}
		if first, taken := r.words[row.Word]; taken && row.Word != "" {
			line.fault(colWord, sheet.Excerpt(row.Word), fmt.Sprintf("与%s重复，请把读音写在一格里，中间用“、”隔开", first.seenFrom(g.name)))
		}
		if r.take(&line) {
			r.words[row.Word] = place{g.name, row.Row}
			r.Readings = append(r.Readings, row)
		}
	}
}

// seenFrom names a row to a reader who is on a sheet.
func (p place) seenFrom(sheet string) string {
	if p.sheet == sheet {
		return fmt.Sprintf("第 %d 行", p.row)
	}
	return fmt.Sprintf("“%s”第 %d 行", p.sheet, p.row)
}

// take keeps the faults of a line and reports whether it has none.
func (r *rosterReader) take(l *line) bool {
	r.Faults = append(r.Faults, l.faults...)
	return len(l.faults) == 0
}

// household reads one household.
func (r *rosterReader) household(l *line, village, group string) {
	row := RosterRow{Sheet: l.grid.name, Row: l.number + 1, Village: village, Group: group, Household: l.household()}
	l.check(colVillage, village, sheet.CheckShort, sheet.Excerpt)
	l.need(colVillage, village, "没有村名")
	l.check(colGroup, group, sheet.CheckShort, sheet.Excerpt)
	key := householdKey{village, sheet.CodeKey(row.Household.Code)}
	if first, taken := r.codes[key]; taken && key.code != "" {
		l.fault(colCode, row.Household.Code, "户编号与"+first.seenFrom(row.Sheet)+"重复，请改正其中一个")
	}
	if r.take(l) {
		r.codes[key] = place{row.Sheet, row.Row}
		r.Rows = append(r.Rows, row)
	}
}

// restoreZeros gives codes of digits back the zeros in front that they lost: as many as the village's other codes have.
func (r *rosterReader) restoreZeros() {
	width := map[string]int{}
	for _, row := range r.Rows {
		if code := row.Household.Code; sheet.IsDigits(code) && code[0] == '0' {
			width[row.Village] = max(width[row.Village], len(code))
		}
	}
	for n := range r.Rows {
		row := &r.Rows[n]
		if code := row.Household.Code; sheet.IsDigits(code) {
			row.Household.Code = strings.Repeat("0", max(0, width[row.Village]-len(code))) + code
		}
	}
}
