package sim

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"zoucun/internal/testkit/crashfs"
	"zoucun/store"
)

// idle are the disks that no node uses at the moment: SQLite knows a VFS until the process ends.
var idle struct {
	sync.Mutex
	disks []*crashfs.Disk
}

// disk is a crashing disk as a store takes it.
type disk struct{ *crashfs.Disk }

// Create implements [store.Disk].
func (d disk) Create(path string) (store.DiskFile, error) { return d.Disk.Create(path) }

func takeDisk() (disk, error) {
	idle.Lock()
	defer idle.Unlock()
	if n := len(idle.disks); n > 0 {
		d := idle.disks[n-1]
		idle.disks = idle.disks[:n-1]
		return disk{d}, nil
	}
	d, err := crashfs.New()
	return disk{d}, err
}

func (d disk) giveBack() {
	d.Fail(crashfs.Fault{})
	d.Stop()
	idle.Lock()
	defer idle.Unlock()
	idle.disks = append(idle.disks, d.Disk)
}

// record makes a folder, and records what is written in it from now on where the power will be cut.
func (w *World) record(d disk, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil || !w.powers {
		return err
	}
	return d.Record(dir)
}

// copyFolder copies what a process that is killed leaves: the files as they are, without what is memory of its own.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		inside, relErr := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, inside), 0o700)
		case strings.HasSuffix(path, "-shm"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, inside), data, 0o600)
	})
}
