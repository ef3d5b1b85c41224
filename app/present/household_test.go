package present

import (
	"strings"
	"testing"

	"zoucun/survey"
)

func TestHouseholdListSaysHowManyThereAre(t *testing.T) {
	o := newOffice(t)
	h := NewHouseholds(o, o.village.ID)
	if got := h.Summary(); got != "共 4 户" {
		t.Errorf("Summary = %q", got)
	}
	h.Search("欧阳")
	if rows := h.Rows(); len(rows) != 1 || rows[0].Title != "欧阳建国" || h.Summary() != "找到 1 户" {
		t.Errorf("after a search: %+v, %q", rows, h.Summary())
	}
	h.Search("查无此人")
	if got := h.Summary(); !strings.HasPrefix(got, "没有找到") {
		t.Errorf("Summary of nothing = %q", got)
	}
}

func TestALongListComesInParts(t *testing.T) {
	o := newOffice(t)
	for range 1000 {
		o.households = append(o.households, survey.Household{ID: survey.NewID[survey.RecordID](), Head: "王五"})
	}
	h := NewHouseholds(o, o.village.ID)
	if got := len(h.Rows()); got != page {
		t.Fatalf("first part has %d rows", got)
	}
	parts := 1
	for h.More() {
		parts++
	}
	if got := len(h.Rows()); got != 1004 || parts > 3 {
		t.Errorf("%d rows after %d parts", got, parts)
	}
	h.Search("王")
	if got := len(h.Rows()); got != page {
		t.Errorf("a new search begins with %d rows", got)
	}
}

func TestRowsSayWhereAndWarn(t *testing.T) {
	o := newOffice(t)
	o.households[0].Conflicted = true
	o.households[1].Location = survey.Remote
	o.households[2].Head = ""
	rows := NewHouseholds(o, o.village.ID).Rows()
	if rows[0].Flag != "待核对" || !rows[0].Warning || rows[1].Flag != "偏远" || rows[1].Warning {
		t.Errorf("flags: %+v, %+v", rows[0], rows[1])
	}
	if rows[2].Title != "（未登记户主）" {
		t.Errorf("a household without a head is called %q", rows[2].Title)
	}
	if got, want := rows[3].Detail, "1组4号 · 编号 004 · 常住 4 人"; got != want {
		t.Errorf("Detail = %q, want %q: the group is not said twice", got, want)
	}
}

func TestCardShowsWhatIsOpenAndWhatIsUnderWay(t *testing.T) {
	o := newOffice(t, "QZ-01")
	o.problems = []survey.Problem{{Title: "路灯", State: "in_progress"}, {Title: "水管", State: "closed_confirmed"}}
	for range 9 {
		o.visits = append(o.visits, survey.Visit{Finished: survey.MillisOf(noon), Delivery: survey.Received})
	}
	v := o.begin(t, "QZ-01", newTimer())
	card, err := CardOf(t.Context(), o, o.households[0].ID, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(card.Problems) != 1 || card.Problems[0].Title != "路灯" || card.Problems[0].Flag != "办理中" {
		t.Errorf("open problems: %+v", card.Problems)
	}
	if len(card.Visits) != visitsShown || card.Visits[0].Flag != "县里已收" || card.Visits[0].Title != "2026年11月22日" {
		t.Errorf("visits: %+v", card.Visits)
	}
	if len(card.Drafts) != 1 || card.Drafts[0].Draft != v.Draft().ID || card.Drafts[0].Title != "张三" {
		t.Errorf("drafts: %+v", card.Drafts)
	}
	if _, err := CardOf(t.Context(), o, survey.RecordID{}, noon); survey.KindOf(err) != survey.NotFound {
		t.Errorf("the card of nobody: %v", err)
	}
}

func TestListsOf(t *testing.T) {
	o := newOffice(t, "QZ-01")
	o.begin(t, "QZ-01", newTimer())
	o.visits = []survey.Visit{{Title: "李四", Finished: survey.MillisOf(noon)}}
	lists, err := ListsOf(t.Context(), o, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(lists.Drafts) != 1 || len(lists.Waiting) != 1 || len(lists.Delivered) != 0 {
		t.Fatalf("%+v", lists)
	}
	if got := lists.Waiting[0]; got.Flag != "等待发送" || got.Detail != "今天 12:00 完成" {
		t.Errorf("waiting: %+v", got)
	}
}
