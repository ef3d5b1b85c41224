package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"zoucun/survey"
)

// roster is an import of a village's households, the import's own amendment first.
func (o *office) roster(of *survey.Import, households int) iter.Seq[survey.Amendment] {
	author := o.cadre
	return func(yield func(survey.Amendment) bool) {
		of.Added = households
		if !yield(survey.Amendment{
			Record: of.ID, Type: survey.TypeImport, Kind: survey.Put, Scope: survey.RegisterScope(county), Author: author, Fields: of.Fields(),
		}) {
			return
		}
		for i := range households {
			code := fmt.Sprintf("%06d", i)
			h := survey.Household{Code: code, Head: "王" + code, Village: o.village, Group: o.group, Phone: "138" + code + "00", Resident: 3, Away: 1}
			if !yield(survey.Amendment{
				Record: survey.DerivedID[survey.RecordID](o.scope(), "household/"+code), Type: survey.TypeHousehold, Kind: survey.Put,
				Scope: o.scope(), Author: author, Fields: h.Fields(), Note: of.Note(),
			}) {
				return
			}
		}
	}
}

func newImport() *survey.Import {
	return &survey.Import{ID: survey.NewID[survey.RecordID](), Name: "花名册.xlsx", Of: survey.TypeHousehold, Back: -1}
}

func TestImportIsUndoneAsAWhole(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	held := o.household(t, "QC-001", "𬱖𠮷", "1号", "13800000001")
	apply(t, s, o.page(o.scope(), 0, 1))
	of := newImport()
	told := 0
	change := o.amendment(held, survey.Fields{survey.HouseholdPhone: "13900000009"})
	change.Note = of.Note()
	err := s.AmendAll(t.Context(), func(yield func(survey.Amendment) bool) {
		for a := range o.roster(of, 250) {
			if a.Type == survey.TypeImport {
				of.Changed = 1
				a.Fields = of.Fields()
			}
			if !yield(a) {
				return
			}
		}
		yield(change)
	}, func(n int) { told = n })
	if err != nil || told != 252 || s.HouseholdCount(o.village) != 251 {
		t.Fatalf("imported %d, told %d, %v", s.HouseholdCount(o.village), told, err)
	}
	touched := survey.DerivedID[survey.RecordID](o.scope(), "household/000007")
	if err := s.Amend(t.Context(), o.amendment(touched, survey.Fields{survey.HouseholdDoor: "7号"})); err != nil {
		t.Fatal(err)
	}
	back, left, err := s.UndoImport(t.Context(), of.ID, o.cadre, nil)
	if err != nil || back != 250 || left != 1 {
		t.Errorf("took back %d, left %d, %v", back, left, err)
	}
	if n := s.HouseholdCount(o.village); n != 2 {
		t.Errorf("%d households after undoing, want the one from before and the one somebody has changed since", n)
	}
	if h, err := s.Household(t.Context(), held); err != nil || h.Phone != "13800000001" {
		t.Errorf("the phone is %q, %v", h.Phone, err)
	}
	if _, _, err := s.UndoImport(t.Context(), of.ID, o.cadre, nil); survey.KindOf(err) != survey.Conflicting {
		t.Errorf("undone twice: %v", err)
	}
}

func TestCancelledImportLeavesNothing(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	err := s.AmendAll(ctx, o.roster(newImport(), 1000), func(n int) {
		if n >= 500 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if n, err := s.Unsigned(t.Context()); n != 0 || err != nil || s.HouseholdCount(o.village) != 0 {
		t.Errorf("%d entries and %d households are left, %v", n, s.HouseholdCount(o.village), err)
	}
}

// BenchmarkImport writes a roster of 100,000 households in one transaction; the goal with reading and comparing is 30 s.
func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		o := newOffice(b)
		s := enrolled(b, o, b.TempDir())
		if err := s.AmendAll(b.Context(), o.roster(newImport(), 100_000), nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap())/1e6, "MB-heap")
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
