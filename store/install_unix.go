//go:build unix

package store

import (
	"fmt"
	"os"
	"syscall"
)

// Installed tells a database file from a copy of it: by the file's number on its disk, and by the machine. It is empty
// where that cannot be told.
func Installed(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		machine = nil // not every system has one
	}
	return fmt.Sprintf("%d %s", stat.Ino, machine)
}
