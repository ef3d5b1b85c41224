package present

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"zoucun/survey"
)

// Keys are what a device is locked with.
type Keys interface {
	// People returns who may unlock the device; nobody while it has no PIN.
	People() []survey.User
	// NeedsPassphrase reports whether a PIN of digits would be too little on this device.
	NeedsPassphrase(ctx context.Context) bool
	// Unlock opens the device; a wrong PIN is an error with a sentence.
	Unlock(ctx context.Context, person survey.PersonID, pin string) error
	// AddPerson lets somebody unlock the device.
	AddPerson(ctx context.Context, person survey.PersonID, label, pin string) error
	ChangePIN(ctx context.Context, person survey.PersonID, old, pin string) error
	// Recover gives somebody a new PIN by a recovery key, and unlocks the device.
	Recover(ctx context.Context, person survey.PersonID, identity, pin string) error
}

// Lock is what a person is asked before the device opens, and what is set about that.
type Lock struct{ keys Keys }

// NewLock returns the presenter.
func NewLock(keys Keys) *Lock { return &Lock{keys} }

// People returns who may unlock the device.
func (l *Lock) People() []survey.User { return l.keys.People() }

// Person returns what is known of one of them.
func (l *Lock) Person(id survey.PersonID) (survey.User, bool) {
	people := l.keys.People()
	i := slices.IndexFunc(people, func(u survey.User) bool { return u.ID == id })
	if i < 0 {
		return survey.User{}, false
	}
	return people[i], true
}

// Unlock opens the device with what was typed.
func (l *Lock) Unlock(ctx context.Context, person survey.PersonID, pin string) error {
	if pin = secret(pin); pin == "" {
		return refuseSecret("请先输入密码。")
	}
	return l.keys.Unlock(ctx, person, pin)
}

// tries is how many wrong PINs destroy what a PIN opens; while that many are left nothing is said of it.
const tries = 10

// TriesLeft says how often a person may still try, and what follows; nothing while no try was wrong.
func TriesLeft(u survey.User) string {
	switch {
	case u.TriesLeft == 0 && u.Recoverable:
		return "密码连续输错 10 次，这把钥匙已经销毁。数据都还在，要用乡镇的恢复钥匙打开。"
	case u.TriesLeft == 0:
		return "密码连续输错 10 次，这把钥匙已经销毁。请联系乡镇管理员，或请另一位使用人解锁后重新添加。"
	case u.TriesLeft < tries:
		return fmt.Sprintf("还可以再试 %d 次。连续错 10 次，钥匙就销毁，只能用乡镇的恢复钥匙打开。", u.TriesLeft)
	}
	return ""
}

// Secret is a PIN being set: typed twice, the second time to be sure of the first.
type Secret struct{ PIN, Again string }

func (s Secret) agreed() (string, error) {
	pin, again := secret(s.PIN), secret(s.Again)
	switch {
	case pin == "":
		return "", refuseSecret("请先输入密码。")
	case pin != again:
		return "", refuseSecret("两次输的不一样，请重新输。")
	}
	return pin, nil
}

// secret is what was typed in the one form an input method may give it in several.
func secret(typed string) string { return norm.NFKC.String(strings.TrimSpace(typed)) }

func refuseSecret(message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: "present.Lock", Message: message}
}

// WhatToSet says what a PIN has to be on this device, and why.
func (l *Lock) WhatToSet(ctx context.Context) (words string, passphrase bool) {
	if l.keys.NeedsPassphrase(ctx) {
		return "这台机器没有保管钥匙的地方，6 位数字太容易被试出来，所以要设一个口令：至少 8 个字，又有字母（或汉字）又有数字。", true
	}
	return "至少 6 位数字，不要用生日、相同或连续的数字。", false
}

// CheckLabel refuses a name for the lock screen that is none, or another person's.
func (l *Lock) CheckLabel(person survey.PersonID, label string) error {
	label = strings.TrimSpace(label)
	switch {
	case label == "":
		return refuseSecret("请填写锁屏上显示的称呼，例如“张同志”。")
	case slices.ContainsFunc(l.keys.People(), func(u survey.User) bool { return u.Label == label && u.ID != person }):
		return refuseSecret("这个称呼已经有人用了，请换一个，免得锁屏上分不清，例如“小" + label + "”。")
	}
	return nil
}

// Add gives a person a PIN on this device, under the name the lock screen shows.
func (l *Lock) Add(ctx context.Context, person survey.PersonID, label string, s Secret) error {
	if err := l.CheckLabel(person, label); err != nil {
		return err
	}
	pin, err := s.agreed()
	if err != nil {
		return err
	}
	return l.keys.AddPerson(ctx, person, strings.TrimSpace(label), pin)
}

// Change gives a person another PIN.
func (l *Lock) Change(ctx context.Context, person survey.PersonID, old string, s Secret) error {
	if old = secret(old); old == "" {
		return refuseSecret("请先输入现在的密码。")
	}
	pin, err := s.agreed()
	if err != nil {
		return err
	}
	return l.keys.ChangePIN(ctx, person, old, pin)
}

// Recover gives a person a new PIN by a recovery key, as its file has it or as it was pasted.
func (l *Lock) Recover(ctx context.Context, person survey.PersonID, pasted string, s Secret) error {
	identity := identityIn(pasted)
	if identity == "" {
		return refuseSecret("这不是恢复钥匙。恢复钥匙是乡镇管理员手里的一个文件，里面有一行以 AGE-SECRET-KEY 开头。")
	}
	pin, err := s.agreed()
	if err != nil {
		return err
	}
	return l.keys.Recover(ctx, person, identity, pin)
}

// identityIn finds the key among the comments of its file.
func identityIn(pasted string) string {
	for word := range strings.FieldsSeq(strings.ToUpper(norm.NFKC.String(pasted))) {
		if strings.HasPrefix(word, "AGE-SECRET-KEY-1") {
			return word
		}
	}
	return ""
}

// CallName is what the lock screen calls a person unless they choose something else: enough to find oneself, too little
// to tell a stranger who it is.
func CallName(name string) string {
	letters := []rune(name)
	switch {
	case len(letters) == 0:
		return "使用人"
	case len(letters) >= 4:
		return string(letters[:2]) + "同志"
	}
	return string(letters[:1]) + "同志"
}

// Newcomers returns who of the register has no PIN on this device yet and fits what is typed.
func (l *Lock) Newcomers(staff []survey.Staff, typed string) []survey.Staff {
	typed = strings.TrimSpace(typed)
	return slices.DeleteFunc(slices.Clone(staff), func(s survey.Staff) bool {
		user, known := l.Person(s.ID)
		return known && (user.TriesLeft > 0 || user.Recoverable) || !strings.Contains(s.Name, typed)
	})
}
