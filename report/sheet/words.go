package sheet

import (
	"regexp"
	"strings"
)

var bracketed = regexp.MustCompile(`\([^)]*\)`)

// Word is a header cell without what varies: spaces, line breaks, full-width forms, units in brackets, marks.
func Word(s string) string {
	s = strings.ReplaceAll(HalfWidth(Clean(s)), " ", "")
	return strings.Trim(bracketed.ReplaceAllString(s, ""), "*:、")
}

// Words that begin rows which are no household's.
var (
	totals  = []string{"合计", "总计", "小计", "共计", "累计", "总户数"}
	remarks = []string{"注:", "注1", "备注", "说明", "填表", "制表", "审核", "填报", "负责人", "单位", "日期", "联系人"}
)

// IsTotal reports whether a cell begins or ends a line of totals.
func IsTotal(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	for _, word := range totals {
		if strings.HasPrefix(s, word) || strings.HasSuffix(s, word) {
			return true
		}
	}
	return false
}

// IsRemark reports whether a row that begins with s is a remark below a table.
func IsRemark(s string) bool {
	for _, word := range remarks {
		if strings.HasPrefix(s, word) {
			return true
		}
	}
	return false
}
