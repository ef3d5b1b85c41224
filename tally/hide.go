package tally

import (
	"cmp"
	"slices"
)

// Few is how many have to be in a number for it to be shown; a number of none is shown too.
const Few = 5

// Line says which parts of a whole are hidden, where the whole is known to be their sum.
//
// A part of fewer than Few is hidden, and with it as many others, the smallest first, as it takes that nobody can work
// out by subtraction that it is so few: whoever knows the whole, the parts that are shown and that none of the hidden
// is none, can still think of each hidden part as of Few or more. Where even hiding all of them does not do that, the
// whole is hidden too.
func Line(parts []int) (hidden []bool, whole bool) {
	hidden = make([]bool, len(parts))
	any := false
	for i, n := range parts {
		hidden[i] = few(n)
		any = any || hidden[i]
	}
	if !any {
		return hidden, few(sum(parts))
	}
	for !covered(parts, hidden) {
		next, ok := smallest(parts, hidden)
		if !ok {
			return hidden, true
		}
		hidden[next] = true
	}
	return hidden, false
}

func few(n int) bool { return n > 0 && n < Few }

func sum(parts []int) int {
	n := 0
	for _, part := range parts {
		n += part
	}
	return n
}

// covered reports whether any of the hidden parts might be Few: what they are together, less one for each of the others.
func covered(parts []int, hidden []bool) bool {
	together, n := 0, 0
	for i, part := range parts {
		if hidden[i] {
			together, n = together+part, n+1
		}
	}
	return n > 1 && together-(n-1) >= Few
}

// smallest returns the smallest part that is neither hidden nor none; of equal ones the first.
func smallest(parts []int, hidden []bool) (at int, ok bool) {
	at = -1
	for i, part := range parts {
		if part > 0 && !hidden[i] && (at < 0 || part < parts[at]) {
			at = i
		}
	}
	return at, at >= 0
}

// Hidden says what is hidden of numbers that are added up twice: parts to branches, branches to a whole.
type Hidden struct {
	Parts    [][]bool
	Branches []bool
	Whole    bool
}

// Branches is Line for groups in villages in a township, all of which are shown.
//
// A branch that cannot cover its own hidden parts is hidden with all of them. Hidden branches are covered by others like
// parts; each of them may then still be thought of as large enough for any of its parts to be Few.
func Branches(parts [][]int) Hidden {
	h := Hidden{Parts: make([][]bool, len(parts)), Branches: make([]bool, len(parts))}
	for b, line := range parts {
		h.Parts[b], h.Branches[b] = Line(line)
		if h.Branches[b] {
			h.hide(b, parts)
		}
	}
	if !slices.Contains(h.Branches, true) {
		return h
	}
	for !h.covered(parts) {
		next, ok := h.smallest(parts)
		if !ok {
			h.Whole = true
			return h
		}
		h.hide(next, parts)
	}
	return h
}

// hide hides a branch with all its parts that are not none.
func (h Hidden) hide(branch int, parts [][]int) {
	h.Branches[branch] = true
	for i, n := range parts[branch] {
		h.Parts[branch][i] = n > 0
	}
}

// covered reports whether each hidden branch might be so large that any of its parts is Few, were the other hidden ones
// as small as their parts allow.
func (h Hidden) covered(parts [][]int) bool {
	together, least := 0, 0
	for b, hidden := range h.Branches {
		if !hidden {
			continue
		}
		together += sum(parts[b])
		for _, n := range parts[b] {
			if n > 0 {
				least++
			}
		}
	}
	return together-least >= Few-1
}

func (h Hidden) smallest(parts [][]int) (at int, ok bool) {
	at = -1
	for b := range parts {
		n := sum(parts[b])
		if n > 0 && !h.Branches[b] && (at < 0 || cmp.Less(n, sum(parts[at]))) {
			at = b
		}
	}
	return at, at >= 0
}
