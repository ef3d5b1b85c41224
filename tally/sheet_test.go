package tally

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoucun/survey"
)

// cellOf returns the cell of a row by its heading.
func (s Sheet) cellOf(t *testing.T, row, column string) string {
	t.Helper()
	c := slices.IndexFunc(s.Columns, func(c SheetColumn) bool { return c.Label == column })
	r := slices.IndexFunc(s.Rows, func(cells []string) bool { return cells[0] == row })
	if c < 0 || r < 0 {
		t.Fatalf("no cell %s/%s in %v %v", row, column, s.Columns, s.Rows)
	}
	return s.Rows[r][c]
}

func TestSheet(t *testing.T) {
	tally := New()
	for i := range 20 {
		h := fmt.Sprintf("h%d", i)
		village, aware := "v1", "clear"
		if i >= 12 {
			village = "v2"
		}
		if i%2 == 0 {
			aware = "misread"
		}
		tally.Put(household(h, village, "g"+village, survey.Remote))
		if i < 18 {
			tally.Put(visit("x"+h, village, h, talk+" visit/cadre_present=no policy/pension/aware="+aware+" policy/pension/told=face"))
			tally.Put(problem("p"+h, village, h, "submitted", "09"))
		}
	}
	tally.Put(household("far", "v2", "g9", survey.Central))
	s := tally.Sheet(Question{}, Names{
		Villages: []survey.Place{{ID: id("v2"), Name: "乙村"}, {ID: id("v1"), Name: "甲村"}},
		Policy:   func(key string) string { return "政策" + key }, Category: func(key string) string { return "类" + key },
	})
	if s.Rows[0][0] != "乙村" || s.Rows[2][0] != "合计" {
		t.Errorf("rows stand in the order %v", s.Rows)
	}
	for _, want := range []struct{ row, column, cell string }{
		{"甲村", "总户数", "12"},
		{"合计", "走访户（去重）", "18"},
		{"甲村", "偏远户 应/实", "12/12"},
		{"乙村", "偏远户 应/实", "8/6"},
		{"乙村", "未走访组", "1"},
		{"合计", "询问人数", "36"},
		{"甲村", "没有办结", "12"},
		{"合计", "当场解决", "0"},
		{"合计", "限期解决", UntoldMark},
		{"甲村", "知晓率", HiddenMark},
		{"合计", "知晓率", "50%（n=18）"},
		{"甲村", "误解最多的政策", "政策pension"},
		{"乙村", "误解最多的政策", UntoldMark},
		{"合计", "共性问题", "类09"},
		{"合计", "单独交谈比例", "100%（n=18）"},
	} {
		if got := s.cellOf(t, want.row, want.column); got != want.cell {
			t.Errorf("%s %s: %q, want %q", want.row, want.column, got, want.cell)
		}
	}
	notes := strings.Join(s.Notes, "")
	if !strings.Contains(notes, "本表不作干部排名使用") || !strings.Contains(notes, "18 次") || !strings.Contains(notes, "不是抽样") {
		t.Errorf("notes %q", notes)
	}
	for _, row := range s.Rows {
		if len(row) != len(s.Columns) {
			t.Errorf("%d cells for %d columns", len(row), len(s.Columns))
		}
	}
}
