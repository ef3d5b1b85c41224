package store

import (
	"slices"
	"strings"
	"testing"

	"zoucun/survey"
)

// publishHousehold publishes a household with all its facts.
func (o *office) publishHousehold(tb testing.TB, h survey.Household) survey.RecordID {
	tb.Helper()
	h.Village, h.Group = o.village, o.group
	id := survey.DerivedID[survey.RecordID](o.scope(), "household/"+h.Code)
	o.publish(o.revision(tb, survey.Header{Record: id, Type: survey.TypeHousehold, Scope: o.scope()}, h.Fields()))
	return id
}

// say publishes how a word is said.
func (o *office) say(tb testing.TB, word, said string, parents ...survey.RevID) survey.RevID {
	tb.Helper()
	register := survey.RegisterScope(county)
	r := o.revision(tb, survey.Header{
		Record: survey.DerivedID[survey.RecordID](register, "reading/"+word), Type: survey.TypeReading, Scope: register, Parents: parents,
		HLC: survey.HLC(0).Next(monday) + survey.HLC(len(o.feeds[register])),
	}, survey.Reading{Word: word, Said: said}.Fields())
	o.publish(r)
	return r.ID
}

func found(s *Store, village survey.RecordID, query string) []string {
	var lines []string
	for _, h := range s.SearchHouseholds(village, query, 0) {
		lines = append(lines, strings.TrimSuffix(h.Head+"/"+h.Member, "/"))
	}
	return lines
}

func TestAHouseholdIsFoundByAnyMember(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.publishHousehold(t, survey.Household{Code: "1", Head: "张三", Members: "李秀兰、张小单"})
	o.publishHousehold(t, survey.Household{Code: "2", Head: "王张氏", Members: "尉迟𬱖"})
	o.publishHousehold(t, survey.Household{Code: "3", Head: "李四", Door: "铅山路3号"})
	apply(t, s, o.page(o.scope(), 0, 100))
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"李秀兰", []string{"张三/李秀兰"}},
		{"lxl", []string{"张三/李秀兰"}},
		{"li", []string{"李四", "张三/李秀兰"}},
		{"zhang", []string{"张三", "王张氏"}},
		{"xiaoshan", []string{"张三/张小单"}},
		{"yuchidi", []string{"王张氏/尉迟𬱖"}},
		{"𬱖", []string{"王张氏/尉迟𬱖"}},
		{"三李", nil},
		{"兰张", nil},
		{"氏尉迟", nil},
		{"yanshanlu", []string{"李四"}},
		{"ysl", []string{"李四"}},
		{"ys", nil},
	} {
		if got := found(s, o.village, test.query); !slices.Equal(got, test.want) {
			t.Errorf("%q finds %q, want %q", test.query, got, test.want)
		}
	}
	h, err := s.Household(t.Context(), survey.DerivedID[survey.RecordID](o.scope(), "household/1"))
	if err != nil || h.Members != "李秀兰、张小单" {
		t.Errorf("members %q, %v", h.Members, err)
	}
}

func TestWordsAreFoundAsTheTownshipSaysThemFromThenOn(t *testing.T) {
	o, dir := newOffice(t), t.TempDir()
	s := enrolled(t, o, dir)
	o.publishHousehold(t, survey.Household{Code: "1", Head: "冼天长", Members: "岙生", Door: "天长冲5号"})
	apply(t, s, o.page(o.scope(), 0, 100))
	finds := func(query string, want bool) {
		t.Helper()
		if got := len(found(s, o.village, query)) == 1; got != want {
			t.Errorf("%q finds it: %v, want %v", query, got, want)
		}
	}
	finds("tencang", false)
	register := survey.RegisterScope(county)
	first := o.say(t, "天长冲", "tēn cāng cōng")
	apply(t, s, o.page(register, 3, 10))
	finds("tencang", true)
	finds("tianchang", true)
	if got := found(s, o.village, "xiantencang"); got != nil {
		t.Error("the reading of a place is taken for one of a name's part:", got)
	}
	o.say(t, "岙", "o、wo")
	o.say(t, "六安", "luan") // says nothing that can be used
	apply(t, s, o.page(register, 4, 10))
	finds("wosheng", true)
	if got := s.Readings(); len(got) != 3 {
		t.Errorf("readings: %v", got)
	}

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, Options{})
	finds("wosheng", true)
	finds("tencangcong", true)

	o.say(t, "天长冲", "din song cong", first)
	apply(t, s, o.page(register, 6, 10))
	finds("tencang", false)
	finds("dinsong", true)
	if err := s.RemoveScope(t.Context(), register); err != nil {
		t.Fatal(err)
	}
	finds("dinsong", false)
	finds("tianzhang", true)
}

func TestBetterFindsComeFirst(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for i, h := range []survey.Household{
		{Head: "陈李", Door: "1号"}, {Head: "赵一", Members: "李二"}, {Head: "李三"}, {Head: "钱四", Members: "孙李、李五"}, {Head: "李六"},
	} {
		h.Code = string(rune('1' + i))
		o.publishHousehold(t, h)
	}
	apply(t, s, o.page(o.scope(), 0, 100))
	want := []string{"李三", "李六", "赵一/李二", "钱四/李五", "陈李"}
	for limit := range len(want) + 1 {
		var got []string
		for _, h := range s.SearchHouseholds(o.village, "li", max(limit, 1)) {
			got = append(got, strings.TrimSuffix(h.Head+"/"+h.Member, "/"))
		}
		if !slices.Equal(got, want[:max(limit, 1)]) {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}
