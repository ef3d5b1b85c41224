package township

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	rosterSheet = "花名册"
	staffSheet  = "工作人员"
)

// Write writes the township's roster as an .xlsx workbook the way an office keeps it: title rows, a merged village
// column, numbers in some cells and text in others, subtotals, a total, and a remark at the end.
func (t Township) Write(w io.Writer) error {
	book := excelize.NewFile()
	defer func() { _ = book.Close() }() // nothing is on disk
	if err := book.SetSheetName("Sheet1", rosterSheet); err != nil {
		return fmt.Errorf("name roster sheet: %w", err)
	}
	if _, err := book.NewSheet(staffSheet); err != nil {
		return fmt.Errorf("add staff sheet: %w", err)
	}
	if err := t.writeRoster(book); err != nil {
		return fmt.Errorf("write roster: %w", err)
	}
	if err := t.writeStaff(book); err != nil {
		return fmt.Errorf("write staff: %w", err)
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// sheet writes rows one under the other and keeps the first error.
type sheet struct {
	stream *excelize.StreamWriter
	row    int
	err    error
}

func newSheet(book *excelize.File, name string) *sheet {
	stream, err := book.NewStreamWriter(name)
	return &sheet{stream: stream, err: err}
}

func (s *sheet) add(cells ...any) {
	s.row++
	if s.err == nil {
		s.err = s.stream.SetRow("A"+strconv.Itoa(s.row), cells)
	}
}

func (s *sheet) merge(from, to string) {
	if s.err == nil && from != to {
		s.err = s.stream.MergeCell(from, to)
	}
}

func (s *sheet) flush() error {
	if s.err != nil {
		return s.err
	}
	return s.stream.Flush()
}

func (t Township) writeRoster(book *excelize.File) error {
	s := newSheet(book, rosterSheet)
	s.add(t.Name + "农户花名册（虚构，仅供演示）")
	s.merge("A1", "L1")
	s.add("填报单位：" + t.Name + "党政办")
	s.merge("A2", "L2")
	s.add("序号", "村", "组", "户编号", "户主", "家庭成员", "门牌方位", "联系电话", "常住人数", "外出人数", "位置类型", "备注")
	for n := 0; n < len(t.Rows); {
		n = t.writeVillage(s, n)
	}
	s.add("合计", nil, nil, nil, strconv.Itoa(len(t.Rows))+"户")
	s.add()
	s.add("注：本表人名、电话均为虚构，如有雷同纯属巧合。")
	return s.flush()
}

// writeVillage writes the village whose rows begin at n, and returns where the next begins.
func (t Township) writeVillage(s *sheet, n int) int {
	first, top, village := n, s.row+1, t.Rows[n].Village
	for ; n < len(t.Rows) && t.Rows[n].Village == village; n++ {
		row := t.Rows[n]
		name := row.Village
		if n > first {
			name = "" // the merged cell says it
		}
		s.add(n+1, name, row.Group, row.Code, spaced(row.Head, n), listed(row.Members, n), row.Door, phoneCell(row.Phone, n),
			countCell(row.Resident, n), countCell(row.Away, n+1), row.Location, "")
	}
	s.merge("B"+strconv.Itoa(top), "B"+strconv.Itoa(s.row))
	s.add("小计", nil, nil, nil, strconv.Itoa(n-first)+"户")
	return n
}

func (t Township) writeStaff(book *excelize.File) error {
	s := newSheet(book, staffSheet)
	s.add(t.Name + "走访工作人员")
	s.add("序号", "姓名", "职务")
	for n, one := range t.Staff {
		s.add(n+1, one.Name, one.Post)
	}
	return s.flush()
}

// spaced sets some names of two characters apart, as typists do to align them with those of three.
func spaced(name string, n int) string {
	if runes := []rune(name); n%5 == 0 && len(runes) == 2 {
		return string(runes[0]) + "　" + string(runes[1])
	}
	return name
}

// listed writes names into one cell, with the stops that different typists use.
func listed(names []string, n int) string {
	return strings.Join(names, []string{"、", "、", "，", " "}[n%4])
}

// phoneCell keeps two phones of three as numbers, as a spreadsheet does with digits.
func phoneCell(phone string, n int) any {
	if number, err := strconv.ParseInt(phone, 10, 64); err == nil && n%3 > 0 {
		return number
	}
	return phone
}

var fullWidth = strings.NewReplacer("0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６")

// countCell keeps a count as a number, as text, or in the full-width digits an input method leaves behind.
func countCell(count string, n int) any {
	number, err := strconv.Atoi(count)
	switch {
	case err != nil || n%7 == 3:
		return count
	case n%11 == 5:
		return fullWidth.Replace(count)
	default:
		return number
	}
}
