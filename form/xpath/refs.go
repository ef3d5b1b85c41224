package xpath

import "slices"

// Reference is a path an expression reads nodes by, as far as it can be known without evaluating.
type Reference struct {
	Absolute bool   // from the root of the primary instance; otherwise from the node the expression belongs to
	Instance string // the secondary instance the path leads into, empty for the primary
	Anywhere bool   // it may arrive in any instance of the repeats on its way, as indexed-repeat() does
	Steps    []ReferenceStep
}

// ReferenceStep is one step of a reference.
type ReferenceStep struct {
	Name     string // of an element or attribute; ".." for the parent, "*" for any child, "**" for anything below
	Filtered bool   // a predicate chooses among the nodes
}

// References returns the paths the expression reads, those in predicates included.
func (e *Expr) References() []Reference { return e.refs }

// collector gathers references while the syntax tree is walked.
type collector struct{ found []Reference }

func collect(root expr) []Reference {
	c := &collector{}
	root.refs(c, []Reference{{}})
	return c.found
}

func (c *collector) add(refs []Reference) { c.found = append(c.found, refs...) }

func (e *literal) refs(*collector, []Reference) []Reference  { return nil }
func (e *variable) refs(*collector, []Reference) []Reference { return nil }

func (e *negation) refs(c *collector, base []Reference) []Reference {
	e.of.refs(c, base)
	return nil
}

func (e *binary) refs(c *collector, base []Reference) []Reference {
	e.a.refs(c, base)
	e.b.refs(c, base)
	return nil
}

func (e *union) refs(c *collector, base []Reference) []Reference {
	return append(e.a.refs(c, base), e.b.refs(c, base)...)
}

// refs of a call: instance() and current() begin elsewhere; other functions may return the nodes they were given.
func (e *call) refs(c *collector, base []Reference) []Reference {
	switch {
	case e.name == "instance" && len(e.args) == 1:
		e.args[0].refs(c, base)
		id := "*"
		if l, ok := e.args[0].(*literal); ok {
			id = toString(l.value)
		}
		return []Reference{{Absolute: true, Instance: id}}
	case e.name == "current":
		return []Reference{{}}
	case e.name == "indexed-repeat":
		return e.refsAnywhere(c, base)
	}
	if e.fn != nil && e.fn.local && len(e.args) == 0 {
		c.add(base)
	}
	var selected []Reference
	for _, a := range e.args {
		selected = append(selected, a.refs(c, base)...)
	}
	return selected
}

// refsAnywhere collects the references of indexed-repeat(): its target and its repeats are read in every instance, the
// indexes between them in the expression's own.
func (e *call) refsAnywhere(c *collector, base []Reference) []Reference {
	var selected []Reference
	for i, a := range e.args {
		start := len(c.found)
		found := a.refs(c, base)
		if i > 0 && i%2 == 0 {
			continue
		}
		for j := range c.found[start:] {
			c.found[start+j].Anywhere = true
		}
		for j := range found {
			found[j].Anywhere = true
		}
		selected = append(selected, found...)
	}
	return selected
}

func (e *path) refs(c *collector, base []Reference) []Reference {
	at := base
	switch {
	case e.absolute:
		at = []Reference{{Absolute: true}}
	case e.from != nil:
		at = e.from.refs(c, base)
		for i := range e.filters {
			e.filters[i].of.refs(c, at)
		}
	}
	for i := range e.steps {
		at = e.steps[i].refs(c, at)
	}
	c.add(at)
	return at
}

// refs extends every reference by the step, and collects what the step's predicates read.
func (s *step) refs(c *collector, base []Reference) []Reference {
	extended := base
	if name := s.refName(); name != "." {
		extended = make([]Reference, len(base))
		for i, b := range base {
			b.Steps = slices.Clip(b.Steps)
			if s.axis == axisFollowingSibling || s.axis == axisPrecedingSibling {
				b.Steps = append(b.Steps, ReferenceStep{Name: ".."})
			}
			b.Steps = append(b.Steps, ReferenceStep{name, len(s.filters) > 0})
			extended[i] = b
		}
	}
	for i := range s.filters {
		s.filters[i].of.refs(c, extended)
	}
	return extended
}

func (s *step) refName() string {
	switch s.axis {
	case axisSelf:
		return "."
	case axisParent:
		return ".."
	case axisChild, axisAttribute, axisFollowingSibling, axisPrecedingSibling:
		switch s.test.kind {
		case testName:
			return s.test.local
		case testText:
			return "."
		case testAny, testSpace, testNode, testComment, testInstruction:
		}
		return "*"
	case axisDescendant, axisDescendantOrSelf, axisAncestor, axisAncestorOrSelf, axisFollowing, axisPreceding, axisNamespace:
	}
	return "**"
}

// splitName separates a prefix from a local name.
func splitName(text string) (prefix, local string) {
	for i := range len(text) {
		if text[i] == ':' {
			return text[:i], text[i+1:]
		}
	}
	return "", text
}
