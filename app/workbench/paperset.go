package workbench

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"zoucun/report"
	"zoucun/report/paper"
	"zoucun/survey"
)

// documents returns how many documents an order is, and each of them when it is asked for: of thousands only one is held.
func (p *Papers) documents(ctx context.Context, o PaperOrder) (int, iter.Seq2[paper.Document, error], error) {
	switch o.Kind {
	case PaperPrefilled:
		return p.prefilled(ctx, o)
	case PaperFilled:
		return p.filled(ctx, o)
	case PaperBlank, PaperVisits, PaperLedger, PaperDiary, PaperHousehold, PaperCards, PaperHandover:
	}
	d, err := p.single(ctx, o)
	return 1, func(yield func(paper.Document, error) bool) { yield(d, nil) }, err
}

// single returns a paper that is one document.
func (p *Papers) single(ctx context.Context, o PaperOrder) (paper.Document, error) {
	switch o.Kind {
	case PaperBlank:
		s, err := p.sheetSetting(ctx)
		return paper.Blank(s), err
	case PaperCards:
		return paper.Cards(p.setting(ctx), p.contact(o.Person)), nil
	case PaperVisits:
		visits, err := p.visits(ctx, o)
		return paper.VisitList(p.where(o), visits, p.spoken(ctx)), err
	case PaperDiary:
		visits, err := p.visits(ctx, o)
		return paper.Diary(p.where(o), visits, p.spoken(ctx)), err
	case PaperLedger:
		return p.ledger(ctx, o)
	case PaperHandover:
		return p.handover(ctx, o)
	case PaperHousehold:
		return p.household(ctx, o)
	case PaperPrefilled, PaperFilled:
	}
	return paper.Document{}, fmt.Errorf("workbench.single: no single paper %s", o.Kind)
}

func (p *Papers) contact(person survey.PersonID) paper.Contact {
	for _, s := range p.keeper.Staff() {
		if s.ID == person {
			return paper.Contact{Name: s.Name, Post: s.Post}
		}
	}
	return paper.Contact{}
}

// where says above a list what it is of.
func (p *Papers) where(o PaperOrder) paper.Where {
	w := paper.Where{Township: p.self.Grant.Township, When: p.now().Format("2006年1月2日")}
	if !o.Village.IsZero() {
		for _, v := range p.villages(o) {
			w.Village = v.Name
		}
	}
	switch {
	case o.Kind.Needs().OneDay:
		w.When = paper.Day(o.From)
	case o.Kind.Needs().Days:
		w.When = paper.Day(o.From) + "至" + paper.Day(o.To)
	}
	if o.Kind.Needs().Person {
		w.Author = p.keeper.StaffName(o.Person)
	}
	return w
}

// prefilled is a sheet for a household, or for each of a village.
func (p *Papers) prefilled(ctx context.Context, o PaperOrder) (int, iter.Seq2[paper.Document, error], error) {
	s, err := p.sheetSetting(ctx)
	if err != nil {
		return 0, nil, err
	}
	var households []survey.Household
	if o.Household.IsZero() {
		for _, found := range p.keeper.SearchHouseholds(o.Village, "", 0) {
			households = append(households, found.Household)
		}
	} else {
		h, err := p.keeper.Household(ctx, o.Household)
		if err != nil {
			return 0, nil, err
		}
		households = append(households, h)
	}
	return len(households), func(yield func(paper.Document, error) bool) {
		for _, h := range households {
			if !yield(paper.Prefilled(s, h), nil) {
				return
			}
		}
	}, nil
}

// filled is a sheet for each visit. Visits are looked through once for their days, and read again when they are laid
// out: what was said is held of one at a time.
func (p *Papers) filled(ctx context.Context, o PaperOrder) (int, iter.Seq2[paper.Document, error], error) {
	type dated struct {
		id  survey.RecordID
		day string
	}
	var found []dated
	err := p.eachVisit(ctx, o, func(r survey.Record) {
		found = append(found, dated{r.ID, r.Fields[visitDay]})
	})
	slices.SortStableFunc(found, func(a, b dated) int { return cmp.Compare(a.day, b.day) })
	spoken := p.spoken(ctx)
	return len(found), func(yield func(paper.Document, error) bool) {
		for _, f := range found {
			held, err := p.keeper.Holding(ctx, f.id)
			var d paper.Document
			if err == nil {
				d = paper.Filled(spoken(held.Record), held.Record)
			}
			if !yield(d, err) {
				return
			}
		}
	}, err
}

// visitDay is the day of a visit, as the sheet's form asks for it.
const visitDay survey.FieldPath = "visit/visit_date"

// eachVisit calls use for every visit in use of an order's villages and days, and of its person where it has one. A visit
// by a form that asks for no day is of the day on which it was written.
func (p *Papers) eachVisit(ctx context.Context, o PaperOrder, use func(survey.Record)) error {
	for _, village := range p.villages(o) {
		var ids []survey.RecordID
		err := p.keeper.Records(ctx, survey.TypeVisit, survey.VillageScope(village.ID), func(r survey.Record) error {
			if !r.Voided {
				ids = append(ids, r.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			held, err := p.keeper.Holding(ctx, id)
			if err != nil {
				return err
			}
			if p.wanted(o, held) {
				use(held.Record)
			}
		}
	}
	return nil
}

func (p *Papers) wanted(o PaperOrder, held survey.Holding) bool {
	first := held.First()
	if !o.Person.IsZero() && first.Header.Author != o.Person {
		return false
	}
	if o.From == "" {
		return true
	}
	day := held.Record.Fields[visitDay]
	if day == "" {
		day = first.Header.Wall.Time().In(p.now().Location()).Format("2006-01-02")
	}
	return day >= o.From && day <= o.To
}

// visits returns the visits of an order.
func (p *Papers) visits(ctx context.Context, o PaperOrder) ([]survey.Record, error) {
	var visits []survey.Record
	err := p.eachVisit(ctx, o, func(r survey.Record) { visits = append(visits, r) })
	if err == nil && len(visits) == 0 {
		err = refusal("这几天没有走访记录。请换一个村，或者换几天再试。")
	}
	return visits, err
}

// problems returns the problems of an order's villages that are in use, in the order in which they were written down.
func (p *Papers) problems(ctx context.Context, o PaperOrder) ([]paper.Raised, error) {
	var raised []paper.Raised
	for _, village := range p.villages(o) {
		var ids []survey.RecordID
		err := p.keeper.Records(ctx, survey.TypeProblem, survey.VillageScope(village.ID), func(r survey.Record) error {
			if !r.Voided {
				ids = append(ids, r.ID)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			held, err := p.keeper.Holding(ctx, id)
			if err != nil {
				return nil, err
			}
			raised = append(raised, paper.Raised{Record: held.Record, At: held.First().Header.Wall.Time().In(p.now().Location())})
		}
	}
	slices.SortStableFunc(raised, func(a, b paper.Raised) int { return a.At.Compare(b.At) })
	return raised, nil
}

func (p *Papers) ledger(ctx context.Context, o PaperOrder) (paper.Document, error) {
	s, err := p.sheetSetting(ctx)
	if err != nil {
		return paper.Document{}, err
	}
	problems, err := p.problems(ctx, o)
	if err == nil && len(problems) == 0 {
		err = refusal("这里还没有登记问题。")
	}
	return paper.Ledger(p.where(o), problems, s), err
}

func (p *Papers) handover(ctx context.Context, o PaperOrder) (paper.Document, error) {
	problems, err := p.problems(ctx, o)
	if err != nil {
		return paper.Document{}, err
	}
	records := make([]survey.Record, len(problems))
	for n, raised := range problems {
		records[n] = raised.Record
	}
	var visits []survey.Record
	if err := p.eachVisit(ctx, o, func(r survey.Record) { visits = append(visits, r) }); err != nil {
		return paper.Document{}, err
	}
	return paper.Handover(p.where(o), records, visits, p.spoken(ctx), p.setting(ctx)), nil
}

// household is everything held on a household, in words.
func (p *Papers) household(ctx context.Context, o PaperOrder) (paper.Document, error) {
	held, err := p.keeper.Held(ctx, o.Household)
	if err != nil {
		return paper.Document{}, err
	}
	data := report.Data{Records: p.named(held)}
	forms, err := p.keeper.Forms(ctx)
	if err != nil {
		return paper.Document{}, err
	}
	for _, info := range forms {
		form, err := p.form(ctx, info.ID, info.Version)
		if err != nil {
			return paper.Document{}, err
		}
		data.Forms = append(data.Forms, form)
	}
	d := report.DossierOf(paper.Printable(held), data, p.now())
	d.Township = p.self.Grant.Township
	return paper.HouseholdFile(d), nil
}

// named returns what the register calls the places and people that holdings may name.
func (p *Papers) named(held []survey.Holding) []survey.Record {
	var records []survey.Record
	for _, village := range p.keeper.Villages() {
		for _, place := range append(p.keeper.Groups(village.ID), village) {
			records = append(records, survey.Record{ID: place.ID, Type: survey.TypePlace, Fields: survey.Fields{survey.PlaceName: place.Name}})
		}
	}
	people := map[survey.PersonID]bool{}
	for _, h := range held {
		for _, s := range h.Statements {
			people[s.Header.Author] = true
		}
	}
	for id := range people {
		if name := p.keeper.StaffName(id); name != "" {
			records = append(records, survey.Record{ID: survey.RecordID(id), Type: survey.TypeStaff, Fields: survey.Fields{survey.StaffName: name}})
		}
	}
	return records
}
