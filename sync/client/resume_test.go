package client

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"zoucun/sync/wire"
)

// choking lets no more than so many bytes of a request's body pass, and counts what passed.
type choking struct {
	body   io.ReadCloser
	left   int
	passed *atomic.Int64
}

var errChoked = errors.New("connection reset")

func (c *choking) Read(p []byte) (int, error) {
	if c.left == 0 {
		time.Sleep(50 * time.Millisecond) // a network is not that quick, and the server has begun to read by then
		return 0, errChoked
	}
	n, err := c.body.Read(p[:min(len(p), c.left)])
	c.left -= n
	c.passed.Add(int64(n))
	return n, err
}

func (c *choking) Close() error { return c.body.Close() }

// sayMuch has a tablet finish visits of some two kilobytes each that do not compress.
func (tab *tablet) sayMuch(t *testing.T, visits int) {
	t.Helper()
	for range visits {
		said := make([]byte, 2<<10)
		_, _ = rand.Read(said)
		tab.said(t, hex.EncodeToString(said))
	}
}

// TestAPushGoesOnWhereItBroke has a network that breaks after every 24 kilobytes: what has come of a push is not sent again.
func TestAPushGoesOnWhereItBroke(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	const visits = 60
	tab.sayMuch(t, visits)
	var passed, whole atomic.Int64
	names := map[string]bool{}
	network.set(wire.PathPush+"/", func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPatch {
			if !names[r.URL.Path] {
				whole.Add(r.ContentLength)
			}
			names[r.URL.Path] = true
			r.Body = &choking{body: r.Body, left: 24 << 10, passed: &passed}
		}
		return do()
	})
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if k := tab.safekeeping(t); k.Waiting > 0 || len(o.visits(t)) != visits {
		t.Errorf("safekeeping = %+v, the server holds %d visits", k, len(o.visits(t)))
	}
	if len(names) == 0 || whole.Load() < 100<<10 || passed.Load() > whole.Load()*5/4 {
		t.Errorf("%d pushes of %d bytes took %d", len(names), whole.Load(), passed.Load())
	}
}

// TestAServerThatForgotAPartGetsItAgain has the server begin anew in the middle of a push.
func TestAServerThatForgotAPartGetsItAgain(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	tab.sayMuch(t, 20)
	breaks := 0
	network.set(wire.PathPush+"/", func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		if r.Method != http.MethodPatch || breaks > 1 {
			return do()
		}
		if breaks++; breaks == 2 {
			o.serve(t)
			return do()
		}
		r.Body = &choking{body: r.Body, left: 6 << 10, passed: new(atomic.Int64)}
		return do()
	})
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if k := tab.safekeeping(t); k.Waiting > 0 || len(o.visits(t)) != 20 {
		t.Errorf("safekeeping = %+v, the server holds %d visits", k, len(o.visits(t)))
	}
}
