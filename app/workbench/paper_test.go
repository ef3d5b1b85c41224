package workbench_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zoucun/app/present"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/internal/testkit/device"
	"zoucun/report/paper"
	"zoucun/store"
	"zoucun/survey"
)

var paperNoon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

// printery is a township's device with visits on it, and what prints them.
type printery struct {
	store   *store.Store
	papers  *workbench.Papers
	self    survey.Enrolment
	village survey.RecordID
}

func newPrintery(tb testing.TB) *printery {
	tb.Helper()
	now := func() time.Time { return paperNoon }
	s, err := store.Open(tb.Context(), tb.TempDir(), store.Options{Clock: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	folder, err := assets.Form("QZ-01")
	if err != nil {
		tb.Fatal(err)
	}
	if err := device.Prepare(tb.Context(), s, device.Spec{Seed: 1, Households: 30, Forms: map[string]fs.FS{"QZ-01": folder}}); err != nil {
		tb.Fatal(err)
	}
	self, _, err := s.Enrolment(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	who := survey.Staff{ID: self.Grant.Person, Name: self.Grant.Name}
	return &printery{store: s, self: self, village: s.Villages()[0].ID, papers: workbench.NewPapers(s, self, who, now, readFonts)}
}

func readFonts() (*paper.Fonts, error) {
	return paper.NewFonts(assets.FontRegular(), assets.FontBold())
}

// visit finishes a visit to a household with some answers.
func (p *printery) visit(t *testing.T, household survey.RecordID, answers ...string) {
	t.Helper()
	number := 0
	v, err := present.Desk{
		Forms: p.store, Keeper: p.store, Sealer: p.store, Enrolment: p.self, Now: func() time.Time { return paperNoon },
		Later:      func(time.Duration, func()) func() { return func() {} },
		NextNumber: func() (int, error) { number++; return number, nil },
	}.Begin(t.Context(), survey.FormInfo{ID: "QZ-01", Version: "1.0"}, p.village, household)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(answers); n += 2 {
		if err := v.Answer(t.Context(), survey.FieldPath(answers[n]), answers[n+1]); err != nil {
			t.Fatal(err)
		}
	}
	if wrongs, err := v.Finish(t.Context()); err != nil || len(wrongs) > 0 {
		t.Fatalf("not finished: %v %+v", err, wrongs)
	}
}

func (p *printery) households() []survey.FoundHousehold {
	return p.store.SearchHouseholds(p.village, "", 0)
}

func textOf(t *testing.T, data []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), "")
}

func TestEveryPaperComesOfTheRecords(t *testing.T) {
	p := newPrintery(t)
	households := p.households()
	p.visit(t, households[0].ID, "visit/visit_result", "talked", "hh/respondent_mode", "named", "hh/respondent_name", "𬱖㛃䶮",
		"hear/heard_worry", "怕下雨塌方", "consent/notice_given", "yes", "consent/consent_scope", "agree", "finish/promise_what", "请水利站来看")
	p.visit(t, households[1].ID, "visit/visit_result", "absent", "visit/visit_date", "2026-11-20")
	who := p.self.Grant.Person
	tests := []struct {
		order workbench.PaperOrder
		says  []string
		count int
		looks bool
	}{
		{workbench.PaperOrder{Kind: workbench.PaperBlank}, []string{"群众工作调查表", "反映人签名", p.self.Grant.Township}, 1, false},
		{workbench.PaperOrder{Kind: workbench.PaperPrefilled, Village: p.village}, []string{"户主：" + households[2].Head}, len(households), true},
		{workbench.PaperOrder{Kind: workbench.PaperPrefilled, Village: p.village, Household: households[2].ID}, []string{"户主：" + households[2].Head}, 1, true},
		{workbench.PaperOrder{Kind: workbench.PaperFilled, From: "2026-11-01", To: "2026-11-30"}, []string{"𬱖㛃䶮", "■家中无人", "怕下雨塌方"}, 2, true},
		{workbench.PaperOrder{Kind: workbench.PaperFilled, Village: p.village, From: "2026-11-20", To: "2026-11-20"}, []string{"■家中无人"}, 1, true},
		{workbench.PaperOrder{Kind: workbench.PaperVisits, From: "2026-11-01", To: "2026-11-30"}, []string{"共2次走访", "2026年11月20日"}, 1, true},
		{workbench.PaperOrder{Kind: workbench.PaperDiary, Person: who, From: "2026-11-22", To: "2026-11-22"}, []string{"今天走访1次", "怕下雨塌方"}, 1, true},
		{workbench.PaperOrder{Kind: workbench.PaperHandover, Village: p.village}, []string{"请水利站来看", "监交人"}, 1, true},
		{workbench.PaperOrder{Kind: workbench.PaperCards, Person: who}, []string{p.self.Grant.Name, "联系卡"}, 1, false},
		{
			workbench.PaperOrder{Kind: workbench.PaperHousehold, Village: p.village, Household: households[0].ID, Reason: "村里研究低保"},
			[]string{"𬱖㛃䶮", households[0].Head, "一户一档"},
			1, true,
		},
	}
	for _, test := range tests {
		t.Run(string(test.order.Kind), func(t *testing.T) {
			test.order.Format = workbench.FormatPDF
			before := looks(t, p.store)
			made, err := p.papers.Make(t.Context(), test.order, nil)
			if err != nil {
				t.Fatal(err)
			}
			text := textOf(t, made.Data)
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not on the paper:\n%.600s", want, text)
				}
			}
			if made.Papers != test.count {
				t.Errorf("%d papers, want %d", made.Papers, test.count)
			}
			if now := looks(t, p.store); (now > before) != test.looks {
				t.Errorf("%d lines in the access logs, %d before", now, before)
			}
			if !regexp.MustCompile(`^\p{Han}+-20261122-120000\.pdf$`).MatchString(made.Name) || strings.Contains(made.Name, households[0].Head) {
				t.Errorf("the file is called %q", made.Name)
			}
		})
	}
}

// looks counts lines of access logs.
func looks(t *testing.T, s *store.Store) int {
	t.Helper()
	n := 0
	if err := s.Records(t.Context(), survey.TypeAccess, survey.ScopeID{}, func(survey.Record) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnOrderThatLacksSomethingSaysWhat(t *testing.T) {
	p := newPrintery(t)
	household := p.households()[0].ID
	for want, order := range map[string]workbench.PaperOrder{
		"请先选一户。":    {Kind: workbench.PaperHousehold, Village: p.village, Reason: "核对"},
		"请先写明为什么":   {Kind: workbench.PaperHousehold, Village: p.village, Household: household, Reason: " "},
		"原因最多":      {Kind: workbench.PaperHousehold, Village: p.village, Household: household, Reason: strings.Repeat("查", 201)},
		"请先选一个村。":   {Kind: workbench.PaperPrefilled},
		"请先选一个人。":   {Kind: workbench.PaperCards},
		"请把日期写成":    {Kind: workbench.PaperVisits, From: "2026/11/1", To: "2026-11-30"},
		"后一天比前一天还早": {Kind: workbench.PaperVisits, From: "2026-11-30", To: "2026-11-01"},
		"没有走访记录":    {Kind: workbench.PaperVisits, From: "2020-11-01", To: "2020-11-02"},
		"没有可以打印的内容": {Kind: workbench.PaperFilled, From: "2020-11-01", To: "2020-11-02"},
		"还没有登记问题":   {Kind: workbench.PaperLedger},
	} {
		order.Format = workbench.FormatPDF
		_, err := p.papers.Make(t.Context(), order, nil)
		if err == nil || !strings.Contains(workbench.Sentence(err), want) {
			t.Errorf("%s: got %v, want %q", order.Kind, err, want)
		}
	}
}

func TestAPaperThatIsStoppedIsNotMade(t *testing.T) {
	p := newPrintery(t)
	ctx, cancel := context.WithCancel(t.Context())
	var told []int
	made, err := p.papers.Make(ctx, workbench.PaperOrder{Kind: workbench.PaperPrefilled, Village: p.village, Format: workbench.FormatPDF}, func(done, of int) {
		told = append(told, done)
		if of != len(p.households()) {
			t.Errorf("of %d, want %d", of, len(p.households()))
		}
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || made.Data != nil || !slices.Equal(told, []int{1, 2, 3}) {
		t.Errorf("got %v, %d bytes, told %v", err, len(made.Data), told)
	}
}

func TestPapersInTheOfficesFormats(t *testing.T) {
	p := newPrintery(t)
	for format, magic := range map[workbench.PaperFormat]string{workbench.FormatWord: "word/document.xml", workbench.FormatWorkbook: "xl/workbook.xml"} {
		made, err := p.papers.Make(t.Context(), workbench.PaperOrder{Kind: workbench.PaperPrefilled, Village: p.village, Format: format}, nil)
		if err != nil || !bytes.Contains(made.Data, []byte(magic)) || !strings.HasSuffix(made.Name, string(format)) {
			t.Errorf("%s: %v, %q, %d bytes", format, err, made.Name, len(made.Data))
		}
	}
}

func TestWordsOfWhatWasMade(t *testing.T) {
	words := workbench.MissingWords(workbench.Paper{Missing: []rune("𠮷𰻝")})
	if !strings.Contains(words, "U+20BB7、U+30EDD") || !strings.Contains(words, "非正式件") {
		t.Error(words)
	}
	if words := workbench.MissingWords(workbench.Paper{}); words != "" {
		t.Error(words)
	}
	if words := workbench.Sheets(workbench.Paper{Kind: workbench.PaperVisits, Papers: 2, Data: make([]byte, 3000)}); words != "做好了：走访清单，2 份，3 KB。" {
		t.Error(words)
	}
	if words := workbench.Sentence(errors.New("disk full")); strings.Contains(words, "disk") {
		t.Error(words)
	}
}
