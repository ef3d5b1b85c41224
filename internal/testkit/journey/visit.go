package journey

import (
	"context"
	"time"

	"zoucun/internal/testkit/robot"
)

// Answers of the visit, as they must arrive at the server, by field of QZ-01.
const (
	Village    = "青塘村"
	Household  = "唐森"
	Initials   = "ts"
	Thought    = "儿子在外地打工，一年回来一次"
	Worry      = "门前的路一下雨就走不了车"
	Respondent = "唐大爷"
	First      = "门前的路雨天走不了车"
	Second     = "水压太低，二楼上不去水"
	Promise    = "三天内带水利站的人来看"
)

// firstSection stands at the top of the form's index.
const firstSection = "0 表头"

// Enrol types the server's address and the code, puts the PIN off, and waits for the villages.
func (j *Journey) Enrol(ctx context.Context, url, code string) error {
	return j.do(ctx, "enrol",
		see("登记本机"), fill("服务器地址", url), fill("登记码", code), button("登记"), see("设密码"), button("以后再设"), see(Village))
}

// Open chooses the village, finds the household by its pinyin initials, and begins the form.
func (j *Journey) Open(ctx context.Context) error {
	if err := j.do(ctx, "village", enterVillage, see("共")); err != nil {
		return err
	}
	if err := j.do(ctx, "household", find(Initials), see("找到 7 户"), row(Household), see("没办完的问题")); err != nil {
		return err
	}
	return j.do(ctx, "form", button("开始走访"), see(firstSection))
}

// Resume opens the draft of the household again after the app was ended: it opens by itself, unless the app had no time
// to remember it.
func (j *Journey) Resume(ctx context.Context) error {
	if shownSoon(ctx, j.Window, robot.Kind("row", firstSection)) {
		return j.do(ctx, "resumed")
	}
	return j.do(ctx, "resumed", enterVillage, find(Initials), see("找到 7 户"), row(Household), button("接着填"), see(firstSection))
}

// Section goes to a section of the form.
func (j *Journey) Section(ctx context.Context, name string) error {
	return j.do(ctx, "section "+name, row(name))
}

// Return goes back to a question of the draft after the app was ended: the page it is on opens by itself.
func (j *Journey) Return(ctx context.Context, section, question string) error {
	if shownSoon(ctx, j.Window, robot.Kind("text", question)) {
		return nil
	}
	if err := j.Resume(ctx); err != nil {
		return err
	}
	return j.Section(ctx, section)
}

// Overwrite types a text over the answer below a label.
func (j *Journey) Overwrite(ctx context.Context, label, text string) error {
	return j.do(ctx, "overwritten", overwrite(label, text))
}

// Visit fills the sections on the visit itself and on what the household says, up to the first problem.
func (j *Journey) Visit(ctx context.Context) error {
	if err := j.do(ctx, "visit", row("1 走访情况"), choose("时段", "上午"), choose("结果（必填）", "见到并交谈")); err != nil {
		return err
	}
	if err := j.do(ctx, "respondent", row("2 户情"), choose("反映人身份登记方式（必填）", "只留称呼"),
		fill("姓名或称呼", Respondent), rest(time.Second)); err != nil {
		return err
	}
	return j.do(ctx, "heard", row("3 两听一看"), fill("二听：群众所思", Thought), fill("二听：群众所忧", Worry), rest(time.Second))
}

// Pinyin types into one answer through an input method.
func (j *Journey) Pinyin(ctx context.Context) error {
	return j.do(ctx, "pinyin", row("3 两听一看"), spell("二听：群众所求", "xiulu", "tongdian"), rest(time.Second))
}

// Problems adds two problems.
func (j *Journey) Problems(ctx context.Context) error {
	if err := j.do(ctx, "problems", row("4 问题登记"), choose("有没有问题要登记", "是")); err != nil {
		return err
	}
	// A form of the ODK world begins with one instance of a repeat.
	if err := j.problem(ctx, "problem 1", "填写", First); err != nil {
		return err
	}
	return j.problem(ctx, "problem 2", "＋ 添加问题", Second)
}

func (j *Journey) problem(ctx context.Context, name, begin, title string) error {
	return j.do(ctx, name, reachButton(begin), choose("来源", "群众反映"), choose("性质", "求助"),
		fill("一句话说清是什么事", title), button("下一页"), choose("反映人认为急不急", "较急"), button("这一条填好了"), see("＋ 添加问题"))
}

// Close fills the last sections, with a signature.
func (j *Journey) Close(ctx context.Context) error {
	if err := j.do(ctx, "consent", row("8 告知与同意"), choose("已念告知（必填）", "是"), choose("同意登记", "同意"),
		choose("已念给反映人听并认可", "是"), choose("反映人签名方式", "本人签名"), sign("反映人签名"), rest(time.Second)); err != nil {
		return err
	}
	return j.do(ctx, "promise", row("9 结束"), fill("当场承诺什么", Promise), rest(time.Second))
}

// Stumble tries to finish too early: what is missing is listed, and one tap leads to the question.
func (j *Journey) Stumble(ctx context.Context, question string) error {
	return j.do(ctx, "violations", button("完成走访"), see("处要改"), button("去修改"), see(question))
}

// Finish finishes the visit, past the hints on what was left open.
func (j *Journey) Finish(ctx context.Context) error {
	if err := j.do(ctx, "hints", button("完成走访"), see("完成前看一眼")); err != nil {
		return err
	}
	return j.do(ctx, "finished", button("没有错，完成走访"), see("这次走访已经完成"))
}

// Delivered opens the cadre's own records and waits until the visit stands among the delivered.
func (j *Journey) Delivered(ctx context.Context) error {
	return j.do(ctx, "delivered", see("全部已送达"), button("我的记录"), see(Household))
}

// Leaf turns a number of pages.
func (j *Journey) Leaf(ctx context.Context, pages int) error {
	for range pages {
		if err := j.do(ctx, "page", button("下一页"), rest(300*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// Holds checks that a section of the form still shows what was typed into it.
func (j *Journey) Holds(ctx context.Context, section string, texts ...string) error {
	acts := []act{row(section)}
	for _, text := range texts {
		acts = append(acts, func(ctx context.Context, w *robot.Window) error {
			_, err := w.Reach(ctx, text, robot.Contains(text))
			return err
		})
	}
	return j.do(ctx, "holds "+section, acts...)
}

// Index opens the list of sections, on a screen too narrow to show it beside the page.
func (j *Journey) Index(ctx context.Context) error {
	return j.do(ctx, "index", button("目录"), see("0 表头"))
}
