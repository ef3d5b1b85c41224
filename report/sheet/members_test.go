package sheet

import (
	"strings"
	"testing"

	"zoucun/survey"
)

func TestParseMembers(t *testing.T) {
	tests := []struct{ cell, want, fault string }{
		{"李秀兰、张伟", "李秀兰、张伟", ""},
		{"李秀兰，张　伟", "李秀兰、张伟", ""},
		{"李秀兰 张伟　王芳", "李秀兰、张伟、王芳", ""},
		{"张　伟", "张伟", ""},
		{"张 伟 李秀兰 王 芳", "张伟、李秀兰、王芳", ""},
		{"李秀兰\n张伟；李秀兰", "李秀兰、张伟", ""},
		{"阿依古丽·买买提、尉迟𬱖", "阿依古丽·买买提、尉迟𬱖", ""},
		{"⿰亻吉花", "⿰亻吉花", ""},
		{"", "", ""},
		{"无", "", ""},
		{"、，", "", ""},
		{"4人", "", "不写人数"},
		{"李?兰", "", "丢了"},
		{"王\ue863", "", "自造字"},
		{"甲乙、" + manyNames(maxMembers), "", "成员太多"},
		{strings.Repeat("长", 51) + "、乙丙", "", "内容太长"},
	}
	for _, test := range tests {
		got, err := ParseMembers(test.cell)
		if got != test.want || (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("parseMembers(%q) = %q, %v", test.cell, got, err)
		}
	}
}

// manyNames returns so many names, no two of them alike.
func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "王" + string(rune('一'+i))
	}
	return strings.Join(names, "、")
}

func FuzzParseMembers(f *testing.F) {
	for _, seed := range []string{"李秀兰、张伟", "张　伟 李四", "、", "\xff、\ufeff", "无", "4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		members, err := ParseMembers(cell)
		if err != nil {
			return
		}
		if again, err := ParseMembers(members); !strings.Contains(members, " ") && !absent[members] && (err != nil || again != members) {
			t.Errorf("%q was taken as %q, and that as %q, %v", cell, members, again, err)
		}
		for _, name := range (survey.Household{Members: members}).MemberNames() {
			if name == "" || name != Clean(name) || CheckName(name) != nil {
				t.Errorf("took %q", name)
			}
		}
	})
}
