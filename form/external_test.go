package form

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

const letters = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>字母</h:title><model>
<instance><data id="letters"><letter/><found/></data></instance><instance id="letters" src="jr://file/FILE"/>
<bind nodeset="/data/found" calculate="instance('letters')PATH[id = /data/letter]/label"/></model></h:head>
<h:body><select1 ref="/data/letter"><itemset nodeset="instance('letters')PATH"><value ref="id"/><label ref="label"/></itemset></select1></h:body></h:html>`

func TestAttachedFilesAreListsOfChoices(t *testing.T) {
	tests := map[string]struct{ file, data, path string }{
		"commas":                {"l.csv", "id,label\na,甲\nb,乙\n", "/root/item"},
		"a byte order mark":     {"l.csv", "\ufeffid,label\na,甲\nb,乙\n", "/root/item"},
		"semicolons":            {"l.csv", "id;label\na;甲\nb;乙\n", "/root/item"},
		"tabs":                  {"l.csv", "id\tlabel\na\t甲\nb\t乙\n", "/root/item"},
		"CRLF":                  {"l.csv", "id,label\r\na,甲\r\nb,乙\r\n", "/root/item"},
		"LFCR":                  {"l.csv", "id,label\n\ra,甲\n\rb,乙\n\r", "/root/item"},
		"quotes and short rows": {"l.csv", "id,label,more\n\"a\",\"甲\"\nb,乙,\"x,y\"\n", "/root/item"},
		"XML":                   {"l.xml", "<root><item><id>a</id><label>甲</label></item><item><id>b</id><label>乙</label></item></root>", "/root/item"},
		"XML of another shape":  {"l.xml", "<list><letter><id>a</id><label>甲</label></letter><letter><id>b</id><label>乙</label></letter></list>", "/list/letter"},
		"a map layer": {"l.geojson", `{"type":"FeatureCollection","features":[
			{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[104.06,30.67]},"properties":{"label":"甲"}},
			{"type":"Feature","geometry":{"type":"Point","coordinates":[104.07,30.68]},"properties":{"id":"b","label":"乙"}}]}`, "/root/item"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := strings.NewReplacer("FILE", test.file, "PATH", test.path).Replace(letters)
			definition, err := xform.Read(strings.NewReader(source))
			if err != nil {
				t.Fatal(survey.MessageOf(err))
			}
			env := testEnv()
			env.Files = func(file string) ([]byte, bool) { return []byte(test.data), file == test.file }
			s, err := Begin(definition, env)
			if err != nil {
				t.Fatal(survey.MessageOf(err))
			}
			choices := s.Choices("letter", "", 0)
			if len(choices) != 2 || choices[1].Name != "b" || choices[1].Label != "乙" {
				t.Errorf("choices: %v", choices)
			}
			if _, err := s.Set("letter", "a"); err != nil {
				t.Fatal(survey.MessageOf(err))
			}
			if q, _ := s.Question("found"); q.Value != "甲" {
				t.Errorf("found %q", q.Value)
			}
		})
	}
}

func TestAttachedFilesThatCannotBeReadAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ file, data string }{
		"no table":           {"l.csv", ""},
		"another delimiter":  {"l.csv", "id$label\na$b\n"},
		"an open quote":      {"l.csv", "id,label\n\"a,b\n"},
		"no document":        {"l.xml", "<root>"},
		"no map layer":       {"l.geojson", `{"type":"Point"}`},
		"half a position":    {"l.geojson", `{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[1]}}]}`},
		"an unknown drawing": {"l.geojson", `{"type":"FeatureCollection","features":[{"geometry":{"type":"Circle"}}]}`},
		"an unknown kind":    {"l.exe", "MZ"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadInstance(test.file, []byte(test.data)); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
				t.Errorf("ReadInstance = %v", err)
			}
		})
	}
}

func TestAMapLayerGivesItsShapes(t *testing.T) {
	n, err := ReadInstance("a.geojson", []byte(`{"type":"FeatureCollection","features":[
		{"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]},"properties":{"n":7,"yes":true,"none":null}},
		{"geometry":{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]},"properties":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"root/item[1]/geometry":      "2 1 0 0; 4 3 0 0",
		"root/item[1]/n":             "7",
		"root/item[1]/yes":           "true",
		"root/item[2]/geometry":      "0 0 0 0; 1 0 0 0; 1 1 0 0; 0 0 0 0",
		"count(root/item[2]/node())": "1",
	} {
		e, err := xpath.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		result, err := e.Eval(&xpath.Context{Node: n})
		if err != nil || result.Text() != want {
			t.Errorf("%s = %q, %v; want %q", path, result.Text(), err, want)
		}
	}
}

// FuzzReadInstance reads anything as a file that came with a form.
func FuzzReadInstance(f *testing.F) {
	f.Add("a.csv", []byte("a,b\n1,2\n"))
	f.Add("a.xml", []byte("<root><item/></root>"))
	f.Add("a.geojson", []byte(`{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[1,2]}}]}`))
	f.Fuzz(func(t *testing.T, file string, data []byte) {
		n, err := ReadInstance(file, data)
		if (n == nil) == (err == nil) {
			t.Fatalf("ReadInstance = %v, %v", n, err)
		}
		if err == nil {
			n.Value()
		}
	})
}

// TestATableAnswersAsADocumentDoes asks the same of a table, whose cells are read without making nodes of them, and of
// the document that has its content.
func TestATableAnswersAsADocumentDoes(t *testing.T) {
	conditions := []string{
		"a = b", "a != b", "a = 'x'", "a != 'x'", "'x' = a", "a = ''", "a != ''", "missing = ''", "missing != ''", "not(missing)",
		"a > b", "a >= 1", "2 < b", "b + 1 = 3", "b * 2 > a", "a = true()", "a != true()", "a < true()", "false() = missing",
		"starts-with(a, 'x')", "contains(b, a)", "string-length(a) = 1", "a = ../item/b", "a < ../item/b", "../item/b = a",
		"twin = 'x'", "starts-with(twin, 'x')", "twin != a", "concat(a, b) = 'xx'", "a and b", "selected(a, 'x')", "a = 2 or b = '2'",
		"a = '2020-01-02'", "a = date('2020-01-02')", "number(a) = 1", "-a = -1", "a mod 2 = 1", "string(a) = b",
	}
	rapid.Check(t, func(t *rapid.T) {
		columns := []string{"a", "b", "twin", "twin"}
		cell := rapid.SampledFrom([]string{"", "x", "xx", "1", "2", "01", "2020-01-02", "2020-1-2", "true", " x"})
		rows := [][]string{columns}
		var document strings.Builder
		document.WriteString("<root>")
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			row := make([]string, len(columns))
			document.WriteString("<item>")
			for i, column := range columns {
				row[i] = cell.Draw(t, column)
				document.WriteString("<" + column + ">" + row[i] + "</" + column + ">")
			}
			document.WriteString("</item>")
			rows = append(rows, row)
		}
		tree, err := xpath.ReadTree(strings.NewReader(document.String() + "</root>"))
		if err != nil {
			t.Fatal(err)
		}
		condition := rapid.SampledFrom(conditions).Draw(t, "condition")
		e, err := xpath.Parse("root/item[" + condition + "]")
		if err != nil {
			t.Fatal(err)
		}
		of := func(n xpath.Node) string {
			result, err := e.Eval(&xpath.Context{Node: n})
			if err != nil {
				return err.Error()
			}
			nodes, _ := result.Nodes()
			var places []string
			for _, found := range nodes {
				places = append(places, fmt.Sprint(found.Index()))
			}
			return strings.Join(places, " ")
		}
		if table, doc := of(newList(newFileTable(rows)).top), of(tree); table != doc {
			t.Errorf("%s selects rows %q of the table, %q of the document\n%q", condition, table, doc, rows)
		}
	})
}

// TestExternalChoicesAreChosenFrom runs what select_one_external compiles to, which other clients look up in a file.
func TestExternalChoicesAreChosenFrom(t *testing.T) {
	book, _ := xlsform.ReadMarkdown(`
| survey |
| | type                     | name  | label | choice_filter  | calculation |
| | select_one county        | where | 县    |                | |
| | select_one_external town | town  | 镇    | county=${where} | |
| | calculate                | said  |       |                | jr:choice-name(${town}, '${town}') |
| choices |
| | list_name | name | label |
| | county    | x    | 甲县  |
| external_choices |
| | list_name | name | label | county |
| | town      | a    | 青塘镇 | x |
| | town      | b    | 白水镇 | y |
| | unused    | c    | 不用的 | y |
`, "probe")
	compiled := xlsform.Compile(book, xlsform.Options{})
	if compiled.Fatal() {
		t.Fatal(compiled.Findings)
	}
	if strings.Contains(string(compiled.XML), "不用的") {
		t.Error("a list that no question uses is in the form")
	}
	definition, err := xform.Read(bytes.NewReader(compiled.XML))
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	s, err := Begin(definition, testEnv())
	if err != nil {
		t.Fatal(survey.MessageOf(err))
	}
	set(t, s, "where", "x")
	q, _ := s.Question("town")
	if q.Type != SelectOne || len(q.Choices) != 1 || q.Choices[0].Name != "a" || q.Choices[0].Label != "青塘镇" {
		t.Errorf("%v asks with %v", q.Type, q.Choices)
	}
	set(t, s, "town", "a")
	if q, _ := s.Question("said"); q.Value != "青塘镇" {
		t.Errorf("the choice is called %q", q.Value)
	}
}

// TestAQueryWithoutItsListIsTyped reads a form of another compiler, whose list came in a file that is not here.
func TestAQueryWithoutItsListIsTyped(t *testing.T) {
	s := open(t, `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>x</h:title><model>
<instance><data id="x"><town/></data></instance></model></h:head><h:body><input ref="/data/town" query="instance('town')/root/item[county='x']"/></h:body></h:html>`)
	set(t, s, "town", "青塘镇")
	if q, _ := s.Question("town"); q.Type != Text || q.Value != "青塘镇" {
		t.Errorf("%v with %q", q.Type, q.Value)
	}
}
