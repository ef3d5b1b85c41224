package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

func TestWhatIsSettledIsToldAsItIsInOrder(t *testing.T) {
	plain := survey.Record{Type: survey.TypeHousehold, Heads: []survey.RevID{{1}}, Updated: 7, Fields: survey.Fields{"label": "王建国"}}
	odd := plain
	odd.Conflicts, odd.TimeUnsure = []survey.Conflict{{Field: "phone"}}, true
	parted := plain
	parted.Heads = []survey.RevID{{1}, {2}}
	card := plain
	card.Heads, card.Voided, card.Form, card.Files = nil, true, "QZ-01", []survey.Attachment{{Name: "a"}}
	var s settledRecords
	var want, got []survey.Record
	for range 2*settledRun + 3 {
		for _, r := range []survey.Record{plain, odd, parted, card} {
			r.ID = survey.NewID[survey.RecordID]()
			s.add(r)
			want = append(want, r)
		}
	}
	s.each(func(records []survey.Record) { got = append(got, records...) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
