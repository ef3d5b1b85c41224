package workbench

import (
	"context"
	"errors"
	"testing"

	"zoucun/survey"
	"zoucun/tally"
)

// shelf is records that change while they are read.
type shelf struct {
	records []survey.Record
	hear    func([]survey.Record)
	between func() // called before the last record is read
}

func (s *shelf) Whole(_ context.Context, kind survey.RecordType, use func(survey.Record) error) error {
	for i, r := range s.records {
		if i == len(s.records)-1 && s.between != nil {
			s.between()
			s.between = nil
		}
		if r.Type != kind {
			continue
		}
		if err := use(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Faces(ctx context.Context, kind survey.RecordType, use func(survey.Record) error) error {
	return s.Whole(ctx, kind, use)
}

func (s *shelf) OnSettled(use func([]survey.Record)) func() {
	s.hear = use
	return func() { s.hear = nil }
}

func (s *shelf) Joined() map[survey.RecordID]survey.RecordID { return nil }

// What changes while the book is being filled stays as it has become, whenever it is read.
func TestABookKeepsWhatCameWhileItWasFilled(t *testing.T) {
	home := survey.Household{ID: survey.RecordID{1}, Village: survey.RecordID{9}, Location: survey.Roadside, Resident: -1, Away: -1}
	old := survey.Record{ID: home.ID, Type: survey.TypeHousehold, Scope: survey.ScopeID{9}, Fields: home.Fields()}
	home.Location = survey.Remote
	now := old
	now.Fields = home.Fields()
	s := &shelf{records: []survey.Record{old}}
	s.between = func() { s.hear([]survey.Record{now}) }
	b := NewBook(s)
	if b.Full() {
		t.Error("full before it was filled")
	}
	if err := b.Fill(t.Context()); err != nil || !b.Full() {
		t.Fatal(err, b.Full())
	}
	if total := b.Tree(tally.Question{}).Total; total[tally.RemoteDue] != 1 || total[tally.RoadsideDue] != 0 {
		t.Errorf("the household is as it was: %v", total)
	}
	s.hear([]survey.Record{old})
	if total := b.Tree(tally.Question{}).Total; total[tally.RoadsideDue] != 1 {
		t.Errorf("what comes later is not followed: %v", total)
	}
	b.Close()
	if s.hear != nil {
		t.Error("it still listens")
	}
}

func TestFillingABookIsStopped(t *testing.T) {
	s := &shelf{records: []survey.Record{{ID: survey.RecordID{1}, Type: survey.TypeHousehold}}}
	b := NewBook(s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Fill(ctx); !errors.Is(err, context.Canceled) || b.Full() {
		t.Errorf("Fill = %v, full %v", err, b.Full())
	}
}
