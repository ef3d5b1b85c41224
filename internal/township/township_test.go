package township

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func TestSameSeedSameTownship(t *testing.T) {
	if diff := cmp.Diff(New(7, Households), New(7, Households)); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	if cmp.Equal(New(7, Households), New(8, Households)) {
		t.Error("another seed gives the same township")
	}
}

func TestDefaultTownship(t *testing.T) {
	town := New(1, Households)
	if len(town.Villages) != 3 || len(town.Staff) != 5 || len(town.Good()) != Households {
		t.Errorf("%d villages, %d staff, %d good rows", len(town.Villages), len(town.Staff), len(town.Good()))
	}
	if faulty := len(town.Rows) - Households; faulty < 10 || faulty > 15 {
		t.Errorf("%d faulty rows of %d, want about 3 %%", faulty, len(town.Rows))
	}
	seen := map[Fault]bool{}
	rare := map[rune]bool{}
	for _, row := range town.Rows {
		seen[row.Fault] = true
		for _, r := range row.Head {
			rare[r] = true
		}
	}
	if len(seen) != len(faults)+1 {
		t.Errorf("faults shown: %v, want all %d", seen, len(faults))
	}
	for _, r := range rareCharacters {
		if !rare[r] {
			t.Errorf("no name has %c", r)
		}
	}
}

func TestAnySizeHasItsHouseholds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		households := rapid.IntRange(0, 9000).Draw(t, "households")
		town := New(rapid.Uint64().Draw(t, "seed"), households)
		good := town.Good()
		if len(good) != households {
			t.Fatalf("%d good rows, want %d", len(good), households)
		}
		codes := map[[2]string]bool{}
		for _, row := range good {
			if !utf8.ValidString(row.Head) || row.Head == "" || row.Group == "" {
				t.Fatalf("row %+v", row)
			}
			codes[[2]string{row.Village, row.Code}] = true
		}
		if len(codes) != households {
			t.Fatalf("%d distinct codes for %d households", len(codes), households)
		}
	})
}

func TestThirtyThousandHouseholdsAreAHundredThousandPersons(t *testing.T) {
	town := New(1, 30_000)
	persons, rare := 0, 0
	for _, row := range town.Good() {
		persons += 1 + len(row.Members)
		for _, member := range row.Members {
			if strings.ContainsAny(member, string(rareCharacters)) {
				rare++
			}
		}
	}
	if persons != 100_000 || rare == 0 {
		t.Errorf("%d persons, %d members with a rare character", persons, rare)
	}
}

func TestWorkbookOpens(t *testing.T) {
	var file bytes.Buffer
	town := New(1, Households)
	if err := town.Write(&file); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	merged, err := book.GetMergeCells(rosterSheet, true)
	if err != nil || len(merged) != 2+len(town.Villages) {
		t.Errorf("%d merged cells (%v), want the titles and one for each village", len(merged), err)
	}
	if head, err := book.GetCellValue(rosterSheet, "E3"); err != nil || head != "户主" {
		t.Errorf("E3 = %q, %v", head, err)
	}
}
