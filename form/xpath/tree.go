package xpath

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Namespaces that are bound without being declared.
const (
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// maxDepth bounds how deep elements and expressions may nest, so that hostile input cannot exhaust the stack.
const maxDepth = 200

// Tree is a node of a document kept in memory.
type Tree struct {
	kind       Kind
	name       Name
	text       string
	parent     *Tree
	index      int
	children   []Node
	attributes []Node
	scope      *scope
	rows       atomic.Pointer[rowIndex] // of the children, made when it is first asked for
}

// rowIndex finds the children of a node by the values of their own children. Any number of sessions may share it.
type rowIndex struct {
	mu      sync.Mutex
	columns map[[2]string]map[string][]Node // by the names of row and column
}

// manyRows is from how many children on an index is worth its making.
const manyRows = 32

// Lookup finds rows by an index of the column, which it makes when the column is first asked for.
func (t *Tree) Lookup(row, column, value string) ([]Node, bool) {
	if len(t.children) < manyRows {
		return nil, false
	}
	if t.rows.Load() == nil {
		t.rows.CompareAndSwap(nil, &rowIndex{columns: map[[2]string]map[string][]Node{}})
	}
	index := t.rows.Load()
	index.mu.Lock()
	defer index.mu.Unlock()
	key := [2]string{row, column}
	if index.columns[key] == nil {
		index.columns[key] = t.indexColumn(row, column)
	}
	return slices.Clone(index.columns[key][value]), true
}

func (t *Tree) indexColumn(row, column string) map[string][]Node {
	values := map[string][]Node{}
	for _, c := range t.children {
		if c.Kind() != Element || c.Name().Local != row {
			continue
		}
		for _, cell := range c.Children() {
			if cell.Kind() != Element || cell.Name().Local != column {
				continue
			}
			value := cell.Value()
			if have := values[value]; len(have) == 0 || have[len(have)-1] != c {
				values[value] = append(have, c)
			}
		}
	}
	return values
}

// scope holds the prefixes an element declares.
type scope struct {
	outer *scope
	space map[string]string
}

func (s *scope) find(prefix string) (string, bool) {
	for ; s != nil; s = s.outer {
		if space, ok := s.space[prefix]; ok {
			return space, true
		}
	}
	return "", prefix == ""
}

// NewTree returns an element without children.
func NewTree(name Name) *Tree { return &Tree{kind: Element, name: name} }

// ReadTree reads an XML document and returns its document node.
func ReadTree(r io.Reader) (*Tree, error) {
	decoder := xml.NewDecoder(r)
	decoder.Entity = xml.HTMLEntity
	reader := treeReader{at: &Tree{kind: Document, scope: &scope{space: map[string]string{"xml": xmlSpace}}}}
	root := reader.at
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := reader.take(token); err != nil {
			line, _ := decoder.InputPos()
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if reader.at != root {
		return nil, fmt.Errorf("element <%s> is not closed", reader.at.name.qualified())
	}
	if root.First() == nil {
		return nil, errors.New("document has no element")
	}
	return root, nil
}

// treeReader builds a tree from tokens.
type treeReader struct {
	at    *Tree
	depth int
}

func (r *treeReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.open(t)
	case xml.EndElement:
		return r.close(t)
	case xml.CharData:
		r.characters(string(t))
	case xml.Comment:
		r.at.Append(&Tree{kind: Comment, text: string(t)})
	case xml.ProcInst:
		if t.Target != "xml" {
			r.at.Append(&Tree{kind: Instruction, name: Name{Local: t.Target}, text: string(t.Inst)})
		}
	}
	return nil
}

func (r *treeReader) open(t xml.StartElement) error {
	if r.depth++; r.depth > maxDepth {
		return errors.New("elements nest too deeply")
	}
	if r.at.kind == Document && r.at.First() != nil {
		return errors.New("document has two elements")
	}
	el := &Tree{kind: Element, scope: r.scopeOf(t)}
	name, err := resolve(t.Name, el.scope, true)
	if err != nil {
		return err
	}
	el.name = name
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name, err := resolve(a.Name, el.scope, false)
		if err != nil {
			return err
		}
		el.SetAttribute(name, a.Value)
	}
	r.at.Append(el)
	r.at = el
	return nil
}

func (r *treeReader) scopeOf(t xml.StartElement) *scope {
	var declared map[string]string
	for _, a := range t.Attr {
		prefix, is := a.Name.Local, a.Name.Space == "xmlns"
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			prefix, is = "", true
		}
		if is {
			if declared == nil {
				declared = map[string]string{}
			}
			declared[prefix] = a.Value
		}
	}
	if declared == nil {
		return r.at.scope
	}
	return &scope{outer: r.at.scope, space: declared}
}

func resolve(n xml.Name, s *scope, element bool) (Name, error) {
	if n.Space == "" && !element {
		return Name{Local: n.Local}, nil
	}
	space, ok := s.find(n.Space)
	if !ok {
		return Name{}, fmt.Errorf("prefix %s is not declared", n.Space)
	}
	return Name{Prefix: n.Space, Space: space, Local: n.Local}, nil
}

func (r *treeReader) close(t xml.EndElement) error {
	if r.at.kind != Element || r.at.name.Prefix != t.Name.Space || r.at.name.Local != t.Name.Local {
		return fmt.Errorf("</%s> closes what is not open", t.Name.Local)
	}
	r.depth--
	r.at = r.at.parent
	return nil
}

func (r *treeReader) characters(text string) {
	if r.at.kind == Document {
		return
	}
	if n := len(r.at.children); n > 0 {
		if last, ok := r.at.children[n-1].(*Tree); ok && last.kind == Text {
			last.text += text
			return
		}
	}
	r.at.Append(&Tree{kind: Text, text: text})
}

// Append makes child the last child of t.
func (t *Tree) Append(child *Tree) {
	t.rows.Store(nil)
	child.parent, child.index = t, len(t.children)
	t.children = append(t.children, child)
}

// AppendText adds a text node.
func (t *Tree) AppendText(text string) { t.Append(&Tree{kind: Text, text: text}) }

// SetAttribute adds an attribute.
func (t *Tree) SetAttribute(name Name, value string) {
	a := &Tree{kind: Attribute, name: name, text: value, parent: t, index: len(t.attributes)}
	t.attributes = append(t.attributes, a)
}

// Attr returns the value of the attribute with this local name in this namespace, and whether there is one.
func (t *Tree) Attr(space, local string) (string, bool) {
	for _, a := range t.attributes {
		if n := a.Name(); n.Local == local && n.Space == space {
			return a.Value(), true
		}
	}
	return "", false
}

// Elements returns the children that are elements.
func (t *Tree) Elements() []*Tree {
	var found []*Tree
	for _, c := range t.children {
		if el, ok := c.(*Tree); ok && el.kind == Element {
			found = append(found, el)
		}
	}
	return found
}

// First returns the first child that is an element, or nil.
func (t *Tree) First() *Tree {
	for _, c := range t.children {
		if el, ok := c.(*Tree); ok && el.kind == Element {
			return el
		}
	}
	return nil
}

// Child returns the first child element with this local name, or nil.
func (t *Tree) Child(local string) *Tree {
	for _, el := range t.Elements() {
		if el.name.Local == local {
			return el
		}
	}
	return nil
}

// Kind returns what the node is.
func (t *Tree) Kind() Kind { return t.kind }

// Name returns the node's name.
func (t *Tree) Name() Name { return t.name }

// Parent returns the node above, or nil.
func (t *Tree) Parent() Node {
	if t.parent == nil {
		return nil
	}
	return t.parent
}

// Children returns the child nodes.
func (t *Tree) Children() []Node { return t.children }

// Attributes returns the attributes.
func (t *Tree) Attributes() []Node { return t.attributes }

// Index returns the node's place among its siblings.
func (t *Tree) Index() int { return t.index }

// Value returns the text of the node and everything below it.
func (t *Tree) Value() string {
	if t.kind != Element && t.kind != Document {
		return t.text
	}
	if len(t.children) == 1 {
		if only, ok := t.children[0].(*Tree); ok && only.kind == Text {
			return only.text
		}
	}
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Tree) write(b *strings.Builder) {
	for _, c := range t.children {
		child, ok := c.(*Tree)
		if !ok {
			continue
		}
		switch child.kind {
		case Text:
			b.WriteString(child.text)
		case Element:
			child.write(b)
		case Document, Attribute, Comment, Instruction, Namespace:
		}
	}
}

// Prefix returns the namespace a prefix stands for at this node.
func (t *Tree) Prefix(prefix string) (string, bool) { return t.scope.find(prefix) }

func (n Name) qualified() string {
	if n.Prefix == "" {
		return n.Local
	}
	return n.Prefix + ":" + n.Local
}
