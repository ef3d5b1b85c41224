package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/report/paper"
	"zoucun/survey"
)

// papersScreen is the section 表册.
func (p *program) papersScreen() *view.Screen {
	papers := workbench.NewPapers(p.store, p.self, p.who(), p.opt.Clock, p.paperFonts)
	return township.NewPapers(p.host, township.PapersSpec{
		Papers: papers, Save: p.shell.saveFile, Print: printer(), OnEntry: func() { p.enterPaper(papers) },
		OnOpen: func() {
			p.shell.Push(field.NewLists(p.host, field.ListsSpec{
				Keeper: p.store, OnResume: func(id survey.DraftID) { p.resumePaper(papers, id) }, OnAmend: p.amendVisit,
			}))
		},
	})
}

// spareFonts is the folder of the pack of rare characters (生僻字包), beside the program or among its data.
const spareFonts = "fonts"

// paperFonts reads the fonts papers are set in: those of the program, and those of the pack of rare characters if there is
// one. A file of the pack that is no font is left out.
func (p *program) paperFonts() (*paper.Fonts, error) {
	var files []string
	folders := []string{filepath.Join(p.opt.Data, spareFonts)}
	if program, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(program), spareFonts))
	}
	for _, folder := range folders {
		for _, pattern := range []string{"*.ttf", "*.ttc", "*.TTF", "*.TTC"} {
			found, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		}
	}
	slices.Sort(files)
	var spare [][]byte
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			spare = append(spare, data)
		}
	}
	fonts, err := paper.NewFonts(assets.FontRegular(), assets.FontBold(), spare...)
	if fonts == nil {
		return nil, err
	}
	return fonts, nil
}

// enterPaper begins to enter a visit that was written on paper, after asking in which village it was.
func (p *program) enterPaper(papers *workbench.Papers) {
	p.shell.Push(field.NewVillages(p.store, func(village survey.RecordID) {
		p.shell.pop()
		p.beginPaper(papers, village)
	}))
}

func (p *program) beginPaper(papers *workbench.Papers, village survey.RecordID) {
	desk := p.desk()
	var v *present.Visit
	p.host.Do(func(ctx context.Context) error {
		info, err := papers.Form(ctx)
		if err != nil {
			return err
		}
		v, err = desk.Begin(ctx, info, village, survey.RecordID{})
		if err != nil {
			return err
		}
		return v.OnPaper(ctx)
	}, func(err error) {
		if err != nil {
			p.shell.Complain(err)
			return
		}
		p.showSheet(v, func() { p.beginPaper(papers, village) })
	})
}

// resumePaper takes up a filling in the order of the sheet.
func (p *program) resumePaper(papers *workbench.Papers, id survey.DraftID) {
	desk := p.desk()
	var v *present.Visit
	p.host.Do(func(ctx context.Context) (err error) {
		v, err = desk.Resume(ctx, id)
		return err
	}, func(err error) {
		if err != nil {
			p.shell.Complain(err)
			return
		}
		p.showSheet(v, func() { p.beginPaper(papers, survey.RecordID(v.Draft().Scope)) })
	})
}

// showSheet shows a filling in the order of the sheet. Whoever enters one paper mostly has another.
func (p *program) showSheet(v *present.Visit, another func()) {
	number := v.Number()
	screen := field.NewVisit(p.host, field.VisitSpec{
		Presenter: v, Sheet: true, OnDiscard: p.shell.Home,
		OnFinished: func() {
			p.shell.Home()
			another()
			p.shell.Tell("刚才那张已经录入，存在本机；编号 " + number + "，请写在纸上。可以接着录下一张。")
			p.wake()
		},
	})
	p.filling = filling{visit: v, screen: screen}
	p.shell.Push(screen)
}
