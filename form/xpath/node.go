package xpath

import "slices"

// Kind tells what a node is.
type Kind uint8

// Kinds of nodes.
const (
	Document Kind = iota + 1
	Element
	Attribute
	Text
	Comment
	Instruction
	Namespace
)

// Name is a node's name: the prefix it was written with, the namespace that stands for, and the local part.
type Name struct{ Prefix, Space, Local string }

// Node is one node of a tree an expression is evaluated on.
type Node interface {
	// Kind returns what the node is.
	Kind() Kind
	// Name returns the node's name, zero for nodes that have none.
	Name() Name
	// Parent returns the node above, or nil for the root of the tree.
	Parent() Node
	// Children returns the child nodes in document order. The caller does not change the slice.
	Children() []Node
	// Attributes returns the attributes. The caller does not change the slice.
	Attributes() []Node
	// Index returns the node's place among its parent's children, or among its attributes.
	Index() int
	// Value returns the string-value as XPath 1.0 §5 defines it.
	Value() string
}

// Row is a node that may be the row of a table. What is asked of every row of a large table is read without making nodes
// of its cells.
type Row interface {
	Node
	// Cell returns the value of the child of this name. It returns false when there is not exactly one, or when its
	// children have to be visited to know.
	Cell(name string) (string, bool)
}

// Indexed is a parent of rows that finds some by a column's value without visiting all.
type Indexed interface {
	Node
	// Lookup returns, in document order, the children named row whose child named column has exactly this value.
	// It returns false when it cannot answer and the rows have to be visited.
	Lookup(row, column, value string) ([]Node, bool)
}

// Gated is a node that may be out of the form for the time being. A path that arrives at an absent node
// selects nothing.
type Gated interface {
	Node
	// Present reports whether the node and all above it are relevant.
	Present() bool
	// Kept returns the value the node has, present or not.
	Kept() string
}

// Repeated is a node that is one of several instances of a repeat. An absolute path that passes through the repeat on
// its way means the instance the expression itself belongs to, as ODK forms expect.
type Repeated interface {
	Node
	// Repeats reports whether the node is a repeat instance.
	Repeats() bool
}

// compare orders nodes by their place in the document: negative when a comes first.
func compare(a, b Node) int {
	switch {
	case a == b:
		return 0
	case a.Parent() != nil && a.Parent() == b.Parent():
		return siblings(a, b)
	}
	pa, pb := lineage(a), lineage(b)
	for i := 0; i < len(pa) && i < len(pb); i++ {
		if pa[i] != pb[i] {
			return siblings(pa[i], pb[i])
		}
	}
	return len(pa) - len(pb)
}

// siblings orders two nodes of one parent: namespaces and attributes come before children.
func siblings(a, b Node) int {
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	return a.Index() - b.Index()
}

func rank(n Node) int {
	switch n.Kind() {
	case Namespace:
		return 0
	case Attribute:
		return 1
	case Document, Element, Text, Comment, Instruction:
		return 2
	}
	return 2
}

// lineage returns the nodes from the root down to n.
func lineage(n Node) []Node {
	path := make([]Node, 0, 8)
	for ; n != nil; n = n.Parent() {
		path = append(path, n)
	}
	slices.Reverse(path)
	return path
}

// rootOf returns the topmost node of the tree n stands in.
func rootOf(n Node) Node {
	for n.Parent() != nil {
		n = n.Parent()
	}
	return n
}

// inOrder sorts nodes into document order and drops repetitions.
func inOrder(nodes []Node) []Node {
	if len(nodes) < 2 {
		return nodes
	}
	if !slices.IsSortedFunc(nodes, compare) {
		slices.SortStableFunc(nodes, compare)
	}
	return slices.Compact(nodes)
}
