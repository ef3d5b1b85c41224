package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// heldExample is a household that was corrected, a visit, and a look.
func heldExample() []survey.Holding {
	home, cadre, village := survey.RecordID{1}, survey.PersonID{2}, survey.ScopeID{3}
	at := survey.HLC(0).Next(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))
	head := func(of survey.RecordType) survey.Header {
		return survey.Header{Type: of, Kind: survey.Put, Author: cadre}
	}
	now := survey.Fields{survey.HouseholdHead: "王秀英", survey.HouseholdPhone: "13900000009", survey.HouseholdVillage: village.String()}
	before := survey.Fields{survey.HouseholdHead: "王秀英", survey.HouseholdPhone: "13800000001"}
	visit := survey.Fields{"note": "<script>alert(1)</script>", "issues[k1]/title": "路灯不亮", survey.VisitHousehold: home.String()}
	look := survey.Access{Household: home, Act: survey.ActShow, Reason: "本人要求", Where: survey.WhereDevice, At: 1}
	return []survey.Holding{
		{
			Record: survey.Record{ID: home, Type: survey.TypeHousehold, Scope: village, Fields: now},
			Statements: []survey.Statement{
				{Header: head(survey.TypeHousehold), Erased: true, HLC: at},
				{Header: head(survey.TypeHousehold), Body: survey.Body{Fields: before}, HLC: at + 1},
				{Header: head(survey.TypeHousehold), Body: survey.Body{Fields: now, Note: "号码换了"}, HLC: at + 2},
			},
		},
		{
			Record:     survey.Record{ID: survey.RecordID{4}, Type: survey.TypeVisit, Scope: village, Fields: visit, Files: []survey.Attachment{{Name: "门口.jpg", Size: 2049}}},
			Statements: []survey.Statement{{Header: head(survey.TypeVisit), Body: survey.Body{Fields: visit}, HLC: at}},
		},
		{
			Record:     survey.Record{ID: survey.RecordID{5}, Type: survey.TypeAccess, Scope: village, Fields: look.Fields()},
			Statements: []survey.Statement{{Header: head(survey.TypeAccess), HLC: at}},
		},
	}
}

func exampleDossier() Dossier {
	register := []survey.Record{
		{ID: survey.RecordID{2}, Type: survey.TypeStaff, Fields: survey.Fields{survey.StaffName: "张干部"}},
		{ID: survey.RecordID{3}, Type: survey.TypePlace, Fields: survey.Fields{survey.PlaceName: "大坪村"}},
	}
	return DossierOf(heldExample(), Data{Records: register}, time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
}

func TestDossierHoldsEverything(t *testing.T) {
	d := exampleDossier()
	if d.Title != "大坪村 王秀英" || len(d.Parts) != 3 {
		t.Fatalf("dossier %+v", d)
	}
	if len(d.Records()) != 2 || len(d.Looks()) != 1 {
		t.Errorf("%d records and %d looks, want 2 and 1", len(d.Records()), len(d.Looks()))
	}
	d.Phones.County = "0551-12388"
	var page bytes.Buffer
	if err := WritePage(&page, d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "0551-12388") {
		t.Error("the page does not name the county's number")
	}
	for _, h := range heldExample()[:2] {
		for _, s := range h.Statements {
			for field, value := range s.Body.Fields {
				if field == survey.HouseholdVillage || field == survey.VisitHousehold || strings.HasPrefix(value, "<") {
					continue // shown as a name, or escaped
				}
				if !strings.Contains(page.String(), value) {
					t.Errorf("the page does not have %s = %q", field, value)
				}
			}
		}
	}
	for _, text := range []string{"当时：电话　13800000001", "原因：号码换了", "内容已删除", "张干部", "门口.jpg（3 KB）", "本人要求", "&lt;script&gt;", "大坪村"} {
		if !strings.Contains(page.String(), text) {
			t.Errorf("the page does not have %q", text)
		}
	}
}

func TestPageStandsByItself(t *testing.T) {
	var page bytes.Buffer
	if err := WritePage(&page, exampleDossier()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<script", "http:", "https:", "src=", "@import", "<link", "onload"} {
		if strings.Contains(page.String(), text) {
			t.Errorf("the page has %q", text)
		}
	}
}
