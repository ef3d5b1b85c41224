package xpath

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// The value of an expression is a bool, a float64, a string, a Moment or []Node. The functions below convert between
// them as XPath 1.0 §4 says; a Moment counts as the days since 1970 where a number is wanted.

// toString converts as string() does.
func toString(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case cell:
		return string(v)
	case float64:
		return formatNumber(v)
	case bool:
		return strconv.FormatBool(v)
	case Moment:
		return v.String()
	case []Node:
		if len(v) == 0 {
			return ""
		}
		return v[0].Value()
	}
	return ""
}

// toNumber converts as number() does. Text that is a date counts as its days since 1970.
func toNumber(v any, f *frame) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	case Moment:
		return v.days()
	}
	text := toString(v)
	if n := parseNumber(text); !math.IsNaN(n) {
		return n
	}
	if m, ok := parseMoment(text, f.ctx.zone()); ok {
		return m.days()
	}
	return math.NaN()
}

// toBoolean converts as boolean() does.
func toBoolean(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0 && !math.IsNaN(v)
	case string:
		return v != ""
	case Moment:
		return true
	case []Node:
		return len(v) > 0
	case cell:
		return true
	}
	return false
}

// formatNumber writes a number as XPath 1.0 §4.2 does: no exponent, no trailing zeros.
func formatNumber(n float64) string {
	switch {
	case math.IsNaN(n):
		return "NaN"
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case n == 0:
		return "0"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// parseNumber reads what XPath calls a Number: digits with at most one point and one minus sign. The exponent that
// some clients write is understood too. Anything else is NaN.
func parseNumber(text string) float64 {
	text = strings.Trim(text, " \t\r\n")
	digits := false
	for i := range len(text) {
		switch c := text[i]; {
		case isDigit(c):
			digits = true
		case c == '-' && (i == 0 || text[i-1] == 'e' || text[i-1] == 'E'), c == '.', (c == 'e' || c == 'E') && digits:
		default:
			return math.NaN()
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && n == 0 || !digits {
		return math.NaN()
	}
	return n
}

// equal compares as = does (XPath 1.0 §3.4). When negated it compares as != does, which for node-sets is not the opposite.
func equal(a, b any, negated bool, f *frame) bool {
	if c, ok := a.(cell); ok {
		return equalCell(c, b, negated, f)
	}
	if c, ok := b.(cell); ok {
		return equalCell(c, a, negated, f)
	}
	if nodes, ok := a.([]Node); ok {
		return equalNodes(nodes, b, negated, f)
	}
	if nodes, ok := b.([]Node); ok {
		return equalNodes(nodes, a, negated, f)
	}
	return equalAtoms(a, b, f) != negated
}

// equalCell is equalNodes for the one node of a cell.
func equalCell(c cell, other any, negated bool, f *frame) bool {
	switch o := other.(type) {
	case bool:
		return o != negated
	case cell:
		return (c == o) != negated
	case []Node:
		return slices.ContainsFunc(o, func(n Node) bool { return (n.Value() == string(c)) != negated })
	}
	return equalAtoms(string(c), other, f) != negated
}

func equalNodes(nodes []Node, other any, negated bool, f *frame) bool {
	switch o := other.(type) {
	case bool:
		return (len(nodes) > 0) == o != negated
	case []Node:
		f.spend(len(nodes) * len(o))
		return shareValue(nodes, o, negated)
	}
	for _, n := range nodes {
		if equalAtoms(n.Value(), other, f) != negated {
			return true
		}
	}
	return false
}

func shareValue(a, b []Node, negated bool) bool {
	for _, x := range a {
		value := x.Value()
		for _, y := range b {
			if (value == y.Value()) != negated {
				return true
			}
		}
	}
	return false
}

func equalAtoms(a, b any, f *frame) bool {
	_, am := a.(Moment)
	_, bm := b.(Moment)
	switch {
	case isBool(a) || isBool(b):
		return toBoolean(a) == toBoolean(b)
	case isNumber(a) || isNumber(b) || am || bm:
		return toNumber(a, f) == toNumber(b, f)
	}
	return sameText(toString(a), toString(b), f)
}

// sameText compares strings. Two spellings of one moment are equal.
func sameText(a, b string, f *frame) bool {
	if a == b {
		return true
	}
	if !looksLikeDate(a) || !looksLikeDate(b) {
		return false
	}
	x, ok := parseMoment(a, f.ctx.zone())
	y, also := parseMoment(b, f.ctx.zone())
	return ok && also && x.Time.Equal(y.Time)
}

func isBool(v any) bool {
	_, ok := v.(bool)
	return ok
}

func isNumber(v any) bool {
	_, ok := v.(float64)
	return ok
}

// less compares as <, <=, >, >= do: some pair of values in the relation, each as a number.
func less(a, b any, holds func(x, y float64) bool, f *frame) bool {
	left, right := numbers(a, b, f), numbers(b, a, f)
	f.spend(len(left) * len(right))
	for _, x := range left {
		for _, y := range right {
			if holds(x, y) {
				return true
			}
		}
	}
	return false
}

// numbers returns the numbers v stands for in a comparison with other.
func numbers(v, other any, f *frame) []float64 {
	nodes, ok := v.([]Node)
	if !ok {
		if _, one := v.(cell); one && isBool(other) {
			return []float64{1}
		}
		return []float64{toNumber(v, f)}
	}
	if isBool(other) {
		return []float64{toNumber(len(nodes) > 0, f)}
	}
	list := make([]float64, len(nodes))
	for i, n := range nodes {
		list[i] = toNumber(n.Value(), f)
	}
	return list
}
