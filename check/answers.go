package check

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoucun/survey"
)

// answer is a question's path and what was answered.
type answer struct {
	path  survey.FieldPath
	value string
}

// part is what was answered in one place: outside repeats, or in one instance of one.
type part struct {
	instance survey.FieldPath // empty outside repeats
	answers  map[string]answer
}

func (p part) value(name string) string { return p.answers[name].value }

// path returns where a question is; of one that was not answered, where it would be is not known.
func (p part) path(name string) survey.FieldPath { return p.answers[name].path }

// number returns a whole number that was answered.
func (p part) number(name string) (int, bool) {
	n, err := strconv.Atoi(p.value(name))
	return n, err == nil
}

func (p part) day(name string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, p.value(name))
	return t, err == nil
}

// answers are the answers of a visit, by the last part of their path.
type answers struct {
	part

	parts []part // of repeats, in the order of their paths
}

func answersOf(fields survey.Fields) answers {
	all := answers{part: part{answers: map[string]answer{}}}
	inner := map[survey.FieldPath]part{}
	for _, path := range slices.Sorted(maps.Keys(fields)) { // of two questions of one name the first counts
		value := fields[path]
		if !path.OfForm() || value == "" {
			continue
		}
		instance, name := place(path)
		to := all.part
		if instance != "" {
			if inner[instance].answers == nil {
				inner[instance] = part{instance, map[string]answer{}}
			}
			to = inner[instance]
		}
		if _, known := to.answers[name]; !known {
			to.answers[name] = answer{path, value}
		}
	}
	all.parts = slices.SortedFunc(maps.Values(inner), func(a, b part) int { return cmp.Compare(a.instance, b.instance) })
	return all
}

// place cuts a path into the innermost instance it lies in and its last part.
func place(path survey.FieldPath) (instance survey.FieldPath, name string) {
	text := string(path)
	return path[:strings.LastIndexByte(text, ']')+1], text[strings.LastIndexByte(text, '/')+1:]
}

// question is a path without the keys of instances: the same question in every filling.
func question(path survey.FieldPath) survey.FieldPath {
	var b strings.Builder
	rest := string(path)
	for {
		before, after, found := strings.Cut(rest, "[")
		b.WriteString(before)
		if !found {
			return survey.FieldPath(b.String())
		}
		_, rest, _ = strings.Cut(after, "]")
	}
}
