package centraltest

import (
	"testing"

	"zoucun/form"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// tablet is a real store with keys, enrolled with a real Central.
type tablet struct {
	t     *testing.T
	c     *central.Central
	dir   string
	keys  *store.Keys
	store *store.Store
	scope survey.ScopeID
}

// newTablet enrols a store for a person of the register.
func newTablet(t *testing.T, c *central.Central, person survey.PersonID) *tablet {
	t.Helper()
	b := &tablet{t: t, c: c, dir: t.TempDir(), scope: village()}
	var err error
	if b.keys, err = store.OpenKeys(b.dir, store.KeyOptions{Cost: seal.Cost{Passes: 1, MiB: 1, Threads: 1}}); err != nil {
		t.Fatal(err)
	}
	b.open()
	typed, err := c.NewCode(t.Context(), person, []survey.ScopeID{b.scope}, []survey.Role{survey.RoleCadre}, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	code, err := wire.ParseCode(typed)
	if err != nil {
		t.Fatal(err)
	}
	id, keys, err := b.store.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := wire.Enrol{Device: id, SignKey: keys.SignPublic(), SealKey: keys.SealPublic(), CodeID: code.ID(), Challenge: []byte("c")}
	ask.Proof = ask.DeviceProof(code.Key(), Pin)
	answer, err := c.Enrol(t.Context(), ask, Pin)
	if err != nil {
		t.Fatal(err)
	}
	e := survey.Enrolment{Server: "https://127.0.0.1:1", Pin: Pin, ServerKey: answer.ServerKey, Epoch: answer.Epoch}
	b.must(b.store.Enrol(t.Context(), e, answer.Grant))
	return b
}

func (b *tablet) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tablet) open() {
	b.t.Helper()
	var err error
	b.store, err = store.Open(b.t.Context(), b.dir, store.Options{Clock: NewClock().Now, Keyring: b.keys})
	b.must(err)
}

// handTo locks the tablet and has somebody else unlock it.
func (b *tablet) handTo(person survey.PersonID, pin string) {
	b.t.Helper()
	b.must(b.store.Close())
	b.keys.Lock()
	b.must(b.keys.Unlock(b.t.Context(), person, pin))
	b.open()
}

// visit finishes a visit in a person's name, with a household that is new.
func (b *tablet) visit(author survey.PersonID) {
	b.t.Helper()
	d := survey.Draft{ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1", Scope: b.scope, Author: author}
	b.must(b.store.BeginDraft(b.t.Context(), d, nil))
	b.must(b.store.FinishVisit(b.t.Context(), d, form.Submission{
		Fields: survey.Fields{"visit/visit_result": "talked"},
		Entities: []form.EntityChange{{
			Dataset: string(survey.TypeHousehold), ID: survey.NewID[survey.RecordID]().String(), Label: "张三", Create: true,
		}},
	}))
}

// push hands everything over and returns what was kept apart.
func (b *tablet) push() []wire.Reject {
	b.t.Helper()
	var rejects []wire.Reject
	for {
		push, ok, err := b.store.NextPush(b.t.Context(), wire.MaxEntries, 1<<20)
		b.must(err)
		if !ok {
			return rejects
		}
		receipt, err := b.c.Receive(b.t.Context(), push)
		b.must(err)
		b.must(b.store.Receive(b.t.Context(), receipt))
		rejects = append(rejects, receipt.Rejects...)
	}
}

// TestTwoPeopleOneTablet hands a tablet to a second person without an administrator: nothing either writes is kept
// apart, and each sees their own.
func TestTwoPeopleOneTablet(t *testing.T) {
	c := Open(t, t.TempDir()+"/central.db", NewClock().Now)
	first, second := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	var staff []central.Write
	for _, person := range []survey.PersonID{first, second} {
		staff = append(staff, central.Write{
			Record: survey.RecordID(person), Type: survey.TypeStaff, Scope: survey.RegisterScope(County),
			Fields: survey.Fields{survey.StaffName: "李"},
		})
	}
	if _, err := c.Write(t.Context(), survey.PersonID{}, staff); err != nil {
		t.Fatal(err)
	}
	b := newTablet(t, c, first)
	b.must(b.keys.AddPerson(t.Context(), first, "甲", "first846021"))
	b.handTo(first, "first846021")
	b.visit(first)
	b.must(b.store.AdmitUser(t.Context(), second))
	b.must(b.store.AdmitUser(t.Context(), second)) // again changes nothing
	b.must(b.keys.AddPerson(t.Context(), second, "乙", "second772910"))
	b.handTo(second, "second772910")
	b.visit(second)
	b.visit(second)
	if n, err := b.store.Unsigned(t.Context()); err != nil || n != 7 {
		t.Errorf("%d entries in the log, %v; want three visits with a household each and one user record", n, err)
	}
	if rejects := b.push(); len(rejects) > 0 {
		t.Errorf("kept apart: %+v", rejects)
	}
	if own, err := b.store.Delivered(t.Context(), 1); err != nil || len(own) != 1 || own[0].Author != second {
		t.Errorf("the second's last visit: %+v, %v", own, err)
	}
	if own, err := b.store.Delivered(t.Context(), 0); err != nil || len(own) != 2 {
		t.Errorf("the second's visits: %+v, %v", own, err)
	}
	b.handTo(first, "first846021")
	if own, err := b.store.Delivered(t.Context(), 10); err != nil || len(own) != 1 || own[0].Author != first {
		t.Errorf("the first's visits: %+v, %v", own, err)
	}
	b.must(b.store.Close())
}
