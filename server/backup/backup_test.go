package backup_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/server/backup"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/centraltest"
	"zoucun/survey"
)

// county is a server's folder with a device that has pushed a visit and its photo.
type county struct {
	*central.Central
	clock  *centraltest.Clock
	device *centraltest.Device
	scope  survey.ScopeID
	blobs  *blob.Folder
	data   string
	photo  survey.Hash
}

func newCounty(t *testing.T) *county {
	t.Helper()
	c := &county{clock: centraltest.NewClock(), data: t.TempDir(), scope: survey.NewID[survey.ScopeID]()}
	c.Central = centraltest.Open(t, filepath.Join(c.data, "central.db"), c.clock.Now)
	var err error
	if c.blobs, err = blob.OpenFolder(filepath.Join(c.data, "blobs")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"server.key", "tls.key", "tls.crt"} {
		if err := os.WriteFile(filepath.Join(c.data, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.device = centraltest.Enrolled(t, c.Central, []survey.ScopeID{c.scope}, survey.RoleCadre)
	c.photo = c.visit(t, []byte("照片"), true)
	return c
}

// visit pushes a visit with a photo, which arrives or not.
func (c *county) visit(t *testing.T, photo []byte, arrives bool) survey.Hash {
	t.Helper()
	sum := survey.Hash(sha256.Sum256(photo))
	c.device.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: c.scope},
		survey.Body{Attachments: []survey.Attachment{{Name: "a", SHA256: sum, Size: int64(len(photo)), MIME: "image/jpeg"}}})
	c.device.Send(t, c.Central, uint64(len(c.device.Log)))
	if arrives {
		if _, err := c.blobs.Append(t.Context(), sum, int64(len(photo)), 0, photo); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func (c *county) job(target string) backup.Job {
	return backup.Job{
		Records: c.Central, Data: c.data, Blobs: filepath.Join(c.data, "blobs"), Target: target, SameDisk: true, Clock: c.clock.Now,
	}
}

// durable returns how far the device's log is called durable.
func (c *county) durable(t *testing.T) uint64 {
	t.Helper()
	devices, err := c.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return devices[0].Replicas[0].Durable
}

func TestBackupIsReadBackAndThenDurable(t *testing.T) {
	c, target := newCounty(t), t.TempDir()
	c.visit(t, []byte("还没传完"), false)
	made, err := backup.Run(t.Context(), c.job(target))
	if err != nil || made.Files != 1 || made.Copied != 1 || made.Missing != 1 || made.Logs == 0 {
		t.Fatalf("made %+v, %v", made, err)
	}
	if d := c.durable(t); d != 2 {
		t.Errorf("durable %d, want 2", d)
	}
	if left, _ := filepath.Glob(filepath.Join(target, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(filepath.Join(target, made.Name, "keys")); err == nil {
		t.Error("the keys were copied without being asked for")
	}
	c.clock.Pass(24 * 60 * 60 * 1e9)
	if made, err = backup.Run(t.Context(), c.job(target)); err != nil || made.Copied != 0 || made.Files != 1 {
		t.Errorf("the second time %+v, %v", made, err)
	}
}

// meddled is a database whose copies meet with an accident.
type meddled struct {
	backup.Records

	copied    func(file string) error
	inspected func(file string) error
}

func (m meddled) Copy(ctx context.Context, file string) error {
	err := m.Records.Copy(ctx, file)
	if err == nil && m.copied != nil {
		err = m.copied(file)
	}
	return err
}

func (m meddled) Inspect(ctx context.Context, file string) (survey.Copied, error) {
	held, err := m.Records.Inspect(ctx, file)
	if err == nil && m.inspected != nil {
		err = m.inspected(file)
	}
	return held, err
}

func flip(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i := len(raw) / 2; i < len(raw)/2+4096 && i < len(raw); i++ {
		raw[i] ^= 0xff
	}
	return os.WriteFile(file, raw, 0o600)
}

// Whatever goes wrong on the way, nothing is called durable, and there is a sentence.
func TestNothingIsClaimedOfABackupThatFailed(t *testing.T) {
	full := func(string) error { return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }
	tests := map[string]func(c *county, target string, job *backup.Job){
		"the disk is pulled while the database is read": func(c *county, target string, job *backup.Job) {
			job.Records = meddled{Records: c.Central, copied: func(string) error { return os.RemoveAll(target) }}
		},
		"the disk is pulled before the attachments": func(c *county, target string, job *backup.Job) {
			job.Records = meddled{Records: c.Central, inspected: func(string) error { return os.RemoveAll(target) }}
		},
		"the disk is full": func(c *county, _ string, job *backup.Job) {
			job.Records = meddled{Records: c.Central, copied: full}
		},
		"the database is damaged": func(c *county, _ string, job *backup.Job) {
			job.Records = meddled{Records: c.Central, copied: flip}
		},
		"the disk gives back something else": func(c *county, _ string, job *backup.Job) {
			job.Records = meddled{Records: c.Central, inspected: flip}
		},
		"an attachment is damaged": func(c *county, _ string, _ *backup.Job) {
			_ = flip(filepath.Join(c.data, "blobs", c.photo.String()[:2], c.photo.String()))
		},
		"there is no target":          func(_ *county, target string, job *backup.Job) { job.Target = filepath.Join(target, "x") },
		"the target is no other disk": func(_ *county, _ string, job *backup.Job) { job.SameDisk = false },
		"attachments cannot be written": func(_ *county, target string, _ *backup.Job) {
			_ = os.WriteFile(filepath.Join(target, "blobs"), nil, 0o600)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c, target := newCounty(t), t.TempDir()
			job := c.job(target)
			change(c, target, &job)
			made, err := backup.Run(t.Context(), job)
			if err == nil || survey.MessageOf(err) == "" || survey.KindOf(err) == survey.Internal {
				t.Errorf("made %+v, %v (%s)", made, err, survey.MessageOf(err))
			}
			if d := c.durable(t); d != 0 {
				t.Errorf("durable %d", d)
			}
			if left, _ := filepath.Glob(filepath.Join(c.data, "backup*")); len(left) > 0 {
				t.Errorf("left in the data folder: %v", left)
			}
		})
	}
}

func TestRestoreGivesBackWhatWasCopied(t *testing.T) {
	c, target := newCounty(t), t.TempDir()
	job := c.job(target)
	job.WithKeys = true
	if _, err := backup.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	want := contents(t, c.Central)
	data := filepath.Join(t.TempDir(), "new")
	done, err := backup.Restore(t.Context(), backup.Restoring{From: target, Data: data, Blobs: filepath.Join(data, "blobs")})
	if err != nil || done.Files != 1 || done.Damaged != 0 {
		t.Fatalf("restored %+v, %v", done, err)
	}
	for _, name := range []string{"server.key", "tls.key", "tls.crt"} {
		if raw, err := os.ReadFile(filepath.Join(data, name)); err != nil || string(raw) != name {
			t.Errorf("%s is %q, %v", name, raw, err)
		}
	}
	again := centraltest.Open(t, filepath.Join(data, "central.db"), c.clock.Now)
	if diff := cmp.Diff(want, contents(t, again)); diff != "" {
		t.Errorf("(-copied +restored):\n%s", diff)
	}
	restored, err := blob.OpenFolder(filepath.Join(data, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	bytes := make([]byte, 6)
	if _, err := restored.Read(t.Context(), c.photo, 0, bytes); err != nil || string(bytes) != "照片" {
		t.Errorf("the photo is %q, %v", bytes, err)
	}
	_, err = backup.Restore(t.Context(), backup.Restoring{From: target, Data: data, Blobs: filepath.Join(data, "blobs")})
	if survey.KindOf(err) != survey.Conflicting {
		t.Errorf("restored over a database: %v", err)
	}
}

func contents(t *testing.T, c *central.Central) map[survey.ReplicaID]uint64 {
	t.Helper()
	marks, err := c.Watermarks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(marks)
}

func TestRestoreRefuses(t *testing.T) {
	c, target := newCounty(t), t.TempDir()
	made, err := backup.Run(t.Context(), c.job(target))
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() backup.Restoring {
		data := filepath.Join(t.TempDir(), "new")
		return backup.Restoring{From: target, Data: data, Blobs: filepath.Join(data, "blobs")}
	}
	refused := func(name string, r backup.Restoring, kind survey.Kind) {
		t.Helper()
		if _, err := backup.Restore(t.Context(), r); survey.KindOf(err) != kind || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, survey.MessageOf(err))
		}
		if _, err := os.Stat(filepath.Join(r.Data, "central.db")); err == nil {
			t.Errorf("%s: there is a database all the same", name)
		}
	}
	empty := fresh()
	empty.From = t.TempDir()
	refused("no backup", empty, survey.NotFound)
	refused("no keys", fresh(), survey.NotFound)
	pg := fresh()
	pg.Load = func(context.Context, string) error { return errors.New("not asked") }
	refused("another kind of database", pg, survey.Invalid)
	r := fresh()
	r.NewKeys = true
	if err := flip(filepath.Join(target, made.Name, "central.db")); err != nil {
		t.Fatal(err)
	}
	refused("a damaged copy", r, survey.Damaged)
}

// A restore that was broken off is begun again; an attachment that is not what it says is left out and counted.
func TestRestoreAgainAfterItWasBrokenOff(t *testing.T) {
	c, target := newCounty(t), t.TempDir()
	bad := c.visit(t, []byte("坏了的"), true)
	if _, err := backup.Run(t.Context(), c.job(target)); err != nil {
		t.Fatal(err)
	}
	if err := flip(filepath.Join(target, "blobs", bad.String()[:2], bad.String())); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "new")
	r := backup.Restoring{From: target, Data: data, Blobs: filepath.Join(data, "blobs"), NewKeys: true}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := backup.Restore(ended, r); err == nil {
		t.Fatal("a cancelled restore succeeded")
	}
	if done, err := backup.Restore(t.Context(), r); err != nil || done.Files != 1 || done.Damaged != 1 {
		t.Errorf("restored %+v, %v", done, err)
	}
}

func TestOldBackupsGo(t *testing.T) {
	c, target := newCounty(t), t.TempDir()
	job := c.job(target)
	job.Keep = 2
	for range 4 {
		c.clock.Pass(1e9)
		if _, err := backup.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(target, "*Z")); len(left) != 2 {
		t.Errorf("%d backups are kept, want 2", len(left))
	}
}
