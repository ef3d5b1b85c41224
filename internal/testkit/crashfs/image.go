package crashfs

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// kind is what an event did.
type kind byte

const (
	created kind = iota
	written
	truncated
	synced
	renamed
	removed
	folderSynced
)

// event is one thing that happened to the disk.
type event struct {
	kind kind
	name string // the path it happened to
	to   string // renamed: the new path
	file int    // which file that was: its place in Recording.files
	off  int64  // written: where; truncated: the new size
	data []byte
}

// Recording is what happened to a folder.
type Recording struct {
	folder string
	names  map[string]int // at the beginning
	files  [][]byte       // contents at the beginning; nil for files that came later
	events []event
}

// Len returns the number of events.
func (r *Recording) Len() int { return len(r.events) }

// sector is the unit in which a disk writes whole or not at all.
const sector = 512

// Image writes into folder what the disk might hold had the power gone after the first n events.
func (r *Recording) Image(random *rand.Rand, n int, folder string) error {
	contents := r.contents(random, n)
	for path, file := range r.namesAfter(random, n) {
		inside, err := filepath.Rel(r.folder, path)
		if err != nil {
			return err
		}
		path = filepath.Join(folder, inside)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, contents[file], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// contents returns what is in every file: all that was synced, and of the rest what the power cut left.
func (r *Recording) contents(random *rand.Rand, n int) [][]byte {
	lastSync := map[int]int{}
	for i, e := range r.events[:n] {
		if e.kind == synced {
			lastSync[e.file] = i
		}
	}
	contents := make([][]byte, len(r.files))
	for i, data := range r.files {
		contents[i] = slices.Clone(data)
	}
	for i, e := range r.events[:n] {
		safe := i < lastSync[e.file]
		switch e.kind {
		case written:
			contents[e.file] = write(contents[e.file], e.off, survivor(random, e.data, safe))
		case truncated:
			if safe || random.IntN(2) == 0 {
				contents[e.file] = resize(contents[e.file], e.off)
			}
		case created, synced, renamed, removed, folderSynced:
		}
	}
	return contents
}

// survivor returns what a power cut leaves of a write: of one that was synced all, of another all, nothing, or some
// sectors from its beginning.
func survivor(random *rand.Rand, data []byte, safe bool) []byte {
	if safe {
		return data
	}
	switch random.IntN(4) {
	case 0:
		return nil
	case 1:
		return data[:min(len(data), sector*(1+random.IntN(1+len(data)/sector)))]
	}
	return data
}

func write(content []byte, off int64, data []byte) []byte {
	if len(data) == 0 {
		return content
	}
	if need := off + int64(len(data)); int64(len(content)) < need {
		content = resize(content, need)
	}
	copy(content[off:], data)
	return content
}

func resize(content []byte, size int64) []byte {
	if int64(len(content)) >= size {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// namesAfter returns which file has which name. Changes to names are kept in their order, as a journalling file system
// keeps them: those before the last sync of the folder are there, and of the others a beginning of any length.
func (r *Recording) namesAfter(random *rand.Rand, n int) map[string]int {
	end := r.namesSynced(n)
	for end < n && random.IntN(3) > 0 {
		end++
	}
	names := maps.Clone(r.names)
	for _, e := range r.events[:end] {
		switch e.kind {
		case created:
			names[e.name] = e.file
		case renamed:
			names[e.to] = e.file
			delete(names, e.name)
		case removed:
			delete(names, e.name)
		case written, truncated, synced, folderSynced:
		}
	}
	return names
}

// namesSynced returns up to which event changes to names are on the disk. To sync a new file is to sync its name.
func (r *Recording) namesSynced(n int) int {
	safe, fresh := 0, map[int]bool{}
	for i, e := range r.events[:n] {
		switch {
		case e.kind == created:
			fresh[e.file] = true
		case e.kind == folderSynced, e.kind == synced && fresh[e.file]:
			safe = i
			clear(fresh)
		}
	}
	return safe
}
