package crashfs

import "os"

// File is a file that is being written without SQLite.
type File struct {
	disk *Disk
	file *os.File
	off  int64
}

// Create makes a file, or empties one, to write to it.
func (d *Disk) Create(path string) (*File, error) {
	f := &File{disk: d}
	err := d.change(event{kind: created, name: path}, func() (err error) {
		f.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.note(event{kind: truncated, name: path})
	return f, nil
}

// Write appends to the file.
func (f *File) Write(data []byte) (int, error) {
	err := f.disk.change(event{kind: written, name: f.file.Name(), off: f.off, data: data}, func() error {
		_, err := f.file.Write(data)
		return err
	})
	if err != nil {
		return 0, err
	}
	f.off += int64(len(data))
	return len(data), nil
}

// WriteAt writes somewhere in the file.
func (f *File) WriteAt(data []byte, off int64) (int, error) {
	err := f.disk.change(event{kind: written, name: f.file.Name(), off: off, data: data}, func() error {
		_, err := f.file.WriteAt(data, off)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(data), nil
}

// Sync makes what was written safe.
func (f *File) Sync() error {
	return f.disk.change(event{kind: synced, name: f.file.Name()}, func() error { return nil })
}

// Close ends the writing.
func (f *File) Close() error { return f.file.Close() }

// Rename gives a file another name, in place of the file that has it.
func (d *Disk) Rename(from, to string) error {
	return d.change(event{kind: renamed, name: from, to: to}, func() error { return os.Rename(from, to) })
}

// Remove takes a file's name away.
func (d *Disk) Remove(path string) error {
	return d.change(event{kind: removed, name: path}, func() error { return os.Remove(path) })
}

// SyncFolder makes the names in a folder safe.
func (d *Disk) SyncFolder(path string) error {
	return d.change(event{kind: folderSynced, name: path}, func() error { return nil })
}
