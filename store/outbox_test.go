package store

import (
	"bytes"
	"testing"

	"zoucun/form"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// nextPush returns the push that is due, or fails.
func nextPush(tb testing.TB, s *Store, maxEntries, maxBytes int) wire.Push {
	tb.Helper()
	push, ok, err := s.NextPush(tb.Context(), maxEntries, maxBytes)
	if err != nil || !ok {
		tb.Fatal("NextPush:", ok, err)
	}
	return push
}

func TestPushIsTheSameUntilItsReceipt(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	finish(t, s, o.draft(survey.RecordID{}), submission())
	first := nextPush(t, s, 200, 1<<20)
	finish(t, s, o.draft(survey.RecordID{}), submission())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	again := nextPush(t, s, 1, 1)
	want, _ := wire.Encode(&first)
	got, _ := wire.Encode(&again)
	if !bytes.Equal(want, got) {
		t.Error("the push that waits for its receipt has changed")
	}
	if err := s.Receive(t.Context(), o.accept(t, again)); err != nil {
		t.Fatal(err)
	}
	next := nextPush(t, s, 200, 1<<20)
	if next.ID == first.ID || next.Segments[0].Header.First != 2 || string(next.Nonce) != "nonce" {
		t.Errorf("next push %+v", next.Segments[0].Header)
	}
	hash, err := first.Segments[0].Hash()
	if err != nil || next.Segments[0].Header.Prev != hash {
		t.Error("the next segment does not name the one before it")
	}
}

func TestReceiptsThatChangeNothing(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	finish(t, s, o.draft(survey.RecordID{}), submission())
	push := nextPush(t, s, 200, 1<<20)
	good := o.accept(t, push)
	stranger := newOffice(t)

	cases := map[string]wire.Receipt{
		"signed by another server": stranger.sign(t, good),
		"for another push": func() wire.Receipt {
			r := good
			r.Push = survey.NewID[survey.PushID]()
			return o.sign(t, r)
		}(),
		"for other content": func() wire.Receipt {
			r := good
			r.Request[0]++
			return o.sign(t, r)
		}(),
		"of another epoch": func() wire.Receipt {
			r := good
			r.Epoch = survey.NewID[survey.Epoch]()
			return o.sign(t, r)
		}(),
		"altered": func() wire.Receipt {
			r := good
			r.Replicas = []wire.ReplicaState{{Replica: good.Replicas[0].Replica, Received: 1, Durable: 1}}
			return r
		}(),
	}
	for name, receipt := range cases {
		t.Run(name, func(t *testing.T) {
			if err := s.Receive(t.Context(), receipt); survey.KindOf(err) != survey.Damaged {
				t.Errorf("Receive = %v", err)
			}
			if k, err := s.Safekeeping(t.Context()); err != nil || k.Waiting != 1 || k.Delivered != 0 {
				t.Errorf("safekeeping = %+v, %v", k, err)
			}
		})
	}
	if err := s.Receive(t.Context(), good); err != nil {
		t.Fatal("the good receipt:", err)
	}
	if err := s.Receive(t.Context(), good); survey.KindOf(err) != survey.Damaged {
		t.Errorf("the same receipt again = %v", err)
	}
	if k, err := s.Safekeeping(t.Context()); err != nil || k.Waiting != 0 || k.Delivered != 1 {
		t.Errorf("safekeeping = %+v, %v", k, err)
	}
	delivered, err := s.Delivered(t.Context(), 1)
	if err != nil || len(delivered) != 1 || delivered[0].Delivery != survey.Received {
		t.Errorf("delivered = %+v, %v", delivered, err)
	}
}

func TestPushIsCutSmallerWhenTooLarge(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for range 8 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
	}
	push := nextPush(t, s, 200, 1<<20)
	for want := 8; want > 1; want /= 2 {
		if got := len(push.Segments[0].Entries); got != want {
			t.Fatalf("push of %d entries, want %d", got, want)
		}
		if err := s.DropPush(t.Context(), push.ID); err != nil {
			t.Fatal(err)
		}
		push = nextPush(t, s, want/2, 1<<20)
	}
	if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
		t.Fatal(err)
	}
	t.Run("one entry always goes, whatever the bytes", func(t *testing.T) {
		if got := len(nextPush(t, s, 200, 1).Segments[0].Entries); got != 1 {
			t.Errorf("push of %d entries", got)
		}
	})
	deliver(t, s, o)
	if held := o.held[push.Segments[0].Header.Replica]; len(held) != 8 {
		t.Errorf("the office holds %d entries", len(held))
	}
}

// TestServerLacksPart has a server that signs for less than was sent, and later for a log that ends inside a segment.
func TestServerLacksPart(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for range 5 {
		finish(t, s, o.draft(survey.RecordID{}), submission())
	}
	push := nextPush(t, s, 200, 1<<20)
	receipt := o.accept(t, push)
	receipt.Replicas[0].Received = 2
	if err := s.Receive(t.Context(), o.sign(t, receipt)); err != nil {
		t.Fatal(err)
	}
	if k, _ := s.Safekeeping(t.Context()); k.Waiting != 3 || k.Delivered != 2 {
		t.Errorf("safekeeping = %+v", k)
	}
	again := nextPush(t, s, 200, 1<<20)
	if again.Segments[0].Header != push.Segments[0].Header {
		t.Errorf("a run the server may have seen was cut anew: %+v", again.Segments[0].Header)
	}
}

func TestForkGoesOnAsNewReplica(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	finish(t, s, o.draft(survey.RecordID{}), submission())
	deliver(t, s, o)
	id := survey.NewID[survey.RecordID]()
	sub := submission()
	sub.Entities = []form.EntityChange{{Dataset: "household", ID: id.String(), Create: true, Label: "新户"}}
	finish(t, s, o.draft(survey.RecordID{}), sub)

	push := nextPush(t, s, 200, 1<<20)
	digest, err := push.Digest()
	if err != nil {
		t.Fatal(err)
	}
	old := push.Segments[0].Header.Replica
	fork := o.sign(t, wire.Receipt{
		Push: push.ID, Request: digest, Epoch: o.epoch,
		Replicas: []wire.ReplicaState{{Replica: old, Received: 7, Fork: true}},
	})
	if err := s.Receive(t.Context(), fork); err != nil {
		t.Fatal(err)
	}
	again := nextPush(t, s, 200, 1<<20)
	header := again.Segments[0].Header
	if header.Replica == old || header.First != 1 || header.Count != 2 || !header.Prev.IsZero() || len(again.Nonce) != 0 {
		t.Errorf("after the fork: %+v", header)
	}
	for i, e := range again.Segments[0].Entries {
		if e.Revision.ID != push.Segments[0].Entries[i].Revision.ID {
			t.Errorf("entry %d has another revision", i)
		}
	}
	if k, _ := s.Safekeeping(t.Context()); k.Waiting != 1 || k.Delivered != 1 {
		t.Errorf("safekeeping = %+v", k)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	deliver(t, s, o)
	if k, _ := s.Safekeeping(t.Context()); k.Waiting != 0 || k.Delivered != 2 {
		t.Errorf("safekeeping after delivery = %+v", k)
	}
}

func TestServerKnowsMoreThanWasWritten(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	finish(t, s, o.draft(survey.RecordID{}), submission())
	push := nextPush(t, s, 200, 1<<20)
	receipt := o.accept(t, push)
	receipt.Replicas[0].Received = 9 // this database was restored from a copy
	if err := s.Receive(t.Context(), o.sign(t, receipt)); err != nil {
		t.Fatal(err)
	}
	if again := nextPush(t, s, 200, 1<<20); again.Segments[0].Header.Replica == push.Segments[0].Header.Replica {
		t.Error("a restored copy goes on under the old replica")
	}
}

func TestNewEpochOffersEverythingAgain(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.household(t, "QC-001", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	finish(t, s, o.draft(survey.RecordID{}), submission())
	deliver(t, s, o)

	o.epoch = survey.NewID[survey.Epoch]()
	if err := s.NewEpoch(t.Context(), o.epoch); err != nil {
		t.Fatal(err)
	}
	if k, _ := s.Safekeeping(t.Context()); k.Waiting != 1 {
		t.Errorf("safekeeping = %+v", k)
	}
	cursors, _ := s.Cursors(t.Context())
	for _, c := range cursors {
		if c.Seq != 0 || c.Epoch != o.epoch {
			t.Errorf("cursors = %v", cursors)
		}
	}
	deliver(t, s, o)
	apply(t, s, o.page(o.scope(), 0, 10))
	if got := lists(t, s); got.Safe.Delivered != 1 || len(got.Households) != 1 {
		t.Errorf("after the new epoch: %+v", got)
	}
}
