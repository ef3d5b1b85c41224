package form

import (
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// text writes out a label, hint or message that belongs to n.
func (s *Session) text(t *xform.Text, n *node) string { return s.textForm(t, "", n) }

// textForm writes out one form of a text: "" for the plain one, "guidance", "image" and so on.
func (s *Session) textForm(t *xform.Text, form string, n *node) string {
	switch {
	case t == nil:
		return ""
	case t.ID != nil:
		return s.itext(s.idOf(t, n), form, n)
	case form != "":
		return ""
	}
	return s.parts(t, n)
}

// idOf returns the id of the translation a text names: the argument of jr:itext(), evaluated.
func (s *Session) idOf(t *xform.Text, n *node) string {
	id := ""
	ctx := s.context(n)
	ctx.Itext = func(asked string) string {
		id = asked
		return ""
	}
	if _, err := t.ID.Eval(ctx); err != nil {
		s.fault(n, err)
	}
	return id
}

func (s *Session) itext(id, form string, n *node) string {
	t := s.form.Itext(s.language, id, form)
	if t == nil {
		if form == "" {
			return id
		}
		return ""
	}
	return s.parts(t, n)
}

func (s *Session) parts(t *xform.Text, n *node) string {
	var b strings.Builder
	for _, p := range t.Parts {
		b.WriteString(p.Literal)
		if p.Output != nil {
			b.WriteString(s.evalText(p.Output, n))
		}
	}
	return b.String()
}

// itemText writes out the label of a choice drawn from a list: the text's expression is relative to the item.
func (s *Session) itemText(t *xform.Text, item xpath.Node, n *node) string {
	if t == nil {
		return ""
	}
	ctx := s.context(n)
	ctx.Node = item
	e := t.ID
	if e == nil && len(t.Parts) > 0 {
		e = t.Parts[0].Output
	}
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
