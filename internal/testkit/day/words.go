package day

import (
	"fmt"
	"math/rand/v2"
)

// names are families that are said alike.
var names = [][2]string{{"张", "章"}, {"王", "汪"}, {"于", "余"}, {"徐", "许"}, {"程", "成"}, {"魏", "卫"}, {"付", "傅"}, {"冯", "封"}}

var givenNames = []string{"建国", "秀兰", "志强", "桂英", "海波", "春梅", "永福", "玉珍", "德顺", "小凤", "大勇"}

var (
	places = []string{"村口", "老井边", "小学后面", "河沿上", "坡下", "打谷场旁", "祠堂前", "新桥头", "机耕路上", "水库坝下"}
	things = []string{
		"路灯不亮", "水渠淤了", "自来水时断时续", "垃圾没人清", "桥栏杆断了", "电压低，水泵带不动", "手机没有信号", "班车一天只来一趟",
		"合作医疗报销的手续不清楚", "养老金认证不会办", "补贴的面积对不上", "孩子上学要走四里路", "危房鉴定还没有人来", "堰塘漏水",
	}
	wishes = []string{"希望早点修", "想知道归谁管", "盼着有人来看看", "愿意出工，材料请村里想办法", "问能不能先垫一点石子", "请给个准话", "不急，有空看看就行"}
)

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// say is what a person asks for at the n-th visit; no two say the same.
func say(r *rand.Rand, n int) string {
	return fmt.Sprintf("%s%s，说了有%d回，%s。", one(r, places), one(r, things), n, one(r, wishes))
}

// problem is what is written down of something that needs an answer.
func problem(r *rand.Rand, n int) [][2]string {
	return [][2]string{
		{"source", "household"},
		{"nature", "help"},
		{"cat1", "09"},
		{"title", fmt.Sprintf("%s%s", one(r, places), one(r, things)[:12])},
		{"detail", say(r, n)},
		{"urgency_self", "medium"},
	}
}
