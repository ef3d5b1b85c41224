package centraltest

import (
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// handedDown asks for pages that stand by themselves: to the end of each feed, and for what lies behind it.
func (s suite) handedDown(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	for range 3 {
		d.Visit(t, scope, "x")
	}
	d.Send(t, c, 1)
	ask := func(seq uint64, signed bool) (found []wire.FeedPage) {
		t.Helper()
		pull := wire.Pull{MaxBytes: wire.MaxPage, Signed: signed}
		if seq > 0 {
			pull.Cursors = []survey.Cursor{{Epoch: c.Epoch(), Scope: scope, Seq: seq}}
		}
		reply, err := c.Feed(t.Context(), d.ID, pull)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range reply.Pages {
			if page.Scope == scope {
				found = append(found, page)
			}
		}
		return found
	}
	for seq := range uint64(4) {
		pages := ask(seq, true)
		if len(pages) != 1 || pages[0].Verify(c.Key()) != nil || pages[0].After != seq || pages[0].End() != 3 || pages[0].Head != 3 || pages[0].Time == 0 {
			t.Errorf("behind %d: %+v", seq, pages)
		}
		plain := ask(seq, false)
		if want := min(1, 3-int(seq)); len(plain) != want || want > 0 && (len(plain[0].Signature) > 0 || plain[0].Time != 0) {
			t.Errorf("behind %d without being asked: %+v", seq, plain)
		}
	}
}

// carriedRejects carries a log in parts, of which each has something that is kept apart.
func (s suite) carriedRejects(t *testing.T) {
	c, _ := s.begin(t)
	scope := village()
	d := Enrolled(t, c, []survey.ScopeID{scope}, survey.RoleCadre)
	var apart []survey.RevID
	for range 2 {
		d.Visit(t, scope, "x")
		apart = append(apart, d.Visit(t, village(), "not granted").ID)
	}
	for _, step := range []struct {
		from, to uint64
		want     []survey.RevID
	}{{1, 2, apart[:1]}, {3, 4, apart}, {1, 2, apart}} {
		reply, err := c.TakeCarried(t.Context(), d.ID, wire.Carry{Segments: []wire.Segment{d.Segment(t, step.from, step.to)}})
		if err != nil || len(reply.Words) != 1 || reply.Words[0].Verify(c.Key()) != nil {
			t.Fatalf("%+v, %v", reply, err)
		}
		named := map[survey.RevID]bool{}
		for _, reject := range reply.Words[0].Rejects {
			named[reject.Revision] = reject.Message != "" && reject.Kind == survey.Denied
		}
		for _, id := range step.want {
			if !named[id] {
				t.Errorf("entries %d to %d: %s is not named in %+v", step.from, step.to, id, reply.Words[0].Rejects)
			}
		}
		if len(named) != len(step.want) {
			t.Errorf("entries %d to %d: %d named, want %d", step.from, step.to, len(named), len(step.want))
		}
	}
	if err := c.Drop(t.Context(), apart[0], "写错了村"); err != nil {
		t.Fatal(err)
	}
	reply, err := c.TakeCarried(t.Context(), d.ID, wire.Carry{Segments: []wire.Segment{d.Segment(t, 3, 4)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, reject := range reply.Words[0].Rejects {
		if reject.Revision == apart[0] && reject.Message != "乡镇没有采用：写错了村" {
			t.Errorf("after it was dropped: %q", reject.Message)
		}
	}
}
