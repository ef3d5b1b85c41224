package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zoucun/server"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// pointAddress is where tablets find the receiving point.
const pointAddress = "https://point.example"

// point is the township's receiving point: the road by the office's Wi-Fi. Tablets reach it by the agent's own rounds when
// the county is out of reach; a step of it is its round with the county.
type point struct {
	w       *World
	key     ed25519.PrivateKey
	box     *seal.Box
	dir     string
	life    int
	relay   *relay.Relay
	handler http.Handler
	how     int // what befalls its next round
}

var (
	_ Road = (*point)(nil)
	_ host = (*point)(nil)
)

// newPoint opens a receiving point that the county has let in, and has it hear of the devices there are.
func newPoint(ctx context.Context, w *World) (*point, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	secret, err := seal.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &point{w: w, key: key, dir: filepath.Join(w.dir, "point")}
	if p.box, err = seal.NewBox(secret, 0); err != nil {
		return nil, err
	}
	w.point = p
	return p, p.begin(ctx)
}

// begin opens the folder as it is, and enrols where it is empty.
func (p *point) begin(ctx context.Context) error {
	p.life++
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	files, err := relay.OpenFiles(filepath.Join(p.dir, "blobs"), p.box)
	if err != nil {
		return err
	}
	p.relay, err = relay.Open(relay.Options{
		Folder: p.dir, Key: p.key, Pin: survey.Hash{1}, Box: p.box, Blobs: files, Clock: p.w.clock, Transport: upstream{p},
	})
	if err != nil {
		return err
	}
	if err != nil {
		return err
	}
	waiting, err := relay.OpenFiles(filepath.Join(p.dir, "errands", "files"), p.box)
	if err != nil {
		return err
	}
	errands, err := p.relay.OpenErrands(waiting)
	if err != nil {
		return err
	}
	p.handler, err = server.New(server.Options{
		Errands: errands, Central: p.w.broken.relay(p.w, relay.Front{Relay: p.relay}), Blobs: files, Key: p.key, Pin: survey.Hash{1}, Software: "sim", Clock: p.w.clock,
		Pass: p.relay.Pass, Upstream: p.relay,
	})
	if _, enrolled := p.relay.Enrolment(); err != nil || enrolled {
		return err
	}
	scopes := p.w.office.scopes(1<<villages - 1)
	code, err := p.w.office.central.NewCode(ctx, p.w.office.author, scopes, []survey.Role{survey.RoleRelay}, time.Hour)
	if err != nil {
		return err
	}
	_, err = client.Enrol(ctx, p.relay, "https://county.example", code, client.Options{Clock: p.w.clock, Transport: untroubled{p.w}})
	return errors.Join(err, p.relay.Round(ctx))
}

// answer implements [host].
func (p *point) answer(ctx context.Context, sent letter, whole int) (*http.Response, []byte) {
	return answer(ctx, p.handler, sent, whole)
}

// start implements [host].
func (p *point) start() int { return p.life }

func (p *point) heard() {}

// Step implements [Road]: one round with the county, whole.
func (p *point) Step(ctx context.Context) bool {
	err := p.relay.Round(ctx)
	p.w.note("point round: %s", outcome(err))
	p.how = 0
	return true
}

// Break implements [Road]: the laptop is switched off and on again. Its files are all it has.
func (p *point) Break() {
	if err := p.begin(context.Background()); err != nil {
		p.w.violated("F2", "the receiving point does not come up again: %v", err)
	}
}

// lose loses the laptop with its disk; another takes its place, under the same address, and tablets are told of it.
func (p *point) lose(ctx context.Context) {
	_, key, err := ed25519.GenerateKey(nil)
	p.key = key
	if err = errors.Join(err, os.RemoveAll(p.dir), p.begin(ctx)); err == nil {
		for _, t := range p.w.tablets {
			if err := p.know(ctx, t); err != nil && !t.disk.failing() {
				p.w.violated("F16", "%s cannot add a receiving point: %v", t.name, err)
			}
		}
	}
	if err != nil {
		p.w.violated("F16", "another receiving point cannot take the place of one that was lost: %v", err)
	}
}

// What befalls a round with the county. Which log goes first is by chance, so all of a kind fare alike.
const (
	wholeRound  = iota
	countyAway  // nothing gets through
	wordsLost   // what is carried arrives, and what the county says to it does not
	filesLost   // attachments do not arrive
	wordsForged // what the county says is changed on the way
	howMany
)

// upstream is the receiving point's line to the county.
type upstream struct{ p *point }

// RoundTrip implements [http.RoundTripper].
func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if u.p.how == countyAway || u.p.how == filesLost && r.Method == http.MethodPatch {
		return nil, errReset
	}
	reply, err := untroubled{u.p.w}.RoundTrip(r)
	if err != nil || r.URL.Path != wire.PathCarry {
		return reply, err
	}
	switch u.p.how {
	case wordsLost:
		return nil, errReset
	case wordsForged:
		body, err := io.ReadAll(reply.Body)
		reply.Body = io.NopCloser(bytes.NewReader(changed(body, 500)))
		return reply, err
	}
	return reply, nil
}

// know has a tablet know the receiving point, as its person types the address.
func (p *point) know(ctx context.Context, t *tablet) error {
	e, _, err := t.store.Enrolment(ctx)
	if err != nil {
		return err
	}
	met, err := client.MeetRelay(ctx, e, t.device, pointAddress, survey.Hash{}, client.Options{Clock: t.clock, Transport: untroubled{p.w}})
	if err != nil {
		return fmt.Errorf("meet the receiving point: %w", err)
	}
	return t.store.KeepRelay(ctx, met)
}

// reached returns who answers at an address, or nil where nobody is in reach.
func (w *World) reached(l *line, address string) (h host, name string) {
	if strings.HasPrefix(address, "point.") {
		return w.point, "point "
	}
	if l != nil && l.dark {
		return nil, ""
	}
	return w.office, ""
}
