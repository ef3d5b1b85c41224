package form

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// task is what a rule computes for a node.
type task uint8

const (
	taskRelevant task = iota
	taskCalculate
	taskCount
	taskRequired
	taskReadOnly
	taskConstraint
	taskLabel
	taskChoices
	taskRange // whether a repeat is offered while it has no instances
)

// rule is one expression of the form, or one text, at the definition of the node it belongs to.
type rule struct {
	def    *xform.Node
	task   task
	exprs  []*xpath.Expr // more than one only for texts
	rank   int           // a rule depends on rules of lower rank only
	repeat *xform.Node   // the repeat below def that a taskCount or taskRange is about
}

// owner returns the definition at which the rule's expressions stand. That of a repeat as a whole stands at the repeat
// but is computed for what holds the repeat, because there may be no instance yet.
func (r *rule) owner() *xform.Node {
	if r.repeat != nil {
		return r.repeat
	}
	return r.def
}

// reader is a rule that reads the nodes of a definition.
type reader struct {
	rule *rule
	// bound is the depth down to which the reader and what it reads stand in the same instances, so that a change in
	// one instance of a repeat does not concern the others.
	bound    int
	filtered bool
}

// plan is what depends on what in a form.
type plan struct {
	rules   [][]*rule  // by the index of the definition they belong to
	readers [][]reader // by the index of the definition they read
	ranks   int
	edges   int // how many readers there are
}

// newPlan works out the dependencies. A rule that depends on its own result is an error that names the nodes.
func newPlan(f *xform.Form) (*plan, error) {
	p := &plan{rules: make([][]*rule, len(f.Nodes)), readers: make([][]reader, len(f.Nodes))}
	for _, n := range f.Nodes {
		p.rules[n.Index] = rulesOf(f, n)
		for _, r := range p.rules[n.Index] {
			if p.connect(f, r); p.edges > maxEdges {
				return nil, tangled(n)
			}
		}
	}
	return p, p.order(f)
}

// maxEdges bounds how many nodes all expressions of a form may read. A form of 1,000 questions has some thousands.
const maxEdges = 2_000_000

func tangled(n *xform.Node) error {
	return &survey.Error{
		Kind: survey.Invalid, Op: "form.plan", Subject: n.Path(), Message: fmt.Sprintf("表太复杂了：到 %s 为止，算式引用的题太多。", n.Path()),
	}
}

func rulesOf(f *xform.Form, n *xform.Node) []*rule {
	var rules []*rule
	add := func(t task, exprs ...*xpath.Expr) {
		exprs = slices.DeleteFunc(exprs, func(e *xpath.Expr) bool { return e == nil })
		if len(exprs) > 0 {
			rules = append(rules, &rule{def: n, task: t, exprs: exprs})
		}
	}
	add(taskRelevant, n.Bind.Relevant)
	add(taskCalculate, n.Bind.Calculate)
	add(taskRequired, n.Bind.Required)
	add(taskReadOnly, n.Bind.ReadOnly)
	add(taskConstraint, n.Bind.Constraint)
	add(taskLabel, append(f.Expressions(n.Bind.ConstraintMsg), f.Expressions(n.Bind.RequiredMsg)...)...)
	if n.Repeat != nil {
		add(taskLabel, append(f.Expressions(n.Repeat.Label), n.Repeat.NoAddRemove)...)
	}
	for _, c := range n.Children {
		if c.Repeat != nil && c.Repeat.Count != nil {
			rules = append(rules, &rule{def: n, repeat: c, task: taskCount, exprs: []*xpath.Expr{c.Repeat.Count}})
		}
		if c.Repeat != nil && c.Bind.Relevant != nil {
			rules = append(rules, &rule{def: n, repeat: c, task: taskRange, exprs: []*xpath.Expr{c.Bind.Relevant}})
		}
	}
	if c := n.Control; c != nil {
		add(taskLabel, append(f.Expressions(c.Label), f.Expressions(c.Hint)...)...)
		if c.Itemset != nil {
			add(taskChoices, c.Itemset.Nodes)
		}
		for _, item := range c.Items {
			add(taskLabel, f.Expressions(item.Label)...)
		}
	}
	return rules
}

// watches reports whether the plan knows of every change to what the choices of a question are drawn from: a list beside
// the filling, filtered by answers. Choices drawn from the filling's own nodes can come and go in other ways.
func (p *plan) watches(def *xform.Node) bool {
	nodes := def.Control.Itemset.Nodes
	beside := func(ref xpath.Reference) bool { return ref.Instance != "" }
	unknown := func(ref xpath.Reference) bool { return ref.Instance == "*" }
	refs := nodes.References()
	return slices.ContainsFunc(refs, beside) && !slices.ContainsFunc(refs, unknown) && !slices.ContainsFunc(nodes.Functions(), passing)
}

// passing reports whether a function's value passes with time or chance.
func passing(function string) bool {
	switch function {
	case "now", "today", "random", "uuid", "once", "randomize", "position", "property", "indexed-repeat":
		return true
	}
	return false
}

// place is a definition a reference leads to.
type place struct {
	def      *xform.Node // nil above the root
	bound    int
	filtered bool
}

// connect notes which definitions the rule reads.
func (p *plan) connect(f *xform.Form, r *rule) {
	for _, e := range r.exprs {
		for _, ref := range e.References() {
			if ref.Instance != "" {
				continue
			}
			for _, at := range follow(f, r.owner(), ref) {
				bound := min(at.bound, r.def.Depth())
				p.edges++
				p.readers[at.def.Index] = append(p.readers[at.def.Index], reader{r, bound, at.filtered})
			}
		}
	}
}

// follow returns the definitions a reference that stands at owner leads to.
func follow(f *xform.Form, owner *xform.Node, ref xpath.Reference) []place {
	at := []place{{def: owner, bound: owner.Depth()}}
	if ref.Absolute {
		at = []place{{}}
	}
	if ref.Anywhere {
		at[0].bound, at[0].filtered = 0, true
	}
	for i, step := range ref.Steps {
		var next []place
		for _, here := range at {
			here.filtered = here.filtered || step.Filtered
			next = append(next, here.follow(f, owner, ref, i)...)
		}
		at = distinct(next)
	}
	return slices.DeleteFunc(at, func(here place) bool { return here.def == nil })
}

// distinct drops repetitions: many ways may lead to one place.
func distinct(places []place) []place {
	if len(places) < 2 {
		return places
	}
	seen := make(map[place]bool, len(places))
	return slices.DeleteFunc(places, func(p place) bool {
		known := seen[p]
		seen[p] = true
		return known
	})
}

func (here place) follow(f *xform.Form, owner *xform.Node, ref xpath.Reference, i int) []place {
	step := ref.Steps[i]
	switch step.Name {
	case "..":
		if here.def == nil || here.def.Parent == nil {
			return []place{{filtered: here.filtered}}
		}
		up := here
		up.def, up.bound = here.def.Parent, min(here.bound, here.def.Parent.Depth())
		return []place{up}
	case "**":
		return here.everything(f)
	}
	var found []place
	for _, c := range here.children(f) {
		if step.Name != "*" && c.Name.Local != step.Name {
			continue
		}
		down := here
		down.def = c
		if d := c.Depth(); ref.Absolute && !ref.Anywhere && here.bound == d-1 && owner.Below(c) && !step.Filtered &&
			(i < len(ref.Steps)-1 || c.Repeat == nil) {
			down.bound = d
		}
		found = append(found, down)
	}
	return found
}

func (here place) children(f *xform.Form) []*xform.Node {
	if here.def == nil {
		return []*xform.Node{f.Root}
	}
	return append(slices.Clip(here.def.Children), here.def.Attrs...)
}

func (here place) everything(f *xform.Form) []place {
	found := []place{here}
	for _, c := range here.children(f) {
		down := here
		down.def = c
		found = append(found, down.everything(f)...)
	}
	return found
}

// order gives every rule a rank above those it depends on.
func (p *plan) order(f *xform.Form) error {
	needs := p.needs(f)
	state := map[*rule]int{} // 1 while its needs are visited, 2 when ranked
	var trail []*rule
	var visit func(r *rule) error
	visit = func(r *rule) error {
		if state[r] == 2 {
			return nil
		}
		if state[r] == 1 {
			return cycle(trail[slices.Index(trail, r):])
		}
		state[r], trail = 1, append(trail, r)
		for _, needed := range needs[r] {
			if err := visit(needed); err != nil {
				return err
			}
			r.rank = max(r.rank, needed.rank+1)
		}
		state[r], trail = 2, trail[:len(trail)-1]
		p.ranks = max(p.ranks, r.rank+1)
		return nil
	}
	for _, rules := range p.rules {
		for _, r := range rules {
			if err := visit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// needs returns, for every rule, the rules whose results it reads: of a node its value, its instances, and whether it
// and those above it are relevant. A calculation may read the value its own node had; a path with a predicate may reach
// into other instances of a repeat, and a count may depend on what is answered in the instances: whether these come to
// an end is for the run to find out.
func (p *plan) needs(f *xform.Form) map[*rule][]*rule {
	needs := map[*rule][]*rule{}
	for _, n := range f.Nodes {
		sources := p.sources(n)
		for _, reads := range p.readers[n.Index] {
			for _, source := range sources {
				own := source == reads.rule && source.task == taskCalculate
				if own || reads.elsewhere(source) {
					continue
				}
				needs[reads.rule] = append(needs[reads.rule], source)
			}
		}
	}
	return needs
}

func (p *plan) sources(n *xform.Node) []*rule {
	var found []*rule
	for _, r := range p.rules[n.Index] {
		if r.task == taskCalculate {
			found = append(found, r)
		}
	}
	for a := n; a != nil; a = a.Parent {
		for _, r := range p.rules[a.Index] {
			if r.task == taskRelevant {
				found = append(found, r)
			}
		}
	}
	return found
}

// elsewhere reports whether the reader may read the source's result in other instances of a repeat around both.
func (r reader) elsewhere(source *rule) bool {
	if !r.filtered && (source.task != taskRelevant || source.def.Repeat == nil) {
		return false
	}
	for d := source.def; d != nil; d = d.Parent {
		if d.Repeat != nil && r.rule.def.Below(d) && r.bound < d.Depth() {
			return true
		}
	}
	return false
}

func cycle(rules []*rule) error {
	var names []string
	for _, r := range rules {
		names = append(names, r.def.Path())
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return &survey.Error{
		Kind: survey.Invalid, Op: "form.plan", Subject: strings.Join(names, " "),
		Message: fmt.Sprintf("表里的计算循环引用了自己：%s", strings.Join(names, "、")),
	}
}
