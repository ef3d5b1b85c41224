package township

import (
	"slices"
	"strings"
	"testing"

	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// reviewing opens the section of review over what the laptop holds.
func (d *desk) reviewing() *workbench.Review {
	d.t.Helper()
	words, book := d.book()
	presenter := workbench.NewReview(d.store, words, book, survey.NewID[survey.PersonID](), d.host.Now)
	d.inBench(Section{Name: "审核", Screen: func() *view.Screen { return NewReview(d.host, presenter) }, Wait: func() string { return "9" }},
		Section{Name: "统计"})
	return presenter
}

func (d *desk) state(id survey.RecordID) survey.Verdict {
	d.t.Helper()
	now, err := d.store.Record(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return survey.VerdictOf(now.Fields)
}

const worry = "村里通组的那条水泥路去年冬天压坏了，下雨天老人孩子走不了，希望早点修好。"

func TestReview(t *testing.T) {
	d := newDesk(t)
	home := d.households
	clean := d.visit(home[0].Household)
	d.visit(home[1].Household, "hear/heard_worry="+worry)
	alike := d.visit(home[2].Household, "hear/heard_worry="+worry, "problem=路灯不亮了/09/submitted", "head/entry_mode=late", "head/late_reason=当天平板没有电", "finish/promise_what=修灯")
	odd := d.visit(home[3].Household, "hh/resident_n=2", "hh/away_n=0", "hh/n_60p=3", "visit/people_asked=")
	late := d.visit(home[4].Household, "head/entry_mode=late", "head/late_reason=当天平板没有电")
	presenter := d.reviewing()
	d.sees("共 5 份。")
	d.sees("2 处要看")
	d.sees("补记")
	d.look("review-list")
	if got := presenter.Clean(); len(got) != 3 || slices.Contains(got, alike) || slices.Contains(got, odd) || !slices.Contains(got, late) {
		t.Errorf("without findings: %v", got)
	}

	d.tap(home[2].Head + "家")
	d.sees("这段话与")
	d.sees("事后补记：当天平板没有电")
	d.sees("一句话说清是什么事")
	d.sees("4 问题登记 · 第 1 条")
	d.tap("写意见")
	d.look("review-visit")
	d.look("review-visit-all", 2600)
	t.Run("to send back takes words", func(t *testing.T) {
		d.tap("退回补充")
		if len(d.complaints) != 1 || survey.MessageOf(d.complaints[0]) == "" || d.state(alike).Result != "" {
			t.Errorf("sent back without a word: %v", d.complaints)
		}
		d.complaints = nil
		d.Back()
	})
	page, err := presenter.Open(t.Context(), alike)
	if err != nil {
		t.Fatal(err)
	}
	var title survey.FieldPath
	for _, p := range page.Passages {
		for _, line := range p.Lines {
			if strings.HasSuffix(string(line.Path), "/title") {
				title = line.Path
			}
		}
	}
	if err := presenter.Return(t.Context(), page, "", map[survey.FieldPath]string{title: "在哪个路口？", "x": "  "}); err != nil {
		t.Fatal(err)
	}
	if v := d.state(alike); v.State() != survey.StateReturned || len(v.Comments) != 1 || v.Comments[title] != "在哪个路口？" {
		t.Errorf("returned: %+v", v)
	}
	t.Run("what was read before it changed is not passed", func(t *testing.T) {
		if err := presenter.Pass(t.Context(), page); survey.KindOf(err) != survey.Conflicting {
			t.Errorf("passed what was not read: %v", err)
		}
	})
	d.tap("退回")
	d.sees("已退回")
	d.tap("待审")

	d.tap("通过没有提示的 3 份")
	d.sees("看不出内容真不真")
	d.tap("通过这 3 份")
	if len(d.told) == 0 || d.told[len(d.told)-1] != "已通过 3 份。" || d.state(clean).State() != survey.StatePassed || d.state(late).State() != survey.StatePassed {
		t.Errorf("told %v, %v", d.told, d.state(clean))
	}
	d.sees("共 1 份。")
	d.tap("通过")
	d.sees("共 3 份。")
	d.tap(home[0].Head + "家")
	d.tap("撤回审核")
	if d.state(clean).State() != survey.StateUnreviewed {
		t.Errorf("taken back: %+v", d.state(clean))
	}
	if len(d.complaints) > 0 {
		t.Errorf("complaints %v", d.complaints)
	}
}

func TestVisitsAreJoinedAndParted(t *testing.T) {
	d := newDesk(t)
	home := d.households[0].Household
	first, again := d.visit(home), d.visit(home, "visit/people_asked=3")
	d.visit(d.households[1].Household)
	presenter := d.reviewing()
	page, err := presenter.Open(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	others := presenter.Others(t.Context(), page)
	if len(others) != 1 || others[0].ID != first {
		t.Fatalf("others %v", others)
	}
	if err := presenter.Join(t.Context(), page, again); survey.MessageOf(err) == "" {
		t.Errorf("joined to itself: %v", err)
	}
	if err := presenter.Join(t.Context(), page, first); err != nil {
		t.Fatal(err)
	}
	if v := d.state(again); v.State() != survey.StateJoined || v.DupOf != first || d.store.Kept(again) != first {
		t.Errorf("joined: %+v, kept %v", v, d.store.Kept(again))
	}
	if presenter.Waiting() != 2 {
		t.Errorf("%d wait", presenter.Waiting())
	}
	page, err = presenter.Open(t.Context(), again)
	if err != nil || page.DupOf == "" || page.Waits {
		t.Fatalf("%+v, %v", page, err)
	}
	if err := presenter.TakeBack(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	if v := d.state(again); v.State() != survey.StateUnreviewed || d.store.Kept(again) != again || presenter.Waiting() != 3 {
		t.Errorf("parted: %+v, kept %v", v, d.store.Kept(again))
	}
}

func TestTheListIsNarrowed(t *testing.T) {
	d := newDesk(t)
	d.visit(d.households[0].Household)
	d.visit(d.households[1].Household, "visit/people_asked=")
	other := d.store.SearchHouseholds(d.store.Villages()[1].ID, "", 1)[0].Household
	d.visit(other)
	presenter := d.reviewing()
	presenter.Show(workbench.ReviewFilter{Village: other.Village})
	if presenter.Count() != 1 || presenter.Row(t.Context(), 0).Title != other.Head+"家" {
		t.Errorf("%d rows", presenter.Count())
	}
	presenter.Show(workbench.ReviewFilter{Findings: workbench.WithFindings})
	if presenter.Count() != 1 {
		t.Errorf("%d with findings", presenter.Count())
	}
	presenter.Show(workbench.ReviewFilter{Author: survey.NewID[survey.PersonID]()})
	if presenter.Count() != 0 || presenter.Row(t.Context(), 0) != (workbench.ReviewRow{}) {
		t.Errorf("%d rows of somebody else", presenter.Count())
	}
	for _, a := range presenter.Authors() {
		if strings.ContainsAny(a.Name, "0123456789") {
			t.Errorf("%q counts what somebody has done", a.Name)
		}
	}
	presenter.Show(workbench.ReviewFilter{})
	d.tap("村：全部")
	d.sees(d.store.Villages()[1].Name)
	d.look("review-narrow")
}

// Whoever amends what was returned, and whatever else comes, stands in the list at once.
func TestTheListFollowsWhatComes(t *testing.T) {
	d := newDesk(t)
	presenter := d.reviewing()
	d.sees("共 0 份。")
	d.visit(d.households[0].Household)
	d.top().Changed()
	d.sees("共 1 份。")
	if presenter.Waiting() != 1 {
		t.Errorf("%d wait", presenter.Waiting())
	}
}
