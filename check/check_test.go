package check

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/survey"
)

// talked is a visit about which there is nothing to say.
func talked(more survey.Fields) survey.Fields {
	fields := survey.Fields{
		"visit/visit_result": "talked", "visit/visit_date": "2026-11-20", "visit/people_asked": "2", "visit/visit_channel": "home",
		"hh/respondent_mode": "anonymous", "hear/heard_ask": "想修路",
	}
	maps.Copy(fields, more)
	maps.DeleteFunc(fields, func(_ survey.FieldPath, value string) bool { return value == "-" })
	return fields
}

func said(found []Finding) string {
	var words []string
	for _, f := range found {
		words = append(words, fmt.Sprintf("%s@%s", f.Kind.Words(), f.Path))
	}
	return strings.Join(words, " ")
}

const long = "村里通组的那条水泥路去年冬天压坏了，下雨天老人孩子走不了，希望早点修好。"

func TestFindings(t *testing.T) {
	tests := []struct {
		name string
		more survey.Fields
		want string
	}{
		{"nothing to say", nil, ""},
		{"noted down afterwards is no finding", survey.Fields{"head/entry_mode": "late", "head/late_reason": long}, ""},
		{"nobody at home is no finding", survey.Fields{"visit/visit_result": "absent", "visit/people_asked": "-", "hear/heard_ask": "-"}, ""},
		{"a talk with nobody", survey.Fields{"visit/people_asked": "-"}, "可能缺项@visit/visit_result"},
		{"a talk about nothing", survey.Fields{"hear/heard_ask": "-"}, "可能缺项@visit/visit_result"},
		{"a talk that nobody wanted noted", survey.Fields{"hear/heard_ask": "-", "consent/consent_scope": "refuse"}, ""},
		{"a name was to be noted", survey.Fields{"hh/respondent_mode": "named"}, "可能缺项@hh/respondent_mode"},
		{"a promise without a day", survey.Fields{"finish/promise_what": "修灯"}, "可能缺项@finish/promise_what"},
		{"a problem without a title", survey.Fields{"problems/issues[k]/nature": "help", "problems/issues[k]/cat1": "09"}, "可能缺项@problems/issues[k]/nature"},
		{"a letter is nobody's business", survey.Fields{"problems/issues[k]/nature": "about_cadre"}, ""},
		{"older than the family", survey.Fields{"hh/resident_n": "1", "hh/away_n": "0", "hh/n_60p": "2"}, "前后不一致@hh/resident_n"},
		{"young and old together", survey.Fields{"hh/resident_n": "2", "hh/away_n": "0", "hh/n_60p": "2", "hh/n_under14": "1"}, "前后不一致@hh/n_under14"},
		{"80 beyond 60", survey.Fields{"hh/n_60p": "1", "hh/n_80p": "2"}, "前后不一致@hh/n_80p"},
		{"promised before", survey.Fields{"finish/promise_what": "修灯", "finish/promise_by": "2026-11-19"}, "前后不一致@finish/promise_by"},
		{"next before this", survey.Fields{"finish/next_visit": "2026-11-20"}, "前后不一致@finish/next_visit"},
		{"a crowd at home", survey.Fields{"visit/people_asked": "33"}, "数字少见@visit/people_asked"},
		{"a crowd in the village hall", survey.Fields{"visit/people_asked": "33", "visit/visit_channel": "public_place"}, ""},
		{"not a number", survey.Fields{"hh/n_60p": "很多", "hh/n_80p": "2", "hh/resident_n": "x"}, ""},
		{"a year to come", survey.Fields{
			"problems/issues[k]/nature": "help", "problems/issues[k]/title": "路灯", "problems/issues[k]/cat1": "09", "problems/issues[k]/since_year": "2027",
		}, "数字少见@problems/issues[k]/since_year"},
		{"a review's words are no answers", survey.Fields{"review/comment/finish/promise_what": "什么时候", "meta/made/x": "y"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := said(Visit(Filling{Fields: talked(tt.more)}, Around{})); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextsOfEarlierForms(t *testing.T) {
	a, b := survey.NewID[survey.RecordID](), survey.NewID[survey.RecordID]()
	earlier := EarlierOf(a, 1, talked(survey.Fields{"hear/heard_worry": long, "problems/issues[a]/detail": long, "meta/instanceName": "张三"}))
	other := strings.Replace(long, "去年冬天", "今年夏天", 1)
	tests := []struct {
		name string
		more survey.Fields
		want int
	}{
		{"the same text", survey.Fields{"hear/heard_worry": long}, 1},
		{"the same text in other points", survey.Fields{"hear/heard_worry": strings.ReplaceAll(long, "，", " ")}, 1},
		{"a few other characters", survey.Fields{"hear/heard_worry": other}, 1},
		{"another instance of the same question", survey.Fields{
			"problems/issues[b]/detail": long, "problems/issues[b]/nature": "praise",
		}, 1},
		{"another question", survey.Fields{"hear/heard_thought": long}, 0},
		{"half of it", survey.Fields{"hear/heard_worry": long[:len(long)/2/3*3]}, 0},
		{"a short text", survey.Fields{"hear/heard_worry": "没有"}, 0},
		{"what villages report", survey.Fields{"hear/heard_village": long}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := Visit(Filling{Visit: b, Fields: talked(tt.more)}, Around{Earlier: []Earlier{earlier}})
			if len(found) != tt.want || tt.want > 0 && (found[0].Kind != Repeated || found[0].Other != a || !strings.Contains(found[0].Words, "张三")) {
				t.Errorf("found %+v, want %d", found, tt.want)
			}
		})
	}
	if found := Visit(Filling{Visit: a, Fields: talked(survey.Fields{"hear/heard_worry": long})}, Around{Earlier: []Earlier{earlier}}); len(found) != 0 {
		t.Errorf("a visit is like itself: %+v", found)
	}
}

func TestTheSameMatterAgain(t *testing.T) {
	day := survey.Millis(24 * 3600 * 1000)
	before := survey.Problem{ID: survey.NewID[survey.RecordID](), Title: "水压太低", Category: "0901", Raised: 1000 * day}
	issue := survey.Fields{
		"problems/issues[k]/nature": "help", "problems/issues[k]/title": "没有水", "problems/issues[k]/cat1": "09", "problems/issues[k]/cat2": "0901",
	}
	at := func(days survey.Millis, more survey.Fields) []Finding {
		fields := talked(issue)
		maps.Copy(fields, more)
		return Visit(Filling{Fields: fields, At: before.Raised + days*day}, Around{Problems: []survey.Problem{before}})
	}
	for _, tt := range []struct {
		name string
		got  []Finding
		want bool
	}{
		{"after a week", at(7, nil), true},
		{"after 90 days", at(90, nil), true},
		{"after 91 days", at(91, nil), false},
		{"before it", at(-1, nil), false},
		{"another kind", at(7, survey.Fields{"problems/issues[k]/cat2": "0902"}), false},
		{"already said to be the same", at(7, survey.Fields{"problems/issues[k]/related_issue": before.ID.String()}), false},
		{"the problem it has made itself", at(0, survey.Fields{survey.MadeFrom("problems/issues[k]"): before.ID.String()}), false},
	} {
		if has := len(tt.got) == 1 && tt.got[0].Kind == Again && tt.got[0].Other == before.ID; has != tt.want || !tt.want && len(tt.got) > 0 {
			t.Errorf("%s: %+v", tt.name, tt.got)
		}
	}
}

func TestManyTalksAreForTheAuthorAlone(t *testing.T) {
	var earlier []Earlier
	for range manyTalks - 1 {
		earlier = append(earlier, Earlier{Day: "2026-11-20", Talked: true})
	}
	earlier = append(earlier, Earlier{Day: "2026-11-20"}, Earlier{Day: "2026-11-19", Talked: true})
	if found := Visit(Filling{Fields: talked(nil)}, Around{Earlier: earlier}); len(found) != 0 {
		t.Errorf("15 talks: %+v", found)
	}
	earlier = append(earlier, Earlier{Day: "2026-11-20", Talked: true})
	found := Visit(Filling{Fields: talked(nil)}, Around{Earlier: earlier})
	if len(found) != 1 || !found[0].Author || len(ForTownship(found)) != 0 {
		t.Errorf("16 talks: %+v", found)
	}
}

// Alike is the same both ways, holds for equal texts, and never says more than the slow definition.
func TestAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("路灯不亮水压低，。 x1")), 0, 30, -1)
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if Alike(a, b, 0.85) != Alike(b, a, 0.85) {
			t.Fatal("not the same both ways")
		}
		if len(letters(a)) > 0 && !Alike(a, a, 1) {
			t.Fatal("not like itself")
		}
		x, y := letters(a), letters(b)
		want := len(x)+len(y) > 0 && float64(2*subsequence(x, y)) >= 0.85*float64(len(x)+len(y))
		if Alike(a, b, 0.85) != want {
			t.Fatalf("Alike = %v, by definition %v", !want, want)
		}
	})
}

// Whatever was answered, checking neither fails nor changes it, and says the same again.
func TestChecksStandAnything(t *testing.T) {
	names := []string{
		"visit_result", "people_asked", "n_60p", "n_80p", "n_under14", "resident_n", "away_n", "visit_date", "promise_by", "nature", "cat2", "title", "]", "[",
	}
	rapid.Check(t, func(t *rapid.T) {
		fields := survey.Fields{}
		for range rapid.IntRange(0, 12).Draw(t, "fields") {
			where := rapid.SampledFrom([]string{"", "a/", "r[k]/", "r[k]/s[l]/", "[", "]/"}).Draw(t, "where")
			value := rapid.SampledFrom([]string{"", "talked", "3", "-1", "99999999999999999999", "2026-11-20", "２", long, "\xff"}).Draw(t, "value")
			fields[survey.FieldPath(where+rapid.SampledFrom(names).Draw(t, "name"))] = value
		}
		before := maps.Clone(fields)
		around := Around{Earlier: []Earlier{EarlierOf(survey.RecordID{1}, 5, fields)}, Problems: []survey.Problem{{ID: survey.RecordID{2}, Category: "3", Raised: 1}}}
		first := said(Visit(Filling{Fields: fields, At: survey.MillisOf(time.Unix(9, 0))}, around))
		if again := said(Visit(Filling{Fields: fields, At: survey.MillisOf(time.Unix(9, 0))}, around)); again != first {
			t.Fatalf("%q, then %q", first, again)
		}
		if !maps.Equal(before, fields) {
			t.Fatal("the answers have changed")
		}
	})
}
