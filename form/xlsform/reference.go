package xlsform

import (
	"regexp"
	"slices"
	"strings"
)

// referencePattern finds ${name} and ${last-saved#name}.
var referencePattern = regexp.MustCompile(`\$\{(last-saved#)?([^{}]*)\}`)

// isReference reports whether the text is one ${reference} and nothing else.
func isReference(text string) bool {
	found := referencePattern.FindStringSubmatch(text)
	return found != nil && found[0] == text && isName(found[2])
}

func hasReference(text string) bool { return referencePattern.MatchString(text) }

// reading says how the references of one expression are to be written.
type reading struct {
	where   at
	current bool // relative paths start at current(), for they stand in a predicate
	repeat  bool // a path to a question in a repeat shows the repeat, for it lists the repeat's answers
}

// resolve writes paths for the ${references} in an expression of the element. Inside a common repeat a path is
// relative, so it stays within one instance of the repeat; elsewhere it starts at the root.
func (c *compiler) resolve(e *element, expression string, how reading) string {
	var out strings.Builder
	last := 0
	matches := referencePattern.FindAllStringSubmatchIndex(expression, -1)
	if strings.Count(expression, "${") > len(matches) {
		c.found.add(BadReference, how.where, expression)
	}
	for _, m := range matches {
		out.WriteString(expression[last:m[0]])
		out.WriteString(c.reference(e, expression, m, how))
		last = m[1]
	}
	out.WriteString(expression[last:])
	return out.String()
}

// reference writes one reference, which stands at match in the expression.
func (c *compiler) reference(e *element, expression string, match []int, how reading) string {
	target, ok := c.target(expression[match[4]:match[5]], how.where)
	if !ok {
		return expression[match[0]:match[1]]
	}
	if match[2] >= 0 {
		c.lastSaved = true
		return " instance('__last-saved')" + target.path() + " "
	}
	if e == nil || e.kind == root || repeatArgument(expression, match[0], match[1]) {
		return " " + target.path() + " "
	}
	relative, ok := relativePath(e, target, how.repeat)
	if !ok {
		return " " + target.path() + " "
	}
	if how.current || inInstancePredicate(expression, match[0]) {
		relative = "current()/" + relative
	}
	return " " + relative + " "
}

// target finds the one element a reference names.
func (c *compiler) target(name string, where at) (*element, bool) {
	switch named := c.names[name]; {
	case !isName(name):
		c.found.add(BadReference, where, "${"+name+"}")
	case len(named) == 0:
		c.found.add(UnknownReference, where, name)
	case len(named) > 1:
		c.found.add(AmbiguousReference, where, name)
	default:
		return named[0], true
	}
	return nil, false
}

// relativePath writes the way from one element to another when they share a repeat: then it stays within one instance
// of that repeat. It fails when they share none and the way must start at the root.
func relativePath(from, to *element, showRepeat bool) (string, bool) {
	top := commonParent(from, to)
	if top == nil || boundary(top).kind != repeat {
		return "", false
	}
	there, here := to.around(), from.around()
	if showRepeat && here.within(there) && (here != there || here.around() == nil) {
		top = there.parent
	}
	return pathFrom(from, to, top), true
}

// commonParent returns the deepest element both stand in.
func commonParent(a, b *element) *element {
	for up := b.parent; up != nil; up = up.parent {
		if a != up && a.within(up) {
			return up
		}
	}
	return nil
}

// pathFrom writes the path up from one element to top and down to the other.
func pathFrom(from, to, top *element) string {
	var steps []string
	for up := from; up != top; up = up.parent {
		steps = append(steps, "..")
	}
	down := to.lineage()
	for _, part := range down[slices.Index(down, top)+1:] {
		steps = append(steps, part.name)
	}
	return strings.Join(steps, "/")
}

// inInstancePredicate reports whether the position stands in square brackets of an expression that reads another
// instance; there "." is that instance's item.
func inInstancePredicate(expression string, position int) bool {
	if !strings.Contains(expression, "instance(") {
		return false
	}
	depth := 0
	for i := range position {
		switch expression[i] {
		case '[':
			depth++
		case ']':
			depth--
		}
	}
	return depth > 0
}

// repeatArgument reports whether the reference at start is an argument of indexed-repeat() that names a repeat or
// a question: those are absolute, for the function steps into the repeat itself.
func repeatArgument(expression string, start, end int) bool {
	const name = "indexed-repeat("
	call := strings.LastIndex(expression[:start], name)
	if call < 0 {
		return false
	}
	if close := closing(expression, call+len(name)-1); close > 0 && close < end {
		return false
	}
	n := strings.Count(expression[call:start], ",")
	return n == 0 || n%2 == 1
}
