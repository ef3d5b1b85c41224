package sheet

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"zoucun/survey"
)

// Stamped is the field of a record that remembers what the roster said last, field by field, as short hashes. What is
// corrected by hand is not undone by a roster that still says the same.
const Stamped survey.FieldPath = "roster"

// Stamp is a short hash of a value.
func Stamp(value string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(value)) // a hash never refuses
	return fmt.Sprintf("%08x", h.Sum32())
}

// FormatStamps writes down what a roster says of each field.
func FormatStamps(fields survey.Fields) string {
	var words []string
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		words = append(words, string(path)+"="+Stamp(fields[path]))
	}
	return strings.Join(words, " ")
}

// ParseStamps reads what FormatStamps wrote.
func ParseStamps(text string) map[survey.FieldPath]string {
	stamps := map[survey.FieldPath]string{}
	for word := range strings.FieldsSeq(text) {
		if path, value, ok := strings.Cut(word, "="); ok {
			stamps[survey.FieldPath(path)] = value
		}
	}
	return stamps
}
