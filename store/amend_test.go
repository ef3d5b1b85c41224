package store

import (
	"testing"

	"zoucun/survey"
)

// amendment returns one that changes a household as somebody at the township does.
func (o *office) amendment(id survey.RecordID, fields survey.Fields) survey.Amendment {
	return survey.Amendment{
		Record: id, Type: survey.TypeHousehold, Kind: survey.Put, Scope: o.scope(), Author: survey.NewID[survey.PersonID](), Fields: fields,
	}
}

func TestAmendmentIsInRecordAndLog(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 1))
	change := o.amendment(home, survey.Fields{survey.HouseholdDoor: "2号", survey.HouseholdPhone: ""})
	change.Note = "门牌换了"
	if err := s.Amend(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	held, err := s.Holding(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	fields := held.Record.Fields
	if fields[survey.HouseholdDoor] != "2号" || fields[survey.HouseholdPhone] != "" || fields[survey.HouseholdHead] != "𬱖𠮷" {
		t.Errorf("the record says %v", fields)
	}
	if last := held.Statements[len(held.Statements)-1]; last.Body.Note != "门牌换了" {
		t.Errorf("the note is %q", last.Body.Note)
	}
	if n, err := s.Unsigned(t.Context()); err != nil || n != 1 {
		t.Errorf("%d entries wait for the server, %v", n, err)
	}
}

// TestAmendmentsHoldTogether writes two of which the second was made by somebody who saw an older state.
func TestAmendmentsHoldTogether(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 1))
	held, err := s.Holding(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	first, second := o.amendment(home, survey.Fields{survey.HouseholdDoor: "2号"}), o.amendment(home, survey.Fields{survey.HouseholdDoor: "3号"})
	first.Heads, second.Heads = held.Record.Heads, held.Record.Heads
	if err := s.Amend(t.Context(), first, second); survey.KindOf(err) != survey.Conflicting || survey.MessageOf(err) == "" {
		t.Errorf("amending twice what was seen once: %v", err)
	}
	if n, err := s.Unsigned(t.Context()); err != nil || n != 0 {
		t.Errorf("%d entries of a refused amendment are in the log, %v", n, err)
	}
	if err := s.Amend(t.Context(), first); err != nil {
		t.Error(err)
	}
}

// TestVoidIsUndone takes a household out of use and into use again.
func TestVoidIsUndone(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 1))
	void := o.amendment(home, nil)
	void.Kind = survey.Void
	if err := s.Amend(t.Context(), void); err != nil {
		t.Fatal(err)
	}
	if s.HouseholdCount(o.village) != 0 {
		t.Error("a household out of use is listed")
	}
	voided := 0
	err := s.Records(t.Context(), survey.TypeHousehold, o.scope(), func(r survey.Record) error {
		if r.Voided {
			voided++
		}
		return nil
	})
	if err != nil || voided != 1 {
		t.Errorf("%d households out of use, %v", voided, err)
	}
	if err := s.Amend(t.Context(), o.amendment(home, nil)); err != nil {
		t.Fatal(err)
	}
	if h, err := s.Household(t.Context(), home); err != nil || h.Head != "𬱖𠮷" {
		t.Errorf("back in use it is %v, %v", h, err)
	}
}

// TestConflictedUntilDecided lets two edits part and decides between them.
func TestConflictedUntilDecided(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	home := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 1))
	held, err := s.Holding(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Amend(t.Context(), o.amendment(home, survey.Fields{survey.HouseholdPhone: "13900000002"})); err != nil {
		t.Fatal(err)
	}
	o.publish(o.revision(t, survey.Header{
		Record: home, Type: survey.TypeHousehold, Kind: survey.Put, Scope: o.scope(), Parents: held.Record.Heads,
		Touched: []survey.FieldPath{survey.HouseholdPhone},
	}, survey.Fields{survey.HouseholdHead: "𬱖𠮷", survey.HouseholdDoor: "1号", survey.HouseholdPhone: "13700000003"}))
	apply(t, s, o.page(o.scope(), 1, 1))
	if ids, err := s.Conflicted(t.Context()); err != nil || len(ids) != 1 || ids[0] != home {
		t.Fatalf("conflicted: %v, %v", ids, err)
	}
	decision := o.amendment(home, survey.Fields{survey.HouseholdPhone: "13700000003"})
	decision.Kind = survey.Merge
	if err := s.Amend(t.Context(), decision); err != nil {
		t.Fatal(err)
	}
	if ids, err := s.Conflicted(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("after the decision: %v, %v", ids, err)
	}
}
