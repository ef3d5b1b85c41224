package store

import "zoucun/internal/disk"

// Disk is where the files beside the database lie.
type Disk = disk.Disk

// DiskFile is a file that is being written.
type DiskFile = disk.File

// unfinished ends the name of a file that is not whole yet.
const unfinished = disk.Unfinished

// writeDurably puts a file in place whole or not at all, and returns when it would survive a power cut.
func writeDurably(d Disk, path string, data []byte) error {
	return fillDurably(d, path, func(f DiskFile) error {
		_, err := f.Write(data)
		return err
	})
}

// fillDurably is writeDurably for what is written piece by piece.
func fillDurably(d Disk, path string, fill func(DiskFile) error) error {
	return disk.Fill(d, path, fill, nil)
}
