package centraltest

import (
	"slices"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// carried has the segments of one log come by stick and by network in turn.
func (s suite) carried(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	var ids []survey.RevID
	for range 4 {
		ids = append(ids, d.Visit(t, scope, "x").ID)
	}
	one, two := d.Segment(t, 1, 2), d.Segment(t, 3, 4)
	for _, step := range []struct {
		fact    string
		segment wire.Segment
		fresh   uint64
		gap     bool
	}{
		{"the second before the first", two, 0, true},
		{"the first", one, 2, false},
		{"the second", two, 2, false},
		{"the first again", one, 0, false},
	} {
		came, err := c.Carry(t.Context(), step.segment)
		if err != nil || came.New != step.fresh || came.Gap != step.gap || came.State.Fork {
			t.Errorf("%s: %+v, %v", step.fact, came, err)
		}
	}
	wantSeen(t, pull(t, c, d), ids...)

	// The device knows nothing of it, and pushes as if nothing had been.
	if got := d.Send(t, c, 1).Replicas[0]; got.Fork || got.Received != 4 {
		t.Errorf("state after the device's own push %+v", got)
	}
	wantSeen(t, pull(t, c, d), ids...)

	other := d.Segment(t, 3, 4)
	other.Entries = slices.Clone(other.Entries)
	d.Log = d.Log[:3]
	d.Visit(t, scope, "a copy of the device went on")
	if came, err := c.Carry(t.Context(), d.Segment(t, 3, 4)); err != nil || !came.State.Fork || came.New != 0 {
		t.Errorf("a log that parts: %+v, %v", came, err)
	}
	other.Signature = slices.Clone(other.Signature)
	other.Signature[0] ^= 1
	_, err := c.Carry(t.Context(), other)
	wantKind(t, err, survey.Damaged)
	wantSeen(t, pull(t, c, d), ids...)

	word, err := c.Vouch(d.ID, []wire.HeldLog{{Replica: d.Replica, Last: 4}}, nil)
	if err != nil || word.Verify(c.Key()) != nil || word.Device != d.ID || word.Epoch != c.Epoch() {
		t.Errorf("the server's word %+v, %v", word, err)
	}
	second := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	devices, err := c.Devices(t.Context())
	if err != nil || len(devices) != 2 {
		t.Fatalf("%d devices, %v", len(devices), err)
	}
	for _, device := range devices {
		if device.Grant.Device == second.ID && (device.Grant.Person != second.Person || !slices.Equal(device.SealKey, second.Keys.SealPublic())) {
			t.Errorf("the second device is %+v", device)
		}
	}
}
