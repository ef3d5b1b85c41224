package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"zoucun/form/xform"
	"zoucun/survey"
)

// State is everything a session has to remember, small enough to be written often. Its encoding is the same for equal
// states.
type State struct {
	Form     survey.FormID                 `json:"form"`
	Version  string                        `json:"version,omitempty"`
	Language string                        `json:"language,omitempty"`
	Seed     string                        `json:"seed"`
	Drawn    uint64                        `json:"drawn"`
	Values   map[survey.FieldPath]string   `json:"values,omitempty"`  // where they differ from the form's defaults
	Repeats  map[survey.FieldPath][]string `json:"repeats,omitempty"` // the keys of each repeat's instances, in order
	Revises  bool                          `json:"revises,omitempty"`
	Removed  []survey.FieldPath            `json:"removed,omitempty"`
	Replaces string                        `json:"replaces,omitempty"` // the instanceID of the submission being edited
	Accepted map[survey.FieldPath]string   `json:"accepted,omitempty"` // its answers that are not judged again; see Edit
}

// MarshalBinary returns the state as deterministic JSON.
func (st State) MarshalBinary() ([]byte, error) {
	type plain State
	return json.Marshal(plain(st))
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (st *State) UnmarshalBinary(data []byte) error {
	type plain State
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode((*plain)(st)); err != nil {
		return &survey.Error{Kind: survey.Damaged, Op: "form.State", Message: "草稿的内容已经损坏。", Err: err}
	}
	return nil
}

// State returns what the session has to remember.
func (s *Session) State() State {
	st := State{
		Form: s.form.ID, Version: s.form.Version, Language: s.language, Seed: s.seed, Drawn: s.drawn,
		Values: map[survey.FieldPath]string{}, Repeats: map[survey.FieldPath][]string{}, Removed: slices.Clone(s.removed),
		Revises: s.revises, Replaces: s.deprecated, Accepted: maps.Clone(s.accepted),
	}
	s.root.walk(func(n *node) {
		if n.def.Leaf() && n.value != n.def.Default {
			st.Values[n.path()] = n.value
		}
		for _, d := range n.def.Children {
			if d.Repeat == nil {
				continue
			}
			if instances := n.instances(d); len(instances) > 0 {
				st.Repeats[repeatAt{d, n}.path()] = keysOf(instances)
			}
		}
	})
	return st
}

func keysOf(instances []*node) []string {
	keys := make([]string, len(instances))
	for i, n := range instances {
		keys[i] = n.key
	}
	return keys
}

// Restore takes up a filling where State left it, with the values of irrelevant questions and without calculating
// anything anew, except what the form itself wants done at every load.
func Restore(f *xform.Form, env Env, st State) (*Session, error) {
	s, err := newSession(f, env)
	if err != nil {
		return nil, err
	}
	if st.Form != f.ID || st.Version != f.Version {
		return nil, &survey.Error{
			Kind: survey.Conflicting, Op: "form.Restore", Subject: string(st.Form),
			Message: fmt.Sprintf("草稿是用表“%s”%s 版填的，不能用“%s”%s 版打开。", st.Form, st.Version, f.ID, f.Version),
		}
	}
	s.now = env.Now()
	s.seed, s.drawn, s.removed = st.Seed, st.Drawn, slices.Clone(st.Removed)
	s.revises, s.deprecated, s.accepted = st.Revises, st.Replaces, maps.Clone(st.Accepted)
	if st.Language != "" {
		s.language = st.Language
	}
	s.plantBare()
	if err := s.load(st.Values, st.Repeats); err != nil {
		return nil, err
	}
	s.keepSealedEmpty()
	if err := s.resume(); err != nil {
		return nil, err
	}
	return s, nil
}

// plantBare makes the instance without any repeat instances, every leaf at its default.
func (s *Session) plantBare() {
	drawn := s.drawn
	s.plant(s.form.Initial)
	s.drawn = drawn
	s.root.walk(func(n *node) {
		n.bare()
		if n.def.Leaf() {
			n.value = n.def.Default
		}
	})
}

// load puts repeat instances and values back. Shorter paths come first, so that what holds a repeat is there before it.
func (s *Session) load(values map[survey.FieldPath]string, repeats map[survey.FieldPath][]string) error {
	for _, path := range byLength(maps.Keys(repeats)) {
		parent, def := s.repeatAt(path)
		if def == nil {
			return unknownPath(path)
		}
		for _, key := range repeats[path] {
			s.loadInstance(def, parent, key)
		}
	}
	for path, value := range values {
		n := s.root.find(path)
		if n == nil || !n.def.Leaf() {
			return unknownPath(path)
		}
		n.value = value
	}
	return nil
}

func (s *Session) loadInstance(def *xform.Node, parent *node, key string) *node {
	drawn := s.drawn
	n := s.grow(def, def.Template(), parent)
	s.drawn = drawn
	n.key = key
	n.walk((*node).bare)
	parent.insert(n)
	return n
}

func unknownPath(path survey.FieldPath) error {
	return &survey.Error{
		Kind: survey.Conflicting, Op: "form.load", Subject: string(path),
		Message: fmt.Sprintf("以前填的“%s”在这一版表里没有，不能打开。", path),
	}
}

func byLength(paths func(func(survey.FieldPath) bool)) []survey.FieldPath {
	sorted := slices.Sorted(paths)
	slices.SortStableFunc(sorted, func(a, b survey.FieldPath) int { return len(a) - len(b) })
	return sorted
}

// resume works out relevance and the other flags without calculating values.
func (s *Session) resume() error {
	s.root.walk(func(n *node) {
		for _, r := range s.plan.rules[n.def.Index] {
			if r.task != taskCalculate {
				s.enqueue(r, n)
			}
		}
	})
	s.run.resuming = true
	s.settle()
	s.run.resuming = false
	s.run.watching = true
	s.fireForm(xform.Load)
	s.settle()
	return s.finishOperation().err
}
