package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoucun/survey"
)

// life is what version 1 has for a server's life: words on what is held, revocations, and what reconciling says.
type life struct {
	holdings    SignedHoldings
	revocations SignedRevocations
	pull        Pull
	feed        PullReply
	reconcile   Reconcile
	differences Differences
	offer       Offer
	offered     Offered
}

func (s sample) life(tb testing.TB) life {
	tb.Helper()
	var (
		l   life
		err error
	)
	moment := survey.Millis(1795420800000)
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	l.holdings, err = SignHoldings(Holdings{
		Device: id[survey.DeviceID](4), Epoch: id[survey.Epoch](7), Time: moment,
		Replicas: []ReplicaState{{Replica: id[survey.ReplicaID](5), Received: 8, Durable: 6}},
	}, s.server)
	check(err)
	l.revocations, err = SignRevocations(survey.Revocations{
		County: 990001, Serial: 3, Devices: []survey.Revocation{{Device: id[survey.DeviceID](9), Since: moment}},
	}, s.server)
	check(err)
	l.pull = s.pull
	l.pull.Revocations = 2
	l.feed = s.feed
	l.feed.Pages = slices.Clone(s.feed.Pages)
	l.feed.Pages[0], err = SignPage(s.feed.Pages[0], s.server)
	check(err)
	l.feed.Holdings, l.feed.Revocations = &l.holdings, &l.revocations
	l.reconcile = Reconcile{Scope: id[survey.ScopeID](2), Digests: DigestsOf([]survey.RevID{s.revision.ID})}
	buckets, _ := l.reconcile.Against([]survey.RevID{{1, 2}, {1, 1}})
	l.differences = Differences{Epoch: id[survey.Epoch](7), Buckets: buckets}
	l.offer = Offer{Scope: id[survey.ScopeID](2), Stamps: []Stamp{StampOf(l.feed.Pages[0])}, Revisions: []survey.Revision{s.revision}}
	l.offered = Offered{Epoch: id[survey.Epoch](7), Taken: 1}
	return l
}

func (s sample) lifeGoldens(tb testing.TB) []golden {
	tb.Helper()
	l := s.life(tb)
	return []golden{
		goldenOf(tb, "holdings", l.holdings, nil),
		goldenOf(tb, "revocations", l.revocations, nil),
		goldenOf(tb, "pull_of_life", l.pull, nil),
		goldenOf(tb, "pull_reply_of_life", l.feed, nil),
		goldenOf(tb, "reconcile", l.reconcile, map[string]string{"digests": hex.EncodeToString(l.reconcile.Digests)}),
		goldenOf(tb, "differences", l.differences, nil),
		goldenOf(tb, "offer", l.offer, map[string]string{"id": s.revision.ID.String()}),
		goldenOf(tb, "offered", l.offered, nil),
	}
}

// What the goldens of a server's life hold decodes to the sample, and every signature in it verifies.
func TestLifeDecodes(t *testing.T) {
	s := newSample(t)
	l := s.life(t)
	key := publicOf(s.server)
	reply := decoded[PullReply](t, l.feed)
	if h, err := reply.Holdings.Open(key); err != nil || h.Replicas[0].Durable != 6 {
		t.Errorf("holdings %+v, %v", h, err)
	}
	if r, err := reply.Revocations.Open(key); err != nil || r.Serial != 3 {
		t.Errorf("revocations %+v, %v", r, err)
	}
	offer := decoded[Offer](t, l.offer)
	if offer.Revisions[0].ID != s.revision.ID {
		t.Error("an offered revision has another ID")
	}
	if err := offer.Stamps[0].Verify(key); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Stamp){
		"scope":     func(s *Stamp) { s.Scope[0]++ },
		"epoch":     func(s *Stamp) { s.Epoch[0]++ },
		"place":     func(s *Stamp) { s.After++ },
		"revision":  func(s *Stamp) { s.Revisions[0][3]++ },
		"a missing": func(s *Stamp) { s.Revisions = s.Revisions[:1] },
	} {
		forged := decoded[Offer](t, l.offer).Stamps[0]
		if change(&forged); forged.Verify(key) == nil {
			t.Errorf("a stamp with another %s verifies", name)
		}
	}
	if _, err := (SignedHoldings{l.revocations.List, l.revocations.Signature}).Open(key); err == nil {
		t.Error("a list of revocations passes for a holdings")
	}
}

// Two sides that hold any two sets find exactly what the one lacks of the other's.
func TestReconcileFindsWhatIsLacking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (ids []survey.RevID) {
			for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 400), rapid.ID[int]).Draw(t, label) {
				ids = append(ids, survey.RevID(sha256.Sum256([]byte{byte(n), byte(n >> 8)})))
			}
			return ids
		}
		ours, theirs := draw("ours"), draw("theirs")
		var want []survey.RevID
		for _, id := range ours {
			if !slices.Contains(theirs, id) {
				want = append(want, id)
			}
		}
		buckets, more := (Reconcile{Digests: DigestsOf(ours)}).Against(theirs)
		got := Differences{Buckets: buckets}.Lacks(ours)
		if more || !slices.Equal(got, want) {
			t.Fatalf("lacks %v, want %v", got, want)
		}
	})
	same := []survey.RevID{{1}, {2}, {1, 1}}
	if buckets, _ := (Reconcile{Digests: DigestsOf(same)}).Against([]survey.RevID{{1, 1}, {2}, {1}, {2}}); len(buckets) != 0 {
		t.Errorf("the same set differs in %v", buckets)
	}
}

// A reply holds only so much; what it leaves out is said to be there.
func TestDifferencesFitAReply(t *testing.T) {
	var ids []survey.RevID
	for i := range 2 * MaxPage / digestSize {
		ids = append(ids, survey.RevID(sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})))
	}
	seen := 0
	for ask, more := (Reconcile{Digests: DigestsOf(nil)}), true; more; {
		var buckets []Bucket
		buckets, more = ask.Against(ids)
		body, err := Pack(&Differences{Buckets: buckets, More: more})
		if err != nil || len(body) > MaxPacked || len(buckets) == 0 {
			t.Fatalf("%d bytes, %d buckets, %v", len(body), len(buckets), err)
		}
		seen += len(buckets)
		ask.From = buckets[len(buckets)-1].Index + 1
	}
	if seen != Buckets {
		t.Errorf("%d buckets seen", seen)
	}
}

func FuzzReconcile(f *testing.F)   { s := newSample(f); fuzzMessage(f, s.life(f).reconcile) }
func FuzzDifferences(f *testing.F) { s := newSample(f); fuzzMessage(f, s.life(f).differences) }
func FuzzOffer(f *testing.F)       { s := newSample(f); fuzzMessage(f, s.life(f).offer) }
func FuzzOffered(f *testing.F)     { s := newSample(f); fuzzMessage(f, s.life(f).offered) }

func FuzzPullReplyOfLife(f *testing.F) { s := newSample(f); fuzzMessage(f, s.life(f).feed) }

func FuzzHoldings(f *testing.F) {
	s := newSample(f)
	f.Add(s.life(f).holdings.Holdings)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h Holdings
		if decodeExactly(raw, &h) != nil {
			return
		}
		signed, err := SignHoldings(h, s.server)
		if err != nil || !bytes.Equal(signed.Holdings, raw) {
			t.Errorf("%x encodes to %x, %v", raw, signed.Holdings, err)
		}
	})
}

func FuzzRevocations(f *testing.F) {
	s := newSample(f)
	f.Add(s.life(f).revocations.List)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r survey.Revocations
		if decodeExactly(raw, &r) != nil {
			return
		}
		signed, err := SignRevocations(r, s.server)
		if err != nil || !bytes.Equal(signed.List, raw) {
			t.Errorf("%x encodes to %x, %v", raw, signed.List, err)
		}
	})
}
