package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"testing"
	"time"

	"zoucun/server/centraltest"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// packedPush is a push of a device as it travels, with so many bytes that do not compress, and where it goes by offset.
func packedPush(t *testing.T, device *caller, scope survey.ScopeID, bytes int) (body []byte, path string) {
	t.Helper()
	said := make([]byte, bytes)
	_, _ = rand.Read(said)
	fields := survey.Fields{"hear/worry": hex.EncodeToString(said)}
	device.Add(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope}, survey.Body{Fields: fields})
	push := device.Push(device.Segment(t, 1, 1))
	body, err := wire.Pack(&push)
	if err != nil {
		t.Fatal(err)
	}
	return body, wire.PathPush + "/" + survey.Hash(sha256.Sum256(body)).String()
}

// wantOffset checks how much of a push a reply says has come.
func wantOffset(t *testing.T, g got, want int) {
	t.Helper()
	if got := g.header.Get(wire.HeaderOffset); got != strconv.Itoa(want) {
		t.Errorf("status %d, offset %q; want %d", g.status, got, want)
	}
}

func TestAPushComesInParts(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device, other := c.enrolled(t, scope).hello(t), c.enrolled(t, scope).hello(t)
	body, path := packedPush(t, device, scope, 3000)
	half := len(body) / 2
	wantOffset(t, device.do(t, ask{method: http.MethodHead, path: path}), 0)
	wantOffset(t, device.do(t, patch(path, body, 0, half)), half)
	wantOffset(t, device.do(t, ask{method: http.MethodHead, path: path}), half)
	wantOffset(t, other.do(t, ask{method: http.MethodHead, path: path}), 0) // nobody sees another's

	gap := device.do(t, patch(path, body, half+1, len(body)))
	refused(t, gap, http.StatusConflict, survey.Conflicting)
	wantOffset(t, gap, half)

	last := device.do(t, patch(path, body, half-10, len(body))) // what is held already is passed over
	wantOffset(t, last, len(body))
	receipt := unpack[wire.Receipt](t, last)
	if len(receipt.Replicas) != 1 || receipt.Replicas[0].Received != 1 {
		t.Fatalf("receipt = %+v", receipt)
	}
	// The reply may be lost: all of it is still there, and the receipt comes again.
	wantOffset(t, device.do(t, ask{method: http.MethodHead, path: path}), len(body))
	again := device.do(t, patch(path, body, len(body), len(body)))
	if !bytes.Equal(again.body, last.body) {
		t.Error("another receipt for the same push")
	}
}

// TestAPushThatIsNotWhatItsNameSays is forgotten, and comes whole the next time.
func TestAPushThatIsNotWhatItsNameSays(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	body, path := packedPush(t, device, scope, 3000)
	wrong := bytes.Clone(body)
	wrong[len(wrong)/3] ^= 1
	device.do(t, patch(path, wrong, 0, len(wrong)/2))
	refused(t, device.do(t, patch(path, body, len(wrong)/2, len(body))), http.StatusUnprocessableEntity, survey.Damaged)
	wantOffset(t, device.do(t, ask{method: http.MethodHead, path: path}), 0)
	unpack[wire.Receipt](t, device.do(t, patch(path, body, 0, len(body))))
}

// TestAPushUnderAnothersName is refused as one that came in one piece would be, and not for want of bytes.
func TestAPushUnderAnothersName(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	device.Visit(t, scope, "路灯坏了")
	first := device.Push(device.Segment(t, 1, 1))
	unpack[wire.Receipt](t, device.post(t, wire.PathPush, &first))
	device.Visit(t, scope, "井水发黄")
	other := device.Push(device.Segment(t, 2, 2))
	other.ID = first.ID
	body, err := wire.PackCompact(&other)
	if err != nil {
		t.Fatal(err)
	}
	g := device.do(t, patch(wire.PathPush+"/"+survey.Hash(sha256.Sum256(body)).String(), body, 0, len(body)))
	refused(t, g, http.StatusConflict, survey.Conflicting)
	if offset := g.header.Get(wire.HeaderOffset); offset != "" {
		t.Errorf("offset %s", offset)
	}
}

// TestAPushMakesRoomForTheNext has a device begin another push.
func TestAPushMakesRoomForTheNext(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	body, path := packedPush(t, device, scope, 3000)
	device.do(t, patch(path, body, 0, 100))
	next := wire.PathPush + "/" + survey.Hash{1}.String()
	wantOffset(t, device.do(t, patch(next, body, 0, 50)), 50)
	wantOffset(t, device.do(t, ask{method: http.MethodHead, path: path}), 0)
}

func TestPartsThatNobodyTakes(t *testing.T) {
	c := open(t)
	scope := survey.NewID[survey.ScopeID]()
	device := c.enrolled(t, scope).hello(t)
	body, path := packedPush(t, device, scope, 300)
	length := func(n string) ask {
		a := patch(path, body, 0, 10)
		a.length = n
		return a
	}
	tests := map[string]struct {
		ask
		status int
		kind   survey.Kind
	}{
		"no name":           {patch(wire.PathPush+"/x", body, 0, 10), http.StatusBadRequest, survey.Invalid},
		"no length":         {length(""), http.StatusBadRequest, survey.Invalid},
		"of nothing":        {length("0"), http.StatusBadRequest, survey.Invalid},
		"larger than any":   {length(strconv.Itoa(wire.MaxPacked + 1)), http.StatusRequestEntityTooLarge, survey.Invalid},
		"more than it says": {length("5"), http.StatusConflict, survey.Conflicting},
		"by a stranger":     {ask{method: http.MethodPatch, path: path, body: body, key: centraltest.ServerKey}, http.StatusForbidden, survey.Denied},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { refused(t, device.do(t, tt.ask), tt.status, tt.kind) })
	}
}

// TestWhatCameOfAPushBeforeACutIsKept ends a connection in the middle of a push, over HTTP/1.1 and 2.
func TestWhatCameOfAPushBeforeACutIsKept(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			c := open(t)
			scope := survey.NewID[survey.ScopeID]()
			device := c.enrolled(t, scope).hello(t)
			body, path := packedPush(t, device, scope, 60_000)
			came := len(body) / 2
			breakOff(t, device, protocol, patch(path, body, 0, len(body)), came)
			held := 0
			for range 500 {
				held, _ = strconv.Atoi(device.do(t, ask{method: http.MethodHead, path: path}).header.Get(wire.HeaderOffset))
				if held == came {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if held != came {
				t.Fatalf("of %d bytes that came %d are held", came, held)
			}
			unpack[wire.Receipt](t, device.do(t, patch(path, body, held, len(body))))
		})
	}
}
