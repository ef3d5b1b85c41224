package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/server"
	"zoucun/server/blob"
	"zoucun/server/central"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

const county = 990001

// office is a whole county: a server as zoucund runs it, one village, one cadre.
type office struct {
	folder  server.Folder
	central *central.Central
	blobs   *blob.Folder
	http    *httptest.Server
	cadre   survey.PersonID
	village survey.RecordID
	home    survey.RecordID
}

func newOffice(tb testing.TB) *office {
	tb.Helper()
	folder, err := server.OpenFolder(filepath.Join(tb.TempDir(), "server"), time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	o := &office{
		folder: folder, cadre: survey.NewID[survey.PersonID](), village: survey.NewID[survey.RecordID](),
		home: survey.NewID[survey.RecordID](),
	}
	o.central, err = central.Open(tb.Context(), folder.Database(), central.Options{
		Key: folder.Key, County: county, Township: "青田乡", Clock: time.Now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = o.central.Close() })
	if o.blobs, err = blob.OpenFolder(folder.Blobs()); err != nil {
		tb.Fatal(err)
	}
	handler, err := server.New(server.Options{
		Central: o.central, Blobs: o.blobs, Key: folder.Key, Pin: folder.Pin, Software: "test", Clock: time.Now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	o.http = httptest.NewUnstartedServer(handler)
	o.http.TLS = &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS12}
	o.http.EnableHTTP2 = true
	o.http.StartTLS()
	tb.Cleanup(o.http.Close)
	o.write(tb, central.Write{Record: o.village, Type: survey.TypePlace, Scope: survey.RegisterScope(county), Fields: survey.Place{Name: "前村"}.Fields()})
	o.write(tb, central.Write{Record: survey.RecordID(o.cadre), Type: survey.TypeStaff, Scope: survey.RegisterScope(county), Fields: survey.Fields{survey.StaffName: "测试员"}})
	o.write(tb, central.Write{
		Record: o.home, Type: survey.TypeHousehold, Scope: survey.VillageScope(o.village),
		Fields: survey.Household{Head: "张三", Code: "1", Village: o.village, Resident: -1, Away: -1}.Fields(),
	})
	return o
}

func (o *office) write(tb testing.TB, w central.Write) {
	tb.Helper()
	if _, err := o.central.Write(tb.Context(), o.cadre, []central.Write{w}); err != nil {
		tb.Fatal(err)
	}
}

func (o *office) code(tb testing.TB) string {
	tb.Helper()
	code, err := o.central.NewCode(tb.Context(), o.cadre, []survey.ScopeID{survey.VillageScope(o.village)},
		[]survey.Role{survey.RoleCadre}, time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

// visits returns the identifiers of the visits the server holds.
func (o *office) visits(tb testing.TB) map[survey.RecordID]survey.Record {
	tb.Helper()
	visits := map[survey.RecordID]survey.Record{}
	err := o.central.Records(tb.Context(), central.Query{Type: survey.TypeVisit}, func(r survey.Record) error {
		if _, twice := visits[r.ID]; twice {
			tb.Errorf("visit %s is there twice", r.ID)
		}
		visits[r.ID] = r
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return visits
}

// tablet is a device with its store and agent.
type tablet struct {
	*store.Store
	agent  *Agent
	office *office
}

func openTablet(tb testing.TB, o *office, dir string, transport http.RoundTripper) *tablet {
	tb.Helper()
	s, err := store.Open(tb.Context(), dir, store.Options{Clock: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return &tablet{Store: s, agent: New(s, Options{Clock: time.Now, Transport: transport}), office: o}
}

// newTablet enrols a new device over a good network and then gives it the transport.
func newTablet(tb testing.TB, o *office, transport http.RoundTripper) *tablet {
	tb.Helper()
	tab := openTablet(tb, o, tb.TempDir(), transport)
	if _, err := Enrol(tb.Context(), tab.Store, o.http.URL, o.code(tb), Options{Clock: time.Now}); err != nil {
		tb.Fatal("Enrol:", err)
	}
	return tab
}

func (tab *tablet) round(tb testing.TB) error {
	tb.Helper()
	_, err := tab.agent.round(tb.Context())
	return err
}

// finish fills in a visit.
func (tab *tablet) finish(tb testing.TB, files ...[]byte) survey.RecordID {
	tb.Helper()
	ctx := tb.Context()
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: survey.VillageScope(tab.office.village),
		Household: tab.office.home, Author: tab.office.cadre, Title: "张三",
	}
	sub := form.Submission{InstanceName: "张三", Fields: survey.Fields{"heard_worry": "路不好走"}, Touched: []survey.FieldPath{"heard_worry"}}
	err := tab.BeginDraft(ctx, d, nil)
	for i, data := range files {
		name := fmt.Sprintf("%d.jpg", i)
		sub.Attachments = append(sub.Attachments, name)
		err = errors.Join(err, tab.AttachFile(ctx, d.ID, name, "image/jpeg", data))
	}
	if err = errors.Join(err, tab.FinishVisit(ctx, d, sub)); err != nil {
		tb.Fatal(err)
	}
	return survey.RecordID(d.ID)
}

func (tab *tablet) safekeeping(tb testing.TB) survey.Safekeeping {
	tb.Helper()
	k, err := tab.Safekeeping(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// insecure is a transport that any certificate satisfies; the agent checks the pin all the same.
func insecure() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true} //nolint:gosec // see above
}

// faulty does something to some exchanges.
type faulty struct {
	good  http.RoundTripper
	mu    sync.Mutex
	fault func(request *http.Request, do func() (*http.Response, error)) (*http.Response, error)
	seen  []string
}

func newFaulty() *faulty { return &faulty{good: insecure()} }

// set makes the next exchanges with a path go wrong, until set again.
func (f *faulty) set(path string, fault func(request *http.Request, do func() (*http.Response, error)) (*http.Response, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = func(request *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		if fault == nil || !strings.HasPrefix(request.URL.Path, path) {
			return do()
		}
		return fault(request, do)
	}
}

// RoundTrip implements [http.RoundTripper].
func (f *faulty) RoundTrip(request *http.Request) (*http.Response, error) {
	f.mu.Lock()
	fault := f.fault
	f.seen = append(f.seen, request.Method+" "+request.URL.Path)
	f.mu.Unlock()
	do := func() (*http.Response, error) { return f.good.RoundTrip(request) }
	if fault == nil {
		return do()
	}
	return fault(request, do)
}

// plain is a reply as something on the way would give it.
func plain(request *http.Request, status int, media, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {media}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func TestEnrolAndFirstRound(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if villages := tab.Villages(); len(villages) != 1 || villages[0].Name != "前村" {
		t.Errorf("villages = %v", villages)
	}
	if found := tab.SearchHouseholds(o.village, "zs", 10); len(found) != 1 {
		t.Errorf("households = %v", found)
	}
	id := tab.finish(t)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if visits := o.visits(t); len(visits) != 1 || visits[id].Fields["heard_worry"] != "路不好走" {
		t.Errorf("the server holds %v", visits)
	}
	if k := tab.safekeeping(t); k.Waiting != 0 || k.Delivered != 1 {
		t.Errorf("safekeeping = %+v", k)
	}
}

func TestEnrolRefused(t *testing.T) {
	o := newOffice(t)
	used := o.code(t)
	if _, err := Enrol(t.Context(), openTablet(t, o, t.TempDir(), nil).Store, o.http.URL, used, Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	portal := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>请登录无线网络</html>")
	}))
	defer portal.Close()
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	cases := map[string]struct {
		server, code string
		kind         survey.Kind
		says         string
	}{
		"a wrong code":             {o.http.URL, "0000-0000-0000", survey.Denied, "注册码不对"},
		"a used code":              {o.http.URL, used, survey.Denied, "已经用过"},
		"not a code":               {o.http.URL, "12", survey.Invalid, "12 个"},
		"not an address":           {"http://127.0.0.1:1", used, survey.Invalid, "地址不对"},
		"no server":                {closed.URL, used, survey.Unavailable, "连不上"},
		"a login page in the way":  {portal.URL, used, survey.Unavailable, "连不上"},
		"an address with a wonder": {"::::", used, survey.Invalid, "地址不对"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tab := openTablet(t, o, t.TempDir(), nil)
			_, err := Enrol(t.Context(), tab.Store, c.server, c.code, Options{Clock: time.Now})
			if survey.KindOf(err) != c.kind || !strings.Contains(survey.MessageOf(err), c.says) {
				t.Errorf("Enrol = %v, %q; want %v, %q", err, survey.MessageOf(err), c.kind, c.says)
			}
			if _, enrolled, err := tab.Enrolment(t.Context()); enrolled || err != nil {
				t.Errorf("enrolled all the same (%v)", err)
			}
		})
	}
}

// TestEnrolThroughSomebody has somebody between the device and the server who shows a certificate of his own.
func TestEnrolThroughSomebody(t *testing.T) {
	o := newOffice(t)
	between := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := r.Clone(r.Context())
		request.RequestURI, request.URL.Scheme, request.URL.Host = "", "https", o.http.Listener.Addr().String()
		response, err := insecure().RoundTrip(request)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	defer between.Close()
	tab := openTablet(t, o, t.TempDir(), nil)
	if _, err := Enrol(t.Context(), tab.Store, between.URL, o.code(t), Options{Clock: time.Now}); survey.KindOf(err) != survey.Denied {
		t.Errorf("Enrol through somebody = %v", err)
	}
	if _, enrolled, _ := tab.Enrolment(t.Context()); enrolled {
		t.Error("enrolled through somebody")
	}
}

// TestFaultsChangeNothing lets every kind of thing happen to one push and then heals the network.
//
//nolint:bodyclose // the agent closes what it is given
func TestFaultsChangeNothing(t *testing.T) {
	type do = func() (*http.Response, error)
	altered := func(change func(*http.Response)) func(*http.Request, do) (*http.Response, error) {
		return func(_ *http.Request, do do) (*http.Response, error) {
			response, err := do()
			if err == nil {
				change(response)
			}
			return response, err
		}
	}
	body := func(edit func([]byte) []byte) func(*http.Response) {
		return func(r *http.Response) {
			raw, _ := io.ReadAll(r.Body)
			_ = r.Body.Close()
			raw = edit(raw)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(raw))), int64(len(raw))
		}
	}
	faults := map[string]func(*http.Request, do) (*http.Response, error){
		"no network": func(*http.Request, do) (*http.Response, error) { return nil, errors.New("no route") },
		"the reply is lost": func(_ *http.Request, do do) (*http.Response, error) {
			response, err := do()
			if err == nil {
				_ = response.Body.Close()
			}
			return nil, errors.Join(errors.New("connection reset"), err)
		},
		"a login page with 200": func(r *http.Request, _ do) (*http.Response, error) {
			return plain(r, 200, "text/html", "<html>请登录</html>"), nil
		},
		"a login page with our media type": func(r *http.Request, _ do) (*http.Response, error) {
			return plain(r, 200, wire.MediaType, "<html>请登录</html>"), nil
		},
		"a redirect": func(r *http.Request, _ do) (*http.Response, error) {
			response := plain(r, 302, "text/html", "")
			response.Header.Set("Location", "https://login.example/")
			return response, nil
		},
		"500 after it was stored": func(r *http.Request, do do) (*http.Response, error) {
			response, err := do()
			if err != nil {
				return nil, err
			}
			return plain(r, 500, "text/plain", "oops"), response.Body.Close()
		},
		"429 by a gateway":     func(r *http.Request, _ do) (*http.Response, error) { return plain(r, 429, "text/plain", ""), nil },
		"half of the reply":    altered(body(func(b []byte) []byte { return b[:len(b)/2] })),
		"no body":              altered(body(func([]byte) []byte { return nil })),
		"one bit of the reply": altered(body(func(b []byte) []byte { b[len(b)/2] ^= 1; return b })),
		"another status":       altered(func(r *http.Response) { r.StatusCode = 201 }),
		"no version":           altered(func(r *http.Response) { r.Header.Del(wire.HeaderVersion) }),
		"no signature":         altered(func(r *http.Response) { r.Header.Del(wire.HeaderSignature) }),
		"another media type":   altered(func(r *http.Response) { r.Header.Set("Content-Type", "text/html") }),
		"the reply to an earlier request": func() func(*http.Request, do) (*http.Response, error) {
			var headers http.Header
			var raw []byte
			return func(r *http.Request, do do) (*http.Response, error) {
				response, err := do()
				if err != nil || headers != nil {
					if err == nil {
						_ = response.Body.Close()
						response.Header, response.Body = headers, io.NopCloser(strings.NewReader(string(raw)))
					}
					return response, err
				}
				raw, err = io.ReadAll(response.Body)
				headers = response.Header.Clone()
				return nil, errors.Join(errors.New("kept"), err, response.Body.Close())
			}
		}(),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			o, net := newOffice(t), newFaulty()
			tab := newTablet(t, o, net)
			if err := tab.round(t); err != nil {
				t.Fatal(err)
			}
			id := tab.finish(t)
			net.set(wire.PathPush, fault)
			for range 2 {
				if err := tab.round(t); survey.KindOf(err) != survey.Unavailable {
					t.Errorf("round = %v; want no network", err)
				}
			}
			if k := tab.safekeeping(t); k.Waiting != 1 || k.Delivered != 0 {
				t.Errorf("safekeeping = %+v", k)
			}
			net.set("", nil)
			if err := tab.round(t); err != nil {
				t.Fatal("after the network came back:", err)
			}
			if visits := o.visits(t); len(visits) != 1 || len(visits[id].Heads) != 1 {
				t.Errorf("the server holds %v", visits)
			}
			if k := tab.safekeeping(t); k.Waiting != 0 || k.Delivered != 1 {
				t.Errorf("safekeeping = %+v", k)
			}
		})
	}
}

// TestPullFaultsChangeNothing breaks pulls in the same ways.
func TestPullFaultsChangeNothing(t *testing.T) {
	o, net := newOffice(t), newFaulty()
	tab := newTablet(t, o, net)
	net.set(wire.PathPull, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		response, err := do()
		if err != nil {
			return nil, err
		}
		raw, _ := io.ReadAll(response.Body)
		raw[len(raw)/3] ^= 1
		response.Body = io.NopCloser(strings.NewReader(string(raw)))
		return response, nil
	})
	if err := tab.round(t); survey.KindOf(err) != survey.Unavailable {
		t.Errorf("round = %v", err)
	}
	if cursors, _ := tab.Cursors(t.Context()); len(cursors) != 0 || tab.HouseholdCount(o.village) != 0 {
		t.Errorf("an altered page was applied: %v", cursors)
	}
	net.set("", nil)
	if err := tab.round(t); err != nil || tab.HouseholdCount(o.village) != 1 {
		t.Errorf("round = %v, %d households", err, tab.HouseholdCount(o.village))
	}
}

func TestAnotherCertificateIsNoNetwork(t *testing.T) {
	o, other := newOffice(t), newOffice(t)
	tab := newTablet(t, o, nil)
	e, _, err := tab.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tab.finish(t)
	e.Server = other.http.URL
	device, keys, _ := tab.Device(t.Context())
	if tab.agent.link, err = newLink(e, device, keys, nil); err != nil {
		t.Fatal(err)
	}
	if err := tab.agent.push(t.Context()); survey.KindOf(err) != survey.Unavailable {
		t.Errorf("push to another server = %v", err)
	}
	if k := tab.safekeeping(t); k.Waiting != 1 {
		t.Errorf("safekeeping = %+v", k)
	}
}

// cutting is a network whose next connection ends after so many bytes in one direction.
type cutting struct {
	mu       sync.Mutex
	after    int  // bytes; negative lets everything pass
	incoming bool // which direction is counted
	cut      bool // it has happened
}

func (c *cutting) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &cutConn{Conn: conn, net: c}, err
}

// take returns how many of n bytes may pass.
func (c *cutting) take(n int, incoming bool) (pass int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.after < 0 || c.incoming != incoming {
		return n, true
	}
	if n <= c.after {
		c.after -= n
		return n, true
	}
	pass, c.after, c.cut = c.after, -1, true
	return pass, false
}

type cutConn struct {
	net.Conn
	net *cutting
}

func (c *cutConn) Write(p []byte) (int, error) {
	pass, ok := c.net.take(len(p), false)
	n, err := c.Conn.Write(p[:pass])
	if !ok {
		err = errors.Join(err, c.Close(), io.ErrClosedPipe)
	}
	return n, err
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if pass, ok := c.net.take(n, true); !ok {
		return pass, errors.Join(err, c.Close(), io.ErrUnexpectedEOF)
	}
	return n, err
}

// TestCutAtEveryByte cuts the connection after every byte of a small push and of its reply. Each time the visit arrives
// in the end, and once.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	plainHTTP := httptest.NewServer(o.http.Config.Handler)
	defer plainHTTP.Close()
	cut := &cutting{after: -1}
	tab := newTablet(t, o, &http.Transport{DialContext: cut.dial, DisableKeepAlives: true})
	e, _, err := tab.Enrolment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.Server, e.Pin = plainHTTP.URL, survey.Hash{}
	device, keys, _ := tab.Device(t.Context())
	if tab.agent.link, err = newLink(e, device, keys, tab.agent.o.Transport); err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	finished := map[survey.RecordID]bool{}
	for _, incoming := range []bool{false, true} {
		for after := 0; ; after += step {
			finished[tab.finish(t)] = true
			cut.after, cut.incoming, cut.cut = after, incoming, false
			failure := tab.agent.push(t.Context())
			if !cut.cut {
				if failure != nil {
					t.Fatal("uncut push:", failure)
				}
				cut.after = -1
				t.Logf("incoming %v: whole after %d bytes", incoming, after)
				break
			}
			if failure != nil && survey.KindOf(failure) != survey.Unavailable {
				t.Fatalf("cut after %d: %v", after, failure)
			}
			if err := tab.agent.push(t.Context()); err != nil {
				t.Fatalf("after the cut at %d: %v", after, err)
			}
			if n, err := tab.Unsigned(t.Context()); n != 0 || err != nil {
				t.Fatalf("cut after %d: %d not signed for, %v", after, n, err)
			}
		}
	}
	visits := o.visits(t)
	if len(visits) != len(finished) {
		t.Errorf("the server holds %d visits of %d", len(visits), len(finished))
	}
	for id := range finished {
		if len(visits[id].Heads) != 1 {
			t.Errorf("visit %s has heads %v", id, visits[id].Heads)
		}
	}
}

func TestAttachmentsArriveWhole(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	big := make([]byte, 700<<10)
	for i := range big {
		big[i] = byte(i * i >> 8)
	}
	tab.finish(t, big, []byte("小的"))
	// Every second chunk is stored, but its reply is lost.
	n := 0
	network.set(wire.PathBlob, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		response, err := do()
		if n++; err != nil || r.Method != http.MethodPatch || n%2 == 0 {
			return response, err
		}
		return nil, errors.Join(errors.New("connection reset"), response.Body.Close())
	})
	rounds := 0
	for ; rounds < 30 && tab.safekeeping(t).Files > 0; rounds++ {
		if err := tab.round(t); err != nil && survey.KindOf(err) != survey.Unavailable {
			t.Fatal(err)
		}
	}
	if k := tab.safekeeping(t); k.Files != 0 || k.Delivered != 1 {
		t.Fatalf("after %d rounds: %+v", rounds, k)
	}
	for _, r := range o.visits(t) {
		for _, file := range r.Files {
			data := make([]byte, file.Size)
			if _, err := o.blobs.Read(t.Context(), file.SHA256, 0, data); err != nil {
				t.Error(err)
			}
			if file.Size == int64(len(big)) && string(data) != string(big) {
				t.Error("the big attachment differs")
			}
		}
	}
}

// TestTwoDevices has what one tablet writes show up on the other.
func TestTwoDevices(t *testing.T) {
	o := newOffice(t)
	first, second := newTablet(t, o, nil), newTablet(t, o, nil)
	id := first.finish(t)
	for _, tab := range []*tablet{first, second} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
	}
	visits, err := second.VisitsOf(t.Context(), o.home)
	if err != nil || len(visits) != 1 || visits[0].ID != id || visits[0].Delivery != survey.FromOthers {
		t.Errorf("the other tablet sees %+v, %v", visits, err)
	}
}

// TestCopiedFolder clones a tablet, as a restored backup does. Both go on working; nothing is lost.
func TestCopiedFolder(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	var want []survey.RecordID
	want = append(want, tab.finish(t))
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "one")
	one := openTablet(t, o, src, nil)
	if _, err := Enrol(t.Context(), one.Store, o.http.URL, o.code(t), Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	want = append(want, one.finish(t))
	if err := errors.Join(one.round(t), one.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "two"), os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	one, two := openTablet(t, o, src, nil), openTablet(t, o, filepath.Join(dir, "two"), nil)
	for range 4 {
		want = append(want, one.finish(t), two.finish(t))
		for _, clone := range []*tablet{one, two} {
			for range 3 {
				if err := clone.round(t); err == nil {
					break
				}
			}
		}
	}
	visits := o.visits(t)
	for _, id := range want {
		if _, ok := visits[id]; !ok {
			t.Errorf("visit %s was lost", id)
		}
	}
	for name, clone := range map[string]*tablet{"original": one, "copy": two} {
		if k := clone.safekeeping(t); k.Waiting != 0 {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

func TestPinIsTheServers(t *testing.T) {
	o := newOffice(t)
	tab := newTablet(t, o, nil)
	e, _, err := tab.Enrolment(t.Context())
	if err != nil || e.Pin != o.folder.Pin || e.Pin != seal.Pin(o.http.Certificate()) || e.Server != o.http.URL {
		t.Errorf("enrolment = %+v, %v", e, err)
	}
}
