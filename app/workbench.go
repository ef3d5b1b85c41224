package app

import (
	"zoucun/app/township"
	"zoucun/app/widgets"
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

// sections returns the parts of the workbench, in the order in which a day's work goes through them.
func (p *program) sections() []township.Section {
	return []township.Section{}
}

// atTownship reports whether this device belongs to the township's staff.
func (p *program) atTownship() bool { return p.self.Grant.Has(survey.RoleTownship) }

// goOut leaves the workbench for visits, as a cadre makes them.
func (p *program) goOut() { p.goVisiting(survey.RecordID{}, survey.DraftID{}) }
