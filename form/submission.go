package form

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/survey"
)

// Submission is a finished filling.
type Submission struct {
	Form         survey.FormID
	Version      string
	InstanceID   string
	InstanceName string
	Fields       survey.Fields                       // the answers of relevant questions; what is under meta is told apart below
	Touched      []survey.FieldPath                  // every field this version of the form could set, sorted
	Joins        map[survey.FieldPath]survey.Joining // of the touched fields that edits made apart join
	Entities     []EntityChange
	Attachments  []string // names of the files that answers refer to, sorted
	XML          []byte   // as ODK servers take it
}

// EntityChange is what a filling says about one entity of a list.
type EntityChange struct {
	Dataset    string
	ID         string
	Create     bool
	Update     bool
	Label      string
	Properties map[string]string         // by property name; empty where the answer is blank, absent where it was not asked
	Joins      map[string]survey.Joining // by property name, of those that edits made apart join
	// What the device knew of the entity it updates, where the form asks for it (ODK Entities 2024.1.0).
	BaseVersion  string
	TrunkVersion string
	BranchID     string
	Instance     survey.FieldPath // the repeat instance it comes from, empty for none
}

// Unfinished is the error of finishing while something is wrong.
type Unfinished struct { //nolint:errname // a filling is unfinished; that is the noun, and the error
	Violations []Violation
}

// Error returns how many answers are wrong.
func (u *Unfinished) Error() string {
	return fmt.Sprintf("form.Finish: %d violations", len(u.Violations))
}

// Finish returns the finished filling, or an [*Unfinished] when an answer is wrong or missing. The session can go on
// either way.
func (s *Session) Finish() (Submission, error) {
	s.now = s.env.Now()
	s.stampEnd()
	s.root.walk(func(n *node) { s.enqueueTask(n, taskConstraint) }) // another day may have begun since they were asked
	s.settle()
	if err := s.finishOperation().err; err != nil {
		return Submission{}, err
	}
	if wrong := s.Violations(); len(wrong) > 0 {
		return Submission{}, &Unfinished{wrong}
	}
	return s.submission(), nil
}

func (s *Session) stampEnd() {
	s.root.walk(func(n *node) {
		if n.def.Bind.Preload == "timestamp" && n.def.Bind.PreloadParams == "end" {
			s.assign(n, s.timestamp())
		}
	})
}

func (s *Session) submission() Submission {
	sub := Submission{
		Form: s.form.ID, Version: s.form.Version, InstanceID: s.metaValue("instanceID"),
		InstanceName: s.metaValue("instanceName"), Fields: survey.Fields{}, Touched: s.touchable(), XML: s.xml(),
	}
	s.root.walk(func(n *node) {
		if how := n.def.Bind.Joins; how != 0 && recorded(n.def) {
			note(&sub.Joins, n.path(), how)
		}
		if !recorded(n.def) || !n.present || n.answer() == "" {
			return
		}
		sub.Fields[n.path()] = n.answer()
		if typeOf(n.def).Attachment() {
			sub.Attachments = append(sub.Attachments, n.value)
		}
	})
	slices.Sort(sub.Attachments)
	sub.Entities = s.Entities()
	return sub
}

// Entities returns what the filling says about entities of lists as it is now, right or wrong.
func (s *Session) Entities() []EntityChange {
	var changes []EntityChange
	for _, e := range s.form.Entities {
		for _, n := range descendants(s.root, e.Node) {
			if change, ok := s.entity(e, n); ok {
				changes = append(changes, change)
			}
		}
	}
	return changes
}

func (s *Session) metaValue(name string) string {
	if n := s.metaNode(name); n != nil {
		return n.Value()
	}
	return ""
}

// recorded reports whether a node's value is a field of the record: an element with a value, outside meta.
func recorded(def *xform.Node) bool {
	if !def.Leaf() || def.Attribute || def.Parent == nil {
		return false
	}
	for ; def.Parent != nil; def = def.Parent {
		if def.Name.Local == "meta" {
			return false
		}
	}
	return true
}

// touchable returns every field that could have been set, those of removed repeat instances too: their absence from the
// record is meant.
func (s *Session) touchable() []survey.FieldPath {
	var paths []survey.FieldPath
	s.root.walk(func(n *node) {
		if recorded(n.def) {
			paths = append(paths, n.path())
		}
	})
	for _, instance := range s.removed {
		paths = append(paths, s.fieldsOf(instance)...)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// fieldsOf returns the fields a removed instance had, those of nested repeats aside.
func (s *Session) fieldsOf(instance survey.FieldPath) []survey.FieldPath {
	def := s.definitionAt(instance)
	if def == nil {
		return nil
	}
	var paths []survey.FieldPath
	for _, n := range s.form.Nodes {
		if n != def && n.Below(def) && recorded(n) && nearestRepeat(n) == def {
			rest := strings.TrimPrefix(string(n.Field()), string(def.Field()))
			paths = append(paths, instance+survey.FieldPath(rest))
		}
	}
	return paths
}

func nearestRepeat(n *xform.Node) *xform.Node {
	for ; n != nil; n = n.Parent {
		if n.Repeat != nil {
			return n
		}
	}
	return nil
}

// definitionAt returns the definition of what a path names, whether or not the instance exists.
func (s *Session) definitionAt(path survey.FieldPath) *xform.Node {
	def := s.form.Root
	for part := range strings.SplitSeq(string(path), "/") {
		name, _, _ := strings.Cut(part, "[")
		if def = def.Child(name); def == nil {
			return nil
		}
	}
	return def
}

// entity returns what an <entity> element says now, and whether it says anything.
func (s *Session) entity(e *xform.Entity, n *node) (EntityChange, bool) {
	c := EntityChange{
		Dataset: e.Dataset, ID: attribute(n, "id"), Create: truthy(attribute(n, "create")), Update: truthy(attribute(n, "update")),
		Properties: map[string]string{}, BaseVersion: attribute(n, "baseVersion"), TrunkVersion: attribute(n, "trunkVersion"),
		BranchID: attribute(n, "branchId"),
	}
	if !n.present || !c.Create && !c.Update {
		return c, false
	}
	if label := n.find("label"); label != nil {
		c.Label = label.Value()
	}
	scope := n.above(e.Scope.Depth())
	for _, def := range e.Saves {
		for _, field := range descendants(scope, def) {
			if field.present { // who was not asked has not said that there is none
				c.Properties[def.Bind.SaveTo] = field.value
				if how := def.Bind.Joins; how != 0 {
					note(&c.Joins, def.Bind.SaveTo, how)
				}
			}
		}
	}
	for at := scope; at.def != nil; at = at.parent {
		if at.Repeats() {
			c.Instance = at.path()
			break
		}
	}
	return c, true
}

// note adds to a map that is nil while there is nothing to note.
func note[K comparable](joins *map[K]survey.Joining, key K, how survey.Joining) {
	if *joins == nil {
		*joins = map[K]survey.Joining{}
	}
	(*joins)[key] = how
}

func attribute(n *node, name string) string {
	if a := n.find(survey.FieldPath("@" + name)); a != nil {
		return a.Value()
	}
	return ""
}

func truthy(value string) bool { return value == "1" || value == "true" || value == "true()" }
