package relay_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zoucun/server"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// Whoever finds the laptop's disk and not the key reads nothing that a person said, nor the key by which the county knows the
// relay; and with another key nothing is opened, made anew or put aside.
func TestFolderIsSealed(t *testing.T) {
	c, p, tab := setting(t)
	photo := bytes.Repeat([]byte("一张照片"), 50<<10)
	c.aside(func() {
		tab.finish(t, photo)
		tab.run(t)
		tab.eventually(t, "at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 1 })
		files := must(tab.UnheldBlobs(t.Context()))
		for held := int64(0); held < files[0].Size; time.Sleep(10 * time.Millisecond) {
			tab.agent.Wake()
			held = must(p.files.Held(t.Context(), files[0].SHA256, files[0].Size))
		}
	})
	for word, inClear := range map[string]int{"张三": 0, "路不好走": 0, "测试员": 0, "青田乡": 0, "一张照片": 0, string(p.folder.Key.Seed()): 0} {
		if n := occurrences(t, p.folder.Path, word); n != inClear {
			t.Errorf("%q stands %d times in the folder", word, n)
		}
	}
	before := listing(t, p.folder.Path)
	other := must(seal.NewBox(must(seal.NewKey(rand.Reader)), 0))
	if _, err := server.OpenSealedFolder(p.folder.Path, time.Now(), other); survey.KindOf(err) != survey.Damaged {
		t.Errorf("with another key: %v", err)
	}
	if _, err := relay.Open(relay.Options{Folder: p.folder.Path, Key: p.folder.Key, Box: other, Blobs: p.files, Clock: time.Now}); survey.KindOf(err) != survey.Damaged {
		t.Errorf("the relay with another key: %v", err)
	}
	if after := listing(t, p.folder.Path); after != before {
		t.Errorf("the folder was %s and is %s", before, after)
	}
	p.round(t)
	if n := len(c.visits(t)); n != 1 {
		t.Errorf("%d visits at the county", n)
	}
}

func occurrences(t *testing.T, folder, word string) (n int) {
	t.Helper()
	each(t, folder, func(path string) { n += bytes.Count(must(os.ReadFile(path)), []byte(word)) })
	return n
}

func listing(t *testing.T, folder string) (text string) {
	t.Helper()
	each(t, folder, func(path string) { text += path + "\n" })
	return text
}

func each(t *testing.T, folder string, use func(path string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			use(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A key that lay in clear is sealed and goes; a power cut in between costs nothing.
func TestKeyInClearIsSealed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "relay")
	box := must(seal.NewBox(must(seal.NewKey(rand.Reader)), 0))
	plain := must(server.OpenFolder(folder, time.Now()))
	name := filepath.Join(folder, "server.key")
	text := must(os.ReadFile(name))
	for range 2 {
		if sealed := must(server.OpenSealedFolder(folder, time.Now(), box)); !sealed.Key.Equal(plain.Key) || sealed.Pin != plain.Pin {
			t.Error("another key or certificate")
		}
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Error("the key still lies in clear")
		}
		if err := os.WriteFile(name, text, 0o600); err != nil { // as if the power had gone before it was removed
			t.Fatal(err)
		}
	}
	if !server.KeyIsSealed(folder) {
		t.Error("it does not say that it is sealed")
	}
}

// Files are kept as server/blob keeps them: any pieces in order make the whole, nothing else does, and what rots is fetched
// again.
func TestSealedFiles(t *testing.T) {
	dir := t.TempDir()
	box := must(seal.NewBox(must(seal.NewKey(rand.Reader)), 0))
	f := must(relay.OpenFiles(dir, box))
	data := make([]byte, 300<<10)
	_, _ = rand.Read(data)
	name, size := survey.Hash(sha256.Sum256(data)), int64(len(data))
	add := func(at, end int64) (int64, error) { return f.Append(t.Context(), name, size, at, data[at:end]) }
	want := func(what string, got int64, err error, held int64, kind survey.Kind) {
		t.Helper()
		if got != held || (err != nil) != (kind != survey.Internal) || err != nil && survey.KindOf(err) != kind {
			t.Errorf("%s: %d, %v; want %d", what, got, err, held)
		}
	}
	held, err := add(0, 1000)
	want("first", held, err, 1000, survey.Internal)
	held, err = add(2000, 3000)
	want("behind a gap", held, err, 1000, survey.Conflicting)
	held, err = add(0, 500)
	want("again", held, err, 1000, survey.Internal)
	held, err = add(500, 200_000)
	want("overlapping", held, err, 200_000, survey.Internal)
	if _, err := f.Read(t.Context(), name, 0, make([]byte, 10)); survey.KindOf(err) != survey.NotFound {
		t.Errorf("read before it is whole: %v", err)
	}
	f = must(relay.OpenFiles(dir, box)) // killed and started again
	held, err = f.Held(t.Context(), name, size)
	want("after a restart", held, err, 200_000, survey.Internal)
	held, err = add(200_000, size)
	want("last", held, err, size, survey.Internal)
	for _, at := range []int64{0, 999, 1000, 199_999, size - 5, size} {
		into := make([]byte, 4000)
		n, err := f.Read(t.Context(), name, at, into)
		if err != nil || !bytes.Equal(into[:n], data[at:min(size, at+4000)]) {
			t.Errorf("read at %d: %d bytes, %v", at, n, err)
		}
	}

	if err := os.Remove(filepath.Join(dir, name.String(), "whole")); err != nil { // the power went before the last step
		t.Fatal(err)
	}
	held, err = f.Held(t.Context(), name, size)
	want("unfinished", held, err, 0, survey.Internal)
	held, err = add(0, 1000)
	want("looked at again", held, err, size, survey.Internal)

	pieces := must(filepath.Glob(filepath.Join(dir, name.String(), "*-*")))
	raw := must(os.ReadFile(pieces[1]))
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(pieces[1], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(t.Context(), name, 0, make([]byte, size)); survey.KindOf(err) != survey.Damaged {
		t.Errorf("rotten: %v", err)
	}
	held, err = f.Held(t.Context(), name, size)
	want("after it rotted", held, err, 0, survey.Internal)
	wrong := bytes.Clone(data)
	wrong[5] ^= 1
	held, err = f.Append(t.Context(), name, size, 0, wrong)
	want("other bytes", held, err, 0, survey.Damaged)
	held, err = add(0, size)
	want("all at once", held, err, size, survey.Internal)
	if err := f.Remove(t.Context(), name); err != nil || occurrences(t, dir, "") != 0 {
		t.Errorf("removed: %v", err)
	}
}
