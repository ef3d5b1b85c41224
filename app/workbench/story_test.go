package workbench

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/survey"
)

// archive is a household's records, as a store has them.
type archive struct {
	*township
	home     survey.Household
	visits   []survey.Visit
	problems []survey.Problem
	records  map[survey.RecordID]survey.Record
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	town := newTownship(t)
	return &archive{
		township: town, records: map[survey.RecordID]survey.Record{},
		home: survey.Household{
			ID: survey.NewID[survey.RecordID](), Scope: town.scope(), Village: town.village.ID, Group: town.group.ID, Head: "张三",
			Members: "李四", Code: "017", Door: "塘边5号", Phone: "15400000001", Resident: 3, Away: 1, Location: survey.Remote,
		},
	}
}

func (a *archive) Household(_ context.Context, id survey.RecordID) (survey.Household, error) {
	if id != a.home.ID {
		return survey.Household{}, &survey.Error{Kind: survey.NotFound}
	}
	return a.home, nil
}

func (a *archive) VisitsOf(context.Context, survey.RecordID) ([]survey.Visit, error) {
	return a.visits, nil
}

func (a *archive) ProblemsOf(context.Context, survey.RecordID) ([]survey.Problem, error) {
	return a.problems, nil
}

func (a *archive) Record(_ context.Context, id survey.RecordID) (survey.Record, error) {
	return a.records[id], nil
}

// visit adds a visit so many days ago.
func (a *archive) visit(days int, by survey.PersonID, fields survey.Fields) {
	v := survey.Visit{
		ID: survey.NewID[survey.RecordID](), Scope: a.home.Scope, Household: a.home.ID, Author: by, Title: "QZ-349999-2026-ABCD-0001-T 张三",
		Finished: survey.MillisOf(noon.AddDate(0, 0, -days)),
	}
	a.visits = append([]survey.Visit{v}, a.visits...)
	a.records[v.ID] = survey.Record{ID: v.ID, Type: survey.TypeVisit, Fields: fields}
}

// problem adds what was found so many days ago and last changed so many days ago.
func (a *archive) problem(days, changed int, title, state string) {
	p := survey.Problem{
		ID: survey.NewID[survey.RecordID](), Household: a.home.ID, Title: title, State: state, Raised: survey.MillisOf(noon.AddDate(0, 0, -days)),
	}
	a.problems = append(a.problems, p)
	a.records[p.ID] = survey.Record{ID: p.ID, Type: survey.TypeProblem, Updated: survey.HLC(0).Next(noon.AddDate(0, 0, -changed))}
}

func TestPromises(t *testing.T) {
	promise := survey.Fields{"finish/promise_what": "三天内修好路灯", "finish/promise_by": "2026-11-20"}
	open := survey.Fields{"finish/promise_what": "月底前问清楚", "finish/promise_by": "2026-12-31"}
	for name, c := range map[string]struct {
		made func(a *archive, by survey.PersonID)
		want PromiseLine
	}{
		"nothing says so": {
			func(a *archive, by survey.PersonID) { a.visit(10, by, promise) },
			PromiseLine{State: "未见兑现记录，已过约定的日子", Late: true},
		},
		"the day has not come": {
			func(a *archive, by survey.PersonID) { a.visit(10, by, open) },
			PromiseLine{State: "未见兑现记录"},
		},
		"no day was said": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, survey.Fields{"finish/promise_what": "再来看"})
			},
			PromiseLine{State: "未见兑现记录"},
		},
		"what was found was dealt with": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, promise)
				a.problem(10, 3, "路灯不亮", "closed_confirmed")
			},
			PromiseLine{State: "有办结记录：当次登记的问题“路灯不亮”群众认可办结（11月23日）", Kept: true},
		},
		"one of two waits": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, promise)
				a.problem(10, 3, "路灯不亮", "closed_confirmed")
				a.problem(10, 3, "水管漏水", "in_progress")
			},
			PromiseLine{State: "未见兑现记录：当次登记的问题“水管漏水”还没有办结（办理中），已过约定的日子", Late: true},
		},
		"it was taken back": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, promise)
				a.problem(10, 3, "路灯不亮", "withdrawn")
			},
			PromiseLine{State: "未见兑现记录，已过约定的日子", Late: true},
		},
		"another day's problem says nothing": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, promise)
				a.problem(9, 3, "路灯不亮", "closed_confirmed")
			},
			PromiseLine{State: "未见兑现记录，已过约定的日子", Late: true},
		},
		"somebody came back": {
			func(a *archive, by survey.PersonID) {
				a.visit(10, by, promise)
				a.visit(2, by, survey.Fields{"head/followed_problem": "x"})
			},
			PromiseLine{State: "未见兑现记录：11月24日去回访过，没有写明是否办到，已过约定的日子", Late: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			c.made(a, a.person("王干部"))
			h := NewHistories(a, NewWords(a), func() time.Time { return noon })
			story, err := h.Story(t.Context(), a.home.ID)
			if err != nil || len(story.Promises) != 1 {
				t.Fatalf("%+v, %v", story.Promises, err)
			}
			got := story.Promises[0]
			if got.State != c.want.State || got.Kept != c.want.Kept || got.Late != c.want.Late {
				t.Errorf("%+v\nwant %+v", got, c.want)
			}
			if !strings.Contains(got.Given, "11月16日 王干部承诺") {
				t.Error(got.Given)
			}
		})
	}
}

func TestStory(t *testing.T) {
	a := newArchive(t)
	by := a.person("王干部")
	a.visit(40, by, survey.Fields{"hear/heard_worry": "路不好走"})
	a.visit(3, by, nil)
	a.problem(40, 40, "路不好走", "submitted")
	h := NewHistories(a, NewWords(a), func() time.Time { return noon })
	s, err := h.Story(t.Context(), a.home.ID)
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "张三" || s.Where != "青塘村 · 3组 · 塘边5号 · 编号 017" {
		t.Errorf("%q, %q", s.Title, s.Where)
	}
	if want := [][2]string{{"家人", "李四"}, {"电话", "15400000001"}, {"常住", "3 人"}, {"外出", "1 人"}, {"位置", "偏远"}}; !slices.Equal(s.Facts, want) {
		t.Error(s.Facts)
	}
	if len(s.Visits) != 2 || s.Visits[0].Title != "11月23日 · 王干部" || !strings.Contains(s.Visits[1].Detail, "路不好走") {
		t.Errorf("%+v", s.Visits)
	}
	if len(s.Problems) != 1 || s.Problems[0].State != "已提交" || !s.Problems[0].Open || s.Problems[0].Detail != "登记于 10月17日" {
		t.Errorf("%+v", s.Problems)
	}
	if _, err := h.Story(t.Context(), survey.RecordID{1}); survey.KindOf(err) != survey.NotFound {
		t.Error(err)
	}
}

func TestFindWords(t *testing.T) {
	a := newArchive(t)
	by := a.person("王干部")
	s := searched{
		found: survey.Found{
			Households: []survey.FoundHousehold{{Household: a.home, Member: "李四"}},
			Visits:     []survey.FoundVisit{{Visit: survey.Visit{Title: "QZ-349999-2026-ABCD-0001-T 张三", Scope: a.home.Scope, Author: by, Finished: survey.MillisOf(noon)}, Passage: survey.Passage{Field: "x", Text: "…路灯不亮…"}}},
			Problems:   []survey.FoundProblem{{Problem: survey.Problem{Title: "", Household: a.home.ID, State: "in_progress"}, Scope: a.home.Scope}}, MoreVisits: true,
		},
		unread: 3, records: 10,
	}
	f := NewFind(s, NewWords(a), func() time.Time { return noon })
	got, err := f.Search(t.Context(), " 路灯 ")
	if err != nil || got.Query != "路灯" {
		t.Fatal(got, err)
	}
	if got.Summary != "找到 1 户，1 个问题，1 次走访（还有更多，再多写几个字）" {
		t.Error(got.Summary)
	}
	for i, want := range []FoundRow{
		{Title: "张三", Detail: "家人 李四 · 青塘村 · 3组 · 塘边5号 · 编号 017"},
		{Title: "（没有写明的问题）", Detail: "青塘村 · 张三家 · 办理中"},
		{Title: "张三", Detail: "“…路灯不亮…” · 青塘村 · 11月26日 · 王干部 · QZ-349999-2026-ABCD-0001-T"},
	} {
		if got.Rows[i].Title != want.Title || got.Rows[i].Detail != want.Detail {
			t.Errorf("%+v, want %+v", got.Rows[i], want)
		}
	}
	if said := f.Reading(); said != "正在读入走访和问题：还有 3 条，共 10 条。读过的现在就能查。" {
		t.Error(said)
	}
	s.found, s.unread = survey.Found{}, 0
	f = NewFind(s, NewWords(a), func() time.Time { return noon })
	if got, err := f.Search(t.Context(), "没有"); err != nil || !strings.HasPrefix(got.Summary, "没有找到") || f.Reading() != "" {
		t.Error(got, err)
	}
	if got, err := f.Search(t.Context(), "　 "); err != nil || got.Summary != "" {
		t.Error(got, err)
	}
}

type searched struct {
	found           survey.Found
	unread, records int
}

func (s searched) Search(context.Context, string, int) (survey.Found, error) { return s.found, nil }

func (s searched) Unread() (unread, records int) { return s.unread, s.records }

type arrived []survey.Arrival

func (a arrived) Arrivals(context.Context, survey.Millis) ([]survey.Arrival, error) { return a, nil }

func TestInboxWords(t *testing.T) {
	a := newArchive(t)
	wang := a.person("王干部")
	tablet := survey.DeviceID{15: 0xab}
	b := NewInbox(arrived{
		{Road: survey.RoadNetwork, Device: tablet, Person: wang, Last: survey.MillisOf(noon), Visits: 2, Problems: 1},
		{Road: survey.RoadRelay, Device: tablet, Person: wang, Last: survey.MillisOf(noon.AddDate(0, 0, -1)), Households: 3, Others: 1},
		{Road: survey.RoadRelay, Device: tablet, Person: wang, Last: survey.MillisOf(noon.AddDate(0, 0, -1))},
	}, NewWords(a), func() time.Time { return noon })
	days, err := b.Came(t.Context())
	if err != nil || len(days) != 2 || days[0].Name != "今天" || days[1].Name != "昨天" || len(days[1].Lines) != 1 {
		t.Fatalf("%+v, %v", days, err)
	}
	if got := days[0].Lines[0]; got != (InboxLine{Title: "王干部", Detail: "2 次走访，1 个问题 · 12:00 · 设备 0000ab", Tag: "网络"}) {
		t.Errorf("%+v", got)
	}
	if got := days[1].Lines[0]; got.Tag != "接收点" || !strings.HasPrefix(got.Detail, "3 户，1 条其他记录") {
		t.Errorf("%+v", got)
	}
	lines := b.Brought([]survey.Brought{
		{Device: tablet, Name: "王干部", Entries: 4, Signed: 4, Files: 3, FilesWhole: 2, Seen: survey.MillisOf(noon)},
		{Device: tablet, Person: wang, Entries: 4, Signed: 1, Seen: survey.MillisOf(noon)},
		{Device: tablet, Person: wang, Seen: survey.MillisOf(noon)},
	})
	for i, want := range []InboxLine{
		{"王干部", "收到 4 条 · 附件 2/3 · 12:00 来过 · 设备 0000ab", "✓✓ 县里已收"},
		{"王干部", "收到 4 条，其中 1 条县里已签收 · 12:00 来过 · 设备 0000ab", "✓ 乡镇已收"},
		{"王干部", "还没有交来新的内容 · 12:00 来过 · 设备 0000ab", ""},
	} {
		if lines[i] != want {
			t.Errorf("%+v, want %+v", lines[i], want)
		}
	}
	held := b.Held([]survey.HeldBundle{{Device: tablet, Created: survey.MillisOf(noon), Volumes: 9, Missing: []uint32{1, 2, 3, 4, 5, 6, 7}, Bytes: 3 << 20, Stale: true}})
	if held[0].Tag != "缺 7 卷" || held[0].Detail != "共 9 卷，还缺第 1、2、3、4、5、6 卷等 · 3.0 MB · 是县里服务器重建以前写的，照样交给县里 · 设备 0000ab" {
		t.Errorf("%+v", held)
	}
	for said, taken := range map[string]survey.TakenIn{
		"回执：新签收 5 条": {Home: &survey.Homecoming{Receipt: true, Entries: 5}},
		"草稿：接下 2 份":  {Home: &survey.Homecoming{Drafts: 2}},
		"以前就收过":      {Held: &survey.HeldBundle{}, Known: true},
		"还缺第 2 卷":    {Held: &survey.HeldBundle{Missing: []uint32{2}}},
	} {
		if got := TakenIn(taken); !strings.Contains(got, said) {
			t.Errorf("%q does not say %q", got, said)
		}
	}
}
