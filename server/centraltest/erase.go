package centraltest

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// feedOf returns what a new device of a village reads from the start, by revision.
func feedOf(tb testing.TB, c *central.Central, scope survey.ScopeID) map[survey.RevID]wire.FeedItem {
	tb.Helper()
	d := Enrolled(tb, c, []survey.ScopeID{scope}, survey.RoleCadre)
	items := map[survey.RevID]wire.FeedItem{}
	cursor := survey.Cursor{Epoch: c.Epoch(), Scope: scope}
	for {
		reply, err := c.Feed(tb.Context(), d.ID, wire.Pull{Cursors: []survey.Cursor{cursor}, MaxBytes: wire.MaxPage})
		if err != nil {
			tb.Fatal(err)
		}
		for _, page := range reply.Pages {
			if page.Scope != scope {
				continue
			}
			for _, item := range page.Items {
				if err := wire.VerifyRevision(item.Revision); err != nil {
					tb.Fatalf("an item of the feed does not verify: %v", err)
				}
				items[item.Revision.ID] = item
				cursor.Seq = item.Seq
			}
		}
		if !reply.More {
			return items
		}
	}
}

// wantSound checks that no log and no feed has lost anything.
func wantSound(tb testing.TB, c *central.Central) central.Audit {
	tb.Helper()
	audit, err := c.Audit(tb.Context())
	if err != nil || len(audit.Faults) > 0 {
		tb.Fatalf("audit: %v, %q", err, audit.Faults)
	}
	return audit
}

func erase(tb testing.TB, c *central.Central, want int, erasures ...survey.Erasure) {
	tb.Helper()
	if n, err := c.Erase(tb.Context(), survey.PersonID{7}, erasures); err != nil || n != want {
		tb.Fatalf("Erase = %d, %v; want %d", n, err, want)
	}
}

func (s suite) erased(t *testing.T) {
	c, _ := s.begin(t)
	scope, record := village(), survey.NewID[survey.RecordID]()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	first := d.Household(t, record, scope, survey.Fields{"label": "秘密姓名"})
	second := d.Household(t, record, scope, survey.Fields{"label": "秘密姓名", "phone": "13800000001"}, first.ID)
	visit := d.Visit(t, scope, "说过的话")
	d.Send(t, c, 1)
	erase(t, c, 1, survey.Erasure{Record: record, Note: "依申请删除"})
	erase(t, c, 0, survey.Erasure{Record: record, Note: "依申请删除"})

	r, err := c.Record(t.Context(), record)
	if err != nil || !r.Voided || len(r.Fields) > 0 || len(r.Conflicts) > 0 {
		t.Errorf("record %+v, %v; want nothing of it", r, err)
	}
	items := feedOf(t, c, scope)
	if len(items) != 4 || !wire.Erased(items[first.ID].Revision) || !wire.Erased(items[second.ID].Revision) || wire.Erased(items[visit.ID].Revision) {
		t.Errorf("a new device reads %+v", items)
	}
	if audit := wantSound(t, c); audit.Erased != 2 || audit.Entries != 4 {
		t.Errorf("audit %+v; want two of four erased", audit)
	}

	// The device has lost its receipt and by now has erased its own log: what it sends again is taken as known.
	for i, e := range d.Log[:2] {
		d.Log[i].Revision = wire.Erase(e.Revision)
	}
	lost := wire.Push{ID: survey.NewID[survey.PushID](), Nonce: d.Nonce, Segments: []wire.Segment{d.Segment(t, 1, 3)}}
	if receipt, err := c.Receive(t.Context(), lost); err != nil || receipt.Replicas[0].Fork || receipt.Replicas[0].Received != 3 {
		t.Errorf("an erased log sent again: %+v, %v", receipt, err)
	}
	d.NewReplica()
	d.Log = append(d.Log, survey.Entry{N: 1, Revision: wire.Erase(first)})
	d.Send(t, c, 1)
	wantSound(t, c)
}

func (s suite) erasedInPart(t *testing.T) {
	c, _ := s.begin(t)
	scope, record := village(), survey.NewID[survey.RecordID]()
	sum, kept := survey.Hash{1}, survey.Hash{2}
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Add(t, survey.Header{Record: record, Type: survey.TypeVisit, Scope: scope, Form: "QZ-01", FormVersion: "1"}, survey.Body{
		Fields:      survey.Fields{"name": "秘密姓名", "result": "talked"},
		Attachments: []survey.Attachment{{Name: "p.jpg", SHA256: sum, Size: 3}, {Name: "q.jpg", SHA256: kept, Size: 3}},
	})
	d.Send(t, c, 1)
	erase(t, c, 1, survey.Erasure{
		Record: record, Keep: survey.Fields{"result": "talked"}, Files: []survey.Attachment{{Name: "q.jpg", SHA256: kept, Size: 3}},
	})
	r, err := c.Record(t.Context(), record)
	if err != nil || r.Voided || len(r.Fields) != 1 || r.Fields["result"] != "talked" || len(r.Files) != 1 || r.Form != "QZ-01" {
		t.Errorf("record %+v, %v; want what was to stay", r, err)
	}
	var swept []survey.Hash
	remove := func(_ context.Context, sum survey.Hash) error { swept = append(swept, sum); return nil }
	if n, err := c.Sweep(t.Context(), remove); err != nil || n != 1 || !slices.Equal(swept, []survey.Hash{sum}) {
		t.Errorf("Sweep = %d, %v, removed %v; want the one that nothing refers to", n, err, swept)
	}
	if n, err := c.Sweep(t.Context(), remove); err != nil || n != 0 {
		t.Errorf("a second Sweep = %d, %v", n, err)
	}
	_, err = c.Attachment(t.Context(), d.ID, sum)
	wantKind(t, err, survey.NotFound)
	wantSound(t, c)
}

// late has an edit come that did not know of the erasure, and its parent after it.
func (s suite) late(t *testing.T) {
	c, _ := s.begin(t)
	scope, record := village(), survey.NewID[survey.RecordID]()
	a, b := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	root := a.Household(t, record, scope, survey.Fields{"label": "秘密姓名", "phone": "1"})
	a.Send(t, c, 1)
	edit := b.Household(t, record, scope, survey.Fields{"label": "秘密姓名", "phone": "2"}, root.ID)
	erase(t, c, 1, survey.Erasure{Record: record})
	b.Send(t, c, 1)
	r, err := c.Record(t.Context(), record)
	if err != nil || r.Voided || r.Fields["phone"] != "2" || len(r.Conflicts) != 1 {
		t.Errorf("record %+v, %v; want the late edit in conflict with the erasure", r, err)
	}
	late, err := c.Late(t.Context())
	if err != nil || !slices.Equal(late, []survey.RecordID{record}) {
		t.Fatalf("Late = %v, %v", late, err)
	}
	erase(t, c, 1, survey.Erasure{Record: record})
	if items := feedOf(t, c, scope); !wire.Erased(items[edit.ID].Revision) {
		t.Error("the late edit still says something")
	}
	if late, err := c.Late(t.Context()); err != nil || len(late) > 0 {
		t.Errorf("Late = %v, %v after all was erased", late, err)
	}
	wantSound(t, c)
}

func (s suite) cadreErases(t *testing.T) {
	c, _ := s.begin(t)
	scope, record := village(), survey.NewID[survey.RecordID]()
	cadre, township := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleTownship)
	root := cadre.Household(t, record, scope, survey.Fields{"label": "张"})
	erasing := survey.Header{Record: record, Type: survey.TypeHousehold, Scope: scope, Kind: survey.Erase, Parents: []survey.RevID{root.ID}}
	cadre.Add(t, erasing, survey.Body{})
	if rejects := cadre.Send(t, c, 1).Rejects; len(rejects) != 1 || rejects[0].Kind != survey.Denied {
		t.Errorf("a cadre's Erase: rejects %+v", rejects)
	}
	if r, err := c.Record(t.Context(), record); err != nil || r.Fields["label"] != "张" {
		t.Errorf("record %+v, %v after a cadre's Erase", r, err)
	}
	township.Add(t, erasing, survey.Body{})
	if rejects := township.Send(t, c, 1).Rejects; len(rejects) > 0 {
		t.Errorf("the township's Erase: rejects %+v", rejects)
	}
	if items := feedOf(t, c, scope); !wire.Erased(items[root.ID].Revision) {
		t.Error("the township's Erase erased nothing")
	}
}

func (s suite) erasedAfterMove(t *testing.T) {
	c, _ := s.begin(t)
	from, to, record := village(), village(), survey.NewID[survey.RecordID]()
	township := Enrolled(t, c, []survey.ScopeID{from, to}, survey.RoleTownship)
	root := township.Household(t, record, from, survey.Fields{"label": "张"})
	township.Add(t, survey.Header{Record: record, Type: survey.TypeHousehold, Scope: to, Kind: survey.Move, Parents: []survey.RevID{root.ID}},
		survey.Body{Fields: survey.Fields{"label": "张"}})
	township.Send(t, c, 1)
	erase(t, c, 1, survey.Erasure{Record: record})
	told := false
	for _, item := range feedOf(t, c, from) {
		told = told || item.Op == wire.FeedLeave && item.Revision.Header.Kind == survey.Erase
	}
	if !told {
		t.Error("the village that the record has left is not told of its erasure")
	}
	wantSound(t, c)
}

func (s suite) access(t *testing.T) {
	c, _ := s.begin(t)
	scope, household := village(), survey.NewID[survey.RecordID]()
	d, township := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre), Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleTownship)
	looked := survey.Access{
		Scope: scope, Household: household, Act: survey.ActShow, Reason: "办理问题", Where: survey.WhereDevice, At: survey.MillisOf(Start),
	}
	seen := d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeAccess, Scope: scope}, survey.Body{Fields: looked.Fields()})
	d.Add(t, survey.Header{Record: seen.Header.Record, Type: survey.TypeAccess, Scope: scope, Kind: survey.Void, Parents: []survey.RevID{seen.ID}}, survey.Body{})
	first := d.Send(t, c, 1).Rejects
	if len(first) != 1 {
		t.Errorf("a cadre voids what watches him: rejects %+v", first)
	}
	if again := d.Send(t, c, 1).Rejects; !slices.Equal(first, again) {
		t.Errorf("the same entries in another push, for the receipt was lost: rejects %+v, want %+v", again, first)
	}
	for _, kind := range []survey.RevisionKind{survey.Put, survey.Void, survey.Erase, survey.Merge} {
		township.Add(t, survey.Header{Record: seen.Header.Record, Type: survey.TypeAccess, Scope: scope, Kind: kind, Parents: []survey.RevID{seen.ID}}, survey.Body{})
	}
	if rejects := township.Send(t, c, 1).Rejects; len(rejects) != 4 {
		t.Errorf("the township changes the access log: rejects %+v", rejects)
	}
	at := looked
	at.Where, at.Person = survey.WhereConsole, survey.PersonID{9}
	if err := c.LogAccess(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	var people []survey.PersonID
	err := c.Holdings(t.Context(), central.Query{Scope: scope, Type: survey.TypeAccess}, func(h survey.Holding) error {
		a := survey.AccessOf(h.Record, h.First().Header.Author)
		if a.Household != household || a.Reason != "办理问题" || a.At != looked.At {
			t.Errorf("access %+v", a)
		}
		people = append(people, a.Person)
		return nil
	})
	if err != nil || len(people) != 2 || !slices.Contains(people, d.Person) || !slices.Contains(people, at.Person) {
		t.Errorf("people %v, %v", people, err)
	}
	if items := feedOf(t, c, scope); len(items) != 2 {
		t.Errorf("the feed has %d accesses, want both", len(items))
	}
}

// anyOrder erases in the middle of edits that come from several devices in any order.
func (s suite) anyOrder(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	township := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleTownship)
	rapid.Check(t, func(rt *rapid.T) {
		record, sent := survey.NewID[survey.RecordID](), uint64(len(township.Log))
		var made []survey.Revision
		for i := range rapid.IntRange(2, 8).Draw(rt, "revisions") {
			h := survey.Header{Record: record, Type: survey.TypeHousehold, Scope: scope, Author: township.Person, HLC: survey.HLC(0).Next(Start) + survey.HLC(i), Kind: survey.Put}
			for _, before := range made {
				if rapid.IntRange(0, 2).Draw(rt, "is a parent") > 0 {
					h.Parents = append(h.Parents, before.ID)
				}
			}
			body := survey.Body{Fields: survey.Fields{"label": "秘密", "n": string(rune('a' + i))}}
			h.Touched = []survey.FieldPath{"label", "n"}
			if rapid.IntRange(0, 2).Draw(rt, "erases") == 0 {
				h.Kind, h.Touched, body = survey.Erase, nil, survey.Body{}
			}
			r, err := wire.SealRevision(h, body, rand.Reader)
			if err != nil {
				rt.Fatal(err)
			}
			made = append(made, r)
		}
		ancestors := map[survey.RevID]bool{}
		for _, r := range slices.Backward(made) {
			if r.Header.Kind == survey.Erase || ancestors[r.ID] {
				for _, p := range r.Header.Parents {
					ancestors[p] = true
				}
			}
		}
		for _, r := range rapid.Permutation(made).Draw(rt, "arrival") {
			township.Log = append(township.Log, survey.Entry{N: uint64(len(township.Log)) + 1, Revision: r})
		}
		township.Send(t, c, sent+1)
		held, err := c.Holding(t.Context(), record)
		if err != nil || len(held.Statements) != len(made) {
			rt.Fatalf("%d revisions held of %d, %v", len(held.Statements), len(made), err)
		}
		for _, s := range held.Statements {
			if s.Erased != ancestors[s.ID] {
				rt.Fatalf("revision %s: erased %v, an Erase's ancestor %v", s.ID, s.Erased, ancestors[s.ID])
			}
		}
	})
	wantSound(t, c)
}
