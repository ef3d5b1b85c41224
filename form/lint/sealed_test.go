package lint_test

import (
	"slices"
	"strings"
	"testing"

	"zoucun/form/lint"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

// boxed makes a form with a box to be sealed in a repeat, with other cells in its row and more rows around it.
func boxed(t *testing.T, box, more string) []xlsform.Finding {
	t.Helper()
	text := "| survey |\n| | type | name | label | appearance | readonly | required | relevant | save_to | default | calculation | constraint | trigger | hint |\n" +
		"| | begin_repeat | issues | 问题 |\n| | text | nature | 性质 |\n| " + box + " |\n| | end_repeat |\n" + more
	book, _ := xlsform.ReadMarkdown(text, "t")
	return lint.Rules{}.Workbook(book)
}

func TestABoxToBeSealed(t *testing.T) {
	const good = "| text | letter | 反映干部的问题 | sealed | yes | yes | ${nature} = 'x'"
	for name, test := range map[string]struct{ box, more, want string }{
		"as it should be":         {good, "", ""},
		"turned off":              {"| text | letter | 反映干部的问题 | | yes", "", "ZC013"},
		"asked in the open":       {"| text | letter | 想反映村干部什么", "", "ZC013"},
		"chosen in the open":      {"| select_one d | letter | 有没有要反映干部的", "", "ZC013"},
		"only told":               {"| note | letter | 反映干部的问题请打县级电话", "", ""},
		"not read-only":           {"| text | letter | 封存 | sealed", "", "ZC014"},
		"of another type":         {"| integer | letter | 封存 | sealed | yes", "", "ZC014"},
		"saved":                   {"| text | letter | 封存 | sealed | yes | | | problem#detail", "", "ZC014"},
		"filled beforehand":       {"| text | letter | 封存 | sealed | yes | | | | 没有", "", "ZC014"},
		"calculated":              {"| text | letter | 封存 | sealed | yes | | | | | ${nature}", "", "ZC014"},
		"constrained":             {"| text | letter | 封存 | sealed | yes | | | | | | . != ''", "", "ZC014"},
		"triggered":               {"| text | letter | 封存 | sealed | yes | | | | | | | ${nature}", "", "ZC014"},
		"shown in a label":        {good, "| | note | n | 写了：${letter} |\n", "ZC014"},
		"copied by a calculation": {good, "| | calculate | c | | | | | | | | string-length(${ letter }) |\n", "ZC014"},
		"reached by a path":       {good, "| | text | c | 题 | | | | ../issues/letter != '' |\n", "ZC014"},
		"in an entity":            {good, "| entities |\n| | list_name | create_if |\n| | problem | ${letter} != '' |\n", "ZC014"},
		"in the filling's name":   {good, "| settings |\n| | instance_name |\n| | concat('a', ${letter}) |\n", "ZC014"},
		"another of longer name":  {good, "| | text | letter2 | 题 |\n| | text | c | 题 | | | | ${letter2} != '' |\n", ""},
		"required always":         {"| text | x | 题", "| | text | letter | 封存 | sealed | yes | yes |\n", "ZC014"},
		"always there":            {"| text | x | 题", "| | text | letter | 封存 | sealed | yes |\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := boxed(t, test.box, test.more)
			got := strings.Join(slices.Compact(codes(found)), " ")
			if got != test.want {
				t.Errorf("%v, want %s", found, test.want)
			}
		})
	}
}

// TestABoxInADefinition holds forms that come as XML to the same.
func TestABoxInADefinition(t *testing.T) {
	for bind, want := range map[string]string{
		`readonly="true()"`:                      "",
		``:                                       "ZC014",
		`readonly="true()" constraint=". != ''"`: "ZC014",
		`readonly="true()" calculate="../a"`:     "ZC014",
		`readonly="true()"/><bind nodeset="/data/a" relevant="/data/letter != ''"`:  "ZC014",
		`readonly="true()"/><bind nodeset="/data/a" relevant="/data/letter2 != ''"`: "",
	} {
		f, err := xform.Read(strings.NewReader(`<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>t</h:title><model>
<instance><data id="t"><a/><letter/><letter2/></data></instance><bind nodeset="/data/letter" type="string" ` + bind + `/></model></h:head>
<h:body><input ref="/data/a"><label>甲</label></input><input ref="/data/letter" appearance="sealed"><label>反映干部的问题</label></input></h:body></h:html>`))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(slices.Compact(codes(lint.Rules{}.Definition(f))), " "); got != want {
			t.Errorf("%s: %q, want %q", bind, got, want)
		}
	}
}
