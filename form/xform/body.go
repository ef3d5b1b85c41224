package xform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"zoucun/form/xpath"
)

var controlKinds = []ControlKind{Group, Repeat, Input, Select1, Select, Rank, Range, Trigger, Upload}

func (r *reader) readBody(body *xpath.Tree) error {
	if body == nil {
		return nil
	}
	r.form.Style, _ = body.Attr("", "class")
	controls, err := r.readControls(body, r.form.Root)
	r.form.Body = controls
	return err
}

// readControls reads the controls below el. A relative reference starts at the node around.
func (r *reader) readControls(el *xpath.Tree, around *Node) ([]*Control, error) {
	var found []*Control
	for _, c := range el.Elements() {
		kind := ControlKind(c.Name().Local)
		if !slices.Contains(controlKinds, kind) {
			continue
		}
		control, err := r.readControl(c, kind, around)
		if err != nil {
			return nil, err
		}
		if control == nil {
			continue
		}
		found = append(found, control)
	}
	return found, nil
}

func (r *reader) readControl(el *xpath.Tree, kind ControlKind, around *Node) (*Control, error) {
	c := &Control{Kind: kind, Attributes: map[string]string{}}
	if found, err := r.attach(c, el, around); err != nil || !found {
		return nil, err
	}
	at := around
	if c.Node != nil {
		at = c.Node
	}
	for _, a := range el.Attributes() {
		if err := r.controlAttribute(c, a.Name(), a.Value(), at.Path()); err != nil {
			return nil, err
		}
	}
	if err := r.controlTexts(c, el, at.Path()); err != nil {
		return nil, err
	}
	if err := r.readChoices(c, el, at.Path()); err != nil {
		return nil, err
	}
	if err := r.readActions(el, c.Node); err != nil {
		return nil, err
	}
	var err error
	c.Children, err = r.readControls(el, at)
	return c, err
}

// attach finds the control's node and tells the node. A question about a node the form does not have cannot be asked; it
// is left out with a warning, as other clients do.
func (r *reader) attach(c *Control, el *xpath.Tree, around *Node) (found bool, err error) {
	ref, ok := el.Attr("", "ref")
	if !ok {
		ref, ok = el.Attr("", "nodeset")
	}
	if !ok {
		if c.Kind == Group {
			return true, nil
		}
		return false, invalid("", "%s 没有写明对应的数据（ref）", c.Kind)
	}
	c.Node = r.find(ref, around)
	switch {
	case c.Node == nil && (c.Kind == Group || c.Kind == Repeat):
		return false, invalid(ref, "题目指向的“%s”不存在", ref)
	case c.Node == nil:
		r.form.Warnings = append(r.form.Warnings, fmt.Sprintf("题目指向的“%s”不存在，不会问", ref))
		return false, nil
	case c.Kind == Repeat:
		c.Node.Repeat = c
	case c.Node.Control == nil:
		c.Node.Control = c
	}
	return true, nil
}

var mediaType = regexp.MustCompile(`^[a-zA-Z*][\w.+*-]*/[\w.+*-]+$`)

func (r *reader) controlAttribute(c *Control, name xpath.Name, value, at string) error {
	var err error
	switch {
	case name.Space == "" && (name.Local == "ref" || name.Local == "nodeset"):
	case name.Space == "" && name.Local == "appearance":
		c.Appearance = strings.TrimSpace(value)
	case name.Space == nsJavaRosa && name.Local == "count":
		c.Count, err = r.expression(value, at)
	case name.Space == nsJavaRosa && name.Local == "noAddRemove":
		c.NoAddRemove, err = r.expression(value, at)
	case name.Space == "" && name.Local == "mediatype" && !mediaType.MatchString(value):
		return invalid(at, "%s 的 mediatype“%s”不是文件类型，应当写成 image/* 这样", at, value)
	default:
		c.Attributes[attributeName(name)] = value
	}
	return err
}

func (r *reader) controlTexts(c *Control, el *xpath.Tree, at string) error {
	var err error
	if label := el.Child("label"); label != nil {
		if c.Label, err = r.readText(label, at); err != nil {
			return err
		}
	}
	if hint := el.Child("hint"); hint != nil {
		c.Hint, err = r.readText(hint, at)
	}
	return err
}

// readQuery makes a select of an input that names where its choices are, as select_one_external is written. Where the
// form does not have the list, it stays a question to be typed.
func (r *reader) readQuery(c *Control, at string) error {
	nodes, err := r.expression(c.Attributes["query"], at)
	if err != nil {
		return err
	}
	for _, ref := range nodes.References() {
		if ref.Instance != "" && r.form.Instances[ref.Instance] == nil {
			return nil
		}
	}
	set := &Itemset{Nodes: nodes, Label: &Text{Parts: []Part{{}}}}
	if set.Value, err = r.expression("name", at); err != nil {
		return err
	}
	if set.Label.Parts[0].Output, err = r.expression("label", at); err != nil {
		return err
	}
	c.Kind, c.Itemset = Select1, set
	return nil
}

func (r *reader) readChoices(c *Control, el *xpath.Tree, at string) error {
	if c.Kind == Input && c.Attributes["query"] != "" {
		return r.readQuery(c, at)
	}
	for _, child := range el.Elements() {
		switch child.Name().Local {
		case "item":
			item, err := r.readItem(child, at)
			if err != nil {
				return err
			}
			c.Items = append(c.Items, item)
		case "itemset":
			set, err := r.readItemset(child, at)
			if err != nil {
				return err
			}
			c.Itemset = set
		}
	}
	return nil
}

func (r *reader) readItem(el *xpath.Tree, at string) (Item, error) {
	var item Item
	if value := el.Child("value"); value != nil {
		item.Value = strings.TrimSpace(value.Value())
	}
	if label := el.Child("label"); label != nil {
		text, err := r.readText(label, at)
		if err != nil {
			return item, err
		}
		item.Label = text
	}
	return item, nil
}

func (r *reader) readItemset(el *xpath.Tree, at string) (*Itemset, error) {
	nodeset, _ := el.Attr("", "nodeset")
	nodes, err := r.expression(nodeset, at)
	if err != nil {
		return nil, err
	}
	set := &Itemset{Nodes: nodes}
	value := el.Child("value")
	if value == nil {
		return nil, invalid(at, "%s 的选项没有写明取值（value）", at)
	}
	ref, _ := value.Attr("", "ref")
	if set.Value, err = r.expression(ref, at); err != nil {
		return nil, err
	}
	if label := el.Child("label"); label != nil {
		set.Label, err = r.readText(label, at)
	}
	return set, err
}
