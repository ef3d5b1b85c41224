package crashfs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	sqlite3 "modernc.org/sqlite/lib"
)

// Failure is what a failing operation says.
type Failure int32

// Failures.
const (
	Full       Failure = sqlite3.SQLITE_FULL
	WriteError Failure = sqlite3.SQLITE_IOERR_WRITE
	SyncError  Failure = sqlite3.SQLITE_IOERR_FSYNC
)

// errno returns the failure as a system call tells it.
func (f Failure) errno() error {
	if f == Full {
		return syscall.ENOSPC
	}
	return syscall.EIO
}

// Fault says which operation fails: the At-th that would change the disk after the fault was set, and with Sticky every
// later one too. At 0 fails none.
type Fault struct {
	At     int
	How    Failure
	Sticky bool
}

// Disk notes what happens to one folder. It may be used from several goroutines.
type Disk struct {
	vfs string

	mu     sync.Mutex
	tape   *Recording     // nil while nothing is recorded
	names  map[string]int // of the recorded files, by path
	fault  Fault
	failed int // operations the fault has failed
	ops    int // operations since the fault was set
}

// Record takes what lies under folder as safely on the disk, and notes what happens to it from now on. No file in it
// may be open.
func (d *Disk) Record(folder string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tape, d.names = &Recording{folder: folder}, map[string]int{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !d.recorded(path) {
			return err
		}
		data, err := os.ReadFile(path)
		d.names[path] = len(d.tape.files)
		d.tape.files = append(d.tape.files, data)
		return err
	})
	d.tape.names = maps.Clone(d.names)
	return err
}

// Stop ends the recording and returns it.
func (d *Disk) Stop() *Recording {
	d.mu.Lock()
	defer d.mu.Unlock()
	tape := d.tape
	d.tape = nil
	return tape
}

// Events returns how many events have been noted.
func (d *Disk) Events() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tape == nil {
		return 0
	}
	return len(d.tape.events)
}

// Fail sets the fault and counts operations from here.
func (d *Disk) Fail(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.ops, d.failed = f, 0, 0
}

// Failed returns how many operations have failed since Fail.
func (d *Disk) Failed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed
}

// change does what changes the disk, unless the fault has come, and notes it once it is done.
func (d *Disk) change(e event, do func() error) error {
	if how, failed := d.try(); failed {
		return how.errno()
	}
	if err := do(); err != nil {
		return err
	}
	d.note(e)
	return nil
}

// try counts an operation, and reports how it fails if it does.
func (d *Disk) try() (Failure, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops++
	hit := d.fault.At != 0 && (d.ops == d.fault.At || d.fault.Sticky && d.ops > d.fault.At)
	if hit {
		d.failed++
	}
	return d.fault.How, hit
}

// note keeps an event and follows the names of files.
func (d *Disk) note(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tape == nil || !d.recorded(e.name) {
		return
	}
	switch e.kind {
	case created:
		if _, there := d.names[e.name]; there {
			return
		}
		e.file = len(d.tape.files)
		d.tape.files = append(d.tape.files, nil)
		d.names[e.name] = e.file
	case written, truncated, synced, renamed, removed:
		file, known := d.names[e.name]
		if !known {
			return
		}
		e.file, e.data = file, slices.Clone(e.data)
	case folderSynced:
	}
	if e.kind == renamed || e.kind == removed {
		delete(d.names, e.name)
	}
	if e.kind == renamed {
		d.names[e.to] = e.file
	}
	d.tape.events = append(d.tape.events, e)
}

// recorded reports whether a path lies in the recorded folder. SQLite's shared memory (-shm) is made anew after a crash
// and belongs to no image.
func (d *Disk) recorded(path string) bool {
	return strings.HasPrefix(path, d.tape.folder) && !strings.HasSuffix(path, "-shm")
}
