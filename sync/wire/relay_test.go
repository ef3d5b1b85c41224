package wire

import (
	"encoding/hex"
	"slices"
	"testing"

	"zoucun/survey"
)

// relaySample is one of everything that relays brought.
type relaySample struct {
	carry  Carry
	reply  CarryReply
	ask    RelayAsk
	news   RelayNews
	status Status
	pull   PullReply
	signed Pull
	page   FeedPage
	county County
}

func (s sample) relayed(tb testing.TB) relaySample {
	tb.Helper()
	hash, err := s.segment.Hash()
	if err != nil {
		tb.Fatal(err)
	}
	device := id[survey.DeviceID](4)
	grant, err := SignGrant(survey.Grant{
		Device: id[survey.DeviceID](9), Person: id[survey.PersonID](3), County: 990001, Township: "青田乡",
		Scopes: []survey.ScopeID{id[survey.ScopeID](2)}, Roles: []survey.Role{survey.RoleRelay}, NotAfter: 1, Serial: 1, SignKey: publicOf(s.device),
	}, s.server)
	if err != nil {
		tb.Fatal(err)
	}
	status, pull := s.status, s.feed
	status.Relay = &RelayPass{Grant: grant, Pin: survey.Hash{0xdd}}
	pull.Pages, pull.Removed, pull.Words = nil, nil, []Carried{s.carried}
	signed, page := s.pull, s.feed.Pages[0]
	signed.Signed = true
	page.Time = s.carried.Time
	if page, err = SignPage(page, s.server); err == nil {
		page, err = page.Sign(s.server)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return relaySample{
		carry: Carry{Segments: []Segment{s.segment}},
		reply: CarryReply{Kept: []survey.Hash{hash}, Apart: []survey.Hash{{0xee}}, Words: []Carried{s.carried}},
		ask:   RelayAsk{After: device},
		news: RelayNews{
			Epoch: id[survey.Epoch](7), More: true,
			Devices: []RelayedDevice{{Device: device, SignKey: publicOf(s.device), Revoked: 5, Grant: s.grant, Holdings: s.life(tb).holdings}},
		},
		status: status, pull: pull, signed: signed, page: page,
		county: County{Address: "https://zc.example:8443", Pin: survey.Hash{0xcc}, Challenge: []byte("challenge")},
	}
}

func (s sample) relayGoldens(tb testing.TB) []golden {
	tb.Helper()
	r := s.relayed(tb)
	return []golden{
		goldenOf(tb, "carry", r.carry, nil),
		goldenOf(tb, "carry_reply", r.reply, nil),
		goldenOf(tb, "relay_ask", r.ask, nil),
		goldenOf(tb, "relay_news", r.news, nil),
		goldenOf(tb, "status_of_relay", r.status, nil),
		goldenOf(tb, "pull_reply_of_relay", r.pull, nil),
		goldenOf(tb, "pull_of_relay", r.signed, nil),
		goldenOf(tb, "feed_page_signed", r.page, map[string]string{"text": hex.EncodeToString(must(r.page.text()))}),
		goldenOf(tb, "county", r.county, nil),
	}
}

// What relays brought decodes to the sample, and a request that mixes logs or is empty is refused.
func TestRelayMessagesDecode(t *testing.T) {
	s := newSample(t)
	r := s.relayed(t)
	if got := decoded[Carry](t, r.carry).Segments[0].Entries[0].Revision.ID; got != s.revision.ID {
		t.Errorf("revision %s, want %s", got, s.revision.ID)
	}
	if err := decoded[CarryReply](t, r.reply).Words[0].Verify(publicOf(s.server)); err != nil {
		t.Error(err)
	}
	if grant, err := decoded[Status](t, r.status).Relay.Grant.Open(publicOf(s.server)); err != nil || len(grant.SignKey) != 32 {
		t.Errorf("pass %+v, %v", grant, err)
	}
	other := s.segment
	other.Header.Replica = id[survey.ReplicaID](6)
	for name, bad := range map[string]Carry{"nothing": {}, "two logs": {Segments: []Segment{s.segment, other}}} {
		raw, err := Encode(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode[Carry](raw); survey.KindOf(err) != survey.Damaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := r.news
	twice.Devices = append(twice.Devices, twice.Devices[0])
	raw, err := Encode(twice)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode[RelayNews](raw); survey.KindOf(err) != survey.Damaged {
		t.Errorf("a device twice: %v", err)
	}
}

func FuzzCarry(f *testing.F)      { fuzzMessage(f, newSample(f).relayed(f).carry, Carry{}) }
func FuzzCarryReply(f *testing.F) { fuzzMessage(f, newSample(f).relayed(f).reply, CarryReply{}) }
func FuzzRelayAsk(f *testing.F)   { fuzzMessage(f, newSample(f).relayed(f).ask) }
func FuzzRelayNews(f *testing.F)  { fuzzMessage(f, newSample(f).relayed(f).news, RelayNews{}) }
func FuzzFeedPage(f *testing.F)   { fuzzMessage(f, newSample(f).relayed(f).page, FeedPage{}) }
func FuzzCounty(f *testing.F)     { fuzzMessage(f, newSample(f).relayed(f).county, County{}) }

// Whatever is changed of a signed page, its signature does not verify any more; whoever asks for none is not served worse.
func TestSignedPage(t *testing.T) {
	s := newSample(t)
	page := decoded[FeedPage](t, s.relayed(t).page)
	if err := page.Verify(publicOf(s.server)); err != nil {
		t.Fatal(err)
	}
	if err := page.Verify(publicOf(s.device)); err == nil {
		t.Error("verified by another key")
	}
	for name, change := range map[string]func(p *FeedPage){
		"scope":           func(p *FeedPage) { p.Scope[0]++ },
		"epoch":           func(p *FeedPage) { p.Epoch[0]++ },
		"after":           func(p *FeedPage) { p.After++ },
		"head":            func(p *FeedPage) { p.Head++ },
		"time":            func(p *FeedPage) { p.Time++ },
		"operation":       func(p *FeedPage) { p.Items[0].Op = FeedLeave },
		"effective HLC":   func(p *FeedPage) { p.Items[0].HLC++ },
		"revision":        func(p *FeedPage) { p.Items[0].Revision.ID[0]++ },
		"body taken out":  func(p *FeedPage) { p.Items[0].Revision = Erase(p.Items[0].Revision) },
		"last left out":   func(p *FeedPage) { p.Items = p.Items[:1] },
		"first left out":  func(p *FeedPage) { p.Items, p.After = p.Items[1:], p.After+1 },
		"all left out":    func(p *FeedPage) { p.Items = nil },
		"turned round":    func(p *FeedPage) { slices.Reverse(p.Items) },
		"no signature":    func(p *FeedPage) { p.Signature = nil },
		"stamp in place":  func(p *FeedPage) { p.Signature = p.Stamp },
		"another's place": func(p *FeedPage) { p.Items[0].Revision, p.Items[1].Revision = p.Items[1].Revision, p.Items[0].Revision },
	} {
		changed := page
		changed.Items = slices.Clone(page.Items)
		change(&changed)
		if changed.Verify(publicOf(s.server)) == nil {
			t.Errorf("%s: still verifies", name)
		}
	}
}

func TestInvite(t *testing.T) {
	for _, want := range []Invite{
		{Relay: true, Address: "192.168.43.1:8444", Pin: survey.Hash{1}, Township: "青田乡"},
		{Errand: true, Address: "192.168.43.1:40001", Pin: survey.Hash{3}, Code: "0123-4567-89AB"},
		{Address: "zc.example:8443", Pin: survey.Hash{3}, Code: "0123-4567-89AB", Near: "192.168.43.1:8444"},
		{Address: "https://zc.example:8443/a", Pin: survey.Hash{2}, Code: "0123-4567-89AB", Township: "青田 & 乡?"},
	} {
		if got, err := ParseInvite(" " + want.String() + "\n"); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	for _, bad := range []string{"", "zoucun:", "zoucun:relay?a=x", "zoucun:relay?p=00", "https://example.com", "zoucun:other?a=x&p=" + (survey.Hash{}).String()} {
		if _, err := ParseInvite(bad); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzInvite(f *testing.F) {
	f.Add(Invite{Relay: true, Address: "a:1", Pin: survey.Hash{1}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		i, err := ParseInvite(text)
		if err != nil {
			return
		}
		if again, err := ParseInvite(i.String()); len(i.String()) <= 4*MaxName && (err != nil || again != i) {
			t.Errorf("%+v came back as %+v, %v", i, again, err)
		}
	})
}
