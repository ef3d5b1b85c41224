package app

import (
	"context"
	"strconv"

	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/widgets"
	"zoucun/app/workbench"
	"zoucun/survey"
)

// goWorkbench shows the township's workbench.
func (p *program) goWorkbench() {
	p.bench = township.NewBench(p.host, township.BenchSpec{
		Sections: p.sections(), Who: p.self.Grant.Township + " " + p.who().Name,
		Actions: []widgets.ButtonSpec{
			{Text: "走访", OnTap: p.goOut},
			{Text: "设置", OnTap: p.openSettings},
		},
	})
	p.bench.Open(0)
}

// deciding is what waits for decisions at this workbench; nil until it is first shown, and after locking.
type deciding struct {
	decide *workbench.Decide
	twins  *workbench.Twins
}

// decisions returns what waits for decisions, and begins to look for it the first time.
func (p *program) decisions() *deciding {
	if p.deciding == nil {
		words := workbench.NewWords(p.store)
		d := &deciding{workbench.NewDecide(p.store, words, p.who(), p.opt.Clock), workbench.NewTwins(p.store, words, p.who(), p.opt.Clock)}
		p.deciding = d
		for _, load := range []func(context.Context) error{d.decide.Load, d.twins.Load} {
			p.host.Do(load, func(err error) {
				if err != nil {
					p.shell.Complain(err)
				}
				p.countWaiting()
			})
		}
	}
	return p.deciding
}

// countWaiting shows anew what waits in each section.
func (p *program) countWaiting() {
	if p.bench != nil {
		p.bench.Count()
	}
}

func (p *program) decideSection() township.Section {
	d := p.decisions()
	return township.Section{
		Name: "待决", Wait: func() string { return number(d.decide.Len()) },
		Screen: func() *view.Screen {
			return township.NewDecide(p.host, township.DecideSpec{Presenter: d.decide, OnCount: p.countWaiting})
		},
	}
}

func (p *program) twinsSection() township.Section {
	d := p.decisions()
	return township.Section{
		Name: "疑似重复", Wait: func() string {
			pairs, _ := d.twins.Pairs()
			return number(len(pairs))
		},
		Screen: func() *view.Screen {
			return township.NewTwins(p.host, township.TwinsSpec{Presenter: d.twins, OnCount: p.countWaiting})
		},
	}
}

// number says how many there are, or nothing where there are none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// sections returns the parts of the workbench, in the order in which a day's work goes through them.
func (p *program) sections() []township.Section {
	words := workbench.NewWords(p.store)
	return []township.Section{
		{Name: "收件", Screen: func() *view.Screen { return p.inboxScreen(words) }},
		p.decideSection(),
		p.twinsSection(),
		p.reviewSection(),
		{Name: "查找", Screen: func() *view.Screen { return p.findScreen(words) }},
		{Name: "表册", Screen: p.papersScreen},
		p.numbersSection(),
	}
}

// atTownship reports whether this device belongs to the township's staff.
func (p *program) atTownship() bool { return p.self.Grant.Has(survey.RoleTownship) }

// goOut leaves the workbench for visits, as a cadre makes them.
func (p *program) goOut() { p.goVisiting(survey.RecordID{}, survey.DraftID{}) }
