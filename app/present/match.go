package present

import (
	"strings"

	"zoucun/form"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Finder narrows the choices of one question to what fits a text: part of a label, its pinyin, their initials, or
// any column of the register they come from.
type Finder struct {
	choices []form.Choice
	book    *spell.Book
	labels  [][]spell.Glyph
	keys    []string
}

// finderLimit is how many choices a list offers at a time; typing finds the rest.
const finderLimit = 300

// Finder returns a finder over a question's choices as they are now.
func (v *Visit) Finder(question survey.FieldPath) *Finder {
	return newFinder(v.session.Choices(question, "", 0), v.desk.Forms.Readings()...)
}

func newFinder(choices []form.Choice, learned ...spell.Reading) *Finder {
	f := &Finder{
		choices: choices, book: spell.NewBook(learned...),
		labels: make([][]spell.Glyph, len(choices)), keys: make([]string, len(choices)),
	}
	for i, c := range choices {
		f.labels[i], f.keys[i] = f.book.Spell(nil, spell.Fold(c.Label)), searchKey(c)
	}
	return f
}

// searchKey is everything a choice can be found by as it is written, a line each.
func searchKey(c form.Choice) string {
	parts := []string{spell.Fold(c.Label)}
	for column, value := range c.Row {
		if _, err := survey.ParseID[survey.RecordID](value); err != nil && column != "name" {
			parts = append(parts, spell.Fold(value))
		}
	}
	return strings.Join(parts, "\n")
}

// Find returns the choices that fit a text, in the form's order; all for an empty one.
func (f *Finder) Find(text string) []form.Choice {
	text = spell.Fold(text)
	if text == "" {
		return f.choices[:min(len(f.choices), finderLimit)]
	}
	name := f.book.Compile(text)
	var found []form.Choice
	for i, c := range f.choices {
		if name.Find(f.labels[i]) >= 0 || strings.Contains(f.keys[i], text) {
			found = append(found, c)
		}
		if len(found) == finderLimit {
			break
		}
	}
	return found
}
