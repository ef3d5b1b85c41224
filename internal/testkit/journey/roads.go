package journey

import (
	"context"
	"slices"
	"time"

	"zoucun/internal/testkit/robot"
	"zoucun/internal/testkit/screen"
)

// Settle chooses the village, where the settings are in reach.
func (j *Journey) Settle(ctx context.Context) error {
	return j.do(ctx, "village", enterVillage, see("共"))
}

// Said is what the household says in a brief visit.
const Said = "men qian de lu"

// Brief fills in as little as a visit needs, in letters that are on every keyboard, and finishes it.
func (j *Journey) Brief(ctx context.Context) error {
	if err := j.do(ctx, "visit", row("1 走访情况"), choose("结果（必填）", "见到并交谈"), row("2 户情"),
		choose("反映人身份登记方式（必填）", "只留称呼"), fill("姓名或称呼", "tang"), row("3 两听一看"), fill("二听：群众所忧", Said), rest(time.Second)); err != nil {
		return err
	}
	if err := j.do(ctx, "consent", row("8 告知与同意"), choose("已念告知（必填）", "是"), choose("同意登记", "同意"),
		choose("已念给反映人听并认可", "是"), choose("反映人签名方式", "本人签名"), sign("反映人签名"), rest(time.Second)); err != nil {
		return err
	}
	return j.do(ctx, "finished", button("完成走访"), pastHints, see("这次走访已经完成"))
}

// pastHints says that nothing is wrong where the app asks before it finishes, and goes on where it does not.
func pastHints(ctx context.Context, w *robot.Window) error {
	asked, done := robot.Kind("button", "没有错，完成走访"), robot.Contains("这次走访已经完成")
	for range 10 {
		if shownSoon(ctx, w, func(o screen.Object) bool { return asked(o) || done(o) }) {
			break
		}
	}
	view, err := w.Look(ctx)
	if err != nil || !slices.ContainsFunc(view.Objects, asked) {
		return err
	}
	return button("没有错，完成走访")(ctx, w)
}

// AddRelay types the address of the township's receiving point among the settings.
func (j *Journey) AddRelay(ctx context.Context, address string) error {
	if err := j.do(ctx, "settings", button("设置"), reachButton("设置接收点"), see("添加接收点")); err != nil {
		return err
	}
	return j.do(ctx, "relay", find(address), button("添加"), see("接收点已添加"), button("返回"), button("返回"))
}

// Records opens the cadre's own records and waits for words beside a visit.
func (j *Journey) Records(ctx context.Context, words string) error {
	return j.do(ctx, "records "+words, button("我的记录"), see(Household), see(words))
}

// CarryForOthers chooses the village and opens a meeting in which other tablets can give what they want carried.
func (j *Journey) CarryForOthers(ctx context.Context) error {
	return j.do(ctx, "courier", enterVillage, see("共"), button("设置"), reachButton("请人带走，或替别人带"), see("替别人带"),
		reachButton("打开，替别人带"), see("等着对方来交"))
}
