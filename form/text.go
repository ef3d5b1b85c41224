package form

import (
	"strings"

	"zoucun/form/xform"
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
	return s.parts(t, n, asIs)
}

// textWith writes out a text in which output stands for the value of each expression.
func (s *Session) textWith(t *xform.Text, n *node, output func(string) string) string {
	if t.ID == nil {
		return s.parts(t, n, output)
	}
	id := s.idOf(t, n)
	if found := s.form.Itext(s.language, id, ""); found != nil {
		return s.parts(found, n, output)
	}
	return id
}

func asIs(value string) string { return value }

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
	return s.parts(t, n, asIs)
}

func (s *Session) parts(t *xform.Text, n *node, output func(string) string) string {
	var b strings.Builder
	for _, p := range t.Parts {
		b.WriteString(p.Literal)
		if p.Output != nil {
			b.WriteString(output(s.evalText(p.Output, n)))
		}
	}
	return b.String()
}
