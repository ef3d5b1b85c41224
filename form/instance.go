package form

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Document returns the filling as expressions see it, from the node above the root down: relevant or not, each node with
// the value others can read. It is for looking at only, and changes with the session.
func (s *Session) Document() xpath.Node { return s.doc }

// PathOf returns the field path of a node of [Session.Document], and whether it is one.
func (s *Session) PathOf(n xpath.Node) (survey.FieldPath, bool) {
	own := asNode(n)
	if own == nil || own.def == nil || own.above(1) != s.root {
		return "", false
	}
	return own.path(), true
}

// Definition returns what the form says about the node at a path, whether or not the repeat instances on the way exist,
// or nil. The empty path is the root's.
func (s *Session) Definition(path survey.FieldPath) *xform.Node {
	if path == "" {
		return s.form.Root
	}
	return s.definitionAt(path)
}

// Text writes out a text of the form as it reads at a path, in the session's language.
func (s *Session) Text(t *xform.Text, path survey.FieldPath) string {
	defer s.forget()
	if n := s.at(path); n != nil {
		return s.text(t, n)
	}
	return ""
}

// Styled is Text with its markup read. What an expression contributed is taken as it is and stands in an element "span".
func (s *Session) Styled(t *xform.Text, path survey.FieldPath) []Run {
	defer s.forget()
	n := s.at(path)
	if n == nil || t == nil {
		return nil
	}
	var outputs []string
	text := s.textWith(t, n, func(value string) string {
		outputs = append(outputs, value)
		return string(placeholder)
	})
	return Markdown(text, outputs...)
}

func (s *Session) at(path survey.FieldPath) *node {
	if path == "" {
		return s.root
	}
	return s.root.find(path)
}

// CanAdd reports whether people may add an instance to the repeat at a path, which has to be there and relevant.
func (s *Session) CanAdd(repeat survey.FieldPath) bool {
	defer s.forget()
	parent, def := s.repeatAt(repeat)
	return def != nil && parent.present && s.mayAddRemove(def, parent)
}

// XML returns the relevant part of the filling as ODK servers take it, finished or not.
func (s *Session) XML() []byte { return s.xml() }

// Reference returns the place of a node as expressions write it, with positions for repeat instances:
// /data/issues[2]/title.
func (s *Session) Reference(path survey.FieldPath) string {
	var steps []string
	for n := s.at(path); n != nil && n.def != nil; n = n.parent {
		steps = append(steps, "/"+n.positioned())
	}
	var b strings.Builder
	for _, step := range slices.Backward(steps) {
		b.WriteString(step)
	}
	return b.String()
}

// positioned writes the step that leads to n from its parent; positions count from 1.
func (n *node) positioned() string {
	name := qualified(n.def.Name)
	if n.def.Attribute {
		return "@" + name
	}
	if !n.Repeats() {
		return name
	}
	for i, twin := range n.parent.instances(n.def) {
		if twin == n {
			return fmt.Sprintf("%s[%d]", name, i+1)
		}
	}
	return name
}

// Offered reports whether a repeat, given by the path of its instances without the last key, is part of the form now,
// even while it has no instances.
func (s *Session) Offered(repeat survey.FieldPath) bool {
	defer s.forget()
	parent, def := s.repeatAt(repeat)
	return def != nil && parent.present && s.offers(def, parent)
}
