package server

import (
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// TestPartsHaveTheirLimit has more devices begin a push than there is room for: those that began first are forgotten.
func TestPartsHaveTheirLimit(t *testing.T) {
	p := newPartials()
	const most = maxPartials / wire.MaxPacked
	device := func(n int) survey.DeviceID { return survey.DeviceID{byte(n), byte(n >> 8)} }
	for n := range most + 10 {
		part := p.begin(device(n), survey.Hash{1}, wire.MaxPacked)
		if err := part.add(0, []byte("begun")); err != nil {
			t.Fatal(err)
		}
	}
	if p.size > maxPartials || len(p.of) != most || len(p.queue) != most {
		t.Errorf("%d bytes of %d pushes", p.size, len(p.of))
	}
	for n := range most + 10 {
		if part := p.find(device(n), survey.Hash{1}); (part != nil) != (n >= 10) || part != nil && part.held() != 5 {
			t.Errorf("device %d: %v", n, part)
		}
	}
	p.drop(p.find(device(20), survey.Hash{1}))
	if p.find(device(20), survey.Hash{1}) != nil || p.size != int64((most-1)*wire.MaxPacked) {
		t.Errorf("after one is dropped: %d bytes", p.size)
	}
}
