package form

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"zoucun/form/xform"
	"zoucun/survey"
)

// Op is what a change does.
type Op string

// Operations.
const (
	OpSet    Op = "set"    // Path gets Value
	OpAdd    Op = "add"    // the repeat at Path gets an instance with the key Value
	OpRemove Op = "remove" // the repeat instance at Path goes
)

// Change is one thing a person did, as a journal keeps it. Applied to the same state it has the same result, whenever
// that is done: At is what the clock said.
type Change struct {
	Op    Op               `json:"op" cbor:"1,keyasint"`
	Path  survey.FieldPath `json:"path" cbor:"2,keyasint"`
	Value string           `json:"value,omitempty" cbor:"3,keyasint,omitempty"`
	At    survey.Millis    `json:"at,omitempty" cbor:"4,keyasint,omitempty"`
}

// Line is one change in the journal of a filling.
type Line struct {
	Step   int64         // its place in the journal, counted from 1
	At     survey.Millis // when it was written, by a clock that may have been wrong
	Change Change
	Undone bool // it does not count now
	Next   bool // it was undone and counts again when everything is redone
	Back   bool // no change of its own: the filling went back to what it was before
}

// Aspect is a set of what may have changed about a question, group or repeat.
type Aspect uint16

// Aspects.
const (
	Value Aspect = 1 << iota
	Relevance
	Requiredness
	ReadOnly
	Validity  // the constraint began or ceased to hold
	Label     // a text with a value in it may read differently
	Choices   // other choices may be offered
	Instances // a repeat has gained or lost instances
)

// Changed says what has changed at one path.
type Changed struct {
	Path survey.FieldPath
	What Aspect
}

// Effects is what an operation did: the change to write in the journal, and what has to be drawn anew.
type Effects struct {
	Change  Change
	Changed []Changed
}

// Set answers a question. Every answer is kept as given; whether it is right is another matter:
//
//	relevant | blank | required | afterwards
//	---------|-------|----------|-----------------------------------------------------------
//	yes      | no    | any      | kept; a Violation if of the wrong type or against the constraint
//	yes      | yes   | yes      | kept; a Violation: an answer is required
//	yes      | yes   | no       | kept; no Violation, the constraint is not asked
//	no       | any   | any      | kept until relevant again; no Violation, absent from the Submission,
//	         |       |          | empty to every expression
//
// What a choice filter over a list of the form's own does not offer is kept in the same way until it is offered again.
//
// A read-only question, one that is to be sealed, and a value that is calculated and not asked refuse. An error other than that means that an
// expression of the form failed; the answer is kept all the same.
func (s *Session) Set(path survey.FieldPath, value string) (Effects, error) {
	return s.Apply(Change{Op: OpSet, Path: path, Value: value, At: survey.MillisOf(s.env.Now())})
}

// SetFitting answers a question for a program rather than a person: a value that is not of the question's type becomes
// blank instead of a Violation. See [Fit].
func (s *Session) SetFitting(path survey.FieldPath, value string) (Effects, error) {
	if n := s.root.find(path); n != nil && n.def.Leaf() {
		value = fitting(n.def, value)
	}
	return s.Set(path, value)
}

// AddRepeat adds an instance to the end of a repeat and returns its path. An empty key asks for a fresh one.
func (s *Session) AddRepeat(repeat survey.FieldPath, key string) (survey.FieldPath, Effects, error) {
	if key == "" {
		key = s.env.NewID()
	}
	effects, err := s.Apply(Change{Op: OpAdd, Path: repeat, Value: key, At: survey.MillisOf(s.env.Now())})
	return repeat + survey.FieldPath("["+key+"]"), effects, err
}

// RemoveRepeat takes a repeat instance away with everything in it.
func (s *Session) RemoveRepeat(instance survey.FieldPath) (Effects, error) {
	return s.Apply(Change{Op: OpRemove, Path: instance, At: survey.MillisOf(s.env.Now())})
}

// Apply does what a journal says was done. Replaying a journal over the state it began with gives the same session.
func (s *Session) Apply(c Change) (Effects, error) {
	s.now = s.momentOf(c)
	var err error
	switch c.Op {
	case OpSet:
		err = s.set(c)
	case OpAdd:
		err = s.add(c)
	case OpRemove:
		err = s.take(c)
	default:
		err = s.refuse(c, survey.Invalid, "不认识的操作“%s”", c.Op)
	}
	if err != nil {
		return Effects{}, err
	}
	s.settle()
	done := s.finishOperation()
	return Effects{Change: c, Changed: done.changed}, done.err
}

func (s *Session) momentOf(c Change) time.Time {
	now := s.env.Now()
	if c.At == 0 {
		return now
	}
	return c.At.Time().In(now.Location())
}

func (s *Session) refuse(c Change, kind survey.Kind, format string, args ...any) error {
	return &survey.Error{
		Kind: kind, Op: "form." + string(c.Op), Subject: string(c.Path), Message: fmt.Sprintf(format, args...),
	}
}

func (s *Session) set(c Change) error {
	n := s.root.find(c.Path)
	switch {
	case n == nil || !n.def.Leaf():
		return s.refuse(c, survey.NotFound, "表里没有“%s”这一项", c.Path)
	case typeOf(n.def) == Sealed:
		return s.refuse(c, survey.Denied, "这一项只能封存，不写进表里")
	case n.readOnly && n.def.Control != nil:
		return s.refuse(c, survey.Denied, "这一项不能改")
	case n.def.Control == nil && n.def.Bind.Calculate != nil:
		return s.refuse(c, survey.Denied, "这一项是算出来的，不能改")
	}
	s.assign(n, norm.NFC.String(c.Value)) // so that equal words are equal text, however they were typed
	return nil
}

func (s *Session) add(c Change) error {
	parent, def := s.repeatAt(c.Path)
	if def == nil {
		return s.refuse(c, survey.NotFound, "表里没有“%s”这一组可重复的题", c.Path)
	}
	if c.Value == "" || strings.ContainsAny(c.Value, "/[]@") {
		return s.refuse(c, survey.Invalid, "新增的一条没有编号，或者编号“%s”用了不能用的字符", c.Value)
	}
	if !s.mayAddRemove(def, parent) {
		return s.refuse(c, survey.Denied, "这里不能增减")
	}
	for _, n := range parent.instances(def) {
		if n.key == c.Value {
			return s.refuse(c, survey.Conflicting, "这一条已经有了")
		}
	}
	s.addInstance(def, parent, c.Value)
	return nil
}

// mayAddRemove reports whether people, and not jr:count, say how many instances a repeat has.
func (s *Session) mayAddRemove(def *xform.Node, parent *node) bool {
	if def.Repeat.Count != nil {
		return false
	}
	fixed := def.Repeat.NoAddRemove
	return fixed == nil || !s.evalBool(fixed, parent, false)
}

// addInstance adds an instance of a repeat with everything below it and runs the actions of new repeats.
func (s *Session) addInstance(def *xform.Node, parent *node, key string) {
	n := s.grow(def, def.Template(), parent)
	n.key = key
	parent.insert(n)
	s.structureChanged(def, parent)
	s.enqueueAll(n)
	s.fireRepeat(n)
}

func (s *Session) structureChanged(def *xform.Node, parent *node) {
	clear(s.offered)
	s.markRepeat(def, parent)
	s.enqueueStructure(def, parent)
}

func (s *Session) take(c Change) error {
	n := s.root.find(c.Path)
	if n == nil || !n.Repeats() {
		return s.refuse(c, survey.NotFound, "这一条已经没有了")
	}
	if !s.mayAddRemove(n.def, n.parent) {
		return s.refuse(c, survey.Denied, "这里不能增减")
	}
	if s.revises {
		s.removed = append(s.removed, n.path())
	}
	n.parent.remove(n)
	s.structureChanged(n.def, n.parent)
	n.parent = &node{} // whoever still holds it finds it outside
	return nil
}

// repeatAt returns the node that holds the repeat at a path without the last key, and the repeat's definition.
func (s *Session) repeatAt(path survey.FieldPath) (*node, *xform.Node) {
	above, name := cutLast(path)
	parent := s.root
	if above != "" {
		parent = s.root.find(above)
	}
	if parent == nil {
		return nil, nil
	}
	def := parent.def.Child(name)
	if def == nil || def.Repeat == nil {
		return nil, nil
	}
	return parent, def
}
