//go:build !windows

package spare

import "syscall"

// How this system says that a medium is full, away, or locked, besides what all systems say.
var (
	full   = []error{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT}
	gone   = []error{syscall.ENODEV, syscall.ENOTDIR, syscall.ENXIO}
	locked = []error{syscall.EROFS}
)
