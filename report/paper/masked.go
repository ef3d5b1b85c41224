package paper

import "strings"

// doubled are family names of two characters.
var doubled = []string{
	"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "夏侯", "长孙", "宇文", "轩辕", "端木", "独孤", "南宫", "闻人", "澹台",
}

// Masked returns a name as lists show it: the family name and 某.
func Masked(name string) string {
	runes := []rune(strings.TrimSpace(name))
	if len(runes) == 0 {
		return ""
	}
	for _, family := range doubled {
		if strings.HasPrefix(string(runes), family) && len(runes) > 2 {
			return family + "某"
		}
	}
	return string(runes[0]) + "某"
}
