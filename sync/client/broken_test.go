package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// breaking ends so many exchanges with a path after their request has arrived, when good ones have come before.
func breaking(times int) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		response, err := do()
		if times--; err != nil || times < 0 {
			return response, err
		}
		return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
	}
}

// TestAGoodConnectionThatBreaksIsTriedAgain loses one reply of each kind: the round goes on as if nothing had been.
func TestAGoodConnectionThatBreaksIsTriedAgain(t *testing.T) {
	for _, path := range []string{wire.PathPush, wire.PathPull, wire.PathBlob} {
		t.Run(path, func(t *testing.T) {
			o, network := newOffice(t), newFaulty()
			tab := newTablet(t, o, network)
			if err := tab.round(t); err != nil {
				t.Fatal(err)
			}
			tab.finish(t, make([]byte, 1000))
			network.set(path, breaking(1)) //nolint:bodyclose // the agent closes what it is given
			if err := tab.round(t); err != nil {
				t.Errorf("round = %v", err)
			}
			if k := tab.safekeeping(t); k.Waiting+k.Files > 0 {
				t.Errorf("safekeeping = %+v", k)
			}
			if visits := o.visits(t); len(visits) != 1 {
				t.Errorf("the server holds %d visits", len(visits))
			}
		})
	}
}

// TestNoNetworkIsNotTriedAgain has nobody to connect to: that is for the wait between rounds.
func TestNoNetworkIsNotTriedAgain(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	tab.finish(t)
	o.http.Close()
	tried := 0
	network.set(wire.PathPush, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		tried++
		return do()
	})
	if err := tab.round(t); survey.KindOf(err) != survey.Unavailable {
		t.Errorf("round = %v", err)
	}
	if k := tab.safekeeping(t); k.Waiting != 1 || tried > 2 {
		t.Errorf("safekeeping = %+v after %d tries", k, tried)
	}
}

// TestAPushThatBreaksTwiceGoesInPieces has a network that lets no push pass with more than ten entries, whose receipts it
// loses, and then none at all but one entry at a time. The server has taken the larger ones all the same.
func TestAPushThatBreaksTwiceGoesInPieces(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	const visits = 45
	for range visits {
		tab.finish(t)
	}
	var sizes []int
	largest := 10
	network.set(wire.PathPush, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		push, err := wire.UnpackPush(body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		n := entriesOf(push)
		sizes = append(sizes, n)
		response, err := do()
		if err == nil && n > largest {
			return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
		}
		return response, err
	})
	for rounds := 0; tab.safekeeping(t).Waiting > 0; rounds++ {
		if rounds > 20 {
			t.Fatalf("after %d rounds %+v is left; pushes of %v", rounds, tab.safekeeping(t), sizes)
		}
		if err := tab.round(t); err != nil && survey.KindOf(err) != survey.Unavailable {
			t.Fatal(err)
		}
		largest = max(1, largest-3)
	}
	if got := o.visits(t); len(got) != visits {
		t.Errorf("the server holds %d visits of %d", len(got), visits)
	}
}

// TestANetworkThatTakesNoPhotoIsGivenUp lets questions pass and breaks under every byte of a photo.
func TestANetworkThatTakesNoPhotoIsGivenUp(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	for range 3 {
		tab.finish(t, make([]byte, 100<<10))
	}
	var tried atomic.Int64
	network.set(wire.PathBlob, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		if tried.Add(1); r.Method == http.MethodPatch {
			return nil, io.ErrUnexpectedEOF
		}
		return do()
	})
	if err := tab.round(t); survey.KindOf(err) != survey.Unavailable {
		t.Errorf("round = %v", err)
	}
	if n := tried.Load(); n > 60 {
		t.Errorf("%d requests", n)
	}
	network.set("", nil)
	if err := tab.round(t); err != nil || tab.safekeeping(t).Files > 0 {
		t.Errorf("afterwards: %v, %+v", err, tab.safekeeping(t))
	}
}

// TestANetworkThatTakesNoLargeBody has something on the way that breaks under every body of more than 40 KB, before any of it has
// come: smaller chunks get across.
func TestANetworkThatTakesNoLargeBody(t *testing.T) {
	o, network := newOffice(t), newFaulty()
	tab := newTablet(t, o, network)
	tab.finish(t, make([]byte, 300<<10))
	network.set(wire.PathBlob, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
		if r.ContentLength > 40<<10 {
			return nil, io.ErrUnexpectedEOF
		}
		return do()
	})
	for range 3 {
		if err := tab.round(t); err != nil && survey.KindOf(err) != survey.Unavailable {
			t.Fatal(err)
		}
	}
	if k := tab.safekeeping(t); k.Files > 0 {
		t.Errorf("safekeeping = %+v", k)
	}
}
