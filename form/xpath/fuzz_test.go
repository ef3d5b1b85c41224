package xpath

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const fuzzDocument = `<data><a>1</a><b>two three</b><row id="x"><n>4</n></row><row><n>2026-11-22</n></row></data>`

// fuzzedAt is what the clock says.
var fuzzedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// FuzzParse parses anything, and evaluates what parses: neither may panic, and every failure explains itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"/data/row[n = 4]/@id", "count(//row[position() = last()])", "if(selected(/data/b, 'two'), 1 div 0, -/data/a)",
		"concat('a', \"b\", 3.5)", "instance('x')/root/item[name = current()/../a]", "../*[self::node()] | following::text()",
		"format-date(today(), '%Y年%n月%e日')", "1div2", "a-b - c", "once(uuid())", "substr('很长的字', -2)", "((((1))))", "$v", "n[",
		"indexed-repeat(/data/row/n, /data/row, 2)", "area('1 1;2 2;3 1')", "randomize(/data/row, 42)", "regex('a', '(')",
	} {
		f.Add(seed)
	}
	doc, err := ReadTree(strings.NewReader(fuzzDocument))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := Parse(source)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Error() == "" {
				t.Fatalf("Parse(%q) = %v, want a SyntaxError", source, err)
			}
			return
		}
		e.References()
		result, err := e.Eval(&Context{
			Node: doc.First().First(), Now: func() time.Time { return fuzzedAt }, Random: func() float64 { return 0.25 },
			NewID: func() string { return "id" },
		})
		if err != nil {
			if _, ok := errors.AsType[*EvaluationError](err); !ok {
				t.Fatalf("Eval(%q) = %v, want an EvaluationError", source, err)
			}
			return
		}
		if again, err := e.Eval(&Context{
			Node: doc.First().First(), Now: func() time.Time { return fuzzedAt }, Random: func() float64 { return 0.25 },
			NewID: func() string { return "id" },
		}); err != nil || again.Text() != result.Text() {
			t.Fatalf("Eval(%q) = %q, then %q", source, result.Text(), again.Text())
		}
	})
}

// FuzzReadTree reads anything as XML.
func FuzzReadTree(f *testing.F) {
	for _, seed := range []string{fuzzDocument, `<a xmlns:x="u"><x:b x:c="d">e&amp;<![CDATA[f]]></x:b></a>`, "<a><b></a>", "<?xml version='1.0'?><a/>", "<!DOCTYPE a><a/>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		doc, err := ReadTree(strings.NewReader(source))
		if err == nil && doc.First() == nil {
			t.Fatalf("ReadTree(%q) gives a document without an element", source)
		}
	})
}
