package xpath

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Context is the world an expression is evaluated in. The zero value with a Node serves plain XPath 1.0; a function
// that needs what is not given returns an error.
type Context struct {
	Node       Node   // the context node, also what current() returns
	Root       Node   // where absolute paths begin; nil for the root of Node's tree
	Language   string // the active language, for names of months and days
	Now        func() time.Time
	NewID      func() string
	Random     func() float64 // at least 0, below 1
	Namespaces map[string]string
	Variables  map[string]any

	// Instance returns the node that instance(id) selects.
	Instance func(id string) (Node, bool)
	// Itext returns the text jr:itext(id) stands for.
	Itext func(id string) string
	// Property returns what property(name) is, empty when unknown.
	Property func(name string) string
	// ChoiceName returns the label of the choice with this value of the question at the path written in the form.
	ChoiceName func(value, path string) string
	// FormVersion is what version() returns.
	FormVersion string

	// Steps is how many nodes may still be visited; evaluation counts it down and fails at zero. Nil allows what one
	// expression can reasonably take.
	Steps *int
}

// defaultSteps bounds an evaluation that nobody else bounds.
const defaultSteps = 20_000_000

func (c *Context) zone() *time.Location {
	if c.Now == nil {
		return time.UTC
	}
	return c.Now().Location()
}

// EvaluationError says why an expression has no value.
type EvaluationError struct {
	Expression string
	Reason     string
}

// Error returns the expression and the reason, in words for the person who writes the form.
func (e *EvaluationError) Error() string {
	return fmt.Sprintf("表达式“%s”无法计算：%s", e.Expression, e.Reason)
}

// failure travels from where an evaluation fails to Eval.
type failure struct{ reason string }

func fail(format string, args ...any) { panic(failure{fmt.Sprintf(format, args...)}) }

// frame is the place an expression is evaluated at.
type frame struct {
	ctx       *Context
	node      Node
	pos, size int
	depth     int
	steps     *int
	fixed     map[*path]any // values of absolute paths that predicates ask for, the same for every node they are asked about
}

// spend counts nodes that were visited.
func (f *frame) spend(nodes int) {
	if *f.steps -= nodes; *f.steps < 0 {
		fail("要走的步数太多")
	}
}

func (f *frame) root() Node {
	if f.ctx.Root != nil {
		return f.ctx.Root
	}
	return rootOf(f.ctx.Node)
}

// Result is the value of an expression and its conversions.
type Result struct {
	value any
	frame *frame
}

// Eval evaluates the expression.
func (e *Expr) Eval(ctx *Context) (result Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = &EvaluationError{e.source, f.reason}
		}
	}()
	f := &frame{ctx: ctx, node: ctx.Node, pos: 1, size: 1, steps: ctx.Steps}
	if f.steps == nil {
		f.steps = new(defaultSteps)
	}
	return Result{e.root.eval(f), f}, nil
}

// Text returns the value as string() converts it.
func (r Result) Text() string { return toString(r.value) }

// Number returns the value as number() converts it.
func (r Result) Number() float64 { return toNumber(r.value, r.frame) }

// Bool returns the value as boolean() converts it.
func (r Result) Bool() bool { return toBoolean(r.value) }

// Nodes returns the nodes the expression selects, in document order, and whether it selects nodes at all.
func (r Result) Nodes() ([]Node, bool) {
	nodes, ok := r.value.([]Node)
	return nodes, ok
}

// Moment returns the value when it is a date or a date with a time.
func (r Result) Moment() (Moment, bool) {
	m, ok := r.value.(Moment)
	return m, ok
}

func (e *literal) eval(*frame) any { return e.value }

func (e *variable) eval(f *frame) any {
	v, ok := f.ctx.Variables[e.name]
	if !ok {
		fail("没有 $%s 这个变量", e.name)
	}
	return v
}

func (e *negation) eval(f *frame) any { return -toNumber(e.of.eval(f), f) }

func (e *union) eval(f *frame) any {
	a, b := nodesOf(e.a.eval(f)), nodesOf(e.b.eval(f))
	return inOrder(append(append(make([]Node, 0, len(a)+len(b)), a...), b...))
}

func (e *binary) eval(f *frame) any {
	switch e.op {
	case "or":
		return toBoolean(e.a.eval(f)) || toBoolean(e.b.eval(f))
	case "and":
		return toBoolean(e.a.eval(f)) && toBoolean(e.b.eval(f))
	}
	a, b := operand(e.a, f), operand(e.b, f)
	switch e.op {
	case "=", "!=":
		return equal(a, b, e.op == "!=", f)
	case "<":
		return less(a, b, func(x, y float64) bool { return x < y }, f)
	case "<=":
		return less(a, b, func(x, y float64) bool { return x <= y }, f)
	case ">":
		return less(a, b, func(x, y float64) bool { return x > y }, f)
	case ">=":
		return less(a, b, func(x, y float64) bool { return x >= y }, f)
	}
	return arithmetic(e.op, toNumber(a, f), toNumber(b, f))
}

func arithmetic(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "div":
		return x / y
	}
	return math.Mod(x, y)
}

func (e *call) eval(f *frame) any {
	if e.fn == nil {
		fail("没有 %s() 这个函数", e.name)
	}
	if len(e.args) < e.fn.least || e.fn.most >= 0 && len(e.args) > e.fn.most {
		fail("%s() 的参数个数不对", e.name)
	}
	return e.fn.eval(f, e.args)
}

// nodesOf returns the nodes a value consists of, and fails for other values.
func nodesOf(v any) []Node {
	nodes, ok := v.([]Node)
	if !ok {
		fail("这里应当是节点，而不是“%s”", toString(v))
	}
	return nodes
}

func (e *path) eval(f *frame) any {
	if !e.absolute || f.fixed == nil {
		return e.walk(f)
	}
	v, known := f.fixed[e]
	if !known {
		v = e.walk(f)
		f.fixed[e] = v
	}
	return v
}

func (e *path) walk(f *frame) any {
	if e.oneChild() {
		return children(f.node, e.steps[0].test.local, f)
	}
	nodes := e.start(f)
	for i := 0; i < len(e.steps); i++ {
		s := &e.steps[i]
		if i+1 < len(e.steps) && s.anyDepth() && e.steps[i+1].onlyByName() {
			below := e.steps[i+1]
			below.axis = axisDescendant
			nodes = below.apply(nodes, f)
			i++
			continue
		}
		if e.absolute && i < len(e.steps)-1 && len(nodes) == 1 {
			if own := ownInstance(f.ctx.Node, nodes[0], s); own != nil {
				nodes = []Node{own}
				continue
			}
		}
		nodes = s.apply(nodes, f)
	}
	if len(e.steps) > 0 {
		nodes = present(nodes)
	}
	return nodes
}

// oneChild reports whether the path is a bare name, as filters ask for a column of each row.
func (e *path) oneChild() bool {
	if e.absolute || e.from != nil || len(e.steps) != 1 {
		return false
	}
	s := &e.steps[0]
	return s.axis == axisChild && s.test.kind == testName && s.test.prefix == "" && s.filters == nil
}

// cell is the value of the one node a bare name leads to from a row. It compares as a set of that node does.
type cell string

// operand evaluates what is compared or computed with.
func operand(e expr, f *frame) any {
	if value, ok := cellOf(e, f); ok {
		return cell(value)
	}
	return e.eval(f)
}

// textOf evaluates what is wanted as a string.
func textOf(e expr, f *frame) string {
	if value, ok := cellOf(e, f); ok {
		return value
	}
	return toString(e.eval(f))
}

// cellOf returns the value of a bare name, as filters ask for a column of each row, where the row can tell it.
func cellOf(e expr, f *frame) (string, bool) {
	p, ok := e.(*path)
	if !ok || !p.oneChild() {
		return "", false
	}
	row, ok := f.node.(Row)
	if !ok {
		return "", false
	}
	f.spend(1)
	return row.Cell(p.steps[0].test.local)
}

// children returns the children of this name that are part of the form.
func children(n Node, local string, f *frame) []Node {
	var found []Node
	among := n.Children()
	f.spend(len(among))
	for _, c := range among {
		if c.Kind() != Element || c.Name().Local != local {
			continue
		}
		if g, ok := c.(Gated); !ok || g.Present() {
			found = append(found, c)
		}
	}
	return found
}

// anyDepth reports whether the step is the middle of //.
func (s *step) anyDepth() bool {
	return s.axis == axisDescendantOrSelf && s.test.kind == testNode && s.filters == nil
}

// onlyByName reports whether the step leads to children whatever their place among them, so that after // it leads to all
// descendants.
func (s *step) onlyByName() bool {
	return s.axis == axisChild && !slices.ContainsFunc(s.filters, func(p predicate) bool { return p.positional })
}

func (e *path) start(f *frame) []Node {
	switch {
	case e.absolute:
		return []Node{f.root()}
	case e.from == nil:
		return []Node{f.node}
	}
	nodes := nodesOf(e.from.eval(f))
	for i := range e.filters {
		nodes = e.filters[i].filter(nodes, f)
	}
	return nodes
}

// ownInstance returns the repeat instance below at that s names and that the expression's own node stands in, or nil.
func ownInstance(own, at Node, s *step) Node {
	if s.axis != axisChild || s.test.kind != testName || s.filters != nil {
		return nil
	}
	for n := own; n != nil; n = n.Parent() {
		if n.Parent() == at {
			if r, ok := n.(Repeated); ok && r.Repeats() && n.Name().Local == s.test.local {
				return n
			}
			return nil
		}
	}
	return nil
}

// present drops the nodes that are out of the form for the time being.
func present(nodes []Node) []Node {
	return slices.DeleteFunc(nodes, func(n Node) bool {
		g, ok := n.(Gated)
		return ok && !g.Present()
	})
}

// apply takes the step from every node. The result is in document order, without repetitions.
func (s *step) apply(nodes []Node, f *frame) []Node {
	if len(nodes) == 1 {
		found := s.from(nodes[0], f)
		if s.axis.reverse() {
			slices.Reverse(found)
		}
		return found
	}
	var found []Node
	for _, n := range nodes {
		found = append(found, s.from(n, f)...)
	}
	if s.axis.downward() && areSiblings(nodes) {
		return found // so it is already
	}
	f.spend(4 * len(found)) // for putting them in order
	return inOrder(found)
}

// areSiblings reports whether all nodes have one parent, so that none stands above another.
func areSiblings(nodes []Node) bool {
	for i := 1; i < len(nodes); i++ {
		if nodes[i].Parent() != nodes[0].Parent() {
			return false
		}
	}
	return true
}

// from returns the nodes the step leads to from one node, in the axis' order.
func (s *step) from(n Node, f *frame) []Node {
	found, ok := s.indexed(n, f)
	if !ok {
		found = s.axis.nodes(n, func(m Node) bool {
			f.spend(1)
			return s.test.matches(m, s.axis, f)
		})
	}
	for i := range s.filters {
		found = s.filters[i].filter(found, f)
	}
	return found
}

// indexed finds the candidates by an index where the parent has one.
func (s *step) indexed(n Node, f *frame) ([]Node, bool) {
	if s.axis != axisChild || s.test.kind != testName || len(s.filters) == 0 || s.filters[0].key == nil {
		return nil, false
	}
	parent, ok := n.(Indexed)
	if !ok {
		return nil, false
	}
	key := s.filters[0].key
	value := ""
	switch v := key.value.eval(f).(type) {
	case string:
		value = v
	case []Node:
		if len(v) == 0 {
			return nil, true
		}
		if len(v) > 1 {
			return nil, false
		}
		value = v[0].Value()
	default:
		return nil, false
	}
	if looksLikeDate(value) {
		return nil, false // one moment can be spelt in several ways
	}
	return parent.Lookup(s.test.local, key.column, value)
}

// filter keeps the nodes for which the predicate holds. The nodes stand in the axis' order.
func (p *predicate) filter(nodes []Node, f *frame) []Node {
	f.spend(len(nodes))
	kept := make([]Node, 0, min(len(nodes), 16))
	inner := *f
	inner.size = len(nodes)
	if inner.fixed == nil && len(nodes) > 1 {
		inner.fixed = map[*path]any{}
	}
	if inner.depth++; inner.depth > maxDepth {
		fail("条件嵌套太深")
	}
	for i, n := range nodes {
		inner.node, inner.pos = n, i+1
		v := p.of.eval(&inner)
		if number, ok := v.(float64); ok {
			v = number == float64(i+1)
		}
		if toBoolean(v) {
			kept = append(kept, n)
		}
	}
	return kept
}

func (t *nodeTest) matches(n Node, a axis, f *frame) bool {
	switch t.kind {
	case testNode:
		return true
	case testText:
		return n.Kind() == Text
	case testComment:
		return n.Kind() == Comment
	case testInstruction:
		return n.Kind() == Instruction && (t.local == "" || n.Name().Local == t.local)
	case testName, testAny, testSpace:
	}
	if n.Kind() != a.principal() {
		return false
	}
	switch t.kind {
	case testAny:
		return true
	case testSpace:
		return n.Name().Space == f.space(t.prefix)
	case testName, testNode, testText, testComment, testInstruction:
	}
	name := n.Name()
	if name.Local != t.local {
		return false
	}
	return t.prefix == "" || name.Prefix == t.prefix || name.Space == f.space(t.prefix)
}

// space returns the namespace a prefix is bound to.
func (f *frame) space(prefix string) string {
	if space, ok := f.ctx.Namespaces[prefix]; ok {
		return space
	}
	if scoped, ok := f.node.(interface{ Prefix(string) (string, bool) }); ok {
		if space, found := scoped.Prefix(prefix); found {
			return space
		}
	}
	return prefix
}
