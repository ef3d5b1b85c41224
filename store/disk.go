package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Disk is where the files beside the database lie.
type Disk interface {
	// Create makes a file, or empties one, to write to it.
	Create(path string) (DiskFile, error)
	// Rename gives a file another name, in place of the file that has it.
	Rename(from, to string) error
	Remove(path string) error
	// SyncFolder returns when the names in a folder would survive a power cut.
	SyncFolder(path string) error
}

// DiskFile is a file that is being written.
type DiskFile interface {
	io.Writer
	io.WriterAt
	io.Closer
	// Sync returns when what was written would survive a power cut.
	Sync() error
}

// systemDisk is the system's own file system.
type systemDisk struct{}

// Create implements [Disk].
func (systemDisk) Create(path string) (DiskFile, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Rename implements [Disk].
func (systemDisk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements [Disk].
func (systemDisk) Remove(path string) error { return os.Remove(path) }

// SyncFolder implements [Disk].
func (systemDisk) SyncFolder(path string) error { return syncFolder(path) }

// unfinished ends the name of a file that is not whole yet.
const unfinished = ".part"

// writeDurably puts a file in place whole or not at all, and returns when it would survive a power cut.
func writeDurably(disk Disk, path string, data []byte) error {
	return fillDurably(disk, path, func(f DiskFile) error {
		_, err := f.Write(data)
		return err
	})
}

// fillDurably is writeDurably for what is written piece by piece.
func fillDurably(disk Disk, path string, fill func(DiskFile) error) error {
	part := path + unfinished
	f, err := disk.Create(part)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = disk.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, disk.Remove(part))
	}
	return disk.SyncFolder(filepath.Dir(path))
}
