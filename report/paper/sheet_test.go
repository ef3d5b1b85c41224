package paper

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoucun/assets"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/internal/testkit/rarefont"
	"zoucun/report"
	"zoucun/report/pdf"
	"zoucun/survey"
)

// Records that the made-up visit names.
const (
	village = "0192f0c1-0000-7000-8000-000000000001"
	group   = "0192f0c1-0000-7000-8000-000000000002"
	visitor = "0192f0c1-0000-7000-8000-000000000003"
	first   = "problems/issues[0192f0c1-0000-7000-8000-0000000000a1]/"
	second  = "problems/issues[0192f0c1-0000-7000-8000-0000000000a2]/"
	sealed  = "problems/issues[0192f0c1-0000-7000-8000-0000000000a3]/"
)

func formQZ01(tb testing.TB) report.Form {
	tb.Helper()
	folder, err := assets.Form("QZ-01")
	if err != nil {
		tb.Fatal(err)
	}
	book, _ := xlsform.ReadFS(folder, "QZ-01")
	definition, err := xform.Read(bytes.NewReader(xlsform.Compile(book, xlsform.Options{}).XML))
	if err != nil {
		tb.Fatal(err)
	}
	return report.FormOf(definition)
}

func setting(tb testing.TB) Setting {
	tb.Helper()
	names := map[string]string{village: "石门坎村", group: "上寨组", visitor: "王秀英"}
	return Setting{
		Township: "云岭镇", Phones: survey.Phones{Township: "0851-88880000", County: "0851-12345"},
		Form: formQZ01(tb), Name: func(id string) string { return names[id] },
	}
}

// madeUp is a visit that says something in every part of the form.
func madeUp() survey.Record {
	return survey.Record{Type: survey.TypeVisit, Form: "QZ-01", FormVersion: "1.0", Fields: survey.Fields{
		"head/form_no": "QZ-520102001-2026-07-0012K", "head/round_id": "resettlement", "head/entry_mode": "late", "head/late_reason": "下大雨，回来才补",
		"visit/visit_date": "2026-11-22", "visit/visit_band": "afternoon", "visit/visit_channel": "home", "visit/village_id": village,
		"visit/group_id": group, "visit/door_no": "村口大樟树往北第三家", "visit/visitors": visitor, "visit/companions": "village party",
		"visit/cadre_present": "no", "visit/visit_result": "talked", "visit/people_asked": "2", "visit/visit_kind": "follow_up",
		"hh/hh_confirmed": "changed", "hh/respondent_mode": "named", "hh/respondent_name": "𬱖㛃䶮", "hh/respondent_relation": "0",
		"hh/phone": "13800138000", "hh/phone_owner": "self", "hh/contact_pref": "phone village", "hh/good_time": "evening slack",
		"hh/resident_n": "4", "hh/away_n": "1", "hh/n_under14": "1", "hh/n_60p": "2", "hh/n_80p": "0", "hh/livelihood": "crops away_work",
		"hear/heard_village": "水渠去年修过一次，今年汛期又堵了。", "hear/heard_village_by": "group",
		"hear/heard_thought": "想把门前的路硬化，孩子上学好走。", "hear/heard_worry": "怕下雨塌方，老人看病来不及。",
		"hear/heard_ask": strings.Repeat("请把水渠清一清，再看看上游的闸门是不是坏了。", 9), "hear/seen_items": "road irrigation", "hear/seen_note": "渠里有淤泥，约三十米。",
		"hear/differ_note": "村里说已经清过，群众说没有。", "problems/has_issue": "yes",
		first + "source": "household", first + "nature": "help", first + "cat1": "07", first + "cat2": "0703", first + "title": "门前水渠堵了",
		first + "detail": "今年六月起水就下不来，稻田干了一半。", first + "want": "请水利站来看一看。", first + "own_idea": "出两个工一起清。",
		first + "affects": "several", first + "affects_n": "7", first + "raised_before": "village township", first + "raised_result": "说等通知",
		first + "urgency_self": "medium", first + "onsite": "taken", first + "where_text": "大樟树下", first + "identity_mode": "desk",
		second + "source": "observed", second + "nature": "suggestion", second + "cat1": "09", second + "cat2": "0906", second + "title": "路灯坏了三盏",
		second + "detail": strings.Repeat("晚上看不见路，老人不敢出门。", 40), second + "urgency_self": "low", second + "onsite": "noted",
		sealed + "nature": "about_cadre", sealed + "source": "household",
		"policy/pension/aware": "clear", "policy/pension/told": "face", "policy/medical/aware": "misread", "policy/medical/misread": "以为不交也能报",
		"opinion/sugg_text": "建议每个月贴一次账。", "opinion/sugg_level": "village", "opinion/want_public": "finance works", "opinion/council_topic": "修水渠筹工",
		"rating/know_contact": "know", "rating/feel_fair": "1", "consent/notice_given": "yes", "consent/consent_scope": "agree",
		"consent/consent_publish": "yes", "consent/read_back": "yes", "consent/sign_mode": "self", "consent/respondent_sign": "sign.png",
		"finish/promise_what": "请水利站一周内来看", "finish/promise_by": "2026-11-29", "finish/next_visit": "2026-12-06",
		"finish/visitor_sign": visitor, "finish/visitor_note": "老人独居，下次早点去。", "meta/household": village,
	}, Files: []survey.Attachment{{Name: "sign.png", MIME: "image/png"}}}
}

// signature is a stroke on a clear ground.
func signature(survey.Attachment) ([]byte, error) {
	picture := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	for x := range 260 {
		for y := range 6 {
			picture.Set(20+x, 20+y+(x*x)/1200, color.Black)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}

// running returns text without the breaks and spaces that a layout puts in.
func running(text string) string { return strings.Join(strings.Fields(text), "") }

func TestAFilledSheetSaysAllOfTheVisit(t *testing.T) {
	s := setting(t)
	s.File = signature
	visit := madeUp()
	file := printed(t, fonts(t), Filled(s, visit))
	text := running(read(t, file, "pdftotext", "-raw", "FILE", "-"))
	a := newAnswers(s, visit)
	for _, path := range slices.Sorted(maps.Keys(visit.Fields)) {
		said := running(a.words(path, visit.Fields[path]))
		switch {
		case strings.HasPrefix(string(path), "rating/") || strings.HasPrefix(string(path), "meta/") || strings.HasPrefix(string(path), sealed):
			continue
		case path == "hear/heard_ask": // it goes on elsewhere
			said = said[:60]
		case path == fieldSigned || path == "problems/has_issue":
			continue
		case slices.Contains([]survey.FieldPath{"consent/notice_given", "consent/consent_publish", "consent/sign_mode", "consent/consent_scope"}, path):
			continue // boxes of the notice
		}
		for word := range strings.SplitSeq(said, "、") {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %q is not on the paper", path, word)
			}
		}
	}
	for _, want := range []string{"■下午", "□上午", "■见到并交谈", "■已告知", "□只记事不记名", "■可公开结果", "□不愿签名", "2026年11月22日", "■道路", "4人／1人", "1人／2人／0人", "·灌溉", "（约7户）"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the paper", want)
		}
	}
	for _, hidden := range []string{"封存", "很差", "认识"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is on the paper", hidden)
		}
	}
	if strings.Contains(text, "非正式件") {
		t.Error("a paper whose characters all have glyphs calls itself a draft")
	}
}

func TestWhatACellHasNoRoomForGoesOnElsewhere(t *testing.T) {
	visit := madeUp()
	words := strings.Repeat("甲乙丙丁戊己庚辛壬癸，子丑寅卯辰巳午未申酉戌亥。", 20)
	for _, path := range []survey.FieldPath{"hear/heard_ask", first + "detail", "opinion/sugg_text"} {
		visit.Fields[path] = words
	}
	text := read(t, printed(t, fonts(t), Filled(setting(t), visit)), "pdftotext", "-raw", "FILE", "-")
	joined := running(text)
	for _, part := range regexp.MustCompile(`……续[①-⑳]`).FindAllString(joined, -1) {
		if !strings.Contains(joined, string([]rune(part)[3:])+"接第1页") {
			t.Errorf("%s leads nowhere", part)
		}
	}
	all := strings.Count(joined, "甲乙丙丁戊己庚辛壬癸") + strings.Count(joined, "……续")
	if marks := strings.Count(joined, "……续"); marks != 3 || all < 60 || strings.Count(joined, "戌亥") < 57 {
		t.Errorf("%d texts go on, %d of 60 parts are there", marks, all)
	}
}

func TestACharacterWithoutAGlyphIsNotHidden(t *testing.T) {
	visit := madeUp()
	visit.Fields["hh/respondent_name"] = "张𠮷"
	text := read(t, printed(t, fonts(t), Filled(setting(t), visit)), "pdftotext", "FILE", "-")
	if !strings.Contains(text, "张𠮷") || strings.Count(text, "非正式件") != strings.Count(text, "\f") || !strings.Contains(running(text), "字库里没有这个字（U+20BB7）") {
		t.Errorf("the paper has to say on each page that it is a draft, and why, and the name has to copy:\n%s", text)
	}
	regular, err := pdf.ReadFont(assets.FontRegular())
	if err != nil || regular.Has('𠮷') {
		t.Fatal("the font knows the character this test is about", err)
	}
	spare := rarefont.Forge(assets.FontRegular(), '𠮷', 100)
	text = read(t, printed(t, fonts(t, spare), Filled(setting(t), visit)), "pdftotext", "FILE", "-")
	if !strings.Contains(text, "张𠮷") || strings.Contains(text, "非正式件") || strings.Contains(text, "U+20BB7") {
		t.Errorf("with a font that has the character the paper is a proper one:\n%s", text)
	}
}

func TestABlankSheetHasRoomForAll(t *testing.T) {
	text := running(read(t, printed(t, fonts(t), Blank(setting(t))), "pdftotext", "-raw", "FILE", "-"))
	for _, want := range []string{"走访日期", "□上午□中午□下午□晚上", "□见到并交谈□家中无人", "二听", "所忧", "序号：1", "序号：3", "农业保险", "反映人签名", "0851-12345", "回复方式"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(text, "■") || strings.Contains(text, "身份证") {
		t.Error("a blank sheet has something ticked or asks for what it may not")
	}
}

func TestAPrefilledSheetKnowsTheHousehold(t *testing.T) {
	id, _ := survey.ParseID[survey.RecordID](village)
	h := survey.Household{Village: id, Head: "顾𬱖", Door: "上寨12号", Phone: "13900139000", Resident: 3, Away: -1}
	text := running(read(t, printed(t, fonts(t), Prefilled(setting(t), h)), "pdftotext", "-raw", "FILE", "-"))
	for _, want := range []string{"户主：顾𬱖", "上寨12号", "13900139000", "石门坎村", "3人／人", "□见到并交谈"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestAVisitOfAFormThatIsNotHereIsPrintedAsItWasKept(t *testing.T) {
	visit := survey.Record{Type: survey.TypeVisit, Form: "other", Fields: survey.Fields{
		"a/b": "第一项", "x[0192f0c1-0000-7000-8000-0000000000a1]/title": "第二项", survey.VisitName: "张家",
	}}
	text := running(read(t, printed(t, fonts(t), Filled(Setting{Township: "云岭镇"}, visit)), "pdftotext", "-raw", "FILE", "-"))
	for _, want := range []string{"走访记录", "张家", "a/b第一项", "第二项", "云岭镇"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the paper:\n%s", want, text)
		}
	}
}
