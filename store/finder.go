package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"zoucun/internal/grams"
	"zoucun/survey"
	"zoucun/sync/merge"
)

// Finder finds visits and problems by what they are called and by what was written in them, among a million of them.
//
// What it knows is derived from the records. Most of it lies in the database on sealed shelves, each of many records that
// were read once: what they are called comes into memory, and of the pages that say which texts have which grams those are
// opened that a search asks for. Records that came or changed since are read again in the background, into the tail, which
// becomes the next shelf when it is long enough. A search looks at what there is meanwhile, and says how much is unread.
//
// A shelf may know an old state of a record: whatever a search comes across is looked at as it is now before it counts.
type Finder struct {
	s      *Store
	shelf  int // records on a shelf
	wake   chan struct{}
	page   *sql.Stmt   // reads a page
	broken atomic.Bool // a page is not what was written

	mu      sync.RWMutex // taken after db.mu
	called  *calledBook
	shelves []*findShelf
	tail    findTail
	waiting map[survey.RecordID]bool // to be read again
	reading bool                     // what is read now stands neither in waiting nor in the tail
	upto    survey.RecordID          // as find_upto
	scanned survey.RecordID          // every record up to here was read
	caught  bool                     // every record was read once, and what changes is noted
	short   bool                     // the last look at what is behind scanned brought few; of Run alone
	loaded  bool                     // every shelf is in memory
	unread  int
	records int
}

// findShelf is a run of records whose index lies on the disk.
type findShelf struct {
	number int64
	facts  []findFact
	firsts []grams.Gram // where its pages begin
}

// findTail is the records that are not on a shelf yet.
type findTail struct {
	facts []findFact
	index grams.Index
	at    map[survey.RecordID]int // where the latest state of each stands in facts
	again []survey.RecordID       // those of them that stand in find_again
}

const (
	findShelfSize = 1 << 15
	findPageSize  = 8 << 10
	findBatch     = 256
)

// NewFinder returns the store's finder, which knows nothing before Run. A store has one at a time.
func (s *Store) NewFinder() *Finder {
	f := &Finder{s: s, shelf: findShelfSize, wake: make(chan struct{}, 1)}
	f.empty()
	s.finder.Store(f)
	return f
}

// empty forgets everything.
func (f *Finder) empty() {
	book, learned := f.s.register.newBook()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called, f.shelves, f.tail, f.waiting = newCalledBook(book, learned), nil, findTail{at: map[survey.RecordID]int{}}, map[survey.RecordID]bool{}
	f.upto, f.scanned, f.caught, f.short, f.loaded, f.reading, f.unread, f.records = survey.RecordID{}, survey.RecordID{}, false, false, false, false, 0, 0
}

// touch notes records that have changed. It is called at the end of every transaction.
func (f *Finder) touch(records []survey.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range records {
		if r.Type != survey.TypeVisit && r.Type != survey.TypeProblem {
			continue
		}
		if f.caught || bytes.Compare(r.ID[:], f.scanned[:]) <= 0 {
			f.waiting[r.ID] = true
		}
	}
	f.Wake()
}

// Wake has the finder look whether there is anything to do.
func (f *Finder) Wake() {
	select {
	case f.wake <- struct{}{}:
	default: // it has been told
	}
}

// Run reads what is not read yet, and goes on with whatever changes, until ctx ends. What is damaged is built anew.
func (f *Finder) Run(ctx context.Context) error {
	for {
		err := f.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
		if survey.KindOf(err) != survey.Damaged {
			return opError("store.Finder", "", err)
		}
		f.s.log.WarnContext(ctx, "the index of texts is built anew", slog.Any("error", err))
		if err := f.rebuild(ctx); err != nil {
			return err
		}
	}
}

func (f *Finder) run(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	for {
		busy, err := f.step(ctx)
		if err != nil {
			return err
		}
		if busy {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-f.wake:
		}
	}
}

// rebuild empties the index, on the disk and in memory.
func (f *Finder) rebuild(ctx context.Context) error {
	return f.s.update(ctx, "store.Finder", "", func(ctx context.Context, t *tx) error {
		t.quiet = true
		t.after = append(t.after, f.empty)
		return wipeFinding(ctx, t)
	})
}

func wipeFinding(ctx context.Context, t *tx) error {
	for _, table := range []string{"find_page", "find_shelf", "find_upto", "find_again"} {
		if err := t.exec(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	return nil
}

// load takes the shelves into memory, one after the other, and what is to be read again.
func (f *Finder) load(ctx context.Context) (err error) {
	if f.page == nil {
		f.page, err = f.s.db.reader.PrepareContext(ctx, "SELECT page_sealed FROM find_page WHERE shelf = ? AND page = ?")
	}
	if err != nil {
		return err
	}
	var numbers []int64
	err = f.s.db.each(ctx, "SELECT shelf FROM find_shelf ORDER BY shelf", nil, func(row rowScan) error {
		var n int64
		err := row(&n)
		numbers = append(numbers, n)
		return err
	})
	if err != nil {
		return err
	}
	read := 0
	for _, n := range numbers {
		size, err := f.loadShelf(ctx, n)
		if err != nil {
			return err
		}
		read += size
	}
	return f.loadRest(ctx, read)
}

func (f *Finder) loadRest(ctx context.Context, read int) error {
	var upto survey.RecordID
	err := f.s.db.one(ctx, "SELECT record_id FROM find_upto", nil, &upto)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var total int
	visit, problem := f.kinds()
	if err := f.s.db.one(ctx, "SELECT count(*) FROM record WHERE type_tag IN (?, ?)", []any{visit, problem}, &total); err != nil {
		return err
	}
	f.mu.Lock()
	f.loaded, f.upto, f.scanned, f.records, f.unread = true, upto, upto, total, max(0, total-read)
	f.mu.Unlock()
	return f.loadAgain(ctx)
}

// loadAgain notes what stands in find_again.
func (f *Finder) loadAgain(ctx context.Context) error {
	var again []survey.RecordID
	err := f.s.db.each(ctx, "SELECT record_id FROM find_again", nil, func(row rowScan) error {
		var id survey.RecordID
		err := row(&id)
		again = append(again, id)
		return err
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range again {
		f.waiting[id] = true
	}
	return err
}

func (f *Finder) kinds() (visit, problem []byte) {
	return f.s.typeTag(survey.TypeVisit), f.s.typeTag(survey.TypeProblem)
}

// shelfFacts is what is sealed beside a shelf's pages.
type shelfFacts struct {
	Facts  []byte `cbor:"1,keyasint"`
	Firsts []byte `cbor:"2,keyasint"` // the first gram of each page, 8 bytes big-endian
}

func shelfRow(shelf int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(shelf)) }

func pageRow(shelf int64, page int) []byte {
	return binary.BigEndian.AppendUint32(shelfRow(shelf), uint32(page))
}

func (f *Finder) loadShelf(ctx context.Context, number int64) (int, error) {
	var kept []byte
	if err := f.s.db.one(ctx, "SELECT facts_sealed FROM find_shelf WHERE shelf = ?", []any{number}, &kept); err != nil {
		return 0, err
	}
	sealed, err := open[shelfFacts](f.s.vault, kept, placeOf("find_shelf.facts_sealed", shelfRow(number)))
	if err != nil {
		return 0, err
	}
	shelf := &findShelf{number: number}
	for first := range slices.Chunk(sealed.Firsts, 8) {
		if len(first) < 8 {
			return 0, damaged("store.Finder", "", errFacts)
		}
		shelf.firsts = append(shelf.firsts, grams.Gram(binary.BigEndian.Uint64(first)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if shelf.facts, err = f.called.readFacts(sealed.Facts); err != nil {
		return 0, damaged("store.Finder", "", err)
	}
	f.shelves = append(f.shelves, shelf)
	return len(shelf.facts), nil
}

// step does one piece of what there is to do, and reports whether there may be more.
func (f *Finder) step(ctx context.Context) (busy bool, err error) {
	if f.broken.Swap(false) {
		return false, damaged("store.Finder", "", errFacts)
	}
	f.relearn()
	if err := f.dropGone(ctx); err != nil {
		return false, err
	}
	f.mu.RLock()
	full, caught := len(f.tail.facts) >= f.shelf, f.caught
	waiting := slices.Collect(maps.Keys(f.waiting))
	f.mu.RUnlock()
	switch {
	case full:
		return true, f.putOnShelf(ctx)
	case len(waiting) > 0:
		return true, f.readAgain(ctx, waiting[:min(len(waiting), findBatch)])
	case !caught:
		return true, f.readOn(ctx)
	}
	return false, nil
}

// relearn spells names anew where the township has said how words are read.
func (f *Finder) relearn() {
	if f.s.register.learnedTimes() == f.called.learned {
		return
	}
	book, learned := f.s.register.newBook()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.called.relearn(book, learned)
}

// readOn reads the records behind those that were read, in the order of their identifiers.
func (f *Finder) readOn(ctx context.Context) error {
	if f.short {
		f.mu.Lock()
		f.caught, f.reading, f.unread = true, true, 0 // before the last look: what comes from here on is noted
		f.mu.Unlock()
	}
	visit, problem := f.kinds()
	// The plus keeps SQLite from looking through all records of a type and sorting them.
	ids, err := f.s.db.ids(ctx, `SELECT record_id FROM record WHERE record_id > ? AND +type_tag IN (?, ?)
		ORDER BY record_id LIMIT ?`, f.scanned[:], visit, problem, findBatch)
	if err != nil {
		return err
	}
	read, err := f.read(ctx, ids)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	f.take(read)
	if len(ids) > 0 {
		f.scanned = ids[len(ids)-1]
	}
	f.unread, f.short = max(0, f.unread-len(ids)), len(ids) < findBatch
	f.caught = f.caught && f.short
	return nil
}

// readAgain reads records that have changed.
func (f *Finder) readAgain(ctx context.Context, ids []survey.RecordID) error {
	f.mu.Lock()
	for _, id := range ids {
		delete(f.waiting, id) // before they are read: what changes from here on is noted anew
	}
	f.reading = true
	f.mu.Unlock()
	visit, problem := f.kinds()
	args := []any{visit, problem}
	for _, id := range ids {
		args = append(args, id[:])
	}
	found, err := f.s.db.ids(ctx, "SELECT record_id FROM record WHERE +type_tag IN (?, ?) AND record_id IN ("+marks(len(ids))+")", args...)
	if err != nil {
		return err
	}
	read, err := f.read(ctx, found)
	if err != nil {
		return err
	}
	f.mu.Lock()
	for _, id := range ids {
		delete(f.tail.at, id) // what it said before counts no more
	}
	f.reading = false
	f.take(read)
	f.tail.again = append(f.tail.again, found...)
	f.mu.Unlock()
	here := map[survey.RecordID]bool{}
	for _, id := range found {
		here[id] = true
	}
	return f.forgetAgain(ctx, slices.DeleteFunc(ids, func(id survey.RecordID) bool { return here[id] }))
}

// forgetAgain takes records off find_again that are neither visits nor problems, or are here no more.
func (f *Finder) forgetAgain(ctx context.Context, ids []survey.RecordID) error {
	if len(ids) == 0 {
		return nil
	}
	return f.s.update(ctx, "store.Finder", "", func(ctx context.Context, t *tx) error {
		t.quiet = true
		return f.cleanAgain(ctx, t, ids)
	})
}

// cleanAgain takes records off find_again, but for those that have changed once more.
func (f *Finder) cleanAgain(ctx context.Context, t *tx, ids []survey.RecordID) error {
	f.mu.RLock()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id survey.RecordID) bool { return f.waiting[id] })
	f.mu.RUnlock()
	for _, id := range ids {
		if err := t.exec(ctx, "DELETE FROM find_again WHERE record_id = ? AND gone = 0", id[:]); err != nil {
			return err
		}
	}
	return nil
}

// reading is a record as the index takes it.
type findReading struct {
	fact  findFact
	name  string
	grams []grams.Gram
}

// read opens records and works out how they are found.
func (f *Finder) read(ctx context.Context, ids []survey.RecordID) ([]findReading, error) {
	records, err := f.s.whole(ctx, ids)
	if err != nil {
		return nil, err
	}
	var read []findReading
	for _, r := range records {
		if r.Voided {
			continue
		}
		one := findReading{fact: findFact{id: r.ID, when: secondsOf(r.Updated), kind: findKindOf(r.Type)}, name: calledOf(r)}
		for _, value := range r.Fields {
			if isWritten(value) {
				one.grams = grams.Of(one.grams, foldText(value))
			}
		}
		read = append(read, one)
	}
	return read, nil
}

// take puts what was read at the end of the tail. The caller holds mu.
func (f *Finder) take(read []findReading) {
	for _, one := range read {
		one.fact.called = f.called.of([]byte(one.name))
		at := len(f.tail.facts)
		f.tail.facts = append(f.tail.facts, one.fact)
		f.tail.index.Add(uint16(at), one.grams)
		f.tail.at[one.fact.id] = at
	}
}

// whole returns records with everything they say, each as its revisions amount to now, in the order of the identifiers
// asked for. One that is not here is left out.
func (s *Store) whole(ctx context.Context, ids []survey.RecordID) ([]survey.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id[:]
	}
	edits := make(map[survey.RecordID][]merge.Edit, len(ids))
	err := s.db.each(ctx, "SELECT record_id, rev_id, hlc, payload_sealed FROM revision WHERE record_id IN ("+marks(len(ids))+")", args,
		func(row rowScan) error {
			var record survey.RecordID
			var revision survey.RevID
			var hlc int64
			var payload []byte
			if err := row(&record, &revision, &hlc, &payload); err != nil {
				return err
			}
			edit, err := s.openEdit(revision, survey.HLC(hlc), payload)
			if s.leaveOut(ctx, placeOf("revision.payload_sealed", revision[:]), err) {
				return nil
			}
			edits[record] = append(edits[record], edit)
			return err
		})
	var records []survey.Record
	for _, id := range ids {
		if of := edits[id]; len(of) > 0 {
			records = append(records, merge.Apply(of))
		}
	}
	return records, err
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
