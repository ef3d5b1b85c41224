package xlsform

import (
	"slices"
	"strings"
)

// loop asks the same questions for each choice of a list: a group for each choice, made when the loop ends. Forms
// older than repeats have it.
type loop struct {
	list *list
	row  record
}

// beginLoop notes the list a loop goes over.
func (r *reader) beginLoop(e *element, row record, name string) {
	l := r.lists[name]
	if l == nil {
		r.found.add(UnknownList, row.at("type"), name)
		return
	}
	e.loop = &loop{list: l, row: row}
}

// unroll puts a group for each choice in place of the loop's questions.
func (r *reader) unroll(e *element) {
	body := e.children
	e.children = nil
	for i, one := range e.loop.list.choices {
		turn := e.add(&element{
			kind: group, name: one.name, record: one.record, typeName: "group", label: one.label, media: one.media,
		})
		for _, child := range body {
			copied := turn.add(child.copied())
			copied.name = withChoice(copied.name, one.name, one.label.plain)
			copied.label = copied.label.withChoice(one, r.settings.language)
		}
		if i > 0 {
			r.repeatedAgain(turn)
		}
	}
}

// repeatedAgain reports repeats in a loop: each turn would have one of the same name.
func (r *reader) repeatedAgain(turn *element) {
	for e := range turn.all {
		if e.kind == repeat {
			r.found.add(RepeatTwice, e.record.at("name"), e.name)
		}
	}
}

// copied returns the element and all below it, to stand in another place.
func (e *element) copied() *element {
	twin := *e
	twin.parent, twin.children = nil, nil
	twin.bind, twin.body = slices.Clone(e.bind), slices.Clone(e.body)
	twin.messages, twin.actions = slices.Clone(e.messages), slices.Clone(e.actions)
	for _, child := range e.children {
		twin.add(child.copied())
	}
	return &twin
}

// withChoice writes the choice's name and label where the text asks for them.
func withChoice(text, name, label string) string {
	return strings.NewReplacer("%(name)s", name, "%(label)s", label).Replace(text)
}

// withChoice writes the choice into each language of the text.
func (t text) withChoice(one choice, defaultLanguage string) text {
	in := func(language string) string {
		for _, said := range one.label.in(defaultLanguage) {
			if said.key == language {
				return said.value
			}
		}
		return one.label.plain
	}
	said := text{plain: withChoice(t.plain, one.name, in(defaultLanguage))}
	for _, l := range t.langs {
		said.langs = append(said.langs, cell{key: l.key, value: withChoice(l.value, one.name, in(l.key))})
	}
	return said
}
