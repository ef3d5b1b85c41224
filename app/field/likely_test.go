package field

import (
	"testing"

	"zoucun/app/present"
	"zoucun/survey"
)

// newcomer fills in a visit that creates a household named like the first of the village, and shows it.
func (d *desk) newcomer(finished *bool) (*present.Visit, survey.Household) {
	d.t.Helper()
	v := d.begin(survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"})
	there := d.store.SearchHouseholds(d.store.Villages()[0].ID, "", 1)[0].Household
	for _, given := range []struct {
		question survey.FieldPath
		value    string
	}{
		{"visit/new_household", "yes"}, {"visit/new_head_name", there.Head}, {"visit/door_no", "山坳里新屋"}, {"visit/visit_result", "absent"},
	} {
		if err := v.Answer(d.t.Context(), given.question, given.value); err != nil {
			d.t.Fatal(err)
		}
	}
	d.show(NewVisit(d.host, VisitSpec{Presenter: v, OnFinished: func() { *finished = true }}), 1280, 800)
	return v, there
}

func TestTheSameHouseholdIsVisitedInsteadOfCreated(t *testing.T) {
	d := newDesk(t, "QZ-01")
	finished := false
	_, there := d.newcomer(&finished)
	village := d.store.Villages()[0].ID
	before := d.store.HouseholdCount(village)
	d.tap("完成走访")
	d.sees("要新登记的“" + there.Head + "”，名册里有很像的户")
	d.sees("同名")
	d.tap("是同一户")
	if !finished || len(d.screens) != 1 || len(d.complaints) > 0 {
		t.Fatalf("finished %v, %d screens, complaints %v", finished, len(d.screens), d.complaints)
	}
	h, err := d.store.Household(t.Context(), there.ID)
	if err != nil || h.Head != there.Head || h.Phone != there.Phone || h.Members != there.Members || h.Door != "山坳里新屋" {
		t.Errorf("the household is %+v, %v", h, err)
	}
	if after := d.store.HouseholdCount(village); after != before {
		t.Errorf("%d households, there were %d", after, before)
	}
	if visits, err := d.store.VisitsOf(t.Context(), there.ID); err != nil || len(visits) != 1 {
		t.Errorf("visits paid to it: %v, %v", visits, err)
	}
}

func TestAnotherHouseholdIsCreatedAllTheSame(t *testing.T) {
	d := newDesk(t, "QZ-01")
	finished := false
	_, there := d.newcomer(&finished)
	village := d.store.Villages()[0].ID
	before := d.store.HouseholdCount(village)
	d.tap("完成走访")
	d.Back() // to think about it
	if finished || len(d.screens) != 1 {
		t.Fatal("going back finishes the visit, or leads elsewhere")
	}
	d.tap("完成走访")
	d.tap("不是")
	if !finished || len(d.complaints) > 0 {
		t.Fatalf("finished %v, complaints %v", finished, d.complaints)
	}
	found := d.store.SearchHouseholds(village, there.Head, 0)
	if after := d.store.HouseholdCount(village); after != before+1 || len(found) < 2 {
		t.Errorf("%d households, there were %d; found %d", after, before, len(found))
	}
}

func TestNoneOfSeveralIsSaidAtOnce(t *testing.T) {
	d := newDesk(t, "QZ-01")
	for range 2 { // so that the third finds two
		finished := false
		d.newcomer(&finished)
		d.tap("完成走访")
		if top := d.top(); len(top.Actions) > 0 && top.Actions[0].Text == "都不是" {
			top.Actions[0].OnTap()
		} else {
			d.tap("不是")
		}
		if !finished {
			t.Fatal("not finished")
		}
		d.screens = nil
	}
	finished := false
	d.newcomer(&finished)
	d.tap("完成走访")
	top := d.top()
	if len(top.Actions) != 1 || top.Actions[0].Text != "都不是" {
		t.Fatalf("actions %v", top.Actions)
	}
	d.tap("不是")
	d.tap("不是")
	d.sees("是同一户")
	top.Actions = d.top().Actions
	if len(top.Actions) != 0 {
		t.Error("of one household “都不是” is said")
	}
	d.tap("不是")
	if !finished {
		t.Error("not finished after the last answer")
	}
}
