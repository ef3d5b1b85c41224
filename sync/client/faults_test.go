package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

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
