package xform

import (
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xpath"
	"zoucun/survey"
)

func (r *reader) readBinds(model *xpath.Tree) error {
	for _, el := range model.Elements() {
		if el.Name().Local != "bind" {
			continue
		}
		nodeset, _ := el.Attr("", "nodeset")
		n := r.find(nodeset, r.form.Root)
		if n == nil {
			r.form.Warnings = append(r.form.Warnings, fmt.Sprintf("bind 指向的“%s”不存在", nodeset))
			continue
		}
		if err := r.readBind(el, n); err != nil {
			return err
		}
		n.Default = n.Bind.Admit(n.Default)
	}
	return nil
}

func (r *reader) readBind(el *xpath.Tree, n *Node) error {
	b := &n.Bind
	for _, a := range el.Attributes() {
		if err := r.bindAttribute(b, a.Name(), a.Value(), n.Path()); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) bindAttribute(b *Bind, name xpath.Name, value, at string) error {
	switch name.Space {
	case "":
		return r.plainAttribute(b, name.Local, value, at)
	case nsJavaRosa:
		return r.javaRosaAttribute(b, name.Local, value, at)
	case nsEntities:
		if name.Local == "saveto" {
			b.SaveTo = value
		}
	}
	b.keep(name, value)
	if attributeName(name) != "zoucun:merge" {
		return nil
	}
	how, known := survey.JoiningOf(value)
	if !known {
		return invalid(at, "%s 的 zoucun:merge 写的是“%s”，只能写 set、names 或 greatest", at, value)
	}
	b.Joins = how
	return nil
}

func (b *Bind) keep(name xpath.Name, value string) {
	if b.Other == nil {
		b.Other = map[string]string{}
	}
	b.Other[attributeName(name)] = value
}

func attributeName(name xpath.Name) string {
	if name.Prefix == "" {
		return name.Local
	}
	return name.Prefix + ":" + name.Local
}

func (r *reader) plainAttribute(b *Bind, local, value, at string) error {
	switch local {
	case "nodeset":
		return nil
	case "type":
		b.Type = localName(value)
		return nil
	}
	slot := map[string]**xpath.Expr{
		"relevant": &b.Relevant, "required": &b.Required, "constraint": &b.Constraint,
		"calculate": &b.Calculate, "readonly": &b.ReadOnly,
	}[local]
	if slot == nil {
		b.keep(xpath.Name{Local: local}, value)
		return nil
	}
	if strings.TrimSpace(value) == "" {
		return nil
	}
	e, err := r.expression(value, at)
	*slot = e
	return err
}

func (r *reader) javaRosaAttribute(b *Bind, local, value, at string) error {
	switch local {
	case "preload":
		b.Preload = value
	case "preloadParams":
		b.PreloadParams = value
	case "requiredMsg", "constraintMsg":
		text, err := r.message(value, at)
		if err != nil {
			return err
		}
		if local == "requiredMsg" {
			b.RequiredMsg = text
		} else {
			b.ConstraintMsg = text
		}
	default:
		b.keep(xpath.Name{Prefix: "jr", Local: local}, value)
	}
	return nil
}

// message reads a message attribute: jr:itext('id'), or the text itself.
func (r *reader) message(value, at string) (*Text, error) {
	if !strings.HasPrefix(strings.TrimSpace(value), "jr:itext(") {
		return &Text{Parts: []Part{{Literal: value}}}, nil
	}
	e, err := r.expression(value, at)
	return &Text{ID: e}, err
}

// readActions reads the setvalue and setgeopoint elements directly below el. Within a control they answer to its node.
func (r *reader) readActions(el *xpath.Tree, trigger *Node) error {
	for _, c := range el.Elements() {
		local := c.Name().Local
		if local != "setvalue" && (local != "setgeopoint" || c.Name().Space != nsODK) {
			continue
		}
		a, err := r.readAction(c, trigger)
		if err != nil {
			return err
		}
		if a.On(ValueChanged) && trigger != nil {
			trigger.Changed = append(trigger.Changed, a)
		}
		r.form.Actions = append(r.form.Actions, a)
	}
	return nil
}

func (r *reader) readAction(el *xpath.Tree, trigger *Node) (*Action, error) {
	a := &Action{Trigger: trigger, Location: el.Name().Local == "setgeopoint", Literal: strings.TrimSpace(el.Value())}
	ref, _ := el.Attr("", "ref")
	if a.Target = r.find(ref, cmpOr(trigger, r.form.Root)); a.Target == nil {
		return nil, invalid(ref, "setvalue 指向的“%s”不存在", ref)
	}
	if strings.Contains(ref, "[") {
		var err error
		if a.Where, err = r.expression(ref, a.Target.Path()); err != nil {
			return nil, err
		}
	}
	event, _ := el.Attr("", "event")
	for name := range strings.FieldsSeq(event) {
		e := Event(name)
		if !slices.Contains([]Event{FirstLoad, Load, NewRepeat, ValueChanged}, e) {
			return nil, invalid(ref, "%s 处的 setvalue 用了不认识的事件“%s”", a.Target.Path(), name)
		}
		a.Events = append(a.Events, e)
	}
	if value, ok := el.Attr("", "value"); ok && strings.TrimSpace(value) != "" {
		e, err := r.expression(value, a.Target.Path())
		if err != nil {
			return nil, err
		}
		a.Value = e
	}
	return a, nil
}

func cmpOr(n, otherwise *Node) *Node {
	if n == nil {
		return otherwise
	}
	return n
}

// readEntities finds the entity declarations and which fields are saved to each: the entity of the nearest group,
// repeat or root around the field.
func (r *reader) readEntities() error {
	for _, n := range r.form.Nodes {
		if !isEntity(n) {
			continue
		}
		dataset := n.Attr("dataset")
		if dataset == nil {
			return invalid(n.Path(), "%s 没有写明名单（dataset）", n.Path())
		}
		r.form.Entities = append(r.form.Entities, &Entity{Dataset: dataset.Default, Node: n, Scope: n.Parent.Parent})
	}
	for _, n := range r.form.Nodes {
		if n.Bind.SaveTo == "" {
			continue
		}
		e := r.entityOf(n)
		if e == nil {
			return invalid(n.Path(), "%s 要存到“%s”，但没有对应的名单", n.Path(), n.Bind.SaveTo)
		}
		e.Saves = append(e.Saves, n)
	}
	return nil
}

// isEntity recognises <meta><entity dataset="…">. The prefix is left out by common form compilers.
func isEntity(n *Node) bool {
	return n.Name.Local == "entity" && !n.Attribute && n.Parent != nil && n.Parent.Name.Local == "meta" && n.Parent.Parent != nil
}

func (r *reader) entityOf(n *Node) *Entity {
	var nearest *Entity
	for _, e := range r.form.Entities {
		if n.Below(e.Scope) && (nearest == nil || e.Scope.Below(nearest.Scope)) {
			nearest = e
		}
	}
	return nearest
}
