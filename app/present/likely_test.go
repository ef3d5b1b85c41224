package present

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoucun/form"
	"zoucun/internal/alike"
	"zoucun/internal/spell"
	"zoucun/internal/township"
	"zoucun/survey"
)

func TestResemblance(t *testing.T) {
	zhang := survey.Household{Head: "张建国", Members: "李秀兰、张伟", Door: "1组12号", Phone: "13800000001"}
	tests := []struct {
		fact   string
		other  survey.Household
		likely bool
		words  string
	}{
		{"an equal name is enough", survey.Household{Head: "张建国"}, true, "同名"},
		{"so is an old form of it", survey.Household{Head: "張建國"}, true, "同名"},
		{"a name said alike is not", survey.Household{Head: "章建国"}, false, ""},
		{"but with the door it is", survey.Household{Head: "章建国", Door: "１组12号"}, true, "同音 · 同门牌"},
		{"the group may be left unsaid", survey.Household{Head: "章建国", Door: "12"}, true, "同音 · 同门牌"},
		{"but not be another", survey.Household{Head: "章建国", Door: "2组12号"}, false, ""},
		{"one character may be another with the phone", survey.Household{Head: "张建园", Phone: "138 0000 0001"}, true, "名字只差一个字 · 同电话"},
		{"a phone alone says nothing", survey.Household{Head: "王五", Phone: "13800000001"}, false, ""},
		{"nor does a door with a phone", survey.Household{Head: "王五", Phone: "13800000001", Door: "1组12号"}, false, ""},
		{"a member's name alone does not", survey.Household{Head: "李秀兰"}, false, ""},
		{"but does at the same door", survey.Household{Head: "李秀兰", Door: "1组12号"}, true, "与家人同名 · 同门牌"},
		{"and said alike with the phone", survey.Household{Head: "李秀蓝", Phone: "13800000001"}, true, "与家人同音 · 同电话"},
		{"two empty doors are not one", survey.Household{Head: "章建国", Door: ""}, false, ""},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			r := alike.Households(spell.NewBook(), zhang, test.other)
			if r.Likely() != test.likely || test.likely && r.Words() != test.words {
				t.Errorf("likely %v: %q", r.Likely(), r.Words())
			}
		})
	}
}

func drawHousehold(t *rapid.T, label string) survey.Household {
	return survey.Household{
		ID:      survey.NewID[survey.RecordID](),
		Head:    rapid.StringMatching(`[张章李理王][建见国秀兰蓝]{1,2}`).Draw(t, label+" head"),
		Members: rapid.StringMatching(`([张李王][国秀兰](、[张李王][国秀兰]){0,2})?`).Draw(t, label+" members"),
		Door:    rapid.SampledFrom([]string{"", "1组1号", "1号", "2组1号", "村东头"}).Draw(t, label+" door"),
		Phone:   rapid.SampledFrom([]string{"", "13800000001", "138-0000-0001", "13800000002"}).Draw(t, label+" phone"),
		Code:    rapid.StringMatching(`[0-9]{0,2}`).Draw(t, label+" code"),
	}
}

func TestResemblanceIsTheSameBothWays(t *testing.T) {
	book := spell.NewBook()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawHousehold(t, "a"), drawHousehold(t, "b")
		if there, back := alike.Households(book, a, b), alike.Households(book, b, a); there != back {
			t.Errorf("%+v and %+v: %+v, %+v", a, b, there, back)
		}
	})
}

func TestCandidatesDoNotDependOnTheOrderOfTheRegister(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := drawHousehold(t, "one")
		var register []survey.FoundHousehold
		for range rapid.IntRange(0, 12).Draw(t, "households") {
			register = append(register, survey.FoundHousehold{Household: drawHousehold(t, "other")})
		}
		want := likelySame(spell.NewBook(), one, register)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, seed)).Shuffle(len(register), func(i, j int) { register[i], register[j] = register[j], register[i] })
		if got := likelySame(spell.NewBook(), one, register); !slices.Equal(got, want) {
			t.Errorf("in another order: %v, want %v", got, want)
		}
	})
}

// newcomerVisit fills in a visit that creates a household.
func newcomerVisit(t *testing.T, o *office, c *timer, head, door string) *Visit {
	t.Helper()
	v, err := o.desk(c).Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0", Title: "群众工作调查表"}, o.village.ID, survey.RecordID{})
	if err != nil {
		t.Fatal(err)
	}
	answer(t, v, "visit/visit_result", "absent")
	answer(t, v, "visit/new_household", "yes")
	answer(t, v, "visit/new_head_name", head)
	answer(t, v, "visit/door_no", door)
	return v
}

func answer(t *testing.T, v *Visit, path survey.FieldPath, value string) {
	t.Helper()
	if err := v.Answer(t.Context(), path, value); err != nil {
		t.Fatal(err)
	}
}

func doubt(t *testing.T, v *Visit) (Doubt, bool) {
	t.Helper()
	d, found, err := v.Doubt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d, found
}

func finish(t *testing.T, o *office, v *Visit) form.Submission {
	t.Helper()
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("Finish = %v, %v", wrongs, err)
	}
	return o.finished[len(o.finished)-1]
}

func householdChange(t *testing.T, sub form.Submission) form.EntityChange {
	t.Helper()
	for _, e := range sub.Entities {
		if e.Dataset == "household" {
			return e
		}
	}
	t.Fatal("no change of a household")
	return form.EntityChange{}
}

func TestANewHouseholdThatIsThereIsAskedAbout(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := newcomerVisit(t, o, newTimer(), "章三", "1组1号")
	d, found := doubt(t, v)
	if !found || !d.New || d.Name != "章三" || len(d.Candidates) != 1 {
		t.Fatalf("doubt %+v, %v", d, found)
	}
	if c := d.Candidates[0]; c.ID != o.households[0].ID || c.Title != "张三" || c.Alike != "同音 · 同门牌" || !strings.Contains(c.Detail, "1组1号") {
		t.Errorf("candidate %+v", c)
	}
}

func TestSameHouseholdIsUpdatedWithWhatWasAnswered(t *testing.T) {
	o := newOffice(t, "QZ-01")
	c := newTimer()
	v := newcomerVisit(t, o, c, "章三", "1组1号")
	d, _ := doubt(t, v)
	if err := v.Same(t.Context(), d, d.Candidates[0].ID); err != nil {
		t.Fatal(err)
	}
	v, err := o.desk(c).Resume(t.Context(), v.Draft().ID) // the word is kept
	if err != nil {
		t.Fatal(err)
	}
	if d, found := doubt(t, v); found {
		t.Fatalf("asked again: %+v", d)
	}
	sub := finish(t, o, v)
	e := householdChange(t, sub)
	if e.ID != o.households[0].ID.String() || e.Create || !e.Update || e.Label != "" {
		t.Errorf("change %+v", e)
	}
	if e.Properties["door"] != "1组1号" {
		t.Errorf("the door typed is lost: %v", e.Properties)
	}
	for property, value := range e.Properties {
		if value == "" {
			t.Errorf("a blank takes %s away", property)
		}
	}
	if v.Draft().Household != o.households[0].ID {
		t.Error("the visit is not paid to the household")
	}
	if got := sub.Fields["visit/household_key"]; got != o.households[0].ID.String() {
		t.Errorf("the visit refers to %q", got)
	}
}

func TestDistinctHouseholdIsCreatedAndNotAskedAboutAgain(t *testing.T) {
	o := newOffice(t, "QZ-01")
	o.households = append(o.households, survey.Household{ID: survey.NewID[survey.RecordID](), Head: "张三", Door: "9号"})
	c := newTimer()
	v := newcomerVisit(t, o, c, "张三", "1组1号")
	d, _ := doubt(t, v)
	if len(d.Candidates) != 2 || d.Candidates[0].ID != o.households[0].ID {
		t.Fatalf("candidates %+v", d.Candidates)
	}
	if err := v.Distinct(t.Context(), d, d.Candidates[0].ID); err != nil {
		t.Fatal(err)
	}
	v, err := o.desk(c).Resume(t.Context(), v.Draft().ID)
	if err != nil {
		t.Fatal(err)
	}
	d, found := doubt(t, v)
	if !found || len(d.Candidates) != 1 || d.Candidates[0].ID == o.households[0].ID {
		t.Fatalf("left: %+v", d)
	}
	if err := v.Distinct(t.Context(), d, d.Candidates[0].ID); err != nil {
		t.Fatal(err)
	}
	if d, found := doubt(t, v); found {
		t.Fatalf("asked again: %+v", d)
	}
	answer(t, v, "visit/new_head_name", "章三") // another name is another question
	if _, found := doubt(t, v); !found {
		t.Error("the name was changed, and nothing is asked about it")
	}
	answer(t, v, "visit/new_head_name", "张三")
	if e := householdChange(t, finish(t, o, v)); !e.Create || e.Label != "张三" {
		t.Errorf("change %+v", e)
	}
}

func TestAVisitWithoutAHouseholdThatNamesSomebody(t *testing.T) {
	o := newOffice(t, "QZ-01")
	o.households[0].Members = "李秀兰"
	named := func(name, phone string) *Visit {
		v, err := o.desk(newTimer()).Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0"}, o.village.ID, survey.RecordID{})
		if err != nil {
			t.Fatal(err)
		}
		answer(t, v, "visit/visit_result", "talked")
		answer(t, v, "hh/respondent_mode", "real")
		answer(t, v, "consent/notice_given", "yes")
		answer(t, v, "consent/consent_scope", "agree")
		answer(t, v, "hh/respondent_name", name)
		answer(t, v, "hh/phone", phone)
		return v
	}
	v := named("李秀兰", "13812345678")
	d, found := doubt(t, v)
	if !found || d.New || d.Candidates[0].Alike != "与家人同名 · 同电话" || !strings.Contains(d.Candidates[0].Detail, "家人 李秀兰") {
		t.Fatalf("doubt %+v, %v", d, found)
	}
	if err := v.Same(t.Context(), d, o.households[0].ID); err != nil {
		t.Fatal(err)
	}
	finish(t, o, v)
	if v.Draft().Household != o.households[0].ID {
		t.Error("the visit is not paid to the household")
	}
	v = named("张大爷", "13999999999")
	if d, found := doubt(t, v); found {
		t.Errorf("asked about a stranger: %+v", d)
	}
	answer(t, v, "hh/respondent_mode", "anonymous")
	if d, found := doubt(t, v); found {
		t.Errorf("asked about who stays anonymous: %+v", d)
	}
}

func TestAVanishedHouseholdIsNotPaidTo(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := newcomerVisit(t, o, newTimer(), "张三", "")
	d, _ := doubt(t, v)
	if err := v.Same(t.Context(), d, o.households[0].ID); err != nil {
		t.Fatal(err)
	}
	o.households = o.households[1:]
	if e := householdChange(t, finish(t, o, v)); !e.Create {
		t.Errorf("change %+v", e)
	}
}

func TestNothingIsAskedWhileAnswersAreMissing(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := newcomerVisit(t, o, newTimer(), "张三", "")
	answer(t, v, "visit/visit_result", "")
	if d, found := doubt(t, v); found {
		t.Errorf("asked %+v before finishing said what is missing", d)
	}
}

func TestAFullDiskDoesNotHideTheWord(t *testing.T) {
	o := newOffice(t, "QZ-01")
	v := newcomerVisit(t, o, newTimer(), "张三", "")
	d, _ := doubt(t, v)
	o.broken = errors.New("disk full")
	if err := v.Distinct(t.Context(), d, o.households[0].ID); err == nil {
		t.Error("a word that is not on disk was called kept")
	}
	o.broken = nil
	if _, found := doubt(t, v); found {
		t.Error("what was answered is asked again")
	}
}

// BenchmarkLikelySame is what finishing a visit that creates a household waits for in a large village.
func BenchmarkLikelySame(b *testing.B) {
	var register []survey.FoundHousehold
	for i, row := range township.New(1, 1000).Good() {
		register = append(register, survey.FoundHousehold{Household: survey.Household{
			ID: survey.RecordID{byte(i), byte(i >> 8)}, Head: row.Head, Members: strings.Join(row.Members, survey.MemberStop),
			Door: row.Door, Phone: row.Phone, Code: row.Code,
		}})
	}
	one := survey.Household{Head: "王国建", Door: "1组12号", Phone: "15400000012"}
	for b.Loop() {
		likelySame(spell.NewBook(), one, register)
	}
}
