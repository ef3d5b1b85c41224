package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zoucun/form"
	"zoucun/internal/grams"
	"zoucun/survey"
)

// beginFinding starts a finder at work until the test ends or it is stopped.
func beginFinding(t *testing.T, s *Store, shelf int) (f *Finder, stop func()) {
	t.Helper()
	f = s.NewFinder()
	f.shelf = shelf
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := f.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error("Run:", err)
		}
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return f, stop
}

// settled waits until a finder has nothing left to do.
func settled(t *testing.T, f *Finder) {
	t.Helper()
	for range 2000 {
		f.mu.RLock()
		done := f.loaded && f.caught && !f.reading && len(f.waiting) == 0 && len(f.tail.facts) < f.shelf
		f.mu.RUnlock()
		if gone, err := f.s.db.ids(t.Context(), "SELECT record_id FROM find_again WHERE gone = 1"); err != nil || len(gone) > 0 {
			done = false
		}
		if done {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the finder does not settle")
}

// visitedWith finishes a visit in which something was written, and a problem where one is named.
func visitedWith(t *testing.T, o *office, s *Store, household survey.RecordID, name, worry, problem string) survey.RecordID {
	t.Helper()
	d := o.draft(household)
	sub := form.Submission{
		InstanceName: name, Fields: survey.Fields{"hear/worry": worry, "meta/form_no": strings.Fields(name)[0], "where": "road"},
		Touched: []survey.FieldPath{"hear/worry"},
	}
	if problem != "" {
		sub.Entities = []form.EntityChange{problemChange(problem)}
	}
	finish(t, s, d, sub)
	return survey.RecordID(d.ID)
}

func titles(found survey.Found) (all []string) {
	for _, h := range found.Households {
		all = append(all, "户"+h.Head)
	}
	for _, v := range found.Visits {
		all = append(all, "访"+v.Title)
	}
	for _, p := range found.Problems {
		all = append(all, "题"+p.Title)
	}
	return all
}

func search(t *testing.T, f *Finder, query string) survey.Found {
	t.Helper()
	found, err := f.Search(t.Context(), query, 20)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func wantFound(t *testing.T, f *Finder, query string, want ...string) {
	t.Helper()
	got := titles(search(t, f, query))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q finds %v, want %v", query, got, want)
	}
}

// What is found does not depend on whether records lie on shelves or in the tail, nor on a restart.
func TestFinds(t *testing.T) {
	for _, shelf := range []int{1, 3, 1 << 10} {
		t.Run(fmt.Sprintf("shelves of %d", shelf), func(t *testing.T) {
			o, dir := newOffice(t), t.TempDir()
			s := enrolled(t, o, dir)
			zhang := o.household(t, "QC-017", "张国建", "前塘5号", "13800001234")
			apply(t, s, o.page(o.scope(), 0, 10))
			visitedWith(t, o, s, zhang, "QZ-421122-2026-KTHM-0001-T 张国建", "路灯坏了三个月，晚上老人不敢出门", "")
			visitedWith(t, o, s, zhang, "QZ-421122-2026-KTHM-0002-W 张国建", "水管又漏了，电话055162345678", "水管漏水没人修")
			visitedWith(t, o, s, survey.RecordID{}, "QZ-421122-2026-KTHM-0003-Y 欧阳秀英", "路，灯都好", "")
			f, stop := beginFinding(t, s, shelf)
			look := func(t *testing.T) {
				t.Helper()
				settled(t, f)
				one, two, three := "访QZ-421122-2026-KTHM-0001-T 张国建", "访QZ-421122-2026-KTHM-0002-W 张国建", "访QZ-421122-2026-KTHM-0003-Y 欧阳秀英"
				wantFound(t, f, "张国建", "户张国建", one, two)
				wantFound(t, f, "zgj", "户张国建", one, two)
				wantFound(t, f, "zhangguo", "户张国建", one, two)
				wantFound(t, f, "ouyang", three)
				wantFound(t, f, "路灯", one)
				wantFound(t, f, "路灯坏了三个月", one)
				wantFound(t, f, "水管漏水", "题水管漏水没人修")
				wantFound(t, f, "sglsmrx", "题水管漏水没人修")
				wantFound(t, f, "shuiguan", "题水管漏水没人修")
				wantFound(t, f, "水管", two, "题水管漏水没人修")
				wantFound(t, f, "2026-KTHM-0002", two)
				wantFound(t, f, "０００２-w", two)
				wantFound(t, f, "62345678", two)
				wantFound(t, f, "QC-017", "户张国建")
				wantFound(t, f, "1234", "户张国建")
				wantFound(t, f, "road")
				wantFound(t, f, "三月")
				wantFound(t, f, "  ")
				wantFound(t, f, "没有这句话")
				if p := search(t, f, "老人不敢").Visits[0].Passage; p.Field != "hear/worry" || !strings.Contains(p.Text, "老人不敢出门") {
					t.Errorf("passage %+v", p)
				}
			}
			look(t)
			stop()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, Options{})
			f, _ = beginFinding(t, s, shelf)
			look(t)
		})
	}
}

// What changes, comes and goes while a finder is at work, while none is, and while shelves are being filled, is found as
// it is now.
func TestFindsWhatIsNow(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	f, stop := beginFinding(t, s, 2)
	var ids []survey.RecordID
	for i := range 7 {
		ids = append(ids, visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 王%d", i, i), fmt.Sprintf("第%d户说渠道不通", i), ""))
	}
	settled(t, f)
	if got := len(search(t, f, "渠道不通").Visits); got != 7 {
		t.Fatalf("%d visits", got)
	}
	amend := func(id survey.RecordID, worry string) {
		t.Helper()
		err := s.Amend(t.Context(), survey.Amendment{
			Record: id, Type: survey.TypeVisit, Kind: survey.Put, Scope: o.scope(), Author: o.cadre, Fields: survey.Fields{"hear/worry": worry},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	amend(ids[0], "渠道通了")
	settled(t, f)
	if got := len(search(t, f, "渠道不通").Visits); got != 6 {
		t.Errorf("%d visits after one was amended", got)
	}
	wantFound(t, f, "渠道通了", "访NO-00000 王0")
	stop()
	s.finder.Store(nil) // as in a program that shows no workbench
	amend(ids[1], "渠道修好")
	visitedWith(t, o, s, survey.RecordID{}, "NO-00008 赵八", "渠道不通水", "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	f, _ = beginFinding(t, s, 2)
	settled(t, f)
	wantFound(t, f, "渠道修好", "访NO-00001 王1")
	if got := len(search(t, f, "渠道不通").Visits); got != 6 {
		t.Errorf("%d visits after a restart", got)
	}
	err := s.Amend(t.Context(), survey.Amendment{
		Record: ids[2], Type: survey.TypeVisit, Kind: survey.Void, Scope: o.scope(), Author: o.cadre, Note: "填错了",
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFound(t, f, "第2户") // at once: what is found is looked at
}

// While records come in, a search finds no record twice and misses none that was there when it began.
func TestFindsWhileRecordsCome(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	f, _ := beginFinding(t, s, 5)
	for i := range 40 {
		visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 李", i), "井水发黄了", "")
		found, err := f.Search(t.Context(), "井水发黄", 100)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[survey.RecordID]bool{}
		for _, v := range found.Visits {
			if seen[v.ID] {
				t.Fatalf("%s twice", v.Title)
			}
			seen[v.ID] = true
		}
	}
	settled(t, f)
	if found, err := f.Search(t.Context(), "井水发黄", 100); err != nil || len(found.Visits) != 40 {
		t.Errorf("%d visits, %v", len(found.Visits), err)
	}
	if found := search(t, f, "井水发黄"); len(found.Visits) != 20 || !found.MoreVisits {
		t.Errorf("%d visits, more %v", len(found.Visits), found.MoreVisits)
	}
}

// What was erased or withdrawn is on no shelf any more, whether a finder is at work or not.
func TestNoShelfRemembersWhatIsGone(t *testing.T) {
	for _, working := range []bool{true, false} {
		t.Run(fmt.Sprintf("finder at work: %v", working), func(t *testing.T) {
			o := newOffice(t)
			s := enrolled(t, o, t.TempDir())
			f, stop := beginFinding(t, s, 2)
			var ids []survey.RecordID
			for i := range 5 {
				ids = append(ids, visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 王", i), fmt.Sprintf("秘密%d号", i), ""))
			}
			settled(t, f)
			before := shelvesOf(t, s)
			if !working {
				stop()
				s.finder.Store(nil)
			}
			err := s.Amend(t.Context(), survey.Amendment{Record: ids[1], Type: survey.TypeVisit, Kind: survey.Erase, Scope: o.scope(), Author: o.cadre})
			if err != nil {
				t.Fatal(err)
			}
			if !working {
				if left := shelvesOf(t, s); len(left) != 0 {
					t.Errorf("shelves %v stay", left)
				}
				f, _ = beginFinding(t, s, 2)
			}
			settled(t, f)
			if after := shelvesOf(t, s); working && slices.Contains(after, before[0]) {
				t.Errorf("shelves %v, before %v", after, before)
			}
			for _, number := range shelvesOf(t, s) {
				for gram, texts := range gramsOnShelf(t, f, number) {
					if strings.Contains(gram, "密1") || len(texts) == 0 {
						t.Errorf("shelf %d still has %q", number, gram)
					}
				}
			}
			if got := len(search(t, f, "秘密").Visits); got != 4 {
				t.Errorf("%d visits", got)
			}
			if err := s.RemoveScope(t.Context(), o.scope()); err != nil {
				t.Fatal(err)
			}
			settled(t, f)
		})
	}
}

func shelvesOf(t *testing.T, s *Store) (numbers []int64) {
	t.Helper()
	err := s.db.each(t.Context(), "SELECT shelf FROM find_shelf ORDER BY shelf", nil, func(row rowScan) error {
		var n int64
		err := row(&n)
		numbers = append(numbers, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers
}

// gramsOnShelf opens a shelf and returns which of some texts it still has.
func gramsOnShelf(t *testing.T, f *Finder, number int64) map[string][]uint16 {
	t.Helper()
	f.mu.RLock()
	shelves := f.shelves
	f.mu.RUnlock()
	found := map[string][]uint16{}
	for _, shelf := range shelves {
		if shelf.number != number {
			continue
		}
		for _, text := range []string{"密0", "密1", "密2", "密3", "密4"} {
			if texts, err := f.onShelf(t.Context(), shelf, gramsOf(text)); err != nil {
				t.Fatal(err)
			} else if len(texts) > 0 {
				found[text] = texts
			}
		}
	}
	return found
}

// A damaged page, a damaged shelf and a shelf that is none are noticed and built anew; searches go on meanwhile.
func TestFinderMendsItself(t *testing.T) {
	for name, spoil := range map[string]string{
		"page":            "UPDATE find_page SET page_sealed = zeroblob(60)",
		"swapped pages":   "UPDATE find_page SET page_sealed = (SELECT page_sealed FROM find_page LIMIT 1)",
		"facts":           "UPDATE find_shelf SET facts_sealed = zeroblob(100)",
		"facts of others": "UPDATE find_shelf SET facts_sealed = (SELECT facts_sealed FROM find_shelf WHERE shelf = 1)",
	} {
		t.Run(name, func(t *testing.T) {
			o, dir := newOffice(t), t.TempDir()
			s := enrolled(t, o, dir)
			f, stop := beginFinding(t, s, 2)
			for i := range 9 {
				visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 王", i), fmt.Sprintf("井水%d号发黄", i), "")
			}
			settled(t, f)
			stop()
			if err := s.update(t.Context(), "", "", func(ctx context.Context, t *tx) error { return t.exec(ctx, spoil) }); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, dir, Options{})
			f, _ = beginFinding(t, s, 2)
			settled(t, f)
			for range 400 { // a search notices what loading did not
				if len(search(t, f, "发黄").Visits) == 9 {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Errorf("finds %v", titles(search(t, f, "发黄")))
		})
	}
}

// A device on which nobody looks for anything writes nothing for it.
func TestNoFinderCostsNothing(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for i := range 5 {
		visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 王", i), "井水发黄", "水管漏水")
	}
	for _, table := range []string{"find_upto", "find_shelf", "find_page", "find_again"} {
		var n int
		if err := s.db.one(t.Context(), "SELECT count(*) FROM "+table, nil, &n); err != nil || n != 0 {
			t.Errorf("%s has %d rows, %v", table, n, err)
		}
	}
}

// Words that the township says in its own way are found by it as soon as it is known.
func TestFinderLearns(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	f, _ := beginFinding(t, s, 2)
	for i := range 3 {
		visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 岙%d", i, i), "都好", "")
	}
	settled(t, f)
	wantFound(t, f, "dou")
	o.publish(o.revision(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeReading, Scope: survey.RegisterScope(county)},
		survey.Fields{survey.ReadingWord: "岙", survey.ReadingSaid: "gào"}))
	apply(t, s, o.page(survey.RegisterScope(county), 3, 10))
	f.Wake()
	for range 400 {
		if len(search(t, f, "gao").Visits) == 3 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the reading is not known")
}

// FuzzFacts reads facts that are none.
func FuzzFacts(f *testing.F) {
	f.Add(appendFact(nil, findFact{id: survey.RecordID{1}, kind: findVisit, when: 7}, "张三"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newCalledBook(newRegister().book, 0)
		facts, err := c.readFacts(data)
		if err != nil {
			return
		}
		var again []byte
		for _, fact := range facts {
			again = appendFact(again, fact, c.name(fact.called))
		}
		if len(again) > len(data) || len(data) < 64 && !bytes.Equal(again[:min(21, len(again))], data[:min(21, len(data))]) {
			t.Error("other facts")
		}
	})
}

// Of many records that have some of a text's grams, only those with all of them are looked at.
func TestFewAreLookedAt(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	f, _ := beginFinding(t, s, 7)
	for i := range 30 {
		visitedWith(t, o, s, survey.RecordID{}, fmt.Sprintf("NO-%05d 王", i), "井水发黄了，路灯不亮", "")
	}
	visitedWith(t, o, s, survey.RecordID{}, "NO-00077 王", "井水发黄，不亮灯", "")
	settled(t, f)
	for query, want := range map[string]int{"发黄不亮": 0, "井水发黄": 31, "不亮灯": 1, "00077": 1, "路灯不亮": 30} {
		_, _, written := f.inMemory(foldText(query), 50)
		if err := f.onShelves(t.Context(), foldText(query), written); err != nil {
			t.Fatal(err)
		}
		if got := written.total[findVisit]; got != want {
			t.Errorf("%q: %d are looked at, want %d", query, got, want)
		}
	}
}

func gramsOf(text string) []grams.Gram { return grams.Of(nil, text) }
