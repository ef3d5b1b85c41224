package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// signed is a page as the office signs it for whoever hands it down.
func (o *office) signed(tb testing.TB, after, count int) wire.FeedPage {
	tb.Helper()
	page := o.page(o.scope(), after, count)
	page.Time = survey.MillisOf(monday) + survey.Millis(after+count)
	page, err := wire.SignPage(page, o.key)
	if err == nil {
		page, err = page.Sign(o.key)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return page
}

// Signed pages cut anywhere, in any order and any number of times never lead further than without a gap, and to the same as
// the feed itself; the last says until when that is known.
func TestSignedPagesInAnyOrder(t *testing.T) {
	o := newOffice(t)
	direct := enrolled(t, o, t.TempDir())
	const n = 12
	for i := range n {
		o.household(t, fmt.Sprint(1+i%5), fmt.Sprintf("户主%d", i), fmt.Sprintf("%d号", i), "")
	}
	apply(t, direct, o.page(o.scope(), 0, n))
	want := lists(t, direct)
	want.Cursors = nil // enrolling adds to the register
	s := enrolled(t, o, t.TempDir())
	rapid.Check(t, func(rt *rapid.T) {
		if err := s.RemoveScope(t.Context(), o.scope()); err != nil { // it is read from its start again
			rt.Fatal(err)
		}
		reached := uint64(0)
		take := func(after, count int) {
			page := o.signed(t, after, count)
			fresh, err := s.ApplySigned(t.Context(), page)
			expect := 0
			if page.After <= reached && page.End() > reached {
				expect, reached = int(page.End()-reached), page.End()
			}
			if err != nil || fresh != expect {
				rt.Fatalf("page %d to %d: %d new, %v; want %d", page.After, page.End(), fresh, err, expect)
			}
			if at, err := s.followed(t.Context(), o.scope(), o.epoch); err != nil || at != reached {
				rt.Fatalf("followed to %d, %v; want %d", at, err, reached)
			}
		}
		for range rapid.IntRange(0, 6).Draw(rt, "pages") {
			take(rapid.IntRange(0, n).Draw(rt, "after"), rapid.IntRange(0, n).Draw(rt, "count"))
		}
		take(0, n)
		got := lists(t, s)
		got.Cursors = nil
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("another state:\n%s", diff)
		}
	})
}

// An empty page at the end says until when all is known, of all granted feeds together; a lesser or an altered one says
// nothing.
func TestUntilWhenAllIsKnown(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.household(t, "1", "张三", "1号", "")
	o.household(t, "2", "李四", "2号", "")
	asOf := func() survey.Millis {
		k, err := s.Safekeeping(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k.AsOf
	}
	end := uint64(len(o.feeds[survey.RegisterScope(county)]))
	shared := wire.FeedPage{Scope: survey.RegisterScope(county), Epoch: o.epoch, After: end, Head: end, Time: 5}
	take := func(page wire.FeedPage) {
		t.Helper()
		page, err := page.Sign(o.key)
		if err == nil {
			_, err = s.ApplySigned(t.Context(), page)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	take(o.signed(t, 0, 2))
	if got := asOf(); got != 0 {
		t.Errorf("with one feed of two: %d", got)
	}
	take(shared)
	if got := asOf(); got != 5 {
		t.Errorf("%d, want the older of two", got)
	}
	shared.Time = 9
	take(shared)
	shared.Time = 7
	take(shared)
	if got := asOf(); got != 9 {
		t.Errorf("%d, want the latest word", got)
	}
	shared.Time, shared.Head = 99, end+1 // there is more, and it is not here
	take(shared)
	shared.After = end + 1 // the end, behind a gap
	take(shared)
	if got := asOf(); got != 9 {
		t.Errorf("%d, want what was known to the end", got)
	}
	forged := o.signed(t, 2, 0)
	forged.Time += 1000
	if _, err := s.ApplySigned(t.Context(), forged); survey.KindOf(err) != survey.Damaged {
		t.Errorf("another time than was signed: %v", err)
	}
	if err := s.RemoveScope(t.Context(), o.scope()); err != nil {
		t.Fatal(err)
	}
	if got := asOf(); got != 0 {
		t.Errorf("%d after a feed was left", got)
	}
}
