package store

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

func TestPagesThatChangeNothing(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for _, code := range []string{"1", "2", "3"} {
		o.household(t, code, "张三", code+"号", "")
	}
	apply(t, s, o.page(o.scope(), 0, 2))
	before := lists(t, s)

	elsewhere := o.page(o.scope(), 2, 1)
	elsewhere.Epoch = survey.NewID[survey.Epoch]()
	for name, page := range map[string]wire.FeedPage{
		"again":             o.page(o.scope(), 0, 2),
		"overlapping":       o.page(o.scope(), 1, 2),
		"after a gap":       func() wire.FeedPage { p := o.page(o.scope(), 2, 1); p.After = 5; p.Items[0].Seq = 6; return p }(),
		"of another epoch":  elsewhere,
		"without any items": o.page(o.scope(), 2, 0),
	} {
		t.Run(name, func(t *testing.T) {
			apply(t, s, page)
			if diff := cmp.Diff(before, lists(t, s)); diff != "" {
				t.Errorf("changed:\n%s", diff)
			}
		})
	}
}

func TestAlteredRevisionRefusesThePage(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.household(t, "1", "张三", "1号", "")
	o.household(t, "2", "李四", "2号", "")
	before := lists(t, s)
	page := o.page(o.scope(), 0, 2)
	page.Items[1].Revision.Header.Author[0]++
	if err := s.ApplyPage(t.Context(), page); survey.KindOf(err) != survey.Damaged {
		t.Errorf("ApplyPage = %v", err)
	}
	if diff := cmp.Diff(before, lists(t, s)); diff != "" {
		t.Errorf("half a page was applied:\n%s", diff)
	}
}

func TestOwnRevisionComesBackByPull(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	finish(t, s, o.draft(survey.RecordID{}), submission())
	push := nextPush(t, s, 200, 1<<20)
	deliver(t, s, o)
	before := lists(t, s)
	o.publish(push.Segments[0].Entries[0].Revision)
	apply(t, s, o.page(o.scope(), 0, 10))
	after := lists(t, s)
	after.Cursors = before.Cursors
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("own revision changed something (-before +after):\n%s", diff)
	}
}

func TestVisitFromAnotherDevice(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "1", "张三", "1号", "")
	other := survey.NewID[survey.PersonID]()
	o.publish(o.revision(t, survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: o.scope(), Form: "QZ-01", FormVersion: "1.0",
		Author: other, Wall: survey.MillisOf(monday),
	}, survey.Fields{survey.VisitHousehold: id.String(), survey.VisitName: "张三 2026-11-20"}))
	apply(t, s, o.page(o.scope(), 0, 10))
	visits, err := s.VisitsOf(t.Context(), id)
	if err != nil || len(visits) != 1 || visits[0].Delivery != survey.FromOthers || visits[0].Author != other {
		t.Errorf("visits = %+v, %v", visits, err)
	}
	if k, _ := s.Safekeeping(t.Context()); k != (survey.Safekeeping{}) {
		t.Errorf("another's visit is counted as ours: %+v", k)
	}
}

func TestEditsMadeApart(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	id := o.household(t, "1", "张三", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 10))
	base := o.feeds[o.scope()][0].Revision

	sub := submission()
	sub.Entities = []form.EntityChange{{
		Dataset: "household", ID: id.String(), Update: true, Properties: map[string]string{"phone": "13800000002"},
	}}
	finish(t, s, o.draft(id), sub)
	theirs := o.revision(t, survey.Header{
		Record: id, Type: survey.TypeHousehold, Scope: o.scope(), Parents: []survey.RevID{base.ID}, HLC: base.Header.HLC + 1,
	}, survey.Fields{survey.HouseholdHead: "张三", survey.HouseholdPhone: "13800000003", survey.HouseholdCode: "1"})
	o.publish(theirs)
	apply(t, s, o.page(o.scope(), 1, 10))

	check := func(s *Store) {
		t.Helper()
		h, err := s.Household(t.Context(), id)
		if err != nil || !h.Conflicted || h.Phone != "13800000002" {
			t.Errorf("household = %+v, %v; want the later phone and a conflict", h, err)
		}
		if list := s.SearchHouseholds(o.village, "", 0); len(list) != 1 || !list[0].Conflicted {
			t.Errorf("list = %+v", list)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(openStore(t, dir, Options{}))
}

// A record that comes and goes on one page is not shown; one that comes back is.
func TestRecordComesAndLeavesOnOnePage(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.household(t, "1", "张三", "1号", "")
	page := o.page(o.scope(), 0, 10)
	moved := o.revision(t, survey.Header{
		Record: page.Items[0].Revision.Header.Record, Type: survey.TypeHousehold, Kind: survey.Move, Scope: survey.ScopeID{9},
		Parents: []survey.RevID{page.Items[0].Revision.ID},
	}, survey.Fields{survey.HouseholdHead: "张三"})
	page.Items = append(page.Items, wire.FeedItem{Seq: 2, Op: wire.FeedLeave, Revision: wire.Erase(moved)})
	apply(t, s, page)
	if found := s.SearchHouseholds(o.village, "", 0); len(found) != 0 {
		t.Errorf("a household that has moved away is shown: %v", found)
	}
	back := o.revision(t, survey.Header{
		Record: moved.Header.Record, Type: survey.TypeHousehold, Kind: survey.Move, Scope: o.scope(), Parents: []survey.RevID{moved.ID},
	}, survey.Fields{survey.HouseholdHead: "张三"})
	apply(t, s, wire.FeedPage{Scope: page.Scope, Epoch: page.Epoch, After: 2, Head: 3, Items: []wire.FeedItem{{Seq: 3, Op: wire.FeedPut, Revision: back}}})
	if found := s.SearchHouseholds(o.village, "", 0); len(found) != 1 {
		t.Errorf("a household that has come back is not shown: %v", found)
	}
}

// What this device wrote in a scope is shown again when the scope is granted again.
func TestOwnVisitComesBackWithItsScope(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	finish(t, s, o.draft(id), submission())
	push := nextPush(t, s, 200, 1<<20)
	deliver(t, s, o)
	o.publish(push.Segments[0].Entries[0].Revision)
	apply(t, s, o.page(o.scope(), 1, 10))
	if err := s.RemoveScope(t.Context(), o.scope()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, o.page(o.scope(), 0, 10))
	if visits, err := s.VisitsOf(t.Context(), id); err != nil || len(visits) != 1 || visits[0].Delivery != survey.Received {
		t.Errorf("visits after the scope came back = %+v, %v", visits, err)
	}
}

func TestRecordLeavesItsScope(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	page := o.page(o.scope(), 0, 1)
	page.After, page.Head = 1, 2
	page.Items = []wire.FeedItem{{Seq: 2, Op: wire.FeedLeave, HLC: page.Items[0].HLC, Revision: wire.Erase(page.Items[0].Revision)}}
	apply(t, s, page)
	if n := s.HouseholdCount(o.village); n != 0 {
		t.Errorf("%d households left in view", n)
	}
	if _, err := s.Household(t.Context(), id); survey.KindOf(err) != survey.NotFound {
		t.Errorf("Household = %v", err)
	}
}

func TestScopeIsWithdrawn(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	id := o.household(t, "1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	finish(t, s, o.draft(id), submission())
	if err := s.RemoveScope(t.Context(), o.scope()); err != nil {
		t.Fatal(err)
	}
	if n := s.HouseholdCount(o.village); n != 0 {
		t.Errorf("%d households left in view", n)
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Waiting != 1 {
		t.Errorf("what was not handed over is gone: %+v, %v", k, err)
	}
	scope := o.scope()
	count := func(table string) (n int) {
		t.Helper()
		row := s.db.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+" WHERE scope_id = ?", scope[:])
		if err := row.Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if count("withdrawn") != 1 || count("record") != 1 {
		t.Error("what is left of the scope will not be looked at again")
	}
	deliver(t, s, o)
	if err := s.RemoveScope(t.Context(), scope); err != nil || count("record") != 0 {
		t.Errorf("%d records after delivery, %v", count("record"), err)
	}
}

// A household moves to another village and back, and then its village is withdrawn: the other village's feed still
// brings all that was ever in it.
func TestVillageOfAMovedRecordIsWithdrawn(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	elsewhere := survey.ScopeID{9}
	id := o.household(t, "1", "张三", "1号", "")
	root := o.page(o.scope(), 0, 10).Items[0]
	move := func(to survey.ScopeID, parent survey.RevID) wire.FeedItem {
		r := o.revision(t, survey.Header{
			Record: id, Type: survey.TypeHousehold, Kind: survey.Move, Scope: to, Parents: []survey.RevID{parent},
		}, survey.Fields{survey.HouseholdHead: "张三"})
		return wire.FeedItem{Op: wire.FeedPut, Revision: r}
	}
	away := move(elsewhere, root.Revision.ID)
	back := move(o.scope(), away.Revision.ID)
	gone := wire.FeedItem{Op: wire.FeedLeave, Revision: wire.Erase(away.Revision)}
	again := wire.FeedItem{Op: wire.FeedLeave, Revision: wire.Erase(back.Revision)}
	feed := func(scope survey.ScopeID, items ...wire.FeedItem) {
		for i := range items {
			items[i].Seq = uint64(i) + 1
		}
		apply(t, s, wire.FeedPage{Scope: scope, Epoch: o.page(scope, 0, 0).Epoch, Items: items, Head: uint64(len(items))})
	}
	feed(o.scope(), root, gone, away, back)
	feed(elsewhere, root, away, again)
	if err := s.RemoveScope(t.Context(), o.scope()); err != nil {
		t.Fatal(err)
	}
	cursors, err := s.Cursors(t.Context())
	if err != nil || !slices.ContainsFunc(cursors, func(c survey.Cursor) bool { return c.Scope == elsewhere && c.Seq == 0 }) {
		t.Errorf("cursors = %v, %v; what went with the record will not come again", cursors, err)
	}
}

func TestSharedScopeIsWithdrawn(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	register := survey.RegisterScope(county)
	o.publish(o.revision(t, survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeForm, Scope: register, Form: "QZ-01", FormVersion: "1.0",
	}, survey.Fields{survey.FormTitle: "群众工作调查表", survey.FormXML: "<form/>"}))
	apply(t, s, o.page(register, 3, 10))
	if err := s.RemoveScope(t.Context(), register); err != nil {
		t.Fatal(err)
	}
	got := lists(t, s)
	if _, err := s.FormXML(t.Context(), "QZ-01", "1.0"); len(got.Forms)+len(got.Villages) != 0 || survey.KindOf(err) != survey.NotFound {
		t.Errorf("forms = %v, villages = %v, %v", got.Forms, got.Villages, err)
	}
	apply(t, s, o.page(register, 0, 10))
	if got := lists(t, s); len(got.Forms) != 1 {
		t.Errorf("granted again, forms = %v", got.Forms)
	}
}

func TestGrants(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	device, _, err := s.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := func() string {
		e, _, err := s.Enrolment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e.Grant.Name
	}
	renamed, err := wire.SignGrant(survey.Grant{Device: device, Name: "改名", County: county, Serial: 2}, o.key)
	if err != nil {
		t.Fatal(err)
	}
	stolen := o.grant(t, survey.NewID[survey.DeviceID](), 3)
	if err := s.Renew(t.Context(), stolen); survey.KindOf(err) != survey.Denied {
		t.Errorf("a grant for another device = %v", err)
	}
	if err := s.Renew(t.Context(), newOffice(t).grant(t, device, 3)); survey.KindOf(err) != survey.Damaged {
		t.Errorf("a grant by another server = %v", err)
	}
	if err := errors.Join(s.Renew(t.Context(), renamed), s.Renew(t.Context(), o.grant(t, device, 1))); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "改名" {
		t.Errorf("name = %q; an older grant has replaced the newer", got)
	}
	if villages := s.Villages(); len(villages) != 0 {
		t.Errorf("villages = %v, though none is granted any more", villages)
	}
}

func TestRecipientsAreTheCountysWord(t *testing.T) {
	o := newOffice(t)
	dir := t.TempDir()
	s := enrolled(t, o, dir)
	list := func(o *office, serial uint64, name string) wire.SignedRecipients {
		t.Helper()
		signed, err := wire.SignRecipients(survey.Recipients{
			County: county, Serial: serial, Listed: []survey.Recipient{{Use: survey.ForEnvelope, Name: name, Key: "age1"}},
		}, o.key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	if err := s.KeepRecipients(t.Context(), list(newOffice(t), 9, "冒名")); survey.KindOf(err) != survey.Damaged {
		t.Errorf("a list by another server = %v", err)
	}
	for _, signed := range []wire.SignedRecipients{list(o, 2, "县纪委监委"), list(o, 1, "旧名单")} {
		if err := s.KeepRecipients(t.Context(), signed); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	e, _, err := openStore(t, dir, Options{}).Enrolment(t.Context())
	if err != nil || len(e.Recipients.For(survey.ForEnvelope)) != 1 || e.Recipients.Listed[0].Name != "县纪委监委" {
		t.Errorf("after a restart: %+v, %v", e.Recipients, err)
	}
}

// A county that requires commercial cryptography has what is written from then on sealed with it; the rest opens as before.
func TestTheCountyChoosesTheCipher(t *testing.T) {
	o := newOffice(t)
	dir := t.TempDir()
	s := enrolled(t, o, dir)
	before := o.draft(o.household(t, "1", "张三", "1号", ""))
	if err := s.BeginDraft(t.Context(), before, []byte("以前")); err != nil {
		t.Fatal(err)
	}
	signed, err := wire.SignRecipients(survey.Recipients{County: county, Serial: 1, Cipher: uint8(seal.SM4GCM)}, o.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.KeepRecipients(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	after := o.draft(before.Household)
	sealedWith := func(id survey.DraftID) seal.Algorithm {
		t.Helper()
		var kept []byte
		err := s.db.reader.QueryRowContext(t.Context(), "SELECT state_sealed FROM draft WHERE draft_id = ?", id[:]).Scan(&kept)
		if err != nil {
			t.Fatal(err)
		}
		return seal.Algorithm(kept[0])
	}
	for range 2 { // at once, and after a restart
		if err := s.BeginDraft(t.Context(), after, []byte("以后")); err != nil {
			t.Fatal(err)
		}
		if got := sealedWith(before.ID); got != seal.AES256GCM {
			t.Errorf("what was written before is sealed with %v", got)
		}
		if got := sealedWith(after.ID); got != seal.SM4GCM || s.Algorithm() != seal.SM4GCM {
			t.Errorf("what is written now is sealed with %v", got)
		}
		for id, want := range map[survey.DraftID]string{before.ID: "以前", after.ID: "以后"} {
			if _, state, _, err := s.LoadDraft(t.Context(), id); err != nil || string(state) != want {
				t.Errorf("%q, %v, want %q", state, err, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir, Options{})
		after = o.draft(before.Household)
	}
}
