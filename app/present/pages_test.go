package present

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoucun/form"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// fill answers what makes every section of QZ-01 relevant.
func fill(tb testing.TB, v *Visit) {
	tb.Helper()
	for path, value := range map[survey.FieldPath]string{
		"visit/visit_result": "talked", "hh/respondent_mode": "real", "problems/has_issue": "yes",
	} {
		if err := v.Answer(tb.Context(), path, value); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestEveryQuestionIsOnOnePage(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	v.GoSection(0)
	seen := map[survey.FieldPath]int{}
	pages := 0
	for {
		p := v.Page()
		pages++
		weight := 0
		for _, item := range p.Items {
			weight += item.weight()
			if item.Kind == QuestionItem {
				seen[item.Question.Path]++
			}
			for _, q := range item.Row {
				seen[q.Question.Path]++
			}
		}
		if weight > pageWeight+4 {
			t.Errorf("page %q holds %d, want about %d", p.Key, weight, pageWeight)
		}
		if p.Last {
			break
		}
		v.Next()
		if v.Page().Key == p.Key {
			t.Fatalf("no way on from %q", p.Key)
		}
	}
	for _, q := range v.questions(v.session.Outline()) {
		if !strings.Contains(string(q.Path), "[") && seen[q.Path] != 1 {
			t.Errorf("%s is on %d pages", q.Path, seen[q.Path])
		}
	}
	for range pages {
		v.Previous()
	}
	if !v.Page().First {
		t.Error("going back as many pages does not lead to the first")
	}
}

func TestTheSectionsAreTheForms(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	var got []string
	for _, row := range v.Index() {
		got = append(got, row.Title)
		if row.Answered > row.Total {
			t.Errorf("%s: %d of %d answered", row.Title, row.Answered, row.Total)
		}
	}
	if len(got) != 10 || got[0] != "0 表头" || got[9] != "9 结束" {
		t.Errorf("sections %q", got)
	}
}

func TestAPageStaysWhereItIsWhileSectionsGo(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	v.GoTo("consent/consent_scope")
	before := v.Page().Title
	if err := v.Answer(t.Context(), "consent/consent_scope", "refuse"); err != nil {
		t.Fatal(err)
	}
	if got := v.Page().Title; got != before {
		t.Errorf("refusing consent moved the person from %q to %q", before, got)
	}
}

func TestPagesStayWhileQuestionsComeAndGo(t *testing.T) {
	o := newOffice(t)
	var rows strings.Builder
	for i := range 30 {
		relevant := ""
		if i%2 == 1 {
			relevant = "${first} = 'yes'"
		}
		fmt.Fprintf(&rows, "| | text | q%d | Q%d | %s |\n", i, i, relevant)
	}
	info := o.addMarkdown(t, "| survey |\n| | type | name | label | relevant |\n| | text | first | First | |\n"+rows.String()+
		"| settings |\n| | form_title | form_id | version |\n| | probe | probe | 1.0 |\n")
	v := o.begin(t, info.ID, newTimer())
	before := v.Page()
	if err := v.Answer(t.Context(), "first", "yes"); err != nil {
		t.Fatal(err)
	}
	after := v.Page()
	if before.Of != after.Of || after.Items[0].Key != before.Items[0].Key {
		t.Errorf("page %d of %d became %d of %d", before.Number, before.Of, after.Number, after.Of)
	}
	if last := before.Items[len(before.Items)-1].Key; !slices.ContainsFunc(after.Items, func(i Item) bool { return i.Key == last }) {
		t.Errorf("%s left the page when others came", last)
	}
}

func TestAPageThatGrowsTooLongIsCutBehindTheAnswer(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	v.GoTo("problems/has_issue")
	if err := v.Add(t.Context(), "problems/issues"); err != nil {
		t.Fatal(err)
	}
	before := v.Page()
	nature := before.Items[slices.IndexFunc(before.Items, func(i Item) bool { return i.Question.Name == "nature" })].Question.Path
	if err := v.Answer(t.Context(), nature, "help"); err != nil {
		t.Fatal(err)
	}
	after := v.Page()
	if after.Of < 2 || len(after.Items) > fullPage {
		t.Errorf("page %d of %d with %d questions", after.Number, after.Of, len(after.Items))
	}
	for i, item := range before.Items {
		if after.Items[i].Key != item.Key {
			t.Errorf("%s moved", item.Key)
		}
	}
}

func TestRepeatIsEnteredAndLeft(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	v.GoTo("problems/has_issue")
	if err := v.Add(t.Context(), "problems/issues"); err != nil {
		t.Fatal(err)
	}
	p := v.Page()
	if !p.InInstance || !strings.HasPrefix(p.Title, "问题") {
		t.Fatalf("after adding, the page is %q", p.Title)
	}
	nature := p.Items[slices.IndexFunc(p.Items, func(i Item) bool { return i.Question.Name == "nature" })].Question.Path
	if err := v.Answer(t.Context(), nature, "help"); err != nil {
		t.Fatal(err)
	}
	title := survey.FieldPath(strings.TrimSuffix(string(nature), "nature") + "title")
	if err := v.Answer(t.Context(), title, "门前的路灯不亮"); err != nil {
		t.Fatal(err)
	}
	v.GoSection(0)
	if !v.GoTo(title) || !v.Page().InInstance {
		t.Fatal("a question in an instance is not reached")
	}
	if !v.Leave() || v.Page().InInstance {
		t.Fatal("the way back from an instance does not lead to its repeat")
	}
	i := slices.IndexFunc(v.Page().Items, func(i Item) bool { return i.Kind == RepeatItem })
	cards := v.Page().Items[i].Cards
	if got := cards[len(cards)-1].Title; got != "门前的路灯不亮" {
		t.Errorf("the card says %q", got)
	}
	if err := v.Remove(t.Context(), cards[len(cards)-1].Path); err != nil {
		t.Fatal(err)
	}
	if got := len(v.Page().Items[i].Cards); got != len(cards)-1 {
		t.Errorf("%d cards after removing one of %d", got, len(cards))
	}
}

func TestAMatrixIsShownInRows(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := o.begin(t, "QZ-01", newTimer())
	fill(t, v)
	if !v.GoTo("policy/pension/aware") {
		t.Fatal("no page for the policies")
	}
	row := v.Page().Items[0]
	if row.Kind != RowItem || row.Label != "城乡居民养老保险" || len(row.Row) != 3 {
		t.Errorf("first item %v %q with %d questions", row.Kind, row.Label, len(row.Row))
	}
}

func TestWhatIsTypedIsNotCalledWrongYet(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := o.begin(t, "QZ-01", c)
	fill(t, v)
	v.GoTo("visit/people_asked")
	v.Type(t.Context(), "visit/people_asked", "500")
	c.pass(typingPause)
	say := func() string {
		for _, i := range v.Page().Items {
			if i.Question.Name == "people_asked" {
				return i.Wrong
			}
		}
		return "not on the page"
	}
	if got := say(); got != "" {
		t.Errorf("while typing: %q", got)
	}
	v.Left(t.Context(), "visit/people_asked")
	if got := say(); got != "交谈人数请填1到99。" {
		t.Errorf("after leaving the field: %q", got)
	}
}

func TestFinderKnowsPinyin(t *testing.T) {
	f := NewFinder([]form.Choice{
		{Name: "a", Label: "张三", Row: map[string]string{"door": "老槐树下", "name": "a"}},
		{Name: "b", Label: "李四", Row: map[string]string{"door": "12号"}},
		{Name: "c", Label: "欧阳建国", Row: map[string]string{"members": "单秀兰、尉迟𬱖"}},
		{Name: "d", Label: "大岙单家村"},
	}, spell.Reading{Word: "岙", Syllables: []string{"o"}})
	for _, test := range []struct{ typed, want string }{
		{"", "abcd"},
		{"张", "a"},
		{"zs", "a"},
		{"LISI", "b"},
		{"oyjg", "c"},
		{"12", "b"},
		{"槐树", "a"},
		{"王", ""},
		{"danxl", "c"},
		{"yuchidi", "c"},
		{"guodan", ""},
		{"shan", "cd"},
		{"dashan", "d"},
		{"daosj", "d"},
		{"oshan", "d"},
		{"aodan", "d"},
		{"ushan", ""},
	} {
		var got string
		for _, c := range f.Find(test.typed) {
			got += c.Name
		}
		if got != test.want {
			t.Errorf("Find(%q) = %q, want %q", test.typed, got, test.want)
		}
	}
}

// BenchmarkAnswer is what one tap costs: the answer, the page and the index as they are afterwards.
func BenchmarkAnswer(b *testing.B) {
	o := newOffice(b, "QZ-01")
	v := o.begin(b, "QZ-01", newTimer())
	fill(b, v)
	v.GoTo("policy/pension/aware")
	values := []string{"clear", "heard"}
	for i := 0; b.Loop(); i++ {
		if err := v.Answer(b.Context(), "policy/pension/aware", values[i%2]); err != nil {
			b.Fatal(err)
		}
		v.Page()
		v.Index()
	}
}
