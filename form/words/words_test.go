package words_test

import (
	"os"
	"strings"
	"testing"

	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// with compiles a form whose last question has the column set to the expression.
func with(tb testing.TB, column, expression string) (*xform.Form, *xform.Node) {
	tb.Helper()
	text := "| survey | | | |\n| | type | name | label | " + column + " |\n" +
		"| | select_one r | result | 结果 | |\n| | select_multiple r | several | 几样 | |\n| | integer | n | 人数 | |\n" +
		"| | begin_group | g | 组 | |\n| | text | q | 题 | " + expression + " |\n| | end_group | | | |\n" +
		"| choices |\n| | list_name | name | label |\n| | r | talked | 见到了 |\n| | r | none | 没有 |\n" +
		"| settings |\n| | default_language |\n| | |\n"
	book, _ := xlsform.ReadMarkdown(text, "t")
	compiled := xlsform.Compile(book, xlsform.Options{})
	f, err := xform.Read(strings.NewReader(string(compiled.XML)))
	if err != nil {
		tb.Fatalf("%v: %v", compiled.Findings, err)
	}
	return f, f.Root.Child("g").Child("q")
}

func TestConditionsInWords(t *testing.T) {
	for _, test := range [][2]string{
		{"${result} = 'talked'", "“结果”是“见到了”"},
		{"'talked' = ${result}", "“结果”是“见到了”"},
		{"${result} != ''", "“结果”填了"},
		{"${result} = ''", "“结果”没有填"},
		{"selected(${several}, 'none')", "“几样”选了“没有”"},
		{"not(selected(${several}, 'none'))", "“几样”没有选“没有”"},
		{"not(${n} > 3)", "不是（“人数”大于 3）"},
		{"${n} >= 1 and (${n} < 9 or ${result} = 'none')", "“人数”不小于 1，并且（“人数”小于 9，或者“结果”是“没有”）"},
		{"count-selected(${several}) <= 2", "“几样”选的项数不大于 2 项"},
		{"string-length(.) <= 30", "这一项的字数不大于 30"},
		{"regex(., '^[0-9]+$')", "这一项符合规定的写法"},
		{"../q = '\u7532'", "“题”是“甲”"},
		{". <= today() - 60", "这一项不大于 今天 减 60"},
		{"true()", "总是"},
		{"count(instance('r')/root/item[name = ${result}]) > 0", "登记簿 r 里符合条件的行的条数大于 0"},
		{"${n} = 0", "“人数”是 0"},
		{"boolean(${n})", "函数 boolean（“人数”）成立"},
		{"instance('r')/root/item[name = ${result}]/label = 'x'", "登记簿 r 里的 label是“x”"},
		{"(${n}|${result}) = 1", "算式"},
		{strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60), "算式"},
	} {
		expression, want := test[0], test[1]
		f, n := with(t, "relevant", strings.ReplaceAll(expression, "|", "\\|"))
		if got := words.Condition(f, n, n.Bind.Relevant); got != want && (want != "算式" || !strings.HasPrefix(got, "算式 ")) {
			t.Errorf("%s\n got %s\nwant %s", expression, got, want)
		}
	}
}

func TestValuesInWords(t *testing.T) {
	for expression, want := range map[string]string{
		"${n} + 1":                          "“人数” 加 1",
		"if(${n} > 1, '多', '少')":            "如果“人数”大于 1就是“多”，否则是“少”",
		"concat(${n}, '人', ${result})":      "把“人数”、“人”、“结果”连起来",
		"coalesce(${n}, 0)":                 "“人数”，没有时用0",
		"round(${n} div 2, 0)":              "“人数” 除以 2取整",
		"today()":                           "今天",
		"weighted-checklist(1, 2, ${n}, 1)": "函数 weighted-checklist（1、2、“人数”、1）",
		"format-date(today(), '%Y')":        "今天（写成 “%Y”）",
	} {
		f, n := with(t, "calculation", expression)
		if got := words.Value(f, n, n.Bind.Calculate); got != want {
			t.Errorf("%s\n got %s\nwant %s", expression, got, want)
		}
	}
}

// TestTheProductsFormsReadWithoutAFormula holds the words to the forms people use.
func TestTheProductsFormsReadWithoutAFormula(t *testing.T) {
	for _, id := range []string{"QZ-01", "QZ-01S"} {
		book, _ := xlsform.ReadFS(os.DirFS("../../assets/forms/"+id), id)
		f, err := xform.Read(strings.NewReader(string(xlsform.Compile(book, xlsform.Options{}).XML)))
		if err != nil {
			t.Fatal(err)
		}
		lines := words.Outline(f)
		if len(lines) < 100 {
			t.Errorf("%s: %d lines", id, len(lines))
		}
		for _, line := range lines {
			for _, raw := range []string{"算式 ", "/data", "${", "函数 ", "instance("} {
				if strings.Contains(line.Text, raw) {
					t.Errorf("%s: %s", id, line.Text)
				}
			}
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"${n} = 1", "not(", "a[b[c]]/d", "-1 - -2", "'", "if(1,2)", "selected(.)", "../../../../x = 1", "instance('r')/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		if strings.ContainsAny(expression, "|\n\\") {
			t.Skip()
		}
		text := "| survey |\n| | type | name | label | relevant |\n| | text | n | 甲 | |\n| | text | q | 乙 | " + expression + " |\n"
		book, _ := xlsform.ReadMarkdown(text, "t")
		form, err := xform.Read(strings.NewReader(string(xlsform.Compile(book, xlsform.Options{}).XML)))
		if err != nil {
			t.Skip()
		}
		n := form.Root.Child("q")
		if n == nil || n.Bind.Relevant == nil {
			t.Skip()
		}
		if said := words.Condition(form, n, n.Bind.Relevant); said == "" {
			t.Errorf("%s: no words", expression)
		}
	})
}
