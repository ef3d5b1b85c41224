package present

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"

	"zoucun/form"
	"zoucun/survey"
)

// Finder narrows the choices of one question to what fits a text: part of a label, its pinyin, their initials, or
// any column of the register they come from.
type Finder struct {
	choices []form.Choice
	keys    []string
}

// finderLimit is how many choices a list offers at a time; typing finds the rest.
const finderLimit = 300

// Finder returns a finder over a question's choices as they are now.
func (v *Visit) Finder(question survey.FieldPath) *Finder {
	return newFinder(v.session.Choices(question, "", 0))
}

func newFinder(choices []form.Choice) *Finder {
	f := &Finder{choices: choices, keys: make([]string, len(choices))}
	for i, c := range choices {
		f.keys[i] = searchKey(c)
	}
	return f
}

// searchKey is everything a choice can be found by, a line each.
func searchKey(c form.Choice) string {
	parts := []string{strings.ToLower(c.Label)}
	full, initials := spelled(c.Label)
	parts = append(parts, full, initials)
	for column, value := range c.Row {
		if _, err := survey.ParseID[survey.RecordID](value); err != nil && column != "name" {
			parts = append(parts, strings.ToLower(value))
		}
	}
	return strings.Join(parts, "\n")
}

// spelled returns the pinyin of a text without spaces, and its initials.
func spelled(text string) (full, initials string) {
	args := pinyin.NewArgs()
	var f, i strings.Builder
	for _, r := range text {
		if !unicode.Is(unicode.Han, r) {
			f.WriteRune(unicode.ToLower(r))
			i.WriteRune(unicode.ToLower(r))
			continue
		}
		if spellings := pinyin.SinglePinyin(r, args); len(spellings) > 0 {
			f.WriteString(spellings[0])
			i.WriteByte(spellings[0][0])
		}
	}
	return f.String(), i.String()
}

// Find returns the choices that fit a text, in the form's order; all for an empty one.
func (f *Finder) Find(text string) []form.Choice {
	text = strings.ToLower(strings.TrimSpace(text))
	var found []form.Choice
	for i, c := range f.choices {
		if strings.Contains(f.keys[i], text) {
			found = append(found, c)
		}
		if len(found) == finderLimit {
			break
		}
	}
	return found
}
