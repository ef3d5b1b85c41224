package errand_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	intake "zoucun/server/errand"
	"zoucun/server/relay"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/client"
	"zoucun/sync/errand"
	"zoucun/sync/seal"
	"zoucun/sync/spare"
	"zoucun/sync/wire"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// county is a whole county: a server as zoucund runs it, one village, one household.
type county struct {
	*central.Central
	folder  server.Folder
	http    *httptest.Server
	handler atomic.Pointer[server.Server]
	cut     atomic.Int64 // answers left before the line is cut; negative cuts none
	person  survey.PersonID
	village survey.RecordID
	home    survey.RecordID
	clock   *atomic.Int64 // milliseconds that have passed beyond the machine's clock
}

func newCounty(t *testing.T, code uint32) *county {
	t.Helper()
	c := &county{person: survey.NewID[survey.PersonID](), village: survey.NewID[survey.RecordID](), home: survey.NewID[survey.RecordID](), clock: &atomic.Int64{}}
	c.cut.Store(-1)
	c.folder = must(server.OpenFolder(filepath.Join(t.TempDir(), "county"), time.Now()))
	c.open(t, code, c.folder.Database())
	c.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.cut.Load() == 0 {
			panic(http.ErrAbortHandler)
		}
		c.cut.Add(-1)
		c.handler.Load().ServeHTTP(w, r)
	}))
	c.http.TLS = &tls.Config{Certificates: []tls.Certificate{c.folder.Certificate}, MinVersion: tls.VersionTLS12}
	c.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.http.StartTLS()
	t.Cleanup(c.http.Close)
	shared := survey.RegisterScope(code)
	must(c.Write(t.Context(), c.person, []central.Write{
		{Record: survey.RecordID(c.person), Type: survey.TypeStaff, Scope: shared, Fields: survey.Fields{survey.StaffName: "测试员"}},
		{Record: c.village, Type: survey.TypePlace, Scope: shared, Fields: survey.Place{Name: "上坪村"}.Fields()},
		{Record: c.home, Type: survey.TypeHousehold, Scope: survey.VillageScope(c.village), Fields: survey.Household{Head: "张三", Code: "1", Village: c.village, Resident: -1, Away: -1}.Fields()},
	}))
	return c
}

func (c *county) now() time.Time {
	return time.Now().Add(time.Duration(c.clock.Load()) * time.Millisecond)
}

// open opens the database in a file, as a start of zoucund does.
func (c *county) open(t *testing.T, code uint32, file string) {
	t.Helper()
	c.Central = must(central.Open(t.Context(), file, central.Options{Key: c.folder.Key, County: code, Township: "青田乡", Clock: c.now}))
	opened := c.Central
	t.Cleanup(func() { _ = opened.Close() })
	files, waiting := must(blob.OpenFolder(c.folder.Blobs())), must(blob.OpenFolder(c.folder.Errands()))
	errands := must(intake.New(intake.Options{Records: c.Central, Blobs: files, Files: waiting, Key: c.folder.Key, Clock: c.now}))
	c.handler.Store(must(server.New(server.Options{
		Central: c.Central, Blobs: files, Errands: errands, Key: c.folder.Key, Pin: c.folder.Pin, Software: "test", Clock: c.now,
	})))
}

func (c *county) visits(t *testing.T) map[survey.RecordID]int {
	t.Helper()
	found := map[survey.RecordID]int{}
	err := c.Records(t.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		found[r.ID] += len(r.Heads)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type tablet struct {
	*store.Store
	dir    string
	county *county
	agent  *client.Agent
	device survey.DeviceID
}

func newTablet(t *testing.T, c *county) *tablet {
	t.Helper()
	tab := &tablet{dir: t.TempDir(), county: c}
	tab.Store = must(store.Open(t.Context(), tab.dir, store.Options{Clock: c.now}))
	t.Cleanup(func() { _ = tab.Close() })
	code := must(c.NewCode(t.Context(), c.person, []survey.ScopeID{survey.VillageScope(c.village)}, []survey.Role{survey.RoleCadre}, time.Hour))
	must(client.Enrol(t.Context(), tab.Store, c.http.URL, code, client.Options{Clock: c.now}))
	tab.device, _, _ = tab.Device(t.Context())
	tab.agent = client.New(tab.Store, client.Options{Clock: c.now, Rand: func() float64 { return 0 }})
	tab.round(t)
	return tab
}

func (tab *tablet) round(t *testing.T) {
	t.Helper()
	if _, err := tab.agent.Round(t.Context()); err != nil {
		t.Fatal("round:", err)
	}
}

func (tab *tablet) finish(t *testing.T, files ...[]byte) survey.RecordID {
	t.Helper()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.county.village),
		Household: tab.county.home, Author: tab.county.person, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{"heard_worry": secret}, Touched: []survey.FieldPath{"heard_worry"}}
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

// secret is what nobody may read in what a courier holds.
const secret = "路不好走，老人出不了门"

func (tab *tablet) unsigned(t *testing.T) int {
	t.Helper()
	return must(tab.Unsigned(t.Context()))
}

func photo(kb int, seed uint64) []byte {
	data, r := make([]byte, kb<<10), rand.New(rand.NewPCG(seed, 1))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// meeting is a courier that listens on a real port.
type meeting struct {
	place errand.Place
	end   context.CancelFunc
}

func meet(t *testing.T, courier *tablet) meeting {
	t.Helper()
	code := must(wire.NewCode(cryptoRand{}))
	c := must(errand.NewCourier(courier.Store, code, time.Now, nil, nil))
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the test
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(ctx, listener) }()
	end := func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error("serve:", err)
		}
		ended <- nil
	}
	t.Cleanup(end)
	return meeting{errand.Place{Address: listener.Addr().String(), Code: code.String(), Pin: c.Pin()}, end}
}

type cryptoRand struct{}

// Read fills p with what no two tests share.
func (cryptoRand) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(rand.Uint32())
	}
	return len(p), nil
}

func give(t *testing.T, from *tablet, to errand.Place) survey.Given {
	t.Helper()
	given, err := errand.Give(t.Context(), from.Store, to, errand.Options{Clock: from.county.now})
	if err != nil {
		t.Fatal("give:", err)
	}
	return given
}

func standing(t *testing.T, tab *tablet) survey.Errands {
	t.Helper()
	return must(tab.Errands(t.Context()))
}

// A visit with photos goes to the county on another tablet, and the county's word comes home when the two meet again.
func TestAnotherTabletCarriesTheWork(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	want := map[survey.RecordID]bool{sender.finish(t, photo(300, 1), photo(900, 2)): true, sender.finish(t): true}
	waiting := sender.unsigned(t)
	m := meet(t, courier)
	given := give(t, sender, m.place)
	if given.Entries != waiting || given.Files != 2 || given.Full || given.Courier != courier.device {
		t.Errorf("given %+v of %d entries", given, waiting)
	}
	if sender.unsigned(t) != waiting {
		t.Error("the watermark moved without the county's word")
	}
	if e := standing(t, sender); e.Given != waiting || e.GivenAt == 0 {
		t.Errorf("the sender says %+v", e)
	}
	if e := standing(t, courier); e.Devices != 1 || e.Files != given.Errands || e.Bytes == 0 {
		t.Errorf("the courier says %+v", e)
	}
	noSecretIn(t, courier.dir)
	// The same again is nothing: this courier has it.
	if again := give(t, sender, m.place); again.Errands != 0 {
		t.Errorf("given again: %+v", again)
	}
	courier.round(t)
	if e := standing(t, courier); e.Files != 0 || e.Taken != given.Errands {
		t.Errorf("after a round the courier says %+v", e)
	}
	for id := range want {
		if c.visits(t)[id] != 1 {
			t.Errorf("visit %s has %d heads at the county", id, c.visits(t)[id])
		}
	}
	left, err := filepath.Glob(filepath.Join(courier.dir, "errands", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files stay: %v, %v", left, err)
	}
	if home := give(t, sender, m.place); home.Home != waiting {
		t.Errorf("home came word of %d entries, want %d", home.Home, waiting)
	}
	if sender.unsigned(t) != 0 {
		t.Error("the county's word did not move the watermark")
	}
	// What the sender's own agent finds is nothing new, and the photos are at the county already.
	sender.round(t)
	if k := must(sender.Safekeeping(t.Context())); k.Waiting != 0 || k.Files != 0 {
		t.Errorf("still waiting: %+v", k)
	}
}

func noSecretIn(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s can be read", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The line to the county is cut after every answer in turn; an errand goes on from where it was.
func TestAnErrandGoesOnWhereItWasCut(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	id := sender.finish(t, photo(500, 3))
	give(t, sender, meet(t, courier).place)
	rounds := 0
	for standing(t, courier).Files > 0 {
		c.cut.Store(4) // the round's own exchanges, and one or two pieces
		_, _ = courier.agent.Round(t.Context())
		if rounds++; rounds > 40 {
			t.Fatal("no progress")
		}
	}
	c.cut.Store(-1)
	if rounds < 4 {
		t.Errorf("%d rounds: the line was hardly cut", rounds)
	}
	if c.visits(t)[id] != 1 {
		t.Error("the visit is not at the county")
	}
}

// Two couriers carry the same work, and the sender finds a road itself: everything is there once.
func TestTwoCouriersAndTheSenderItself(t *testing.T) {
	c := newCounty(t, 990001)
	sender, one, two := newTablet(t, c), newTablet(t, c), newTablet(t, c)
	first := sender.finish(t, photo(50, 1))
	give(t, sender, meet(t, one).place)
	second := sender.finish(t)
	if given := give(t, sender, meet(t, two).place); given.Entries != sender.unsigned(t) {
		t.Errorf("the second courier got %d entries of %d", given.Entries, sender.unsigned(t))
	}
	two.round(t)
	sender.round(t)
	one.round(t)
	for _, id := range []survey.RecordID{first, second} {
		if n := c.visits(t)[id]; n != 1 {
			t.Errorf("a visit has %d heads", n)
		}
	}
	if e := standing(t, one); e.Files != 0 || e.Refused != 0 {
		t.Errorf("the first courier says %+v", e)
	}
}

// What comes before is carried by somebody who is late: the errand waits whole, and is taken when it has come.
func TestAnErrandWaitsForWhatComesBefore(t *testing.T) {
	c := newCounty(t, 990001)
	sender, late, early := newTablet(t, c), newTablet(t, c), newTablet(t, c)
	sender.finish(t)
	give(t, sender, meet(t, late).place)
	m := meet(t, early)
	give(t, sender, m.place)
	onlyLast(t, sender, early, m)
	early.round(t)
	if e := standing(t, early); e.Files != 1 || e.Taken != 1 {
		t.Fatalf("behind a gap the courier says %+v", e)
	}
	late.round(t)
	early.round(t)
	if e := standing(t, early); e.Files != 0 {
		t.Errorf("after what came before, the courier says %+v", e)
	}
	if len(c.visits(t)) != 2 {
		t.Errorf("%d visits", len(c.visits(t)))
	}
}

// onlyLast has a courier hand over everything so far, which is lost with the county's database, and then take another.
func onlyLast(t *testing.T, sender, courier *tablet, m meeting) {
	t.Helper()
	c := courier.county
	copied := filepath.Join(t.TempDir(), "before.db")
	if err := c.Copy(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	courier.round(t)
	sender.finish(t)
	give(t, sender, m.place)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.open(t, 990001, copied)
}

// What a courier changes, makes up or keeps to itself is found out.
func TestACourierCannotForgeOrDrop(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	sender.finish(t)
	folder := t.TempDir()
	copied, err := errand.Copy(t.Context(), sender.Store, folder, nil, time.Now)
	if err != nil || copied.Errands != 1 {
		t.Fatal(copied, err)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "走村-"+spare.Short(sender.device)+"-捎带-*.zcb"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	whole := must(os.ReadFile(files[0]))
	for _, at := range []int{20, 60, len(whole) / 2, len(whole) - 60} {
		bad := bytes.Clone(whole)
		bad[at] ^= 1
		if err := errand.Take(t.Context(), courier.Store, bad); survey.MessageOf(err) == "" {
			t.Errorf("changed at %d: %v", at, err)
		}
		// One that bends its own app makes the hash right: the county finds the signature wrong, or opens nothing.
		forged := append(bytes.Clone(bad[:len(bad)-32]), sumOf(bad[:len(bad)-32])...)
		if err := courier.TakeErrand(t.Context(), sha256.Sum256(forged), sender.device, forged); err != nil {
			t.Fatal(err)
		}
	}
	courier.round(t)
	if e := standing(t, courier); e.Refused != 4 || e.Taken != 0 || e.Files != 0 {
		t.Errorf("of four forgeries: %+v", e)
	}
	if len(c.visits(t)) != 0 {
		t.Error("a forgery became a visit")
	}
	if sender.unsigned(t) == 0 {
		t.Error("the sender thinks that it has been delivered")
	}
	if err := errand.Take(t.Context(), courier.Store, whole); err != nil {
		t.Fatal(err)
	}
	if err := errand.Take(t.Context(), courier.Store, whole); err != nil {
		t.Error("the same again:", err)
	}
	courier.round(t)
	if len(c.visits(t)) != 1 {
		t.Error("the whole errand did not arrive")
	}
}

func sumOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// Whatever is not for a courier is refused in a sentence, and changes nothing.
func TestWhatIsNotToBeCarried(t *testing.T) {
	c, other := newCounty(t, 990001), newCounty(t, 990002)
	sender, courier, foreigner := newTablet(t, c), newTablet(t, c), newTablet(t, other)
	sender.finish(t)
	foreigner.finish(t)
	one := func(tab *tablet) []byte {
		folder := t.TempDir()
		must(errand.Copy(t.Context(), tab.Store, folder, nil, time.Now))
		files, _ := filepath.Glob(filepath.Join(folder, "*.zcb"))
		return must(os.ReadFile(files[0]))
	}
	tests := []struct {
		fact  string
		file  []byte
		taker *tablet
		words string
	}{
		{"another county's", one(foreigner), courier, "别的县"},
		{"cut off", one(sender)[:900], courier, "不完整"},
		{"no bundle at all", []byte("hello"), courier, "不是走村的数据包"},
		{"one's own", one(sender), sender, "本机自己"},
		{"for an operator", work(t, sender), courier, "乡镇导入"},
	}
	for _, test := range tests {
		err := errand.Take(t.Context(), test.taker.Store, test.file)
		if !strings.Contains(survey.MessageOf(err), test.words) {
			t.Errorf("%s: %v says %q, want %q", test.fact, err, survey.MessageOf(err), test.words)
		}
	}
	if e := standing(t, courier); e.Files != 0 {
		t.Errorf("taken all the same: %+v", e)
	}
	_, err := errand.Give(t.Context(), foreigner.Store, meet(t, courier).place, errand.Options{Clock: time.Now})
	if !strings.Contains(survey.MessageOf(err), "别的县") || foreigner.unsigned(t) == 0 {
		t.Errorf("to another county's courier: %v", err)
	}
}

// work is a bundle of kind 1, which only an operator's key opens.
func work(t *testing.T, tab *tablet) []byte {
	t.Helper()
	_, keys, err := tab.Device(t.Context())
	e, _, err2 := tab.Enrolment(t.Context())
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w := must(bundle.NewWriter(&file, bundle.Spec{To: []string{e.ErrandKey}, Key: keys.Signer(), Label: bundle.Label{
		Bundle: survey.NewID[survey.BundleID](), Kind: bundle.Work, County: e.Grant.County, Device: tab.device, Volume: 1, Volumes: 1,
	}}))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// Whoever stands in between, or does not know the code, gets nothing; after five wrong codes nobody does.
func TestOnlyWhoHasTheCodeMeets(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	sender.finish(t)
	m, stranger := meet(t, courier), meet(t, newTablet(t, c))
	refused := func(what string, place errand.Place) {
		t.Helper()
		if _, err := errand.Give(t.Context(), sender.Store, place, errand.Options{Clock: time.Now}); survey.MessageOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	typed := m.place
	typed.Pin = survey.Hash{}
	refused("another certificate than the QR code names", errand.Place{Address: stranger.place.Address, Code: m.place.Code, Pin: m.place.Pin})
	refused("a stranger at a typed address", errand.Place{Address: stranger.place.Address, Code: m.place.Code})
	refused("nobody there", errand.Place{Address: "127.0.0.1:1", Code: m.place.Code})
	refused("no code", errand.Place{Address: m.place.Address, Code: "12"})
	refused("no address", errand.Place{Address: "::%", Code: m.place.Code})
	if given := give(t, sender, typed); given.Errands != 1 {
		t.Errorf("by a typed address: %+v", given)
	}
	for range 5 {
		refused("a wrong code", errand.Place{Address: m.place.Address, Code: "0000-0000-0000"})
	}
	refused("the right code after five wrong ones", typed)
}

// A full courier takes what there is room for; the rest goes with the next.
func TestAFullCourier(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	for i := range 16 {
		file := make([]byte, 10)
		file[0] = byte(i)
		if err := courier.TakeErrand(t.Context(), sha256.Sum256(file), sender.device, file); err != nil {
			t.Fatal(err)
		}
	}
	sender.finish(t)
	given := give(t, sender, meet(t, courier).place)
	if !given.Full || given.Errands != 0 || standing(t, sender).Given != 0 {
		t.Errorf("a full courier took %+v", given)
	}
	if err := courier.TakeErrand(t.Context(), survey.Hash{1}, sender.device, []byte{1}); survey.KindOf(err) != survey.Full || survey.MessageOf(err) == "" {
		t.Errorf("one too many: %v", err)
	}
}

// A courier whose grant has been withdrawn is told so, and goes on carrying; another brings the same work.
func TestARevokedCourier(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier, other := newTablet(t, c), newTablet(t, c), newTablet(t, c)
	id := sender.finish(t)
	give(t, sender, meet(t, courier).place)
	if err := c.Revoke(t.Context(), courier.device); err != nil {
		t.Fatal(err)
	}
	_, _ = courier.agent.Round(t.Context())
	if e := standing(t, courier); e.Files != 1 || !strings.Contains(e.Trouble, "收回") {
		t.Errorf("the revoked courier says %+v", e)
	}
	give(t, sender, meet(t, other).place)
	other.round(t)
	if c.visits(t)[id] != 1 {
		t.Error("the visit did not arrive by another courier")
	}
}

// The work of a device whose grant was withdrawn still comes, and what came after waits for a person.
func TestARevokedSender(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	before := sender.finish(t)
	if err := c.Revoke(t.Context(), sender.device); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	after := sender.finish(t)
	give(t, sender, meet(t, courier).place)
	courier.round(t)
	visits := c.visits(t)
	if visits[before] != 1 || visits[after] != 0 {
		t.Errorf("of before and after the end there are %d and %d", visits[before], visits[after])
	}
	if e := standing(t, courier); e.Taken != 1 {
		t.Errorf("the courier says %+v", e)
	}
}

// A county that was put back to before an errand came forgets its word, and takes the work again from whoever has it.
func TestACountyThatWasPutBack(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	id := sender.finish(t)
	m := meet(t, courier)
	give(t, sender, m.place)
	copied := filepath.Join(t.TempDir(), "before.db")
	if err := c.Copy(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	courier.round(t)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.open(t, 990001, copied)
	if _, err := c.BeginEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	give(t, sender, m.place)
	_, _ = sender.agent.Round(t.Context()) // notices the new life
	sender.round(t)
	if c.visits(t)[id] != 1 || sender.unsigned(t) != 0 {
		t.Errorf("%d heads, %d unsigned", c.visits(t)[id], sender.unsigned(t))
	}
}

// What is carried for a month without a road goes, and what was begun at the county and never ended goes there.
func TestErrandsEnd(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	sender.finish(t, photo(300, 1))
	give(t, sender, meet(t, courier).place)
	c.cut.Store(5)
	_, _ = courier.agent.Round(t.Context())
	c.cut.Store(-1)
	parts, _ := filepath.Glob(filepath.Join(c.folder.Errands(), "part", "*"))
	if len(parts) == 0 {
		t.Fatal("nothing was begun at the county")
	}
	c.clock.Store((31 * 24 * time.Hour).Milliseconds())
	if carrying := must(courier.Carrying(t.Context())); len(carrying) != 0 {
		t.Errorf("after a month %d are carried", len(carrying))
	}
	left, _ := filepath.Glob(filepath.Join(courier.dir, "errands", "*"))
	if len(left) != 0 {
		t.Errorf("files stay: %v", left)
	}
	folder := t.TempDir()
	another := newTablet(t, c)
	another.finish(t)
	must(errand.Copy(t.Context(), another.Store, folder, nil, c.now))
	files, _ := filepath.Glob(filepath.Join(folder, "*.zcb"))
	if err := errand.Take(t.Context(), courier.Store, must(os.ReadFile(files[0]))); err != nil {
		t.Fatal(err)
	}
	courier.round(t)
	if parts, _ = filepath.Glob(filepath.Join(c.folder.Errands(), "part", "*")); len(parts) != 0 {
		t.Errorf("at the county stay %v", parts)
	}
}

// The township's receiving point takes an errand like a courier, carries it to the county, and has the county's word for
// courier and sender.
func TestAnErrandByTheReceivingPoint(t *testing.T) {
	c := newCounty(t, 990001)
	sender, courier := newTablet(t, c), newTablet(t, c)
	p := newPoint(t, c)
	for _, tab := range []*tablet{sender, courier} {
		e, _, err := tab.Enrolment(t.Context())
		met, err2 := client.MeetRelay(t.Context(), e, tab.device, p.http.URL, survey.Hash{}, client.Options{Clock: c.now})
		if err := errors.Join(err, err2, tab.KeepRelay(t.Context(), met)); err != nil {
			t.Fatal(err)
		}
	}
	id := sender.finish(t, photo(120, 1))
	waiting := sender.unsigned(t)
	give(t, sender, meet(t, courier).place)
	c.cut.Store(0) // the county is out of reach
	_, _ = courier.agent.Round(t.Context())
	carrying := must(courier.Carrying(t.Context()))
	if len(carrying) != 1 || !carrying[0].Relayed {
		t.Fatalf("after the receiving point took it the courier says %+v", carrying)
	}
	if len(c.visits(t)) != 0 {
		t.Fatal("the county was reached")
	}
	p.open(t) // switched off and on
	c.cut.Store(-1)
	if err := p.Round(t.Context()); err != nil {
		t.Fatal("the receiving point's round:", err)
	}
	if c.visits(t)[id] != 1 {
		t.Error("the visit is not at the county")
	}
	c.cut.Store(0)
	_, _ = courier.agent.Round(t.Context())
	if e := standing(t, courier); e.Files != 0 || e.Taken != 1 {
		t.Errorf("the courier has not heard: %+v", e)
	}
	_, _ = sender.agent.Round(t.Context())
	if left := sender.unsigned(t); left != 0 {
		t.Errorf("the sender has not heard: %d of %d wait", left, waiting)
	}
	noSecretIn(t, p.folder.Errands())
	// What is no errand the receiving point does not take either.
	c.cut.Store(-1)
	junk := photo(3, 9)
	if err := courier.TakeErrand(t.Context(), sha256.Sum256(junk), sender.device, junk); err != nil {
		t.Fatal(err)
	}
	c.cut.Store(0)
	_, _ = courier.agent.Round(t.Context())
	if parts, _ := filepath.Glob(filepath.Join(p.folder.Errands(), "files", "??", "*")); len(parts) != 0 {
		t.Errorf("the receiving point keeps %v", parts)
	}
}

// point is a receiving point as zoucund relay runs it.
type point struct {
	*relay.Relay
	box     *seal.Box
	folder  server.Folder
	http    *httptest.Server
	handler atomic.Pointer[server.Server]
}

func newPoint(t *testing.T, c *county) *point {
	t.Helper()
	p := &point{box: must(seal.NewBox(must(seal.NewKey(cryptoRand{})), 0))}
	p.folder = must(server.OpenSealedFolder(filepath.Join(t.TempDir(), "relay"), time.Now(), p.box))
	p.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler.Load().ServeHTTP(w, r) }))
	p.http.TLS = &tls.Config{Certificates: []tls.Certificate{p.folder.Certificate}, MinVersion: tls.VersionTLS12}
	p.http.StartTLS()
	t.Cleanup(p.http.Close)
	p.open(t)
	code := must(c.NewCode(t.Context(), c.person, []survey.ScopeID{survey.VillageScope(c.village)}, []survey.Role{survey.RoleRelay}, time.Hour))
	must(client.Enrol(t.Context(), p.Relay, c.http.URL, code, client.Options{Clock: time.Now}))
	if err := p.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *point) open(t *testing.T) {
	t.Helper()
	files := must(relay.OpenFiles(p.folder.Blobs(), p.box))
	p.Relay = must(relay.Open(relay.Options{Folder: p.folder.Path, Key: p.folder.Key, Pin: p.folder.Pin, Box: p.box, Blobs: files, Clock: time.Now}))
	errands := must(p.OpenErrands(must(relay.OpenFiles(filepath.Join(p.folder.Errands(), "files"), p.box))))
	p.handler.Store(must(server.New(server.Options{
		Central: relay.Front{Relay: p.Relay}, Blobs: files, Errands: errands, Key: p.folder.Key, Pin: p.folder.Pin, Software: "test", Clock: time.Now, Pass: p.Pass, Upstream: p.Relay,
	})))
}
