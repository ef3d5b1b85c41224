//go:build !unix

package backup

import "path/filepath"

// sameDisk reports whether two folders lie on one disk, as far as that can be told.
func sameDisk(a, b string) bool {
	one, oneErr := filepath.Abs(a)
	other, otherErr := filepath.Abs(b)
	return oneErr == nil && otherErr == nil && filepath.VolumeName(one) == filepath.VolumeName(other)
}
