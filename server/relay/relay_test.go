package relay_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/server/relay"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

const countyCode = 990001

// site is something that answers over TLS and can go out of reach.
type site struct {
	http    *httptest.Server
	handler atomic.Pointer[server.Server]
	down    atomic.Bool
	wrap    func(http.Handler) http.Handler
}

func newSite(t *testing.T, certificate tls.Certificate) *site {
	t.Helper()
	s := &site{wrap: func(h http.Handler) http.Handler { return h }}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			panic(http.ErrAbortHandler)
		}
		s.wrap(s.handler.Load()).ServeHTTP(w, r)
	}))
	s.http.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.http.EnableHTTP2 = true
	s.http.StartTLS()
	t.Cleanup(s.http.Close)
	return s
}

// county is a whole county: a server as zoucund runs it, two villages, one cadre.
type county struct {
	*site
	*central.Central
	blobs    *blob.Folder
	person   survey.PersonID
	villages [2]survey.RecordID
	homes    [2]survey.RecordID
}

func newCounty(t *testing.T) *county {
	t.Helper()
	folder := must(server.OpenFolder(filepath.Join(t.TempDir(), "county"), time.Now()))
	c := &county{site: newSite(t, folder.Certificate), person: survey.NewID[survey.PersonID](), blobs: must(blob.OpenFolder(folder.Blobs()))}
	c.Central = must(central.Open(t.Context(), folder.Database(), central.Options{Key: folder.Key, County: countyCode, Township: "青田乡", Clock: time.Now}))
	t.Cleanup(func() { _ = c.Close() })
	c.handler.Store(must(server.New(server.Options{Central: c.Central, Blobs: c.blobs, Key: folder.Key, Pin: folder.Pin, Software: "test", Clock: time.Now})))
	shared := survey.RegisterScope(countyCode)
	writes := []central.Write{{Record: survey.RecordID(c.person), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "测试员"}}}
	for i := range c.villages {
		c.villages[i], c.homes[i] = survey.NewID[survey.RecordID](), survey.NewID[survey.RecordID]()
		writes = append(writes,
			central.Write{Record: c.villages[i], Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: fmt.Sprintf("村%d", i)}.Fields()},
			central.Write{
				Record: c.homes[i], Type: survey.TypeHousehold, Scope: survey.VillageScope(c.villages[i]),
				Fields: survey.Household{Head: "张三", Code: "1", Village: c.villages[i], Resident: -1, Away: -1}.Fields(),
			})
	}
	must(c.Write(t.Context(), c.person, writes))
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (c *county) code(t *testing.T, role survey.Role, villages ...int) string {
	t.Helper()
	var scopes []survey.ScopeID
	for _, v := range villages {
		scopes = append(scopes, survey.VillageScope(c.villages[v]))
	}
	return must(c.NewCode(t.Context(), c.person, scopes, []survey.Role{role}, time.Hour))
}

func (c *county) visits(t *testing.T) map[survey.RecordID]survey.Record {
	t.Helper()
	found := map[survey.RecordID]survey.Record{}
	err := c.Records(t.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if _, twice := found[r.ID]; twice || len(r.Heads) != 1 {
			t.Errorf("visit %s is there twice or has %d heads", r.ID, len(r.Heads))
		}
		found[r.ID] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// point is a receiving point as zoucund relay runs it; open may be called again on the same folder.
type point struct {
	*site
	*relay.Relay
	folder server.Folder
	box    *seal.Box
	files  *relay.Files
	bound  int // of a feed; 0 for the usual one
}

func newPoint(t *testing.T, c *county, villages ...int) *point {
	t.Helper()
	p := &point{box: must(seal.NewBox(must(seal.NewKey(rand.Reader)), 0))}
	p.folder = must(server.OpenSealedFolder(filepath.Join(t.TempDir(), "relay"), time.Now(), p.box))
	p.site = newSite(t, p.folder.Certificate)
	p.open(t)
	must(client.Enrol(t.Context(), p.Relay, c.http.URL, c.code(t, survey.RoleRelay, villages...), client.Options{Clock: time.Now}))
	return p
}

func (p *point) open(t *testing.T) {
	t.Helper()
	p.openAt(t, time.Now)
}

func (p *point) openAt(t *testing.T, clock survey.Clock) {
	t.Helper()
	p.files = must(relay.OpenFiles(p.folder.Blobs(), p.box))
	p.Relay = must(relay.Open(relay.Options{
		Folder: p.folder.Path, Key: p.folder.Key, Pin: p.folder.Pin, Box: p.box, Blobs: p.files, Clock: clock, MaxFeed: p.bound,
	}))
	p.handler.Store(must(server.New(server.Options{
		Central: relay.Front{Relay: p.Relay}, Blobs: p.files, Key: p.folder.Key, Pin: p.folder.Pin, Software: "test", Clock: clock, Pass: p.Pass, Upstream: p.Relay,
	})))
}

func (p *point) round(t *testing.T) {
	t.Helper()
	if err := p.Round(t.Context()); err != nil {
		t.Fatal("round:", err)
	}
}

// tablet is a device with its store and a running agent.
type tablet struct {
	*store.Store
	county  *county
	village int
	agent   *client.Agent
}

func newTablet(t *testing.T, c *county, village int) *tablet {
	t.Helper()
	tab := &tablet{Store: must(store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now})), county: c, village: village}
	t.Cleanup(func() { _ = tab.Close() })
	must(client.Enrol(t.Context(), tab.Store, c.http.URL, c.code(t, survey.RoleCadre, village), client.Options{Clock: time.Now}))
	return tab
}

// know adds a receiving point by its address alone.
func (tab *tablet) know(t *testing.T, p *point) {
	t.Helper()
	e, _, err := tab.Enrolment(t.Context())
	device, _, err2 := tab.Device(t.Context())
	met, err3 := client.MeetRelay(t.Context(), e, device, p.http.URL, survey.Hash{}, client.Options{Clock: time.Now})
	if err := errors.Join(err, err2, err3, tab.KeepRelay(t.Context(), met)); err != nil {
		t.Fatal(err)
	}
}

// run lets the agent work until the test ends.
func (tab *tablet) run(t *testing.T) {
	t.Helper()
	tab.agent = client.New(tab.Store, client.Options{Clock: time.Now, Rand: func() float64 { return 0 }})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = tab.agent.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

func (tab *tablet) finish(t *testing.T, files ...[]byte) survey.RecordID {
	t.Helper()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.county.villages[tab.village]),
		Household: tab.county.homes[tab.village], Author: tab.county.person, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{"heard_worry": "路不好走"}, Touched: []survey.FieldPath{"heard_worry"}}
	err := tab.BeginDraft(t.Context(), d, nil)
	for i, data := range files {
		name := fmt.Sprintf("%d.jpg", i)
		sub.Attachments = append(sub.Attachments, name)
		err = errors.Join(err, tab.AttachFile(t.Context(), d.ID, name, "image/jpeg", data))
	}
	if err = errors.Join(err, tab.FinishVisit(t.Context(), d, sub)); err != nil {
		t.Fatal(err)
	}
	return survey.RecordID(d.ID)
}

func (tab *tablet) eventually(t *testing.T, what string, holds func(survey.Safekeeping) bool) {
	t.Helper()
	var k survey.Safekeeping
	for range 1500 {
		if k = must(tab.Safekeeping(t.Context())); holds(k) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 15 s: %s; %+v", what, k)
}

// Two villages' tablets hand over while the county is away for days; the relay is restarted in between; the county gets
// everything once, and its word comes home by the relay alone.
func TestTwoTicks(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0, 1)
	tablets := []*tablet{newTablet(t, c, 0), newTablet(t, c, 1)}
	p.round(t) // hears of both devices
	photo := make([]byte, 600<<10)
	for i := range photo {
		photo[i] = byte(i * i >> 3)
	}
	c.down.Store(true)
	want := map[survey.RecordID]bool{}
	for _, tab := range tablets {
		tab.know(t, p)
		want[tab.finish(t, photo)] = true
		want[tab.finish(t)] = true
		tab.run(t)
		tab.eventually(t, "both visits at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 2 && k.Waiting == 2 })
		waiting := must(tab.Waiting(t.Context()))
		if waiting[0].Delivery != survey.AtRelay || waiting[1].Delivery != survey.AtRelay {
			t.Errorf("the list says %v and %v, want at the relay", waiting[0].Delivery, waiting[1].Delivery)
		}
		// What is finished while only the relay is in reach goes there without waiting for the county.
		want[tab.finish(t)] = true
		tab.eventually(t, "the third visit at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 3 })
	}
	if err := p.Round(t.Context()); survey.KindOf(err) != survey.Unavailable {
		t.Fatalf("a round without the county: %v", err)
	}
	p.open(t) // killed and started again
	if s := p.Standing(); s.Waiting == 0 || s.Files != 1 {
		t.Fatalf("after a restart: %+v", s)
	}
	for _, tab := range tablets { // the attachments too
		files := must(tab.UnheldBlobs(t.Context()))
		for held := int64(0); held < files[0].Size; time.Sleep(10 * time.Millisecond) {
			tab.agent.Wake()
			held = must(p.files.Held(t.Context(), files[0].SHA256, files[0].Size))
		}
	}
	c.down.Store(false)
	for _, tab := range tablets { // the tablets themselves never see the county again
		e, _, _ := tab.Enrolment(t.Context())
		if e.Server != c.http.URL {
			t.Fatal("another server")
		}
	}
	p.round(t)
	visits := c.visits(t)
	if len(visits) != len(want) {
		t.Fatalf("%d visits at the county, want %d", len(visits), len(want))
	}
	for id := range want {
		if _, ok := visits[id]; !ok {
			t.Errorf("visit %s is missing", id)
		}
	}
	if s := p.Standing(); s.Waiting != 0 || s.Apart != 0 {
		t.Errorf("after the county: %+v", s)
	}
	files := must(tablets[0].UnheldBlobs(t.Context()))
	if len(files) == 1 {
		if held := must(c.blobs.Held(t.Context(), files[0].SHA256, files[0].Size)); held != files[0].Size {
			t.Errorf("%d bytes of the photo at the county, want %d", held, files[0].Size)
		}
	}
	c.down.Store(true)
	for _, tab := range tablets {
		tab.agent.Wake()
		tab.eventually(t, "the county's word by the relay", func(k survey.Safekeeping) bool { return k.Waiting == 0 && k.Delivered == 3 })
	}
	c.down.Store(false)
	for _, tab := range tablets {
		tab.agent.Wake()
		tab.finish(t) // and the direct road goes on as if nothing had been
		tab.eventually(t, "the direct road", func(k survey.Safekeeping) bool { return k.Delivered == 4 && k.Files == 0 })
	}
	if n := len(c.visits(t)); n != 8 {
		t.Errorf("%d visits in the end, want 8", n)
	}
}

// The same segments by the relay and directly, in either order, arrive once.
func TestRoadsRace(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	p.round(t)
	tab.know(t, p)
	c.down.Store(true)
	tab.finish(t)
	tab.run(t)
	tab.eventually(t, "at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 1 })
	c.down.Store(false)
	tab.agent.Wake()
	tab.eventually(t, "at the county", func(k survey.Safekeeping) bool { return k.Delivered == 1 })
	p.round(t)
	if s := p.Standing(); s.Waiting != 0 || s.Apart != 0 || len(c.visits(t)) != 1 {
		t.Errorf("after both roads: %+v, %d visits", s, len(c.visits(t)))
	}
}

// A revoked device's later work waits for a person, whichever road it took; a revoked relay is not used and cannot carry.
func TestRevoked(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	p.round(t)
	tab.know(t, p)
	device, _, err := tab.Device(t.Context())
	if err := errors.Join(err, c.Revoke(t.Context(), device)); err != nil {
		t.Fatal(err)
	}
	c.down.Store(true)
	time.Sleep(5 * time.Millisecond) // the visit is made after the revocation
	tab.finish(t)
	tab.run(t)
	tab.eventually(t, "at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 1 })
	c.down.Store(false)
	p.round(t)
	if n := len(c.visits(t)); n != 0 {
		t.Errorf("%d visits of a revoked device in the record", n)
	}
	if apart := must(c.Apart(t.Context(), false)); len(apart) == 0 {
		t.Error("its work waits for nobody")
	}
	own, _, _ := p.Device(t.Context())
	if err := c.Revoke(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	if err := p.Round(t.Context()); survey.KindOf(err) != survey.Denied {
		t.Errorf("a revoked relay's round: %v", err)
	}
}

// A grant that has ended, a stranger's tablet and a full disk: the relay takes nothing, says so, and the tablet keeps all.
func TestRelayThatCannotTake(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, c *county, p *point){
		"ended grant": func(t *testing.T, _ *county, p *point) {
			t.Helper()
			p.openAt(t, func() time.Time { return time.Now().AddDate(2, 0, 0) })
		},
		"no room": func(t *testing.T, _ *county, p *point) {
			t.Helper()
			folder := filepath.Join(p.folder.Path, "segments")
			if err := os.RemoveAll(folder); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(folder, nil, 0o600); err != nil { // nothing can be put into it
				t.Fatal(err)
			}
		},
		"hangs up": func(_ *testing.T, _ *county, p *point) { p.down.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounty(t)
			p := newPoint(t, c, 0)
			tab := newTablet(t, c, 0)
			p.round(t)
			tab.know(t, p)
			spoil(t, c, p)
			c.down.Store(true)
			tab.finish(t)
			tab.run(t)
			time.Sleep(300 * time.Millisecond)
			if k := must(tab.Safekeeping(t.Context())); k.Relayed != 0 || k.Waiting != 1 {
				t.Errorf("the tablet says %+v", k)
			}
			c.down.Store(false)
			tab.agent.Wake()
			tab.eventually(t, "the direct road", func(k survey.Safekeeping) bool { return k.Delivered == 1 })
		})
	}
}

// Who is not sent by the county is not taken for a relay.
func TestMeetRelay(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	e, _, _ := tab.Enrolment(t.Context())
	device, _, _ := tab.Device(t.Context())
	meet := func(address string, pin survey.Hash) error {
		_, err := client.MeetRelay(t.Context(), e, device, address, pin, client.Options{Clock: time.Now})
		return err
	}
	if err := meet(p.http.URL, seal.Pin(p.folder.Certificate.Leaf)); err != nil {
		t.Errorf("the relay itself: %v", err)
	}
	if err := meet(p.http.URL, survey.Hash{1}); err == nil {
		t.Error("another pin was taken")
	}
	if err := meet(c.http.URL, survey.Hash{}); survey.KindOf(err) != survey.Denied {
		t.Errorf("the county as a relay: %v", err)
	}
	other := newCounty(t)
	if err := meet(newPoint(t, other, 0).http.URL, survey.Hash{}); survey.KindOf(err) != survey.Denied {
		t.Errorf("another county's relay: %v", err)
	}
	// Somebody in between shows a certificate of their own and passes everything on.
	between := must(server.OpenFolder(filepath.Join(t.TempDir(), "between"), time.Now()))
	middle := newSite(t, between.Certificate)
	middle.handler.Store(p.handler.Load())
	if err := meet(middle.http.URL, survey.Hash{}); survey.KindOf(err) != survey.Denied {
		t.Errorf("somebody in between: %v", err)
	}
	e.Revocations = survey.Revocations{Devices: []survey.Revocation{{Device: must2(p.Device(t.Context()))}}}
	if err := meet(p.http.URL, survey.Hash{}); survey.KindOf(err) != survey.Denied {
		t.Errorf("a revoked relay: %v", err)
	}
}

func must2(id survey.DeviceID, _ seal.DeviceKeys, err error) survey.DeviceID { return must(id, err) }

// liar is a relay that says what it likes.
type liar struct {
	relay.Front
	lie func(ctx context.Context, reply *wire.CarryReply, carry wire.Carry)
}

func (l liar) TakeCarried(ctx context.Context, _ survey.DeviceID, carry wire.Carry) (wire.CarryReply, error) {
	var reply wire.CarryReply
	l.lie(ctx, &reply, carry)
	return reply, nil
}

func (l liar) Feed(ctx context.Context, id survey.DeviceID, pull wire.Pull) (wire.PullReply, error) {
	reply, err := l.Front.Feed(ctx, id, pull)
	var reply2 wire.CarryReply
	l.lie(ctx, &reply2, wire.Carry{})
	reply.Words = append(reply.Words, reply2.Words...)
	return reply, err
}

// What a relay claims costs nothing: it may drop, claim more than it was given, or make up the county's word, and the
// tablet neither calls anything delivered nor prunes, and hands all of it over by the next road.
func TestRelayThatLies(t *testing.T) {
	for name, c := range map[string]struct {
		lie     func(_ context.Context, reply *wire.CarryReply, carry wire.Carry)
		relayed int
	}{
		"drops what it says it keeps": {func(_ context.Context, reply *wire.CarryReply, carry wire.Carry) {
			for _, s := range carry.Segments {
				reply.Kept = append(reply.Kept, must(s.Hash()))
			}
		}, 2},
		"names what it was not given": {func(_ context.Context, reply *wire.CarryReply, _ wire.Carry) {
			reply.Kept = []survey.Hash{{1}, {2}}
		}, 0},
		"makes up the county's word": {func(_ context.Context, reply *wire.CarryReply, carry wire.Carry) {
			_, key := must3(ed25519.GenerateKey(rand.Reader))
			word := wire.Carried{County: countyCode, Logs: []wire.HeldLog{{Last: 100, Durable: 100}}}
			for _, s := range carry.Segments {
				word.Device, word.Logs = s.Header.Device, []wire.HeldLog{{Replica: s.Header.Replica, Last: s.Last(), Durable: s.Last(), Hash: must(s.Hash())}}
			}
			reply.Words = []wire.Carried{must(word.Sign(key))}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			office := newCounty(t)
			p := newPoint(t, office, 0)
			tab := newTablet(t, office, 0)
			p.round(t)
			tab.know(t, p)
			p.handler.Store(must(server.New(server.Options{
				Central: liar{relay.Front{Relay: p.Relay}, c.lie}, Blobs: p.files, Key: p.folder.Key, Pin: p.folder.Pin,
				Clock: time.Now, Pass: p.Pass,
			})))
			office.down.Store(true)
			tab.finish(t)
			tab.finish(t)
			tab.run(t)
			time.Sleep(400 * time.Millisecond)
			if k := must(tab.Safekeeping(t.Context())); k.Waiting != 2 || k.Delivered != 0 || k.Durable != 0 || k.Relayed != c.relayed {
				t.Errorf("the tablet says %+v", k)
			}
			office.down.Store(false)
			tab.agent.Wake()
			tab.eventually(t, "the direct road", func(k survey.Safekeeping) bool { return k.Delivered == 2 })
			if n := len(office.visits(t)); n != 2 {
				t.Errorf("%d visits at the county", n)
			}
		})
	}
}

func must3(public ed25519.PublicKey, key ed25519.PrivateKey, err error) (ed25519.PublicKey, ed25519.PrivateKey) {
	return public, must(key, err)
}

// A relay that alters a segment, leaves one out or turns them round moves nothing: the county takes what follows what it
// holds, as it was signed.
func TestCountyTakesNothingAltered(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	var segments []wire.Segment
	for range 3 {
		tab.finish(t)
		segments = append(segments, must(tab.NextRelayed(t.Context(), 10))[len(segments):]...)
	}
	if len(segments) != 3 {
		t.Fatalf("%d segments", len(segments))
	}
	e, _ := p.Enrolment()
	device, keys, _ := p.Device(t.Context())
	line := must(client.Dial(e, device, keys, nil))
	defer line.Close()
	altered := segments[0]
	altered.Entries = slices.Clone(altered.Entries)
	altered.Entries[0].Revision = wire.Erase(altered.Entries[0].Revision)
	altered.Entries[0].Revision.Header.Wall++
	if _, err := line.Carry(t.Context(), []wire.Segment{altered}); err == nil {
		t.Error("an altered segment was taken")
	}
	for _, gap := range [][]wire.Segment{{segments[2]}, {segments[1]}} {
		if reply, err := line.Carry(t.Context(), gap); err != nil || len(reply.Kept)+len(reply.Words)+len(reply.Apart) != 0 {
			t.Errorf("behind a gap: %+v, %v", reply, err)
		}
	}
	if n := len(c.visits(t)); n != 0 {
		t.Fatalf("%d visits", n)
	}
	reply := must(line.Carry(t.Context(), []wire.Segment{segments[1], segments[0], segments[2]}))
	if len(reply.Kept) != 1 || reply.Words[0].Logs[0].Last != segments[0].Last() {
		t.Errorf("turned round: %+v", reply)
	}
	for range 2 { // and again: idempotent
		reply = must(line.Carry(t.Context(), segments))
		if len(reply.Kept) != 3 || reply.Words[0].Logs[0].Last != segments[2].Last() {
			t.Errorf("in order: %+v", reply)
		}
	}
	if n := len(c.visits(t)); n != 3 {
		t.Errorf("%d visits, want 3", n)
	}
}

// A file that rots or was torn while the relay was off is put aside, and everything else is carried.
func TestDamagedFolder(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	p.round(t)
	tab.know(t, p)
	c.down.Store(true)
	tab.run(t)
	for n := 1; n <= 2; n++ {
		tab.finish(t)
		tab.eventually(t, "at the relay", func(k survey.Safekeeping) bool { tab.agent.Wake(); return k.Relayed == n })
	}
	files := must(filepath.Glob(filepath.Join(p.folder.Path, "segments", "*.cbor")))
	raw := must(os.ReadFile(files[0]))
	raw[len(raw)/2] ^= 1
	for name, data := range map[string][]byte{files[0]: raw, filepath.Join(p.folder.Path, "segments", "x.cbor.part"): {1}} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.open(t)
	if s := p.Standing(); s.Segments != len(files)-1 {
		t.Errorf("%+v of %d files", s, len(files))
	}
	c.down.Store(false)
	p.round(t)
	tab.agent.Wake()
	tab.eventually(t, "the direct road", func(k survey.Safekeeping) bool { return k.Delivered == 2 })
	if n := len(c.visits(t)); n != 2 {
		t.Errorf("%d visits", n)
	}
}

// A relay whose disk is gone takes nothing along: the tablet hands all that the county has not signed for to the next one.
func TestRelayLost(t *testing.T) {
	c := newCounty(t)
	lost, next := newPoint(t, c, 0), newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	lost.round(t)
	next.round(t)
	tab.know(t, lost)
	tab.finish(t)
	tab.near(t)
	if k := must(tab.Safekeeping(t.Context())); k.Relayed != 1 {
		t.Fatalf("%+v", k)
	}
	lost.down.Store(true)
	tab.know(t, next)
	if k := must(tab.Safekeeping(t.Context())); k.Relayed != 0 {
		t.Errorf("before it was handed over again: %+v", k)
	}
	tab.near(t)
	next.round(t)
	tab.near(t)
	if k := must(tab.Safekeeping(t.Context())); k.Delivered != 1 || k.Waiting != 0 || len(c.visits(t)) != 1 {
		t.Errorf("%+v, %d visits at the county", k, len(c.visits(t)))
	}
	tab.know(t, next) // known already: nothing is handed over twice
	tab.finish(t)
	tab.near(t)
	tab.know(t, next)
	if k := must(tab.Safekeeping(t.Context())); k.Relayed != 1 {
		t.Errorf("%+v", k)
	}
}
