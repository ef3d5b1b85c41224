package present

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"zoucun/survey"
)

// keyBoard is a small working set of keys: PINs in memory.
type keyBoard struct {
	people []survey.User
	pins   map[survey.PersonID]string
	words  bool
}

func (k *keyBoard) People() []survey.User                { return k.people }
func (k *keyBoard) NeedsPassphrase(context.Context) bool { return k.words }
func (k *keyBoard) Unlock(_ context.Context, person survey.PersonID, pin string) error {
	if k.pins[person] != pin {
		return &survey.Error{Kind: survey.Denied, Message: "密码不对。"}
	}
	return nil
}

func (k *keyBoard) AddPerson(_ context.Context, person survey.PersonID, label, pin string) error {
	k.people = append(k.people, survey.User{ID: person, Label: label, TriesLeft: tries})
	k.pins[person] = pin
	return nil
}

func (k *keyBoard) ChangePIN(ctx context.Context, person survey.PersonID, old, pin string) error {
	if err := k.Unlock(ctx, person, old); err != nil {
		return err
	}
	k.pins[person] = pin
	return nil
}

func (k *keyBoard) Recover(_ context.Context, person survey.PersonID, identity, pin string) error {
	if identity != "AGE-SECRET-KEY-1ABC" {
		return &survey.Error{Kind: survey.Denied, Message: "不是这把。"}
	}
	k.pins[person] = pin
	return nil
}

func TestAPINIsWhatItLooksLike(t *testing.T) {
	board, me := &keyBoard{pins: map[survey.PersonID]string{}}, survey.PersonID{1}
	lock := NewLock(board)
	refused := func(what string, err error) {
		t.Helper()
		if survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("two different PINs", lock.Add(t.Context(), me, "张同志", Secret{"846021", "846022"}))
	refused("no PIN", lock.Add(t.Context(), me, "张同志", Secret{}))
	refused("no name", lock.Add(t.Context(), me, "　", Secret{"846021", "846021"}))
	if err := lock.Add(t.Context(), me, " 张同志 ", Secret{"８４６０２１", "846021 "}); err != nil {
		t.Fatal(err)
	}
	if user, ok := lock.Person(me); !ok || user.Label != "张同志" {
		t.Errorf("the lock screen calls the person %+v", user)
	}
	if err := lock.Unlock(t.Context(), me, "846021"); err != nil {
		t.Errorf("what an input method typed in another width: %v", err)
	}
	refused("a name that is taken", lock.Add(t.Context(), survey.PersonID{2}, "张同志", Secret{"772910", "772910"}))
	refused("nothing typed", lock.Unlock(t.Context(), me, " "))
	refused("change without the old one", lock.Change(t.Context(), me, "", Secret{"772910", "772910"}))
	refused("change to two different ones", lock.Change(t.Context(), me, "846021", Secret{"772910", "772911"}))
	if err := lock.Change(t.Context(), me, "846021", Secret{"772910", "772910"}); err != nil {
		t.Error(err)
	}
	refused("a file that is no key", lock.Recover(t.Context(), me, "hello", Secret{"555777", "555777"}))
	file := "# created: 2026-11-01\r\n# public key: age1xyz\r\nAGE-SECRET-KEY-1abc\r\n"
	if err := lock.Recover(t.Context(), me, file, Secret{"555777", "555777"}); err != nil {
		t.Error(err)
	}
	if err := lock.Unlock(t.Context(), me, "555777"); err != nil {
		t.Error(err)
	}
}

func TestWhatIsSaidOfTries(t *testing.T) {
	for left, want := range map[int]string{10: "", 9: "再试 9 次", 1: "再试 1 次", 0: "重新添加"} {
		if got := TriesLeft(survey.User{TriesLeft: left}); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%d left: %q", left, got)
		}
	}
	if got := TriesLeft(survey.User{Recoverable: true}); !strings.Contains(got, "恢复钥匙打开") {
		t.Errorf("destroyed: %q", got)
	}
}

func TestNewcomersAreThoseWithoutAPIN(t *testing.T) {
	board := &keyBoard{pins: map[survey.PersonID]string{}, people: []survey.User{
		{ID: survey.PersonID{1}, TriesLeft: 3}, {ID: survey.PersonID{2}}, {ID: survey.PersonID{3}, Recoverable: true},
	}}
	var staff []survey.Staff
	for i := range 4 {
		staff = append(staff, survey.Staff{ID: survey.PersonID{byte(i + 1)}, Name: fmt.Sprint("人", i+1)})
	}
	if got := fmt.Sprint(NewLock(board).Newcomers(staff, "")); got != fmt.Sprint([]survey.Staff{staff[1], staff[3]}) {
		t.Errorf("newcomers %v, want one whose PIN is gone for good and one without", got)
	}
	if got := NewLock(board).Newcomers(staff, "4"); len(got) != 1 {
		t.Errorf("narrowed: %v", got)
	}
}

func TestCallNames(t *testing.T) {
	for name, want := range map[string]string{"谢月忠": "谢同志", "欧阳建国": "欧阳同志", "": "使用人", "𠮷田": "𠮷同志"} {
		if got := CallName(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}
