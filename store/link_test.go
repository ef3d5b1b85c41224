package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/form"
	"zoucun/survey"
)

// link writes the word on two households as somebody at the township says it.
func (o *office) link(l survey.Link) survey.Amendment {
	return survey.Amendment{
		Record: l.ID, Type: survey.TypeLink, Kind: survey.Put, Scope: l.Scope, Author: survey.NewID[survey.PersonID](), Fields: l.Fields(),
	}
}

func amend(tb testing.TB, s *Store, amendments ...survey.Amendment) {
	tb.Helper()
	if err := s.Amend(context.Background(), amendments...); err != nil {
		tb.Fatal("Amend:", err)
	}
}

// heads returns the heads of the households that a village's list shows.
func heads(s *Store, village survey.RecordID) []string {
	var names []string
	for _, h := range s.SearchHouseholds(village, "", 0) {
		names = append(names, h.Head)
	}
	slices.Sort(names)
	return names
}

func TestJoinedHouseholdIsOne(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	kept := o.household(t, "QC-001", "王芳", "1号", "13800000001")
	other := o.household(t, "QC-002", "王方", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 2))
	sub := submission()
	sub.Entities = []form.EntityChange{problemChange("路灯坏了")}
	finish(t, s, o.draft(kept), submission())
	finish(t, s, o.draft(other), sub)
	held := len(holdings(t, s, kept)) + len(holdings(t, s, other))

	amend(t, s, o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, survey.Same)))
	one := func(s *Store) {
		t.Helper()
		if got := heads(s, o.village); !slices.Equal(got, []string{"王芳"}) {
			t.Errorf("the list shows %v", got)
		}
		for _, id := range []survey.RecordID{kept, other} {
			h, err := s.Household(t.Context(), id)
			visits, errVisits := s.VisitsOf(t.Context(), id)
			problems, errProblems := s.ProblemsOf(t.Context(), id)
			if err != nil || errVisits != nil || errProblems != nil {
				t.Fatal(err, errVisits, errProblems)
			}
			if h.ID != kept || len(visits) != 2 || len(problems) != 1 || visits[0].Household != kept || problems[0].Household != kept {
				t.Errorf("joined: household %v, visits %v, problems %v", h, visits, problems)
			}
			if got := len(holdings(t, s, id)); got != held {
				t.Errorf("%d records are held on the one household, %d on the two before", got, held)
			}
		}
		rows, ok := s.Table(t.Context(), "household.csv", o.draft(kept))
		if !ok || rows.Len() != 1 {
			t.Error("forms are offered both households")
		}
	}
	one(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	one(s)

	amend(t, s, o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, survey.Different)))
	visits, err := s.VisitsOf(t.Context(), other)
	if err != nil || len(visits) != 1 || visits[0].Household != other || len(heads(s, o.village)) != 2 {
		t.Errorf("split again: visits %v of the other, list %v, %v", visits, heads(s, o.village), err)
	}
	if links, err := s.Links(t.Context()); err != nil || len(links) != 1 || links[0].Says != survey.Different {
		t.Errorf("the word is not remembered: %v, %v", links, err)
	}
	again := o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, ""))
	amend(t, s, again)
	if links, err := s.Links(t.Context()); err != nil || len(links) != 0 {
		t.Errorf("a word that was taken back still counts: %v, %v", links, err)
	}
}

func holdings(tb testing.TB, s *Store, id survey.RecordID) []survey.Holding {
	tb.Helper()
	held, err := s.Held(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return held
}

// TestDraftFollowsJoinedHousehold finishes a filling that was begun before the township joined its household to another.
func TestDraftFollowsJoinedHousehold(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	kept := o.household(t, "QC-001", "王芳", "1号", "13800000001")
	other := o.household(t, "QC-002", "王方", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 2))
	d := o.draft(other)
	if err := s.BeginDraft(t.Context(), d, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	amend(t, s, o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, survey.Same)))
	drafts, err := s.DraftsOf(t.Context(), kept)
	if err != nil || len(drafts) != 1 || drafts[0].Household != kept {
		t.Fatalf("drafts of the household: %v, %v", drafts, err)
	}
	sub := submission()
	sub.Entities = []form.EntityChange{{
		Dataset: "household", ID: other.String(), Update: true, Properties: map[string]string{"phone": "13900000009"},
	}}
	if err := s.FinishVisit(t.Context(), d, sub); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Household(t.Context(), kept); err != nil || h.Phone != "13900000009" {
		t.Errorf("what was said of the household: %v, %v", h, err)
	}
}

// TestLinkAgainstVoidedHousehold takes the household that goes on out of use: the other is listed again in its place.
func TestLinkAgainstVoidedHousehold(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	kept := o.household(t, "QC-001", "王芳", "1号", "")
	other := o.household(t, "QC-002", "王方", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 2))
	void := o.amendment(kept, nil)
	void.Kind = survey.Void
	amend(t, s, void)
	amend(t, s, o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, survey.Same)))
	if got := heads(s, o.village); !slices.Equal(got, []string{"王方"}) {
		t.Errorf("with the other out of use the list shows %v", got)
	}
	amend(t, s, o.amendment(kept, nil))
	if got := heads(s, o.village); !slices.Equal(got, []string{"王芳"}) {
		t.Errorf("with both in use the list shows %v", got)
	}
}

// TestJoinedIsTheSameInAnyOrder draws links, circles among them, and wants one answer from every order of them.
func TestJoinedIsTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Custom(func(t *rapid.T) survey.RecordID { return survey.RecordID{1 + rapid.Byte().Draw(t, "id")%6} })
		links := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) survey.Link {
			a, b := id.Draw(t, "a"), id.Draw(t, "b")
			return survey.NewLink(survey.ScopeID{}, survey.TypeHousehold, a, b, survey.Same)
		}).Filter(func(l survey.Link) bool { return l.First != l.Last }), 0, 8, func(l survey.Link) survey.RecordID { return l.ID }).Draw(t, "links")
		voided := rapid.MapOfN(id, rapid.Just(true), 0, 3).Draw(t, "voided")
		inUse := func(id survey.RecordID) bool { return !voided[id] }
		want := survey.Joined(links, inUse)
		if got := survey.Joined(rapid.Permutation(links).Draw(t, "order"), inUse); !maps.Equal(got, want) {
			t.Fatalf("%v in one order, %v in another", want, got)
		}
		for _, l := range links {
			one := func(id survey.RecordID) survey.RecordID {
				if kept, ok := want[id]; ok {
					return kept
				}
				return id
			}
			if one(l.First) != one(l.Last) {
				t.Fatalf("%v and %v are not one", l.First, l.Last)
			}
			if kept := one(l.First); !inUse(kept) && (inUse(l.First) || inUse(l.Last)) {
				t.Fatalf("%v is out of use and goes on", kept)
			}
		}
		for joined, kept := range want {
			if _, further := want[kept]; further {
				t.Fatalf("%v counts as %v, which counts as another", joined, kept)
			}
		}
	})
}

// laptops are two devices of a township that work apart and hear of one another only through the office.
type laptops struct {
	office *office
	stores []*Store
	read   []int
}

func newLaptops(tb testing.TB, households int) (*laptops, []survey.RecordID) {
	tb.Helper()
	o := newOffice(tb)
	l := &laptops{office: o, stores: []*Store{enrolled(tb, o, tb.TempDir())}, read: make([]int, 2)}
	s := openStore(tb, tb.TempDir(), Options{})
	o.enrol(tb, s)
	apply(tb, s, o.page(survey.RegisterScope(county), 0, 10))
	l.stores = append(l.stores, s)
	var ids []survey.RecordID
	for i := range households {
		ids = append(ids, o.household(tb, fmt.Sprintf("QC-%03d", i), "王芳"+string(rune('甲'+i)), "1号", "13800000001"))
	}
	for i := range l.stores {
		l.pull(tb, i)
	}
	return l, ids
}

// push hands over what one laptop has written.
func (l *laptops) push(tb testing.TB, i int) {
	tb.Helper()
	for {
		push, more, err := l.stores[i].NextPush(context.Background(), 50, 1<<20)
		if err != nil {
			tb.Fatal(err)
		}
		if !more {
			return
		}
		for _, segment := range push.Segments {
			for _, e := range segment.Entries {
				l.office.publish(e.Revision)
			}
		}
		if err := l.stores[i].Receive(context.Background(), l.office.accept(tb, push)); err != nil {
			tb.Fatal(err)
		}
	}
}

// pull lets one laptop read what is new.
func (l *laptops) pull(tb testing.TB, i int) {
	tb.Helper()
	if page := l.office.page(l.office.scope(), l.read[i], 1000); len(page.Items) > 0 {
		apply(tb, l.stores[i], page)
		l.read[i] += len(page.Items)
	}
}

// tell returns everything decisions have made of the township's records, as one laptop sees it.
func (l *laptops) tell(tb testing.TB, i int, ids []survey.RecordID) string {
	tb.Helper()
	s, ctx := l.stores[i], context.Background()
	var text strings.Builder
	fmt.Fprintln(&text, heads(s, l.office.village))
	for _, id := range ids {
		held, err := s.Holding(ctx, id)
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintln(&text, id, s.Kept(id), held.Record.Fields, held.Record.Voided, held.Record.Conflicts)
	}
	links, errLinks := s.Links(ctx)
	conflicts, errConflicts := s.Conflicts(ctx)
	parted, errParted := s.Parted(ctx)
	tasks, errTasks := s.Tasks(ctx)
	decisions, err := s.Decisions(ctx, 1000)
	for _, err := range []error{errLinks, errConflicts, errParted, errTasks, err} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	fmt.Fprintln(&text, links, parted, tasks, len(decisions))
	for _, c := range conflicts {
		fmt.Fprintln(&text, c.Record, c.Conflict)
	}
	return text.String()
}

// TestDecisionsConverge lets two laptops decide, undo, join and split in any order, pass it on in any order, and wants
// both to end with the same, also after they are opened again.
func TestDecisionsConverge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l, ids := newLaptops(t, 4)
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			i := rapid.IntRange(0, 1).Draw(rt, "laptop")
			a, b := rapid.SampledFrom(ids).Draw(rt, "a"), rapid.SampledFrom(ids).Draw(rt, "b")
			switch rapid.IntRange(0, 5).Draw(rt, "deed") {
			case 0:
				l.push(t, i)
			case 1:
				l.pull(t, i)
			case 2, 3:
				if a != b {
					says := rapid.SampledFrom([]survey.LinkWord{survey.Same, survey.Same, survey.Different, ""}).Draw(rt, "says")
					amend(t, l.stores[i], l.office.link(survey.NewLink(l.office.scope(), survey.TypeHousehold, a, b, says)))
				}
			case 4:
				change := l.office.amendment(a, survey.Fields{survey.HouseholdPhone: rapid.StringMatching("139[0-9]").Draw(rt, "phone")})
				change.Kind = rapid.SampledFrom([]survey.RevisionKind{survey.Put, survey.Merge}).Draw(rt, "kind")
				amend(t, l.stores[i], change)
			case 5:
				change := l.office.amendment(a, nil)
				change.Kind = rapid.SampledFrom([]survey.RevisionKind{survey.Put, survey.Void}).Draw(rt, "kind")
				amend(t, l.stores[i], change)
			}
		}
		for _, i := range rapid.Permutation([]int{0, 1}).Draw(rt, "home") {
			l.push(t, i)
		}
		for i := range l.stores {
			l.pull(t, i)
		}
		one, other := l.tell(t, 0, ids), l.tell(t, 1, ids)
		if one != other {
			rt.Fatalf("one laptop:\n%s\nthe other:\n%s", one, other)
		}
		for _, s := range l.stores {
			s.register = newRegister()
			if err := s.readRegister(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		if again := l.tell(t, 0, ids); again != one {
			rt.Fatalf("as it worked on:\n%s\nas it is read anew:\n%s", one, again)
		}
		for _, s := range l.stores {
			if err := s.Close(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// TestOneConflictDecidedTwice decides one conflict on two laptops apart: the same word is one decision, another word is a
// conflict again.
func TestOneConflictDecidedTwice(t *testing.T) {
	for _, second := range []string{"13700000003", "13900000002"} {
		t.Run(second, func(t *testing.T) {
			l, ids := newLaptops(t, 1)
			home := ids[0]
			for i, phone := range []string{"13700000003", "13900000002"} {
				amend(t, l.stores[i], l.office.amendment(home, survey.Fields{survey.HouseholdPhone: phone}))
			}
			round := func() {
				for i := range 2 {
					l.push(t, i)
				}
				for i := range 2 {
					l.pull(t, i)
				}
			}
			round()
			for i, phone := range []string{"13700000003", second} {
				conflicts, err := l.stores[i].Conflicts(t.Context())
				if err != nil || len(conflicts) != 1 || conflicts[0].Sides[0].Device == conflicts[0].Sides[1].Device || conflicts[0].Base != "13800000001" {
					t.Fatalf("laptop %d has to decide %v, %v", i, conflicts, err)
				}
				decision := l.office.amendment(home, survey.Fields{survey.HouseholdPhone: phone})
				decision.Kind = survey.Merge
				amend(t, l.stores[i], decision)
			}
			round()
			want := 1
			if second == "13700000003" {
				want = 0
			}
			for i := range 2 {
				n, err := l.stores[i].ConflictCount(t.Context())
				parted, errParted := l.stores[i].Parted(t.Context())
				if err != nil || errParted != nil || n != want || len(parted) != 1-want {
					t.Errorf("laptop %d: %d conflicts, parted %v, %v %v", i, n, parted, err, errParted)
				}
			}
		})
	}
}

// TestBesideFindsNeighbours wants pairs of one household, also of one that was joined, and no pair twice as news.
func TestBesideFindsNeighbours(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	kept := o.household(t, "QC-001", "王芳", "1号", "")
	other := o.household(t, "QC-002", "王方", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 2))
	visit := func(home survey.RecordID) survey.RecordID {
		d := o.draft(home)
		finish(t, s, d, submission())
		return survey.RecordID(d.ID)
	}
	beside := func(known int64, want ...[2]survey.RecordID) int64 {
		t.Helper()
		pairs, now, err := s.Beside(t.Context(), survey.TypeVisit, time.Hour, known)
		if err != nil {
			t.Fatal(err)
		}
		got := map[[2]survey.RecordID]bool{}
		for _, p := range pairs {
			if p[0].Compare(p[1]) > 0 {
				p[0], p[1] = p[1], p[0]
			}
			got[p] = true
		}
		if len(got) != len(want) {
			t.Errorf("%d pairs, want %d: %v", len(got), len(want), pairs)
		}
		for _, p := range want {
			if !got[p] && !got[[2]survey.RecordID{p[1], p[0]}] {
				t.Errorf("%v is not among %v", p, pairs)
			}
		}
		return now
	}
	a, b, c := visit(kept), visit(kept), visit(other)
	known := beside(0, [2]survey.RecordID{a, b})
	known = beside(known)
	d := visit(kept)
	known = beside(known, [2]survey.RecordID{a, d}, [2]survey.RecordID{b, d})
	amend(t, s, o.link(survey.NewLink(o.scope(), survey.TypeHousehold, kept, other, survey.Same)))
	beside(known, [2]survey.RecordID{a, c}, [2]survey.RecordID{b, c}, [2]survey.RecordID{d, c})
	card, err := s.Card(t.Context(), other)
	if err != nil || card.Fields[survey.HouseholdHead] != "王方" {
		t.Errorf("the joined one by itself: %v, %v", card, err)
	}
	if _, err := s.Card(t.Context(), survey.NewID[survey.RecordID]()); survey.KindOf(err) != survey.NotFound {
		t.Errorf("a record that is not here: %v", err)
	}
}

// TestTasksTravel puts a question on one laptop, answers it on a tablet, and sees the answer where it was asked.
func TestTasksTravel(t *testing.T) {
	l, ids := newLaptops(t, 1)
	asked := survey.Task{
		ID: survey.NewID[survey.RecordID](), Scope: l.office.scope(), Kind: survey.TaskAsk, About: ids[0], Of: survey.TypeHousehold,
		Field: survey.HouseholdPhone, For: l.office.cadre, Words: "王芳家的电话，哪一个对？", Options: []string{"1", ""}, Labels: []string{"1", "（空着）"}, State: survey.TaskOpen,
	}
	write := func(i int, by survey.PersonID, fields survey.Fields) {
		amend(t, l.stores[i], survey.Amendment{Record: asked.ID, Type: survey.TypeTask, Kind: survey.Put, Scope: asked.Scope, Author: by, Fields: fields})
		l.push(t, i)
		l.pull(t, 1-i)
	}
	me := survey.NewID[survey.PersonID]()
	write(0, me, asked.Fields())
	tasks, err := l.stores[1].Tasks(t.Context())
	if err != nil || len(tasks) != 1 || tasks[0].By != me || tasks[0].For != l.office.cadre || !slices.Equal(tasks[0].Options, asked.Options) {
		t.Fatalf("on the tablet: %+v, %v", tasks, err)
	}
	write(1, l.office.cadre, survey.Fields{survey.TaskState: string(survey.TaskAnswered), survey.TaskAnswer: "1"})
	tasks, err = l.stores[0].Tasks(t.Context())
	if err != nil || len(tasks) != 1 || tasks[0].State != survey.TaskAnswered || tasks[0].Answer != "1" {
		t.Fatalf("back at the laptop: %+v, %v", tasks, err)
	}
	write(0, me, survey.Fields{survey.TaskState: string(survey.TaskDone)})
	for i, s := range l.stores {
		if tasks, err := s.Tasks(t.Context()); err != nil || len(tasks) != 0 {
			t.Errorf("laptop %d: done and it waits: %+v, %v", i, tasks, err)
		}
	}
}
