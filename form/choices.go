package form

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
	"zoucun/survey"
)

// Choice is one answer offered.
type Choice struct {
	Name  string
	Label string
	Media map[string]string // files that go with the label, by "image", "audio" or "video"; nil for none
	Row   map[string]string // the other columns of the list it is drawn from; nil for a choice written in the question
}

// Choices returns up to limit choices of a question whose name or label contains the search text; a limit of 0 means
// all. Choices drawn from an external register are offered only here, never in [Question].Choices.
func (s *Session) Choices(path survey.FieldPath, search string, limit int) []Choice {
	n := s.root.find(path)
	if n == nil || n.def.Control == nil {
		return nil
	}
	defer s.forget()
	return s.choices(n, strings.ToLower(strings.TrimSpace(search)), limit)
}

func (s *Session) choices(n *node, search string, limit int) []Choice {
	var found []Choice
	s.eachChoice(n, func(c Choice, item xpath.Node) bool {
		if strings.Contains(strings.ToLower(c.Label), search) || strings.Contains(strings.ToLower(c.Name), search) {
			c.Row = rowOf(item)
			found = append(found, c)
		}
		return limit <= 0 || len(found) < limit
	})
	return found
}

// Choice returns the choice of a question with a name, as when a screen shows what was chosen before.
func (s *Session) Choice(path survey.FieldPath, name string) (Choice, bool) {
	n := s.root.find(path)
	if n == nil || n.def.Control == nil {
		return Choice{}, false
	}
	defer s.forget()
	return s.choice(n, name)
}

func (s *Session) choice(n *node, name string) (Choice, bool) {
	var found Choice
	ok := false
	s.eachChoice(n, func(c Choice, item xpath.Node) bool {
		if c.Name == name {
			c.Row = rowOf(item)
			found, ok = c, true
		}
		return !ok
	})
	return found, ok
}

// eachChoice visits the choices of a question in order until yield returns false.
func (s *Session) eachChoice(n *node, yield func(Choice, xpath.Node) bool) {
	c := n.def.Control
	for _, item := range c.Items {
		if !yield(Choice{Name: item.Value, Label: s.text(item.Label, n), Media: s.media(item.Label, n)}, nil) {
			return
		}
	}
	if c.Itemset == nil {
		return
	}
	ctx := s.context(n)
	for _, item := range s.items(n) {
		ctx.Node = item
		if !yield(s.itemChoice(c.Itemset, ctx, n), item) {
			return
		}
	}
}

// items returns the nodes that are offered as choices of a question. They stay the same until something the itemset reads
// changes.
func (s *Session) items(n *node) []xpath.Node {
	if known, ok := s.offered[n]; ok {
		return known
	}
	result, ok := s.eval(n.def.Control.Itemset.Nodes, n)
	if !ok {
		return nil
	}
	nodes, _ := result.Nodes()
	if s.run.watching && s.plan.watches(n.def) {
		s.offered[n] = nodes
	}
	return nodes
}

// itemChoice reads a choice off the item that ctx stands at.
func (s *Session) itemChoice(set *xform.Itemset, ctx *xpath.Context, n *node) Choice {
	c := Choice{Name: s.itemText(set.Value, ctx, n)}
	if set.Label != nil && set.Label.ID != nil {
		at := *ctx
		at.Itext = func(id string) string {
			c.Media = s.mediaOf(id, n)
			return s.itext(id, "", n)
		}
		ctx = &at
	}
	c.Label = cmp.Or(s.itemText(set.Label.Expression(), ctx, n), c.Name)
	return c
}

func (s *Session) itemText(e *xpath.Expr, ctx *xpath.Context, n *node) string {
	if e == nil {
		return ""
	}
	result, err := e.Eval(ctx)
	if err != nil {
		s.fault(n, err)
		return ""
	}
	return result.Text()
}

// rowOf returns the columns of an item.
func rowOf(item xpath.Node) map[string]string {
	if item == nil {
		return nil
	}
	row := map[string]string{}
	for _, c := range item.Children() {
		if c.Kind() == xpath.Element {
			row[c.Name().Local] = c.Value()
		}
	}
	return row
}

// external reports whether a question's choices come from a register outside the form, which may be large.
func (s *Session) external(c *xform.Control) bool {
	if c == nil || c.Itemset == nil {
		return false
	}
	for _, ref := range c.Itemset.Nodes.References() {
		if def := s.form.Instances[ref.Instance]; def != nil && def.Tree == nil {
			return true
		}
	}
	return false
}

// choiceName returns the label of a choice of the question that a path, as an expression belonging to n writes it,
// leads to.
func (s *Session) choiceName(n *node, value, path string) string {
	e := s.paths[path]
	if e == nil {
		parsed, err := xpath.Parse(path)
		if err != nil {
			s.fault(n, err)
			return ""
		}
		e = parsed
		s.paths[path] = e
	}
	result, ok := s.eval(e, n)
	if !ok {
		return ""
	}
	nodes, _ := result.Nodes()
	if len(nodes) == 0 && !s.leadsAnywhere(e, n) {
		s.fault(n, fmt.Errorf("jr:choice-name() 指向的“%s”不存在", strings.TrimSpace(path)))
	}
	for _, found := range nodes {
		if question := asNode(found); question != nil && question.def.Control != nil {
			c, _ := s.choice(question, value)
			return c.Label
		}
	}
	return ""
}

// leadsAnywhere reports whether a path that belongs to n names something the form has.
func (s *Session) leadsAnywhere(e *xpath.Expr, n *node) bool {
	return slices.ContainsFunc(e.References(), func(ref xpath.Reference) bool {
		return len(follow(s.form, n.def, ref)) > 0
	})
}

// forget drops a failure met while only looking; the next change that needs the expression reports it.
func (s *Session) forget() { s.run.err, s.run.steps = nil, maxSteps }
