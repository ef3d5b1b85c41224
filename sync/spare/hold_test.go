package spare

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/wire"
)

// desk is a notebook that takes what comes home.
type desk struct{ *notebook }

func (desk) ReceiveCarried(context.Context, wire.Carried) (int64, error) { return 3, nil }

func (desk) KeepBlob(context.Context, io.Reader) (survey.Hash, error) { return survey.Hash{}, nil }

func (desk) Adopt(context.Context, survey.Parcel) (bool, int, error) { return true, 0, nil }

// volumes exports the notebook's work and returns the files, by name.
func volumes(t *testing.T, n *notebook, most int64) map[string][]byte {
	t.Helper()
	folder := t.TempDir()
	if _, err := Export(t.Context(), n, folder, ExportOptions{Clock: n.tell, VolumeBytes: most}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(folder, "*.zcb"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// What tablets bring is kept to the byte, once, in any order; what is missing is named; and it goes on whole.
func TestHeldForTheCounty(t *testing.T) {
	tablet, office := newNotebook(t), desk{newNotebook(t)}
	tablet.finish(t, "路灯坏了")
	for range 4 {
		tablet.file(300 << 10)
	}
	files := volumes(t, tablet, 400<<10)
	if len(files) < 3 {
		t.Fatalf("%d volumes", len(files))
	}
	folder := filepath.Join(t.TempDir(), "held")
	var last survey.TakenIn
	first := true
	for name, data := range files { // in whatever order
		for again := range 2 {
			taken, err := TakeIn(t.Context(), office, folder, bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if taken.Held == nil || taken.Home != nil || taken.Known != (again == 1) {
				t.Errorf("%s: %+v", name, taken)
			}
			if first && again == 0 && len(taken.Held.Missing) != len(files)-1 {
				t.Errorf("missing %v of %d", taken.Held.Missing, len(files))
			}
			first, last = false, taken
		}
	}
	if h := last.Held; len(h.Missing) != 0 || h.Volumes != len(files) || h.Device != tablet.device || h.Stale {
		t.Errorf("%+v", h)
	}
	stick := t.TempDir()
	names, err := CopyOut(folder, stick)
	if err != nil || len(names) != len(files) {
		t.Fatalf("copied %v, %v", names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(stick, name))
		if err != nil || !slices.ContainsFunc(mapValues(files), func(f []byte) bool { return bytes.Equal(f, data) }) {
			t.Errorf("%s is not what came: %v", name, err)
		}
	}
	if k := tablet.open(t, stick); len(k.entries) != 1 || len(k.files) != 4 {
		t.Errorf("the county finds %+v", k)
	}
	if _, err := CopyOut(folder, filepath.Join(stick, "none")); survey.MessageOf(err) == "" {
		t.Errorf("into no folder: %v", err)
	}
	all, err := Held(folder, survey.Epoch{1})
	if err != nil || len(all) != 1 || !all[0].Stale {
		t.Errorf("of another life of the server: %+v, %v", all, err)
	}
	if err := Drop(folder, last.Held.Bundle); err != nil {
		t.Fatal(err)
	}
	if all, err := Held(folder, survey.Epoch{}); err != nil || len(all) != 0 {
		t.Errorf("%+v stay, %v", all, err)
	}
}

func mapValues(m map[string][]byte) (all [][]byte) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// Each thing that is no bundle for this office is named, and nothing of it stays.
func TestNotTakenIn(t *testing.T) {
	tablet, office := newNotebook(t), desk{newNotebook(t)}
	tablet.finish(t, "路灯坏了")
	var whole []byte
	for _, data := range volumes(t, tablet, 0) {
		whole = data
	}
	changed := bytes.Clone(whole)
	changed[len(changed)/2] ^= 1
	for name, c := range map[string]struct {
		file io.Reader
		want error
		says string
	}{
		"a photo":        {strings.NewReader("\xff\xd8\xff\xe0 a photo"), bundle.ErrNone, "不是走村的数据包"},
		"nothing":        {strings.NewReader(""), bundle.ErrIncomplete, "不完整"},
		"half of it":     {bytes.NewReader(whole[:len(whole)/2]), bundle.ErrIncomplete, "不完整"},
		"changed":        {bytes.NewReader(changed), bundle.ErrDamaged, "损坏"},
		"newer":          {bytes.NewReader(append([]byte("zoucun bundle 9\n"), whole[16:]...)), bundle.ErrNewer, "更新的版本"},
		"a pulled stick": {io.MultiReader(bytes.NewReader(whole[:100]), broken{}), nil, "没有收下"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			taken, err := TakeIn(t.Context(), office, folder, c.file)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(survey.MessageOf(err), c.says) {
				t.Errorf("%+v, %v: %s", taken, err, survey.MessageOf(err))
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
				t.Errorf("%v stay, %v", left, err)
			}
		})
	}
	t.Run("another county's", func(t *testing.T) {
		other := elsewhere{desk{newNotebook(t)}}
		folder := t.TempDir()
		if _, err := TakeIn(t.Context(), other, folder, bytes.NewReader(whole)); survey.KindOf(err) != survey.Denied || !strings.Contains(survey.MessageOf(err), "不是本县的") {
			t.Errorf("%v", err)
		}
		if left, _ := os.ReadDir(folder); len(left) != 0 {
			t.Errorf("%v stay", left)
		}
	})
}

// elsewhere is an office of another county.
type elsewhere struct{ desk }

func (elsewhere) Enrolment(context.Context) (survey.Enrolment, bool, error) {
	return survey.Enrolment{Grant: survey.Grant{County: 990002}}, true, nil
}

// broken is a stick that was pulled.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, os.ErrClosed }
