//go:build !linux

package disk

import "os"

// Uncache does nothing where the system offers no call for it.
func Uncache(*os.File) error { return nil }
