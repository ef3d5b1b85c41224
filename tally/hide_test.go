package tally

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestLine(t *testing.T) {
	tests := []struct {
		parts []int
		want  string // shown parts, * for hidden ones, then the whole
	}{
		{nil, "[] 0"},
		{[]int{0, 0}, "[0 0] 0"},
		{[]int{5, 9}, "[5 9] 14"},
		{[]int{3}, "[*] *"},
		{[]int{5}, "[5] 5"},
		{[]int{3, 9}, "[* *] 12"},
		{[]int{3, 9, 7}, "[* 9 *] 19"},
		{[]int{1, 1, 20, 30}, "[* * * 30] 52"},
		{[]int{3, 4}, "[* *] 7"},
		{[]int{2, 3}, "[* *] *"},
		{[]int{1, 1, 4}, "[* * *] *"},
		{[]int{1, 1, 5, 0}, "[* * * 0] 7"},
		{[]int{1, 5, 5}, "[* * 5] 11"},
	}
	for _, tt := range tests {
		hidden, whole := Line(tt.parts)
		shown := make([]string, len(tt.parts))
		for i, n := range tt.parts {
			shown[i] = fmt.Sprint(n)
			if hidden[i] {
				shown[i] = "*"
			}
		}
		total := fmt.Sprint(sum(tt.parts))
		if whole {
			total = "*"
		}
		if got := fmt.Sprint(shown, " ", total); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.parts, got, tt.want)
		}
	}
}

// might reports whether hidden parts can be other numbers, none of them none, that fit all that is shown, with one of
// them Few or more. It tries every way.
func might(parts [][]int, h Hidden, branch, part int) bool {
	total := 0
	for _, line := range parts {
		total += sum(line)
	}
	limit := total + Few
	var try func(b, i, inBranch, all int) bool
	try = func(b, i, inBranch, all int) bool {
		if all > limit || !h.Whole && all > total {
			return false
		}
		if b == len(parts) {
			return h.Whole || all == total
		}
		if i == len(parts[b]) {
			if !h.Branches[b] && inBranch != sum(parts[b]) {
				return false
			}
			return try(b+1, 0, 0, all)
		}
		if !h.Parts[b][i] {
			return try(b, i+1, inBranch+parts[b][i], all+parts[b][i])
		}
		from := 1
		if b == branch && i == part {
			from = Few
		}
		for n := from; all+n <= limit; n++ {
			if try(b, i+1, inBranch+n, all+n) {
				return true
			}
			if b == branch && i == part {
				break // Few is enough: more only takes from the others
			}
		}
		return false
	}
	return try(0, 0, 0, 0)
}

// Nobody who knows all that is shown, and how it is hidden, can be sure that a hidden number is of few.
func TestNothingFewIsShownOrWorkedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3, 4, 5, 6, 9})
		parts := rapid.SliceOfN(rapid.SliceOfN(number, 1, 3), 1, 3).Draw(t, "parts")
		h := Branches(parts)
		total := 0
		for b, line := range parts {
			total += sum(line)
			if few(sum(line)) && !h.Branches[b] {
				t.Fatalf("%v: branch %d of few is shown: %+v", parts, b, h)
			}
			for i, n := range line {
				switch {
				case few(n) && !h.Parts[b][i]:
					t.Fatalf("%v: part %d/%d of few is shown: %+v", parts, b, i, h)
				case n == 0 && h.Parts[b][i]:
					t.Fatalf("%v: none is hidden: %+v", parts, h)
				case h.Parts[b][i] && !might(parts, h, b, i):
					t.Fatalf("%v: part %d/%d can be worked out to be of few: %+v", parts, b, i, h)
				}
			}
		}
		if few(total) && !h.Whole {
			t.Fatalf("%v: a whole of few is shown", parts)
		}
	})
}

// What hides nothing hides nothing more, and hiding does not depend on how often it is asked.
func TestEnoughIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]int{0, 5, 8, 40}), 1, 4), 1, 4).Draw(t, "parts")
		h := Branches(parts)
		for b := range parts {
			if h.Branches[b] || h.Whole {
				t.Fatalf("%v: %+v", parts, h)
			}
			for i := range parts[b] {
				if h.Parts[b][i] {
					t.Fatalf("%v: %+v", parts, h)
				}
			}
		}
	})
}
