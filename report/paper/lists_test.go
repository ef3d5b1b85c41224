package paper

import (
	"strings"
	"testing"
	"time"

	"zoucun/report"
	"zoucun/survey"
)

func TestMasked(t *testing.T) {
	for name, want := range map[string]string{"": "", "王秀英": "王某", "欧阳锋": "欧阳某", "欧阳": "欧某", "𬱖小": "𬱖某", "阿依古丽·买买提": "阿某", "单": "单某"} {
		if got := Masked(name); got != want {
			t.Errorf("Masked(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestListsSayWhatWasSaid(t *testing.T) {
	s := setting(t)
	names := s.Name
	s.Name = func(id string) string {
		if id == household {
			return "顾大勇"
		}
		return names(id)
	}
	visit := madeUp()
	visit.Fields["meta/household"] = household
	away := survey.Record{Type: survey.TypeVisit, Fields: survey.Fields{
		"visit/visit_date": "2026-11-21", "visit/visit_result": "absent", "visit/visit_channel": "home", "meta/household": household, "head/entry_mode": "onsite",
	}}
	spoken := func(survey.Record) Setting { return s }
	w := Where{Township: "云岭镇", Village: "石门坎村", When: "2026年11月", Author: "王秀英"}
	visits := []survey.Record{visit, away}
	problem := survey.Record{Type: survey.TypeProblem, Fields: survey.Fields{
		survey.ProblemHousehold: household, survey.ProblemTitle: "门前水渠堵了", survey.ProblemState: "dispatched", "cat1": "07", "cat2": "0703", "nature": "help",
	}}
	closed := survey.Record{Type: survey.TypeProblem, Fields: survey.Fields{survey.ProblemTitle: "办结的事", survey.ProblemState: "archived"}}
	id, _ := survey.ParseID[survey.ScopeID](village)
	problem.Scope = id
	dossier := report.DossierOf(Printable([]survey.Holding{{Record: visit}, {Record: problem}}), report.Data{Forms: []report.Form{s.Form}}, time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))
	tests := []struct {
		name      string
		document  Document
		says      []string
		saysNever []string
	}{
		{"走访清单", VisitList(w, visits, spoken), []string{"共2次走访", "顾某", "2026年11月21日", "家中无人", "事后补记", "见到并交谈"}, []string{"顾大勇", "13800138000"}},
		{"民情日记", Diary(w, visits, spoken), []string{"今天走访2次，1户，见到并交谈1次，登记问题2件", "听到：", "答应：请水利站一周内来看（2026年11月29日前）", "体会：老人独居", "见到𬱖某"}, []string{"𬱖㛃䶮", "封存"}},
		{"交接清单", Handover(w, []survey.Record{problem, closed}, visits, spoken, s), []string{"门前水渠堵了", "已交办", "请水利站一周内来看", "下次走访", "监交人"}, []string{"办结的事", "顾大勇"}},
		{"民情台账", Ledger(w, []Raised{{problem, time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)}}, s), []string{"水利·灌溉", "2026年11月2日", "求助", "顾某", "石门坎村"}, []string{"顾大勇"}},
		{"联系卡", Cards(s, Contact{Name: "王秀英", Post: "包村干部"}), []string{"王秀英　包村干部", "0851-12345", "不影响您办任何事"}, nil},
		{"一户一档", HouseholdFile(dossier), []string{"门前水渠堵了", "𬱖㛃䶮", "含个人信息", "2026年11月22日"}, []string{"封存", "很差", "head/"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := running(read(t, printed(t, fonts(t), test.document), "pdftotext", "-raw", "FILE", "-"))
			for _, want := range test.says {
				if !strings.Contains(text, running(want)) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for _, hidden := range test.saysNever {
				if strings.Contains(text, running(hidden)) {
					t.Errorf("it says %q", hidden)
				}
			}
			if test.document.Name != test.name {
				t.Errorf("it is called %q", test.document.Name)
			}
		})
	}
}

const household = "0192f0c1-0000-7000-8000-0000000000f1"
