package xlsform

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// compileMarkdown compiles a form written as Markdown tables.
func compileMarkdown(t *testing.T, text string) Form {
	t.Helper()
	book, found := ReadMarkdown(text, "test")
	if len(found) > 0 {
		t.Fatalf("reading: %v", found)
	}
	return Compile(book, Options{})
}

// TestFindingsNameTheCell gives one form for each mistake an author makes and wants its code, sheet, row and column.
func TestFindingsNameTheCell(t *testing.T) {
	for name, c := range map[string]struct {
		form   string
		code   Code
		sheet  string
		row    int
		column string
		says   string
	}{
		"a type nobody knows": {
			"| survey |\n| | type | name | label |\n| | text | a | 甲 |\n| | txet | b | 乙 |",
			UnknownType, "survey", 3, "type", "txet",
		},
		"a broken expression": {
			"| survey |\n| | type | name | label | relevant |\n| | text | a | 甲 | |\n| | text | b | 乙 | (${a} = 1 |",
			BadExpression, "survey", 3, "relevant", "(${a} = 1",
		},
		"a function that is not there": {
			"| survey |\n| | type | name | label | calculation |\n| | calculate | a | | nosuch(1) |",
			UnknownFunction, "survey", 2, "calculation", "nosuch",
		},
		"a reference to nothing": {
			"| survey |\n| | type | name | label | constraint |\n| | text | a | 甲 | . != ${nobody} |",
			UnknownReference, "survey", 2, "constraint", "nobody",
		},
		"a reference to nothing in a label": {
			"| survey |\n| | type | name | label |\n| | note | a | 您好${nobody} |",
			UnknownReference, "survey", 2, "label", "nobody",
		},
		"a reference that is not closed": {
			"| survey |\n| | type | name | label | relevant |\n| | text | a | 甲 | ${a = 1 |",
			BadReference, "survey", 2, "relevant", "${a = 1",
		},
		"two questions of one name": {
			"| survey |\n| | type | name | label |\n| | text | a | 甲 |\n| | text | a | 乙 |",
			DuplicateName, "survey", 3, "name", "a",
		},
		"a name with a blank": {
			"| survey |\n| | type | name | label |\n| | text | a b | 甲 |",
			BadName, "survey", 2, "name", "a b",
		},
		"a group that never ends": {
			"| survey |\n| | type | name | label |\n| | begin_group | g | 组 |\n| | text | a | 甲 |",
			NotClosed, "survey", 2, "type", "g",
		},
		"an end without a beginning": {
			"| survey |\n| | type | name | label |\n| | text | a | 甲 |\n| | end_repeat | | |",
			NothingToEnd, "survey", 3, "type", "repeat",
		},
		"a list that is not there": {
			"| survey |\n| | type | name | label |\n| | select_one yn | a | 甲 |\n| choices |\n| | list_name | name | label |\n| | other | 1 | 一 |",
			UnknownList, "survey", 2, "type", "yn",
		},
		"a select without a list": {
			"| survey |\n| | type | name | label |\n| | select_one | a | 甲 |",
			SelectWithoutList, "survey", 2, "type", "select_one",
		},
		"a choice twice": {
			"| survey |\n| | type | name | label |\n| | select_one yn | a | 甲 |\n| choices |\n| | list_name | name | label |\n| | yn | 1 | 一 |\n| | yn | 1 | 二 |",
			ChoiceTwice, "choices", 3, "name", "yn",
		},
		"a save_to that is not declared": {
			"| survey |\n| | type | name | label | save_to |\n| | text | a | 甲 | household#phone |\n| entities |\n| | list_name | label |\n| | problem | ${a} |",
			UnknownEntity, "survey", 2, "save_to", "household",
		},
		"a question without a label": {
			"| survey |\n| | type | name | label |\n| | text | a | |",
			NoLabel, "survey", 2, "label", "a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			form := compileMarkdown(t, c.form)
			if !form.Fatal() {
				t.Error("compiles")
			}
			for _, f := range form.Findings {
				if f.Code == c.code && f.Sheet == c.sheet && f.Row == c.row && f.Column == c.column && strings.Contains(f.String(), c.says) {
					return
				}
			}
			t.Errorf("want %s at %s %d %s, got %v", c.code, c.sheet, c.row, c.column, form.Findings)
		})
	}
}

func TestAllFindingsComeBackTheWorstFirst(t *testing.T) {
	form := compileMarkdown(t, `
		| survey |
		| | type       | name | label |
		| | text       | a    | 甲    |
		| | text       | A    | 乙    |
		| | nonsense   | b    | 丙    |
		| | begin_group| g    | 组    |
		| | text       | c    | ${no} |`)
	var codes []string
	severity := Fatal
	for _, f := range form.Findings {
		if f.Severity < severity {
			t.Errorf("%v comes after a warning", f)
		}
		severity = f.Severity
		codes = append(codes, string(f.Code))
	}
	want := "XF021 XF031 XF050 XF026"
	if got := strings.Join(codes, " "); got != want {
		t.Errorf("codes %s, want %s", got, want)
	}
}

func TestRowsAreCountedAsTheSpreadsheetCounts(t *testing.T) {
	sheet := "\ufefftype,name,label\ntext,a,\"两行\n标题\"\n\n,,\ntext,a,乙\n"
	book, found := ReadFS(fstest.MapFS{"survey.csv": {Data: []byte(sheet)}}, "form")
	form := Compile(book, Options{})
	if len(found) > 0 || len(form.Findings) != 1 || form.Findings[0].Row != 5 {
		t.Errorf("findings %v %v, want one at row 5", found, form.Findings)
	}
}

func TestSheetsThatCannotBeReadAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code Code
	}{
		"GBK":              {"type,name,label\ntext,a,\xbb\xa7\xd6\xf7\n", NotUTF8},
		"a quote too many": {"type,name,label\ntext,a,\"甲\"乙\"\n", BrokenCSV},
		"too wide":         {strings.Repeat("x,", maxCells+1) + "\n", TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := ReadFS(fstest.MapFS{"survey.csv": {Data: []byte(c.text)}}, "form")
			if len(found) != 1 || found[0].Code != c.code || found[0].Sheet != "survey" {
				t.Errorf("findings %v, want %s", found, c.code)
			}
		})
	}
}

func TestEverySentenceIsWhole(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for code, s := range catalogue {
		for _, words := range []string{s.message, s.remedy} {
			if !han.MatchString(words) || !strings.HasSuffix(words, "。") {
				t.Errorf("%s: %q is not a sentence", code, words)
			}
		}
	}
}

func TestTheManualListsEveryCode(t *testing.T) {
	manual, err := os.ReadFile("../../docs/forms.md")
	if err != nil {
		t.Fatal(err)
	}
	for code := range catalogue {
		if !strings.Contains(string(manual), string(code)) {
			t.Errorf("docs/forms.md does not list %s", code)
		}
	}
}

func TestAMisspeltColumnIsNotPassedOver(t *testing.T) {
	form := compileMarkdown(t, "| survey |\n| | type | name | label | choice_fliter | 备注 |\n| | text | a | 甲 | b = 1 | x |")
	if form.Fatal() || len(form.Findings) != 1 || form.Findings[0].Code != MisspeltColumn || form.Findings[0].Column != "choice_fliter" {
		t.Errorf("findings %v, want a warning on choice_fliter alone", form.Findings)
	}
}

func TestEarlierHabitsAreStillRead(t *testing.T) {
	form := compileMarkdown(t, `
		| survey |
		| | type                       | name  | caption | relevance |
		| | set form title             | 入户表 |         |           |
		| | set form id                | RH    |         |           |
		| | add text prompt            | a     | 甲      |           |
		| | add select one prompt using yn or specify other | b | 乙 | ${a} != '' |
		| | begin looped group         | r     | 组      |           |
		| | q int                      | n     | 人数    |           |
		| | end looped group           |       |         |           |
		| choices |
		| | list name | value | caption |
		| | yn        | 1     | 是      |`)
	if form.Fatal() || form.Title != "入户表" || form.ID != "RH" {
		t.Fatalf("title %q, id %q, findings %v", form.Title, form.ID, form.Findings)
	}
	for _, want := range []string{
		`<bind nodeset="/data/b" type="string" relevant=" /data/a  != ''"/>`,
		`<bind nodeset="/data/b_other" type="string" relevant="selected(../b, 'other')"/>`,
		"<label>请说明</label>", "<label>其他</label>", `<repeat nodeset="/data/r">`, `<bind nodeset="/data/r/n" type="int"/>`,
	} {
		if !strings.Contains(string(form.XML), want) {
			t.Errorf("lacks %s in\n%s", want, form.XML)
		}
	}
}

func TestASliderWithoutTicksHasLabelsAtItsEnds(t *testing.T) {
	for labels, code := range map[string]Code{"1 5": "", "1 3": RangeLabelNotEnd, "1 3 5": RangeTooManyLabels, "1 x": RangeLabelNotNumber} {
		text := "| survey |\n| | type | name | label | parameters | appearance |\n" +
			"| | range | a | 甲 | start=1 end=5 step=1 tick_labelset=c | no-ticks |\n| choices |\n| | list_name | name | label |\n"
		for label := range strings.FieldsSeq(labels) {
			text += "| | c | " + label + " | " + label + " |\n"
		}
		form := compileMarkdown(t, text)
		if code == "" && form.Fatal() || code != "" && (len(form.Findings) == 0 || form.Findings[0].Code != code) {
			t.Errorf("labels %s: findings %v, want %s", labels, form.Findings, code)
		}
	}
}

func TestSentRecordsMayBeEditedWhereTheSettingsSaySo(t *testing.T) {
	for given, want := range map[string]bool{"yes": true, "TRUE": true, "no": false, "": false} {
		form := compileMarkdown(t, "| survey |\n| | type | name | label |\n| | text | a | 甲 |\n| settings |\n| | Client_Editable | version |\n| | "+given+" | 1 |")
		if got := strings.Contains(string(form.XML), `<submission odk:client-editable="true"/>`); got != want {
			t.Errorf("client_editable %q: %s", given, form.XML)
		}
	}
}
