package scenario_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zoucun/form/scenario"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
)

const people = `
| survey  |                   |        |        |          |             |
|         | type              | name   | label  | required | constraint  |
|         | text              | who    | 姓名   | yes      |             |
|         | begin_repeat      | child  | 孩子   |          |             |
|         | integer           | age    | 几岁   |          | . < 18      |
|         | select_one sex    | sex    | 性别   |          |             |
|         | text              | note   | 姓名   |          |             |
|         | end_repeat        |        |        |          |             |
| choices |                   |        |        |          |             |
|         | list_name         | name   | label  |          |             |
|         | sex               | girl   | 女孩   |          |             |
|         | sex               | boy    | 男孩   |          |             |
`

func small(tb testing.TB) *xform.Form {
	tb.Helper()
	book, _ := xlsform.ReadMarkdown(people, "people")
	f, err := xform.Read(strings.NewReader(string(xlsform.Compile(book, xlsform.Options{}).XML)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestALineThatDoesNotHoldSaysWhy(t *testing.T) {
	f := small(t)
	tests := []struct{ script, want string }{
		{"合格 who", "第 1 行：合格 who —— 请填写这一项。"},
		{"# 先说明\n\n值是 who 张三", "第 3 行：值是 who 张三 —— 是空的"},
		{"填 几岁 20\n合格 几岁", "允许的范围"},
		{"填 几岁 七\n不合格 几岁 整数\n值是 几岁 八", "第 3 行"},
		{"不问 几岁", "现在问了"},
		{"填 姓名 张三", "有几处都叫“姓名”，请写明是哪一处：who、child/note"},
		{"填 住哪里 东头", "表里没有“住哪里”"},
		{"写 who 张三", "不认识“写”。可以写：填、"},
		{"填 '姓名", "引号不成对"},
		{"可以完成", "不能完成，who：请填写这一项。"},
		{"不许 填 who 张三", "没有被拒绝"},
		{"加一条 孩子 k\n填 性别[2] 女孩\n值是 性别[1] 女孩", "是空的"},
		{"选项有 性别 女孩、男孩\n选项有 性别 男孩", "选项是 girl,boy"},
		{"填 who 张三\n保存 who 李四", "记录里是“张三”"},
		{"今天 昨天", "不是日期"},
	}
	for _, test := range tests {
		t.Run(test.script, func(t *testing.T) {
			played, err := scenario.Play(f, txtar.Parse([]byte(test.script+"\n")))
			if err != nil || len(played.Failures) != 1 {
				t.Fatalf("%v, %v", played.Failures, err)
			}
			if got := played.Failures[0].String(); !strings.Contains(got, test.want) {
				t.Errorf("says %s, want %s", got, test.want)
			}
		})
	}
}

func TestALineThatHoldsIsQuiet(t *testing.T) {
	script := "填 who “张 三”\n值是 who '张 三'\nanswer child[1]/sex 女孩\nvalue child[1]/sex girl\n加一条 孩子\n填 几岁[2] 7\n" +
		"值是 几岁[1] ''\n重新打开\n值是 几岁[2] 7\n不许 填 几岁[3] 7\n删去 孩子[2]\n可以完成\n不保存 几岁\n"
	played, err := scenario.Play(small(t), txtar.Parse([]byte(script)))
	if err != nil || len(played.Failures) > 0 || played.Lines != 13 {
		t.Errorf("%+v, %v", played, err)
	}
}

func TestARegisterThatIsNoTableIsRefused(t *testing.T) {
	if _, err := scenario.Play(small(t), txtar.Parse([]byte("-- household.csv --\na,b\n1\n"))); err == nil {
		t.Error("was taken")
	}
}

func FuzzPlay(f *testing.F) {
	form := small(f)
	f.Add("填 who 张三\n可以完成\n")
	f.Add("加一条 孩子 [\n删去 孩子[1]\n! answer child[/age ''\n")
	f.Add("-- --")
	f.Add("entity\nsaves\n今天\n已知\n不许\n-- x.csv --\na\n")
	f.Fuzz(func(t *testing.T, script string) {
		archive, err := scenario.Read([]byte(script))
		if err != nil {
			return
		}
		played, err := scenario.Play(form, archive)
		if err == nil && len(played.Failures) > played.Lines {
			t.Errorf("%d of %d lines fail", len(played.Failures), played.Lines)
		}
	})
}
