package xpath

import (
	"maps"
	"math"
	"strings"
	"unicode/utf8"
)

// function is one entry of the library.
type function struct {
	least, most int  // how many arguments; most is -1 for any number
	local       bool // the value depends on the node asked about, or differs each time
	boolean     bool // the value is a bool
	eval        func(f *frame, args []expr) any
}

// functions is the library: XPath 1.0 §4 and what the ODK XForms specification adds.
var functions = merge(coreFunctions, odkFunctions, dateFunctions, mathFunctions, geoFunctions)

func merge(libraries ...map[string]*function) map[string]*function {
	whole := map[string]*function{}
	for _, library := range libraries {
		maps.Copy(whole, library)
	}
	return whole
}

// Known reports whether the library has a function of this name.
func Known(name string) bool { return functions[name] != nil }

var coreFunctions = map[string]*function{
	// Node sets.
	"last":          {0, 0, true, false, func(f *frame, _ []expr) any { return float64(f.size) }},
	"position":      {0, 1, true, false, position},
	"count":         {1, 1, false, false, func(f *frame, args []expr) any { return float64(len(nodesOf(args[0].eval(f)))) }},
	"id":            {1, 1, true, false, byID},
	"local-name":    {0, 1, true, false, nodeName(func(n Name) string { return n.Local })},
	"namespace-uri": {0, 1, true, false, nodeName(func(n Name) string { return n.Space })},
	"name":          {0, 1, true, false, nodeName(Name.qualified)},

	// Strings.
	"string":           {0, 1, true, false, func(f *frame, args []expr) any { return text(f, args) }},
	"concat":           {0, -1, false, false, concat},
	"starts-with":      {2, 2, false, true, ofTexts(strings.HasPrefix)},
	"contains":         {2, 2, false, true, ofTexts(strings.Contains)},
	"substring-before": {2, 2, false, false, substringBefore},
	"substring-after":  {2, 2, false, false, substringAfter},
	"substring":        {2, 3, false, false, substring},
	"string-length": {0, 1, true, false, func(f *frame, args []expr) any {
		return float64(utf8.RuneCountInString(text(f, args)))
	}},
	"normalize-space": {0, 1, true, false, func(f *frame, args []expr) any {
		return strings.Join(strings.FieldsFunc(text(f, args), isSpace), " ")
	}},
	"translate": {3, 3, false, false, translate},

	// Booleans.
	"boolean": {1, 1, false, true, func(f *frame, args []expr) any { return toBoolean(args[0].eval(f)) }},
	"not":     {1, 1, false, true, func(f *frame, args []expr) any { return !toBoolean(args[0].eval(f)) }},
	"true":    {0, 0, false, true, func(*frame, []expr) any { return true }},
	"false":   {0, 0, false, true, func(*frame, []expr) any { return false }},
	"lang":    {1, 1, true, true, lang},

	// Numbers.
	"number":  {0, 1, true, false, number},
	"sum":     {1, 1, false, false, sum},
	"floor":   {1, 1, false, false, ofNumber(math.Floor)},
	"ceiling": {1, 1, false, false, ofNumber(math.Ceil)},
	"round":   {1, 2, false, false, round},
}

func isSpace(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }

// text returns the first argument as a string, or the node's value when there is none.
func text(f *frame, args []expr) string {
	if len(args) == 0 {
		return f.node.Value()
	}
	return textOf(args[0], f)
}

func ofTexts(fn func(a, b string) bool) func(*frame, []expr) any {
	return func(f *frame, args []expr) any { return fn(textOf(args[0], f), textOf(args[1], f)) }
}

func ofNumber(fn func(float64) float64) func(*frame, []expr) any {
	return func(f *frame, args []expr) any { return fn(toNumber(args[0].eval(f), f)) }
}

func nodeName(part func(Name) string) func(*frame, []expr) any {
	return func(f *frame, args []expr) any {
		nodes := []Node{f.node}
		if len(args) > 0 {
			nodes = nodesOf(args[0].eval(f))
		}
		if len(nodes) == 0 {
			return ""
		}
		return part(nodes[0].Name())
	}
}

// position returns the place in the current list, or with an argument, as ODK has it, the place of the node among the
// siblings of its name.
func position(f *frame, args []expr) any {
	if len(args) == 0 {
		return float64(f.pos)
	}
	nodes := nodesOf(args[0].eval(f))
	if len(nodes) == 0 {
		return math.NaN()
	}
	place := 1
	for _, sibling := range before(nodes[0]) {
		if sibling.Kind() == Element && sibling.Name() == nodes[0].Name() {
			place++
		}
	}
	return float64(place)
}

func byID(f *frame, args []expr) any {
	wanted := map[string]bool{}
	v := args[0].eval(f)
	if nodes, ok := v.([]Node); ok {
		for _, n := range nodes {
			addFields(wanted, n.Value())
		}
	} else {
		addFields(wanted, toString(v))
	}
	var found []Node
	below(rootOf(f.node), func(n Node) {
		f.spend(1)
		for _, a := range n.Attributes() {
			if name := a.Name(); name.Local == "id" && (name.Prefix == "" || name.Prefix == "xml") && wanted[a.Value()] {
				found = append(found, n)
				return
			}
		}
	})
	return found
}

func addFields(set map[string]bool, text string) {
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
}

// concat joins its arguments; a node-set contributes all its nodes, as ODK has it.
func concat(f *frame, args []expr) any {
	var b strings.Builder
	for _, a := range args {
		for _, s := range texts(a.eval(f)) {
			b.WriteString(s)
			f.bound(b.Len())
		}
	}
	return b.String()
}

// maxText bounds how long a text an expression may build.
const maxText = 32 << 20

func (f *frame) bound(length int) {
	if length > maxText {
		fail("得到的文字太长")
	}
}

// texts returns the values of all nodes of a node-set, or the one string another value is.
func texts(v any) []string {
	nodes, ok := v.([]Node)
	if !ok {
		return []string{toString(v)}
	}
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.Value()
	}
	return list
}

func substringBefore(f *frame, args []expr) any {
	before, _, found := strings.Cut(toString(args[0].eval(f)), toString(args[1].eval(f)))
	if !found {
		return ""
	}
	return before
}

func substringAfter(f *frame, args []expr) any {
	_, after, _ := strings.Cut(toString(args[0].eval(f)), toString(args[1].eval(f)))
	return after
}

// substring counts characters from 1 and rounds, as XPath 1.0 §4.2 spells out.
func substring(f *frame, args []expr) any {
	runes := []rune(toString(args[0].eval(f)))
	from, to := roundHalfUp(toNumber(args[1].eval(f), f)), math.Inf(1)
	if len(args) == 3 {
		to = from + roundHalfUp(toNumber(args[2].eval(f), f))
	}
	var b strings.Builder
	for i, r := range runes {
		if p := float64(i + 1); p >= from && p < to {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func translate(f *frame, args []expr) any {
	from, to := []rune(toString(args[1].eval(f))), []rune(toString(args[2].eval(f)))
	changed := map[rune]rune{}
	for i, r := range from {
		if _, seen := changed[r]; seen {
			continue
		}
		changed[r] = -1
		if i < len(to) {
			changed[r] = to[i]
		}
	}
	return strings.Map(func(r rune) rune {
		if c, ok := changed[r]; ok {
			return c
		}
		return r
	}, toString(args[0].eval(f)))
}

func lang(f *frame, args []expr) any {
	wanted := strings.ToLower(toString(args[0].eval(f)))
	for n := f.node; n != nil; n = n.Parent() {
		for _, a := range n.Attributes() {
			if name := a.Name(); name.Local == "lang" && name.Space == xmlSpace {
				have := strings.ToLower(a.Value())
				return have == wanted || strings.HasPrefix(have, wanted+"-")
			}
		}
	}
	return false
}

func number(f *frame, args []expr) any {
	if len(args) == 0 {
		return toNumber(f.node.Value(), f)
	}
	return toNumber(args[0].eval(f), f)
}

// sum adds the nodes' numbers. Nodes without an answer add nothing, as ODK forms rely on.
func sum(f *frame, args []expr) any {
	total := 0.0
	for _, n := range nodesOf(args[0].eval(f)) {
		if value := n.Value(); value != "" {
			total += toNumber(value, f)
		}
	}
	return total
}

func roundHalfUp(n float64) float64 { return math.Floor(n + 0.5) }

// round rounds to the nearest whole number or, with a second argument, to as many decimals. At the half it goes away
// from zero, as ODK clients do and people expect; XPath 1.0 would go up.
func round(f *frame, args []expr) any {
	n := toNumber(args[0].eval(f), f)
	if len(args) == 1 {
		return math.Round(n)
	}
	decimals := math.Trunc(toNumber(args[1].eval(f), f))
	if math.IsNaN(n) || math.IsInf(n, 0) || math.IsNaN(decimals) || math.Abs(decimals) > 30 {
		return n
	}
	scale := math.Pow(10, math.Abs(decimals))
	if decimals < 0 {
		return math.Round(n/scale) * scale
	}
	return math.Round(n*scale) / scale
}
