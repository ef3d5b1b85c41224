package xlsform

import (
	"slices"
	"strings"
)

// itext is the form's translations: for each text the values it has in each language.
type itext struct {
	languages []string
	ids       []string
	byID      map[string]*entry
}

// entry is one text. forms are "" for what is read, "guidance" for more help, and the kinds of media.
type entry struct {
	forms  []string
	owner  *element // whose ${references} it holds; nil for choices
	values map[string]map[string]spoken
}

// spoken is a text, where the author wrote it, and what is written into the form.
type spoken struct {
	text  string
	where at
	nodes []*node
}

// add notes a text in the languages it has.
func (t *itext) add(id, form string, owner *element, said []cell, where at) {
	one := t.byID[id]
	if one == nil {
		one = &entry{owner: owner, values: map[string]map[string]spoken{}}
		t.byID[id] = one
		t.ids = append(t.ids, id)
	}
	if !slices.Contains(one.forms, form) {
		one.forms = append(one.forms, form)
	}
	for _, said := range said {
		if !slices.Contains(t.languages, said.key) {
			t.languages = append(t.languages, said.key)
		}
		if one.values[said.key] == nil {
			one.values[said.key] = map[string]spoken{}
		}
		one.values[said.key][form] = spoken{text: said.value, where: where}
	}
}

// collectTranslations notes every text that has translations, media or references in a place that allows none.
func (c *compiler) collectTranslations() {
	for _, name := range c.order {
		if l := c.lists[name]; l.itext() {
			c.collectChoices(l)
		}
	}
	for e := range c.root.all {
		c.collectElement(e)
	}
	c.resolveTranslations()
}

func (c *compiler) collectChoices(l *list) {
	language := c.settings.language
	for i, one := range l.choices {
		if !one.label.empty() {
			c.translations.add(l.itextID(i), "", nil, one.label.in(language), one.record.at("label"))
		}
		for _, m := range one.media {
			c.translations.add(l.itextID(i), m.form, nil, m.text.in(language), one.record.at("media::"+m.form))
		}
	}
}

func (c *compiler) collectElement(e *element) {
	language := c.settings.language
	for _, m := range e.messages {
		if m.text.translated() || hasReference(m.text.plain) {
			c.translations.add(e.path()+":"+m.name, "", e, m.text.in(language), e.record.at("bind::"+m.name))
		}
	}
	if e.labelled() && !e.label.empty() {
		c.translations.add(e.path()+":label", "", e, e.label.in(language), e.record.at("label"))
	}
	for _, m := range e.media {
		c.translations.add(e.path()+":label", m.form, e, m.text.in(language), e.record.at("media::"+m.form))
	}
	if e.hinted() && !e.hint.empty() {
		c.translations.add(e.path()+":hint", "", e, e.hint.in(language), e.record.at("hint"))
	}
	if !e.guidance.empty() {
		c.translations.add(e.path()+":hint", "guidance", e, e.guidance.in(language), e.record.at("guidance_hint"))
	}
}

// labelled reports whether the label is a reference into the translations.
func (e *element) labelled() bool { return e.label.translated() || len(e.media) > 0 }

// hinted reports whether the hint is a reference into the translations.
func (e *element) hinted() bool { return e.hint.translated() || !e.guidance.empty() }

// resolveTranslations writes the paths of every text's references before the first text is written.
func (c *compiler) resolveTranslations() {
	for _, id := range c.translations.ids {
		one := c.translations.byID[id]
		for _, language := range c.translations.languages {
			for form, said := range one.values[language] {
				said.nodes = c.speech(one.owner, said.text, said.where)
				one.values[language][form] = said
			}
		}
	}
}

// node writes the translations, every text in every language: what is missing is a dash, so that no reader shows an
// identifier. It is nil when the form has none.
func (t *itext) node(defaultLanguage string) *node {
	if len(t.ids) == 0 {
		return nil
	}
	top := el("itext")
	for _, language := range t.languages {
		translation := el("translation").with("lang", language)
		if language == defaultLanguage {
			translation.with("default", "true()")
		}
		for _, id := range t.ids {
			translation.add(t.byID[id].node(id, language))
		}
		top.add(translation)
	}
	return top
}

func (one *entry) node(id, language string) *node {
	n := el("text").with("id", id)
	for _, form := range one.forms {
		said, ok := one.values[language][form]
		switch {
		case ok:
			n.add(value(form, said.nodes))
		case form == "":
			n.add(el("value", txt("-")))
		case form == "guidance":
			n.add(el("value", txt("-")).with("form", form))
		}
	}
	return n
}

// mediaPrefix is where readers look for a label's files.
func mediaPrefix(form string) string {
	if form == "image" || form == "big-image" {
		return "jr://images/"
	}
	return "jr://" + form + "/"
}

func value(form string, said []*node) *node {
	n := el("value")
	if form != "" {
		n.with("form", form)
	}
	if form != "" && form != "guidance" {
		n.add(txt(mediaPrefix(form)))
	}
	return n.add(said...)
}

// translated reports whether any text of the form has a language.
func (c *compiler) translated() bool {
	inSheet := func(t *table, paths ...string) bool {
		return t != nil && slices.ContainsFunc(t.columns, func(col column) bool {
			return slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(col.path, p+"::") })
		})
	}
	choices := slices.ContainsFunc(c.order, func(name string) bool {
		return inSheet(c.lists[name].choices[0].record.table, "label")
	})
	return choices || inSheet(c.survey, "label", "hint")
}
