package report

import (
	"slices"
	"strings"
	"testing"

	"zoucun/survey"
)

func TestRosterTakesMembers(t *testing.T) {
	header := row("村", "户编号", "户主", "家庭成员")
	got := newBook(t).sheet("花名册", header,
		row("大坪村", "1", "张三", "李秀兰 张　伟"), row("大坪村", "2", "王五", "王五、赵六"), row("大坪村", "3", "孙七", 4)).read()
	if len(got.Rows) != 2 {
		t.Fatalf("took %+v", got.Rows)
	}
	if m := got.Rows[1].Household.Members; m != "赵六" {
		t.Errorf("the head is a member too: %q", m)
	}
	if len(got.Faults) != 1 || got.Faults[0].Column != "家庭成员" || got.Faults[0].Row != 4 {
		t.Errorf("faults %v", got.Faults)
	}
	records := got.Changes(county, nil).Records
	if m := household(t, records, "1").Fields[survey.HouseholdMembers]; m != "李秀兰、张伟" {
		t.Errorf("the record has members %q", m)
	}
}

func TestRosterTakesReadings(t *testing.T) {
	got := newBook(t).sheet("花名册", plainHeader, row("大坪村", "1组", "001", "王一")).
		sheet("读音", row("本镇地名、姓氏的读音"), row("字词", "读音"),
			row("六安", "lù ān"), row("天长冲", "tēn cāng cōng、tiān cháng chōng"), row("铅山", "yanshan"), row("六安", "lu an"), row("", "a"), row(), row("岙", "")).read()
	var words []string
	for _, r := range got.Readings {
		words = append(words, r.Word)
	}
	if !slices.Equal(words, []string{"六安", "天长冲"}) {
		t.Errorf("took %q", words)
	}
	var faults []string
	for _, f := range got.Faults {
		faults = append(faults, f.String())
	}
	want := []string{
		"读音 第 5 行 读音：有 2 个字，读音却是 1 个音节；一个字写一个音节，中间空一格，如 lù ān（铅山 yanshan）",
		"读音 第 6 行 字词：与第 3 行重复，请把读音写在一格里，中间用“、”隔开（六安）",
		"读音 第 7 行 字词：没有字词",
		"读音 第 9 行 读音：没有读音，请写拼音，如 lù ān（岙 ）",
	}
	if !slices.Equal(faults, want) {
		t.Errorf("faults:\n%s", strings.Join(faults, "\n"))
	}
	changes := got.Changes(county, nil)
	if last := changes.Tallies[len(changes.Tallies)-1]; last != (Tally{Word: "读音", Added: 2}) {
		t.Errorf("tally %+v", last)
	}
	held := apply(nil, changes)
	if again := got.Changes(county, held); len(again.Records) != 0 {
		t.Errorf("importing again changes %d records", len(again.Records))
	}
	alone := newBook(t).sheet("读音", row("字词", "读音"), row("六安", "lù ān")).read()
	if len(alone.Readings) != 1 || len(alone.Rows) != 0 {
		t.Errorf("a workbook of readings alone: %+v", alone)
	}
}
