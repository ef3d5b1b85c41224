package words

import (
	"regexp"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

var itextName = regexp.MustCompile(`^\s*jr:itext\(\s*['"]([^'"]+)['"]\s*\)\s*$`)

// Plain returns a text of the form on one line, as it reads before there is any answer; … stands where one would.
func Plain(f *xform.Form, text *xform.Text) string {
	if text == nil {
		return ""
	}
	if text.ID != nil {
		found := itextName.FindStringSubmatch(text.ID.String())
		if found == nil {
			return ""
		}
		if text = f.Itext(f.DefaultLanguage, found[1], ""); text == nil {
			return ""
		}
	}
	var b strings.Builder
	for _, part := range text.Parts {
		b.WriteString(part.Literal)
		if part.Output != nil {
			b.WriteString("…")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Label returns what a person calls a node: its label, that of its repeat, or its name.
func Label(f *xform.Form, n *xform.Node) string {
	if label := Title(f, n); label != "" {
		return label
	}
	return n.Name.Local
}

// Title returns a node's label, or nothing when the form gives it none.
func Title(f *xform.Form, n *xform.Node) string {
	for _, control := range []*xform.Control{n.Control, n.Repeat} {
		if control == nil {
			continue
		}
		if label := Plain(f, control.Label); label != "" {
			return label
		}
	}
	return ""
}

// Choice is one answer a form offers.
type Choice struct{ Name, Label string }

// Choices returns the choices of a question as far as the form itself carries them, in order.
func Choices(f *xform.Form, c *xform.Control) []Choice {
	if c == nil {
		return nil
	}
	var found []Choice
	for _, item := range c.Items {
		found = append(found, Choice{item.Value, Plain(f, item.Label)})
	}
	if c.Itemset == nil {
		return found
	}
	list := f.Instances[ListOf(c)]
	if list == nil || list.Tree == nil || list.Tree.First() == nil {
		return found
	}
	value := c.Itemset.Value.String()
	for _, item := range list.Tree.First().Elements() {
		if name := item.Child(value); name != nil {
			found = append(found, Choice{name.Value(), itemLabel(f, item)})
		}
	}
	return found
}

// itemLabel returns the label of an item of an inline list: written in it, or a translation it names.
func itemLabel(f *xform.Form, item *xpath.Tree) string {
	if label := item.Child("label"); label != nil {
		return strings.TrimSpace(label.Value())
	}
	if id := item.Child("itextId"); id != nil {
		return Plain(f, f.Itext(f.DefaultLanguage, id.Value(), ""))
	}
	return ""
}

var instanceName = regexp.MustCompile(`instance\(\s*['"]([^'"]+)['"]\s*\)`)

// ListOf returns the list a question's choices are drawn from, or nothing when they are written in the question.
func ListOf(c *xform.Control) string {
	if c == nil || c.Itemset == nil {
		return ""
	}
	if found := instanceName.FindStringSubmatch(c.Itemset.Nodes.String()); found != nil {
		return found[1]
	}
	return ""
}

// choiceLabel returns the label of a choice in quotation marks, or its name.
func choiceLabel(f *xform.Form, n *xform.Node, name string) string {
	if n != nil {
		for _, c := range Choices(f, n.Control) {
			if c.Name == name && c.Label != "" {
				return quoted(c.Label)
			}
		}
	}
	return quoted(name)
}

func quoted(text string) string { return "“" + text + "”" }
