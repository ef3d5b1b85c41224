package centraltest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Backend makes empty databases of one kind.
type Backend func(tb testing.TB) (dsn string)

// Run holds central to its promises on a kind of database.
func Run(t *testing.T, fresh Backend) {
	t.Helper()
	s := suite{fresh}
	t.Run("a push is stored once however often it comes", s.duplicates)
	t.Run("any cut and order of segments ends with the same log", s.shuffles)
	t.Run("a gap is answered with where to go on", s.gap)
	t.Run("a log that parts is a fork and changes nothing", s.fork)
	t.Run("an older nonce is a copied database", s.nonce)
	t.Run("what was logged under a new replica is recognised", s.relog)
	t.Run("carried segments count like pushed ones and touch no nonce", s.carried)
	t.Run("a forged or foreign segment is refused whole", s.forged)
	t.Run("what the grant does not allow is kept apart", s.rejects)
	t.Run("an envelope is taken without a name and never changed", s.envelopes)
	t.Run("a second person of a device is taken once a user record says so", s.users)
	t.Run("a revoked device still delivers but reads nothing", s.revoked)
	t.Run("a withdrawn scope is named", s.regrant)
	t.Run("a grant is renewed while the device calls", s.renewal)
	t.Run("a code enrols one device", s.enrol)
	t.Run("wrong proofs lock a code", s.lockout)
	t.Run("the server writes only what changes", s.write)
	t.Run("edits made apart meet in the record", s.conflict)
	t.Run("a moved record leaves its old feed", s.move)
	t.Run("a page keeps to the bytes asked for", s.pages)
	t.Run("pages are signed for whoever hands them down", s.handedDown)
	t.Run("a word on a carried log names all that is kept apart of it", s.carriedRejects)
	t.Run("a cursor of another life reads from the start", s.epoch)
	t.Run("attachments are known only to those concerned", s.attachment)
	t.Run("durable is claimed only once it is marked", s.durable)
	t.Run("the list of recipients reaches whoever lacks it", s.recipients)
	t.Run("a clock that runs ahead wins nothing", s.clock)
	t.Run("an erased record leaves headers that verify", s.erased)
	t.Run("what is to stay stays when the rest is erased", s.erasedInPart)
	t.Run("an edit that did not know of an erasure is seen", s.late)
	t.Run("a cadre erases nothing", s.cadreErases)
	t.Run("an erasure reaches the village that was left", s.erasedAfterMove)
	t.Run("erased is what an Erase's ancestors said, in any order", s.anyOrder)
	t.Run("the access log takes one line for each look", s.access)
	t.Run("a reader misses nothing while many write", s.concurrent)
	t.Run("everything is there after reopening", s.reopen)
}

// suite is the tests of one kind of database.
type suite struct{ fresh Backend }

func village() survey.ScopeID { return survey.NewID[survey.ScopeID]() }

func (s suite) begin(t *testing.T) (*central.Central, *Clock) {
	t.Helper()
	clock := NewClock()
	return Open(t, s.fresh(t), clock.Now), clock
}

func wantKind(t *testing.T, err error, want survey.Kind) {
	t.Helper()
	if err == nil || survey.KindOf(err) != want {
		t.Errorf("got %v (%v), want kind %v", err, survey.KindOf(err), want)
	}
}

// wantSeen checks that a reader has each of the revisions exactly once.
func wantSeen(t *testing.T, r *Reader, revisions ...survey.RevID) {
	t.Helper()
	want := map[survey.RevID]int{}
	for _, id := range revisions {
		want[id] = 1
	}
	if diff := cmp.Diff(want, r.Seen, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("feed (-want +got):\n%s", diff)
	}
}

func pull(t *testing.T, c *central.Central, d *Device) *Reader {
	t.Helper()
	r := NewReader(d)
	if err := r.Pull(t, c, wire.MaxPage); err != nil {
		t.Fatal(err)
	}
	return r
}

func (s suite) duplicates(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	visit := d.Visit(t, scope, "𬱖")
	push := d.Push(d.Segment(t, 1, 1))
	first, err := c.Receive(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Receive(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the same push got another receipt:\n%s", diff)
	}
	lost := wire.Push{ID: survey.NewID[survey.PushID](), Segments: push.Segments} // its receipt was lost: same nonce, new push
	if third, err := c.Receive(t.Context(), lost); err != nil || third.Replicas[0].Received != 1 || third.Replicas[0].Fork {
		t.Errorf("after a lost receipt: %+v, %v", third, err)
	}
	wantSeen(t, pull(t, c, d), visit.ID)

	push.Segments = nil
	_, err = c.Receive(t.Context(), push)
	wantKind(t, err, survey.Invalid)
	other := d.Push(d.Segment(t, 1, 1))
	other.ID = first.Push
	other.Nonce = []byte("other")
	_, err = c.Receive(t.Context(), other)
	wantKind(t, err, survey.Conflicting)
}

func (s suite) shuffles(t *testing.T) {
	c, _ := s.begin(t)
	rapid.Check(t, func(rt *rapid.T) {
		scope := village()
		d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
		var want []survey.RevID
		total := rapid.IntRange(1, 12).Draw(rt, "entries")
		for range total {
			want = append(want, d.Visit(t, scope, "x").ID)
		}
		for received := uint64(0); received < uint64(total); {
			first := rapid.Uint64Range(1, uint64(total)).Draw(rt, "first")
			if first > 1 && d.hashes[first-1].IsZero() {
				first = 1 // a device only goes on behind a segment that it has cut
			}
			last := rapid.Uint64Range(first, uint64(total)).Draw(rt, "last")
			push := d.Push(d.Segment(t, first, last))
			receipt, err := c.Receive(t.Context(), push)
			if err != nil || receipt.Replicas[0].Fork {
				rt.Fatalf("segment %d to %d with %d held: %+v, %v", first, last, received, receipt.Replicas, err)
			}
			if rapid.Bool().Draw(rt, "the receipt arrives") {
				d.Nonce = receipt.Nonce
			} else if again, err := c.Receive(t.Context(), push); err != nil || receipt.Replicas[0] != again.Replicas[0] {
				rt.Fatalf("the second receipt is %+v, %v", again, err)
			} else {
				d.Nonce = again.Nonce
			}
			received = receipt.Replicas[0].Received
		}
		r := NewReader(d)
		if err := r.Pull(t, c, wire.MinPage); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, r.Order); diff != "" {
			rt.Fatalf("feed (-want +got):\n%s", diff)
		}
	})
}

func (s suite) gap(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	for range 5 {
		d.Visit(t, scope, "x")
	}
	d.Segment(t, 1, 2)
	receipt := d.Send(t, c, 3)
	if got := receipt.Replicas[0]; got.Received != 0 || got.Fork {
		t.Errorf("state after a gap: %+v, want nothing received and no fork", got)
	}
	wantSeen(t, pull(t, c, d))
	if got := d.Send(t, c, 1).Replicas[0].Received; got != 5 {
		t.Errorf("received %d, want 5", got)
	}
}

func (s suite) fork(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	one, two := d.Visit(t, scope, "1"), d.Visit(t, scope, "2")
	d.Send(t, c, 1)

	d.Log = d.Log[:1] // the database was restored, and somebody went on
	lost := d.Visit(t, scope, "3")
	if got := d.Send(t, c, 1).Replicas[0]; !got.Fork || got.Received != 2 {
		t.Errorf("state %+v, want a fork with 2 received", got)
	}
	wantSeen(t, pull(t, c, d), one.ID, two.ID)

	log := d.Log
	d.NewReplica()
	d.Log = log
	if got := d.Send(t, c, 1).Replicas[0]; got.Fork || got.Received != 2 {
		t.Errorf("state under a new replica %+v, want 2 received", got)
	}
	wantSeen(t, pull(t, c, d), one.ID, two.ID, lost.ID)
}

func (s suite) nonce(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	for range 4 {
		d.Visit(t, scope, "x")
	}
	d.Log = d.Log[:1]
	d.Send(t, c, 1)
	old := d.Nonce
	full := d.Log[:4]
	for n := 2; n <= 3; n++ {
		d.Log = full[:n]
		d.Send(t, c, uint64(n))
	}
	d.Log, d.Nonce = full, old
	if got := d.Send(t, c, 4).Replicas[0]; !got.Fork || got.Received != 3 {
		t.Errorf("state %+v, want a fork with 3 received", got)
	}
}

func (s suite) relog(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	visit := d.Visit(t, scope, "x")
	d.Send(t, c, 1)
	log := d.Log
	d.NewReplica()
	d.Log = log
	if got := d.Send(t, c, 1); len(got.Rejects) > 0 || got.Replicas[0].Received != 1 {
		t.Errorf("receipt %+v", got)
	}
	wantSeen(t, pull(t, c, d), visit.ID)
}

func (s suite) forged(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d, other := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Visit(t, scope, "x")
	good := d.Segment(t, 1, 1)

	bent := good
	bent.Signature = slices.Clone(good.Signature)
	bent.Signature[5] ^= 1
	_, err := c.Receive(t.Context(), d.Push(good, bent))
	wantKind(t, err, survey.Damaged)

	swapped := good
	swapped.Header.Device = other.ID
	_, err = c.Receive(t.Context(), d.Push(swapped))
	wantKind(t, err, survey.Damaged)

	stranger := good
	stranger.Header.Device = survey.NewID[survey.DeviceID]()
	_, err = c.Receive(t.Context(), d.Push(stranger))
	wantKind(t, err, survey.Denied)
	wantSeen(t, pull(t, c, d))

	d.Send(t, c, 1)
	other.Replica = d.Replica // another's replica
	other.Visit(t, scope, "y")
	_, err = other.TrySend(t, c, 1)
	wantKind(t, err, survey.Denied)
}

func (s suite) rejects(t *testing.T) {
	c, clock := s.begin(t)
	scope, foreign := village(), village()
	cadre, other := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	township := Enrolled(t, c, []survey.ScopeID{scope, foreign}, survey.RoleTownship)
	record := survey.NewID[survey.RecordID]()
	good := cadre.Household(t, record, scope, survey.Fields{"label": "张"})
	visit := cadre.Visit(t, scope, "x")
	cadre.Send(t, c, 1)

	reject := func(name string, d *Device, h survey.Header) {
		t.Run(name, func(t *testing.T) {
			first := uint64(len(d.Log)) + 1
			r := d.Add(t, h, survey.Body{Fields: survey.Fields{"label": "x"}})
			receipt := d.Send(t, c, first)
			if len(receipt.Rejects) != 1 || receipt.Rejects[0].Revision != r.ID || receipt.Rejects[0].Message == "" || receipt.Replicas[0].Received != first {
				t.Errorf("receipt %+v, want revision %s received and kept apart", receipt, r.ID)
			}
		})
	}
	unused := func() survey.RecordID { return survey.NewID[survey.RecordID]() }
	reject("a scope that is not granted", cadre, survey.Header{Record: unused(), Type: survey.TypeVisit, Scope: foreign})
	reject("another person's name", cadre, survey.Header{Record: unused(), Type: survey.TypeVisit, Scope: scope, Author: other.Person})
	reject("a register from a cadre", cadre, survey.Header{Record: unused(), Type: survey.TypeForm, Scope: survey.RegisterScope(County)})
	reject("a reading from a cadre", cadre, survey.Header{Record: unused(), Type: survey.TypeReading, Scope: survey.RegisterScope(County)})
	reject("a merge from a cadre", cadre, survey.Header{Record: record, Type: survey.TypeHousehold, Scope: scope, Kind: survey.Merge, Parents: []survey.RevID{good.ID}})
	reject("another's visit", other, survey.Header{Record: visit.Header.Record, Type: survey.TypeVisit, Scope: scope, Parents: []survey.RevID{visit.ID}})
	reject("a record turned into another type", township, survey.Header{Record: record, Type: survey.TypeProblem, Scope: scope})
	reject("a record pulled into another village", township, survey.Header{Record: record, Type: survey.TypeHousehold, Scope: foreign})
	clock.Pass(200 * 24 * time.Hour)
	reject("made after the grant ended", cadre, survey.Header{Record: unused(), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(clock.Now())})

	wantSeen(t, pullAsNew(t, c, scope), good.ID, visit.ID)
	if r, err := c.Record(t.Context(), record); err != nil || r.Fields["label"] != "张" || len(r.Heads) != 1 {
		t.Errorf("record %+v, %v", r, err)
	}
}

func (s suite) users(t *testing.T) {
	c, _ := s.begin(t)
	scope, shared := village(), survey.RegisterScope(County)
	d, other := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	colleague, stranger := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	register := []central.Write{}
	for _, person := range []survey.PersonID{colleague, other.Person} {
		register = append(register, central.Write{
			Record: survey.RecordID(person), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "李"},
		})
	}
	if _, err := c.Write(t.Context(), survey.PersonID{}, register); err != nil {
		t.Fatal(err)
	}
	elsewhere := other.Visit(t, scope, "on the other's own device")
	other.Send(t, c, 1)

	send := func(what string, taken bool, h survey.Header, b survey.Body) survey.Revision {
		t.Helper()
		first := uint64(len(d.Log)) + 1
		r := d.Add(t, h, b)
		if receipt := d.Send(t, c, first); len(receipt.Rejects) == 0 != taken {
			t.Errorf("%s: receipt %+v, want taken %v", what, receipt, taken)
		}
		return r
	}
	visit := func(author survey.PersonID) survey.Header {
		return survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, Author: author}
	}
	user := func(of *Device, person, author survey.PersonID) (survey.Header, survey.Body) {
		return survey.Header{Record: survey.UserRecord(shared, of.ID, person), Type: survey.TypeUser, Scope: shared, Author: author},
			survey.Body{Fields: survey.Fields{survey.UserDevice: of.ID.String(), survey.UserPerson: person.String()}}
	}
	send("before anybody says so", false, visit(colleague), survey.Body{})
	h, b := user(d, colleague, colleague)
	send("one who says so of themselves", false, h, b)
	h, b = user(d, stranger, d.Person)
	send("somebody who is not in the register", false, h, b)
	h, b = user(other, colleague, d.Person)
	send("a user of another device", false, h, b)
	h, b = user(d, colleague, d.Person)
	h.Scope = scope
	send("outside the register's scope", false, h, b)
	h, b = user(d, colleague, d.Person)
	admitted := send("the device's own person says so", true, h, b)
	own := send("the colleague's visit", true, visit(colleague), survey.Body{})
	h = own.Header
	h.Parents, h.HLC = []survey.RevID{own.ID}, 0
	send("the colleague's visit again", true, h, survey.Body{})
	h, b = user(d, other.Person, colleague)
	send("a user says so of another", true, h, b)
	h = elsewhere.Header
	h.Parents, h.HLC = []survey.RevID{elsewhere.ID}, 0
	send("what that one wrote on their own device", false, h, survey.Body{})
	h = admitted.Header
	h.Kind, h.Parents, h.HLC, h.Touched = survey.Void, []survey.RevID{admitted.ID}, 0, nil
	send("the user record is taken back", true, h, survey.Body{})
	send("after that", false, visit(colleague), survey.Body{})
}

// pullAsNew reads a scope as a device that has just been enrolled.
func pullAsNew(t *testing.T, c *central.Central, scope survey.ScopeID) *Reader {
	t.Helper()
	return pull(t, c, Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre))
}

func (s suite) revoked(t *testing.T) {
	c, clock := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	before := d.Visit(t, scope, "before")
	clock.Pass(time.Hour)
	if err := c.Revoke(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	clock.Pass(time.Hour)
	after := d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(clock.Now())}, survey.Body{})
	receipt := d.Send(t, c, 1)
	if len(receipt.Rejects) != 1 || receipt.Rejects[0].Revision != after.ID || receipt.Replicas[0].Received != 2 {
		t.Errorf("receipt %+v, want both received and the later kept apart", receipt)
	}
	_, err := c.Feed(t.Context(), d.ID, wire.Pull{})
	wantKind(t, err, survey.Denied)
	wantSeen(t, pullAsNew(t, c, scope), before.ID)
}

func (s suite) regrant(t *testing.T) {
	c, _ := s.begin(t)
	kept, gone := village(), village()
	d := Enrolled(t, c, []survey.ScopeID{kept, gone}, survey.RoleCadre)
	if err := c.Regrant(t.Context(), d.ID, []survey.ScopeID{kept}, []survey.Role{survey.RoleCadre}); err != nil {
		t.Fatal(err)
	}
	r := NewReader(d)
	r.Follow(gone)
	if err := r.Pull(t, c, 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]survey.ScopeID{gone}, r.Removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

func (s suite) renewal(t *testing.T) {
	c, clock := s.begin(t)
	d := Enrolled(t, c, []survey.ScopeID{village()}, survey.RoleCadre)
	clock.Pass(100 * 24 * time.Hour)
	reply, err := c.Feed(t.Context(), d.ID, wire.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := reply.Grant.Open(c.Key())
	if err != nil || g.Serial <= d.Grant.Serial || g.NotAfter <= d.Grant.NotAfter {
		t.Errorf("grant %+v, %v; want a later one than %+v", g, err, d.Grant)
	}
	clock.Pass(200 * 24 * time.Hour)
	_, err = c.Feed(t.Context(), d.ID, wire.Pull{})
	wantKind(t, err, survey.Denied)
}

func (s suite) enrol(t *testing.T) {
	c, clock := s.begin(t)
	scope := village()
	person := survey.NewID[survey.PersonID]()
	newCode := func() string {
		code, err := c.NewCode(t.Context(), person, []survey.ScopeID{scope}, []survey.Role{survey.RoleCadre}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	_, err := c.Write(t.Context(), person, []central.Write{{
		Record: survey.RecordID(person), Type: survey.TypeStaff,
		Scope: survey.RegisterScope(County), Fields: survey.Fields{survey.StaffName: "李㛃"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	code := newCode()
	_, e := Enrolment(t, code)
	first, err := c.Enrol(t.Context(), e, Pin)
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := wire.ParseCode(code)
	if !wire.Proves(first.Proof, e.ServerProof(parsed.Key(), Pin, first)) {
		t.Error("the server's proof is not the one due")
	}
	g, err := first.Grant.Open(c.Key())
	if err != nil || g.Name != "李㛃" || g.Township != "青田乡" || g.Person != person || !slices.Contains(g.Scopes, survey.RegisterScope(County)) {
		t.Errorf("grant %+v, %v", g, err)
	}
	if again, err := c.Enrol(t.Context(), e, Pin); err != nil || !cmp.Equal(first, again) {
		t.Errorf("the same device asking again got %+v, %v", again, err)
	}
	_, thief := Enrolment(t, code)
	_, err = c.Enrol(t.Context(), thief, Pin)
	wantKind(t, err, survey.Denied)

	_, other := Enrolment(t, newCode())
	other.Device = e.Device
	_, err = c.Enrol(t.Context(), other, Pin)
	wantKind(t, err, survey.Denied)

	_, between := Enrolment(t, newCode())
	_, err = c.Enrol(t.Context(), between, survey.Hash{1}) // the device saw another certificate
	wantKind(t, err, survey.Denied)

	_, late := Enrolment(t, newCode())
	clock.Pass(2 * time.Hour)
	_, err = c.Enrol(t.Context(), late, Pin)
	wantKind(t, err, survey.Denied)
	if _, err := c.DeviceKey(t.Context(), late.Device); survey.KindOf(err) != survey.Denied {
		t.Errorf("DeviceKey of a device that was refused = %v", err)
	}
}

func (s suite) lockout(t *testing.T) {
	c, _ := s.begin(t)
	code, err := c.NewCode(t.Context(), survey.PersonID{1}, nil, nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, e := Enrolment(t, code)
	good := e.Proof
	e.Proof = make([]byte, 32)
	for range 5 {
		_, err := c.Enrol(t.Context(), e, Pin)
		wantKind(t, err, survey.Denied)
	}
	e.Proof = good
	_, err = c.Enrol(t.Context(), e, Pin)
	wantKind(t, err, survey.Denied)
}

func (s suite) write(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	var changes []central.Write
	for i := range 450 {
		changes = append(changes, central.Write{
			Record: survey.DerivedID[survey.RecordID](scope, fmt.Sprint("household/", i)), Type: survey.TypeHousehold, Scope: scope,
			Fields: survey.Fields{"label": fmt.Sprint("户主", i), "phone": "１"},
		})
	}
	write := func(want int, changes ...central.Write) {
		t.Helper()
		if n, err := c.Write(t.Context(), survey.PersonID{7}, changes); err != nil || n != want {
			t.Fatalf("Write = %d, %v; want %d", n, err, want)
		}
	}
	write(450, changes...)
	write(0, changes...)
	first := changes[0]
	first.Fields = survey.Fields{"phone": "2"}
	write(1, first, first)
	first.Fields = survey.Fields{"phone": ""}
	write(1, first)
	first.Kind = survey.Void
	write(1, first, first)
	write(1, changes[0]) // into use again
	r, err := c.Record(t.Context(), first.Record)
	if err != nil || r.Voided || r.Fields["label"] != "户主0" || r.Fields["phone"] != "１" || len(r.Heads) != 1 {
		t.Errorf("record %+v, %v", r, err)
	}
	count := 0
	last := survey.RecordID{}
	err = c.Records(t.Context(), central.Query{Scope: scope, Type: survey.TypeHousehold}, func(r survey.Record) error {
		if r.ID.Compare(last) <= 0 {
			t.Errorf("record %s after %s", r.ID, last)
		}
		last = r.ID
		count++
		return nil
	})
	if err != nil || count != 450 {
		t.Errorf("Records yields %d, %v; want 450", count, err)
	}
	if r := pullAsNew(t, c, scope); len(r.Seen) != 454 {
		t.Errorf("the feed has %d revisions, want 454", len(r.Seen))
	}
	_, err = c.Record(t.Context(), survey.RecordID{1})
	wantKind(t, err, survey.NotFound)
}

func (s suite) conflict(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	a, b := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	record := survey.NewID[survey.RecordID]()
	root := a.Household(t, record, scope, survey.Fields{"phone": "1"})
	a.Household(t, record, scope, survey.Fields{"phone": "2"}, root.ID)
	b.Household(t, record, scope, survey.Fields{"phone": "3"}, root.ID)
	b.Send(t, c, 1) // the child arrives before its parent
	a.Send(t, c, 1)
	r, err := c.Record(t.Context(), record)
	if err != nil || len(r.Heads) != 2 || len(r.Conflicts) != 1 || r.Conflicts[0].Base != "1" || len(r.Conflicts[0].Values) != 2 {
		t.Errorf("record %+v, %v; want both values in conflict over 1", r, err)
	}
}

func (s suite) move(t *testing.T) {
	c, _ := s.begin(t)
	from, to := village(), village()
	township := Enrolled(t, c, []survey.ScopeID{from, to}, survey.RoleTownship)
	record := survey.NewID[survey.RecordID]()
	root := township.Household(t, record, from, survey.Fields{"label": "张"})
	move := township.Add(t, survey.Header{Record: record, Type: survey.TypeHousehold, Scope: to, Kind: survey.Move, Parents: []survey.RevID{root.ID}},
		survey.Body{Fields: survey.Fields{"label": "张"}})
	if receipt := township.Send(t, c, 1); len(receipt.Rejects) > 0 {
		t.Fatalf("rejects %+v", receipt.Rejects)
	}
	left := Enrolled(t, c, []survey.ScopeID{from}, survey.RoleCadre)
	reply, err := c.Feed(t.Context(), left.ID, wire.Pull{})
	if err != nil || len(reply.Pages) != 1 || len(reply.Pages[0].Items) != 2 {
		t.Fatalf("feed %+v, %v", reply, err)
	}
	if item := reply.Pages[0].Items[1]; item.Op != wire.FeedLeave || item.Revision.ID != move.ID || !wire.Erased(item.Revision) {
		t.Errorf("item %+v, want the record's leave without its body", item)
	}
	wantSeen(t, pullAsNew(t, c, to), root.ID, move.ID)

	// Somebody who has not heard of the move goes on where the record was.
	late := township.Household(t, record, from, survey.Fields{"label": "章"}, root.ID)
	township.Send(t, c, 3)
	wantSeen(t, pullAsNew(t, c, to), root.ID, move.ID, late.ID)
	reply, err = c.Feed(t.Context(), left.ID, wire.Pull{})
	if err != nil || len(reply.Pages) != 1 || len(reply.Pages[0].Items) != 3 || reply.Pages[0].Items[2].Op != wire.FeedLeave {
		t.Errorf("where the record was: feed %+v, %v, want it to leave once more", reply, err)
	}
	if r, err := c.Record(t.Context(), record); err != nil || r.Scope != to || len(r.Heads) != 2 {
		t.Errorf("the record is in %v with heads %v, %v", r.Scope, r.Heads, err)
	}
	township.Add(t, survey.Header{Record: record, Type: survey.TypeHousehold, Scope: from, Kind: survey.Move, Parents: []survey.RevID{late.ID, move.ID}},
		survey.Body{Fields: survey.Fields{"label": "章"}})
	township.Send(t, c, 4)
	reader := pullAsNew(t, c, from)
	if r, err := c.Record(t.Context(), record); err != nil || r.Scope != from {
		t.Errorf("moved back, the record is in %v, %v", r.Scope, err)
	}
	// What left once comes as a whole with its record.
	for id, want := range map[survey.RevID]int{root.ID: 1, move.ID: 2, late.ID: 2} {
		if reader.Seen[id] != want {
			t.Errorf("moved back, revision %v was seen %d times, want %d", id, reader.Seen[id], want)
		}
	}
}

func (s suite) pages(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	var want []survey.RevID
	for range 30 {
		want = append(want, d.Visit(t, scope, string(make([]byte, 3000))).ID)
	}
	d.Send(t, c, 1)
	reply, err := c.Feed(t.Context(), d.ID, wire.Pull{MaxBytes: 1})
	if err != nil || !reply.More || len(reply.Pages) != 1 || len(reply.Pages[0].Items) > 4 || reply.Pages[0].Head != 30 {
		t.Fatalf("reply with more=%v, %d pages, %v; want few items of 30", reply.More, len(reply.Pages), err)
	}
	r := NewReader(d)
	if err := r.Pull(t, c, 1); err != nil {
		t.Fatal(err)
	}
	wantSeen(t, r, want...)
}

func (s suite) epoch(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Visit(t, scope, "x")
	d.Send(t, c, 1)
	for name, cursor := range map[string]survey.Cursor{
		"another epoch":  {Epoch: survey.Epoch{1}, Scope: scope, Seq: 1},
		"beyond the end": {Epoch: c.Epoch(), Scope: scope, Seq: 9},
	} {
		reply, err := c.Feed(t.Context(), d.ID, wire.Pull{Cursors: []survey.Cursor{cursor}})
		if err != nil || len(reply.Pages) != 1 || reply.Pages[0].After != 0 || len(reply.Pages[0].Items) != 1 {
			t.Errorf("%s: %+v, %v; want the feed from its start", name, reply.Pages, err)
		}
	}
}

func (s suite) attachment(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d, stranger := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{village()}, survey.RoleCadre)
	sum := survey.Hash{1, 2, 3}
	d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope},
		survey.Body{Attachments: []survey.Attachment{{Name: "p.jpg", SHA256: sum, Size: 300, MIME: "image/jpeg"}}})
	_, err := c.Attachment(t.Context(), d.ID, sum)
	wantKind(t, err, survey.NotFound)
	d.Send(t, c, 1)
	if size, err := c.Attachment(t.Context(), d.ID, sum); err != nil || size != 300 {
		t.Errorf("Attachment = %d, %v; want 300", size, err)
	}
	_, err = c.Attachment(t.Context(), stranger.ID, sum)
	wantKind(t, err, survey.NotFound)
	if err := c.Revoke(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Attachment(t.Context(), d.ID, sum); err != nil {
		t.Errorf("a revoked device cannot hand over its own file: %v", err)
	}
}

func (s suite) durable(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Visit(t, scope, "1")
	if got := d.Send(t, c, 1).Replicas[0].Durable; got != 0 {
		t.Errorf("durable up to %d before any backup", got)
	}
	marks, err := c.Watermarks(t.Context())
	if err != nil || marks[d.Replica] != 1 {
		t.Fatalf("Watermarks = %v, %v", marks, err)
	}
	if err := c.MarkDurable(t.Context(), marks); err != nil {
		t.Fatal(err)
	}
	if err := c.MarkDurable(t.Context(), map[survey.ReplicaID]uint64{d.Replica: 99}); err != nil {
		t.Fatal(err)
	}
	d.Visit(t, scope, "2")
	if got := d.Send(t, c, 2).Replicas[0]; got.Durable != 1 || got.Received != 2 {
		t.Errorf("state %+v, want 1 durable of 2", got)
	}
}

func (s suite) recipients(t *testing.T) {
	c, _ := s.begin(t)
	d := Enrolled(t, c, []survey.ScopeID{village()}, survey.RoleCadre)
	held := func(serial uint64) *wire.SignedRecipients {
		t.Helper()
		reply, err := c.Feed(t.Context(), d.ID, wire.Pull{Recipients: serial})
		if err != nil {
			t.Fatal(err)
		}
		return reply.Recipients
	}
	if got := held(0); got != nil {
		t.Errorf("a list came before there was one: %v", got)
	}
	_, key, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	listed := []survey.Recipient{{Use: survey.ForEnvelope, Name: "县纪委监委", Key: key}}
	if err := c.SetRecipients(t.Context(), listed); err != nil {
		t.Fatal(err)
	}
	list, err := held(0).Open(c.Key())
	if err != nil || !slices.Equal(list.For(survey.ForEnvelope), listed) || list.Serial != 1 || list.County != c.County() {
		t.Errorf("list = %+v, %v", list, err)
	}
	if got := held(1); got != nil {
		t.Error("the list came again to a device that has it")
	}
	wantKind(t, c.SetRecipients(t.Context(), []survey.Recipient{{Use: survey.ForRecovery, Name: "某单位", Key: "age1nobody"}}), survey.Invalid)
	if err := c.SetRecipients(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if list, err := held(1).Open(c.Key()); err != nil || len(list.Listed) != 0 || list.Serial != 2 {
		t.Errorf("emptied list = %+v, %v", list, err)
	}
}

func (s suite) clock(t *testing.T) {
	c, clock := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(Start.AddDate(0, 1, 0))}, survey.Body{})
	d.Send(t, c, 1)
	reply, err := c.Feed(t.Context(), d.ID, wire.Pull{})
	if err != nil || len(reply.Pages) != 1 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if got := reply.Pages[0].Items[0].HLC.Time(); got.After(clock.Now()) {
		t.Errorf("effective time %v is after the server received it at %v", got, clock.Now())
	}
	d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(Start.AddDate(14, 0, 0))}, survey.Body{})
	if receipt := d.Send(t, c, 2); len(receipt.Rejects) > 0 {
		t.Errorf("a visit of a device whose clock says %d is kept apart: %+v", Start.Year()+14, receipt.Rejects)
	}
}

// concurrent has eight devices push into shared villages while a reader polls all of them, through two Centrals as
// two processes would.
func (s suite) concurrent(t *testing.T) {
	const writers, pushes, entries = 8, 6, 5
	dsn, clock := s.fresh(t), NewClock()
	processes := []*central.Central{Open(t, dsn, clock.Now), Open(t, dsn, clock.Now)}
	scopes := []survey.ScopeID{village(), village(), village()}
	shared := survey.NewID[survey.RecordID]()
	reader := NewReader(Enrolled(t, processes[0], scopes, survey.RoleTownship))

	var (
		group   sync.WaitGroup
		writing atomic.Int64
		sent    [writers][]survey.RevID
	)
	writing.Store(writers)
	for w := range writers {
		d := Enrolled(t, processes[0], scopes, survey.RoleCadre)
		group.Go(func() {
			defer writing.Add(-1)
			for p := range pushes {
				first := uint64(len(d.Log)) + 1
				for e := range entries {
					sent[w] = append(sent[w], d.Visit(t, scopes[(w+p+e)%len(scopes)], "x").ID)
				}
				sent[w] = append(sent[w], d.Household(t, shared, scopes[0], survey.Fields{"label": fmt.Sprint(w, p)}).ID)
				if _, err := d.TrySend(t, processes[(w+p)%2], first); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	for writing.Load() > 0 {
		if err := reader.Pull(t, processes[1], wire.MinPage); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	if err := reader.Pull(t, processes[1], wire.MinPage); err != nil {
		t.Fatal(err)
	}
	wantSeen(t, reader, slices.Concat(sent[:]...)...)
	if r, err := processes[0].Record(t.Context(), shared); err != nil || len(r.Heads) != writers*pushes {
		t.Errorf("the shared record has %d heads, %v; want %d", len(r.Heads), err, writers*pushes)
	}
}

func (s suite) reopen(t *testing.T) {
	dsn, clock := s.fresh(t), NewClock()
	c := Open(t, dsn, clock.Now)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	visit := d.Visit(t, scope, "x")
	d.Send(t, c, 1)
	epoch := c.Epoch()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := central.Open(t.Context(), dsn, central.Options{Key: ServerKey, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Epoch() != epoch || again.County() != County || again.Township() != "青田乡" {
		t.Errorf("reopened as %v %v %v", again.Epoch(), again.County(), again.Township())
	}
	wantSeen(t, pull(t, again, d), visit.ID)
}
