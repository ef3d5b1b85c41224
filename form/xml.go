package form

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"

	"zoucun/form/xpath"
)

// xml writes the relevant part of the instance as ODK servers take it.
func (s *Session) xml() []byte {
	w := &instanceWriter{spaces: map[string]string{}, deprecated: s.deprecated}
	if s.metaNode("deprecatedID") != nil {
		w.deprecated = "" // the form has a place for it
	}
	s.root.walk(func(n *node) { w.declare(n.def.Name) })
	w.element(s.root, true)
	return []byte(w.b.String())
}

type instanceWriter struct {
	b      strings.Builder
	spaces map[string]string // by prefix
	// deprecated is the instanceID of the submission this one replaces, while it is still to be written.
	deprecated string
}

func (w *instanceWriter) declare(name xpath.Name) {
	if name.Prefix != "" && name.Prefix != "xml" {
		w.spaces[name.Prefix] = name.Space
	}
}

func (w *instanceWriter) element(n *node, root bool) {
	name := qualified(n.def.Name)
	w.b.WriteString("<" + name)
	if root {
		w.namespaces(n)
	}
	for _, a := range n.attrs {
		if attr := asNode(a); attr.present {
			w.attribute(qualified(attr.def.Name), attr.value)
		}
	}
	w.b.WriteString(">")
	if len(n.children) == 0 {
		escape(&w.b, n.answer())
	}
	for _, c := range n.children {
		if child := asNode(c); child.present {
			w.element(child, false)
			w.afterInstanceID(child)
		}
	}
	w.b.WriteString("</" + name + ">")
}

// afterInstanceID writes deprecatedID beside instanceID.
func (w *instanceWriter) afterInstanceID(n *node) {
	if w.deprecated == "" || n.def.Name.Local != "instanceID" || n.def.Parent.Name.Local != "meta" {
		return
	}
	name := n.def.Name
	name.Local = "deprecatedID"
	w.b.WriteString("<" + qualified(name) + ">")
	escape(&w.b, w.deprecated)
	w.b.WriteString("</" + qualified(name) + ">")
	w.deprecated = ""
}

func (w *instanceWriter) namespaces(n *node) {
	if space := n.def.Name.Space; n.def.Name.Prefix == "" && space != "" && space != "http://www.w3.org/2002/xforms" {
		w.attribute("xmlns", space)
	}
	for _, prefix := range slices.Sorted(maps.Keys(w.spaces)) {
		w.attribute("xmlns:"+prefix, w.spaces[prefix])
	}
}

func (w *instanceWriter) attribute(name, value string) {
	w.b.WriteString(" " + name + `="`)
	escape(&w.b, value)
	w.b.WriteString(`"`)
}

func escape(b *strings.Builder, text string) {
	// A strings.Builder takes every write.
	_ = xml.EscapeText(b, []byte(text))
}

func qualified(name xpath.Name) string {
	if name.Prefix == "" {
		return name.Local
	}
	return name.Prefix + ":" + name.Local
}
