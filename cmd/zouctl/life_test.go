package main

import (
	"context"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/server/centraltest"
	"zoucun/survey"
)

// tablets returns the command by which a script has a tablet: tablet FOLDER VILLAGE SAYS enrols one at its first use, and
// pushes a visit. Its identifier is $TABLET from then on, that of the visit's revision $REVISION.
func tablets(t *testing.T) func(*testscript.TestScript, bool, []string) {
	t.Helper()
	known := map[string]*centraltest.Device{}
	return func(ts *testscript.TestScript, _ bool, args []string) {
		folder := ts.MkAbs(args[0])
		s := &session{streams: streams{out: ts.Stdout(), err: ts.Stderr()}, clock: time.Now, place: place{data: folder}}
		ts.Check(s.withCentral(context.Background(), func(c *central.Central) error {
			scope := survey.VillageScope(report.VillageID(c.County(), args[1]))
			d, ok := known[folder]
			if !ok {
				d = centraltest.Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
				known[folder] = d
			}
			now := time.Now()
			r := d.Add(t, survey.Header{
				Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: scope, HLC: survey.HLC(0).Next(now), Wall: survey.MillisOf(now),
			}, survey.Body{Fields: survey.Fields{"says": args[2]}})
			_, err := d.TrySend(t, c, uint64(len(d.Log)))
			ts.Setenv("TABLET", d.ID.String())
			ts.Setenv("REVISION", r.ID.String())
			return err
		}))
	}
}
