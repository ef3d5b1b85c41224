package xpath

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t *testing.T, source string) *Expr {
	t.Helper()
	e, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustRead(t *testing.T, source string) *Tree {
	t.Helper()
	doc, err := ReadTree(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestReferences(t *testing.T) {
	steps := func(names ...string) []ReferenceStep {
		var list []ReferenceStep
		for _, name := range names {
			plain, filtered := strings.CutSuffix(name, "[]")
			list = append(list, ReferenceStep{plain, filtered})
		}
		return list
	}
	tests := map[string][]Reference{
		"1 + 'a'":            nil,
		"/data/a > ../b":     {{Absolute: true, Steps: steps("data", "a")}, {Steps: steps("..", "b")}},
		". != ''":            {{}},
		"position(..)":       {{Steps: steps("..")}},
		"current()/../a":     {{Steps: steps("..", "a")}},
		"//a":                {{Absolute: true, Steps: steps("**", "a")}},
		"sum(/data/row/*)":   {{Absolute: true, Steps: steps("data", "row", "*")}},
		"/data/row[n = 1]/m": {{Absolute: true, Steps: steps("data", "row[]", "n")}, {Absolute: true, Steps: steps("data", "row[]", "m")}},
		"instance('h')/root/item[name = current()/../h]/label": {
			{Absolute: true, Instance: "h", Steps: steps("root", "item[]", "name")},
			{Steps: steps("..", "h")},
			{Absolute: true, Instance: "h", Steps: steps("root", "item[]", "label")},
		},
		"following-sibling::a": {{Steps: steps("..", "a")}},
	}
	for source, want := range tests {
		t.Run(source, func(t *testing.T) {
			if diff := cmp.Diff(want, mustParse(t, source).References()); diff != "" {
				t.Errorf("References (-want +got):\n%s", diff)
			}
		})
	}
}

// indexedRows is an element whose rows are found by an index, and that counts how they were found.
type indexedRows struct {
	*Tree
	lookups, visits int
}

func (r *indexedRows) Children() []Node {
	r.visits++
	return r.Tree.Children()
}

func (r *indexedRows) Lookup(row, column, value string) ([]Node, bool) {
	r.lookups++
	var found []Node
	for _, c := range r.Elements() {
		if c.Name().Local == row && c.Child(column) != nil && c.Child(column).Value() == value {
			found = append(found, c)
		}
	}
	return found, true
}

func TestRowsAreFoundByAnIndexWhereTheKeyIsConstant(t *testing.T) {
	rows := mustRead(t, `<root><item><name>a</name><of>x</of></item><item><name>b</name><of>x</of></item><item><name>c</name><of>y</of></item></root>`).First()
	data := mustRead(t, `<data><name>b</name></data>`).First()
	tests := []struct {
		expr, want string
		indexed    bool
	}{
		{"instance('r')/item[name = 'b']/of", "x", true},
		{"instance('r')/item['c' = name]/of", "y", true},
		{"instance('r')/item[name = /data/name]/of", "x", true},
		{"instance('r')/item[of = 'x' and name != 'a']/name", "b", true},
		{"instance('r')/item[of = 'x'][2]/name", "b", true},
		{"instance('r')/item[name = of]/name", "", false},
		{"instance('r')/item[of = 'x' or name = 'c'][3]/name", "c", false},
		{"instance('r')/item[position() = 2 and of = 'x']/name", "b", false},
		{"instance('r')/item[of = 'x'][last()]/name", "b", true},
	}
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			root := &indexedRows{Tree: rows}
			result, err := mustParse(t, test.expr).Eval(&Context{
				Node: data, Instance: func(string) (Node, bool) { return root, true },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Text(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if indexed := root.lookups > 0 && root.visits == 0; indexed != test.indexed {
				t.Errorf("%d lookups, %d visits; want an index used: %v", root.lookups, root.visits, test.indexed)
			}
		})
	}
}

func TestFunctionsNamesWhatIsCalled(t *testing.T) {
	e := mustParse(t, "if(no-such(1), count(//a), count(//b))")
	if diff := cmp.Diff([]string{"if", "no-such", "count"}, e.Functions()); diff != "" {
		t.Error(diff)
	}
	if Known("no-such") || !Known("count") {
		t.Error("Known does not tell what the library has")
	}
}

func TestSyntaxErrorsPointAtThePlace(t *testing.T) {
	for source, want := range map[string]string{
		"1 + ":          "第 5 个字符处",
		"concat('很长)":   "第 8 个字符处有误：引号没有配对",
		"/data/[1]":     "第 7 个字符处有误：这里应当是节点名",
		"foo(1":         "这里缺少“)”",
		"a b":           "“b”前面缺少运算符",
		"sideways::a":   "没有“sideways”这个轴",
		"regex(., '(')": "正则式“(”有误",
	} {
		_, err := Parse(source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q in it", source, err, want)
		}
	}
}

func TestDatesInTheLanguageOfTheForm(t *testing.T) {
	e := mustParse(t, "format-date('2026-11-22', '%Y年%b%e日 %a')")
	for language, want := range map[string]string{"zh": "2026年11月22日 周日", "en": "2026年Nov22日 Sun"} {
		result, err := e.Eval(&Context{Node: mustRead(t, "<a/>"), Language: language})
		if err != nil || result.Text() != want {
			t.Errorf("%s: %q, %v; want %q", language, result.Text(), err, want)
		}
	}
}
