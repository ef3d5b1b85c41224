package journey

import "context"

// Settle chooses the village, where the settings are in reach.
func (j *Journey) Settle(ctx context.Context) error {
	return j.do(ctx, "village", enterVillage, see("共"))
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
