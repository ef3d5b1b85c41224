package store

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoucun/internal/spell"
	"zoucun/survey"
)

func TestSearchHouseholds(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	for _, h := range []struct{ code, head, door, phone string }{
		{"QC-1", "张三丰", "1号", "13800000001"},
		{"QC-2", "单雄信", "2号", "13800000002"},
		{"QC-3", "仇英", "村东头12号", "0551-6234567"},
		{"QC-4", "查良镛", "4号", "13911112222"},
		{"QC-5", "尉迟恭", "5号", ""},
		{"QC-6", "𬱖𠮷", "6号", ""},
		{"QC-7", "㛃䶮", "7号", ""},
		{"QC-8", "吕布", "8号", ""},
		{"QC-9", "欧阳娜", "Ａ9号", ""},
		{"QC-10", "王张", "10号", ""},
	} {
		o.household(t, h.code, h.head, h.door, h.phone)
	}
	apply(t, s, o.page(o.scope(), 0, 100))
	cases := []struct {
		query string
		want  []string
	}{
		{"", []string{"张三丰", "单雄信", "仇英", "查良镛", "尉迟恭", "𬱖𠮷", "㛃䶮", "吕布", "欧阳娜", "王张"}},
		{"张", []string{"张三丰", "王张"}},
		{"三丰", []string{"张三丰"}},
		{"zhangsanfeng", []string{"张三丰"}},
		{"zhang", []string{"张三丰", "王张"}},
		{"zsf", []string{"张三丰"}},
		{"ZSF", []string{"张三丰"}},
		{"ｚｓｆ", []string{"张三丰"}},
		{"zhang sf", []string{"张三丰"}},
		{"zhangs", []string{"张三丰"}},
		{"张sf", []string{"张三丰"}},
		{"shanxx", []string{"单雄信"}},
		{"danxiongxin", []string{"单雄信"}},
		{"qiuying", []string{"仇英"}},
		{"zha", []string{"张三丰", "查良镛", "王张"}},
		{"zhaliang", []string{"查良镛"}},
		{"yuchi", []string{"尉迟恭"}},
		{"ycg", []string{"尉迟恭"}},
		{"𬱖", []string{"𬱖𠮷"}},
		{"𠮷", []string{"𬱖𠮷"}},
		{"diji", []string{"𬱖𠮷"}},
		{"jieyan", []string{"㛃䶮"}},
		{"lv", []string{"吕布"}},
		{"lü", []string{"吕布"}},
		{"oyn", []string{"欧阳娜"}},
		{"a9", []string{"欧阳娜"}},
		{"12号", []string{"仇英"}},
		{"１２", []string{"仇英"}},
		{"2222", []string{"查良镛"}},
		{"4567", []string{"仇英"}},
		{"QC-10", []string{"王张"}},
		{"qc-1", []string{"张三丰", "王张"}},
		{"没有这个人", nil},
		{"xyz", nil},
	}
	for _, c := range cases {
		t.Run(c.query, func(t *testing.T) {
			var got []string
			for _, h := range s.SearchHouseholds(o.village, c.query, 0) {
				got = append(got, h.Head)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
	t.Run("no more than the limit", func(t *testing.T) {
		if got := s.SearchHouseholds(o.village, "", 3); len(got) != 3 || got[2].Code != "QC-3" {
			t.Errorf("found %v", got)
		}
	})
	t.Run("an unknown village is empty", func(t *testing.T) {
		if got := s.SearchHouseholds(survey.NewID[survey.RecordID](), "张", 3); len(got) != 0 {
			t.Errorf("found %v", got)
		}
	})
}

func TestPlacesStandInTheirOrder(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	second := survey.NewID[survey.RecordID]()
	o.publish(o.revision(t, survey.Header{Record: second, Type: survey.TypePlace, Scope: survey.RegisterScope(county)},
		survey.Place{Name: "二组", Order: 2, Parent: o.village}.Fields()))
	apply(t, s, o.page(survey.RegisterScope(county), 3, 10))
	groups := s.Groups(o.village)
	if len(groups) != 2 || groups[0].Name != "一组" || groups[1].Name != "二组" {
		t.Errorf("groups = %+v", groups)
	}
	if villages := s.Villages(); len(villages) != 1 || villages[0].Name != "前村" {
		t.Errorf("villages = %+v", villages)
	}
	if name := s.StaffName(o.cadre); name != "测试员" {
		t.Errorf("staff name = %q", name)
	}
}

func TestCompareNatural(t *testing.T) {
	ordered := []string{"", "1", "2", "02", "10", "QC-1", "QC-2", "QC-2-1", "QC-10", "一组"}
	if !slices.IsSortedFunc(ordered, func(a, b string) int { return min(0, compareNatural(a, b)) }) {
		t.Error("the order of numbers within codes is wrong")
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[a-c0-2]{0,6}`)
		a, b, c := code.Draw(t, "a"), code.Draw(t, "b"), code.Draw(t, "c")
		if compareNatural(a, b) != -compareNatural(b, a) {
			t.Errorf("%q and %q are not compared alike from both sides", a, b)
		}
		if compareNatural(a, b) < 0 && compareNatural(b, c) < 0 && compareNatural(a, c) >= 0 {
			t.Errorf("%q < %q < %q but not %q < %q", a, b, c, a, c)
		}
	})
}

func TestTable(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	first := o.household(t, "QC-2", "李四", "2号", "")
	second := o.household(t, "QC-1", "张三", "1号", "")
	apply(t, s, o.page(o.scope(), 0, 10))
	d := o.draft(first)
	table, ok := s.Table(t.Context(), "household.csv", d)
	if !ok || table.Len() != 2 {
		t.Fatalf("Table = %v, %v", table, ok)
	}
	name, label := slices.Index(table.Columns(), "name"), slices.Index(table.Columns(), "label")
	if table.Cell(0, name) != second.String() || table.Cell(1, label) != "李四" {
		t.Errorf("rows are not in the order of codes: %q, %q", table.Cell(0, name), table.Cell(1, label))
	}
	if rows := table.Lookup("group", o.group.String()); !slices.Equal(rows, []int{0, 1}) {
		t.Errorf("Lookup group = %v", rows)
	}
	if rows := table.Lookup("door", "2号"); !slices.Equal(rows, []int{1}) {
		t.Errorf("Lookup door = %v", rows)
	}
	if rows := table.Lookup("no_such_column", "2号"); len(rows) != 0 {
		t.Errorf("Lookup of an unknown column = %v", rows)
	}
	places, ok := s.Table(t.Context(), "place.csv", d)
	if !ok || places.Len() != 2 || len(places.Lookup("parent", o.village.String())) != 1 {
		t.Errorf("place.csv = %v, %v", places, ok)
	}
	if problems, ok := s.Table(t.Context(), "problem.csv", d); !ok || problems.Len() != 0 {
		t.Errorf("an empty register is not there: %v", ok)
	}
	for _, unknown := range []string{"crops.csv", "household.xml", ""} {
		if _, ok := s.Table(t.Context(), unknown, d); ok {
			t.Errorf("%q is there", unknown)
		}
	}
	if err := s.DiscardDraft(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
}

func TestForms(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	register := survey.RegisterScope(county)
	record := survey.NewID[survey.RecordID]()
	publish := func(version, xml string, parents ...survey.RevID) survey.RevID {
		r := o.revision(t, survey.Header{
			Record: record, Type: survey.TypeForm, Scope: register, Form: "QZ-01", FormVersion: version, Parents: parents,
			HLC: survey.HLC(0).Next(monday) + survey.HLC(len(o.feeds[register])),
		}, survey.Fields{survey.FormTitle: "群众工作调查表", survey.FormXML: xml})
		o.publish(r)
		return r.ID
	}
	old := publish("1.0", "<old/>")
	publish("1.1", "<new/>", old)
	apply(t, s, o.page(register, 3, 10))
	forms, err := s.Forms(t.Context())
	want := survey.FormInfo{ID: "QZ-01", Version: "1.1", Title: "群众工作调查表"}
	if err != nil || len(forms) != 1 || forms[0] != want {
		t.Errorf("forms = %+v, %v", forms, err)
	}
	for version, want := range map[string]string{"1.0": "<old/>", "1.1": "<new/>"} {
		if xml, err := s.FormXML(t.Context(), "QZ-01", version); err != nil || string(xml) != want {
			t.Errorf("version %s = %q, %v", version, xml, err)
		}
	}
	if _, err := s.FormXML(t.Context(), "QZ-01", "9.9"); survey.KindOf(err) != survey.NotFound {
		t.Errorf("an unknown version = %v", err)
	}
}

// FuzzSearch types anything into the search field. Whatever it is, a name typed whole finds itself.
func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"", "zhangs", "张", "𬱖𠮷", "ＺＳ　", "'", "\xff", "lü", strings.Repeat("a", 100)} {
		f.Add(seed, "张三")
	}
	f.Fuzz(func(t *testing.T, query, name string) {
		book := spell.NewBook()
		row := newHousehold(survey.Household{Head: name, Members: query + "、" + name, Code: query, Door: name, Phone: query}, book)
		for _, typed := range []string{spell.Fold(query), spell.Fold(name)} {
			q := newHouseholdQuery(book, typed)
			found := q.match(&row)
			if found == matchNone && typed == spell.Fold(name) && typed != "" && len(name) < maxText {
				t.Errorf("%q does not find itself", name)
			}
			if member := q.member(&row); member != "" && !slices.Contains(row.members(), member) {
				t.Errorf("%q is no member", member)
			}
		}
		if shown := row.household(survey.ScopeID{}); len(name) < maxText && shown.Head != name {
			t.Errorf("%q is shown as %q", name, shown.Head)
		}
	})
}
