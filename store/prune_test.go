package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// told is the office's signed word on a device's logs: every one durable as far as share of what is held.
func (o *office) told(tb testing.TB, s *Store, share func(held int) int) wire.SignedHoldings {
	tb.Helper()
	h := wire.Holdings{Device: s.self.device, Epoch: o.epoch, Time: survey.MillisOf(monday)}
	for id, held := range o.held {
		h.Replicas = append(h.Replicas, wire.ReplicaState{Replica: id, Received: uint64(len(held)), Durable: uint64(share(len(held)))})
	}
	signed, err := wire.SignHoldings(h, o.key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func all100(held int) int { return held }

// handOver hands everything over, a push at a time.
func handOver(t *testing.T, o *office, s *Store, entries int) {
	t.Helper()
	for {
		push, ok, err := s.NextPush(t.Context(), entries, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
			t.Fatal(err)
		}
	}
}

func count(t *testing.T, s *Store, query string) (n int) {
	t.Helper()
	if err := s.db.reader.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(query, err)
	}
	return n
}

func TestLogIsPrunedUpToDurable(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 1))
	for range 6 {
		finish(t, s, o.draft(home), submission())
	}
	handOver(t, o, s, 4)
	entries := count(t, s, "SELECT count(*) FROM rlog")
	before, err := s.Delivered(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.KeepHoldings(t.Context(), o.told(t, s, func(int) int { return 5 })); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "SELECT min(n) FROM rlog"); n != 5 { // only the first segment, of four entries, is durable whole
		t.Errorf("the log begins at %d, want 5", n)
	}
	if err := s.KeepHoldings(t.Context(), o.told(t, s, all100)); err != nil {
		t.Fatal(err)
	}
	left, shed := count(t, s, "SELECT count(*) FROM rlog"), count(t, s, "SELECT count(*) FROM shed")
	if left != 0 || shed != entries || count(t, s, "SELECT count(*) FROM segment") != 0 {
		t.Errorf("%d entries left, %d of %d shed", left, shed, entries)
	}
	after, err := s.Delivered(t.Context(), 0)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d visits after pruning, %d before, %v", len(after), len(before), err)
	}
	for _, visit := range after {
		if visit.Delivery != survey.Durable {
			t.Errorf("visit %s is %v", visit.ID, visit.Delivery)
		}
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Delivered != 6 || k.Durable != 6 || k.Waiting != 0 {
		t.Errorf("safekeeping %+v, %v", k, err)
	}
	// The log goes on: the next segment names the last one that was pruned.
	finish(t, s, o.draft(home), submission())
	push := nextPush(t, s, 10, 1<<20)
	h := push.Segments[0].Header
	if h.First != uint64(entries)+1 || h.Prev.IsZero() {
		t.Errorf("the next segment is %+v", h)
	}
	if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
		t.Fatal(err)
	}
	if k, _ := s.Safekeeping(t.Context()); k.Delivered != 7 || k.Durable != 6 {
		t.Errorf("safekeeping %+v", k)
	}
}

func TestWordsOnHoldingsThatChangeNothing(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "1", "张三", "1号", "")
	finish(t, s, o.draft(home), submission())
	handOver(t, o, s, 4)
	good := o.told(t, s, all100)
	stranger := newOffice(t)
	stranger.epoch, stranger.held = o.epoch, o.held
	elsewhere := *o
	elsewhere.epoch[0]++
	other := enrolled(t, newOffice(t), t.TempDir())
	cases := map[string]struct {
		word wire.SignedHoldings
		kind survey.Kind
	}{
		"not signed":              {wire.SignedHoldings{Holdings: good.Holdings}, survey.Damaged},
		"by a stranger":           {stranger.told(t, s, all100), survey.Damaged},
		"on another device":       {o.told(t, other, all100), survey.Damaged},
		"no words":                {wire.SignedHoldings{}, survey.Damaged},
		"of another epoch":        {elsewhere.told(t, s, all100), 0},
		"that nothing is durable": {o.told(t, s, func(int) int { return 0 }), 0},
	}
	for name, c := range cases {
		err := s.KeepHoldings(t.Context(), c.word)
		if c.kind == 0 && err != nil || c.kind != 0 && survey.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if n := count(t, s, "SELECT count(*) FROM shed"); n != 0 {
			t.Fatalf("%s: %d entries were pruned", name, n)
		}
	}
}

// Whatever the server says in whatever order, nothing is pruned beyond what it has called durable (I13), and what it
// says it lacks comes into the log again.
func TestNothingIsPrunedThatIsNotDurable(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := newOffice(t)
		s := enrolled(t, o, t.TempDir())
		defer s.Close()
		home := o.household(t, "1", "张三", "1号", "")
		apply(t, s, o.page(o.scope(), 0, 1))
		highest := 0
		for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.IntRange(0, 2).Draw(r, fmt.Sprint("step ", i)) {
			case 0:
				finish(t, s, o.draft(home), submission())
			case 1:
				handOver(t, o, s, rapid.IntRange(1, 4).Draw(r, "entries"))
			case 2:
				share := rapid.IntRange(0, 100).Draw(r, "share")
				word := o.told(t, s, func(held int) int { return held * share / 100 })
				highest = max(highest, len(o.held[s.self.replica])*share/100)
				if err := s.KeepHoldings(t.Context(), word); err != nil {
					r.Fatal(err)
				}
			}
			if n := count(t, s, "SELECT coalesce(max(n), 0) FROM pruned"); n > highest {
				r.Fatalf("pruned up to %d, durable %d", n, highest)
			}
		}
		handOver(t, o, s, 3)
		// The server is put back to nothing: all of it is offered again, under whatever name.
		o.held, o.epoch = map[survey.ReplicaID][]survey.RevID{}, survey.NewID[survey.Epoch]()
		own := count(t, s, "SELECT count(DISTINCT rev_id) FROM (SELECT rev_id FROM rlog UNION SELECT rev_id FROM shed)")
		if err := s.NewEpoch(t.Context(), o.epoch); err != nil {
			r.Fatal(err)
		}
		if err := s.KeepHoldings(t.Context(), o.told(t, s, all100)); err != nil {
			r.Fatal(err)
		}
		handOver(t, o, s, 3)
		held := map[survey.RevID]bool{}
		for _, log := range o.held {
			for _, id := range log {
				held[id] = true
			}
		}
		if len(held) != own {
			r.Fatalf("the server got %d revisions, want %d", len(held), own)
		}
	})
}

// holdings has the office say that all it holds is durable.
func (w *workshop) holdings() error {
	return w.store.KeepHoldings(context.Background(), w.office.told(w.t, w.store, all100))
}

// lostAll has the office be put back to nothing and the device follow.
func (w *workshop) lostAll() error {
	w.office.held, w.office.epoch = map[survey.ReplicaID][]survey.RevID{}, survey.NewID[survey.Epoch]()
	return w.store.NewEpoch(context.Background(), w.office.epoch)
}

// reject has the office receive a push and keep all of it apart.
func (w *workshop) reject() error {
	push, _, err := w.store.NextPush(context.Background(), 2, 1<<20)
	if err != nil {
		return err
	}
	receipt := w.office.accept(w.t, push)
	for _, e := range push.Segments[0].Entries {
		receipt.Rejects = append(receipt.Rejects, wire.Reject{Revision: e.Revision.ID, Kind: survey.Denied, Message: "由乡镇处理。"})
	}
	return w.store.Receive(context.Background(), w.office.sign(w.t, receipt))
}

// stamp keeps the office's signature over the next page of the village's feed, which stamped then brings.
func (w *workshop) stamp() error {
	page, err := wire.SignPage(w.office.page(w.office.scope(), 1, 8), w.office.key)
	return errors.Join(err, w.store.KeepStamp(context.Background(), wire.StampOf(page)))
}

func (w *workshop) stamped() error {
	return w.store.ApplyPage(context.Background(), w.office.page(w.office.scope(), 1, 8))
}

func init() {
	deeds = append(deeds,
		deed{"pruning the log", all((*workshop).begin, (*workshop).finish, (*workshop).begin, (*workshop).finish), []act{
			(*workshop).nextPush, (*workshop).receive, (*workshop).holdings, (*workshop).nextPush, (*workshop).receive, (*workshop).holdings,
			(*workshop).begin, (*workshop).finish, (*workshop).nextPush, (*workshop).receive, (*workshop).holdings,
			(*workshop).lostAll, (*workshop).holdings, (*workshop).nextPush, (*workshop).receive,
		}},
		deed{"kept apart and withdrawn", all((*workshop).fillFeed, (*workshop).begin, (*workshop).finish), []act{
			(*workshop).stamp, (*workshop).stamped, (*workshop).nextPush, (*workshop).reject, (*workshop).removeScope,
			(*workshop).nextPush, (*workshop).reject, (*workshop).holdings,
		}},
	)
}

// A word that the server holds more than was written here, or less than it once signed for, is taken as what it is.
func TestServerSaysItHoldsSomethingElse(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "1", "张三", "1号", "")
	finish(t, s, o.draft(home), submission())
	handOver(t, o, s, 10)
	replica := s.self.replica
	held := o.held[replica]
	o.held[replica] = held[:0]
	if err := s.KeepHoldings(t.Context(), o.told(t, s, all100)); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Unsigned(t.Context()); err != nil || n != len(held) || s.self.replica != replica {
		t.Errorf("%d entries are offered again, want %d, %v", n, len(held), err)
	}
	o.held[replica] = append(held, held...)
	if err := s.KeepHoldings(t.Context(), o.told(t, s, func(int) int { return 0 })); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Unsigned(t.Context()); err != nil || n != len(held) || s.self.replica == replica {
		t.Errorf("%d entries in the new log, want %d, %v", n, len(held), err)
	}
}

func TestLeaseEndsThirtyDaysAfterTheLastWord(t *testing.T) {
	o, at := newOffice(t), &clock{now: monday}
	s := openStore(t, t.TempDir(), Options{Clock: at.tell})
	if s.LeaseEnds() != 0 || s.Stale() {
		t.Error("a lease before enrolment")
	}
	o.enrol(t, s)
	if s.Stale() || s.LeaseEnds().Time().Sub(monday).Round(0).Hours() < 30*24 {
		t.Errorf("the lease ends %v", s.LeaseEnds().Time())
	}
	at.mu.Lock()
	at.now = at.now.AddDate(0, 0, 31)
	at.mu.Unlock()
	if !s.Stale() {
		t.Error("not stale after 31 days")
	}
	if err := s.Renew(t.Context(), o.grant(t, s.self.device, 1)); err != nil || s.Stale() {
		t.Errorf("stale after a word from the server, %v", err)
	}
}

func TestRevocationsAreTheCountysWord(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	sign := func(o *office, serial uint64, of uint32) wire.SignedRevocations {
		signed, err := wire.SignRevocations(survey.Revocations{County: of, Serial: serial, Devices: []survey.Revocation{{Device: survey.DeviceID{byte(serial)}, Since: 1}}}, o.key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	if err := s.KeepRevocations(t.Context(), sign(newOffice(t), 9, county)); survey.KindOf(err) != survey.Damaged {
		t.Errorf("a stranger's list: %v", err)
	}
	for _, serial := range []uint64{5, 4, 5} {
		if err := s.KeepRevocations(t.Context(), sign(o, serial, county)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.KeepRevocations(t.Context(), sign(o, 9, county+1)); err != nil {
		t.Fatal(err)
	}
	e, _, err := s.Enrolment(t.Context())
	if _, revoked := e.Revocations.Since(survey.DeviceID{5}); err != nil || !revoked || e.Revocations.Serial != 5 {
		t.Errorf("revocations %+v, %v", e.Revocations, err)
	}
}

// Another copy of this database has pushed under the same name: that the server holds as many entries does not mean
// that it holds these.
func TestHoldingsOfACopyAreNotOurs(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "1", "张三", "1号", "")
	finish(t, s, o.draft(home), submission())
	handOver(t, o, s, 10)
	replica := s.self.replica
	acked := len(o.held[replica])
	finish(t, s, o.draft(home), submission())
	unsigned, err := s.Unsigned(t.Context())
	if err != nil || unsigned == 0 {
		t.Fatal(unsigned, err)
	}
	for range unsigned {
		o.held[replica] = append(o.held[replica], survey.RevID{1})
	}
	if err := s.KeepHoldings(t.Context(), o.told(t, s, all100)); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Unsigned(t.Context()); err != nil || left != unsigned {
		t.Errorf("%d entries unsigned, want %d, %v", left, unsigned, err)
	}
	if n := count(t, s, "SELECT coalesce(max(n), 0) FROM pruned"); n > acked {
		t.Errorf("pruned up to %d, signed for up to %d", n, acked)
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Waiting != 1 || k.Durable != 1 {
		t.Errorf("safekeeping %+v, %v", k, err)
	}
}
