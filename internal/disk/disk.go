// Package disk puts files in place whole or not at all, and knows when they would survive a power cut.
//
// It is the few calls of the system that matter for that, so that a test can stand in for them and lose power.
package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Disk is where files lie.
type Disk interface {
	// Create makes a file, or empties one, to write to it.
	Create(path string) (File, error)
	// Rename gives a file another name, in place of the file that has it.
	Rename(from, to string) error
	Remove(path string) error
	// SyncFolder returns when the names in a folder would survive a power cut.
	SyncFolder(path string) error
}

// File is a file that is being written.
type File interface {
	io.Writer
	io.WriterAt
	io.Closer
	// Sync returns when what was written would survive a power cut.
	Sync() error
}

// System is the system's own file system.
type System struct{}

// Create implements [Disk].
func (System) Create(path string) (File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Rename implements [Disk].
func (System) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements [Disk].
func (System) Remove(path string) error { return os.Remove(path) }

// SyncFolder implements [Disk].
func (System) SyncFolder(path string) error { return syncFolder(path) }

// Unfinished ends the name of a file that is not whole yet.
const Unfinished = ".part"

// Fill puts a file in place whole or not at all, and returns when it would survive a power cut. check, which may be
// nil, reads the file back under its unfinished name before it gets its own; where it finds fault, the file goes.
func Fill(d Disk, path string, fill func(File) error, check func(part string) error) error {
	part := path + Unfinished
	f, err := d.Create(part)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil && check != nil {
		err = check(part)
	}
	if err == nil {
		err = d.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, d.Remove(part))
	}
	return d.SyncFolder(filepath.Dir(path))
}
