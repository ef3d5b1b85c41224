package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"zoucun/internal/disk"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// maxTries is how many wrong PINs in a row destroy what the PIN opens.
const maxTries = 10

// DeviceKey is a secret that the platform keeps for this device and gives out to no copy of the folder.
type DeviceKey interface {
	// Secret returns the secret, which it makes where there is none yet and create is true. It is an error of kind
	// Unavailable where the platform has no place for secrets.
	Secret(ctx context.Context, create bool) ([]byte, error)
}

// KeyOptions say how keys are kept.
type KeyOptions struct {
	Device   DeviceKey // nil binds nothing to the device
	Cost     seal.Cost // of trying a PIN; zero is [seal.DefaultCost]
	Recovery []string  // who can open what no PIN opens any more, in age's notation: the township, the county
	Disk     Disk      // nil is the system's own
}

// Keys are the keys of a folder, which several people may share, each with a PIN: the data key, and for each person a
// key of their own under which their drafts lie.
//
// While nobody has a PIN the data key lies in a file and the keys are never locked. When the first person is given one,
// the file goes. Locking a device is to close its store and to call Lock: then no key is in memory.
type Keys struct {
	dir string
	o   KeyOptions

	mu    sync.Mutex
	slots []personSlot
	now   *unlocked // nil while locked
}

// personSlot is what is kept for one person. Everything in it but the wrapped secrets is in clear.
type personSlot struct {
	Person   survey.PersonID `cbor:"1,keyasint"`
	Label    string          `cbor:"2,keyasint"` // what the lock screen shows; the person's own choice
	Tries    int             `cbor:"3,keyasint"` // wrong PINs since the last right one
	Slot     seal.Slot       `cbor:"4,keyasint"`
	Recovery [][]byte        `cbor:"5,keyasint"`
	For      []string        `cbor:"6,keyasint,omitempty"` // whom Recovery is wrapped for
	Device   []byte          `cbor:"7,keyasint,omitempty"` // which device's key the slot is bound to
}

// unlocked is what a slot holds: the data key and the person's own.
type unlocked struct {
	person    survey.PersonID
	data, own seal.Key
}

func (u unlocked) bytes() []byte { return slices.Concat(u.data[:], u.own[:]) }

func parseUnlocked(person survey.PersonID, raw []byte) (*unlocked, error) {
	u := unlocked{person: person}
	if len(raw) != len(u.data)+len(u.own) {
		return nil, damaged("store.Keys", "person "+person.String(), fmt.Errorf("secret of %d bytes", len(raw)))
	}
	copy(u.data[:], raw)
	copy(u.own[:], raw[len(u.data):])
	return &u, nil
}

// keyFile is the file of slots.
type keyFile struct {
	Version  int          `cbor:"1,keyasint"`
	Slots    []personSlot `cbor:"2,keyasint"`
	Recovery []string     `cbor:"3,keyasint,omitempty"` // whom every slot is to be wrapped for
}

const keyFileVersion = 1

// OpenKeys reads the keys of a folder.
func OpenKeys(dir string, o KeyOptions) (*Keys, error) {
	if o.Disk == nil {
		o.Disk = disk.System{}
	}
	if o.Cost == (seal.Cost{}) {
		o.Cost = seal.DefaultCost
	}
	k := &Keys{dir: dir, o: o}
	raw, err := os.ReadFile(k.slotFile())
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fileError("store.OpenKeys", err)
	}
	var file keyFile
	if err := decode(raw, &file); err != nil || file.Version != keyFileVersion || len(file.Slots) == 0 {
		return nil, &survey.Error{Kind: survey.Damaged, Op: "store.OpenKeys", Message: messageNoKey, Err: err}
	}
	k.slots = file.Slots
	if file.Recovery != nil {
		k.o.Recovery = file.Recovery
	}
	return k, k.removePlain()
}

func (k *Keys) slotFile() string  { return filepath.Join(k.dir, "zoucun.slots") }
func (k *Keys) plainFile() string { return filepath.Join(k.dir, "zoucun.key") }

// removePlain takes away the data key in clear, once every person's slot holds it.
func (k *Keys) removePlain() error {
	err := k.o.Disk.Remove(k.plainFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, k.o.Disk.SyncFolder(k.dir))
}

func (k *Keys) save() error {
	raw, err := wire.Encode(keyFile{Version: keyFileVersion, Slots: k.slots, Recovery: k.o.Recovery})
	if err != nil {
		return err
	}
	return writeDurably(k.o.Disk, k.slotFile(), raw)
}

// People returns who may unlock the device, by label. It is empty while nobody has a PIN.
func (k *Keys) People() []survey.User {
	k.mu.Lock()
	defer k.mu.Unlock()
	var people []survey.User
	for _, slot := range k.slots {
		people = append(people, survey.User{
			ID: slot.Person, Label: slot.Label, TriesLeft: slot.triesLeft(),
			Words: !slot.Slot.Bound, Recoverable: len(slot.Recovery) > 0,
		})
	}
	slices.SortFunc(people, func(a, b survey.User) int { return cmp.Or(cmp.Compare(a.Label, b.Label), a.ID.Compare(b.ID)) })
	return people
}

func (p personSlot) triesLeft() int {
	if p.Slot.Wrapped == nil {
		return 0
	}
	return max(0, maxTries-p.Tries)
}

// Locked reports whether somebody has to enter a PIN before a store can be opened.
func (k *Keys) Locked() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.slots) > 0 && k.now == nil
}

// Lock forgets the keys. The store is to be closed before.
func (k *Keys) Lock() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = nil
}

// Person returns who has unlocked the device and their own key, and whether anybody has.
func (k *Keys) Person() (survey.PersonID, seal.Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		return survey.PersonID{}, seal.Key{}, false
	}
	return k.now.person, k.now.own, true
}

// DataKey implements [Keyring].
func (k *Keys) DataKey(ctx context.Context, create bool) (seal.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.now != nil:
		return k.now.data, nil
	case len(k.slots) > 0:
		return seal.Key{}, denied("store.DataKey", "请先选择自己的名字，输入密码。", nil)
	}
	return fileKeyring{k.plainFile(), k.o.Disk}.DataKey(ctx, create)
}

func denied(op, message string, err error) error {
	return &survey.Error{Kind: survey.Denied, Op: op, Message: message, Err: err}
}

func (k *Keys) find(person survey.PersonID) (*personSlot, error) {
	i := slices.IndexFunc(k.slots, func(p personSlot) bool { return p.Person == person })
	if i < 0 {
		return nil, &survey.Error{Kind: survey.NotFound, Op: "store.Keys", Subject: "person " + person.String()}
	}
	return &k.slots[i], nil
}

// Unlock opens the keys with a person's PIN. A wrong one is an error of kind Denied that says how many tries are left;
// the try is counted on disk before the PIN is looked at, and the tenth wrong one in a row destroys what the PIN opens.
// On a device other than the one the PIN was set on it is an error of kind Unavailable, and no try is counted.
func (k *Keys) Unlock(ctx context.Context, person survey.PersonID, pin string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	opened, err := k.try(ctx, person, pin)
	if err != nil {
		return err
	}
	k.now = opened
	_ = k.wrapAnew() // where that fails the old recovery keys still open, and the next unlocking tries again
	return nil
}

func (k *Keys) try(ctx context.Context, person survey.PersonID, pin string) (*unlocked, error) {
	slot, err := k.find(person)
	if err != nil {
		return nil, err
	}
	if slot.triesLeft() == 0 {
		return nil, k.destroy(slot)
	}
	device, err := k.deviceSecret(ctx, slot.Slot.Bound, false)
	if err != nil {
		return nil, err
	}
	if slot.Device != nil && !bytes.Equal(slot.Device, markOf(device)) {
		return nil, elsewhere(nil)
	}
	slot.Tries++
	if err := k.save(); err != nil {
		return nil, fileError("store.Unlock", err)
	}
	secret, err := slot.Slot.Open(pin, device, slotPlace(person))
	if survey.KindOf(err) == survey.Denied {
		if slot.triesLeft() == 0 {
			return nil, k.destroy(slot)
		}
		return nil, denied("store.Unlock", fmt.Sprintf("密码不对，还可以再试 %d 次。", slot.triesLeft()), err)
	}
	if err != nil {
		return nil, opError("store.Unlock", "", err)
	}
	slot.Tries = 0
	if err := k.save(); err != nil {
		return nil, fileError("store.Unlock", err)
	}
	return parseUnlocked(person, secret)
}

// What the person reads when ten wrong PINs have destroyed what the PIN opened.
const (
	messageDestroyed = "密码连续输错 10 次，这把钥匙已经销毁。数据都还在，请联系乡镇管理员用恢复钥匙打开。"
	messageNoWayBack = "密码连续输错 10 次，这把钥匙已经销毁。这台设备还没有收到县里的恢复钥匙，" +
		"本人没送出的内容打不开了，已送达的都在服务器上。请联系乡镇管理员，或请另一位使用人重新添加你。"
)

// destroy takes away what a PIN opens. What the recovery key opens stays.
func (k *Keys) destroy(slot *personSlot) error {
	if slot.Slot.Wrapped != nil {
		slot.Slot.Wrapped = nil
		if err := k.save(); err != nil {
			return fileError("store.Unlock", err)
		}
	}
	if len(slot.Recovery) == 0 {
		return denied("store.Unlock", messageNoWayBack, nil)
	}
	return denied("store.Unlock", messageDestroyed, nil)
}

func slotPlace(person survey.PersonID) seal.Place { return placeOf("slot", person[:]) }

// deviceSecret returns the device's own key where a slot is, or is to be, bound to it.
func (k *Keys) deviceSecret(ctx context.Context, wanted, create bool) ([]byte, error) {
	if !wanted || k.o.Device == nil && create {
		return nil, nil
	}
	if k.o.Device != nil {
		secret, err := k.o.Device.Secret(ctx, create)
		if err == nil || create && survey.KindOf(err) == survey.Unavailable {
			return secret, nil
		}
	}
	return nil, elsewhere(nil)
}

// elsewhere is the error on a device other than the one a PIN was set on.
func elsewhere(err error) error {
	return &survey.Error{
		Kind: survey.Unavailable, Op: "store.Keys", Err: err,
		Message: "这份数据的密码是在另一台设备或另一个账户上设的，在这里打不开，数据没有变动。请回到原来的设备和账户，或联系乡镇管理员用恢复钥匙打开。",
	}
}

// markOf tells one device's key from another's without giving anything of it away.
func markOf(device []byte) []byte {
	if device == nil {
		return nil
	}
	sum := sha256.Sum256(append([]byte("zoucun device mark 1\n"), device...))
	return sum[:8]
}

// NeedsPassphrase reports whether a PIN of digits would be too little here: the platform keeps no key of its own for
// this device, so that whoever copies the folder can try every PIN.
func (k *Keys) NeedsPassphrase(ctx context.Context) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	device, err := k.deviceSecret(ctx, true, true)
	return err == nil && device == nil
}

// AddPerson lets a person unlock the device with a PIN, which is a passphrase where the device has no key of its own.
// The first one may always be added; after that the device must be unlocked. The label is shown on the lock screen to
// whoever holds the device. Whose PIN is destroyed and cannot be recovered may be added again, with another own key.
func (k *Keys) AddPerson(ctx context.Context, person survey.PersonID, label, pin string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slot, err := k.find(person); err == nil && (slot.triesLeft() > 0 || len(slot.Recovery) > 0) {
		return &survey.Error{Kind: survey.Conflicting, Op: "store.AddPerson", Message: "这个人已经有密码了。"}
	}
	u := unlocked{person: person}
	var err error
	switch {
	case k.now != nil:
		u.data = k.now.data
	case len(k.slots) > 0:
		return denied("store.AddPerson", "请先由已有密码的人解锁，再添加。", nil)
	default:
		if u.data, err = (fileKeyring{k.plainFile(), k.o.Disk}).DataKey(ctx, true); err != nil {
			return err
		}
	}
	if u.own, err = seal.NewKey(rand.Reader); err != nil {
		return err
	}
	if err := k.keep(ctx, u, label, pin); err != nil {
		return err
	}
	if k.now == nil {
		k.now = &u
	}
	return k.removePlain()
}

// keep wraps what a person opens under a PIN and for the recovery keys, in place of what was kept for them.
func (k *Keys) keep(ctx context.Context, u unlocked, label, pin string) error {
	device, err := k.deviceSecret(ctx, true, true)
	if err != nil {
		return err
	}
	if err := checkStrength(pin, device); err != nil {
		return err
	}
	slot := personSlot{Person: u.person, Label: label, For: k.o.Recovery, Device: markOf(device)}
	if slot.Slot, err = seal.NewSlot(rand.Reader, pin, device, u.bytes(), k.o.Cost, slotPlace(u.person)); err != nil {
		return err
	}
	if slot.Recovery, err = wrapFor(k.o.Recovery, u); err != nil {
		return err
	}
	before := k.slots
	k.slots = append(slices.DeleteFunc(slices.Clone(k.slots), func(p personSlot) bool { return p.Person == u.person }), slot)
	if err := k.save(); err != nil {
		k.slots = before
		return fileError("store.Keys", err)
	}
	return nil
}

// checkStrength refuses a PIN that protects too little: digits are enough only together with a device's own key.
func checkStrength(pin string, device []byte) error {
	if device == nil {
		return seal.CheckPassphrase(pin)
	}
	return seal.CheckPIN(pin)
}

func wrapFor(recipients []string, u unlocked) ([][]byte, error) {
	var all [][]byte
	for _, recipient := range recipients {
		wrapped, err := seal.WrapFor(recipient, u.bytes())
		if err != nil {
			return nil, err
		}
		all = append(all, wrapped)
	}
	return all, nil
}

// SetRecovery makes other recovery keys, in age's notation, those that open what no PIN opens any more: the keys of
// whoever has unlocked the device are wrapped for them now, everybody else's when they unlock it next. A recipient that
// is none is an error of kind Invalid and changes nothing.
func (k *Keys) SetRecovery(recipients []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.slots) > 0 && k.now == nil {
		return denied("store.SetRecovery", "请先解锁，再更换恢复钥匙。", nil)
	}
	recipients = slices.Compact(slices.Sorted(slices.Values(recipients)))
	if _, err := wrapFor(recipients, unlocked{}); err != nil {
		return err
	}
	before := k.o.Recovery
	k.o.Recovery = recipients
	if len(k.slots) == 0 || slices.Equal(before, recipients) {
		return nil // a device on which nobody has a PIN is told again when it starts
	}
	err := k.wrapAnew()
	if err == nil {
		err = fileError("store.SetRecovery", k.save()) // for those who unlock later
	}
	if err != nil {
		k.o.Recovery = before
	}
	return err
}

// wrapAnew wraps the keys of whoever has unlocked the device for the present recovery keys, unless they are already.
func (k *Keys) wrapAnew() error {
	slot, err := k.find(k.now.person)
	if err != nil || slices.Equal(slot.For, k.o.Recovery) {
		return err
	}
	before := *slot
	if slot.Recovery, err = wrapFor(k.o.Recovery, *k.now); err != nil {
		return err
	}
	slot.For = k.o.Recovery
	if err := k.save(); err != nil {
		*slot = before
		return fileError("store.SetRecovery", err)
	}
	return nil
}

// ChangePIN gives a person who knows the old PIN a new one. The old one counts as a try, as in Unlock.
func (k *Keys) ChangePIN(ctx context.Context, person survey.PersonID, old, pin string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	device, err := k.deviceSecret(ctx, true, true)
	if err != nil {
		return err
	}
	if err := checkStrength(pin, device); err != nil {
		return err
	}
	u, err := k.try(ctx, person, old)
	if err != nil {
		return err
	}
	slot, err := k.find(person)
	if err != nil {
		return err
	}
	return k.keep(ctx, *u, slot.Label, pin)
}

// Recover gives a person a new PIN with the recovery key, which the township keeps elsewhere, and unlocks the device.
func (k *Keys) Recover(ctx context.Context, person survey.PersonID, identity, pin string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	slot, err := k.find(person)
	if err != nil {
		return err
	}
	err = denied("store.Recover", "这台设备没有为这把恢复钥匙留过备份。", nil)
	for _, wrapped := range slot.Recovery {
		secret, unwrapErr := seal.Unwrap(identity, wrapped)
		if unwrapErr != nil {
			continue
		}
		u, err := parseUnlocked(person, secret)
		if err != nil {
			return err
		}
		if err := k.keep(ctx, *u, slot.Label, pin); err != nil {
			return err
		}
		k.now = u
		return nil
	}
	return err
}
