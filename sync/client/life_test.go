package client

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// snapshot copies the server's database, and returns what puts it back.
func (o *office) snapshot(t *testing.T) (putBack func(begin bool)) {
	t.Helper()
	kept := filepath.Join(t.TempDir(), "central.db")
	if err := o.central.Copy(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	return func(begin bool) {
		t.Helper()
		file := o.folder.Database()
		err := o.central.Close()
		for _, end := range []string{"", "-wal", "-shm"} {
			if gone := os.Remove(file + end); gone != nil && !os.IsNotExist(gone) {
				err = errors.Join(err, gone)
			}
		}
		raw, readErr := os.ReadFile(kept)
		if err = errors.Join(err, readErr, os.WriteFile(file, raw, 0o600)); err != nil {
			t.Fatal(err)
		}
		o.central, err = central.Open(t.Context(), file, central.Options{Key: o.folder.Key, Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.central.Close() })
		if begin {
			if _, err := o.central.BeginEpoch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		o.serve(t)
	}
}

// settle lets tablets talk to the server until none has anything left to say, at most some rounds each.
func settle(t *testing.T, tablets ...*tablet) {
	t.Helper()
	for range 6 {
		for _, tab := range tablets {
			if err := tab.round(t); err != nil && survey.KindOf(err) != survey.Unavailable {
				t.Fatal(err)
			}
		}
	}
	for i, tab := range tablets {
		if err := tab.round(t); err != nil {
			t.Errorf("tablet %d is not at rest: %v", i, err)
		}
		if n, err := tab.Unsigned(t.Context()); err != nil || n > 0 {
			t.Errorf("tablet %d: %d entries unsigned, %v", i, n, err)
		}
		if scopes, err := tab.ToReconcile(t.Context()); err != nil || len(scopes) > 0 {
			t.Errorf("tablet %d: %d scopes not reconciled, %v", i, len(scopes), err)
		}
	}
}

// seen returns the visits a tablet shows for the office's household.
func (tab *tablet) seen(t *testing.T) []survey.RecordID {
	t.Helper()
	visits, err := tab.VisitsOf(t.Context(), tab.office.home)
	if err != nil {
		t.Fatal(err)
	}
	var ids []survey.RecordID
	for _, v := range visits {
		ids = append(ids, v.ID)
	}
	slices.SortFunc(ids, survey.RecordID.Compare)
	return ids
}

// wantEverywhere checks that the server and every tablet have just these visits, each once.
func (o *office) wantEverywhere(t *testing.T, want []survey.RecordID, tablets ...*tablet) {
	t.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, survey.RecordID.Compare)
	held := slices.SortedFunc(maps.Keys(o.visits(t)), survey.RecordID.Compare)
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("server (-want +got):\n%s", diff)
	}
	for i, tab := range tablets {
		if diff := cmp.Diff(want, tab.seen(t)); diff != "" {
			t.Errorf("tablet %d (-want +got):\n%s", i, diff)
		}
	}
	o.wantFeedWhole(t)
}

// wantFeedWhole reads the village's feed as a new tablet does and fails where a revision comes twice.
func (o *office) wantFeedWhole(t *testing.T) {
	t.Helper()
	tab := newTablet(t, o, nil)
	device, _, err := tab.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[survey.RevID]bool{}
	at := survey.Cursor{Scope: survey.VillageScope(o.village)}
	for more := true; more; {
		reply, err := o.central.Feed(t.Context(), device, wire.Pull{Cursors: []survey.Cursor{at}, MaxBytes: wire.MinPage})
		if err != nil {
			t.Fatal(err)
		}
		more = false
		for _, page := range reply.Pages {
			if page.Scope != at.Scope {
				continue
			}
			for _, item := range page.Items {
				if seen[item.Revision.ID] || item.Seq != at.Seq+1 {
					t.Errorf("seq %d after %d, revision seen before: %v", item.Seq, at.Seq, seen[item.Revision.ID])
				}
				seen[item.Revision.ID] = true
				at = survey.Cursor{Epoch: page.Epoch, Scope: page.Scope, Seq: item.Seq}
			}
			more = at.Seq < page.Head
		}
	}
}

// TestServerPutBack is failure F9: the server is put back to an earlier state, by its operator or behind everybody's
// back. What any tablet still holds comes back, from its writer or from a reader; nothing comes twice.
func TestServerPutBack(t *testing.T) {
	for name, begin := range map[string]bool{"by zouctl restore": true, "and nobody says so": false} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			writer, reader, lost := newTablet(t, o, nil), newTablet(t, o, nil), newTablet(t, o, nil)
			want := []survey.RecordID{writer.finish(t), lost.finish(t)}
			settle(t, writer, lost, reader)
			putBack := o.snapshot(t)
			before := o.central.Epoch()
			for range 3 {
				want = append(want, writer.finish(t), lost.finish(t))
				settle(t, writer, lost, reader)
			}
			o.write(t, central.Write{Record: o.home, Type: survey.TypeHousehold, Scope: survey.VillageScope(o.village), Fields: survey.Fields{survey.HouseholdPhone: "13800000001"}})
			settle(t, writer, reader)
			if err := lost.Close(); err != nil { // this tablet falls into the river
				t.Fatal(err)
			}
			putBack(begin)
			want = append(want, reader.finish(t))
			settle(t, reader, writer, reader)
			if o.central.Epoch() == before {
				t.Error("no new epoch")
			}
			o.wantEverywhere(t, want, writer, reader)
			r, err := o.central.Record(t.Context(), o.home)
			if err != nil || r.Fields[survey.HouseholdPhone] != "13800000001" {
				t.Errorf("what the server itself wrote is %v, %v", r.Fields, err)
			}
		})
	}
}

// TestPutBackBehindDurable puts the server back to before what it once called durable: the log cannot be joined there any
// more, and what was pruned is written again.
func TestPutBackBehindDurable(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	putBack := o.snapshot(t)
	late := newTablet(t, o, nil)
	want := []survey.RecordID{tab.finish(t), tab.finish(t), late.finish(t)}
	settle(t, tab, late)
	o.markDurable(t)
	settle(t, tab, late)
	if k := tab.safekeeping(t); k.Durable != 2 || k.Delivered != 2 {
		t.Fatalf("safekeeping %+v", k)
	}
	putBack(true)
	if err := late.round(t); survey.KindOf(err) != survey.Denied {
		t.Errorf("a device that was enrolled after the backup: %v", err)
	}
	if _, err := Enrol(t.Context(), late.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal("it cannot enrol again:", err)
	}
	settle(t, tab, late)
	want = append(want, tab.finish(t), late.finish(t))
	settle(t, tab, late, tab)
	o.wantEverywhere(t, want, tab, late)
	if k := tab.safekeeping(t); k.Durable != 0 || k.Delivered != 3 || k.Waiting != 0 {
		t.Errorf("safekeeping %+v", k)
	}
}

// markDurable says that a backup has all that is here.
func (o *office) markDurable(t *testing.T) {
	t.Helper()
	marks, err := o.central.Watermarks(t.Context())
	if err = errors.Join(err, o.central.MarkDurable(t.Context(), marks)); err != nil {
		t.Fatal(err)
	}
}

// TestDurableReachesAQuietDevice has a device learn what is durable that has nothing to push.
func TestDurableReachesAQuietDevice(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	tab.finish(t)
	settle(t, tab)
	if k := tab.safekeeping(t); k.Durable != 0 || k.Delivered != 1 {
		t.Fatalf("before the backup: %+v", k)
	}
	o.markDurable(t)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if k := tab.safekeeping(t); k.Durable != 1 || k.Delivered != 1 {
		t.Errorf("after the backup: %+v", k)
	}
	tab.finish(t)
	settle(t, tab)
	if k := tab.safekeeping(t); k.Durable != 1 || k.Delivered != 2 {
		t.Errorf("after another visit: %+v", k)
	}
}

// clones opens one tablet's folder twice: as it was, and as put together by copied.
func clones(t *testing.T, o *office, install func(string) string) (original, twin *tablet, first survey.RecordID) {
	t.Helper()
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	one := openInstalled(t, o, src, install)
	if _, err := Enrol(t.Context(), one.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	first = one.finish(t)
	settle(t, one)
	if err := errors.Join(one.Close(), os.CopyFS(dst, os.DirFS(src))); err != nil {
		t.Fatal(err)
	}
	return openInstalled(t, o, src, install), openInstalled(t, o, dst, install), first
}

func openInstalled(t *testing.T, o *office, dir string, install func(string) string) *tablet {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{Clock: time.Now, Install: install})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &tablet{Store: s, agent: New(s, Options{Clock: time.Now}), office: o}
}

// TestClonesPart is failure F11: two devices go on with one database. They part at once where the file tells, and within
// two exchanges each where only the server can tell.
func TestClonesPart(t *testing.T) {
	for name, install := range map[string]func(string) string{"by the file": store.Installed, "by the server": nil} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			one, two, first := clones(t, o, install)
			want := []survey.RecordID{first}
			for i := range 4 {
				want = append(want, one.finish(t), two.finish(t))
				for _, tab := range []*tablet{one, two} {
					exchanges := 0
					for unsigned := 1; unsigned > 0; exchanges++ {
						push, ok, err := tab.NextPush(t.Context(), 200, 1<<20)
						if err != nil {
							t.Fatal(err)
						}
						if ok {
							receipt, err := o.central.Receive(t.Context(), push)
							if err = errors.Join(err, tab.Receive(t.Context(), receipt)); err != nil {
								t.Fatal(err)
							}
						}
						if unsigned, err = tab.Unsigned(t.Context()); err != nil {
							t.Fatal(err)
						}
					}
					if exchanges > 2 || install != nil && exchanges > 1 || i > 1 && exchanges > 1 {
						t.Errorf("turn %d: %d exchanges", i, exchanges)
					}
				}
			}
			settle(t, one, two)
			o.wantEverywhere(t, want, one, two)
		})
	}
}

// TestOlderCopyOfADatabase puts a tablet's database back to an older state in the very same file, and goes on.
func TestOlderCopyOfADatabase(t *testing.T) {
	o := newOffice(t)
	dir := t.TempDir()
	tab := openInstalled(t, o, dir, store.Installed)
	if _, err := Enrol(t.Context(), tab.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	want := []survey.RecordID{tab.finish(t)}
	settle(t, tab)
	if err := tab.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "zoucun.db")
	older, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tab = openInstalled(t, o, dir, store.Installed)
	for range 3 {
		want = append(want, tab.finish(t))
		settle(t, tab)
	}
	if err := errors.Join(tab.Close(), os.WriteFile(file, older, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(file + end); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	tab = openInstalled(t, o, dir, store.Installed)
	want = append(want, tab.finish(t))
	settle(t, tab)
	o.wantEverywhere(t, want, tab)
}

// TestReinstallation has a cadre lose everything on the device and enrol again.
func TestReinstallation(t *testing.T) {
	o := newOffice(t)
	old := newTablet(t, o, nil)
	want := []survey.RecordID{old.finish(t)}
	settle(t, old)
	fresh := newTablet(t, o, nil)
	want = append(want, fresh.finish(t))
	settle(t, fresh, old)
	o.wantEverywhere(t, want, fresh, old)
}

// TestWithdrawnScope is failure F17: a village is withdrawn while the cadre works there without network. What was
// written goes out first; then nothing of the village is left on the device.
func TestWithdrawnScope(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	tab := openTablet(t, o, dir, nil)
	if _, err := Enrol(t.Context(), tab.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	settle(t, tab)
	device, _, err := tab.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := tab.finish(t, []byte("照片"))
	if err := o.central.Regrant(t.Context(), device, nil, []survey.Role{survey.RoleCadre}); err != nil {
		t.Fatal(err)
	}
	settle(t, tab)
	if n := tab.HouseholdCount(o.village); n != 0 || len(tab.SearchHouseholds(o.village, "", 0)) != 0 {
		t.Errorf("%d households are still found", n)
	}
	apart, err := o.central.Apart(t.Context(), false)
	if err != nil || len(apart) != 1 || apart[0].Revision.Header.Record != id {
		t.Errorf("the last visit is not with the township: %+v, %v", apart, err)
	}
	o.markDurable(t)
	settle(t, tab)
	settle(t, tab)
	files, err := filepath.Glob(filepath.Join(dir, "blobs", "*"))
	if err != nil || len(files) > 0 {
		t.Errorf("attachments are left: %v, %v", files, err)
	}
	held, err := tab.Stamped(t.Context(), survey.VillageScope(o.village))
	visits, visitErr := tab.VisitsOf(t.Context(), o.home)
	if err = errors.Join(err, visitErr); err != nil || len(held) > 0 || len(visits) > 0 {
		t.Errorf("%d revisions, %d visits left, %v", len(held), len(visits), err)
	}
}

// TestApartIsSaid has a device learn that its work is kept apart, and then that it was accepted.
func TestApartIsSaid(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	settle(t, tab)
	device, _, err := tab.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.central.Revoke(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond) // the visit is later than the revocation
	tab.finish(t)
	if err := tab.round(t); survey.KindOf(err) != survey.Denied {
		t.Errorf("a revoked device reads: %v", err)
	}
	if k := tab.safekeeping(t); k.Apart != 1 || k.Waiting != 0 {
		t.Errorf("safekeeping %+v", k)
	}
	said := func() string {
		visits, err := tab.Delivered(context.Background(), 0)
		if err != nil || len(visits) != 1 {
			t.Fatalf("%+v, %v", visits, err)
		}
		return visits[0].Apart
	}
	if said() == "" {
		t.Error("the person is not told")
	}
	apart, err := o.central.Apart(t.Context(), false)
	if err != nil || len(apart) != 1 {
		t.Fatalf("%+v, %v", apart, err)
	}
	err = errors.Join(o.central.Accept(t.Context(), apart[0].Revision.ID),
		o.central.Regrant(t.Context(), device, []survey.ScopeID{survey.VillageScope(o.village)}, []survey.Role{survey.RoleCadre}))
	if err != nil {
		t.Fatal(err)
	}
	settle(t, tab)
	if said() != "" || tab.safekeeping(t).Apart != 0 {
		t.Error("it is still said to be apart")
	}
	if list, ok := tab.Revocations(); !ok {
		t.Errorf("no list of revoked devices: %+v", list)
	}
}

// TestClockOff has the agent notice that a device's clock is off.
func TestClockOff(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	var last survey.Progress
	tab.agent = New(tab.Store, Options{
		Clock: func() time.Time { return time.Now().Add(37 * time.Minute) }, OnProgress: func(p survey.Progress) { last = p },
	})
	err := tab.round(t)
	tab.agent.settle(t.Context(), true, err)
	if off := last.Skew.Round(time.Minute); off != 37*time.Minute {
		t.Errorf("skew %v, %v", off, err)
	}
}

// exchange hands over one push of at most so many entries and takes its receipt over.
func (tab *tablet) exchange(t *testing.T, entries int) {
	t.Helper()
	push, ok, err := tab.NextPush(t.Context(), entries, 1<<20)
	if err != nil || !ok {
		t.Fatal("NextPush:", ok, err)
	}
	receipt, err := tab.office.central.Receive(t.Context(), push)
	if err = errors.Join(err, tab.Receive(t.Context(), receipt)); err != nil {
		t.Fatal(err)
	}
}

// TestClonesPartBehindWhatTheyShare copies a database with something unsent in it. The copy's next push is what both have
// in common; that the server holds more by then is the other's work.
func TestClonesPartBehindWhatTheyShare(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	src, dst := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	one := openTablet(t, o, src, nil)
	if _, err := Enrol(t.Context(), one.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	want := []survey.RecordID{one.finish(t)}
	settle(t, one)
	want = append(want, one.finish(t)) // unsent
	if err := errors.Join(one.Close(), os.CopyFS(dst, os.DirFS(src))); err != nil {
		t.Fatal(err)
	}
	one, two := openTablet(t, o, src, nil), openTablet(t, o, dst, nil)
	want = append(want, one.finish(t), two.finish(t))
	one.exchange(t, 200)
	two.exchange(t, 1)
	settle(t, two, one)
	o.wantEverywhere(t, want, one, two)
}
