package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

const county = 349999

// TestMain packs and unpacks one push before any test does so in a bubble: codecs make their channels at first use,
// and those of one bubble are of no use to another.
func TestMain(m *testing.M) {
	body, err := wire.PackCompact(&wire.Push{})
	if err == nil {
		_, err = wire.UnpackPush(body)
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// load is what a tablet has to hand over.
type load struct {
	visits, words int // words of each visit
	photos, kb    int
}

// trip is what came of handing it over.
type trip struct {
	Traffic
	took             time.Duration // of virtual time
	payload          int64         // bytes that have to pass, compressed
	requests, rounds int
}

func (r trip) String() string {
	return fmt.Sprintf("connections=%d cuts=%d up=%d down=%d took=%d payload=%d requests=%d rounds=%d",
		r.Connections, r.Cuts, r.Up, r.Down, r.took.Milliseconds(), r.payload, r.requests, r.rounds)
}

// place is a county whose server listens on a modelled network, and a tablet in it.
type place struct {
	net     *Network
	central *central.Central
	http    *http.Server
	store   *store.Store
	village survey.RecordID
	person  survey.PersonID
	payload int64
	asked   int
	rounds  int
	log     map[uint64]survey.Entry // as it came
}

// direct is a transport straight into a handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	inner := r.Clone(r.Context())
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	d.ServeHTTP(recorder, inner)
	return recorder.Result(), nil
}

func settle(t *testing.T, m Model, seed uint64, secure bool) *place {
	t.Helper()
	ctx := t.Context()
	folder, err := server.OpenFolder(t.TempDir(), time.Now())
	must(t, err)
	key := folder.Key
	p := &place{net: New(m, seed), village: survey.RecordID{1}, person: survey.PersonID{2}, log: map[uint64]survey.Entry{}}
	p.central, err = central.Open(ctx, filepath.Join(t.TempDir(), "central.db"), central.Options{Key: key, County: county, Township: "青田乡", Clock: time.Now})
	must(t, err)
	blobs, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
	must(t, err)
	handler, err := server.New(server.Options{Central: hearing{p.central, p}, Blobs: blobs, Key: key, Software: "test", Clock: time.Now})
	must(t, err)
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked++
		handler.ServeHTTP(w, r)
	})
	p.http = &http.Server{Handler: counted, ReadHeaderTimeout: 10 * time.Minute, HTTP2: server.HTTP2()}
	if secure {
		p.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS12}
		go func() { _ = p.http.ServeTLS(p.net, "", "") }()
	} else {
		go func() { _ = p.http.Serve(p.net) }()
	}
	p.store, err = store.Open(ctx, t.TempDir(), store.Options{Clock: time.Now})
	must(t, err)
	code, err := p.central.NewCode(ctx, p.person, []survey.ScopeID{survey.VillageScope(p.village)}, []survey.Role{survey.RoleCadre}, time.Hour)
	must(t, err)
	_, err = client.Enrol(ctx, p.store, "https://county.example", code, client.Options{Clock: time.Now, Transport: direct{handler}})
	must(t, err)
	return p
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// words are answers as people type them: characters that repeat as language does, in another order each time.
func words(random *mrand.Rand, n int) string {
	const said = "路灯坏了晚上出门不方便老人腿脚不好孩子上学要走两里多路水管冬天冻过一次合作医疗报销比例不清楚今年收成一般希望修一修桥"
	runes := []rune(said)
	var text strings.Builder
	for range n {
		at := random.IntN(len(runes) - 4)
		text.WriteString(string(runes[at : at+2+random.IntN(3)]))
	}
	return text.String()
}

func (p *place) visit(t *testing.T, random *mrand.Rand, n int, photos ...[]byte) {
	t.Helper()
	ctx := t.Context()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(p.village), Author: p.person, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{}}
	for q := range 40 {
		sub.Fields[survey.FieldPath("question_"+strconv.Itoa(q))] = words(random, 1+n/40)
	}
	must(t, p.store.BeginDraft(ctx, d, nil))
	for i, photo := range photos {
		name := strconv.Itoa(i) + ".jpg"
		must(t, p.store.AttachFile(ctx, d.ID, name, "image/jpeg", photo))
		sub.Attachments = append(sub.Attachments, name)
		p.payload += int64(len(photo))
	}
	must(t, p.store.FinishVisit(ctx, d, sub))
}

// handOver fills a tablet, lets its agent run over the network until the server has signed for everything, and says
// what that took. With TLS it connects as the app does, by HTTP/2; what several goroutines do at one moment then has an order
// of its own each time. Without, one request follows another and every run is the same.
func handOver(t *testing.T, m Model, seed uint64, l load, secure bool) (result trip) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		p := settle(t, m, seed, secure)
		random := mrand.New(mrand.NewPCG(seed, 1))
		for i := range max(l.visits, l.photos) {
			var photos [][]byte
			if i < l.photos {
				photos = [][]byte{make([]byte, l.kb<<10)}
				for k := range photos[0] {
					photos[0][k] = byte(random.Uint32())
				}
			}
			p.visit(t, random, l.words, photos...)
		}
		begun := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		options := client.Options{
			Clock: time.Now, Rand: random.Float64, Dial: p.net.Dial,
			OnProgress: func(progress survey.Progress) {
				if progress.Activity == survey.Connecting {
					p.rounds++
				}
			},
		}
		transport := &http.Transport{DialTLSContext: p.net.Dial, DisableCompression: true}
		if !secure {
			options.Transport, options.Together = transport, 1
		}
		agent := client.New(p.store, options)
		done := make(chan error)
		go func() { done <- agent.Run(ctx) }()
		p.wait(t, m, begun)
		result = trip{Traffic: p.net.Traffic(), took: time.Since(begun), requests: p.asked, rounds: p.rounds, payload: p.payload + p.text(t)}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
		transport.CloseIdleConnections()
		p.count(t, max(l.visits, l.photos))
		must(t, p.http.Close())
		time.Sleep(time.Hour) // whoever was still writing notices
		must(t, errors.Join(p.store.Close(), p.central.Close()))
		synctest.Wait()
	})
	return result
}

// wait returns when the server has signed for everything.
func (p *place) wait(t *testing.T, m Model, begun time.Time) {
	t.Helper()
	look := m.MinRTT / 4
	for {
		left, err := p.store.Unsigned(t.Context())
		must(t, err)
		if left == 0 {
			k, err := p.store.Safekeeping(t.Context())
			must(t, err)
			if k.Waiting+k.Files == 0 {
				return
			}
		}
		if time.Since(begun) > 48*time.Hour {
			t.Fatalf("after two days %d entries are left; %+v", left, p.net.Traffic())
		}
		time.Sleep(look)
	}
}

// count checks that every visit came, once.
func (p *place) count(t *testing.T, want int) {
	t.Helper()
	visits := 0
	must(t, p.central.Records(t.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if visits++; len(r.Heads) != 1 {
			t.Errorf("visit with heads %v", r.Heads)
		}
		return nil
	}))
	if visits != want {
		t.Errorf("the server has %d visits of %d", visits, want)
	}
}

// hearing is the county, whose pushes are remembered.
type hearing struct {
	*central.Central
	p *place
}

// Receive implements [server.Central].
func (h hearing) Receive(ctx context.Context, push wire.Push) (wire.Receipt, error) {
	for _, s := range push.Segments {
		for _, e := range s.Entries {
			h.p.log[e.N] = e
		}
	}
	return h.Central.Receive(ctx, push) //nolint:wrapcheck // nothing is added
}

// text returns how many bytes the log takes when it is packed in the largest pushes there are.
func (p *place) text(t *testing.T) (total int64) {
	t.Helper()
	var entries []survey.Entry
	for n := range uint64(len(p.log)) {
		entries = append(entries, p.log[n+1])
	}
	for run := range slices.Chunk(entries, wire.MaxEntries) {
		packed, err := wire.Pack(&wire.Push{Segments: []wire.Segment{{Entries: run}}})
		must(t, err)
		total += int64(len(packed))
	}
	return total
}

// child asks this test to be the one that is compared.
const child = "ZOUCUN_LINK_CHILD"

// TestTwoGIsTheSameTwice hands visits and pictures over on 2G with cuts, in two processes, and wants all of it to
// arrive by the same course: as many connections, requests and bytes, in the same virtual time.
func TestTwoGIsTheSameTwice(t *testing.T) {
	if os.Getenv(child) != "" {
		fmt.Println("trip", handOver(t, TwoG, 7, load{visits: 30, words: 160, photos: 2, kb: 60}, false))
		return
	}
	if raceDetector {
		t.Skip("the race detector picks by chance who goes next; make unit runs this without it as well")
	}
	run := func() string {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		// One goroutine at a time, and none interrupted by the machine's clock: who goes next is then the same each time.
		cmd.Env = append(os.Environ(), child+"=1", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
		out, err := cmd.CombinedOutput()
		line := regexp.MustCompile(`(?m)^trip .*$`).Find(out)
		if err != nil || line == nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(line)
	}
	one, two := run(), run()
	if one != two {
		t.Errorf("two runs differ:\n%s\n%s", one, two)
	}
	t.Log(one)
}

// TestConnectionsCarryWhatTheyAreGiven sends bytes both ways over a lossy line.
func TestConnectionsCarryWhatTheyAreGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := TwoG
		m.CutAfter = 0
		n := New(m, 1)
		sent := bytes.Repeat([]byte("走村入户"), 3000)
		heard := make(chan []byte)
		go func() {
			c, err := n.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			data, err := io.ReadAll(c)
			if err != nil {
				t.Error(err)
			}
			heard <- data
		}()
		begun := time.Now()
		c, err := n.Dial(t.Context(), "", "")
		must(t, err)
		if _, err := c.Write(sent); err != nil {
			t.Fatal(err)
		}
		must(t, c.Close())
		if got := <-heard; !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came of %d", len(got), len(sent))
		}
		if took, least := time.Since(begun), time.Duration(len(sent))*8*time.Second/time.Duration(m.Bits); took < least || took > 3*least+time.Minute {
			t.Errorf("%d bytes took %v, the line alone %v", len(sent), took, least)
		}
		must(t, n.Close())
	})
}
