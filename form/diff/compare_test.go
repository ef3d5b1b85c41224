package diff_test

import (
	"strings"
	"testing"

	"zoucun/form/diff"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// version compiles rows of a survey sheet and of a list of choices.
func version(tb testing.TB, number, rows, choices string) *xform.Form {
	tb.Helper()
	var b strings.Builder
	b.WriteString("| survey |\n| | type | name | label | relevant | constraint | calculation | default |\n")
	for line := range strings.Lines(rows) {
		b.WriteString("| | " + strings.TrimSpace(line) + " |\n")
	}
	b.WriteString("| choices |\n| | list_name | name | label |\n")
	for line := range strings.Lines(choices) {
		b.WriteString("| | " + strings.TrimSpace(line) + " |\n")
	}
	b.WriteString("| settings |\n| | form_id | version |\n| | F | " + number + " |\n")
	book, _ := xlsform.ReadMarkdown(b.String(), "t")
	compiled := xlsform.Compile(book, xlsform.Options{})
	f, err := xform.Read(strings.NewReader(string(compiled.XML)))
	if err != nil {
		tb.Fatalf("%v: %v", compiled.Findings, err)
	}
	return f
}

func TestCompare(t *testing.T) {
	list := "r | a | 有\nr | b | 不清楚"
	tests := []struct {
		fact, was, is     string
		choices, choices2 string
		want              string // kinds and codes
		says              string
	}{
		{"nothing", "text | a | 姓名", "text | a | 姓名", list, list, "", ""},
		{"a new question", "text | a | 姓名", "text | a | 姓名\ninteger | b | 人数", list, list, "新增", "新问“人数”（整数）。旧记录里没有"},
		{"a question left out", "text | a | 姓名\ninteger | b | 人数", "text | a | 姓名", list, list, "删去", "不再问“人数”"},
		{"a label worded better", "text | a | 联系电话", "text | a | 联系人电话号码", list, list, "改字", "联系电话"},
		{"a field with another meaning", "text | a | 联系电话", "text | a | 宅基地面积", list, list, "换了意思ZC101", "会混在一列里"},
		{"a label turned round", "text | a | 愿意公开", "text | a | 不愿意公开", list, list, "换了意思ZC101", ""},
		{"a number that becomes a date", "integer | a | 迁入", "date | a | 迁入", list, list, "换了意思ZC102", "由整数改成日期"},
		{"a whole number that becomes a decimal", "integer | a | 面积", "decimal | a | 面积", list, list, "改逻辑", "放宽"},
		{"one choice that becomes several", "select_one r | a | 灾情", "select_multiple r | a | 灾情", list, list, "改逻辑", "放宽"},
		{"a question that moves into a repeat", "begin_group | g | 组\ntext | a | 姓名\nend_group", "begin_repeat | g | 组\ntext | a | 姓名\nend_repeat", list, list, "换了意思ZC102", "对不上"},
		{"a question that moves", "text | a | 姓名", "begin_group | g | 组\ntext | a | 姓名\nend_group", list, list, "挪动", "原来的字段是 a"},
		{"a question with a new name", "text | a | 户主姓名", "text | b | 户主姓名", list, list, "改名", "可能是改名"},
		{"a new choice", "select_one r | a | 灾情", "select_one r | a | 灾情", list, list + "\nr | c | 旱", "改选项", "多了选项“旱”"},
		{"a choice left out", "select_one r | a | 灾情", "select_one r | a | 灾情", list, "r | a | 有", "改选项", "少了选项“不清楚”"},
		{"a choice that means something else", "select_one r | a | 灾情", "select_one r | a | 灾情", list, "r | a | 没有\nr | b | 不清楚", "换了意思ZC103", "原来是“有”，现在是“没有”"},
		{"another condition", "text | a | 甲\ntext | b | 乙", "text | a | 甲\ntext | b | 乙 | ${a} != ''", list, list, "改逻辑", "原来是（没有）；现在是“甲”填了"},
		{"another calculation", "integer | a | 甲\ncalculate | b | | | | ${a} + 1", "integer | a | 甲\ncalculate | b | | | | ${a} + 2", list, list, "改逻辑", "“甲” 加 2"},
		{"another default", "text | a | 甲 | | | | 一", "text | a | 甲 | | | | 二", list, list, "改逻辑", "先填好"},
		{"a note", "note | a | 您好", "note | a | 再见", list, list, "", ""},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			changes := diff.Compare(version(t, "1", test.was, test.choices), version(t, "2", test.is, test.choices2))
			var kinds, said []string
			for _, c := range changes {
				kinds, said = append(kinds, string(c.Kind)+c.Code), append(said, c.Message)
			}
			if got := strings.Join(kinds, " "); got != test.want || !strings.Contains(strings.Join(said, "\n"), test.says) {
				t.Errorf("%s, want %s %s\n%s", got, test.want, test.says, strings.Join(said, "\n"))
			}
			if diff.AnyReused(changes) != strings.HasPrefix(test.want, "换了意思") {
				t.Errorf("reused: %v", diff.AnyReused(changes))
			}
		})
	}
}

func TestAVersionThatWasNotCounted(t *testing.T) {
	f := version(t, "1", "text | a | 姓名", "r | a | 有")
	changes := diff.Compare(f, f)
	if len(changes) != 1 || changes[0].Kind != diff.Version {
		t.Errorf("%v", changes)
	}
}
