package sheet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"zoucun/survey"
)

// maxMembers is how many adults a household names besides its head.
const maxMembers = 30

// nameStops stand between names in one cell.
const nameStops = "、，,;；/\n\r"

// errNoNames is why a number is not taken for members.
var errNoNames = errors.New("要写成员的姓名，不写人数")

// ParseMembers reads the names of a household's members from one raw cell.
func ParseMembers(cell string) (string, error) {
	if absent[Clean(cell)] {
		return "", nil
	}
	var names []string
	for _, name := range splitNames(cell) {
		if err := CheckName(name); err != nil {
			return "", err
		}
		if strings.ContainsAny(HalfWidth(name), "0123456789") {
			return "", errNoNames
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > maxMembers {
		return "", fmt.Errorf("成员太多，最多 %d 人；孩子的姓名不用写", maxMembers)
	}
	return strings.Join(names, survey.MemberStop), nil
}

// splitNames parts a cell at its stops, or where it has none at its spaces. A space that only sets two characters of a
// name apart, as in 张　三, parts nothing.
func splitNames(cell string) []string {
	parts := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(nameStops, r) })
	if len(parts) == 1 {
		parts = joinSingles(strings.Fields(parts[0]))
	}
	var names []string
	for _, part := range parts {
		if name := Clean(part); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// joinSingles joins characters that stand alone, two by two: nobody's name is one character.
func joinSingles(words []string) []string {
	var joined []string
	open := false // the last word is a character that waits for another
	for _, word := range words {
		single := utf8.RuneCountInString(word) == 1
		if single && open {
			joined[len(joined)-1] += word
			open = false
			continue
		}
		joined = append(joined, word)
		open = single
	}
	return joined
}

// WithoutHead leaves the head's own name out of the names of members.
func WithoutHead(members, head string) string {
	if members == "" {
		return ""
	}
	names := slices.DeleteFunc(strings.Split(members, survey.MemberStop), func(name string) bool { return name == head })
	return strings.Join(names, survey.MemberStop)
}

// MaskNames is MaskName for each of several names.
func MaskNames(cell string) string {
	names := splitNames(cell)
	for i, name := range names {
		names[i] = MaskName(name)
	}
	return strings.Join(names[:min(len(names), 3)], survey.MemberStop)
}
