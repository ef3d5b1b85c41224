package xlsform

import (
	"strings"
	"testing"
)

func TestTheRepeatColumnMakesEachInstanceAnEntity(t *testing.T) {
	const survey = `
		| survey |
		| | type         | name | label | save_to |
		| | begin_repeat | r    | 人    |         |
		| | text         | a    | 姓名  | called  |
		| | end_repeat   |      |       |         |
		| | text         | b    | 村    |         |
		| entities |
		| | list_name | label | repeat |
		| | person    | %s    | %s     |`
	with := func(label, repeat string) Form {
		return compileMarkdown(t, strings.Replace(strings.Replace(survey, "%s", label, 1), "%s", repeat, 1))
	}
	form := with("'某人'", "${r}")
	for _, want := range []string{
		`entities:entities-version="2025.1.0"`,
		`<bind nodeset="/data/r/a" type="string" entities:saveto="called"/>`,
		`<setvalue event="odk-new-repeat" ref="/data/r/meta/entity/@id" value="uuid()"/>`,
	} {
		if !strings.Contains(string(form.XML), want) {
			t.Errorf("lacks %s: %v", want, form.Findings)
		}
	}
	for repeat, code := range map[string]Code{"${b}": EntityNotRepeat, "r": BadReference, "${none}": UnknownReference} {
		form := with("${a}", repeat)
		if len(form.Findings) == 0 || form.Findings[0].Code != code || form.Findings[0].Column != "repeat" {
			t.Errorf("repeat %s: findings %v, want %s", repeat, form.Findings, code)
		}
	}
}

func TestWhatAnEntityLacksIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		header, row string
		code        Code
		column      string
	}{
		"an update without an identifier":  {"list_name | label | update_if", "e | 'x' | true()", EntityNoID, "entity_id"},
		"a creation without a label":       {"list_name | create_if", "e | true()", EntityNoLabel, "label"},
		"both without update_if":           {"list_name | label | entity_id | create_if", "e | 'x' | ${a} | true()", EntityNoUpdateIf, "update_if"},
		"an update of a list that is away": {"list_name | entity_id", "e | ${a}", EntityNoInstance, "list_name"},
		"a column nobody knows":            {"list_name | label | what", "e | 'x' | y", UnknownEntityColumn, "what"},
		"a broken expression":              {"list_name | label", "e | concat(", BadExpression, "label"},
		"a reference to nothing":           {"list_name | label", "e | ${none}", UnknownReference, "label"},
		"two underscores":                  {"list_name | label", "__e | 'x'", EntityUnderscores, "list_name"},
	} {
		t.Run(name, func(t *testing.T) {
			form := compileMarkdown(t, "| survey |\n| | type | name | label |\n| | text | a | 甲 |\n| entities |\n| | "+c.header+" |\n| | "+c.row+" |")
			for _, f := range form.Findings {
				if f.Code == c.code && f.Sheet == "entities" && f.Column == c.column {
					return
				}
			}
			t.Errorf("want %s in %s, got %v", c.code, c.column, form.Findings)
		})
	}
}
