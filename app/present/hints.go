package present

import (
	"context"
	"fmt"
	"maps"

	"zoucun/check"
	"zoucun/form"
	"zoucun/survey"
)

// earlierVisits is how many of a person's visits a filling is compared with, the latest first.
const earlierVisits = 60

// Hint is something the author may want to look at again before finishing. It holds nothing up and is not kept.
type Hint struct {
	Wrong // where to go, and what to say

	Kind string
}

// Hints returns what is worth a second look and has not been shown yet. There is nothing while an answer is missing or
// wrong, for Finish has to say so first. Called again it returns only what is new.
func (v *Visit) Hints(ctx context.Context) ([]Hint, error) {
	if err := v.keepTyped(ctx); err != nil {
		return nil, err
	}
	sub, err := v.session.Finish()
	if err != nil || v.desk.Records == nil {
		return nil, nil //nolint:nilerr // Finish, which follows, says it in the right words
	}
	around, err := v.around(ctx)
	if err != nil {
		return nil, err
	}
	filling := check.Filling{Visit: v.draft.Amends.Visit, Fields: v.withMade(sub.Fields), At: survey.MillisOf(v.desk.Now())}
	var hints []Hint
	for _, found := range check.Visit(filling, around) {
		key := string(found.Path) + found.Words
		if v.hinted[key] {
			continue
		}
		v.hinted[key] = true
		w := v.wrongs([]form.Violation{{Path: found.Path, Message: found.Words}})[0]
		hints = append(hints, Hint{Wrong: w, Kind: found.Kind.Words()})
	}
	return hints, nil
}

// withMade adds to answers which records the amended visit has made: they are not noted before, but by it.
func (v *Visit) withMade(answers survey.Fields) survey.Fields {
	all := survey.Fields{}
	for path, value := range v.amends.seen.Fields {
		if path.Noted() {
			all[path] = value
		}
	}
	maps.Copy(all, answers)
	return all
}

// around reads what a filling is compared with.
func (v *Visit) around(ctx context.Context) (check.Around, error) {
	var around check.Around
	waiting, err := v.desk.Records.Waiting(ctx)
	if err != nil {
		return around, fmt.Errorf("present.Hints: %w", err)
	}
	delivered, err := v.desk.Records.Delivered(ctx, earlierVisits)
	if err != nil {
		return around, fmt.Errorf("present.Hints: %w", err)
	}
	for i, visit := range append(waiting, delivered...) {
		if i == earlierVisits {
			break
		}
		held, err := v.desk.Records.Holding(ctx, visit.ID)
		if err != nil {
			return around, fmt.Errorf("present.Hints: %w", err)
		}
		if visit.ID != v.draft.Amends.Visit {
			around.Earlier = append(around.Earlier, check.EarlierOf(visit.ID, visit.Finished, held.Record.Fields))
		}
	}
	if !v.draft.Household.IsZero() {
		if around.Problems, err = v.desk.Records.ProblemsOf(ctx, v.draft.Household); err != nil {
			return around, fmt.Errorf("present.Hints: %w", err)
		}
	}
	return around, nil
}
