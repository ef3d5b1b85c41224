package lint_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoucun/form/lint"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/survey"
)

// asking makes a form of one survey row, and returns its findings from the sheets and from the compiled definition.
func asking(t *testing.T, rules lint.Rules, row string) (sheets, definition []string) {
	t.Helper()
	text := "| survey | | | | | | | |\n| | type | name | label | hint | required | parameters | basis |\n| " + row + " |\n" +
		"| | text | last | 别的 | | | | |\n| choices | | | |\n| | list_name | name | label |\n"
	for list, label := range map[string]string{"c": "中风险", "d": "民族与宗教事务", "e": "佛教"} {
		if strings.Contains(row, "select_one "+list) {
			text += "| | " + list + " | a | " + label + " |\n"
		}
	}
	book, _ := xlsform.ReadMarkdown(text, "t")
	f, err := xform.Read(strings.NewReader(string(xlsform.Compile(book, xlsform.Options{}).XML)))
	if err != nil {
		t.Fatal(err)
	}
	return codes(rules.Workbook(book)), codes(rules.Definition(f))
}

func codes(found []xlsform.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, string(f.Code))
	}
	return all
}

func TestWhatIsRefused(t *testing.T) {
	tests := []struct {
		row  string
		want string // codes
	}{
		{"| text | a | 是否重点人员", "ZC001"},
		{"| text | a | 是否 重 点·人 员", "ZC001"},
		{"| text | steadyGradeCode | 等级", "ZC001"},
		{"| text | household_riskLevel | 等级", "ZC001"},
		{"| note | a | 稳控对象请走另一张表", "ZC001"},
		{"| text | a | 等级 | 按稳控等级填", "ZC001"},
		{"| integer | a | 上访次数", "ZC001"},
		{"| select_one c | a | 评估", "ZC001"},
		{"| begin_group | a | 信访次数 |\n| | text | b | 乙 |\n| | end_group | |", "ZC001"},
		{"| image | a | 合影 | | yes | max-pixels=1000", "ZC002"},
		{"| image | a | 合影 | | ${last} != '' | max-pixels=1000", "ZC002"},
		{"| file | a | 承诺书 | | true()", "ZC002"},
		{"| gps | a | 在哪里", "ZC003"},
		{"| geotrace | a | 巡查路线", "ZC003"},
		{"| geoshape | a | 地块", "ZC003"},
		{"| start-geopoint | a", "ZC003"},
		{"| audit | audit | | | | location-priority=balanced location-min-interval=60 location-max-age=120", "ZC003"},
		{"| text | a | 房屋经纬度", "ZC003"},
		{"| background-audio | a", "ZC004"},
		{"| text | a | 宗教信仰", "ZC005"},
		{"| text | religion | 其他", "ZC005"},
		{"| text | a | 身份证号码", "ZC006"},
		{"| text | idCard | 号码", "ZC006"},
		{"| text | a | 身份证号 | | | | 上级要求", "ZC012"},
		{"| text | a | 身份证号 | | | | 用于核对低保；依据《社会救助暂行办法》第九条", ""},
		{"| text | a | 银行卡号", "ZC007"},
		{"| select_one d | a | 您对走访人的服务满意吗", "ZC008"},
		{"| select_one d | a | 请给联系干部打分", "ZC008"},
		{"| text | a | 到户签到", "ZC009"},
		{"| text | online_minutes | 分钟", "ZC009"},
		{"| text | a | 请按指纹", "ZC010"},
		{"| image | fingerprint | 确认 | | | max-pixels=1000", "ZC010"},
		{"| text | a | 被举报人", "ZC011"},
		{"| select_one e | a | 信什么", "ZC005"},

		{"| select_one d | a | 类别", ""},
		{"| text | a | 家里有什么风险隐患", ""},
		{"| text | flood_risk | 是否易涝", ""},
		{"| text | a | 反映人签名 | 不按手印，不要拍身份证。", ""},
		{"| note | a | 我们不问身份证号，也不定位。", ""},
		{"| image | a | 材料(可不拍) | | no | max-pixels=1000", ""},
		{"| select_one d | a | 认识联系本户的干部吗", ""},
		{"| text | a | 街道教育活动", ""},
		{"| text | a | 产业定位", ""},
		{"| audit | audit", ""},
	}
	for _, test := range tests {
		t.Run(test.row, func(t *testing.T) {
			sheets, definition := asking(t, lint.Rules{}, test.row)
			if got := strings.Join(sheets, " "); got != test.want {
				t.Errorf("from the sheets: %s, want %s", got, test.want)
			}
			if strings.Contains(test.row, "依据《") || test.want == "ZC012" {
				return // a basis is a column of the sheets
			}
			if got := strings.Join(definition, " "); got != test.want {
				t.Errorf("from the definition: %s, want %s", got, test.want)
			}
		})
	}
}

func TestAFindingNamesCellReasonAndRemedy(t *testing.T) {
	book, _ := xlsform.ReadMarkdown("| survey | | | |\n| | type | name | label::中文 (zh) |\n| | text | a | 甲 |\n| | text | b | 稳控等级 |\n", "t")
	found := lint.Rules{}.Workbook(book)
	if len(found) != 1 {
		t.Fatalf("%v", found)
	}
	got := found[0].String()
	if !strings.HasPrefix(got, "ZC001 survey 表第 3 行“label::中文 (zh)”列：“稳控等级”里的“稳控”是给人贴标签") {
		t.Error(got)
	}
}

func TestTheSettingsMayStateTheBasisOfAll(t *testing.T) {
	text := "| survey | | | |\n| | type | name | label |\n| | text | a | 身份证号 |\n| settings | |\n| | form_title | basis |\n| | 表 | 用于核对；依据《城乡居民养老保险条例》第三条 |\n"
	book, _ := xlsform.ReadMarkdown(text, "t")
	if found := (lint.Rules{}).Workbook(book); len(found) != 0 {
		t.Errorf("%v", found)
	}
}

func TestTheProductsFormsAreClean(t *testing.T) {
	folders, _ := filepath.Glob("../../assets/forms/*")
	small, _ := filepath.Glob("../xlsform/testdata/forms/*")
	if len(folders) == 0 {
		t.Fatal("no forms")
	}
	for _, folder := range append(folders, small...) {
		book, _ := xlsform.ReadFS(os.DirFS(folder), filepath.Base(folder))
		for _, finding := range (lint.Rules{}).Workbook(book) {
			t.Errorf("%s: %v", folder, finding)
		}
	}
}

func TestACountyAddsAndNeverTakesAway(t *testing.T) {
	rules, err := lint.Rules{}.With(strings.NewReader("\ufeff词,理由\n彩礼数额,县里规定不登记彩礼。\n族谱\n"))
	if err != nil {
		t.Fatal(err)
	}
	if sheets, _ := asking(t, rules, "| text | a | 彩礼数额是多少"); !slices.Equal(sheets, []string{"ZC900"}) {
		t.Errorf("%v", sheets)
	}
	if sheets, _ := asking(t, rules, "| text | a | 是否重点人员"); !slices.Equal(sheets, []string{"ZC001"}) {
		t.Errorf("%v", sheets)
	}
	if sheets, _ := asking(t, lint.Rules{}, "| text | a | 彩礼数额是多少"); len(sheets) > 0 {
		t.Errorf("the built-in rules have learnt the county's word: %v", sheets)
	}
	for list, want := range map[string]string{
		"-重点人员\n": "第 1 行：只能加词", "好的词\n不查 稳控\n": "第 2 行：只能加词", "户\n": "太短", "\"a\nb": "引号不成对",
		strings.Repeat("x", 5<<20): "4 MB",
	} {
		if _, err := (lint.Rules{}).With(strings.NewReader(list)); !strings.Contains(survey.MessageOf(err), want) {
			t.Errorf("%.10q: %v, want %s", list, err, want)
		}
	}
}

func FuzzLint(f *testing.F) {
	f.Add("| survey |\n| | type | name | label | required | basis |\n| | gps | 重点人员 | 身份证 | yes | 《》用于 |\n", "词,理由\n稳\n")
	f.Add("| choices |\n| | list_name | name | label |\n| settings |\n| | basis |\n| | 第一条 |\n", "-x")
	f.Fuzz(func(t *testing.T, text, county string) {
		rules, err := lint.Rules{}.With(strings.NewReader(county))
		if err != nil && survey.MessageOf(err) == "" {
			t.Errorf("no sentence: %v", err)
		}
		book, _ := xlsform.ReadMarkdown(text, "fuzz")
		for _, finding := range rules.Workbook(book) {
			if finding.Message == "" || finding.Remedy == "" || strings.Contains(finding.Message, "{0}") && !strings.Contains(text, "{0}") {
				t.Errorf("says nothing: %v", finding)
			}
		}
	})
}

// TestEveryTypeIsUsedOrRefused holds the ten small forms to what they are for: between them they ask every kind of
// question there is, but those no form may ask.
func TestEveryTypeIsUsedOrRefused(t *testing.T) {
	used := map[string]bool{}
	folders, _ := filepath.Glob("../xlsform/testdata/forms/*")
	for _, folder := range folders {
		book, found := xlsform.ReadFS(os.DirFS(folder), filepath.Base(folder))
		compiled := xlsform.Compile(book, xlsform.Options{})
		if len(found) > 0 || compiled.Fatal() {
			t.Errorf("%s: %v %v", folder, found, compiled.Findings)
		}
		for _, e := range book.Entries("survey") {
			used[e.Type()] = true
		}
	}
	if len(folders) < 10 {
		t.Errorf("%d forms, want ten", len(folders))
	}
	for _, kind := range xlsform.Types() {
		book, _ := xlsform.ReadMarkdown("| survey | | | |\n| | type | name | label |\n| | "+kind+" | a | 甲 |\n", "t")
		if refused := len(lint.Rules{}.Workbook(book)) > 0; refused == used[kind] {
			t.Errorf("%s: used %v, refused %v", kind, used[kind], refused)
		}
	}
}
