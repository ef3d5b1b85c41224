package xform

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"zoucun/form/xpath"
	"zoucun/survey"
)

// Form is a definition that was read.
type Form struct {
	ID      survey.FormID
	Version string
	Title   string

	Root  *Node   // the definition of the primary instance
	Nodes []*Node // every node of it, attributes included, parents before children
	// Initial is the primary instance as written, with its default values and first repeat instances.
	Initial *xpath.Tree

	Languages       []string // in order of appearance
	DefaultLanguage string
	Instances       map[string]*Instance // secondary instances by id

	Body     []*Control
	Style    string    // the body's class, as "pages theme-grid"
	Actions  []*Action // those that answer to the form's own events
	Entities []*Entity

	EntitiesVersion string
	Submission      Submission
	Warnings        []string // what was passed over, in words for the author

	texts map[string]map[string]map[string]*Text // by language, id and form ("" for the plain text)
}

// Node is the definition of one node of the primary instance: a field, a group, or an attribute.
type Node struct {
	Name      xpath.Name
	Attribute bool
	Index     int // the node's place in Form.Nodes
	Parent    *Node
	Children  []*Node
	Attrs     []*Node
	Default   string

	Bind    Bind
	Control *Control  // the question that asks for the value, or the group that shows it; nil for none
	Repeat  *Control  // set when the node is repeated
	Changed []*Action // actions to run when the value changes

	template *xpath.Tree
	byName   map[string]*Node // the children, where there are many
}

// Template returns the element a new instance of the node begins as.
func (n *Node) Template() *xpath.Tree { return n.template }

// Path returns the node's path as expressions in the form write it.
func (n *Node) Path() string {
	name := n.Name.Local
	if n.Name.Prefix != "" {
		name = n.Name.Prefix + ":" + name
	}
	if n.Attribute {
		name = "@" + name
	}
	if n.Parent == nil {
		return "/" + name
	}
	return n.Parent.Path() + "/" + name
}

// Field returns the node's path below the root, without the keys of repeat instances.
func (n *Node) Field() survey.FieldPath {
	if n.Parent == nil {
		return ""
	}
	name := n.Name.Local
	if n.Attribute {
		name = "@" + name
	}
	if n.Parent.Parent == nil {
		return survey.FieldPath(name)
	}
	return n.Parent.Field() + "/" + survey.FieldPath(name)
}

// Depth returns how many nodes stand above n and n itself: 1 for the root.
func (n *Node) Depth() int {
	depth := 0
	for ; n != nil; n = n.Parent {
		depth++
	}
	return depth
}

// Leaf reports whether the node can have a value of its own.
func (n *Node) Leaf() bool { return len(n.Children) == 0 && n.Repeat == nil }

// Sealed reports whether the node's question is one whose answer is sealed where it is typed: text with the appearance
// sealed.
func (n *Node) Sealed() bool {
	c := n.Control
	return c != nil && c.Kind == Input && (n.Bind.Type == "" || n.Bind.Type == "string") &&
		slices.Contains(strings.Fields(c.Appearance), "sealed")
}

// Child returns the child element of this name, or nil.
func (n *Node) Child(local string) *Node {
	if n.byName != nil {
		return n.byName[local]
	}
	for _, c := range n.Children {
		if c.Name.Local == local {
			return c
		}
	}
	return nil
}

// Attr returns the attribute of this name, or nil.
func (n *Node) Attr(local string) *Node {
	for _, a := range n.Attrs {
		if a.Name.Local == local {
			return a
		}
	}
	return nil
}

// Below reports whether n is ancestor or stands below it.
func (n *Node) Below(ancestor *Node) bool {
	for ; n != nil; n = n.Parent {
		if n == ancestor {
			return true
		}
	}
	return false
}

// Bind is what the model says about a node. Absent expressions are nil.
type Bind struct {
	Type          string // without a prefix: "string", "int", "date"; empty when not given
	Relevant      *xpath.Expr
	Required      *xpath.Expr
	Constraint    *xpath.Expr
	Calculate     *xpath.Expr
	ReadOnly      *xpath.Expr
	RequiredMsg   *Text // nil when the form has none
	ConstraintMsg *Text
	Preload       string
	PreloadParams string
	SaveTo        string            // the entity property the value is saved to
	Joins         survey.Joining    // how edits of the value made apart are joined; zero where a person decides
	Other         map[string]string // further attributes by name as written
}

// Admit returns text that the form itself put at the node, as the node's type writes it: a whole number loses its
// fraction.
func (b *Bind) Admit(text string) string {
	if b.Type != "int" && b.Type != "integer" || !strings.Contains(text, ".") {
		return text
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return text
	}
	return strconv.FormatFloat(math.Trunc(n), 'f', -1, 64)
}

// Event is when an action runs.
type Event string

// Events.
const (
	FirstLoad    Event = "odk-instance-first-load"
	Load         Event = "odk-instance-load"
	NewRepeat    Event = "odk-new-repeat"
	ValueChanged Event = "xforms-value-changed"
)

// Action sets a node's value when an event occurs.
type Action struct {
	Events   []Event
	Target   *Node
	Where    *xpath.Expr // the path to the target when it chooses among repeat instances; nil otherwise
	Value    *xpath.Expr // nil when the value is Literal
	Literal  string
	Trigger  *Node // the node whose change or addition starts it; nil for the form
	Location bool  // asks for the device's position (odk:setgeopoint); never run
}

// On reports whether the action answers to the event.
func (a *Action) On(event Event) bool { return slices.Contains(a.Events, event) }

// Entity is a declaration that a filling creates or updates an entity of a list.
type Entity struct {
	Dataset string
	Node    *Node // the <entity> element
	Scope   *Node // the group, repeat or root whose questions belong to the entity
	Saves   []*Node
}

// Submission is where and how the form asks for what was filled to be sent, and for whom it is sealed. Nothing here sends
// or seals by it; it is kept for programs that hand the form on.
type Submission struct {
	Action        string // empty for the server the form came from
	Method        string // "post"
	EncryptionKey string // the public RSA key in Base64, empty for none
}

// Instance is a secondary instance: a list the form carries or names.
type Instance struct {
	ID   string
	Src  string      // empty for an inline instance
	File string      // the file name Src ends in
	Tree *xpath.Tree // the <instance> element of an inline instance
}

// ControlKind is the kind of an element of the body.
type ControlKind string

// Kinds of controls.
const (
	Group   ControlKind = "group"
	Repeat  ControlKind = "repeat"
	Input   ControlKind = "input"
	Select1 ControlKind = "select1"
	Select  ControlKind = "select"
	Rank    ControlKind = "rank"
	Range   ControlKind = "range"
	Trigger ControlKind = "trigger"
	Upload  ControlKind = "upload"
)

// Control is an element of the body.
type Control struct {
	Kind       ControlKind
	Node       *Node // nil for a group that only lays out
	Label      *Text // nil for none
	Hint       *Text
	Appearance string
	Attributes map[string]string // the rest by name as written: "start", "rows", "mediatype", "odk:…"
	Items      []Item
	Itemset    *Itemset
	Children   []*Control

	Count       *xpath.Expr // of a repeat: how many instances
	NoAddRemove *xpath.Expr // of a repeat: whether people may not add or remove
}

// Appearances returns the words of the appearance in order, each deprecated word behind the one that took its place.
func (c *Control) Appearances() []string {
	var words []string
	for word := range strings.FieldsSeq(c.Appearance) {
		if modern := renamedAppearances[word]; modern != "" && c.Kind == Select1 {
			words = append(words, modern)
		}
		words = append(words, word)
	}
	return words
}

var renamedAppearances = map[string]string{"search": "autocomplete"}

// Media is which files an upload takes.
type Media struct {
	Accept  string // as a file dialog wants it: "image/*", or "*" for all
	Type    string // "image", empty for all
	Subtype string // "jpeg", empty for all
}

// Media returns which files the control of an upload takes.
func (c *Control) Media() Media {
	kind, sub, _ := strings.Cut(c.Attributes["mediatype"], "/")
	if kind == "" || kind == "*" || kind == "application" && sub == "*" {
		return Media{Accept: "*"}
	}
	return Media{Accept: kind + "/" + sub, Type: kind, Subtype: sub}
}

// Item is a choice written in the body.
type Item struct {
	Value string
	Label *Text
}

// Itemset is a choice list drawn from nodes.
type Itemset struct {
	Nodes *xpath.Expr
	Value *xpath.Expr // relative to an item
	Label *Text       // relative to an item
}
