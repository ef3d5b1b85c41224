package relay_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoucun/server"
	"zoucun/server/relay"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// blank is a device that belongs to nobody yet.
func blank(t *testing.T) *store.Store {
	t.Helper()
	s := must(store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now}))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func enrol(t *testing.T, s *store.Store, invite wire.Invite) (survey.Enrolment, error) {
	t.Helper()
	return client.Accept(t.Context(), s, invite, client.Options{Clock: time.Now})
}

// A new device that reaches the relay alone belongs to the county itself afterwards, knows the relay, and reads and hands
// over by it.
func TestEnrolByRelay(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	p.round(t)
	code := c.code(t, survey.RoleCadre, 0)
	for name, address := range map[string]wire.Invite{
		"typed":                  {Address: p.http.URL, Code: code},
		"QR code":                {Address: "https://127.0.0.1:1", Pin: seal.Pin(c.http.Certificate()), Near: p.http.URL, Code: code},
		"again, answer was lost": {Address: p.http.URL, Code: code},
	} {
		if name != "again, answer was lost" {
			address.Code = c.code(t, survey.RoleCadre, 0)
		}
		s := blank(t)
		e, err := enrol(t, s, address)
		if err != nil {
			t.Fatal(name, err)
		}
		if e.Server != c.http.URL || e.Pin != seal.Pin(c.http.Certificate()) {
			t.Errorf("%s: enrolled at %s with pin %s", name, e.Server, e.Pin)
		}
		if again, err := enrol(t, s, address); err != nil || again.Grant.Serial != e.Grant.Serial {
			t.Errorf("%s: the same device once more: %+v, %v", name, again.Grant, err)
		}
		if relays := must(s.Relays(t.Context())); len(relays) != 1 || relays[0].Address != p.http.URL || relays[0].Name != "青田乡" {
			t.Errorf("%s: knows the relays %+v", name, relays)
		}
		p.round(t)
		tab := &tablet{Store: s, county: c}
		tab.near(t)
		if got := tab.head(t); got != "张三" {
			t.Errorf("%s: reads %q", name, got)
		}
		tab.finish(t)
		tab.near(t)
		if k := must(tab.Safekeeping(t.Context())); k.Relayed != 1 {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if _, err := enrol(t, blank(t), wire.Invite{Address: p.http.URL, Code: code}); survey.KindOf(err) != survey.Denied {
		t.Errorf("a used code: %v", err)
	}
}

// While the county is out of reach the relay says so, and the code is as good as before.
func TestEnrolByRelayThatIsAlone(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	invite := wire.Invite{Address: p.http.URL, Code: c.code(t, survey.RoleCadre, 0)}
	s := blank(t)
	c.aside(func() {
		for _, i := range []wire.Invite{invite, {Address: c.http.URL, Near: p.http.URL, Code: invite.Code}} {
			_, err := enrol(t, s, i)
			if survey.KindOf(err) != survey.Unavailable || !strings.Contains(survey.MessageOf(err), "接收点现在连不上县里") {
				t.Errorf("%+v: %v, %q", i, err, survey.MessageOf(err))
			}
		}
	})
	if _, enrolled, _ := s.Enrolment(t.Context()); enrolled {
		t.Error("it says that it is enrolled")
	}
	if _, err := enrol(t, s, invite); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// through is a relay that does as it likes with what it passes on.
type through struct {
	*relay.Relay
	county func(wire.County) wire.County
	ask    func(header http.Header, body []byte) []byte
	answer func(status int, body []byte) ([]byte, error)
}

func (x through) County(ctx context.Context) (wire.County, error) {
	county, err := x.Relay.County(ctx)
	if x.county != nil {
		county = x.county(county)
	}
	return county, err
}

func (x through) PassOn(ctx context.Context, header http.Header, body []byte) (int, http.Header, []byte, error) {
	if x.ask != nil {
		body = x.ask(header, body)
	}
	status, reply, answer, err := x.Relay.PassOn(ctx, header, body)
	if x.answer != nil && err == nil {
		answer, err = x.answer(status, answer)
	}
	return status, reply, answer, err
}

// A relay that puts itself, another key or another answer in the county's place enrols nobody, and costs at most the
// attempt.
func TestRelayCannotEnrolForItself(t *testing.T) {
	public, key := must3(ed25519.GenerateKey(rand.Reader))
	repack := func(t *testing.T, body []byte, change func(*wire.Enrolled)) []byte {
		t.Helper()
		answer := must(wire.Unpack[wire.Enrolled](body))
		change(&answer)
		return must(wire.Pack(&answer))
	}
	for name, lie := range map[string]func(t *testing.T, p *point) through{
		"its own certificate": func(_ *testing.T, p *point) through {
			return through{Relay: p.Relay, county: func(c wire.County) wire.County { c.Pin = p.folder.Pin; return c }}
		},
		"a challenge of its own": func(_ *testing.T, p *point) through {
			return through{Relay: p.Relay, county: func(c wire.County) wire.County { c.Challenge = []byte("mine"); return c }}
		},
		"its own key in the device's place": func(_ *testing.T, p *point) through {
			return through{Relay: p.Relay, ask: func(header http.Header, body []byte) []byte {
				ask := must(wire.Unpack[wire.Enrol](body))
				ask.SignKey = public
				body = must(wire.Pack(&ask))
				signed, _, err := wire.ReadRequest(http.MethodPost, wire.PathEnrol, header)
				if err != nil {
					panic(err)
				}
				signed.Body = sum(body)
				signed.Write(header, key)
				return body
			}}
		},
		"its own key in the county's place": func(t *testing.T, p *point) through {
			t.Helper()
			return through{Relay: p.Relay, answer: func(_ int, body []byte) ([]byte, error) {
				return repack(t, body, func(e *wire.Enrolled) { e.ServerKey = public }), nil
			}}
		},
		"another life": func(t *testing.T, p *point) through {
			t.Helper()
			return through{Relay: p.Relay, answer: func(_ int, body []byte) ([]byte, error) {
				return repack(t, body, func(e *wire.Enrolled) { e.Epoch[0]++ }), nil
			}}
		},
		"a grant of its own": func(t *testing.T, p *point) through {
			t.Helper()
			return through{Relay: p.Relay, answer: func(_ int, body []byte) ([]byte, error) {
				return repack(t, body, func(e *wire.Enrolled) {
					grant := must(e.Grant.Open(e.ServerKey))
					grant.Roles = []survey.Role{survey.RoleTownship}
					e.Grant = must(wire.SignGrant(grant, key))
				}), nil
			}}
		},
		"no answer": func(_ *testing.T, p *point) through {
			return through{Relay: p.Relay, answer: func(int, []byte) ([]byte, error) { return nil, errors.New("lost") }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounty(t)
			p := newPoint(t, c, 0)
			honest := p.handler.Load()
			p.handler.Store(must(server.New(server.Options{
				Central: relay.Front{Relay: p.Relay}, Blobs: p.files, Key: p.folder.Key, Pin: p.folder.Pin,
				Clock: time.Now, Pass: p.Pass, Upstream: lie(t, p),
			})))
			s := blank(t)
			invite := wire.Invite{Address: p.http.URL, Code: c.code(t, survey.RoleCadre, 0)}
			if _, err := enrol(t, s, invite); err == nil || survey.MessageOf(err) == "" {
				t.Fatalf("enrolled: %v", err)
			}
			if _, enrolled, _ := s.Enrolment(t.Context()); enrolled {
				t.Error("it says that it is enrolled")
			}
			p.handler.Store(honest)
			if _, err := enrol(t, s, invite); err != nil {
				t.Errorf("by an honest relay: %v", err)
			}
		})
	}
}

// Who stands between device and relay is not taken for a relay, and what the invitation says of the county counts more than
// what a relay says.
func TestEnrolThroughAStranger(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	between := must(server.OpenFolder(filepath.Join(t.TempDir(), "between"), time.Now()))
	middle := newSite(t, between.Certificate)
	middle.handler.Store(p.handler.Load())
	s := blank(t)
	e, err := enrol(t, s, wire.Invite{Address: middle.http.URL, Code: c.code(t, survey.RoleCadre, 0)})
	if err != nil || e.Pin != seal.Pin(c.http.Certificate()) {
		t.Errorf("pin %s, %v", e.Pin, err)
	}
	if relays := must(s.Relays(t.Context())); len(relays) != 0 {
		t.Errorf("a stranger is kept as a relay: %+v", relays)
	}
	for _, address := range []string{p.http.URL, c.http.URL} {
		_, err := enrol(t, blank(t), wire.Invite{Address: address, Pin: survey.Hash{1}, Code: c.code(t, survey.RoleCadre, 0)})
		if survey.KindOf(err) != survey.Denied {
			t.Errorf("%s with another pin than on paper: %v", address, err)
		}
	}
}

func sum(body []byte) survey.Hash { return sha256.Sum256(body) }
