package app

import (
	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/store"
)

// finding returns what finds visits and problems in the store that is open.
func (p *program) finding() *store.Finder {
	if p.finder == nil {
		p.finder = p.store.NewFinder()
	}
	return p.finder
}

func (p *program) findScreen(words *workbench.Words) *view.Screen {
	return township.NewFind(p.host, township.FindSpec{
		Find:      workbench.NewFind(p.finding(), words, p.opt.Clock),
		Histories: workbench.NewHistories(p.store, words, p.opt.Clock),
	})
}
