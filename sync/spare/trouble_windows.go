package spare

import "syscall"

// How this system says that a medium is full, away, or locked: ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL;
// ERROR_INVALID_DRIVE, ERROR_NOT_READY, ERROR_DEVICE_NOT_CONNECTED; ERROR_WRITE_PROTECT. The others are what Go itself
// makes up.
var (
	full   = []error{syscall.ENOSPC, syscall.Errno(39), syscall.Errno(112)}
	gone   = []error{syscall.ENODEV, syscall.Errno(15), syscall.Errno(21), syscall.Errno(1167)}
	locked = []error{syscall.EROFS, syscall.Errno(19)}
)
