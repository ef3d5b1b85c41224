package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"zoucun/sync/errand"
	"zoucun/sync/wire"
)

// neighbour is the road by another tablet (捎带): a step gives it what no road was open for. What it carries goes to the
// county by its own roads, and what the county says comes back when the two meet again.
type neighbour struct {
	w       *World
	t       *tablet // gives
	courier *tablet
	how     int // what befalls the meeting
}

var _ Road = (*neighbour)(nil)

// meetingCode is one that both sides type.
const meetingCode = wire.Code("0123456789AB")

// What befalls a meeting.
const (
	wholeMeeting   = iota
	meetingLost    // the courier has kept the first errand, and its answer is lost
	errandChanged  // on the way
	byStick        // the errands are copied to a stick and from there
	changedOnStick // and rot on it
	meetings
)

// Step implements [Road].
func (n *neighbour) Step(ctx context.Context) bool {
	if n.courier == n.t {
		return false
	}
	err := n.meet(ctx)
	n.w.note("%s gives to %s: %s", n.t.name, n.courier.name, outcome(err))
	return true
}

// Break implements [Road]. A meeting is one step.
func (*neighbour) Break() {}

func (n *neighbour) meet(ctx context.Context) error {
	keeper := n.w.broken.courier(n.w, n.courier.store)
	if n.how >= byStick {
		return n.copied(ctx, keeper)
	}
	courier, err := errand.NewCourier(keeper, meetingCode, n.courier.clock, nil, nil)
	if err != nil {
		return err
	}
	_, err = errand.Give(ctx, n.t.store, errand.Place{Address: "courier.example", Code: string(meetingCode), Pin: courier.Pin()},
		errand.Options{Clock: n.t.clock, Transport: &hotspot{n: n, courier: courier}})
	return err
}

// copied carries errands from one tablet to the other on a stick.
func (n *neighbour) copied(ctx context.Context, keeper errand.Keeper) error {
	dir, err := os.MkdirTemp(n.w.dir, "errands-")
	if err != nil {
		return err
	}
	_, err = errand.Copy(ctx, n.t.store, dir, nil, n.t.clock)
	names, globErr := filepath.Glob(filepath.Join(dir, "*.zcb"))
	if err := errors.Join(err, globErr); err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if n.how == changedOnStick {
			data = changed(data, 700)
		}
		if err := errand.Take(ctx, keeper, data); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// hotspot is the network between two tablets.
type hotspot struct {
	n       *neighbour
	courier *errand.Courier
}

// RoundTrip implements [http.RoundTripper].
func (h *hotspot) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := letter{method: r.Method, path: r.URL.Path, header: r.Header}
	var err error
	if sent.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	put := r.Method == http.MethodPut
	if put && h.n.how == errandChanged {
		sent.body = changed(sent.body, 600)
	}
	reply, body := answer(r.Context(), h.courier, sent, len(sent.body))
	if put && h.n.how == meetingLost {
		return nil, errReset
	}
	reply.Body, reply.Request = io.NopCloser(bytes.NewReader(body)), r
	return reply, nil
}
