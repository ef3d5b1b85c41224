package relay_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zoucun/server"
	"zoucun/server/central"
	"zoucun/server/relay"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// aside does what it is given while tablets cannot reach the county.
func (c *county) aside(what func()) {
	c.down.Store(true)
	defer c.down.Store(false)
	what()
}

// near does one round of a tablet that reaches only receiving points.
func (tab *tablet) near(t *testing.T) {
	t.Helper()
	if tab.agent == nil {
		tab.agent = client.New(tab.Store, client.Options{Clock: time.Now, Rand: func() float64 { return 0 }})
	}
	tab.county.aside(func() {
		if _, err := tab.agent.Round(t.Context()); survey.KindOf(err) != survey.Unavailable {
			t.Errorf("a round beside the county: %v", err)
		}
	})
}

func (tab *tablet) head(t *testing.T) string {
	t.Helper()
	household, err := tab.Household(t.Context(), tab.county.homes[tab.village])
	if survey.KindOf(err) == survey.NotFound {
		return ""
	}
	return must(household, err).Head
}

func (c *county) rename(t *testing.T, village int, head string) {
	t.Helper()
	if n := must(c.Write(t.Context(), c.person, []central.Write{{
		Record: c.homes[village], Type: survey.TypeHousehold, Scope: survey.VillageScope(c.villages[village]),
		Fields: survey.Household{Head: head, Code: "1", Village: c.villages[village], Resident: -1, Away: -1}.Fields(),
	}})); n != 1 {
		t.Fatalf("%d written", n)
	}
}

func (c *county) erase(t *testing.T, village int) {
	t.Helper()
	if n := must(c.Erase(t.Context(), c.person, []survey.Erasure{{Record: c.homes[village], Note: "到期"}})); n != 1 {
		t.Fatalf("%d erased", n)
	}
}

// setting is a county, a relay of its first village and a tablet that knows it; nothing has been read yet.
func setting(t *testing.T) (*county, *point, *tablet) {
	t.Helper()
	c := newCounty(t)
	p := newPoint(t, c, 0)
	tab := newTablet(t, c, 0)
	p.round(t)
	tab.know(t, p)
	return c, p, tab
}

// A tablet that only ever meets the relay reads its villages and the register, what another wrote there, and what changes
// later, and says until when it knows all.
func TestHandedDown(t *testing.T) {
	c, p, tab := setting(t)
	other := newTablet(t, c, 0)
	p.round(t)
	other.know(t, p)
	begun := survey.MillisOf(time.Now().Add(-time.Minute))
	tab.near(t)
	if got := tab.head(t); got != "张三" || len(tab.Villages()) != 1 {
		t.Fatalf("head %q, %d villages", got, len(tab.Villages()))
	}
	k := must(tab.Safekeeping(t.Context()))
	if k.AsOf < begun {
		t.Errorf("known as of %d, want after %d", k.AsOf, begun)
	}
	visit := other.finish(t)
	other.near(t)
	p.round(t)
	c.rename(t, 0, "李四")
	tab.near(t)
	if got := tab.head(t); got != "张三" {
		t.Errorf("a relay that has not heard hands down %q", got)
	}
	if visits := must(tab.VisitsOf(t.Context(), c.homes[0])); len(visits) != 1 || visits[0].ID != visit || visits[0].Delivery != survey.FromOthers {
		t.Errorf("another's visit: %+v", visits)
	}
	p.open(t) // killed and started again: it reads its folder
	p.round(t)
	tab.near(t)
	if got := tab.head(t); got != "李四" {
		t.Errorf("head %q, want the new one", got)
	}
	if now := must(tab.Safekeeping(t.Context())); now.AsOf < k.AsOf {
		t.Errorf("known as of %d, before %d", now.AsOf, k.AsOf)
	}
	if _, err := tab.agent.Round(t.Context()); err != nil { // the direct road goes on where the relay left off
		t.Fatal(err)
	}
	c.rename(t, 0, "王五")
	must(tab.agent.Round(t.Context()))
	p.round(t)
	tab.near(t) // and the relay's pages overlap what came directly
	if got := tab.head(t); got != "王五" {
		t.Errorf("head %q", got)
	}
}

// Grants decide: of a village that it is not granted a tablet reads nothing, and one that is taken away goes, by the relay.
func TestHandedDownByGrant(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0, 1)
	tab := newTablet(t, c, 0)
	p.round(t)
	tab.know(t, p)
	tab.near(t)
	if cursors := must(tab.Cursors(t.Context())); len(cursors) != 2 {
		t.Errorf("follows %v, want village and register", cursors)
	}
	device, _, _ := tab.Device(t.Context())
	if err := c.Regrant(t.Context(), device, []survey.ScopeID{survey.VillageScope(c.villages[1])}, []survey.Role{survey.RoleCadre}); err != nil {
		t.Fatal(err)
	}
	p.round(t)
	tab.near(t)
	tab.near(t)
	cursors := must(tab.Cursors(t.Context()))
	if slices.ContainsFunc(cursors, func(at survey.Cursor) bool { return at.Scope == survey.VillageScope(c.villages[0]) }) || len(cursors) != 2 {
		t.Errorf("follows %v", cursors)
	}
	if tab.head(t) != "" {
		t.Error("the village that was taken away is still here")
	}
	if err := c.Revoke(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	c.rename(t, 1, "李四")
	p.round(t)
	tab.village = 1
	tab.near(t)
	if got := tab.head(t); got != "张三" {
		t.Errorf("a revoked device reads %q", got)
	}
}

// fibber hands down what spoil makes of the relay's pages.
type fibber struct {
	relay.Front
	spoil func(reply *wire.PullReply)
}

func (f fibber) Feed(ctx context.Context, id survey.DeviceID, pull wire.Pull) (wire.PullReply, error) {
	reply, err := f.Front.Feed(ctx, id, pull)
	f.spoil(&reply)
	return reply, err
}

// village picks the page of the village's feed.
func (c *county) village(reply *wire.PullReply) *wire.FeedPage {
	for i := range reply.Pages {
		if reply.Pages[i].Scope == survey.VillageScope(c.villages[0]) {
			return &reply.Pages[i]
		}
	}
	return &wire.FeedPage{}
}

// What a relay makes of the county's pages is not taken over: it can be behind, and nothing else.
func TestRelayCannotForgeAFeed(t *testing.T) {
	foreign := must4(ed25519.GenerateKey(rand.Reader))
	for name, spoil := range map[string]func(c *county, p *wire.FeedPage){
		"unsigned":          func(_ *county, p *wire.FeedPage) { p.Signature = nil },
		"signed by another": func(_ *county, p *wire.FeedPage) { *p = must(p.Sign(foreign)) },
		"body taken out":    func(_ *county, p *wire.FeedPage) { p.Items[0].Revision = wire.Erase(p.Items[0].Revision) },
		"left, not put":     func(_ *county, p *wire.FeedPage) { p.Items[0].Op = wire.FeedLeave },
		"later than it was": func(_ *county, p *wire.FeedPage) { p.Items[0].HLC++ },
		"first left out": func(_ *county, p *wire.FeedPage) {
			p.Items = slices.Clone(p.Items[1:])
			for i := range p.Items {
				p.Items[i].Seq--
			}
		},
		"last left out": func(_ *county, p *wire.FeedPage) { p.Items = p.Items[:len(p.Items)-1] },
		"turned round": func(_ *county, p *wire.FeedPage) {
			p.Items[0], p.Items[1] = p.Items[1], p.Items[0]
			p.Items[0].Seq, p.Items[1].Seq = p.Items[1].Seq, p.Items[0].Seq
		},
		"another village's": func(c *county, p *wire.FeedPage) { p.Scope = survey.VillageScope(c.villages[1]) },
		"said to be all":    func(_ *county, p *wire.FeedPage) { p.Items, p.Head = nil, p.After },
		"another life":      func(_ *county, p *wire.FeedPage) { p.Epoch[0]++ },
		"in another time":   func(_ *county, p *wire.FeedPage) { p.Time += 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			c, p, tab := setting(t)
			before := survey.MillisOf(time.Now())
			time.Sleep(2 * time.Millisecond)
			c.rename(t, 0, "李四")
			c.rename(t, 0, "王五")
			p.round(t)
			honest := p.handler.Load()
			p.handler.Store(must(server.New(server.Options{
				Central: fibber{relay.Front{Relay: p.Relay}, func(reply *wire.PullReply) {
					if page := c.village(reply); len(page.Items) > 1 {
						spoil(c, page)
					}
				}},
				Blobs: p.files, Key: p.folder.Key, Pin: p.folder.Pin, Clock: time.Now, Pass: p.Pass,
			})))
			tab.near(t)
			if got := tab.head(t); got != "张三" { // as the page before says
				t.Errorf("the tablet shows %q", got)
			}
			if k := must(tab.Safekeeping(t.Context())); k.AsOf > before {
				t.Errorf("and says that it knows all as of %d, after %d", k.AsOf, before)
			}
			p.handler.Store(honest)
			tab.near(t)
			if got := tab.head(t); got != "王五" {
				t.Errorf("afterwards by an honest relay: %q", got)
			}
		})
	}
}

func must4(_ ed25519.PublicKey, key ed25519.PrivateKey, err error) ed25519.PrivateKey {
	return must(key, err)
}

// A page of a village that the county signed and this device is not granted is not taken over, whoever hands it down.
func TestRelayCannotShowWhatIsNotGranted(t *testing.T) {
	c := newCounty(t)
	p := newPoint(t, c, 0, 1)
	mine, theirs := newTablet(t, c, 0), newTablet(t, c, 1)
	p.round(t)
	stranger, _, _ := theirs.Device(t.Context())
	loot := must(p.Feed(t.Context(), stranger, wire.Pull{Signed: true, MaxBytes: wire.MaxPage}))
	if len(loot.Pages) != 2 {
		t.Fatalf("%d pages", len(loot.Pages))
	}
	for _, page := range loot.Pages {
		must(mine.ApplySigned(t.Context(), page))
	}
	for _, at := range must(mine.Cursors(t.Context())) {
		if at.Scope == survey.VillageScope(c.villages[1]) {
			t.Error("it follows a village that is not its own")
		}
	}
}

// onDisk reports whether a word stands in any page that the relay keeps, for whoever has the key.
func (p *point) onDisk(t *testing.T, word string) bool {
	t.Helper()
	for _, name := range must(filepath.Glob(filepath.Join(p.folder.Path, "feeds", "*", "*"))) {
		place := seal.Place{Column: "relay.file", Row: []byte(must(filepath.Rel(p.folder.Path, name)))}
		if bytes.Contains(must(p.box.Open(must(os.ReadFile(name)), place)), []byte(word)) {
			return true
		}
	}
	return false
}

// What is erased goes from the relay's disk as soon as it hears of that, and from the tablets that read by it.
func TestErasedGoesFromRelay(t *testing.T) {
	c, p, tab := setting(t)
	c.rename(t, 0, "李四")
	p.round(t)
	tab.near(t)
	if !p.onDisk(t, "李四") {
		t.Fatal("the name was never there")
	}
	c.erase(t, 0)
	p.round(t)
	if p.onDisk(t, "李四") || p.onDisk(t, "张三") {
		t.Error("the relay still has a name that was erased")
	}
	tab.near(t)
	if got := tab.head(t); got != "" {
		t.Errorf("the tablet shows %q", got)
	}
	late := newTablet(t, c, 0) // who reads all of it only now
	p.round(t)
	late.know(t, p)
	late.near(t)
	if got := late.head(t); got != "" {
		t.Errorf("the late tablet shows %q", got)
	}
	if at := must(late.Cursors(t.Context())); len(at) != 2 {
		t.Errorf("it follows %v", at)
	}
}

// Pages that rotted, were torn, or stand in another's place are read again; the rest is served meanwhile.
func TestDamagedPages(t *testing.T) {
	c, p, tab := setting(t)
	for i := range 5 {
		c.rename(t, 0, fmt.Sprintf("户主%d", i))
		p.round(t)
	}
	files := must(filepath.Glob(filepath.Join(p.folder.Path, "feeds", "*", "*.cbor")))
	if len(files) < 5 {
		t.Fatalf("%d pages", len(files))
	}
	raw := must(os.ReadFile(files[0]))
	raw[len(raw)/2] ^= 1
	for name, data := range map[string][]byte{files[0]: raw, files[1]: must(os.ReadFile(files[2])), files[0] + ".part": {1}} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.open(t)
	tab.near(t)
	p.round(t)
	tab.near(t)
	if got := tab.head(t); got != "户主4" {
		t.Errorf("head %q", got)
	}
	if left := must(filepath.Glob(filepath.Join(p.folder.Path, "feeds", "*", "*.part"))); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

// Many small pages become few, and a feed that grows beyond its bound loses its beginning, not its end.
func TestFeedsStaySmall(t *testing.T) {
	c, p, tab := setting(t)
	tab.near(t)
	for i := range 70 {
		c.rename(t, 0, fmt.Sprintf("户主%d", i))
		p.round(t)
	}
	count := func() int {
		return len(must(filepath.Glob(filepath.Join(p.folder.Path, "feeds", fmt.Sprintf("%x", survey.VillageScope(c.villages[0])), "*.cbor"))))
	}
	if n := count(); n > 20 {
		t.Errorf("%d files for 70 changes", n)
	}
	tab.near(t)
	if got := tab.head(t); got != "户主69" {
		t.Errorf("head %q", got)
	}
	p.bound = 4 << 10
	p.open(t)
	for i := range 20 {
		c.rename(t, 0, fmt.Sprintf("新户主%d", i))
		p.round(t)
	}
	if n := count(); n > 20 {
		t.Errorf("%d files with a bound of 4 KiB", n)
	}
	p.open(t)
	tab.near(t)
	if got := tab.head(t); got == "新户主19" {
		t.Error("a tablet passed over what the relay does not hold")
	}
	must(tab.agent.Round(t.Context()))
	c.rename(t, 0, "最后")
	p.round(t)
	tab.near(t)
	if got := tab.head(t); got != "最后" {
		t.Errorf("head %q", got)
	}
}

// A county that begins another life is followed from itself alone; then the relay hands down its feeds again.
func TestNewLifeOnlyFromTheCounty(t *testing.T) {
	c, p, tab := setting(t)
	tab.near(t)
	before, _, _ := tab.Enrolment(t.Context())
	must(c.BeginEpoch(t.Context()))
	c.rename(t, 0, "李四")
	p.round(t)
	p.round(t)
	tab.near(t)
	if e, _, _ := tab.Enrolment(t.Context()); e.Epoch != before.Epoch || tab.head(t) != "张三" {
		t.Errorf("the relay led to epoch %s, head %q", e.Epoch, tab.head(t))
	}
	for range 3 { // the county itself: the first round ends at the new epoch
		_, _ = tab.agent.Round(t.Context())
	}
	if e, _, _ := tab.Enrolment(t.Context()); e.Epoch == before.Epoch || tab.head(t) != "李四" {
		t.Fatalf("the county led to epoch %s, head %q", e.Epoch, tab.head(t))
	}
	c.rename(t, 0, "王五")
	p.round(t)
	tab.near(t)
	if got := tab.head(t); got != "王五" {
		t.Errorf("head %q", got)
	}
}

// The files that come with a form come by the relay too; one that is interrupted goes on.
func TestFormFilesByRelay(t *testing.T) {
	c, p, tab := setting(t)
	data := make([]byte, 700<<10)
	for i := range data {
		data[i] = byte(i * i >> 5)
	}
	file := survey.Attachment{Name: "villages.csv", SHA256: sha256.Sum256(data), Size: int64(len(data)), MIME: "text/csv"}
	for at := 0; at < len(data); at += wire.MaxChunk {
		must(c.blobs.Append(t.Context(), file.SHA256, file.Size, int64(at), data[at:min(len(data), at+wire.MaxChunk)]))
	}
	form := central.Write{
		Record: survey.NewID[survey.RecordID](), Type: survey.TypeForm, Scope: survey.RegisterScope(countyCode), Form: "F", FormVersion: "1",
		Fields: survey.Fields{survey.FormTitle: "表", survey.FormXML: "<h/>"}, Files: []survey.Attachment{file},
	}
	must(c.Write(t.Context(), c.person, []central.Write{form}))
	p.round(t)
	p.open(t)
	p.round(t)
	tab.near(t)
	if got := must(tab.FormFile(t.Context(), file.SHA256)); !bytes.Equal(got, data) {
		t.Errorf("%d bytes came", len(got))
	}
	device, _, _ := tab.Device(t.Context())
	if _, err := p.Attachment(t.Context(), device, survey.Hash{1}); survey.KindOf(err) != survey.NotFound {
		t.Errorf("any other file: %v", err)
	}
	if held := must(p.files.Held(t.Context(), file.SHA256, file.Size)); held != file.Size {
		t.Errorf("the relay holds %d bytes", held)
	}
}

// What the township keeps apart, and why, comes home by the relay as by a receipt, and goes when somebody has accepted it.
func TestRejectsByRelay(t *testing.T) {
	c, p, tab := setting(t)
	tab.near(t)
	tab.county.villages[0], tab.county.villages[1] = tab.county.villages[1], tab.county.villages[0]
	visit := tab.finish(t) // in the village that is not granted
	tab.county.villages[0], tab.county.villages[1] = tab.county.villages[1], tab.county.villages[0]
	tab.near(t)
	p.round(t)
	apart := must(c.Apart(t.Context(), false))
	if len(apart) == 0 {
		t.Fatal("the county keeps nothing apart")
	}
	for range 2 { // also after the next word on the log
		tab.near(t)
		of := ""
		for _, v := range must(tab.VisitsOf(t.Context(), c.homes[0])) {
			if v.ID == visit {
				of = v.Apart
			}
		}
		if of == "" {
			t.Error("the tablet does not say that the visit waits for the township")
		}
		tab.finish(t)
		tab.near(t)
		p.round(t)
	}
	if k := must(tab.Safekeeping(t.Context())); k.Apart != 1 {
		t.Errorf("%d apart, want 1", k.Apart)
	}
}

// A reason that is no longer true does not come back with an old word: somebody has accepted what was kept apart.
func TestAcceptedStaysAccepted(t *testing.T) {
	c, p, tab := setting(t)
	tab.near(t)
	person := c.person
	c.person = survey.NewID[survey.PersonID]()
	visit := tab.finish(t) // in the name of somebody who may not write here
	c.person = person
	tab.near(t)
	p.round(t)
	tab.near(t)
	apart := func() int { return must(tab.Safekeeping(t.Context())).Apart }
	if n := apart(); n != 1 {
		t.Fatalf("%d apart", n)
	}
	for _, one := range must(c.Apart(t.Context(), false)) {
		if err := c.Accept(t.Context(), one.Revision.ID); err != nil {
			t.Fatal(err)
		}
	}
	p.round(t) // brings the feed; the relay's word on the log is still the old one
	for range 3 {
		tab.near(t)
	}
	if n := apart(); n != 0 {
		t.Errorf("visit %s is still said to be kept apart", visit)
	}
}

// What was erased after it had moved to a village that the relay does not serve goes from the feed of the one it left.
func TestErasedElsewhereGoesFromRelay(t *testing.T) {
	c, p, tab := setting(t)
	c.rename(t, 0, "李四")
	p.round(t)
	tab.near(t)
	must(c.Write(t.Context(), c.person, []central.Write{{
		Record: c.homes[0], Type: survey.TypeHousehold, Scope: survey.VillageScope(c.villages[1]), Kind: survey.Move,
	}}))
	p.round(t)
	tab.near(t)
	if !p.onDisk(t, "李四") {
		t.Fatal("a move alone takes nothing out")
	}
	c.erase(t, 0)
	p.round(t)
	if p.onDisk(t, "李四") || p.onDisk(t, "张三") {
		t.Error("the relay still has a name that was erased elsewhere")
	}
	tab.near(t)
	for _, h := range must(tab.Held(t.Context(), c.homes[0])) { // headers stay, what they said does not
		if len(h.Record.Fields) > 0 {
			t.Errorf("the tablet holds %v", h.Record.Fields)
		}
	}
}
