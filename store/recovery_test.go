package store

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
)

func recipient(t *testing.T) (identity, to string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key.String(), key.Recipient().String()
}

// TestRecoveryKeysCanBeReplaced has the county send another list: who has unlocked the device is wrapped for it at once,
// everybody else when they unlock it next.
func TestRecoveryKeysCanBeReplaced(t *testing.T) {
	dir, zhang, li := t.TempDir(), survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	oldKey, oldTo := recipient(t)
	newKey, newTo := recipient(t)
	keys := openKeys(t, dir, KeyOptions{})
	if err := keys.SetRecovery([]string{oldTo}); err != nil {
		t.Fatal(err) // nobody has a PIN yet: the first will be wrapped for it
	}
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.AddPerson(t.Context(), li, "小李", liPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.SetRecovery([]string{newTo, newTo}); err != nil {
		t.Fatal(err)
	}
	keys = openKeys(t, dir, KeyOptions{})
	if err := keys.SetRecovery([]string{oldTo}); survey.KindOf(err) != survey.Denied {
		t.Errorf("SetRecovery while locked = %v", err)
	}
	opens := func(who survey.PersonID, identity string, want bool) {
		t.Helper()
		k := openKeys(t, t.TempDir(), KeyOptions{})
		k.slots = slices.Clone(keys.slots) // on a copy: recovering sets another PIN
		if err := k.Recover(t.Context(), who, identity, newPIN); (err == nil) != want {
			t.Errorf("Recover = %v, want %v", err, want)
		}
	}
	opens(zhang, newKey, true)
	opens(zhang, oldKey, false)
	opens(li, newKey, false)
	opens(li, oldKey, true)
	if err := keys.Unlock(t.Context(), li, liPIN); err != nil {
		t.Fatal(err)
	}
	opens(li, newKey, true)
	opens(li, oldKey, false)

	if err := keys.SetRecovery([]string{newTo, "age1nonsense"}); survey.KindOf(err) != survey.Invalid {
		t.Errorf("a recipient that is none: %v", err)
	}
	if err := keys.SetRecovery(nil); err != nil {
		t.Fatal(err)
	}
	opens(li, newKey, false)
	opens(zhang, newKey, true)
}

func TestRecoveryThatCannotBeKeptChangesNothing(t *testing.T) {
	disk, dir, zhang := newCrashDisk(t), t.TempDir(), survey.NewID[survey.PersonID]()
	key, to := recipient(t)
	keys := openKeys(t, dir, KeyOptions{Disk: disk, Recovery: []string{to}})
	if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
		t.Fatal(err)
	}
	_, other := recipient(t)
	disk.Fail(crashfs.Fault{At: 1, How: crashfs.Full, Sticky: true})
	if err := keys.SetRecovery([]string{other}); survey.KindOf(err) != survey.Full {
		t.Errorf("SetRecovery on a full disk = %v", err)
	}
	disk.Fail(crashfs.Fault{})
	keys = openKeys(t, dir, KeyOptions{Disk: disk})
	if err := keys.Unlock(t.Context(), zhang, zhangPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.Recover(t.Context(), zhang, key, newPIN); err != nil {
		t.Errorf("the old key does not open any more: %v", err)
	}
}

// TestWithoutRecoveryTenWrongPINsAreFinal says so, and lets another person begin anew with the one who lost the PIN.
func TestWithoutRecoveryTenWrongPINsAreFinal(t *testing.T) {
	dir, zhang, li := t.TempDir(), survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	keys := openKeys(t, dir, KeyOptions{})
	for person, pin := range map[survey.PersonID]string{zhang: zhangPIN, li: liPIN} {
		if err := keys.AddPerson(t.Context(), person, "某人", pin); err != nil {
			t.Fatal(err)
		}
	}
	keys.Lock()
	var err error
	for range maxTries {
		err = keys.Unlock(t.Context(), zhang, "000111")
	}
	if said := survey.MessageOf(err); strings.Contains(said, "数据都还在") || !strings.Contains(said, "还没有收到县里的恢复钥匙") {
		t.Errorf("it is said: %s", said)
	}
	if err := keys.AddPerson(t.Context(), zhang, "老张", newPIN); survey.KindOf(err) != survey.Denied {
		t.Errorf("added while locked: %v", err)
	}
	if err := keys.Unlock(t.Context(), li, liPIN); err != nil {
		t.Fatal(err)
	}
	before, _ := keys.DataKey(t.Context(), false)
	if err := keys.AddPerson(t.Context(), zhang, "老张", newPIN); err != nil {
		t.Fatal(err)
	}
	keys = openKeys(t, dir, KeyOptions{})
	if err := keys.Unlock(t.Context(), zhang, newPIN); err != nil || len(keys.People()) != 2 {
		t.Errorf("%v, %+v", err, keys.People())
	}
	if after, err := keys.DataKey(t.Context(), false); err != nil || after != before {
		t.Errorf("another data key, %v", err)
	}
}

// TestDigitsNeedADeviceKey asks for a passphrase where nothing else protects a copied folder.
func TestDigitsNeedADeviceKey(t *testing.T) {
	zhang := survey.NewID[survey.PersonID]()
	for name, test := range map[string]struct {
		device DeviceKey
		words  bool
	}{
		"a device with a key":                    {&pocket{}, false},
		"a platform without a place for secrets": {nowhere{}, true},
		"no platform at all":                     {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			keys := openKeys(t, t.TempDir(), KeyOptions{Device: test.device})
			if got := keys.NeedsPassphrase(t.Context()); got != test.words {
				t.Errorf("NeedsPassphrase = %v", got)
			}
			err := keys.AddPerson(t.Context(), zhang, "老张", "846021")
			if refused := survey.KindOf(err) == survey.Invalid && survey.MessageOf(err) != ""; refused != test.words {
				t.Errorf("six digits: %v", err)
			}
			for _, weak := range []string{"abcdefgh", "2026", "ab12", "12345678"} {
				if err := keys.AddPerson(t.Context(), survey.NewID[survey.PersonID](), "某人", weak); test.words && survey.KindOf(err) != survey.Invalid {
					t.Errorf("%q: %v", weak, err)
				}
			}
			if err := keys.AddPerson(t.Context(), survey.NewID[survey.PersonID](), "小李", liPIN); err != nil {
				t.Errorf("a passphrase: %v", err)
			}
			if user := keys.People(); len(user) == 0 || user[0].Words != test.words {
				t.Errorf("people %+v", user)
			}
		})
	}
}

// nowhere is a platform that keeps no secrets.
type nowhere struct{}

// Secret implements [DeviceKey].
func (nowhere) Secret(context.Context, bool) ([]byte, error) {
	return nil, &survey.Error{Kind: survey.Unavailable, Op: "nowhere"}
}

func TestWithoutASecretServiceTheKeyringIsQuiet(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone may have no place for secrets")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/nothing")
	key := SystemDeviceKey(t.TempDir())
	for _, create := range []bool{true, false} {
		if _, err := key.Secret(t.Context(), create); survey.KindOf(err) != survey.Unavailable {
			t.Errorf("Secret(create %v) = %v", create, err)
		}
	}
	if keys := openKeys(t, t.TempDir(), KeyOptions{Device: key}); !keys.NeedsPassphrase(t.Context()) {
		t.Error("digits would do")
	}
}

func TestUsersAreAdmittedOnce(t *testing.T) {
	o := newOffice(t)
	s := openStore(t, t.TempDir(), Options{})
	colleague := survey.NewID[survey.PersonID]()
	if err := s.AdmitUser(t.Context(), colleague); survey.KindOf(err) != survey.NotFound {
		t.Errorf("before enrolment: %v", err)
	}
	dir := t.TempDir()
	s = enrolled(t, o, dir)
	self, _, err := s.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, person := range []survey.PersonID{self.Grant.Person, colleague, colleague} {
		if err := s.AdmitUser(t.Context(), person); err != nil {
			t.Fatal(err)
		}
	}
	push, ok, err := s.NextPush(t.Context(), 10, 1<<20)
	if err != nil || !ok || len(push.Segments[0].Entries) != 1 {
		t.Fatalf("push %+v, %v", push, err)
	}
	h := push.Segments[0].Entries[0].Revision.Header
	want := survey.UserRecord(survey.RegisterScope(self.Grant.County), self.Grant.Device, colleague)
	if h.Record != want || h.Type != survey.TypeUser || h.Author != self.Grant.Person {
		t.Errorf("header %+v", h)
	}
}

// TestAnyClockWillDo keeps, finishes and unlocks whatever year the device believes it is.
func TestAnyClockWillDo(t *testing.T) {
	for _, year := range []int{1960, 1970, 2040} {
		o, dir, zhang := newOffice(t), t.TempDir(), survey.NewID[survey.PersonID]()
		s := enrolled(t, o, dir)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		keys := openKeys(t, dir, KeyOptions{})
		if err := keys.AddPerson(t.Context(), zhang, "老张", zhangPIN); err != nil {
			t.Fatal(err)
		}
		keys.Lock()
		if err := keys.Unlock(t.Context(), zhang, zhangPIN); err != nil {
			t.Fatalf("in %d: %v", year, err)
		}
		s = openStore(t, dir, Options{Keyring: keys, Clock: (&clock{now: time.Date(year, 1, 1, 0, 0, 1, 0, time.UTC)}).tell})
		d := o.draft(survey.RecordID{})
		d.Author = zhang
		err := errors.Join(s.BeginDraft(t.Context(), d, nil), s.SaveChange(t.Context(), d.ID, answer("a", "1")),
			s.SaveState(t.Context(), d, []byte("1")), s.SaveChange(t.Context(), d.ID, answer("a", "2")))
		if _, undoErr := s.Undo(t.Context(), d.ID); errors.Join(err, undoErr) != nil {
			t.Fatalf("in %d: %v", year, errors.Join(err, undoErr))
		}
		if got := journalOf(t, s, d.ID); got != "1" {
			t.Errorf("in %d the draft is %s", year, got)
		}
		if err := s.FinishVisit(t.Context(), d, submission()); err != nil {
			t.Errorf("in %d: %v", year, err)
		}
		if own, err := s.Waiting(t.Context()); err != nil || len(own) != 1 {
			t.Errorf("in %d: %+v, %v", year, own, err)
		}
	}
}
