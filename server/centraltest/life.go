package centraltest

import (
	"slices"
	"testing"
	"time"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// PutBack returns the address of a copy of a database, as it is now, that nobody has open.
type PutBack func(tb testing.TB, dsn string) string

// RunLife holds central to what it promises over copies, restores and revocations, on a kind of database.
func RunLife(t *testing.T, fresh Backend, copied PutBack) {
	t.Helper()
	l := life{suite{fresh}, copied}
	t.Run("a device that pushes notices that the database was put back", l.noticedByNonce)
	t.Run("a device that only reads notices it too, but not every hour", l.noticedByCursor)
	t.Run("two devices refill what was put back", l.refilled)
	t.Run("an offer is taken only under our own stamps", l.offers)
	t.Run("a copied log is no put-back database", l.copiedLog)
	t.Run("a pull says how far every log is held", l.holdings)
	t.Run("the list of revoked devices reaches whoever lacks it", l.revocations)
	t.Run("what is kept apart is accepted or dropped by a person", l.judged)
	t.Run("a copy is read back with what it holds", l.copy)
}

type life struct {
	suite

	copied PutBack
}

// putBack is a county that was copied, went on, and was then put back to the copy.
type putBack struct {
	*central.Central
	clock *Clock
}

// goOn lets before happen, copies the database, lets after happen to the original, and opens the copy in its place.
func (l life) goOn(t *testing.T, before, after func(c *central.Central)) putBack {
	t.Helper()
	clock, dsn := NewClock(), l.fresh(t)
	at := func(dsn string, do func(c *central.Central)) {
		c := Open(t, dsn, clock.Now)
		do(c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	at(dsn, before)
	kept := l.copied(t, dsn)
	at(dsn, after)
	return putBack{Open(t, kept, clock.Now), clock}
}

func (l life) noticedByNonce(t *testing.T) {
	var d *Device
	scope := village()
	c := l.goOn(t, func(c *central.Central) {
		d = Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
		d.Visit(t, scope, "a")
		d.Send(t, c, 1)
	}, func(c *central.Central) {
		for range 3 {
			d.Visit(t, scope, "b")
			d.Send(t, c, uint64(len(d.Log)))
		}
	})
	old := c.Epoch()
	d.Visit(t, scope, "c")
	_, err := d.TrySend(t, c.Central, 5)
	wantKind(t, err, survey.Unavailable)
	if survey.MessageOf(err) == "" || c.Epoch() == old {
		t.Fatalf("epoch %s as before, %v", c.Epoch(), err)
	}
	began := c.Epoch()
	// The device does as protocol.md says: it forgets the nonce, and offers its log from the start.
	receipt := d.Send(t, c.Central, 1)
	if receipt.Epoch != began || receipt.Replicas[0].Fork || receipt.Replicas[0].Received != 5 {
		t.Fatalf("receipt %+v", receipt)
	}
	d.Nonce = nil // the receipt was lost
	if receipt = d.Send(t, c.Central, 1); receipt.Replicas[0].Fork {
		t.Error("a lost receipt after a new epoch counts as a fork")
	}
	d.Visit(t, scope, "d")
	if receipt = d.Send(t, c.Central, 6); receipt.Replicas[0].Received != 6 || c.Epoch() != began {
		t.Errorf("receipt %+v", receipt)
	}
	if seen := pullAsNew(t, c.Central, scope).Seen; len(seen) != 6 {
		t.Errorf("%d revisions in the feed, want 6 once each: %v", len(seen), seen)
	}
}

func (l life) noticedByCursor(t *testing.T) {
	var (
		d      *Device
		reader *Reader
	)
	scope := village()
	c := l.goOn(t, func(c *central.Central) {
		d = Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
		reader = NewReader(Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre))
	}, func(c *central.Central) {
		d.Visit(t, scope, "a")
		d.Send(t, c, 1)
		if err := reader.Pull(t, c, wire.MaxPage); err != nil {
			t.Fatal(err)
		}
	})
	lie := func() survey.Epoch {
		reply, err := c.Feed(t.Context(), reader.Device, wire.Pull{Cursors: []survey.Cursor{{Epoch: c.Epoch(), Scope: scope, Seq: 9}}})
		if err != nil {
			t.Fatal(err)
		}
		return reply.Epoch
	}
	old := c.Epoch()
	reply, err := c.Feed(t.Context(), reader.Device, wire.Pull{Cursors: []survey.Cursor{reader.cursors[scope]}})
	if err != nil || reply.Epoch == old || c.Epoch() != reply.Epoch {
		t.Fatalf("epoch %s after %s, %v", reply.Epoch, old, err)
	}
	if lie() != reply.Epoch {
		t.Error("a cursor alone begins one epoch after another")
	}
	c.clock.Pass(25 * time.Hour)
	if lie() == reply.Epoch {
		t.Error("a second time is never noticed")
	}
}

// pages reads a scope from the start.
func pages(t *testing.T, c *central.Central, d *Device, scope survey.ScopeID) (stamps []wire.Stamp, revisions []survey.Revision) {
	t.Helper()
	at := survey.Cursor{Epoch: c.Epoch(), Scope: scope}
	for {
		reply, err := c.Feed(t.Context(), d.ID, wire.Pull{Cursors: []survey.Cursor{at}, MaxBytes: wire.MinPage})
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range reply.Pages {
			if page.Scope != scope {
				continue
			}
			stamps = append(stamps, wire.StampOf(page))
			at.Seq += uint64(len(page.Items))
			for _, item := range page.Items {
				revisions = append(revisions, item.Revision)
			}
		}
		if !reply.More {
			return stamps, revisions
		}
	}
}

func idsOf(revisions []survey.Revision) (ids []survey.RevID) {
	for _, r := range revisions {
		ids = append(ids, r.ID)
	}
	return ids
}

// The writer is gone for good; what it wrote after the copy comes back from a device that has read it.
func (l life) refilled(t *testing.T) {
	var (
		writer, reader *Device
		stamps         []wire.Stamp
		held           []survey.Revision
	)
	scope := village()
	c := l.goOn(t, func(c *central.Central) {
		writer = Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
		reader = Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
		writer.Visit(t, scope, "before")
		writer.Send(t, c, 1)
	}, func(c *central.Central) {
		for range 30 {
			writer.Visit(t, scope, "after")
		}
		writer.Send(t, c, 2)
		stamps, held = pages(t, c, reader, scope)
	})
	if _, err := c.BeginEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := wire.Reconcile{Scope: scope, Digests: wire.DigestsOf(idsOf(held))}
	answer, err := c.Reconcile(t.Context(), reader.ID, ask)
	if err != nil {
		t.Fatal(err)
	}
	lacking := answer.Lacks(idsOf(held))
	if len(lacking) != 30 {
		t.Fatalf("%d lacking, want 30", len(lacking))
	}
	offer := wire.Offer{Scope: scope, Stamps: stamps}
	for _, r := range held {
		if slices.Contains(lacking, r.ID) {
			offer.Revisions = append(offer.Revisions, r)
		}
	}
	for i, want := range []uint64{30, 0} {
		taken, err := c.TakeOffer(t.Context(), reader.ID, offer)
		if err != nil || taken.Taken != want {
			t.Errorf("offer %d: %+v, %v", i, taken, err)
		}
	}
	if answer, err = c.Reconcile(t.Context(), reader.ID, ask); err != nil || len(answer.Buckets) > 0 {
		t.Errorf("still different: %+v, %v", answer, err)
	}
	// The writer turns up after all, with all it had.
	writer.Nonce = nil
	if receipt := writer.Send(t, c.Central, 1); receipt.Replicas[0].Received != 31 || len(receipt.Rejects) > 0 {
		t.Errorf("receipt %+v", receipt)
	}
	for id, times := range pullAsNew(t, c.Central, scope).Seen {
		if times != 1 || !slices.Contains(idsOf(held), id) {
			t.Errorf("revision %s came %d times", id, times)
		}
	}
	if _, again := pages(t, c.Central, reader, scope); len(again) != 31 {
		t.Errorf("%d revisions in the feed, want 31", len(again))
	}
}

func (l life) offers(t *testing.T) {
	c, _ := l.begin(t)
	scope, foreign := village(), village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	known := d.Visit(t, scope, "known")
	d.Send(t, c, 1)
	stamps, _ := pages(t, c, d, scope)
	forged := d.Visit(t, scope, "forged")
	stamped := func(change func(*wire.Stamp)) []wire.Stamp {
		s := stamps[0]
		s.Revisions = slices.Clone(s.Revisions)
		change(&s)
		return []wire.Stamp{s}
	}
	tests := map[string]wire.Offer{
		"under no stamp":             {Scope: scope, Revisions: []survey.Revision{forged}},
		"beside its stamp":           {Scope: scope, Stamps: stamps, Revisions: []survey.Revision{known, forged}},
		"under a forged stamp":       {Scope: scope, Revisions: []survey.Revision{forged}, Stamps: stamped(func(s *wire.Stamp) { s.Revisions[0] = forged.ID })},
		"under another scope's":      {Scope: scope, Revisions: []survey.Revision{known}, Stamps: stamped(func(s *wire.Stamp) { s.Scope = foreign })},
		"of a scope not granted":     {Scope: foreign, Revisions: []survey.Revision{known}, Stamps: stamps},
		"from a stamp without words": {Scope: scope, Revisions: []survey.Revision{forged}, Stamps: []wire.Stamp{{Scope: scope}}},
	}
	for name, offer := range tests {
		if taken, err := c.TakeOffer(t.Context(), d.ID, offer); err == nil {
			t.Errorf("%s: %+v", name, taken)
		}
	}
	if _, held := pages(t, c, d, scope); len(held) != 1 {
		t.Errorf("%d revisions in the feed, want the one", len(held))
	}
	_, err := c.Reconcile(t.Context(), d.ID, wire.Reconcile{Scope: foreign, Digests: wire.DigestsOf(nil)})
	wantKind(t, err, survey.NotFound)
}

func (l life) copiedLog(t *testing.T) {
	c, _ := l.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	var nonces [][]byte
	for i := range 4 {
		d.Visit(t, scope, "a")
		nonces = append(nonces, d.Nonce)
		d.Send(t, c, uint64(i)+1)
	}
	old := c.Epoch()
	for i, nonce := range append(nonces[:2], []byte("made up"), make([]byte, 24)) {
		d.Nonce = nonce
		if receipt := d.Send(t, c, 4); !receipt.Replicas[0].Fork || c.Epoch() != old {
			t.Errorf("nonce %d: %+v", i, receipt)
		}
	}
}

func (l life) holdings(t *testing.T) {
	c, _ := l.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	if reply, err := c.Feed(t.Context(), d.ID, wire.Pull{}); err != nil || reply.Holdings == nil {
		t.Errorf("no word that nothing is held: %v", err)
	}
	d.Visit(t, scope, "a")
	d.Visit(t, scope, "b")
	d.Send(t, c, 1)
	if err := c.MarkDurable(t.Context(), map[survey.ReplicaID]uint64{d.Replica: 1}); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Feed(t.Context(), d.ID, wire.Pull{})
	if err != nil || reply.Holdings == nil {
		t.Fatalf("no holdings, %v", err)
	}
	h, err := reply.Holdings.Open(c.Key())
	if err != nil || h.Device != d.ID || h.Epoch != c.Epoch() || len(h.Replicas) != 1 ||
		h.Replicas[0] != (wire.ReplicaState{Replica: d.Replica, Received: 2, Durable: 1}) {
		t.Errorf("holdings %+v, %v", h, err)
	}
}

func (l life) revocations(t *testing.T) {
	c, clock := l.begin(t)
	reader := Enrolled(t, c, nil, survey.RoleCadre)
	d := Enrolled(t, c, nil, survey.RoleCadre)
	ask := func(serial uint64) *survey.Revocations {
		reply, err := c.Feed(t.Context(), reader.ID, wire.Pull{Revocations: serial})
		if err != nil || reply.Revocations == nil {
			return nil
		}
		list, err := reply.Revocations.Open(c.Key())
		if err != nil {
			t.Fatal(err)
		}
		return &list
	}
	if list := ask(0); list != nil {
		t.Errorf("a list before anybody was revoked: %+v", list)
	}
	for range 2 {
		if err := c.Revoke(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
	}
	list := ask(0)
	if list == nil || list.Serial == 0 || list.County != County {
		t.Fatalf("list %+v", list)
	}
	if since, ok := list.Since(d.ID); !ok || since != survey.MillisOf(clock.Now()) {
		t.Errorf("revoked since %v, %v", since, ok)
	}
	if again := ask(list.Serial); again != nil {
		t.Errorf("the list that is held was sent again: %+v", again)
	}
	if err := c.Regrant(t.Context(), d.ID, nil, []survey.Role{survey.RoleCadre}); err != nil {
		t.Fatal(err)
	}
	if next := ask(list.Serial); next == nil || next.Serial <= list.Serial || len(next.Devices) != 0 {
		t.Errorf("after granting anew: %+v", next)
	}
	if _, err := c.Feed(t.Context(), d.ID, wire.Pull{}); err != nil {
		t.Errorf("granted anew and refused: %v", err)
	}
	wantKind(t, c.Revoke(t.Context(), survey.DeviceID{1}), survey.Denied)
	if devices, err := c.Devices(t.Context()); err != nil || len(devices) != 2 || devices[1].Revoked != 0 {
		t.Errorf("devices %+v, %v", devices, err)
	}
}

func (l life) judged(t *testing.T) {
	c, clock := l.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Visit(t, scope, "before")
	clock.Pass(time.Hour)
	if err := c.Revoke(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	clock.Pass(time.Hour)
	later := func() survey.Revision {
		return d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(clock.Now())},
			survey.Body{Fields: survey.Fields{"says": "after"}})
	}
	good, bad := later(), later()
	d.Send(t, c, 1)
	list, err := c.Apart(t.Context(), false)
	if err != nil || len(list) != 2 || list[0].Reason == "" {
		t.Fatalf("apart %+v, %v", list, err)
	}
	if err := c.Accept(t.Context(), good.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, c.Accept(t.Context(), good.ID), survey.NotFound)
	wantKind(t, c.Drop(t.Context(), good.ID, "x"), survey.NotFound)
	wantKind(t, c.Drop(t.Context(), bad.ID, ""), survey.Invalid)
	if err := c.Drop(t.Context(), bad.ID, "重复"); err != nil {
		t.Fatal(err)
	}
	if list, err := c.Apart(t.Context(), false); err != nil || len(list) != 0 {
		t.Errorf("still waiting: %+v, %v", list, err)
	}
	if list, err := c.Apart(t.Context(), true); err != nil || len(list) != 1 || list[0].Judgement != "重复" || list[0].Revision.ID != bad.ID {
		t.Errorf("dropped: %+v, %v", list, err)
	}
	if r, err := c.Record(t.Context(), good.Header.Record); err != nil || r.Fields["says"] != "after" {
		t.Errorf("accepted record %+v, %v", r, err)
	}
	_, err = c.Record(t.Context(), bad.Header.Record)
	wantKind(t, err, survey.NotFound)
	// The same revisions under a new replica bring what was decided.
	entries := d.Log
	d.NewReplica()
	d.Log = entries
	receipt := d.Send(t, c, 1)
	if len(receipt.Rejects) != 1 || receipt.Rejects[0].Revision != bad.ID || receipt.Rejects[0].Message != "乡镇没有采用：重复" {
		t.Errorf("rejects %+v", receipt.Rejects)
	}
	seen := pullAsNew(t, c, scope).Seen
	if len(seen) != 2 || seen[good.ID] != 1 || seen[bad.ID] != 0 {
		t.Errorf("the feed has %v", seen)
	}
}

func (l life) copy(t *testing.T) {
	c, _ := l.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	d.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope},
		survey.Body{Attachments: []survey.Attachment{{Name: "a", SHA256: survey.Hash{7}, Size: 5, MIME: "image/jpeg"}}})
	d.Send(t, c, 1)
	file := t.TempDir() + "/" + c.CopyName()
	if err := c.Copy(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	d.Visit(t, scope, "after the copy")
	d.Send(t, c, 2)
	held, err := c.Inspect(t.Context(), file)
	if err != nil || held.County != County || held.Epoch != c.Epoch() || held.Marks[d.Replica] != 1 || held.Files[survey.Hash{7}] != 5 {
		t.Errorf("the copy holds %+v, %v", held, err)
	}
	if err := c.Copy(t.Context(), file); err == nil && c.CopyName() == "central.db" {
		t.Error("a copy was written over another")
	}
}
