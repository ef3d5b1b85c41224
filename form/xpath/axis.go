package xpath

import "slices"

// axis is a direction a step goes in (XPath 1.0 §2.2).
type axis uint8

const (
	axisChild axis = iota
	axisDescendant
	axisParent
	axisAncestor
	axisFollowingSibling
	axisPrecedingSibling
	axisFollowing
	axisPreceding
	axisAttribute
	axisNamespace
	axisSelf
	axisDescendantOrSelf
	axisAncestorOrSelf
)

var axes = map[string]axis{
	"child": axisChild, "descendant": axisDescendant, "parent": axisParent, "ancestor": axisAncestor,
	"following-sibling": axisFollowingSibling, "preceding-sibling": axisPrecedingSibling,
	"following": axisFollowing, "preceding": axisPreceding, "attribute": axisAttribute,
	"namespace": axisNamespace, "self": axisSelf, "descendant-or-self": axisDescendantOrSelf,
	"ancestor-or-self": axisAncestorOrSelf,
}

// reverse reports whether the axis runs against document order.
func (a axis) reverse() bool {
	switch a {
	case axisAncestor, axisAncestorOrSelf, axisPreceding, axisPrecedingSibling:
		return true
	case axisChild, axisDescendant, axisParent, axisFollowingSibling, axisFollowing, axisAttribute, axisNamespace,
		axisSelf, axisDescendantOrSelf:
	}
	return false
}

// downward reports whether the axis, taken from siblings in order, yields nodes in order and each once.
func (a axis) downward() bool {
	switch a {
	case axisChild, axisAttribute, axisSelf, axisDescendant, axisDescendantOrSelf, axisNamespace:
		return true
	case axisParent, axisAncestor, axisAncestorOrSelf, axisFollowing, axisFollowingSibling, axisPreceding, axisPrecedingSibling:
	}
	return false
}

// principal returns the kind of node a name test on the axis selects.
func (a axis) principal() Kind {
	if a == axisAttribute {
		return Attribute
	}
	if a == axisNamespace {
		return Namespace
	}
	return Element
}

// nodes returns the nodes on the axis from n that pass the test, in the axis' order.
func (a axis) nodes(n Node, test func(Node) bool) []Node {
	var found []Node
	if a == axisChild {
		found = make([]Node, 0, len(n.Children())) // of most tables, all rows
	}
	a.visit(n, func(m Node) {
		if test(m) {
			found = append(found, m)
		}
	})
	return found
}

func (a axis) visit(n Node, yield func(Node)) {
	switch a {
	case axisChild:
		each(n.Children(), yield)
	case axisDescendant:
		below(n, yield)
	case axisDescendantOrSelf:
		yield(n)
		below(n, yield)
	case axisParent:
		if p := n.Parent(); p != nil {
			yield(p)
		}
	case axisAncestor:
		above(n, yield)
	case axisAncestorOrSelf:
		yield(n)
		above(n, yield)
	case axisFollowingSibling:
		each(after(n), yield)
	case axisPrecedingSibling:
		backwards(before(n), yield)
	case axisFollowing:
		following(n, yield)
	case axisPreceding:
		preceding(n, yield)
	case axisAttribute:
		each(n.Attributes(), yield)
	case axisNamespace:
		each(namespaces(n), yield)
	case axisSelf:
		yield(n)
	}
}

func each(nodes []Node, yield func(Node)) {
	for _, n := range nodes {
		yield(n)
	}
}

func backwards(nodes []Node, yield func(Node)) {
	for _, n := range slices.Backward(nodes) {
		yield(n)
	}
}

func below(n Node, yield func(Node)) {
	for _, c := range n.Children() {
		yield(c)
		below(c, yield)
	}
}

func above(n Node, yield func(Node)) {
	for p := n.Parent(); p != nil; p = p.Parent() {
		yield(p)
	}
}

func after(n Node) []Node {
	if n.Parent() == nil || rank(n) < 2 {
		return nil
	}
	return n.Parent().Children()[n.Index()+1:]
}

func before(n Node) []Node {
	if n.Parent() == nil || rank(n) < 2 {
		return nil
	}
	return n.Parent().Children()[:n.Index()]
}

func following(n Node, yield func(Node)) {
	if rank(n) < 2 {
		n = n.Parent()
		below(n, yield)
	}
	for ; n != nil; n = n.Parent() {
		for _, s := range after(n) {
			yield(s)
			below(s, yield)
		}
	}
}

func preceding(n Node, yield func(Node)) {
	if rank(n) < 2 {
		n = n.Parent()
	}
	for ; n != nil; n = n.Parent() {
		backwards(before(n), func(s Node) {
			var inside []Node
			below(s, func(m Node) { inside = append(inside, m) })
			backwards(inside, yield)
			yield(s)
		})
	}
}

// namespaces returns the namespace nodes of an element of a Tree; other trees have none.
func namespaces(n Node) []Node {
	t, ok := n.(*Tree)
	if !ok || t.kind != Element {
		return nil
	}
	seen := map[string]bool{}
	var prefixes []string
	for s := t.scope; s != nil; s = s.outer {
		for prefix := range s.space {
			if !seen[prefix] {
				seen[prefix] = true
				prefixes = append(prefixes, prefix)
			}
		}
	}
	slices.Sort(prefixes)
	var found []Node
	for i, prefix := range prefixes {
		space, _ := t.scope.find(prefix)
		if space == "" {
			continue
		}
		found = append(found, &Tree{kind: Namespace, name: Name{Local: prefix}, text: space, parent: t, index: i})
	}
	return found
}
