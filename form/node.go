package form

import (
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// node is one node of the instance being filled.
type node struct {
	def      *xform.Node // nil for the document
	parent   *node
	index    int
	children []xpath.Node
	attrs    []xpath.Node

	key     string // of a repeat instance
	surplus bool   // a repeat instance beyond jr:count, kept in case the count grows again

	value    string
	sifted   bool   // a filter has taken choices of the value away
	left     string // of the value then
	allowed  bool   // what the node's own relevant expression says
	present  bool   // allowed, and all above are
	required bool
	readOnly bool
	violates bool // the constraint does not hold
}

// Kind returns what the node is.
func (n *node) Kind() xpath.Kind {
	switch {
	case n.def == nil:
		return xpath.Document
	case n.def.Attribute:
		return xpath.Attribute
	}
	return xpath.Element
}

// Name returns the node's name.
func (n *node) Name() xpath.Name {
	if n.def == nil {
		return xpath.Name{}
	}
	return n.def.Name
}

// Parent returns the node above, or nil for the document.
func (n *node) Parent() xpath.Node {
	if n.parent == nil {
		return nil
	}
	return n.parent
}

// Children returns the elements below.
func (n *node) Children() []xpath.Node { return n.children }

// Attributes returns the attributes.
func (n *node) Attributes() []xpath.Node { return n.attrs }

// Index returns the place among siblings.
func (n *node) Index() int { return n.index }

// Present reports whether the node is relevant with all above it.
func (n *node) Present() bool { return n.present }

// Kept returns the answer, whether or not it is asked for now.
func (n *node) Kept() string { return n.value }

// answer returns the value as it counts now: without choices that the question does not offer at present.
func (n *node) answer() string {
	if n.sifted {
		return n.left
	}
	return n.value
}

// Repeats reports whether the node is an instance of a repeat.
func (n *node) Repeats() bool { return n.def != nil && n.def.Repeat != nil }

// Value returns the answer; that of an irrelevant node is empty to whoever asks.
func (n *node) Value() string {
	if !n.present {
		return ""
	}
	if len(n.children) == 0 {
		return n.answer()
	}
	var b strings.Builder
	for _, c := range n.children {
		b.WriteString(c.Value())
	}
	return b.String()
}

// asNode returns the session's node behind an xpath.Node, nil for a node of another tree.
func asNode(n xpath.Node) *node {
	own, _ := n.(*node)
	return own
}

// path returns the field path: keys of repeat instances in brackets.
func (n *node) path() survey.FieldPath {
	if n.def == nil || n.parent == nil || n.parent.def == nil {
		return ""
	}
	name := n.def.Name.Local
	if n.def.Attribute {
		name = "@" + name
	}
	if n.key != "" {
		name += "[" + n.key + "]"
	}
	return join(n.parent.path(), name)
}

func join(above survey.FieldPath, name string) survey.FieldPath {
	if above == "" {
		return survey.FieldPath(name)
	}
	return above + "/" + survey.FieldPath(name)
}

// find returns the node below n at a field path, or nil.
func (n *node) find(path survey.FieldPath) *node {
	for part := range strings.SplitSeq(string(path), "/") {
		if n = n.step(part); n == nil {
			return nil
		}
	}
	return n
}

func (n *node) step(part string) *node {
	name, key, keyed := strings.Cut(part, "[")
	key, closed := strings.CutSuffix(key, "]")
	if keyed != closed {
		return nil
	}
	among := n.children
	if attr, ok := strings.CutPrefix(name, "@"); ok {
		name, among = attr, n.attrs
	}
	for _, c := range among {
		child := asNode(c)
		if child.def.Name.Local == name && child.key == key {
			return child
		}
	}
	return nil
}

// instances returns the children that are instances of a definition, in order.
func (n *node) instances(def *xform.Node) []*node {
	among := n.children
	if def.Attribute {
		among = n.attrs
	}
	var found []*node
	for _, c := range among {
		if child := asNode(c); child.def == def {
			found = append(found, child)
		}
	}
	return found
}

// insert places child after the children that stand before it in the definition.
func (n *node) insert(child *node) {
	at := slices.IndexFunc(n.children, func(c xpath.Node) bool { return asNode(c).def.Index > child.def.Index })
	if at < 0 {
		at = len(n.children)
	}
	n.children = slices.Insert(slices.Clip(n.children), at, xpath.Node(child))
	child.parent = n
	n.renumber()
}

func (n *node) remove(child *node) {
	n.children = slices.Delete(slices.Clone(n.children), child.index, child.index+1)
	n.renumber()
}

func (n *node) renumber() {
	for i, c := range n.children {
		asNode(c).index = i
	}
}

// depth returns how many nodes of the instance lead to n: 1 for the root.
func (n *node) depth() int {
	depth := 0
	for ; n.def != nil; n = n.parent {
		depth++
	}
	return depth
}

// above returns the ancestor, or n itself, at a depth.
func (n *node) above(depth int) *node {
	for d := n.depth(); d > depth; d-- {
		n = n.parent
	}
	return n
}

// walk visits n and everything below it, attributes included, in document order.
func (n *node) walk(visit func(*node)) {
	if n.def != nil {
		visit(n)
	}
	for _, a := range n.attrs {
		visit(asNode(a))
	}
	for _, c := range n.children {
		asNode(c).walk(visit)
	}
}

// grow makes the node of a definition with everything below it, with the values and repeat instances that el has.
func (s *Session) grow(def *xform.Node, el *xpath.Tree, parent *node) *node {
	n := &node{def: def, parent: parent, allowed: true, present: parent.present}
	for i, a := range def.Attrs {
		value := a.Default
		if v, ok := el.Attr(a.Name.Space, a.Name.Local); ok {
			value = a.Bind.Admit(v)
		}
		n.attrs = append(n.attrs, &node{def: a, parent: n, index: i, value: value, allowed: true, present: n.present})
	}
	if len(def.Children) == 0 {
		n.value = def.Bind.Admit(el.Value())
	}
	elements := s.byName(def, el)
	for _, d := range def.Children {
		for _, child := range s.growChild(d, elements[d.Name.Local], n) {
			child.index = len(n.children)
			n.children = append(n.children, child)
		}
	}
	return n
}

// byName sorts the elements below el by their local names.
func (s *Session) byName(def *xform.Node, el *xpath.Tree) map[string][]*xpath.Tree {
	if len(def.Children) == 0 {
		return nil
	}
	sorted := make(map[string][]*xpath.Tree, len(def.Children))
	for _, c := range el.Elements() {
		sorted[c.Name().Local] = append(sorted[c.Name().Local], c)
	}
	return sorted
}

// growChild makes the nodes of one definition among those below parent, from the elements that may be instances of it.
func (s *Session) growChild(def *xform.Node, elements []*xpath.Tree, parent *node) []*node {
	var grown []*node
	for _, c := range elements {
		if !s.isOf(c.Name(), def) || def.Repeat != nil && xform.IsTemplate(c) {
			continue
		}
		child := s.grow(def, c, parent)
		if def.Repeat != nil {
			child.key = s.deriveID()
		}
		grown = append(grown, child)
		if def.Repeat == nil {
			break
		}
	}
	if grown == nil && (def.Repeat == nil || alwaysOne(def)) {
		child := s.grow(def, def.Template(), parent)
		if def.Repeat != nil {
			child.key = s.deriveID()
		}
		if s.editing {
			child.walk((*node).blank)
		}
		grown = append(grown, child)
	}
	return grown
}

// isOf reports whether an element of this name is an instance of a definition. A submission says less of namespaces than
// the form: its elements need not stand in that of XForms.
func (s *Session) isOf(name xpath.Name, def *xform.Node) bool {
	return name == def.Name || s.editing && name.Local == def.Name.Local
}

// alwaysOne reports whether a repeat that nobody may add to has to begin with an instance.
func alwaysOne(def *xform.Node) bool { return def.Repeat.Count == nil && def.Repeat.NoAddRemove != nil }
