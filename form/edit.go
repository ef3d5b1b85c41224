package form

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Edit starts a new revision of an earlier filling from its fields. Nothing is preloaded and no first-load action runs;
// calculations are done anew. Repeat instances keep their keys and stand in the keys' order. Fields this version of the
// form does not have are returned, so that the caller can keep them.
//
// What was right when it was finished is not held against anybody now: an answer whose constraint has come to fail,
// because days have passed or the form has changed, is right until it is answered anew.
func Edit(f *xform.Form, env Env, fields survey.Fields) (*Session, survey.Fields, error) {
	s, err := newSession(f, env)
	if err != nil {
		return nil, nil, err
	}
	s.seed, s.now = env.NewID(), env.Now()
	s.plantBare()
	s.root.walk((*node).blank)
	unknown := survey.Fields{}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		n := s.reach(path)
		if n == nil || !n.def.Leaf() {
			unknown[path] = fields[path]
			continue
		}
		n.value = fields[path]
	}
	if id := s.metaNode("instanceID"); id != nil {
		id.value = "uuid:" + s.deriveID()
	}
	if err := s.start(false); err != nil {
		return nil, nil, err
	}
	s.accept(fields)
	return s, unknown, nil
}

// accept notes the answers that are wrong now and were not when they were given.
func (s *Session) accept(fields survey.Fields) {
	s.accepted = map[survey.FieldPath]string{}
	s.root.walk(func(n *node) {
		if n.violates && n.def.Leaf() && n.value != "" && n.value == fields[n.path()] {
			s.accepted[n.path()] = n.value
		}
	})
}

// EditInstance starts a new revision of a submission as ODK servers keep it: its XML. It gets an instanceID of its own,
// and tells in deprecatedID which it replaces (OpenRosa metadata). What is not in the XML was not asked and is blank.
func EditInstance(f *xform.Form, env Env, submission []byte) (*Session, error) {
	doc, err := xpath.ReadTree(bytes.NewReader(submission))
	if err != nil {
		return nil, &survey.Error{
			Kind: survey.Damaged, Op: "form.EditInstance", Subject: string(f.ID), Message: "以前填的内容已经损坏，不能打开。", Err: err,
		}
	}
	root := doc.First()
	if id, _ := root.Attr("", "id"); root.Name().Local != f.Root.Name.Local || id != "" && id != string(f.ID) {
		return nil, &survey.Error{
			Kind: survey.Conflicting, Op: "form.EditInstance", Subject: id,
			Message: fmt.Sprintf("这份内容不是用表“%s”填的。", f.ID),
		}
	}
	s, err := newSession(f, env)
	if err != nil {
		return nil, err
	}
	s.seed, s.now = env.NewID(), env.Now()
	s.editing = true
	s.plant(root)
	if id := s.metaNode("instanceID"); id != nil {
		s.replaces(id.value)
		id.value = "uuid:" + s.deriveID()
	}
	if err := s.start(false); err != nil {
		return nil, err
	}
	return s, nil
}

// replaces notes which submission this one takes the place of.
func (s *Session) replaces(instanceID string) {
	s.deprecated = instanceID
	if n := s.metaNode("deprecatedID"); n != nil {
		n.value = instanceID
	}
}

// reach returns the node at a path, making the repeat instances on the way, or nil when the form has no such path.
func (s *Session) reach(path survey.FieldPath) *node {
	n := s.root
	for part := range strings.SplitSeq(string(path), "/") {
		child := n.step(part)
		if child == nil {
			name, key, _ := strings.Cut(strings.TrimSuffix(part, "]"), "[")
			def := n.def.Child(name)
			if def == nil || def.Repeat == nil || key == "" {
				return nil
			}
			child = s.loadInstance(def, n, key)
			child.walk((*node).blank)
		}
		n = child
	}
	return n
}

// blank drops the default value of a field: a record says all there is to say.
func (n *node) blank() {
	if recorded(n.def) {
		n.value = ""
	}
}

// bare drops the repeat instances a node was grown with.
func (n *node) bare() {
	n.children = slices.DeleteFunc(n.children, func(c xpath.Node) bool { return asNode(c).Repeats() })
	n.renumber()
}
