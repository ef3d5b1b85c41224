package report

import (
	"regexp"
	"slices"
	"strings"

	"zoucun/form/words"
	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Form is what tables need to know of a form: its questions in order, in the words people read.
type Form struct {
	ID        survey.FormID
	Version   string
	Title     string
	Questions []Question
}

// Question is one field of a form.
type Question struct {
	Field   survey.FieldPath // without the keys of repeat instances
	Repeat  survey.FieldPath // the innermost repeat around it, without keys; empty for none
	Group   string           // the label of the group around it
	Label   string           // empty for a field nobody is asked, such as a calculation
	Choice  bool             // the value is a choice, or with Many several separated by spaces
	Many    bool
	Choices map[string]string // labels by value; of choices drawn from a register none
	Order   []string          // the values of Choices as the form lists them
	Saved   Property          // the property of a register that the answer is saved to; zero for none
}

// Property is a field of the records of a register.
type Property struct {
	Of    survey.RecordType
	Field survey.FieldPath
}

// FormOf reads the questions off a form's definition.
func FormOf(definition *xform.Form) Form {
	o := outline{definition: definition, form: Form{ID: definition.ID, Version: definition.Version, Title: definition.Title}}
	o.walk(definition.Root, "", "")
	return o.form
}

// outline collects questions on the way down a definition.
type outline struct {
	definition *xform.Form
	form       Form
}

func (o *outline) walk(n *xform.Node, repeat survey.FieldPath, group string) {
	if n.Control != nil && !n.Leaf() {
		if label := o.plain(n.Control.Label); label != "" {
			group = label
		}
	}
	if n.Repeat != nil {
		repeat = n.Field()
		if label := o.plain(n.Repeat.Label); label != "" {
			group = label
		}
	}
	if n.Leaf() && n.Parent != nil && !readAloud(n) {
		o.form.Questions = append(o.form.Questions, o.question(n, repeat, group))
	}
	for _, child := range n.Children {
		o.walk(child, repeat, group)
	}
}

// readAloud reports whether a node only carries a note's text, or a box to be sealed, and never a value.
func readAloud(n *xform.Node) bool {
	return n.Sealed() || n.Control != nil && n.Bind.ReadOnly != nil && n.Bind.Calculate == nil && n.Default == "" && len(n.Changed) == 0
}

func (o *outline) question(n *xform.Node, repeat survey.FieldPath, group string) Question {
	q := Question{Field: n.Field(), Repeat: repeat, Group: group, Saved: o.savedTo(n)}
	if n.Control == nil {
		return q
	}
	q.Label = o.plain(n.Control.Label)
	q.Many = n.Control.Kind == xform.Select || n.Control.Kind == xform.Rank
	q.Choice = q.Many || n.Control.Kind == xform.Select1
	if q.Choice {
		q.Choices, q.Order = o.choices(n.Control)
	}
	return q
}

// savedTo returns the property that a node's value is saved to.
func (o *outline) savedTo(n *xform.Node) Property {
	for _, entity := range o.definition.Entities {
		if slices.Contains(entity.Saves, n) {
			return Property{survey.RecordType(entity.Dataset), survey.FieldPath(n.Bind.SaveTo)}
		}
	}
	return Property{}
}

// choices returns the labels of choices by value, and the values in order, where the form itself carries them.
func (o *outline) choices(control *xform.Control) (labels map[string]string, order []string) {
	labels = map[string]string{}
	for _, item := range control.Items {
		labels[item.Value] = o.plain(item.Label)
		order = append(order, item.Value)
	}
	if control.Itemset == nil {
		return labels, order
	}
	list := o.definition.Instances[listName(control.Itemset.Nodes)]
	if list == nil || list.Tree == nil || list.Tree.First() == nil {
		return labels, order
	}
	value := control.Itemset.Value.String()
	for _, item := range list.Tree.First().Elements() {
		if key := item.Child(value); key != nil {
			labels[key.Value()] = o.itemLabel(item)
			order = append(order, key.Value())
		}
	}
	return labels, order
}

// itemLabel returns the label of an item of an inline list: written in it, or a translation it names.
func (o *outline) itemLabel(item *xpath.Tree) string {
	if label := item.Child("label"); label != nil {
		return strings.TrimSpace(label.Value())
	}
	if id := item.Child("itextId"); id != nil {
		return o.plain(o.definition.Itext(o.definition.DefaultLanguage, id.Value(), ""))
	}
	return ""
}

var instanceName = regexp.MustCompile(`instance\(\s*['"]([^'"]+)['"]\s*\)`)

// listName returns the list that the nodes of an itemset are drawn from, or an empty string.
func listName(nodes *xpath.Expr) string {
	if found := instanceName.FindStringSubmatch(nodes.String()); found != nil {
		return found[1]
	}
	return ""
}

// plain returns a text on one line as it reads before there is any answer.
func (o *outline) plain(text *xform.Text) string { return words.Plain(o.definition, text) }

// GroupLabel returns what the forms call a group of questions by its name, or the name where none of them has it.
func (d Data) GroupLabel(name string) string {
	for _, form := range d.Forms {
		for _, q := range form.Questions {
			if strings.Contains("/"+string(q.Field)+"/", "/"+name+"/") && q.Group != "" && !strings.HasSuffix(string(q.Field), "/"+name) {
				return q.Group
			}
		}
	}
	return name
}

// ChoiceLabel returns the words of a choice of a question by the question's name, or the choice where none has it.
func (d Data) ChoiceLabel(question, choice string) string {
	for _, form := range d.Forms {
		for _, q := range form.Questions {
			if label := q.Choices[choice]; label != "" && strings.HasSuffix("/"+string(q.Field), "/"+question) {
				return label
			}
		}
	}
	return choice
}
