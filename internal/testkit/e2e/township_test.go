//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/internal/testkit/journey"
	"zoucun/internal/testkit/stage"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/client"
)

// A township's laptop receives a tablet while the county is out of reach, passes on what it brought, and finds it.
func TestTownshipReceivesAndFinds(t *testing.T) {
	v := newVisitTest(t)
	ctx := t.Context()
	tab := v.tablet()
	listen := freeAddress(t)
	window, err := v.desktop.Open(ctx, v.log, v.stage.Program("zoucun"), "-data", v.stage.Path("laptop"), "-size", "1280x800", "-receive", listen)
	v.must(err)
	j := &journey.Journey{Window: window, Step: v.step}
	v.must(j.EnrolTownship(ctx, v.stage.URL(), v.code("township")))
	v.must(j.Receive(ctx, v.code("relay")))

	// The hill has no network: only the laptop's own is in reach.
	v.eventually("the receiving point knows the tablet", func() bool { return tab.meet(t, "https://"+listen) == nil })
	v.must(v.stage.StopServer())
	household := tab.finish(t, "屋后的挡土墙裂了，怕下雨塌下来", "挡土墙开裂")
	tab.run(t)
	v.must(j.Brought(ctx, stage.Person, "✓ 乡镇已收"))

	// The county is back: the laptop passes it on and learns that it was taken.
	v.must(v.stage.StartServer(ctx))
	v.eventually("the county has the visit", func() bool { return len(v.records("visit")) == 1 })
	v.eventually("the laptop knows that the county has it", func() bool { return strings.Contains(v.look(j), "✓✓ 县里已收") })

	// The laptop's own store reads it from the county, and finds it by a few words, a name, and in the household's history.
	v.must(j.LookFor(ctx, "挡土墙"))
	v.eventually("the laptop finds the problem", func() bool { return strings.Contains(v.look(j), "挡土墙开裂") })
	v.must(j.OpenFound(ctx, "挡土墙开裂", household, "承诺和兑现", "未见兑现记录"))
}

func (v *visitTest) code(role string) string {
	v.Helper()
	out, err := v.stage.Ctl(v.Context(), "enrol-code", "-person", stage.Person, "-role", role)
	v.must(err)
	return strings.TrimSpace(out)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// tablet is a cadre's store and agent without a window.
type tablet struct {
	*store.Store
	self survey.Enrolment
}

func (v *visitTest) tablet() *tablet {
	v.Helper()
	s, err := store.Open(v.Context(), v.stage.Path("tablet"), store.Options{Clock: time.Now})
	v.must(err)
	v.Cleanup(func() { _ = s.Close() })
	_, err = client.Enrol(v.Context(), s, v.stage.URL(), v.code("cadre"), client.Options{Clock: time.Now})
	v.must(err)
	tab := &tablet{Store: s}
	ctx, cancel := context.WithCancel(v.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = client.New(s, client.Options{Clock: time.Now}).Run(ctx) })
	v.eventually("the tablet has the register", func() bool {
		villages := s.Villages()
		forms, err := s.Forms(v.Context())
		return err == nil && len(forms) > 0 && len(villages) > 0 && s.HouseholdCount(villages[0].ID) > 0
	})
	cancel()
	running.Wait()
	tab.self, _, err = s.Enrolment(v.Context())
	v.must(err)
	return tab
}

// meet asks the receiving point who it is, and keeps it.
func (tab *tablet) meet(t *testing.T, address string) error {
	t.Helper()
	met, err := client.MeetRelay(t.Context(), tab.self, tab.self.Grant.Device, address, survey.Hash{}, client.Options{Clock: time.Now})
	if err != nil {
		return fmt.Errorf("meet: %w", err)
	}
	return tab.KeepRelay(t.Context(), met)
}

// finish finishes a visit with a promise and a problem, and returns the household's head.
func (tab *tablet) finish(t *testing.T, worry, problem string) string {
	t.Helper()
	h := tab.SearchHouseholds(tab.Villages()[0].ID, "", 1)[0].Household
	d := survey.Draft{
		ID: survey.NewID[survey.DraftID](), Form: "QZ-01", FormVersion: "1.0", Scope: h.Scope, Household: h.ID, Author: tab.self.Grant.Person, Title: h.Head,
	}
	sub := form.Submission{
		InstanceName: "QZ-349999-2026-ABCD-0001-T " + h.Head,
		Fields:       survey.Fields{"hear/heard_worry": worry, "finish/promise_what": "请人来看挡土墙", "finish/promise_by": "2026-11-01"},
		Entities: []form.EntityChange{{
			Dataset: string(survey.TypeProblem), ID: survey.NewID[survey.RecordID]().String(), Create: true, Label: problem,
			Properties: map[string]string{"state": "submitted"},
		}},
	}
	if err := errors.Join(tab.BeginDraft(t.Context(), d, nil), tab.FinishVisit(t.Context(), d, sub)); err != nil {
		t.Fatal(err)
	}
	return h.Head
}

// run lets the agent work until the test ends.
func (tab *tablet) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = client.New(tab.Store, client.Options{Clock: time.Now}).Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}
