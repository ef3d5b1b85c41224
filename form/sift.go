package form

import (
	"slices"
	"strings"

	"zoucun/form/xform"
	"zoucun/form/xpath"
)

// A list of the form's own, filtered by answers, may cease to offer what was chosen: the village of another township. Such
// a choice does not count, as in ODK Collect and Web Forms, but it is kept, and counts again when it is offered again.
// Choices of a register stay: a register may lack rows on this device that it has on others.

// sift returns what is left of a value among the choices its question offers, and whether that is less than the value.
func (s *Session) sift(n *node) (left string, sifted bool) {
	if n.value == "" || !s.filtersOwnList(n.def.Control) {
		return "", false
	}
	names := []string{n.value}
	if n.def.Control.Kind != xform.Select1 {
		names = strings.Fields(n.value)
	}
	all := len(names)
	offered := s.namesAmong(n, names)
	names = slices.DeleteFunc(names, func(name string) bool { return !offered[name] })
	return strings.Join(names, " "), len(names) < all
}

// siftAgain sifts an answer whose choices have changed.
func (s *Session) siftAgain(n *node) {
	before := n.answer()
	if n.left, n.sifted = s.sift(n); n.answer() != before {
		s.changed(n)
	}
}

// filtersOwnList reports whether a question's choices are those of a list in the form for which a condition holds.
func (s *Session) filtersOwnList(c *xform.Control) bool {
	if c == nil || c.Itemset == nil || s.external(c) {
		return false
	}
	return slices.ContainsFunc(c.Itemset.Nodes.References(), func(ref xpath.Reference) bool {
		filtered := func(step xpath.ReferenceStep) bool { return step.Filtered }
		return ref.Instance != "" && ref.Instance != "*" && slices.ContainsFunc(ref.Steps, filtered)
	})
}

// namesAmong returns which of some names are those of choices offered.
func (s *Session) namesAmong(n *node, names []string) map[string]bool {
	found := map[string]bool{}
	ctx := s.context(n)
	for _, item := range s.items(n) {
		ctx.Node = item
		if name := s.itemText(n.def.Control.Itemset.Value, ctx, n); slices.Contains(names, name) {
			found[name] = true
		}
		if len(found) == len(names) {
			break
		}
	}
	return found
}
