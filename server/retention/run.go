package retention

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"zoucun/survey"
)

// Run takes out what has been kept long enough, and what came late of what was erased, and keeps a report of it. A dry run
// only returns the report.
func (k Keeper) Run(ctx context.Context, dry bool) (Report, error) {
	rules, err := k.Rules()
	if err != nil {
		return Report{}, err
	}
	p := &plan{
		now: k.Clock(), rules: rules, households: map[survey.RecordID]household{},
		erased: map[survey.RecordID]survey.HLC{}, planned: map[survey.RecordID]bool{},
	}
	report := Report{At: survey.MillisOf(p.now), Rules: rules}
	if err := k.plan(ctx, p); err != nil {
		return report, err
	}
	report.Records, report.Waiting = p.removed, p.waiting
	if dry {
		return report, nil
	}
	return report, k.carryOut(ctx, p.due, &report)
}

// plan goes through the records. Problems come before visits, for how long those are kept depends on them.
func (k Keeper) plan(ctx context.Context, p *plan) (err error) {
	if p.classes, err = readClasses(ctx, k.Records); err != nil {
		return err
	}
	again, err := k.toBeErasedAgain()
	if err != nil {
		return err
	}
	late, err := k.Records.Late(ctx)
	if err != nil {
		return err
	}
	each := func(of survey.RecordType, due func(survey.Holding)) func() error {
		return func() error {
			return k.Records.HoldingsOf(ctx, of, func(h survey.Holding) error {
				switch {
				case again[h.Record.ID] && !erasedWhole(h):
					p.whole(h, WhyAgain)
				case slices.Contains(late, h.Record.ID) && takenUp(h):
					p.waiting++
				case slices.Contains(late, h.Record.ID):
					p.whole(h, WhyLate)
				default:
					due(h)
				}
				return nil
			})
		}
	}
	for _, step := range []func() error{
		each(survey.TypeHousehold, p.household), each(survey.TypeProblem, p.problem), each(survey.TypeVisit, p.visit), each(survey.TypeAccess, p.access),
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// household notes a household that was erased whole.
func (p *plan) household(h survey.Holding) {
	for _, s := range h.Statements {
		if s.Header.Kind == survey.Erase && len(s.Header.Touched) == 0 && h.Record.Voided {
			p.erased[h.Record.ID] = max(p.erased[h.Record.ID], s.HLC)
		}
	}
}

// erasedWhole reports whether an Erase that left nothing is among a record's revisions.
func erasedWhole(h survey.Holding) bool {
	return slices.ContainsFunc(h.Statements, func(s survey.Statement) bool {
		return s.Header.Kind == survey.Erase && len(s.Header.Touched) == 0
	})
}

// takenUp reports whether somebody who knew of the erasure has taken the record into use again: then a person has to
// say what is to become of what did not know.
func takenUp(h survey.Holding) bool {
	aware := map[survey.RevID]bool{}
	for _, s := range h.Statements {
		if s.Header.Kind == survey.Erase && len(s.Header.Touched) == 0 {
			aware[s.ID] = true
		}
	}
	return slices.ContainsFunc(h.Statements, func(s survey.Statement) bool {
		return s.Header.Kind != survey.Erase && !s.Erased && slices.ContainsFunc(s.Header.Parents, func(id survey.RevID) bool { return aware[id] })
	})
}

// toBeErasedAgain returns the records that reports say were erased whole.
func (k Keeper) toBeErasedAgain() (map[survey.RecordID]bool, error) {
	reports, err := k.Reports()
	again := map[survey.RecordID]bool{}
	for _, report := range reports {
		for _, removed := range report.Records {
			if removed.Whole {
				again[removed.Record] = true
			}
		}
	}
	return again, err
}

// carryOut erases what was planned and keeps the report, also of a run that was broken off: what it names may be erased
// once more without harm.
func (k Keeper) carryOut(ctx context.Context, due []survey.Erasure, report *Report) error {
	_, err := k.Records.Erase(ctx, keeper, due)
	if err == nil {
		report.Files, err = k.Records.Sweep(ctx, k.Files.Remove)
	}
	return errors.Join(err, k.Keep(*report))
}

// EraseNow erases whole records because the person asked for it, and keeps a report.
func (k Keeper) EraseNow(ctx context.Context, author survey.PersonID, held []survey.Holding) (Report, error) {
	rules, err := k.Rules()
	if err != nil {
		return Report{}, err
	}
	p := &plan{now: k.Clock(), planned: map[survey.RecordID]bool{}}
	if p.classes, err = readClasses(ctx, k.Records); err != nil {
		return Report{}, err
	}
	for _, h := range held {
		p.whole(h, WhyRequest)
	}
	report := Report{At: survey.MillisOf(p.now), Rules: rules, Records: p.removed}
	// The report first: should the machine stop in between, the next run erases what it names.
	if err := k.Keep(report); err != nil {
		return report, err
	}
	if _, err := k.Records.Erase(ctx, author, p.due); err != nil {
		return report, err
	}
	report.Files, err = k.Records.Sweep(ctx, k.Files.Remove)
	return report, errors.Join(err, k.Keep(report))
}

const (
	quietHour = 3 // by the clock's own zone
	tooLong   = 48 * time.Hour
)

// Daily runs at a quiet hour of every day until ctx ends, and at once where the last run is too long ago: a machine that
// is off at night keeps the periods too. wait returns after a time, or when ctx ends.
func (k Keeper) Daily(ctx context.Context, wait func(context.Context, time.Duration)) {
	if last, err := k.lastRun(); err != nil || k.Clock().Sub(last) > tooLong {
		k.runLogged(ctx)
	}
	for ctx.Err() == nil {
		now := k.Clock()
		next := time.Date(now.Year(), now.Month(), now.Day(), quietHour, 0, 0, 0, now.Location())
		if !next.After(now) {
			next = next.AddDate(0, 0, 1)
		}
		wait(ctx, next.Sub(now))
		if ctx.Err() == nil {
			k.runLogged(ctx)
		}
	}
}

func (k Keeper) lastRun() (time.Time, error) {
	reports, err := k.Reports()
	if err != nil || len(reports) == 0 {
		return time.Time{}, err
	}
	return reports[0].At.Time(), nil
}

func (k Keeper) runLogged(ctx context.Context) {
	report, err := k.Run(ctx, false)
	if err != nil {
		k.Log.ErrorContext(ctx, "retention", slog.Any("error", err))
		return
	}
	k.Log.InfoContext(ctx, "retention", slog.Int("records", len(report.Records)), slog.Int("files", report.Files), slog.Int("waiting", report.Waiting))
}
