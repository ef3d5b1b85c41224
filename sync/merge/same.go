package merge

import (
	"strings"

	"golang.org/x/text/width"
)

// Same reports whether two values mean the same: they differ at most in white space around them and in full or half
// width.
func Same(a, b string) bool {
	return a == b || normal(a) == normal(b)
}

func normal(s string) string { return strings.TrimSpace(width.Fold.String(s)) }
