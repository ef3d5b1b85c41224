package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"sync"

	"zoucun/app/township"
	"zoucun/app/view"
	"zoucun/app/workbench"
	"zoucun/assets"
	"zoucun/report/paper"
	"zoucun/survey"
	"zoucun/tally"
)

// reckoning is what the workbench counts: it reads all records once, in the background, and then follows every change.
type reckoning struct {
	book    *workbench.Book
	review  *workbench.Review
	numbers *workbench.Numbers
	stop    context.CancelFunc
	reading sync.WaitGroup
}

// reckon returns the reckoning of the open store, which it begins when it is first asked for.
func (p *program) reckon() *reckoning {
	if p.counts != nil {
		return p.counts
	}
	words, book := workbench.NewWords(p.store), workbench.NewBook(p.store)
	r := &reckoning{
		book:    book,
		review:  workbench.NewReview(p.store, words, book, p.who().ID, p.opt.Clock),
		numbers: workbench.NewNumbers(p.store, words, book, p.opt.Clock),
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(p.ctx())
	p.counts = r
	r.reading.Add(1)
	p.host.Do(func(context.Context) error {
		defer r.reading.Done()
		return book.Fill(ctx)
	}, func(err error) {
		if err != nil && !errors.Is(err, context.Canceled) {
			p.opt.Log.Error("counting", slog.Any("err", err))
			p.shell.Complain(err)
			return
		}
		p.shell.changed()
	})
	return r
}

// end stops the reading and returns when it has ended.
func (r *reckoning) end() {
	r.stop()
	r.reading.Wait()
	r.book.Close()
}

// reviewSection is 审核.
func (p *program) reviewSection() township.Section {
	return township.Section{
		Name:   "审核",
		Screen: func() *view.Screen { return township.NewReview(p.host, p.reckon().review) },
		Wait: func() string {
			if n := p.reckon().review.Waiting(); n > 0 {
				return strconv.Itoa(n)
			}
			return ""
		},
	}
}

// numbersSection is 统计.
func (p *program) numbersSection() township.Section {
	return township.Section{Name: "统计", Screen: func() *view.Screen {
		return township.NewNumbers(p.host, township.NumbersSpec{Presenter: p.reckon().numbers, Save: p.saveSheet})
	}}
}

// saveSheet lays 汇总表 out as a workbook or on paper and asks where to keep it.
func (p *program) saveSheet(kind string, sheet tally.Sheet) {
	var file bytes.Buffer
	p.host.Do(func(ctx context.Context) error { return writeSheet(ctx, &file, kind, sheet, p.self.Grant.Township) }, func(err error) {
		if err != nil {
			p.shell.Complain(err)
			return
		}
		p.shell.saveAs("走访汇总表-"+p.opt.Clock().Format("20060102-150405")+"."+kind, file.Bytes(), "已存成汇总表。"+tally.RankingNote)
	})
}

func writeSheet(ctx context.Context, w io.Writer, kind string, sheet tally.Sheet, township string) error {
	fonts, err := paper.NewFonts(assets.FontRegular(), assets.FontBold())
	if err != nil {
		return sheetError(err)
	}
	list := paper.List{Name: "走访汇总表", Title: sheet.Title, Left: township, Right: sheet.Left, Rows: sheet.Rows, Notes: sheet.Notes}
	for i, c := range sheet.Columns {
		list.Columns = append(list.Columns, paper.ListColumn{Label: c.Label, Share: c.Share, Centre: i > 0})
	}
	document := list.Document()
	if kind == "xlsx" {
		return sheetError(paper.Workbook(w, fonts, []paper.Document{document}))
	}
	one := func(yield func(paper.Document, error) bool) { yield(document, nil) }
	return sheetError(paper.PDF(ctx, w, fonts, document.Name, one, nil))
}

func sheetError(err error) error {
	if err == nil {
		return nil
	}
	return &survey.Error{Kind: survey.Internal, Op: "app.writeSheet", Message: "汇总表没有做成，请再试一次。记录没有变。", Err: err}
}
