//go:build !unix

package disk

// syncFolder does nothing where the system keeps names as durably as contents and offers no call for it (Windows).
func syncFolder(string) error { return nil }
