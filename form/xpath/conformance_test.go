package xpath

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// conformanceCase is one case of xpath.json.
type conformanceCase struct {
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

// TestConformance evaluates the cases of the ODK world. Those that are known to differ stand in testdata/known.txt, each
// with its reason: one that starts to pass is as much a failure as one that ceases to.
func TestConformance(t *testing.T) {
	known, seen := readKnown(t, "testdata/known.txt"), map[string]bool{}
	for _, c := range readCases(t, "xpath.json") {
		t.Run(c.ID, func(t *testing.T) {
			err := c.run()
			reason, listed := known[c.key()]
			seen[c.key()] = true
			switch {
			case err != nil && !listed:
				t.Errorf("%s\n%v", c.Expr, err)
			case err == nil && listed:
				t.Errorf("%s passes, but known.txt says: %s", c.Expr, reason)
			}
		})
	}
	for key := range known {
		if !seen[key] {
			t.Errorf("known.txt names a case that does not exist: %s", key)
		}
	}
}

// key tells cases apart; some share an id.
func (c *conformanceCase) key() string { return c.ID + " | " + c.Expr + " | " + c.Context }

func readCases(t *testing.T, name string) []conformanceCase {
	t.Helper()
	dir := os.Getenv("CONFORMANCE_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("the conformance cases are not here: %v", err)
	}
	var cases []conformanceCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// readKnown reads lines of an id, a tab and a reason.
func readKnown(t *testing.T, name string) map[string]string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("%s: no reason for %s", name, id)
		}
		known[strings.ReplaceAll(id, `\n`, "\n")] = reason
	}
	return known
}

// recordedAt is when the cases were recorded, in the zone they were recorded in.
var recordedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("MST", -7*3600))

func (c *conformanceCase) run() error {
	doc, err := ReadTree(strings.NewReader(strings.TrimSpace(c.XML)))
	if err != nil {
		return err
	}
	ctx := &Context{
		Node: c.locate(doc, c.Context), Root: c.locate(doc, c.Root), Language: c.Lang,
		Now:        func() time.Time { return recordedAt },
		NewID:      func() string { return "0192f0c1-0000-7000-8000-000000000001" },
		Random:     func() float64 { return 0.5 },
		Namespaces: map[string]string{"xhtml": "http://www.w3.org/1999/xhtml", "mathml": "http://www.w3.org/1998/Math/MathML", "jr": "http://openrosa.org/javarosa"},
		Instance:   func(id string) (Node, bool) { return instanceOf(doc, id) },
		Itext:      func(id string) string { return itextOf(doc, id, c.Lang) },
	}
	if c.Root == "/" {
		ctx.Root = doc
	}
	var result Result
	e, err := Parse(c.Expr)
	if err == nil {
		result, err = e.Eval(ctx)
	}
	if c.Type == "error" {
		if err == nil {
			return fmt.Errorf("no error, but %q", result.Text())
		}
		return nil
	}
	if err != nil {
		return err
	}
	return c.compare(result)
}

func (c *conformanceCase) compare(result Result) error {
	var got any
	switch c.Type {
	case "boolean", "raw:booleanValue":
		got = result.Bool()
	case "number":
		got = formatNumber(result.Number())
		if want, ok := c.Expected.(float64); ok {
			if math.Abs(result.Number()-want) <= 1e-15*math.Abs(want) {
				return nil // the last bit is the processor's affair
			}
			c.Expected = formatNumber(want)
		}
	case "number-rounded":
		want, ok := c.Expected.(float64)
		if n := result.Number(); !ok || math.Round(n*c.Factor)/c.Factor != want && math.Abs(n-want) > max(0.5/c.Factor, 1e-15) {
			return fmt.Errorf("got %v, want %v", n, c.Expected)
		}
		return nil
	case "string":
		got = result.Text()
	case "string-matches":
		return c.match(result.Text())
	case "string-length":
		got = strconv.Itoa(len(result.Text()))
		c.Expected = fmt.Sprint(c.Expected)
	case "nodeset", "nodeset-unordered":
		return c.compareNodes(result)
	default:
		return fmt.Errorf("unknown type %s", c.Type)
	}
	if got != c.Expected {
		return fmt.Errorf("got %v, want %v", got, c.Expected)
	}
	return nil
}

func (c *conformanceCase) match(got string) error {
	pattern, _ := c.Expected.(string)
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "/"), "/")
	ok, err := regexp.MatchString(pattern, got)
	if err == nil && !ok {
		err = fmt.Errorf("got %q, want a match of %s", got, pattern)
	}
	return err
}

func (c *conformanceCase) compareNodes(result Result) error {
	nodes, ok := result.Nodes()
	if !ok {
		return fmt.Errorf("got %q, want nodes", result.Text())
	}
	got := make([]string, len(nodes))
	for i, n := range nodes {
		got[i] = pathOf(n, c.shift())
	}
	list, _ := c.Expected.([]any)
	want := make([]string, len(list))
	for i, p := range list {
		want[i] = fmt.Sprint(p)
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

// shift is 1 when the recorded indices count a document type before the root element.
func (c *conformanceCase) shift() int {
	if strings.Contains(c.XML, "<!DOCTYPE") {
		return 1
	}
	return 0
}

var pathStep = regexp.MustCompile(`/(#?[^#@/]+)#(\d+)|/@([^/#]+)`)

func (c *conformanceCase) locate(doc Node, path string) Node {
	at := doc
	for _, m := range pathStep.FindAllStringSubmatch(path, -1) {
		if m[3] != "" {
			for _, a := range at.Attributes() {
				if a.Name().qualified() == m[3] {
					at = a
				}
			}
			continue
		}
		i, _ := strconv.Atoi(m[2])
		if at.Kind() == Document {
			i -= c.shift()
		}
		if i < 0 || i >= len(at.Children()) {
			return doc // a document fragment, which this tree has not
		}
		at = at.Children()[i]
	}
	return at
}

func pathOf(n Node, shift int) string {
	switch {
	case n.Kind() == Document:
		return "/"
	case n.Kind() == Attribute || n.Kind() == Namespace:
		return strings.TrimSuffix(pathOf(n.Parent(), shift), "/") + "/" + nodeLabel(n)
	}
	i := n.Index()
	if n.Parent() != nil && n.Parent().Kind() == Document {
		i += shift
	}
	parent := ""
	if n.Parent() != nil && n.Parent().Kind() != Document {
		parent = pathOf(n.Parent(), shift)
	}
	return fmt.Sprintf("%s/%s#%d", parent, nodeLabel(n), i)
}

func nodeLabel(n Node) string {
	switch n.Kind() {
	case Text:
		return "#text"
	case Comment:
		return "#comment"
	case Attribute:
		return "@" + n.Name().qualified()
	case Namespace:
		return "@xmlns:" + n.Name().Local
	case Document, Element, Instruction:
	}
	return n.Name().qualified()
}

func instanceOf(doc *Tree, id string) (Node, bool) {
	var found Node
	below(doc, func(n Node) {
		if el, ok := n.(*Tree); ok && el.name.Local == "instance" {
			if have, _ := el.Attr("", "id"); have == id {
				found = el
			}
		}
	})
	return found, found != nil
}

func itextOf(doc *Tree, id, language string) string {
	found := ""
	below(doc, func(n Node) {
		el, ok := n.(*Tree)
		if !ok || el.name.Local != "text" {
			return
		}
		if have, _ := el.Attr("", "id"); have != id {
			return
		}
		lang, _ := el.parent.Attr("", "lang")
		_, isDefault := el.parent.Attr("", "default")
		if lang == language || language == "" && (isDefault || found == "") {
			found = el.Child("value").Value()
		}
	})
	return found
}
