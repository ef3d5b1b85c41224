package sheet

import (
	"encoding/hex"
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
func Stamp(value string) string { return string(appendStamp(nil, value)) }

func appendStamp(text []byte, value string) []byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(value)) // a hash never refuses
	var sum [4]byte
	return hex.AppendEncode(text, h.Sum(sum[:0]))
}

// FormatStamps writes down what a roster says of each field.
func FormatStamps(fields survey.Fields) string {
	var text []byte
	for i, path := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			text = append(text, ' ')
		}
		text = appendStamp(append(append(text, path...), '='), fields[path])
	}
	return string(text)
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
