package conformance

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoucun/form/xpath"
)

// xpathCase is one case of xpath.json.
type xpathCase struct {
	ID       string
	XML      string
	XForms   bool
	Root     string
	Lang     string
	Context  string
	Type     string
	Expr     string
	Expected any
	Factor   float64
}

func TestXPath(t *testing.T) {
	run(t, "xpath", xpathCase.key, xpathCase.run)
}

// key tells cases apart; some share an id.
func (c xpathCase) key() string { return oneLine(c.ID + " | " + c.Expr + " | " + c.Context) }

// recordedAt is when the cases were recorded, in the zone they were recorded in.
var recordedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("MST", -7*3600))

func (c xpathCase) run() error {
	view, err := readView(strings.TrimSpace(c.XML))
	if err != nil {
		return err
	}
	result, err := c.evaluate(view)
	if c.Type == "error" {
		if err == nil {
			return fmt.Errorf("no error, but %q", result.Text())
		}
		return nil
	}
	if err != nil {
		return err
	}
	return c.compare(result, view)
}

func (c xpathCase) evaluate(view *domView) (xpath.Result, error) {
	doc := view.doc
	ctx := &xpath.Context{
		Node: view.locate(c.Context), Root: view.locate(c.Root), Language: c.Lang,
		Now:        func() time.Time { return recordedAt },
		NewID:      func() string { return "0192f0c1-0000-7000-8000-000000000001" },
		Random:     func() float64 { return 0.5 },
		Namespaces: map[string]string{"xhtml": "http://www.w3.org/1999/xhtml", "mathml": "http://www.w3.org/1998/Math/MathML", "jr": "http://openrosa.org/javarosa"},
		Instance:   func(id string) (xpath.Node, bool) { return instanceOf(doc, id) },
		Itext:      func(id string) string { return itextOf(doc, id, c.Lang) },
	}
	e, err := xpath.Parse(c.Expr)
	if err != nil {
		return xpath.Result{}, err
	}
	return e.Eval(ctx)
}

func (c xpathCase) compare(result xpath.Result, view *domView) error {
	switch c.Type {
	case "boolean", "raw:booleanValue":
		return same(result.Bool(), c.Expected)
	case "number":
		return c.compareNumber(result.Number())
	case "number-rounded":
		want, ok := c.Expected.(float64)
		if n := result.Number(); !ok || math.Round(n*c.Factor)/c.Factor != want && math.Abs(n-want) > max(0.5/c.Factor, 1e-15) {
			return fmt.Errorf("got %v, want %v", n, c.Expected)
		}
		return nil
	case "string":
		if strings.Contains(c.ID, "days since the epoch") { // recorded in whole days
			return same(strconv.FormatFloat(math.Floor(result.Number()), 'f', -1, 64), c.Expected)
		}
		return same(result.Text(), c.Expected)
	case "string-matches":
		return c.match(result.Text())
	case "string-length":
		return same(strconv.Itoa(len(result.Text())), fmt.Sprint(c.Expected))
	case "nodeset", "nodeset-unordered":
		return c.compareNodes(result, view)
	}
	return fmt.Errorf("unknown type %s", c.Type)
}

func same(got, want any) error {
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}

// compareNumber leaves the last bit to the processor.
func (c xpathCase) compareNumber(got float64) error {
	want, finite := c.Expected.(float64)
	if finite && math.Abs(got-want) <= 1e-15*math.Abs(want) {
		return nil
	}
	names := map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}
	if name, ok := c.Expected.(string); ok && fmt.Sprint(names[name]) == fmt.Sprint(got) {
		return nil
	}
	return fmt.Errorf("got %v, want %v", got, c.Expected)
}

func (c xpathCase) match(got string) error {
	pattern, _ := c.Expected.(string)
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "/"), "/")
	ok, err := regexp.MatchString(pattern, got)
	if err == nil && !ok {
		err = fmt.Errorf("got %q, want a match of %s", got, pattern)
	}
	return err
}

func (c xpathCase) compareNodes(result xpath.Result, view *domView) error {
	nodes, ok := result.Nodes()
	if !ok {
		return fmt.Errorf("got %q, want nodes", result.Text())
	}
	var got, want []string
	for _, n := range nodes {
		got = append(got, view.paths(n)...)
	}
	list, _ := c.Expected.([]any)
	for _, p := range list {
		if path := fmt.Sprint(p); !view.isDoctype(path) {
			want = append(want, path)
		}
	}
	if c.Type == "nodeset-unordered" {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("got  %v\nwant %v", got, want)
	}
	return nil
}

func instanceOf(doc *xpath.Tree, id string) (xpath.Node, bool) {
	var found xpath.Node
	eachElement(doc, func(el *xpath.Tree) {
		if have, _ := el.Attr("", "id"); el.Name().Local == "instance" && have == id {
			found = el
		}
	})
	return found, found != nil
}

func itextOf(doc *xpath.Tree, id, language string) string {
	found := ""
	eachElement(doc, func(translation *xpath.Tree) {
		if translation.Name().Local != "translation" {
			return
		}
		lang, _ := translation.Attr("", "lang")
		_, isDefault := translation.Attr("", "default")
		for _, el := range translation.Elements() {
			if have, _ := el.Attr("", "id"); have != id || el.Child("value") == nil {
				continue
			}
			if lang == language || language == "" && (isDefault || found == "") {
				found = el.Child("value").Value()
			}
		}
	})
	return found
}

func eachElement(el *xpath.Tree, visit func(*xpath.Tree)) {
	for _, c := range el.Elements() {
		visit(c)
		eachElement(c, visit)
	}
}
