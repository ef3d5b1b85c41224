package xpath

import (
	"fmt"
	"slices"
	"strconv"
)

// Expr is a parsed expression.
type Expr struct {
	source string
	root   expr
	refs   []Reference
	calls  []string
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.source }

// Functions returns the names of the functions the expression calls, each once, in order of appearance.
func (e *Expr) Functions() []string { return e.calls }

// Parse reads an expression. The error is a [*SyntaxError].
func Parse(source string) (*Expr, error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{source: source, tokens: tokens}
	root, err := p.whole()
	if err != nil {
		return nil, err
	}
	e := &Expr{source: source, root: root, calls: p.calls}
	e.refs = collect(root)
	return e, nil
}

// expr is a node of the syntax tree.
type expr interface {
	// eval returns a bool, float64, string, Moment or []Node.
	eval(f *frame) any
	// refs adds what the expression reads to c and returns the paths it selects nodes by, in terms of base.
	refs(c *collector, base []Reference) []Reference
}

type (
	literal  struct{ value any }
	variable struct{ name string }
	binary   struct {
		op   string
		a, b expr
	}
	negation struct{ of expr }
	union    struct{ a, b expr }
	call     struct {
		name string
		fn   *function
		args []expr
	}
	// path is a location path: steps from the root, the context node or the nodes another expression selects.
	path struct {
		absolute bool
		from     expr // nil unless the path starts at another expression's nodes
		filters  []predicate
		steps    []step
	}
	step struct {
		axis    axis
		test    nodeTest
		filters []predicate
	}
	nodeTest struct {
		kind   testKind
		prefix string
		local  string
	}
	predicate struct {
		of         expr
		positional bool
		key        *lookup
	}
	// lookup is a predicate's demand that a child has a value that does not depend on the node being filtered.
	lookup struct {
		column string
		value  expr
	}
)

type testKind uint8

const (
	testName  testKind = iota
	testAny            // *
	testSpace          // prefix:*
	testNode
	testText
	testComment
	testInstruction
)

type parser struct {
	source string
	tokens []token
	pos    int
	depth  int
	calls  []string
}

// whole parses the full input. Syntax errors travel up as panics and are recovered here.
func (p *parser) whole() (root expr, err error) {
	defer func() {
		if r := recover(); r != nil {
			syntax, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			err = syntax
		}
	}()
	root = p.or()
	if p.peek().kind != tokenEnd {
		p.fail(fmt.Sprintf("这里不应当有“%s”", p.peek().text))
	}
	return root, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

func (p *parser) fail(reason string) {
	panic(&SyntaxError{p.source, p.peek().at, reason})
}

func (p *parser) symbol(text string) bool {
	if t := p.peek(); t.kind == tokenSymbol && t.text == text {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.symbol(text) {
		p.fail(fmt.Sprintf("这里缺少“%s”", text))
	}
}

func (p *parser) operator(texts ...string) (string, bool) {
	t := p.peek()
	if t.kind != tokenOperator {
		return "", false
	}
	for _, text := range texts {
		if t.text == text {
			p.pos++
			return text, true
		}
	}
	return "", false
}

// levels are the binary operators from the loosest to the tightest.
var levels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *parser) or() expr {
	if p.depth++; p.depth > maxDepth {
		p.fail("括号嵌套太深")
	}
	defer func() { p.depth-- }()
	return p.level(0)
}

func (p *parser) level(i int) expr {
	if i == len(levels) {
		return p.unary()
	}
	left := p.level(i + 1)
	for {
		op, ok := p.operator(levels[i]...)
		if !ok {
			return left
		}
		left = &binary{op, left, p.level(i + 1)}
	}
}

func (p *parser) unary() expr {
	signs := 0
	for {
		if _, ok := p.operator("-"); !ok {
			break
		}
		signs++
	}
	e := p.union()
	switch {
	case signs == 0:
		return e
	case signs%2 == 0:
		return &negation{&negation{e}}
	}
	return &negation{e}
}

func (p *parser) union() expr {
	left := p.pathExpr()
	for {
		if _, ok := p.operator("|"); !ok {
			return left
		}
		left = &union{left, p.pathExpr()}
	}
}

func (p *parser) pathExpr() expr {
	t := p.peek()
	switch t.kind {
	case tokenLiteral, tokenNumber, tokenVariable, tokenFunction:
		return p.filterExpr()
	case tokenSymbol:
		if t.text == "(" {
			return p.filterExpr()
		}
	case tokenEnd, tokenOperator, tokenName, tokenNodeType, tokenAxis:
	}
	return p.locationPath()
}

// filterExpr parses a primary expression, its predicates, and the steps that follow it.
func (p *parser) filterExpr() expr {
	primary := p.primary()
	filters := p.predicates()
	var steps []step
	switch {
	case p.symbol("//"):
		steps = p.steps([]step{anywhere})
	case p.symbol("/"):
		steps = p.steps(nil)
	}
	if filters == nil && steps == nil {
		return primary
	}
	return &path{from: primary, filters: filters, steps: steps}
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokenLiteral:
		return &literal{t.text}
	case tokenNumber:
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil && n == 0 {
			p.fail("不是数字")
		}
		return &literal{n}
	case tokenVariable:
		return &variable{t.text}
	case tokenFunction:
		return p.call(t.text)
	case tokenEnd, tokenSymbol, tokenOperator, tokenName, tokenNodeType, tokenAxis:
	}
	e := p.or()
	p.expect(")")
	return e
}

func (p *parser) call(name string) expr {
	p.expect("(")
	if !slices.Contains(p.calls, name) {
		p.calls = append(p.calls, name)
	}
	c := &call{name: name, fn: functions[name]}
	if p.symbol(")") {
		return c
	}
	for {
		c.args = append(c.args, p.or())
		if !p.symbol(",") {
			p.expect(")")
			p.checkPattern(c)
			return c
		}
	}
}

// checkPattern finds a regular expression that cannot be read while its author is still there.
func (p *parser) checkPattern(c *call) {
	if c.name != "regex" || len(c.args) != 2 {
		return
	}
	if l, ok := c.args[1].(*literal); ok {
		if _, err := compilePattern(toString(l.value)); err != nil {
			p.fail(fmt.Sprintf("正则式“%s”有误", toString(l.value)))
		}
	}
}

// anywhere is what // abbreviates: descendant-or-self::node().
var anywhere = step{axis: axisDescendantOrSelf, test: nodeTest{kind: testNode}}

func (p *parser) locationPath() expr {
	switch {
	case p.symbol("//"):
		return &path{absolute: true, steps: p.steps([]step{anywhere})}
	case p.symbol("/"):
		if !p.stepAhead() {
			return &path{absolute: true}
		}
		return &path{absolute: true, steps: p.steps(nil)}
	}
	return &path{steps: p.steps(nil)}
}

func (p *parser) stepAhead() bool {
	t := p.peek()
	switch t.kind {
	case tokenName, tokenNodeType, tokenAxis:
		return true
	case tokenSymbol:
		return t.text == "." || t.text == ".." || t.text == "@"
	case tokenEnd, tokenOperator, tokenFunction, tokenNumber, tokenLiteral, tokenVariable:
	}
	return false
}

func (p *parser) steps(steps []step) []step {
	for {
		steps = append(steps, p.step())
		switch {
		case p.symbol("//"):
			steps = append(steps, anywhere)
		case p.symbol("/"):
		default:
			return steps
		}
	}
}

func (p *parser) step() step {
	if !p.stepAhead() {
		p.fail("这里应当是节点名")
	}
	switch {
	case p.symbol("."):
		return step{axis: axisSelf, test: nodeTest{kind: testNode}, filters: p.predicates()}
	case p.symbol(".."):
		return step{axis: axisParent, test: nodeTest{kind: testNode}, filters: p.predicates()}
	}
	s := step{axis: axisChild}
	if p.symbol("@") {
		s.axis = axisAttribute
	} else if p.peek().kind == tokenAxis {
		name := p.next().text
		a, ok := axes[name]
		if !ok {
			p.fail(fmt.Sprintf("没有“%s”这个轴", name))
		}
		s.axis = a
		p.expect("::")
	}
	s.test = p.nodeTest()
	s.filters = p.predicates()
	return s
}

func (p *parser) nodeTest() nodeTest {
	t := p.next()
	switch t.kind {
	case tokenName:
		return nameTest(t.text)
	case tokenNodeType:
		return p.typeTest(t.text)
	case tokenEnd, tokenSymbol, tokenOperator, tokenFunction, tokenAxis, tokenNumber, tokenLiteral, tokenVariable:
	}
	p.fail("这里应当是节点名")
	return nodeTest{}
}

func nameTest(text string) nodeTest {
	if text == "*" {
		return nodeTest{kind: testAny}
	}
	prefix, local := splitName(text)
	if local == "*" {
		return nodeTest{kind: testSpace, prefix: prefix}
	}
	return nodeTest{kind: testName, prefix: prefix, local: local}
}

func (p *parser) typeTest(text string) nodeTest {
	p.expect("(")
	test := nodeTest{kind: map[string]testKind{
		"node": testNode, "text": testText, "comment": testComment, "processing-instruction": testInstruction,
	}[text]}
	if test.kind == testInstruction && p.peek().kind == tokenLiteral {
		test.local = p.next().text
	}
	p.expect(")")
	return test
}

func (p *parser) predicates() []predicate {
	var found []predicate
	for p.symbol("[") {
		e := p.or()
		p.expect("]")
		found = append(found, newPredicate(e))
	}
	return found
}
