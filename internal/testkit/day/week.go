package day

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"zoucun/internal/testkit/device"
	"zoucun/internal/township"
	"zoucun/survey"
)

// Options say what a week is lived through with.
type Options struct {
	Size
	Dir  string // where everything is kept; empty at the beginning
	Ctl  string // zouctl
	Form fs.FS  // the folder of QZ-01
	Seed uint64
	Log  func(format string, args ...any)
}

// Week is a township after its week: the county's server, its devices, and what really happened.
type Week struct {
	Options
	now     time.Time
	county  *county
	tablets []*holder // the copies among them, behind the others
	lost    *holder   // the tablet that died
	laptop  *holder
	truth   truth
}

// monday is the morning on which the week begins.
var monday = time.Date(2026, 11, 16, 8, 0, 0, 0, time.FixedZone("CST", 8*3600))

// Live lives through a week.
func Live(ctx context.Context, o Options) (*Week, error) {
	w := &Week{Options: o, now: monday.Add(-24 * time.Hour)}
	w.truth = truth{said: map[survey.RecordID]string{}, conflicts: map[conflict]string{}}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"the evening before", w.begin}, {"the week", w.out}, {"Friday evening", w.home}, {"Saturday morning", w.gather},
	}
	for _, step := range steps {
		begun := time.Now()
		if err := step.do(ctx); err != nil {
			return w, fmt.Errorf("%s: %w", step.name, err)
		}
		o.Log("%s: %.1f s", step.name, time.Since(begun).Seconds())
	}
	return w, nil
}

// Close ends everything that is open.
func (w *Week) Close() error {
	var err error
	for _, h := range append(slices.Clone(w.tablets), w.laptop) {
		if h != nil && h != w.lost {
			err = errors.Join(err, h.store.Close())
		}
	}
	if w.county != nil {
		err = errors.Join(err, w.county.close())
	}
	return err
}

func (w *Week) clock() time.Time { return w.now }

// begin founds the county and hands out its devices.
func (w *Week) begin(ctx context.Context) (err error) {
	town := township.New(w.Seed, w.Households)
	for n := len(town.Staff); n < w.Tablets+2; n++ {
		town.Staff = append(town.Staff, township.Person{Name: fmt.Sprintf("走访人%d", n), Post: "驻村干部"})
	}
	if w.county, err = found(ctx, w.Dir, w.Ctl, w.clock, town, w.Form); err != nil {
		return err
	}
	staff := device.StaffOf(town)
	var all []survey.ScopeID
	for _, v := range town.Villages {
		all = append(all, survey.VillageScope(device.Village(v.Name)))
	}
	for i := range w.Tablets {
		granted := []survey.ScopeID{all[i%len(all)], all[(i+1)%len(all)]}
		h, err := w.county.enrol(ctx, w.path(fmt.Sprintf("tablet-%d", i)), fmt.Sprintf("tablet %d", i), staff[i], granted, survey.RoleCadre)
		if err != nil {
			return err
		}
		w.tablets = append(w.tablets, h)
	}
	w.laptop, err = w.county.enrol(ctx, w.path("laptop"), "laptop", staff[w.Tablets], all, survey.RoleTownship)
	return err
}

// plan lays out who goes where.
func (w *Week) plan() *planner {
	p := &planner{
		size: w.Size, truth: &w.truth, homes: map[survey.RecordID][]survey.Household{},
		random: rand.New(rand.NewPCG(w.Seed, 0xda4)), //nolint:gosec // has to be repeatable
	}
	for _, village := range w.laptop.store.Villages() {
		for _, found := range w.laptop.store.SearchHouseholds(village.ID, "", 0) {
			p.homes[village.ID] = append(p.homes[village.ID], found.Household)
		}
		list := p.homes[village.ID]
		p.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for _, h := range w.tablets {
		var route []survey.RecordID
		for _, village := range h.store.Villages() {
			route = append(route, village.ID)
		}
		p.routes = append(p.routes, route)
	}
	for day := range p.jobs {
		p.jobs[day] = make([][]job, w.Tablets+w.Copies)
	}
	for n := range w.Conflicts {
		p.part(n)
	}
	for n := range w.Twins {
		p.twice(n)
	}
	for n := range w.Lookalikes {
		p.alike(n)
	}
	p.ordinaryVisits()
	return p
}

// out sends everybody out for five days without network. On Wednesday evening some tablets are copied.
func (w *Week) out(ctx context.Context) error {
	p := w.plan()
	for day := range workdays {
		if day == 3 {
			if err := w.copy(ctx); err != nil {
				return err
			}
		}
		for tablet, jobs := range p.jobs[day] {
			for n, j := range jobs {
				w.now = monday.AddDate(0, 0, day).Add(time.Duration(n) * 10 * time.Minute)
				if err := w.pay(ctx, w.tablets[tablet], j); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pay pays one visit.
func (w *Week) pay(ctx context.Context, h *holder, j job) error {
	visit, err := h.visit(ctx, j.filling)
	if err != nil {
		return fmt.Errorf("%s: %w", h.name, err)
	}
	held, err := h.store.Holding(ctx, visit)
	if err != nil {
		return err
	}
	household, err := survey.ParseID[survey.RecordID](held.Record.Fields[survey.VisitHousehold])
	if err != nil {
		return fmt.Errorf("%s: a visit to nobody: %w", h.name, err)
	}
	j.note(visit, household)
	return nil
}

// copy copies tablets as moving to another device does, and both go on.
func (w *Week) copy(ctx context.Context) error {
	for n := range w.Copies {
		other, err := w.tablets[n].copied(ctx, w.county, w.path(fmt.Sprintf("copy-%d", n)))
		if err != nil {
			return err
		}
		w.tablets = append(w.tablets, other)
	}
	return nil
}

// home brings home what finds no network: some tablets' work on a stick, and the card of one that dies.
func (w *Week) home(ctx context.Context) error {
	w.now = monday.AddDate(0, 0, 4).Add(11 * time.Hour)
	for n := range w.Carried {
		if err := w.tablets[w.Tablets-1-n].copyOut(ctx, w.path("stick", fmt.Sprint(n))); err != nil {
			return err
		}
	}
	w.lost = w.tablets[w.Tablets-1-w.Carried]
	if err := w.lost.keepCopy(ctx, w.path("card")); err != nil {
		return err
	}
	return w.lost.die()
}

// gather brings everything to the county, and from there to the laptop.
func (w *Week) gather(ctx context.Context) error {
	w.now = monday.AddDate(0, 0, 5)
	folders := []string{w.path("card")}
	for n := range w.Carried {
		folders = append(folders, w.path("stick", fmt.Sprint(n)))
	}
	for _, folder := range folders {
		if err := w.county.take(ctx, folder); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(folder), err)
		}
	}
	return w.exchange(ctx)
}

// exchange lets every device that is left talk to the county until nothing comes any more. Two rounds of all: what the
// last hands over the first fetches then.
func (w *Week) exchange(ctx context.Context) error {
	for range 2 {
		for _, h := range append(slices.Clone(w.tablets), w.laptop) {
			if h == w.lost {
				continue
			}
			w.now = w.now.Add(time.Minute)
			if err := h.exchange(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
