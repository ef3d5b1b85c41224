package centraltest

import (
	"crypto/rand"
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Envelope writes an envelope to the log as a tablet does: without author, device or hour.
func (d *Device) Envelope(tb testing.TB, scope survey.ScopeID, change func(*survey.Header)) survey.Revision {
	tb.Helper()
	header := survey.Header{
		Record: survey.RandomID[survey.RecordID](), Type: survey.TypeSealed, Kind: survey.Put, Scope: scope, HLC: survey.HLCOfDay(Start),
	}
	change(&header)
	r, err := wire.SealRevision(header, survey.Body{Fields: survey.Fields{
		survey.EnvelopeOffice: "县纪委监委", survey.EnvelopeKey: "age1x", survey.EnvelopeContent: "AAAA",
	}}, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	d.Log = append(d.Log, survey.Entry{N: uint64(len(d.Log)) + 1, Revision: r})
	return r
}

// envelopes are taken from a cadre without his name, and never changed by anybody.
func (s suite) envelopes(t *testing.T) {
	c, _ := s.begin(t)
	scope, foreign := village(), village()
	cadre := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	township := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleTownship)
	good := cadre.Envelope(t, scope, func(*survey.Header) {})
	if receipt := cadre.Send(t, c, 1); len(receipt.Rejects) != 0 {
		t.Fatalf("an envelope was kept apart: %+v", receipt.Rejects)
	}
	for _, d := range []*Device{cadre, township} {
		for name, change := range map[string]func(*survey.Header){
			"with an author": func(h *survey.Header) { h.Author = d.Person },
			"changed": func(h *survey.Header) {
				h.Record, h.Parents = good.Header.Record, []survey.RevID{good.ID}
			},
			"voided": func(h *survey.Header) {
				h.Record, h.Parents, h.Kind = good.Header.Record, []survey.RevID{good.ID}, survey.Void
			},
			"in a scope that is not granted": func(h *survey.Header) { h.Scope = foreign },
		} {
			t.Run(name, func(t *testing.T) {
				first := uint64(len(d.Log)) + 1
				bad := d.Envelope(t, scope, change)
				receipt := d.Send(t, c, first)
				if len(receipt.Rejects) != 1 || receipt.Rejects[0].Revision != bad.ID || receipt.Rejects[0].Message == "" {
					t.Errorf("receipt %+v, want %s kept apart", receipt, bad.ID)
				}
			})
		}
	}
	wantSeen(t, pullAsNew(t, c, scope), good.ID)
	r, err := c.Record(t.Context(), good.Header.Record)
	if err != nil || r.Voided || r.Fields[survey.EnvelopeContent] != "AAAA" || len(r.Heads) != 1 {
		t.Errorf("record %+v, %v", r, err)
	}
}
