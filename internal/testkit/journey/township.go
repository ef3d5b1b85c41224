package journey

import (
	"context"
)

// EnrolTownship enrols a township's laptop and sees its workbench.
func (j *Journey) EnrolTownship(ctx context.Context, url, code string) error {
	return j.do(ctx, "enrol township",
		see("登记本机"), fill("服务器地址", url), fill("登记码", code), button("登记"), see("设密码"), button("以后再设"), see("就近接收平板"))
}

// Receive begins to receive tablets with the code of a receiving point.
func (j *Journey) Receive(ctx context.Context, code string) error {
	return j.do(ctx, "receive", find(code), button("开始接收"), see("正在接收"), see("还没有平板来过"))
}

// Brought waits for what a tablet has brought, and how far it has come.
func (j *Journey) Brought(ctx context.Context, who, far string) error {
	return j.do(ctx, "brought "+far, see(who), see(far))
}

// LookFor types what is looked for.
func (j *Journey) LookFor(ctx context.Context, text string) error {
	return j.do(ctx, "look for "+text, row("查找"), see("在全镇的户"), find(text))
}

// OpenFound opens a row that was found and waits for words of the history beside it.
func (j *Journey) OpenFound(ctx context.Context, title string, history ...string) error {
	acts := []act{row(title)}
	for _, words := range history {
		acts = append(acts, see(words))
	}
	return j.do(ctx, "history of "+title, acts...)
}
