package workbench

import (
	"context"
	"fmt"
	"sync"

	"zoucun/survey"
	"zoucun/tally"
)

// Counting is where records are counted from.
type Counting interface {
	Whole(ctx context.Context, kind survey.RecordType, use func(survey.Record) error) error
	Faces(ctx context.Context, kind survey.RecordType, use func(survey.Record) error) error
	OnSettled(use func([]survey.Record)) (stop func())
	Joined() map[survey.RecordID]survey.RecordID
}

// Book keeps a tally of everything this device holds: it is filled once, in the background, and then follows every
// change. It may be used from several goroutines.
type Book struct {
	*tally.Tally

	store Counting
	stop  func()
	mu    sync.Mutex
	came  map[survey.RecordID]bool // what has changed while the book was being filled; nil once it is full
}

// NewBook returns a book that is empty until Fill, and hears of changes from now on.
func NewBook(store Counting) *Book {
	b := &Book{Tally: tally.New(), store: store, came: map[survey.RecordID]bool{}}
	b.Joined = store.Joined
	b.stop = store.OnSettled(b.hear)
	return b
}

// hear takes records that have changed. What is read later of how they were before is passed over.
func (b *Book) hear(records []survey.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.came != nil {
		for _, r := range records {
			b.came[r.ID] = true
		}
	}
	b.Put(records...)
}

// Fill reads everything. It returns when all is counted, or with the context's error.
func (b *Book) Fill(ctx context.Context) error {
	take := func(r survey.Record) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.came == nil || !b.came[r.ID] {
			b.Put(r)
		}
		return ctx.Err() //nolint:wrapcheck // the caller's own
	}
	if err := b.store.Faces(ctx, survey.TypeHousehold, take); err != nil {
		return fmt.Errorf("workbench.Fill: %w", err)
	}
	for _, kind := range []survey.RecordType{survey.TypeProblem, survey.TypeVisit} {
		read := b.store.Whole
		if kind == survey.TypeProblem {
			read = b.store.Faces // the face of a problem says all of it
		}
		if err := read(ctx, kind, take); err != nil {
			return fmt.Errorf("workbench.Fill: %w", err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came = nil
	return nil
}

// Full reports whether everything has been read.
func (b *Book) Full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.came == nil
}

// Close ends the following of changes.
func (b *Book) Close() { b.stop() }
