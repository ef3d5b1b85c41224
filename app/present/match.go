package present

import (
	"strings"

	"zoucun/form"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Finder narrows the choices of one question to what fits a text: part of a label or of a member's name, its pinyin,
// their initials, or any column of the register they come from.
type Finder struct {
	choices []form.Choice
	book    *spell.Book
	names   [][]spell.Glyph
	keys    []string
}

// finderLimit is how many choices a list offers at a time; typing finds the rest.
const finderLimit = 300

// Finder returns a finder over a question's choices as they are now.
func (v *Visit) Finder(question survey.FieldPath) *Finder {
	return NewFinder(v.session.Choices(question, "", 0), v.desk.Forms.Readings()...)
}

// NewFinder returns a finder over choices. Learned readings are those of the township.
func NewFinder(choices []form.Choice, learned ...spell.Reading) *Finder {
	f := &Finder{
		choices: choices, book: spell.NewBook(learned...),
		names: make([][]spell.Glyph, len(choices)), keys: make([]string, len(choices)),
	}
	for i, c := range choices {
		f.names[i], f.keys[i] = spelled(f.book, c), searchKey(c)
	}
	return f
}

// spelled is a choice's label and, of a household, the names of its members.
func spelled(book *spell.Book, c form.Choice) []spell.Glyph {
	names := book.Spell(nil, spell.Fold(c.Label))
	for _, member := range (survey.Household{Members: c.Row[string(survey.HouseholdMembers)]}).MemberNames() {
		names = book.Spell(append(names, spell.Parting), spell.Fold(member))
	}
	return names
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
		if name.Find(f.names[i]) >= 0 || strings.Contains(f.keys[i], text) {
			found = append(found, c)
		}
		if len(found) == finderLimit {
			break
		}
	}
	return found
}
