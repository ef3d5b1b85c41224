package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// Uncache has the system forget what it holds of a file that was synced, so that the next to read it reads the medium.
func Uncache(f *os.File) error { return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
