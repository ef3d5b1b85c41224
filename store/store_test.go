package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

const county = 340122

// monday is when tests begin.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) tell() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// office is a small county server: it signs grants and receipts and keeps feeds.
type office struct {
	key   ed25519.PrivateKey
	epoch survey.Epoch
	feeds map[survey.ScopeID][]wire.FeedItem
	// held is every entry of every log, by its n; it is what receipts speak of.
	held    map[survey.ReplicaID][]survey.RevID
	cadre   survey.PersonID
	village survey.RecordID
	group   survey.RecordID
}

func newOffice(tb testing.TB) *office {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return &office{
		key: key, epoch: survey.NewID[survey.Epoch](), feeds: map[survey.ScopeID][]wire.FeedItem{},
		held: map[survey.ReplicaID][]survey.RevID{}, cadre: survey.NewID[survey.PersonID](),
		village: survey.NewID[survey.RecordID](), group: survey.NewID[survey.RecordID](),
	}
}

// clone returns an office that knows the same and goes on by itself.
func (o *office) clone() *office {
	twin := *o
	twin.feeds, twin.held = maps.Clone(o.feeds), maps.Clone(o.held)
	return &twin
}

func (o *office) serverKey() []byte {
	return o.key[ed25519.SeedSize:]
}

func (o *office) scope() survey.ScopeID { return survey.VillageScope(o.village) }

func (o *office) grant(tb testing.TB, device survey.DeviceID, serial uint64) wire.SignedGrant {
	tb.Helper()
	signed, err := wire.SignGrant(survey.Grant{
		Device: device, Person: o.cadre, Name: "测试员", County: county, Township: "测试镇",
		Scopes: []survey.ScopeID{o.scope(), survey.RegisterScope(county)}, Roles: []survey.Role{survey.RoleCadre}, Serial: serial,
	}, o.key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

// revision is a revision the office itself writes.
func (o *office) revision(tb testing.TB, h survey.Header, fields survey.Fields) survey.Revision {
	tb.Helper()
	if h.Kind == 0 {
		h.Kind = survey.Put
	}
	if h.HLC == 0 {
		h.HLC = survey.HLC(0).Next(monday)
	}
	for path := range fields {
		h.Touched = append(h.Touched, path)
	}
	r, err := wire.SealRevision(h, survey.Body{Fields: fields}, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// publish puts a revision into the feed of its scope.
func (o *office) publish(r survey.Revision) {
	feed := o.feeds[r.Header.Scope]
	o.feeds[r.Header.Scope] = append(feed, wire.FeedItem{Seq: uint64(len(feed)) + 1, Op: wire.FeedPut, HLC: r.Header.HLC, Revision: r})
}

func (o *office) page(scope survey.ScopeID, after, count int) wire.FeedPage {
	feed := o.feeds[scope]
	end := min(len(feed), after+count)
	return wire.FeedPage{
		Scope: scope, Epoch: o.epoch, After: uint64(after), Items: slices.Clone(feed[min(after, end):end]), Head: uint64(len(feed)),
	}
}

// accept stores what a push carries and signs for it.
func (o *office) accept(tb testing.TB, push wire.Push) wire.Receipt {
	tb.Helper()
	digest, err := push.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	receipt := wire.Receipt{Push: push.ID, Request: digest, Epoch: o.epoch, Nonce: []byte("nonce"), Time: survey.MillisOf(monday)}
	for _, s := range push.Segments {
		held := o.held[s.Header.Replica]
		for _, e := range s.Entries {
			if e.N == uint64(len(held))+1 {
				held = append(held, e.Revision.ID)
			}
		}
		o.held[s.Header.Replica] = held
		receipt.Replicas = append(receipt.Replicas, wire.ReplicaState{Replica: s.Header.Replica, Received: uint64(len(held))})
	}
	return o.sign(tb, receipt)
}

func (o *office) sign(tb testing.TB, r wire.Receipt) wire.Receipt {
	tb.Helper()
	signed, err := r.Sign(o.key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

// openStore opens a store that closes with the test.
func openStore(tb testing.TB, dir string, o Options) *Store {
	tb.Helper()
	if o.Clock == nil {
		o.Clock = (&clock{now: monday}).tell
	}
	s, err := Open(context.Background(), dir, o)
	if err != nil {
		tb.Fatal("Open:", err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// enrolled opens a new store that belongs to the office's county and has its village.
func enrolled(tb testing.TB, o *office, dir string) *Store {
	tb.Helper()
	return enrolledOn(tb, o, dir, Options{})
}

// enrolledOn is enrolled for a store that is opened in its own way.
func enrolledOn(tb testing.TB, o *office, dir string, options Options) *Store {
	tb.Helper()
	s := openStore(tb, dir, options)
	o.enrol(tb, s)
	o.publish(o.revision(tb, survey.Header{Record: o.village, Type: survey.TypePlace, Scope: survey.RegisterScope(county)},
		survey.Place{Name: "前村", Order: 1}.Fields()))
	o.publish(o.revision(tb, survey.Header{Record: o.group, Type: survey.TypePlace, Scope: survey.RegisterScope(county)},
		survey.Place{Name: "一组", Order: 1, Parent: o.village}.Fields()))
	o.publish(o.revision(tb, survey.Header{Record: survey.RecordID(o.cadre), Type: survey.TypeStaff, Scope: survey.RegisterScope(county)},
		survey.Fields{survey.StaffName: "测试员"}))
	apply(tb, s, o.page(survey.RegisterScope(county), 0, 10))
	return s
}

func (o *office) enrol(tb testing.TB, s *Store) {
	tb.Helper()
	device, _, err := s.Device(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	e := survey.Enrolment{Server: "https://127.0.0.1:8443", ServerKey: o.serverKey(), Epoch: o.epoch}
	if err := s.Enrol(context.Background(), e, o.grant(tb, device, 1)); err != nil {
		tb.Fatal("Enrol:", err)
	}
}

func apply(tb testing.TB, s *Store, page wire.FeedPage) {
	tb.Helper()
	if err := s.ApplyPage(context.Background(), page); err != nil {
		tb.Fatal("ApplyPage:", err)
	}
}

// household publishes a household of the office's village.
func (o *office) household(tb testing.TB, code, head, door, phone string) survey.RecordID {
	tb.Helper()
	id := survey.DerivedID[survey.RecordID](o.scope(), "household/"+code)
	o.publish(o.revision(tb, survey.Header{Record: id, Type: survey.TypeHousehold, Scope: o.scope()}, survey.Household{
		Village: o.village, Group: o.group, Code: code, Head: head, Door: door, Phone: phone, Resident: 3, Away: 1,
		Location: survey.Remote,
	}.Fields()))
	return id
}

func (o *office) draft(household survey.RecordID) survey.Draft {
	return survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: o.scope(), Household: household,
		Author: o.cadre, Title: "张三", Total: 40,
	}
}

// finish fills in and finishes a draft that reports a problem.
func finish(tb testing.TB, s *Store, d survey.Draft, sub form.Submission) {
	tb.Helper()
	ctx := context.Background()
	if err := s.BeginDraft(ctx, d, []byte("{}")); err != nil {
		tb.Fatal("BeginDraft:", err)
	}
	if err := s.SaveChange(ctx, d.ID, form.Change{Op: form.OpSet, Path: "visit_date", Value: "2026-11-23"}); err != nil {
		tb.Fatal("SaveChange:", err)
	}
	if err := s.FinishVisit(ctx, d, sub); err != nil {
		tb.Fatal("FinishVisit:", err)
	}
}

func submission() form.Submission {
	return form.Submission{
		Form: "QZ-01", Version: "1.0", InstanceName: "张三 2026-11-23",
		Fields:  survey.Fields{"visit_date": "2026-11-23", "heard_worry": "路不好走"},
		Touched: []survey.FieldPath{"heard_ask", "heard_worry", "visit_date"},
	}
}

func TestOpenAgain(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	id := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 10))
	finish(t, s, o.draft(id), submission())
	before := lists(t, s)
	if err := s.Close(); err != nil {
		t.Fatal("Close:", err)
	}

	after := lists(t, openStore(t, dir, Options{}))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("reopened store differs (-before +after):\n%s", diff)
	}
	if len(after.Households) != 1 || after.Households[0].Head != "𬱖𠮷" {
		t.Errorf("households = %+v", after.Households)
	}
}

// view is everything a person can see.
type view struct {
	Villages   []survey.Place
	Households []survey.FoundHousehold
	Drafts     []survey.Draft
	Waiting    []survey.Visit
	Delivered  []survey.Visit
	Forms      []survey.FormInfo
	Cursors    []survey.Cursor
	Safe       survey.Safekeeping
	Staff      string
}

func lists(tb testing.TB, s *Store) view {
	tb.Helper()
	ctx := context.Background()
	v := view{Villages: s.Villages()}
	var errs [6]error
	v.Drafts, errs[0] = s.Drafts(ctx)
	v.Waiting, errs[1] = s.Waiting(ctx)
	v.Delivered, errs[2] = s.Delivered(ctx, 0)
	v.Forms, errs[3] = s.Forms(ctx)
	v.Cursors, errs[4] = s.Cursors(ctx)
	v.Safe, errs[5] = s.Safekeeping(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		tb.Fatal(err)
	}
	for _, village := range v.Villages {
		v.Households = append(v.Households, s.SearchHouseholds(village.ID, "", 0)...)
	}
	e, ok, err := s.Enrolment(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	if ok {
		v.Staff = s.StaffName(e.Grant.Person)
	}
	return v
}

func TestSecondCopyIsRefused(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, Options{})
	_, err := Open(t.Context(), dir, Options{Clock: time.Now})
	if survey.KindOf(err) != survey.Conflicting || !strings.Contains(survey.MessageOf(err), "已经打开") {
		t.Errorf("second Open = %v (%q)", err, survey.MessageOf(err))
	}
}

func TestNewerDatabaseIsRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, Options{})
	if err := s.db.exec(t.Context(), "INSERT INTO schema_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{Clock: time.Now})
	if survey.KindOf(err) != survey.Newer || survey.MessageOf(err) == "" {
		t.Errorf("Open = %v (%q)", err, survey.MessageOf(err))
	}
}

func TestDamagedDatabaseIsRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	if err := openStore(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "zoucun.db")
	garbage := bytes.Repeat([]byte("not a database"), 1000)
	if err := os.WriteFile(file, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{Clock: time.Now})
	if survey.KindOf(err) != survey.Damaged || !strings.Contains(survey.MessageOf(err), "损坏") {
		t.Errorf("Open = %v (%q)", err, survey.MessageOf(err))
	}
	if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, garbage) {
		t.Errorf("the damaged file was changed (%v)", err)
	}
}

func TestLostKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := openStore(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "zoucun.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{Clock: time.Now})
	if survey.KindOf(err) != survey.NotFound || !strings.Contains(survey.MessageOf(err), "钥匙") {
		t.Errorf("Open without key = %v (%q)", err, survey.MessageOf(err))
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a new key was made for an old database")
	}

	if err := os.WriteFile(key, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, Options{Clock: time.Now})
	if survey.KindOf(err) != survey.Damaged || !strings.Contains(survey.MessageOf(err), "钥匙") {
		t.Errorf("Open with another key = %v (%q)", err, survey.MessageOf(err))
	}
}

func TestChangedClosesOnce(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	changed := s.Changed()
	select {
	case <-changed:
		t.Fatal("changed before anything did")
	default:
	}
	finish(t, s, o.draft(survey.RecordID{}), submission())
	select {
	case <-changed:
	default:
		t.Error("finishing a visit announced nothing")
	}
}

// TestEverythingAtOnce works on one store from several goroutines, as the screens and the agent do. Run with -race.
func TestEverythingAtOnce(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for i := range 200 {
		o.household(t, strconv.Itoa(i), "张三", strconv.Itoa(i)+"号", "")
	}
	const each = 30
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 200 {
			apply(t, s, o.page(o.scope(), i, 1))
		}
	})
	group.Go(func() {
		for range each {
			s.SearchHouseholds(o.village, "zs", 50)
			lists(t, s)
		}
	})
	for range 3 {
		group.Go(func() {
			for range each {
				finish(t, s, o.draft(survey.RecordID{}), submission())
			}
		})
	}
	group.Go(func() {
		for range each {
			if push, ok, err := s.NextPush(t.Context(), 10, 1<<20); err != nil {
				t.Error(err)
			} else if ok {
				if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	group.Wait()
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Waiting+k.Delivered != 3*each || s.HouseholdCount(o.village) != 200 {
		t.Errorf("safekeeping = %+v, %v; %d households", k, err, s.HouseholdCount(o.village))
	}
}
