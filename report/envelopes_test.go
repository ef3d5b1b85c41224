package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zoucun/survey"
)

// sealedRecords are envelopes of two villages, with something in every field that must not be seen.
func sealedRecords() []survey.Record {
	scope := survey.VillageScope(survey.RecordID{1})
	one := func(n byte, scope survey.ScopeID, office string) survey.Record {
		return survey.Record{ID: survey.RecordID{n}, Type: survey.TypeSealed, Scope: scope, Fields: survey.Fields{
			survey.EnvelopeOffice: office, survey.EnvelopeKey: "age1secretkey", survey.EnvelopeContent: "Q0lQSEVSVEVYVA==", "stray": "他收了钱",
		}}
	}
	return []survey.Record{
		{ID: survey.RecordID{1}, Type: survey.TypePlace, Fields: survey.Fields{survey.PlaceName: "青塘村"}},
		one(0x10, scope, "县纪委监委"), one(0x11, scope, "县信访局"), one(0x12, scope, "县纪委监委"),
		one(0x13, survey.ScopeID{9}, "县\x1b[2J纪\u202e委"+strings.Repeat("长", 100)),
	}
}

func TestEnvelopesAreCountedAndNotShown(t *testing.T) {
	tables := Tables(Data{Records: sealedRecords()})
	got := tables[len(tables)-1]
	want := [][]string{
		{survey.ScopeID{9}.String(), "县[2J纪委" + strings.Repeat("长", 34) + "…", "1"},
		{"青塘村", "县信访局", "1"},
		{"青塘村", "县纪委监委", "2"},
	}
	if diff := cmp.Diff(want, got.Rows); diff != "" || got.Name != "封存件" {
		t.Errorf("%s: %s", got.Name, diff)
	}
	var book bytes.Buffer
	if err := Write(&book, tables); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		for _, row := range append(table.Rows, columnsOf(table)) {
			all := strings.Join(row, "|")
			for _, hidden := range []string{"age1", "Q0lQ", "他收了钱", "stray"} {
				if strings.Contains(all, hidden) {
					t.Errorf("table %s shows %q: %s", table.Name, hidden, all)
				}
			}
		}
	}
}

func columnsOf(table Table) []string {
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Label, c.Name)
	}
	return names
}

func TestWithoutEnvelopesThereIsNoTableOfThem(t *testing.T) {
	for _, table := range Tables(Data{Records: sealedRecords()[:1]}) {
		if table.Name == "封存件" {
			t.Error("a table of nothing")
		}
	}
}
