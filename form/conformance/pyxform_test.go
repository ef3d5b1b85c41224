package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoucun/form/xlsform"
	"zoucun/form/xpath"
)

// pyxformCase is one assertion of the reference implementation's own tests.
type pyxformCase struct {
	ID            string     `json:"id"`
	MD            string     `json:"md"`
	Name          string     `json:"name"`
	Errored       bool       `json:"errored"`
	Errors        stringList `json:"error__contains"`
	ErrorsNot     stringList `json:"error__not_contains"`
	WarningsCount *int       `json:"warnings_count"`
	Warnings      stringList `json:"warnings__contains"`
	Validator     stringList `json:"odk_validate_error__contains"` // what it leaves to a validator, we may refuse ourselves
	Match         stringList `json:"xml__xpath_match"`
	Exact         []exactly  `json:"xml__xpath_exact"`
	Count         []counted  `json:"xml__xpath_count"`
	Contains      stringList `json:"xml__contains"`
	Excludes      stringList `json:"xml__excludes"`
	Model         stringList `json:"model__contains"`
	ModelNot      stringList `json:"model__excludes"`
	Instance      stringList `json:"instance__contains"`
	Itext         stringList `json:"itext__contains"`
}

// exactly is a path and all that it finds; the file has it as a pair.
type exactly struct {
	path string
	want []string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *exactly) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&e.path, &e.want})
}

// counted is a path and how much it finds.
type counted struct {
	path string
	want int
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *counted) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&c.path, &c.want})
}

// stringList is a list that may be written as one string.
type stringList []string

// UnmarshalJSON implements [json.Unmarshaler].
func (l *stringList) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = stringList{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

func TestPyxform(t *testing.T) {
	run(t, "pyxform", func(one pyxformCase) string { return oneLine(one.ID) }, func(one pyxformCase) error {
		if wrong := one.check(); len(wrong) > 0 {
			return errors.New(strings.Join(wrong, "\n  "))
		}
		return nil
	})
}

// check compiles the case's form and says what of its assertions does not hold.
func (one pyxformCase) check() []string {
	book, _ := xlsform.ReadMarkdown(one.MD, "")
	name := one.Name
	if name == "" {
		name = "test_name"
	}
	form := xlsform.Compile(book, xlsform.Options{Root: name})
	wrong := one.checkFindings(form)
	if form.Fatal() {
		return wrong
	}
	tree, err := xpath.ReadTree(bytes.NewReader(form.XML))
	if err != nil {
		return append(wrong, "not XML: "+err.Error())
	}
	wrong = append(wrong, one.checkPaths(tree)...)
	return append(wrong, one.checkText(string(form.XML)+serialized(tree))...) // as written, and in one order of attributes
}

func (one pyxformCase) checkFindings(form xlsform.Form) []string {
	var wrong []string
	errors, warnings := spokenEnglish(form.Findings)
	leftToValidator := form.Fatal() && len(one.Validator) > 0
	if form.Fatal() != one.Errored && !leftToValidator {
		wrong = append(wrong, fmt.Sprintf("errored %v, want %v: %v", form.Fatal(), one.Errored, form.Findings))
	}
	all := strings.Join(errors, "\n")
	for _, want := range one.Errors {
		said, wanted := all, want
		if strings.Contains(want, "[row : unknown]") {
			said, wanted = rowless(all), rowless(want)
		}
		if !strings.Contains(said, wanted) {
			wrong = append(wrong, fmt.Sprintf("errors %q lack %q", all, want))
		}
	}
	for _, unwanted := range one.ErrorsNot {
		if strings.Contains(all, unwanted) {
			wrong = append(wrong, fmt.Sprintf("errors %q have %q", all, unwanted))
		}
	}
	if one.WarningsCount != nil && len(warnings) != *one.WarningsCount {
		wrong = append(wrong, fmt.Sprintf("%d warnings %q, want %d", len(warnings), warnings, *one.WarningsCount))
	}
	all = strings.Join(warnings, "\n")
	for _, want := range one.Warnings {
		if !strings.Contains(all, want) {
			wrong = append(wrong, fmt.Sprintf("warnings %q lack %q", all, want))
		}
	}
	return wrong
}

var anyRow = regexp.MustCompile(`\[row : \w+\]`)

// rowless drops the row: the reference implementation does not always know it.
func rowless(text string) string { return anyRow.ReplaceAllString(text, "") }

var prefixes = map[string]string{
	"h": "http://www.w3.org/1999/xhtml", "x": "http://www.w3.org/2002/xforms",
	"jr": "http://openrosa.org/javarosa", "orx": "http://openrosa.org/xforms",
	"odk": "http://www.opendatakit.org/xforms", "entities": "http://www.opendatakit.org/xforms/entities",
	"ev": "http://www.w3.org/2001/xml-events", "xsd": "http://www.w3.org/2001/XMLSchema",
}

// selected evaluates a path on the document.
func selected(tree *xpath.Tree, path string) ([]xpath.Node, error) {
	expression, err := xpath.Parse(strings.TrimSpace(path))
	if err != nil {
		return nil, err
	}
	result, err := expression.Eval(&xpath.Context{Node: tree, Namespaces: prefixes})
	if err != nil {
		return nil, err
	}
	nodes, ok := result.Nodes()
	if !ok {
		return nil, fmt.Errorf("%s is not a path", path)
	}
	return nodes, nil
}

func (one pyxformCase) checkPaths(tree *xpath.Tree) []string {
	var wrong []string
	count := func(path string, want int) {
		nodes, err := selected(tree, path)
		if err != nil || len(nodes) != want {
			wrong = append(wrong, fmt.Sprintf("%d found (%v), want %d: %s", len(nodes), err, want, squeezed(path)))
		}
	}
	for _, path := range one.Match {
		count(path, 1)
	}
	for _, pair := range one.Count {
		count(pair.path, pair.want)
	}
	for _, pair := range one.Exact {
		nodes, err := selected(tree, pair.path)
		var got []string
		for _, node := range nodes {
			got = append(got, serialized(node))
		}
		slices.Sort(got)
		slices.Sort(pair.want)
		if got = slices.Compact(got); err != nil || !slices.Equal(got, pair.want) {
			wrong = append(wrong, fmt.Sprintf("got %q (%v), want %q: %s", got, err, pair.want, squeezed(pair.path)))
		}
	}
	return wrong
}

// escaped writes text as XML does, but for quotation marks.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// serialized writes a node the way the reference implementation's tests do: attributes in alphabetical order, those
// with a prefix last.
func serialized(n xpath.Node) string {
	if n.Kind() == xpath.Document {
		return inner(n)
	}
	if n.Kind() != xpath.Element {
		return escaped.Replace(n.Value())
	}
	name := written(n.Name())
	var attributes []string
	for _, a := range n.Attributes() {
		attributes = append(attributes, fmt.Sprintf(` %s="%s"`, written(a.Name()), strings.ReplaceAll(escaped.Replace(a.Value()), `"`, "&quot;")))
	}
	slices.SortFunc(attributes, func(a, b string) int {
		return cmp.Or(cmp.Compare(prefixRank(a), prefixRank(b)), cmp.Compare(a, b))
	})
	start := "<" + name + strings.Join(attributes, "")
	if len(n.Children()) == 0 {
		return start + "/>"
	}
	return start + ">" + inner(n) + "</" + name + ">"
}

func inner(n xpath.Node) string {
	var out strings.Builder
	for _, child := range n.Children() {
		out.WriteString(serialized(child))
	}
	return out.String()
}

func written(n xpath.Name) string {
	if n.Prefix == "" {
		return n.Local
	}
	return n.Prefix + ":" + n.Local
}

func prefixRank(attribute string) int {
	name, _, _ := strings.Cut(attribute, "=")
	return strings.Count(name, ":")
}

var betweenTags = regexp.MustCompile(`\s*(<|>)\s*`)

// squeezed drops white space that carries no meaning.
func squeezed(text string) string {
	return strings.Join(strings.Fields(betweenTags.ReplaceAllString(strings.TrimSpace(text), "$1")), " ")
}

func (one pyxformCase) checkText(xml string) []string {
	var wrong []string
	xml = squeezed(xml)
	for _, want := range slices.Concat(one.Contains, one.Model, one.Instance, one.Itext) {
		if !strings.Contains(xml, squeezed(want)) {
			wrong = append(wrong, "lacks "+squeezed(want))
		}
	}
	for _, unwanted := range slices.Concat(one.Excludes, one.ModelNot) {
		if strings.Contains(xml, squeezed(unwanted)) {
			wrong = append(wrong, "has "+squeezed(unwanted))
		}
	}
	return wrong
}
