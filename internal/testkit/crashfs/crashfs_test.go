package crashfs

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"
)

func newDisk(t *testing.T) *Disk {
	t.Helper()
	disk, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return disk
}

// TestWhatWasSyncedIsThere writes a file in two parts and syncs the first: every image has the first whole, and among
// many images the second is there, torn and missing.
func TestWhatWasSyncedIsThere(t *testing.T) {
	disk, dir := newDisk(t), t.TempDir()
	if err := disk.Record(dir); err != nil {
		t.Fatal(err)
	}
	f, err := disk.Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 4*sector)
	for i := range part {
		part[i] = 1
	}
	_, first := f.Write(part)
	if err := errors.Join(first, f.Sync()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(part); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tape, sizes := disk.Stop(), map[int]int{}
	for n := range 200 {
		image := t.TempDir()
		if err := tape.Image(rand.New(rand.NewPCG(1, uint64(n))), tape.Len(), image); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(image, "a"))
		if err != nil {
			t.Fatal("the synced file is not there:", err)
		}
		sizes[len(data)/sector]++
	}
	if sizes[4] == 0 || sizes[8] == 0 || sizes[5]+sizes[6]+sizes[7] == 0 || len(sizes) < 3 || sizes[0] > 0 {
		t.Errorf("images by sectors: %v", sizes)
	}
}

// TestRenameWithoutSyncMayBeLost renames a whole file over another: without a sync of the folder the old one may still
// have the name, with it never.
func TestRenameWithoutSyncMayBeLost(t *testing.T) {
	for _, sync := range []bool{false, true} {
		disk, dir := newDisk(t), t.TempDir()
		target := filepath.Join(dir, "a")
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := disk.Record(dir); err != nil {
			t.Fatal(err)
		}
		f, err := disk.Create(target + ".part")
		if err != nil {
			t.Fatal(err)
		}
		_, wrote := f.Write([]byte("new"))
		err = errors.Join(wrote, f.Sync(), f.Close(), disk.Rename(target+".part", target))
		if sync {
			err = errors.Join(err, disk.SyncFolder(dir))
		}
		if err != nil {
			t.Fatal(err)
		}
		tape, seen := disk.Stop(), map[string]int{}
		for n := range 50 {
			image := t.TempDir()
			if err := tape.Image(rand.New(rand.NewPCG(2, uint64(n))), tape.Len(), image); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(image, "a"))
			if err != nil {
				t.Fatal(err)
			}
			seen[string(data)]++
		}
		if sync && seen["new"] != 50 || !sync && (seen["old"] == 0 || seen["new"] == 0) {
			t.Errorf("synced %v: %v", sync, seen)
		}
	}
}

// TestFaults fails one operation, and all from one on, of files and of SQLite.
func TestFaults(t *testing.T) {
	disk, dir := newDisk(t), t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "t.db")+"?vfs="+disk.VFS())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE t (x)"); err != nil {
		t.Fatal(err)
	}
	disk.Fail(Fault{At: 2, How: Full})
	if _, err := db.Exec("INSERT INTO t VALUES (1)"); err == nil || disk.Failed() != 1 {
		t.Errorf("the second operation: %v, %d failed", err, disk.Failed())
	}
	if _, err := db.Exec("INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("once the disk is well: %v", err)
	}
	disk.Fail(Fault{At: 1, How: WriteError, Sticky: true})
	for range 3 {
		if _, err := disk.Create(filepath.Join(dir, "a")); !errors.Is(err, syscall.EIO) {
			t.Errorf("Create = %v", err)
		}
	}
}

// TestDisksAtOnce adds disks from several goroutines, as tests that run side by side do.
func TestDisksAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := New(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
