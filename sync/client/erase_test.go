package client

import (
	"os"
	"path/filepath"
	"testing"

	"zoucun/survey"
)

// A household is erased on the server while one tablet has written about it, another has read that, and a third is
// enrolled only afterwards: over real HTTP, on real databases.
func TestErasureTravelsToEveryReplica(t *testing.T) {
	o := newOffice(t)
	writer, reader := newTablet(t, o, nil), newTablet(t, o, nil)
	for _, tab := range []*tablet{writer, reader} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
	}
	visit := writer.finish(t, []byte("照片"))
	looked := survey.Access{Scope: survey.VillageScope(o.village), Household: o.home, Person: o.cadre, Act: survey.ActShow, Reason: "群众要求查看"}
	if err := writer.LogAccess(t.Context(), looked); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []*tablet{writer, reader} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
	}
	if held, err := reader.Held(t.Context(), o.home); err != nil || len(held) != 3 {
		t.Fatalf("the reader holds %d records, %v; want household, visit and look", len(held), err)
	}

	n, err := o.central.Erase(t.Context(), o.cadre, []survey.Erasure{{Record: o.home}, {Record: visit}})
	if err != nil || n != 2 {
		t.Fatalf("Erase = %d, %v", n, err)
	}
	if swept, err := o.central.Sweep(t.Context(), o.blobs.Remove); err != nil || swept != 1 {
		t.Errorf("Sweep = %d, %v; want the photo", swept, err)
	}
	latecomer := newTablet(t, o, nil)
	for name, tab := range map[string]*tablet{"the writer": writer, "the reader": reader, "the latecomer": latecomer} {
		if err := tab.round(t); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		held, err := tab.Held(t.Context(), o.home)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range held {
			for _, s := range h.Statements {
				if h.Record.Type != survey.TypeAccess && len(s.Body.Fields)+len(s.Body.Attachments) > 0 {
					t.Errorf("%s still holds a %s that says something", name, h.Record.Type)
				}
			}
		}
		if found := tab.SearchHouseholds(o.village, "", 0); len(found) > 0 {
			t.Errorf("%s still lists %+v", name, found)
		}
		if k := tab.safekeeping(t); k.Waiting > 0 || k.Files > 0 {
			t.Errorf("%s still waits with %+v", name, k)
		}
	}
	if photos, err := filepath.Glob(filepath.Join(o.folder.Blobs(), "*", "*")); err != nil || len(photos) > 0 {
		t.Errorf("the server still has %v, %v", photos, err)
	}

	again := writer.finish(t, []byte("另一张"))
	if err := writer.round(t); err != nil {
		t.Fatal(err)
	}
	if _, ok := o.visits(t)[again]; !ok {
		t.Error("a visit after the erasure did not arrive")
	}
	if audit, err := o.central.Audit(t.Context()); err != nil || len(audit.Faults) > 0 || audit.Erased != 2 {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

// A tablet that was offline has gone on writing about a household that was erased meanwhile.
func TestOfflineEditAfterAnErasureIsSeen(t *testing.T) {
	o := newOffice(t)
	tab, other := newTablet(t, o, nil), newTablet(t, o, nil)
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if err := tab.Correct(t.Context(), survey.Correction{
		Record: o.home, Household: o.home, Author: o.cadre, Fields: survey.Fields{survey.HouseholdPhone: "13900000009"}, Reason: "本人说",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.central.Erase(t.Context(), o.cadre, []survey.Erasure{{Record: o.home}}); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []*tablet{tab, other} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
	}
	for _, tab := range []*tablet{tab, other} {
		found := tab.SearchHouseholds(o.village, "", 0)
		if len(found) != 1 || !found[0].Conflicted || found[0].Phone != "13900000009" {
			t.Errorf("households %+v; want the edit, in conflict with the erasure", found)
		}
	}
	late, err := o.central.Late(t.Context())
	if err != nil || len(late) != 1 {
		t.Fatalf("Late = %v, %v", late, err)
	}
	if _, err := o.central.Erase(t.Context(), o.cadre, []survey.Erasure{{Record: o.home}}); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []*tablet{tab, other} {
		if err := tab.round(t); err != nil {
			t.Fatal(err)
		}
		if found := tab.SearchHouseholds(o.village, "", 0); len(found) > 0 {
			t.Errorf("households %+v", found)
		}
	}
}

func TestNoFileOfATabletHoldsAnErasedPhoto(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	tab := openTablet(t, o, dir, nil)
	if _, err := Enrol(t.Context(), tab.Store, o.http.URL, o.code(t), tab.agent.o); err != nil {
		t.Fatal(err)
	}
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	visit := tab.finish(t, []byte("照片"))
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "blobs")); err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if _, err := o.central.Erase(t.Context(), o.cadre, []survey.Erasure{{Record: visit, Keep: survey.Fields{"visit_date": "2026-11-23"}}}); err != nil {
		t.Fatal(err)
	}
	if err := tab.round(t); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "blobs")); err != nil || len(files) > 0 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if visits, err := tab.Delivered(t.Context(), 0); err != nil || len(visits) != 1 {
		t.Errorf("visits %+v, %v; what was to stay counts on", visits, err)
	}
}
