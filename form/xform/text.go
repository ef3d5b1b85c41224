package xform

import (
	"slices"
	"strings"

	"zoucun/form/xpath"
)

// Text is a label, hint or message. It is made of parts, or it names a translation.
type Text struct {
	Parts []Part
	ID    *xpath.Expr // evaluates to the id of a translation; nil when Parts say it all
}

// Part is a literal piece of text or an expression whose value stands in its place.
type Part struct {
	Literal string
	Output  *xpath.Expr
}

// Expression returns the one expression a text consists of, or nil.
func (t *Text) Expression() *xpath.Expr {
	switch {
	case t == nil:
		return nil
	case t.ID != nil:
		return t.ID
	case len(t.Parts) == 1:
		return t.Parts[0].Output
	}
	return nil
}

// Expressions returns the expressions the text depends on in any language.
func (f *Form) Expressions(t *Text) []*xpath.Expr {
	if t == nil {
		return nil
	}
	found := outputs(t)
	if t.ID == nil {
		return found
	}
	id, ok := literalID(t)
	if !ok {
		return append(found, t.ID)
	}
	for _, language := range f.Languages {
		for _, text := range f.texts[language][id] {
			found = append(found, outputs(text)...)
		}
	}
	return found
}

func outputs(t *Text) []*xpath.Expr {
	var found []*xpath.Expr
	for _, p := range t.Parts {
		if p.Output != nil {
			found = append(found, p.Output)
		}
	}
	return found
}

// literalID returns the id of a text that is jr:itext('id').
func literalID(t *Text) (string, bool) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(t.ID.String()), "jr:itext(")
	inner, closed := strings.CutSuffix(inner, ")")
	inner = strings.TrimSpace(inner)
	if !ok || !closed || len(inner) < 2 || inner[0] != inner[len(inner)-1] || inner[0] != '\'' && inner[0] != '"' {
		return "", false
	}
	return inner[1 : len(inner)-1], true
}

// Itext returns the translation of an id in a language and form ("" for plain, "guidance", "image", "audio"…), or nil.
// A language without the id falls back on the default language.
func (f *Form) Itext(language, id, form string) *Text {
	for _, l := range []string{language, f.DefaultLanguage} {
		forms := f.texts[l][id]
		if text := forms[form]; text != nil {
			return text
		}
		if form == "" && forms["long"] != nil {
			return forms["long"]
		}
		if form == "" && forms["short"] != nil {
			return forms["short"]
		}
		if form == "" && forms != nil {
			return &Text{} // an image or a guidance alone
		}
	}
	return nil
}

// readText reads the mixed content of a label, hint, message or translation.
func (r *reader) readText(el *xpath.Tree, at string) (*Text, error) {
	if ref, ok := el.Attr("", "ref"); ok {
		e, err := r.expression(ref, at)
		if err != nil {
			return nil, err
		}
		if slices.Contains(e.Functions(), "jr:itext") {
			return &Text{ID: e}, nil
		}
		return &Text{Parts: []Part{{Output: e}}}, nil
	}
	t := &Text{}
	if err := r.parts(el, at, t); err != nil {
		return nil, err
	}
	trimEnds(t)
	return t, nil
}

func (r *reader) parts(el *xpath.Tree, at string, t *Text) error {
	for _, c := range el.Children() {
		switch c.Kind() {
		case xpath.Text:
			t.Parts = append(t.Parts, Part{Literal: c.Value()})
		case xpath.Element:
			if err := r.elementPart(c, at, t); err != nil {
				return err
			}
		case xpath.Document, xpath.Attribute, xpath.Comment, xpath.Instruction, xpath.Namespace:
		}
	}
	return nil
}

func (r *reader) elementPart(c xpath.Node, at string, t *Text) error {
	el, ok := c.(*xpath.Tree)
	if !ok {
		return nil
	}
	if el.Name().Local != "output" {
		return r.parts(el, at, t)
	}
	source, ok := el.Attr("", "value")
	if !ok {
		source, _ = el.Attr("", "ref")
	}
	e, err := r.expression(source, at)
	if err != nil {
		return err
	}
	t.Parts = append(t.Parts, Part{Output: e})
	return nil
}

// trimEnds drops the white space by which the XML was laid out.
func trimEnds(t *Text) {
	if n := len(t.Parts); n > 0 {
		t.Parts[0].Literal = strings.TrimLeft(t.Parts[0].Literal, " \t\r\n")
		t.Parts[n-1].Literal = strings.TrimRight(t.Parts[n-1].Literal, " \t\r\n")
	}
}

// readItext reads all translations.
func (r *reader) readItext(model *xpath.Tree) error {
	itext := model.Child("itext")
	if itext == nil {
		return nil
	}
	for _, translation := range itext.Elements() {
		lang, _ := translation.Attr("", "lang")
		r.form.Languages = append(r.form.Languages, lang)
		if _, ok := translation.Attr("", "default"); ok {
			r.form.DefaultLanguage = lang
		}
		texts := map[string]map[string]*Text{}
		for _, el := range translation.Elements() {
			id, _ := el.Attr("", "id")
			forms, err := r.readForms(el, id)
			if err != nil {
				return err
			}
			texts[id] = forms
		}
		r.form.texts[lang] = texts
	}
	if r.form.DefaultLanguage == "" && len(r.form.Languages) > 0 {
		r.form.DefaultLanguage = r.form.Languages[0]
	}
	return nil
}

func (r *reader) readForms(el *xpath.Tree, id string) (map[string]*Text, error) {
	forms := map[string]*Text{}
	for _, value := range el.Elements() {
		form, _ := value.Attr("", "form")
		text, err := r.readText(value, "itext "+id)
		if err != nil {
			return nil, err
		}
		forms[form] = text
	}
	return forms, nil
}
