package present

import (
	"context"
	"testing"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

type relayShelf map[string]survey.Relay

func (s relayShelf) Relays(context.Context) ([]survey.Relay, error) { return nil, nil }
func (s relayShelf) KeepRelay(_ context.Context, r survey.Relay) error {
	s[r.Address] = r
	return nil
}

func (s relayShelf) RemoveRelay(_ context.Context, address string) error {
	delete(s, address)
	return nil
}

func TestAddRelay(t *testing.T) {
	shelf := relayShelf{}
	r := &Relays{RelayKeeper: shelf, Meet: func(_ context.Context, address string, pin survey.Hash) (survey.Relay, error) {
		return survey.Relay{Address: address, Pin: pin}, nil
	}}
	invite := wire.Invite{Relay: true, Address: "192.168.43.1:8444", Pin: survey.Hash{7}}
	for typed, want := range map[string]survey.Relay{
		"192。168。1。2：8444 ":    {Address: "192.168.1.2:8444"},
		invite.String() + "\n": {Address: "192.168.43.1:8444", Pin: survey.Hash{7}},
	} {
		if err := r.Add(t.Context(), typed); err != nil || shelf[want.Address].Pin != want.Pin {
			t.Errorf("%q: %+v, %v", typed, shelf, err)
		}
	}
	for _, typed := range []string{"", "zoucun:x", wire.Invite{Address: "a:1", Code: "x"}.String()} {
		if err := r.Add(t.Context(), typed); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if len(shelf) != 2 {
		t.Errorf("kept %+v", shelf)
	}
}

// An invitation stands for address and code where somebody enrols; a receiving point's stands for the address alone.
func TestEnrolByInvite(t *testing.T) {
	var got wire.Invite
	e := NewEnrol(enrollerFunc(func(invite wire.Invite) { got = invite }))
	invite := wire.Invite{Address: "zc.example:8443", Pin: survey.Hash{1}, Code: "0123-4567-89AB", Near: "192.168.43.1:8444"}
	if _, err := e.Submit(t.Context(), invite.String(), "stale"); err != nil || got != invite {
		t.Errorf("enrolled by %+v, %v", got, err)
	}
	relay := wire.Invite{Relay: true, Address: "a:1", Pin: survey.Hash{1}}
	if _, err := e.Submit(t.Context(), relay.String(), ""); survey.KindOf(err) != survey.Invalid || survey.MessageOf(err) == "" {
		t.Errorf("a relay's invitation without a code: %v", err)
	}
	if got := AddressIn(relay.String()); got != "a:1" {
		t.Errorf("the address field shows %q", got)
	}
	if got := AddressIn(invite.String()); got != invite.String() {
		t.Errorf("an invitation to enrol becomes %q", got)
	}
	if _, err := e.Submit(t.Context(), relay.String(), "0123－4567－89AB"); err != nil || got != (wire.Invite{Address: "a:1", Code: "0123-4567-89AB"}) {
		t.Errorf("enrolled by %+v, %v", got, err)
	}
}

type enrollerFunc func(invite wire.Invite)

func (f enrollerFunc) Enrol(_ context.Context, invite wire.Invite) (survey.Enrolment, error) {
	f(invite)
	return survey.Enrolment{}, nil
}

// Who only ever meets a receiving point reads until when it knows what others wrote; who met the county since does not.
func TestStatusOfWhatWasHandedDown(t *testing.T) {
	now := survey.Millis(1_700_000_000_000).Time()
	at := survey.MillisOf(now.Add(-time.Hour))
	for _, c := range []struct {
		k    survey.Safekeeping
		p    survey.Progress
		want string
	}{
		{survey.Safekeeping{AsOf: at}, survey.Progress{Activity: survey.Backoff, Until: survey.MillisOf(now)}, "已从接收点收到" + Moment(at, now) + " 前的内容，正在再试"},
		{survey.Safekeeping{AsOf: at, Delivered: 2}, survey.Progress{LastSync: at - 1}, "全部已送达（已从接收点收到" + Moment(at, now) + " 前的内容）"},
		{survey.Safekeeping{AsOf: at, Delivered: 2}, survey.Progress{LastSync: at + 1}, "全部已送达（" + Moment(at+1, now) + "）"},
		{survey.Safekeeping{AsOf: at}, survey.Progress{LastSync: at - 1}, "没有要发送的内容（已从接收点收到" + Moment(at, now) + " 前的内容）"},
	} {
		if got := StatusOf(c.k, c.p, now).Words; got != c.want {
			t.Errorf("%+v: %q, want %q", c.k, got, c.want)
		}
	}
}

func TestStatusByRelay(t *testing.T) {
	now := survey.Millis(1_700_000_000_000).Time()
	at := StatusOf(survey.Safekeeping{Waiting: 3, Relayed: 2}, survey.Progress{Activity: survey.Backoff, Until: survey.MillisOf(now)}, now)
	if at.Words != "3 份已存在本机，其中 2 份乡镇已收，等待网络，正在再试" || at.Tone != Busy {
		t.Errorf("%+v", at)
	}
	on := StatusOf(survey.Safekeeping{Waiting: 3}, survey.Progress{Activity: survey.Relaying, Done: 1, Total: 3}, now)
	if on.Words != "正在交给乡镇接收点 1/3" {
		t.Errorf("%+v", on)
	}
}
