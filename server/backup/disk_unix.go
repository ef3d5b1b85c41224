//go:build unix

package backup

import (
	"os"
	"syscall"
)

// sameDisk reports whether two folders lie on one disk, as far as that can be told.
func sameDisk(a, b string) bool {
	one, oneErr := os.Stat(a)
	other, otherErr := os.Stat(b)
	if oneErr != nil || otherErr != nil {
		return false
	}
	x, ok := one.Sys().(*syscall.Stat_t)
	y, alike := other.Sys().(*syscall.Stat_t)
	return ok && alike && x.Dev == y.Dev
}
