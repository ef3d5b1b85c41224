package xlsform

import (
	"bytes"
	"slices"
	"strings"
)

// node is an element of the document being written, or text when it has no name.
type node struct {
	name  string
	attrs []attr
	kids  []*node
	text  string
}

// el makes an element.
func el(name string, kids ...*node) *node { return &node{name: name, kids: kids} }

// txt makes text.
func txt(text string) *node { return &node{text: text} }

// with gives the element attributes, names and values in turn.
func (n *node) with(pairs ...string) *node {
	for pair := range slices.Chunk(pairs, 2) {
		n.attrs = append(n.attrs, attr{pair[0], pair[1]})
	}
	return n
}

// add makes the nodes the last children.
func (n *node) add(kids ...*node) *node {
	n.kids = append(n.kids, kids...)
	return n
}

var (
	escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	escapeAttr = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;", "\t", "&#9;")
)

// document writes the element as an XML document. Elements with text stand on one line, so no white space is added
// to what a person reads.
func document(top *node) []byte {
	var out bytes.Buffer
	out.WriteString("<?xml version=\"1.0\"?>\n")
	top.write(&out, 0)
	return out.Bytes()
}

func (n *node) write(out *bytes.Buffer, depth int) {
	indent := strings.Repeat("  ", depth)
	out.WriteString(indent)
	inline := n.inline()
	n.open(out)
	switch {
	case len(n.kids) == 0:
	case inline:
		for _, kid := range n.kids {
			kid.writeInline(out)
		}
		out.WriteString("</" + n.name + ">")
	default:
		out.WriteByte('\n')
		for _, kid := range n.kids {
			kid.write(out, depth+1)
		}
		out.WriteString(indent + "</" + n.name + ">")
	}
	out.WriteByte('\n')
}

// inline reports whether the element's content must stay as it is.
func (n *node) inline() bool {
	return slices.ContainsFunc(n.kids, func(kid *node) bool { return kid.name == "" })
}

func (n *node) writeInline(out *bytes.Buffer) {
	if n.name == "" {
		out.WriteString(escapeText.Replace(legal(n.text)))
		return
	}
	n.open(out)
	if len(n.kids) == 0 {
		return
	}
	for _, kid := range n.kids {
		kid.writeInline(out)
	}
	out.WriteString("</" + n.name + ">")
}

// open writes the start tag, closed at once when nothing stands below.
func (n *node) open(out *bytes.Buffer) {
	out.WriteString("<" + n.name)
	for _, a := range n.attrs {
		out.WriteString(" " + a.name + `="` + escapeAttr.Replace(legal(a.value)) + `"`)
	}
	if len(n.kids) == 0 {
		out.WriteByte('/')
	}
	out.WriteByte('>')
}

// legal drops the control characters XML 1.0 cannot hold.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, text)
}
