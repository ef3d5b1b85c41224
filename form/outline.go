package form

import (
	"cmp"

	"zoucun/form/xform"
	"zoucun/survey"
)

// NodeKind is what a node of the outline is.
type NodeKind uint8

// Kinds of nodes.
const (
	GroupNode    NodeKind = iota + 1
	QuestionNode          // a question; Session.Question tells the rest
	RepeatNode            // a repeat; its Children are its instances
	InstanceNode          // one instance of a repeat
)

// Node is a part of the form that is shown now.
type Node struct {
	Kind       NodeKind
	Path       survey.FieldPath // of a group that only lays out, empty
	Label      string
	Appearance string
	Type       QuestionType // of a question
	Children   []Node

	CanAdd    bool // of a repeat: people may add an instance
	CanRemove bool // of an instance: people may remove it
}

// Outline returns what is shown now, in order, with texts written out.
func (s *Session) Outline() []Node {
	defer s.forget()
	return s.outline(s.form.Body, s.root)
}

// outline returns the nodes of controls whose references start in the instance of around.
func (s *Session) outline(controls []*xform.Control, around *node) []Node {
	var nodes []Node
	for _, c := range controls {
		switch c.Kind {
		case xform.Group:
			nodes = append(nodes, s.outlineGroup(c, around)...)
		case xform.Repeat:
			nodes = append(nodes, s.outlineRepeat(c, around)...)
		case xform.Input, xform.Select1, xform.Select, xform.Rank, xform.Range, xform.Trigger, xform.Upload:
			for _, n := range shownNear(around, c.Node) {
				nodes = append(nodes, Node{
					Kind: QuestionNode, Path: n.path(), Label: s.text(c.Label, n), Appearance: c.Appearance, Type: typeOf(c.Node),
				})
			}
		}
	}
	return nodes
}

func (s *Session) outlineGroup(c *xform.Control, around *node) []Node {
	if c.Node != nil && c.Node.Repeat != nil {
		return s.outlineFrame(c, around)
	}
	at, path := around, survey.FieldPath("")
	if c.Node != nil {
		found := shownNear(around, c.Node)
		if len(found) == 0 {
			return nil
		}
		at, path = found[0], found[0].path()
	}
	children := s.outline(c.Children, at)
	if len(children) == 0 {
		return nil
	}
	return []Node{{Kind: GroupNode, Path: path, Label: s.text(c.Label, at), Appearance: c.Appearance, Children: children}}
}

// outlineFrame returns the repeat inside a group that refers to the same node: the group only gives it a label.
func (s *Session) outlineFrame(c *xform.Control, around *node) []Node {
	nodes := s.outline(c.Children, around)
	for i := range nodes {
		if nodes[i].Kind == RepeatNode && nodes[i].Label == "" {
			nodes[i].Label = s.text(c.Label, around)
			nodes[i].Appearance = cmp.Or(nodes[i].Appearance, c.Appearance)
		}
	}
	return nodes
}

func (s *Session) outlineRepeat(c *xform.Control, around *node) []Node {
	var nodes []Node
	for _, parent := range shownNear(around, c.Node.Parent) {
		may := s.mayAddRemove(c.Node, parent)
		repeat := Node{
			Kind: RepeatNode, Path: repeatAt{c.Node, parent}.path(), Label: s.text(c.Label, parent), Appearance: c.Appearance,
			CanAdd: may,
		}
		for _, n := range parent.instances(c.Node) {
			if n.present {
				repeat.Children = append(repeat.Children, Node{
					Kind: InstanceNode, Path: n.path(), Label: s.text(c.Label, n), CanRemove: may, Children: s.outline(c.Children, n),
				})
			}
		}
		if repeat.Children != nil || s.offers(c.Node, parent) {
			nodes = append(nodes, repeat)
		}
	}
	return nodes
}

// offers reports whether a repeat without instances is part of the form.
func (s *Session) offers(def *xform.Node, parent *node) bool {
	relevant := def.Bind.Relevant
	return relevant == nil || s.evalBool(relevant, standIn(def, parent), true)
}

// shownNear returns the relevant nodes of a definition that share the repeat instances around a node.
func shownNear(around *node, def *xform.Node) []*node {
	top := around
	for !def.Below(top.def) {
		top = top.parent
	}
	var found []*node
	for _, n := range descendants(top, def) {
		if n.present {
			found = append(found, n)
		}
	}
	return found
}
