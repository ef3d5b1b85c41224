package relay_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// TestMain packs and unpacks one message before any test does so in a bubble: the codec makes its channels at first use,
// and those of one bubble are of no use to another.
func TestMain(m *testing.M) {
	if _, err := wire.Unpack[wire.Pull](must(wire.Pack(&wire.Pull{}))); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// streets is a network of handlers by host. One that is swallowed never answers: what is sent to it is just gone.
type streets struct {
	hosts   map[string]http.Handler
	swallow atomic.Value // of the host that never answers
	asked   atomic.Int64 // how often that has been tried
}

func (s *streets) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.swallow.Load() == r.URL.Host {
		s.asked.Add(1)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	recorder := httptest.NewRecorder()
	inner := r.Clone(r.Context())
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	s.hosts[r.URL.Host].ServeHTTP(recorder, inner)
	return recorder.Result(), nil
}

// townhall is a county, a relay and a tablet in a bubble, over a network of handlers.
func townhall(t *testing.T) (*streets, *relay.Relay, *tablet) {
	t.Helper()
	net := &streets{hosts: map[string]http.Handler{}}
	net.swallow.Store("")
	o := client.Options{Clock: time.Now, Transport: net}
	folder := must(server.OpenFolder(filepath.Join(t.TempDir(), "county"), time.Now()))
	c := &county{person: survey.NewID[survey.PersonID](), blobs: must(blob.OpenFolder(folder.Blobs()))}
	c.Central = must(central.Open(t.Context(), folder.Database(), central.Options{Key: folder.Key, County: countyCode, Township: "青田乡", Clock: time.Now}))
	net.hosts["county.example"] = must(server.New(server.Options{Central: c.Central, Blobs: c.blobs, Key: folder.Key, Clock: time.Now}))
	c.villages[0], c.homes[0] = survey.NewID[survey.RecordID](), survey.NewID[survey.RecordID]()

	box := must(seal.NewBox(must(seal.NewKey(rand.Reader)), 0))
	own := must(server.OpenSealedFolder(filepath.Join(t.TempDir(), "relay"), time.Now(), box))
	files := must(relay.OpenFiles(own.Blobs(), box))
	point := must(relay.Open(relay.Options{Folder: own.Path, Key: own.Key, Box: box, Blobs: files, Clock: time.Now, Transport: net}))
	net.hosts["relay.example"] = must(server.New(server.Options{
		Central: relay.Front{Relay: point}, Blobs: files, Key: own.Key, Clock: time.Now, Pass: point.Pass, Upstream: point,
	}))
	must(client.Enrol(t.Context(), point, "county.example", c.code(t, survey.RoleRelay, 0), o))

	tab := &tablet{Store: must(store.Open(t.Context(), t.TempDir(), store.Options{Clock: time.Now})), county: c}
	must(client.Enrol(t.Context(), tab.Store, "county.example", c.code(t, survey.RoleCadre, 0), o))
	if err := point.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, _, _ := tab.Enrolment(t.Context())
	if err := tab.KeepRelay(t.Context(), must(client.MeetRelay(t.Context(), e, e.Grant.Device, "relay.example", survey.Hash{}, o))); err != nil {
		t.Fatal(err)
	}
	tab.agent = client.New(tab.Store, client.Options{Clock: time.Now, Transport: net, Rand: func() float64 { return 0 }})
	return net, point, tab
}

// within waits until a count is reached, and fails when that takes longer.
func (tab *tablet) within(t *testing.T, limit time.Duration, what string, holds func(survey.Safekeeping) bool) {
	t.Helper()
	begun := time.Now()
	for {
		k := must(tab.Safekeeping(t.Context()))
		if holds(k) {
			return
		}
		if time.Since(begun) > limit {
			t.Fatalf("not within %s: %s; %+v", limit, what, k)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A county whose address swallows what is sent keeps no visit from the relay for longer than a few seconds, nor the next
// one at all; and the county is tried on all the time.
func TestCountyThatSwallows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, point, tab := townhall(t)
		net.swallow.Store("county.example")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		tab.finish(t)
		go func() { ended <- tab.agent.Run(ctx) }()
		tab.within(t, 6*time.Second, "the first visit at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 1 })
		time.Sleep(30 * time.Second)
		tab.finish(t)
		tab.within(t, time.Second, "the second visit at the relay", func(k survey.Safekeeping) bool { return k.Relayed == 2 })
		time.Sleep(5 * time.Minute)
		if n := net.asked.Load(); n < 3 {
			t.Errorf("the county was tried %d times in five minutes", n)
		}
		net.swallow.Store("")
		tab.within(t, 2*time.Minute, "the county's own receipt", func(k survey.Safekeeping) bool { return k.Waiting == 0 && k.Delivered == 2 })
		if err := point.Round(t.Context()); err != nil {
			t.Error(err)
		}

		// A relay that swallows keeps nothing from the county.
		net.swallow.Store("relay.example")
		tab.finish(t)
		tab.within(t, time.Second, "the third visit", func(k survey.Safekeeping) bool { return k.Delivered == 3 })
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
		if err := errors.Join(tab.Close(), tab.county.Close()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}
