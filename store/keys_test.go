package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// cheap makes trying a PIN quick.
var cheap = seal.Cost{Passes: 1, MiB: 1, Threads: 1}

// pocket is a device key in memory.
type pocket struct{ secret []byte }

// Secret implements [DeviceKey].
func (p *pocket) Secret(_ context.Context, create bool) ([]byte, error) {
	if p.secret == nil && create {
		p.secret = []byte("the secret of this device")
	}
	if p.secret == nil {
		return nil, &survey.Error{Kind: survey.Unavailable}
	}
	return p.secret, nil
}

func openKeys(t *testing.T, dir string, o KeyOptions) *Keys {
	t.Helper()
	o.Cost = cheap
	keys, err := OpenKeys(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

const zhangPIN, liPIN, newPIN = "zhang846021", "春眠不觉晓7处处闻啼鸟", "lu772910"

func TestSeveralPeopleOneTablet(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	zhang, li := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	s := enrolled(t, o, dir)
	early := o.draft(survey.RecordID{})
	early.Author = zhang
	if err := s.BeginDraft(t.Context(), early, []byte("无密码时")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	keys := openKeys(t, dir, KeyOptions{Device: &pocket{}})
	if keys.Locked() || len(keys.People()) != 0 {
		t.Error("locked before anybody has a PIN")
	}
	if err := keys.AddPerson(t.Context(), zhang, "老张", "123456"); survey.KindOf(err) != survey.Invalid {
		t.Errorf("an easy PIN: %v", err)
	}
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.AddPerson(t.Context(), li, "小李", liPIN); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "zoucun.key")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the key in clear is still there")
	}

	// work opens the store as somebody and returns the drafts they see.
	work := func(keys *Keys, as survey.PersonID, pin string, do func(*Store)) []survey.Draft {
		t.Helper()
		if err := keys.Unlock(t.Context(), as, pin); err != nil {
			t.Fatal(err)
		}
		s := openStore(t, dir, Options{Keyring: keys})
		if do != nil {
			do(s)
		}
		drafts := lists(t, s).Drafts
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		keys.Lock()
		return drafts
	}
	d := o.draft(survey.RecordID{})
	drafts := work(keys, zhang, zhangPIN, func(s *Store) {
		if err := errors.Join(s.BeginDraft(t.Context(), d, []byte("张的")), s.SaveChange(t.Context(), d.ID, answer("a", "1"))); err != nil {
			t.Fatal(err)
		}
	})
	if len(drafts) != 2 {
		t.Errorf("the first sees %+v, want the own draft and the early one", drafts)
	}

	keys = openKeys(t, dir, KeyOptions{Device: &pocket{[]byte("the secret of this device")}})
	if _, err := Open(t.Context(), dir, Options{Keyring: keys}); survey.KindOf(err) != survey.Denied || survey.MessageOf(err) == "" {
		t.Errorf("Open while locked = %v", err)
	}
	drafts = work(keys, li, liPIN, func(s *Store) {
		if _, _, _, err := s.LoadDraft(t.Context(), d.ID); survey.KindOf(err) != survey.NotFound {
			t.Errorf("the second loads the first's draft: %v", err)
		}
		if err := s.SaveChange(t.Context(), d.ID, answer("a", "2")); survey.KindOf(err) != survey.NotFound {
			t.Errorf("the second writes into the first's draft: %v", err)
		}
		if err := s.FinishVisit(t.Context(), d, submission()); survey.KindOf(err) != survey.NotFound {
			t.Errorf("the second finishes the first's draft: %v", err)
		}
		if villages := s.Villages(); len(villages) != 1 {
			t.Errorf("the second sees villages %+v", villages)
		}
	})
	if len(drafts) != 0 {
		t.Errorf("the second sees %+v", drafts)
	}
	work(keys, zhang, zhangPIN, func(s *Store) {
		if _, state, journal, err := s.LoadDraft(t.Context(), d.ID); err != nil || string(state) != "张的" || len(journal) != 1 {
			t.Errorf("the first's draft is %q %v, %v", state, journal, err)
		}
	})
	stranger := openKeys(t, dir, KeyOptions{Device: &pocket{[]byte("another device")}})
	if err := stranger.Unlock(t.Context(), zhang, zhangPIN); survey.KindOf(err) != survey.Unavailable || survey.MessageOf(err) == "" || stranger.People()[1].TriesLeft != maxTries {
		t.Errorf("the right PIN on another device: %v, %+v", err, stranger.People())
	}
	bare := openKeys(t, dir, KeyOptions{})
	if err := bare.Unlock(t.Context(), zhang, zhangPIN); survey.KindOf(err) != survey.Unavailable || survey.MessageOf(err) == "" {
		t.Errorf("the right PIN without the device's key: %v", err)
	}
}

func TestTenWrongPINs(t *testing.T) {
	township, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir, zhang := t.TempDir(), survey.NewID[survey.PersonID]()
	o := KeyOptions{Recovery: []string{township.Recipient().String()}}
	keys := openKeys(t, dir, o)
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	before, err := keys.DataKey(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= maxTries; n++ {
		keys = openKeys(t, dir, o) // the count outlives a restart
		err := keys.Unlock(t.Context(), zhang, "000111")
		if survey.KindOf(err) != survey.Denied || survey.MessageOf(err) == "" || !keys.Locked() {
			t.Fatalf("try %d: %v", n, err)
		}
		if left := openKeys(t, dir, o).People()[0].TriesLeft; left != maxTries-n {
			t.Errorf("after %d tries %d are left", n, left)
		}
	}
	if err := keys.Unlock(t.Context(), zhang, zhangPIN); survey.KindOf(err) != survey.Denied || !strings.Contains(survey.MessageOf(err), "恢复") {
		t.Errorf("the right PIN after ten wrong ones: %v (%s)", err, survey.MessageOf(err))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "zoucun.slots"))
	if err != nil || len(keys.slots[0].Slot.Wrapped) != 0 || bytes.Contains(raw, []byte(zhangPIN)) {
		t.Errorf("the wrapped key is still there (%v)", err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Recover(t.Context(), zhang, stranger.String(), newPIN); survey.KindOf(err) != survey.Denied {
		t.Errorf("a stranger recovers: %v", err)
	}
	if err := keys.Recover(t.Context(), zhang, township.String(), newPIN); err != nil {
		t.Fatal(err)
	}
	keys = openKeys(t, dir, o)
	if err := keys.Unlock(t.Context(), zhang, newPIN); err != nil {
		t.Fatal(err)
	}
	if after, err := keys.DataKey(t.Context(), false); err != nil || after != before {
		t.Errorf("another data key after recovery, %v", err)
	}
}

// TestTriesAreCountedBeforeThePIN has a disk refuse to count: then nobody learns whether the PIN was right.
func TestTriesAreCountedBeforeThePIN(t *testing.T) {
	disk, dir, zhang := newCrashDisk(t), t.TempDir(), survey.NewID[survey.PersonID]()
	keys := openKeys(t, dir, KeyOptions{Disk: disk})
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	keys.Lock()
	disk.Fail(crashfs.Fault{At: 1, How: crashfs.Full, Sticky: true})
	if err := keys.Unlock(t.Context(), zhang, zhangPIN); survey.KindOf(err) != survey.Full || !keys.Locked() {
		t.Errorf("Unlock on a full disk = %v, locked %v", err, keys.Locked())
	}
	disk.Fail(crashfs.Fault{})
	if err := keys.Unlock(t.Context(), zhang, zhangPIN); err != nil {
		t.Errorf("Unlock once there is space = %v", err)
	}
}

func TestChangePIN(t *testing.T) {
	dir, zhang := t.TempDir(), survey.NewID[survey.PersonID]()
	keys := openKeys(t, dir, KeyOptions{})
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.ChangePIN(t.Context(), zhang, "000111", newPIN); survey.KindOf(err) != survey.Denied {
		t.Errorf("with a wrong PIN: %v", err)
	}
	if err := keys.ChangePIN(t.Context(), zhang, zhangPIN, newPIN); err != nil {
		t.Fatal(err)
	}
	keys = openKeys(t, dir, KeyOptions{})
	if err := keys.Unlock(t.Context(), zhang, zhangPIN); survey.KindOf(err) != survey.Denied {
		t.Errorf("the old PIN: %v", err)
	}
	if err := keys.Unlock(t.Context(), zhang, newPIN); err != nil {
		t.Errorf("the new PIN: %v", err)
	}
}

// TestPowerCutWhileAddingPeople cuts the power while keys are put under PINs: the data key is always to be had, either
// in clear as before or with the PIN.
func TestPowerCutWhileAddingPeople(t *testing.T) {
	w := &workshop{t: t, disk: newCrashDisk(t), dir: shortTempDir(t)}
	keys := openKeys(t, w.dir, KeyOptions{Disk: w.disk})
	want, err := keys.DataKey(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.disk.Record(w.dir); err != nil {
		t.Fatal(err)
	}
	zhang := survey.NewID[survey.PersonID]()
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	tape := w.disk.Stop()
	for n := range 40 * tape.Len() {
		dir := filepath.Join(shortTempDir(t), "image")
		if err := tape.Image(seeded(n), 1+n%tape.Len(), dir); err != nil {
			t.Fatal(err)
		}
		keys := openKeys(t, dir, KeyOptions{Disk: w.disk})
		if keys.Locked() {
			if err := keys.Unlock(t.Context(), zhang, zhangPIN); err != nil {
				t.Fatalf("after event %d: %v", 1+n%tape.Len(), err)
			}
		}
		if got, err := keys.DataKey(t.Context(), false); err != nil || got != want {
			t.Fatalf("after event %d: another key, %v", 1+n%tape.Len(), err)
		}
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte{0xa2, 1, 1, 2, 0x80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "zoucun.slots"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := OpenKeys(dir, KeyOptions{})
		if err == nil && !keys.Locked() {
			t.Error("unlocked by a strange file")
		}
	})
}
