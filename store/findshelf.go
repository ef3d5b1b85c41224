package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"zoucun/internal/grams"
	"zoucun/survey"
)

// putOnShelf makes the tail the next shelf, in one transaction, and begins another tail.
func (f *Finder) putOnShelf(ctx context.Context) error {
	f.mu.RLock()
	facts, pages, last := f.laidOut()
	again, upto := f.tail.again, f.upto
	f.mu.RUnlock()
	if bytes.Compare(last[:], upto[:]) > 0 {
		upto = last
	}
	return f.s.update(ctx, "store.Finder", "", func(ctx context.Context, t *tx) error {
		t.quiet = true
		shelf, err := f.writeShelf(ctx, t, facts, pages)
		if err != nil {
			return err
		}
		t.after = append(t.after, func() { f.begin(shelf, upto) })
		return errors.Join(
			t.exec(ctx, `INSERT INTO find_upto (one, record_id) VALUES (1, ?)
				ON CONFLICT (one) DO UPDATE SET record_id = excluded.record_id`, upto[:]),
			f.cleanAgain(ctx, t, again), f.keepWaiting(ctx, t, upto),
		)
	})
}

// laidOut returns the tail as a shelf has it: only the latest state of each record, and none that has changed since.
func (f *Finder) laidOut() (facts []findFact, pages []grams.Page, last survey.RecordID) {
	numbers := map[uint16]uint16{} // from the tail's to the shelf's
	for at, fact := range f.tail.facts {
		if latest, ok := f.tail.at[fact.id]; !ok || latest != at || f.waiting[fact.id] {
			continue
		}
		numbers[uint16(at)] = uint16(len(facts))
		if facts = append(facts, fact); bytes.Compare(fact.id[:], last[:]) > 0 {
			last = fact.id
		}
	}
	index := f.tail.index.Renumbered(numbers)
	return facts, index.Pages(findPageSize), last
}

func (f *Finder) writeShelf(ctx context.Context, t *tx, facts []findFact, pages []grams.Page) (*findShelf, error) {
	shelf := &findShelf{facts: facts}
	if err := t.row(ctx, "SELECT coalesce(max(shelf), 0) + 1 FROM find_shelf", nil, &shelf.number); err != nil {
		return nil, err
	}
	var beside shelfFacts
	for _, fact := range facts {
		beside.Facts = appendFact(beside.Facts, fact, f.called.name(fact.called))
	}
	for _, page := range pages {
		shelf.firsts = append(shelf.firsts, page.First)
		beside.Firsts = binary.BigEndian.AppendUint64(beside.Firsts, uint64(page.First))
	}
	kept, err := sealed(f.s.vault, beside, placeOf("find_shelf.facts_sealed", shelfRow(shelf.number)))
	if err != nil {
		return nil, err
	}
	if err := t.exec(ctx, "INSERT INTO find_shelf (shelf, facts_sealed) VALUES (?, ?)", shelf.number, kept); err != nil {
		return nil, err
	}
	for i, page := range pages {
		kept := f.s.vault.box.Seal(page.Bytes, placeOf("find_page.page_sealed", pageRow(shelf.number, i)))
		if err := t.exec(ctx, "INSERT INTO find_page (shelf, page, page_sealed) VALUES (?, ?, ?)", shelf.number, i, kept); err != nil {
			return nil, err
		}
	}
	return shelf, nil
}

// keepWaiting notes on the disk what has changed and is behind nobody's back: the scan does not come by there again.
func (f *Finder) keepWaiting(ctx context.Context, t *tx, upto survey.RecordID) error {
	f.mu.RLock()
	var waiting []survey.RecordID
	for id := range f.waiting {
		if bytes.Compare(id[:], upto[:]) <= 0 {
			waiting = append(waiting, id)
		}
	}
	f.mu.RUnlock()
	return putAgain(ctx, t, waiting)
}

func putAgain(ctx context.Context, t *tx, ids []survey.RecordID) error {
	for _, id := range ids {
		if err := t.exec(ctx, "INSERT INTO find_again (record_id) VALUES (?) ON CONFLICT DO NOTHING", id[:]); err != nil {
			return err
		}
	}
	return nil
}

// begin puts a shelf in the place of the tail.
func (f *Finder) begin(shelf *findShelf, upto survey.RecordID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shelves = append(slices.Clip(f.shelves), shelf)
	f.tail, f.upto = findTail{at: map[survey.RecordID]int{}}, upto
}

// dropGone takes shelves off the disk that hold something erased or withdrawn, and has what else was on them read again.
func (f *Finder) dropGone(ctx context.Context) error {
	gone, err := f.s.db.ids(ctx, "SELECT record_id FROM find_again WHERE gone = 1")
	if err != nil || len(gone) == 0 {
		return err
	}
	ids := map[survey.RecordID]bool{}
	for _, id := range gone {
		ids[id] = true
	}
	f.mu.RLock()
	drop := slices.DeleteFunc(slices.Clone(f.shelves), func(shelf *findShelf) bool {
		return !slices.ContainsFunc(shelf.facts, func(fact findFact) bool { return ids[fact.id] })
	})
	f.mu.RUnlock()
	return f.s.update(ctx, "store.Finder", "", func(ctx context.Context, t *tx) error {
		t.quiet, t.erased = true, true
		for _, shelf := range drop {
			if err := dropShelf(ctx, t, shelf); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := t.exec(ctx, "UPDATE find_again SET gone = 0 WHERE record_id = ?", id[:]); err != nil {
				return err
			}
		}
		t.after = append(t.after, func() { f.takeOff(drop, gone) })
		return nil
	})
}

func dropShelf(ctx context.Context, t *tx, shelf *findShelf) error {
	var others []survey.RecordID
	for _, fact := range shelf.facts {
		others = append(others, fact.id)
	}
	return errors.Join(
		putAgain(ctx, t, others),
		t.exec(ctx, "DELETE FROM find_page WHERE shelf = ?", shelf.number),
		t.exec(ctx, "DELETE FROM find_shelf WHERE shelf = ?", shelf.number),
	)
}

// takeOff does in memory what dropGone did on the disk.
func (f *Finder) takeOff(drop []*findShelf, gone []survey.RecordID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shelves = slices.DeleteFunc(slices.Clone(f.shelves), func(shelf *findShelf) bool { return slices.Contains(drop, shelf) })
	for _, shelf := range drop {
		for _, fact := range shelf.facts {
			f.waiting[fact.id] = true
		}
	}
	for _, id := range gone {
		f.waiting[id] = true
	}
}

// unfind has the index forget what records said that a query selects by record_id, before or with what they said itself.
// Where a finder is at work it does so next; where none is, the index goes as a whole.
func (s *Store) unfind(ctx context.Context, t *tx, selected string, args ...any) error {
	var used bool
	if err := t.row(ctx, "SELECT EXISTS (SELECT 1 FROM find_upto)", nil, &used); err != nil || !used {
		return err
	}
	f := s.finder.Load()
	if f == nil {
		return wipeFinding(ctx, t)
	}
	t.after = append(t.after, f.Wake)
	return t.exec(ctx, "INSERT INTO find_again (record_id, gone) SELECT DISTINCT record_id, 1 FROM ("+selected+`) WHERE true
		ON CONFLICT (record_id) DO UPDATE SET gone = 1`, args...)
}
