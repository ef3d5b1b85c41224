package xlsform

import (
	"slices"
	"strings"
)

// kind tells what an element of a form is.
type kind uint8

const (
	question  kind = iota
	group          // questions asked together
	repeat         // a group answered any number of times
	root           // the form itself
	attribute      // an attribute of an entity's node
)

// element is one node of the primary instance with all that is said about it.
type element struct {
	kind     kind
	name     string
	record   record // the row it was written in; its number is 0 when the compiler made the element
	typeName string // canonical name of the question's type
	typ      questionType

	label, hint, guidance text
	media                 []medium
	bind                  []attr // expressions still hold ${references}
	messages              []message
	body                  []attr
	instance              []attr
	params                []attr
	choices               *selection
	value                 string // static default
	dynamic               string // default to compute
	triggers              []string
	calculation           string // set when a trigger changes, not bound

	column   string // the column its expressions were written in, where that is not the attribute's own
	loop     *loop  // set while the rows of a loop are read
	hidden   bool   // has no body element
	data     bool   // a fixed attribute or node without a bind
	actions  []action
	parent   *element
	children []*element
}

// medium is a file that goes with a label: an image, a sound.
type medium struct {
	form string
	text text
}

// message is a sentence shown when an answer is wrong.
type message struct {
	name string // the bind attribute: "jr:constraintMsg"
	text text
}

// action is something done to an element when an event happens.
type action struct {
	name, event, value string
	extra              []attr
}

// selection is where a select's choices come from.
type selection struct {
	control string // "select1", "select", "rank" or "external"
	list    string // a list's name, a file's name or a ${reference}
	file    bool
	filter  string
}

// Events of actions.
const (
	firstLoad    = "odk-instance-first-load"
	instanceLoad = "odk-instance-load"
	newRepeat    = "odk-new-repeat"
	valueChanged = "xforms-value-changed"
)

// add makes child the last child of e.
func (e *element) add(child *element) *element {
	child.parent = e
	e.children = append(e.children, child)
	return child
}

// lineage is the elements from the root down to e.
func (e *element) lineage() []*element {
	var up []*element
	for ; e != nil; e = e.parent {
		up = append(up, e)
	}
	slices.Reverse(up)
	return up
}

// path is where e stands in the primary instance.
func (e *element) path() string {
	var b strings.Builder
	for _, part := range e.lineage() {
		b.WriteString("/" + part.name)
	}
	return b.String()
}

// around returns the nearest repeat e stands in, not counting e itself.
func (e *element) around() *element {
	for up := e.parent; up != nil; up = up.parent {
		if up.kind == repeat {
			return up
		}
	}
	return nil
}

// within reports whether e is other or stands in it.
func (e *element) within(other *element) bool {
	for ; e != nil; e = e.parent {
		if e == other {
			return true
		}
	}
	return false
}

// all visits e and everything below it in document order.
func (e *element) all(yield func(*element) bool) {
	e.visit(yield)
}

func (e *element) visit(yield func(*element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, child := range e.children {
		if !child.visit(yield) {
			return false
		}
	}
	return true
}

// set gives the attribute a value, in place if it is there already.
func set(attrs []attr, name, value string) []attr {
	for i := range attrs {
		if attrs[i].name == name {
			attrs[i].value = value
			return attrs
		}
	}
	return append(attrs, attr{name, value})
}

// value returns the attribute's value, or an empty string.
func valueOf(attrs []attr, name string) string {
	for _, a := range attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// without returns the attributes but the named one.
func without(attrs []attr, name string) []attr {
	return slices.DeleteFunc(slices.Clone(attrs), func(a attr) bool { return a.name == name })
}
