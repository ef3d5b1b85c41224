package report

import (
	"zoucun/report/sheet"
)

// column is what a column of a roster says.
type column uint8

const (
	colVillage column = iota
	colGroup
	colCode
	colHead
	colMembers
	colDoor
	colPhone
	colResident
	colAway
	colLocation
	colPost
	colWord
	colSaid
	columns int = iota
)

// titles are the names each column goes by, the first being the one the product uses.
var titles = [columns][]string{
	colVillage:  {"村", "村名", "行政村", "村(社区)", "村社区", "所在村", "村居", "村委会", "社区"},
	colGroup:    {"组", "村民小组", "自然村", "组名", "小组", "组别", "村组", "所在组", "组(自然村)", "屯", "湾组"},
	colCode:     {"户编号", "户号", "编号", "户编码", "农户编号", "户籍编号", "家庭编号", "门户编号"},
	colHead:     {"户主", "户主姓名", "户主名", "姓名", "户主名字", "农户姓名", "家庭户主"},
	colMembers:  {"家庭成员", "成员", "家庭成员姓名", "成员姓名", "家人", "其他成员", "家庭其他成员"},
	colDoor:     {"门牌方位", "住址", "地址", "门牌", "门牌号", "家庭住址", "详细地址", "方位", "居住地址", "门牌或方位"},
	colPhone:    {"电话", "联系电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "户主电话"},
	colResident: {"常住", "常住人数", "常住人口", "在家人数", "常住人口数"},
	colAway:     {"外出", "外出人数", "外出人口", "在外人数", "外出务工人数", "外出人口数"},
	colLocation: {"位置类型", "位置", "位置类别", "居住位置", "路边偏远"},
	colPost:     {"职务", "岗位", "职位", "职务岗位"},
	colWord:     {"字词", "字或词", "字、词"},
	colSaid:     {"读音", "拼音", "读法"},
}

// title returns the name the product uses for a column.
func (c column) title() string { return titles[c][0] }

// columnsByTitle finds a column by any of its names.
var columnsByTitle = func() map[string]column {
	byTitle := map[string]column{}
	for c, names := range titles {
		for _, name := range names {
			byTitle[sheet.Word(name)] = column(c)
		}
	}
	return byTitle
}()

// header is where a sheet's columns are. A column that is not there has the position -1.
type header struct {
	row     int // the last row of the header, from 0
	at      [columns]int
	unknown []string // header cells that name no column
}

func (h *header) has(c column) bool { return h.at[c] >= 0 }

// known counts the columns found.
func (h *header) known() int {
	n := 0
	for _, at := range h.at {
		if at >= 0 {
			n++
		}
	}
	return n
}

// roster reports whether the columns are those of a roster of households.
func (h *header) roster() bool { return h.has(colHead) && h.has(colCode) }

// staff reports whether the columns are those of a list of staff.
func (h *header) staff() bool { return h.has(colHead) && h.has(colPost) && !h.has(colCode) }

// readings reports whether the columns are those of a list of readings.
func (h *header) readings() bool { return h.has(colWord) && h.has(colSaid) && !h.has(colHead) }

// headerRows is how far down a header is looked for: below the title, the unit and the date.
const headerRows = 30

// findHeader looks for the header of a sheet. Where there is none it returns the row that resembles one most.
func findHeader(g *grid) (header, bool) {
	nearest := noHeader(0)
	for row := range min(headerRows, len(g.rows)) {
		h := readHeader(g, row)
		if h.roster() || h.staff() || h.readings() {
			return withSecondRow(g, h), true
		}
		if h.known() > nearest.known() {
			nearest = h
		}
	}
	return nearest, false
}

// noHeader is a header without columns.
func noHeader(row int) header {
	h := header{row: row}
	for c := range h.at {
		h.at[c] = -1
	}
	return h
}

func readHeader(g *grid, row int) header {
	h := noHeader(row)
	for at := range g.rows[row] {
		word := sheet.Word(g.rows[row][at])
		c, known := columnsByTitle[word]
		switch {
		case word == "":
		case known && !h.has(c):
			h.at[c] = at
		case known && c == colHead && word == titles[colHead][0]:
			h.at[c] = at // 户主 beside 姓名: the household is the 户主's
		default:
			h.unknown = append(h.unknown, sheet.Clean(g.rows[row][at]))
		}
	}
	return h
}

// withSecondRow takes in a second header row, as where 人口 stands over 常住 and 外出.
func withSecondRow(g *grid, h header) header {
	if h.readings() || h.row+1 >= len(g.rows) || g.cell(h.row+1, h.at[colHead])+g.cell(h.row+1, h.at[colCode]) != "" {
		return h
	}
	below := readHeader(g, h.row+1)
	if below.known() == 0 {
		return h
	}
	h.row++
	for c, at := range below.at {
		if at >= 0 && h.at[c] < 0 {
			h.at[c] = at
		}
	}
	h.unknown = append(h.unknown, below.unknown...)
	return h
}
