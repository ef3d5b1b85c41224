package report

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zoucun/internal/township"
	"zoucun/survey"
)

const county = 999999

// apply holds what Changes says to write.
func apply(held []survey.Record, changes Changes) []survey.Record {
	byID := map[survey.RecordID]survey.Record{}
	var order []survey.RecordID
	for _, record := range slices.Concat(held, changes.Records) {
		before, known := byID[record.ID]
		if !known {
			order = append(order, record.ID)
		}
		fields := survey.Fields{}
		maps.Copy(fields, before.Fields)
		maps.Copy(fields, record.Fields)
		maps.DeleteFunc(fields, func(_ survey.FieldPath, value string) bool { return value == "" })
		record.Fields, record.Voided = fields, record.Voided || before.Voided
		byID[record.ID] = record
	}
	var after []survey.Record
	for _, id := range order {
		after = append(after, byID[id])
	}
	return after
}

func household(t *testing.T, held []survey.Record, code string) *survey.Record {
	t.Helper()
	for n := range held {
		if held[n].Type == survey.TypeHousehold && held[n].Fields[survey.HouseholdCode] == code {
			return &held[n]
		}
	}
	t.Fatalf("no household %s", code)
	return nil
}

func rosterOf(rows ...RosterRow) Roster { return Roster{Rows: rows} }

func rosterRow(code, head, phone string) RosterRow {
	return RosterRow{Village: "大坪村", Group: "1组", Household: survey.Household{Code: code, Head: head, Phone: phone, Resident: 2, Away: -1}}
}

func TestChangesOfAFirstImport(t *testing.T) {
	roster := rosterOf(rosterRow("001", "甲", "15400000001"), rosterRow("002", "乙", ""))
	roster.Staff = []StaffRow{{Name: "尉迟𬱖", Post: "驻村干部"}}
	changes := roster.Changes(county, nil)
	want := []Tally{{Word: "村", Added: 1}, {Word: "组", Added: 1}, {Word: "户", Added: 2}, {Word: "工作人员", Added: 1}}
	if diff := cmp.Diff(want, changes.Tallies); diff != "" {
		t.Error(diff)
	}
	village := VillageID(county, "大坪村")
	got := survey.HouseholdOf(*household(t, changes.Records, "001"))
	if got.Village != village || got.Scope != survey.VillageScope(village) || got.Head != "甲" || got.Resident != 2 || got.Away != -1 {
		t.Errorf("household %+v", got)
	}
}

func TestImportingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		town := township.New(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 30).Draw(rt, "households"))
		roster := readTownship(t, town)
		held := apply(nil, roster.Changes(county, nil))
		again := roster.Changes(county, held)
		if len(again.Records) != 0 || again.Absent != 0 {
			rt.Fatalf("%d records, %d absent", len(again.Records), again.Absent)
		}
		for _, tally := range again.Tallies {
			if tally.Added+tally.Updated != 0 {
				rt.Fatalf("%+v", tally)
			}
		}
	})
}

func TestRosterDoesNotUndoWhatAVisitFound(t *testing.T) {
	held := apply(nil, rosterOf(rosterRow("001", "甲", "15400000001")).Changes(county, nil))
	visited := household(t, held, "001")
	visited.Fields = maps.Clone(visited.Fields)
	visited.Fields[survey.HouseholdPhone] = "15400009999"
	visited.Fields["livelihood"] = "farming"

	t.Run("when the old roster is imported again", func(t *testing.T) {
		if changes := rosterOf(rosterRow("001", "甲", "15400000001")).Changes(county, held); len(changes.Records) != 0 {
			t.Errorf("wrote %+v", changes.Records)
		}
	})
	t.Run("when the new roster changes another field", func(t *testing.T) {
		after := apply(held, rosterOf(rosterRow("001", "甲一", "15400000001")).Changes(county, held))
		got := household(t, after, "001").Fields
		if got[survey.HouseholdHead] != "甲一" || got[survey.HouseholdPhone] != "15400009999" || got["livelihood"] != "farming" {
			t.Errorf("fields %v", got)
		}
	})
	t.Run("unless the new roster changes that field", func(t *testing.T) {
		after := apply(held, rosterOf(rosterRow("001", "甲", "15400000002")).Changes(county, held))
		if got := household(t, after, "001").Fields[survey.HouseholdPhone]; got != "15400000002" {
			t.Errorf("phone %s", got)
		}
	})
	t.Run("or takes it away", func(t *testing.T) {
		after := apply(held, rosterOf(rosterRow("001", "甲", "")).Changes(county, held))
		if got, there := household(t, after, "001").Fields[survey.HouseholdPhone]; there {
			t.Errorf("phone %s", got)
		}
	})
}

func TestVoidedAndAbsentHouseholdsAreLeftAlone(t *testing.T) {
	held := apply(nil, rosterOf(rosterRow("001", "甲", ""), rosterRow("002", "乙", ""), rosterRow("003", "丙", "")).Changes(county, nil))
	household(t, held, "001").Voided = true
	changes := rosterOf(rosterRow("001", "甲一", ""), rosterRow("002", "乙", "")).Changes(county, held)
	if len(changes.Records) != 0 || changes.Absent != 1 {
		t.Errorf("%d records, %d absent; want none and 003", len(changes.Records), changes.Absent)
	}
}

func TestCodesWithAndWithoutZerosAreOneHousehold(t *testing.T) {
	held := apply(nil, rosterOf(rosterRow("1", "甲", "")).Changes(county, nil))
	changes := rosterOf(rosterRow("001", "甲", "")).Changes(county, held)
	if len(changes.Records) != 1 || changes.Tallies[2].Updated != 1 {
		t.Errorf("changes %+v", changes)
	}
}

func TestNewPlacesComeLast(t *testing.T) {
	first := rosterRow("1", "甲", "")
	held := apply(nil, rosterOf(first).Changes(county, nil))
	other := RosterRow{Village: "柳湾村", Group: "9组", Household: first.Household}
	held = apply(held, rosterOf(other).Changes(county, held))
	var order []string
	for _, record := range held {
		if place := survey.PlaceOf(record); record.Type == survey.TypePlace && place.Parent.IsZero() {
			order = append(order, strings.Repeat("+", place.Order)+place.Name)
		}
	}
	if diff := cmp.Diff([]string{"+大坪村", "++柳湾村"}, order); diff != "" {
		t.Error(diff)
	}
}
