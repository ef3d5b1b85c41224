package day

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"zoucun/survey"
)

// said is the question whose answer is like no other visit's.
const said survey.FieldPath = "hear/heard_ask"

// Lost returns the visits that the laptop does not hold as they were told, and those it holds besides.
func (w *Week) Lost(ctx context.Context) (lost, besides []string, err error) {
	for visit, text := range w.truth.said {
		held, err := w.laptop.store.Holding(ctx, visit)
		if err != nil && survey.KindOf(err) != survey.NotFound {
			return nil, nil, err
		}
		if err != nil || held.Record.Voided || held.Record.Fields[said] != text {
			lost = append(lost, visit.String()+": "+text)
		}
	}
	err = w.laptop.store.Records(ctx, survey.TypeVisit, survey.ScopeID{}, func(r survey.Record) error {
		if _, known := w.truth.said[r.ID]; !known {
			besides = append(besides, r.ID.String())
		}
		return nil
	})
	return lost, besides, err
}

// conflicted returns the fields that wait for a decision on the laptop.
func (w *Week) conflicted(ctx context.Context) (map[conflict]survey.Conflict, error) {
	ids, err := w.laptop.store.Conflicted(ctx)
	if err != nil {
		return nil, err
	}
	found := map[conflict]survey.Conflict{}
	for _, id := range ids {
		held, err := w.laptop.store.Holding(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, c := range held.Record.Conflicts {
			found[conflict{id, c.Field}] = c
		}
	}
	return found, nil
}

// types are what is compared between devices.
var types = []survey.RecordType{
	survey.TypePlace, survey.TypeStaff, survey.TypeForm, survey.TypeHousehold, survey.TypeVisit, survey.TypeProblem,
	survey.TypeLink, survey.TypeTask, survey.TypeAccess,
}

// portrait is what a device holds of a scope, by record.
func (h *holder) portrait(ctx context.Context, scope survey.ScopeID) (map[survey.RecordID][32]byte, error) {
	all := map[survey.RecordID][32]byte{}
	for _, of := range types {
		err := h.store.Records(ctx, of, scope, func(r survey.Record) error {
			text := fmt.Append(nil, r.Type, r.Scope, r.Voided, len(r.Conflicts), r.Updated)
			for _, field := range slices.Sorted(maps.Keys(r.Fields)) {
				text = fmt.Appendf(text, "\x00%s=%s", field, r.Fields[field])
			}
			all[r.ID] = sha256.Sum256(text)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Equal compares what every device holds of the scopes it is granted with what the laptop holds.
func (w *Week) Equal(ctx context.Context) error {
	for _, h := range w.tablets {
		if h == w.lost {
			continue
		}
		self, _, err := h.store.Enrolment(ctx)
		if err != nil {
			return err
		}
		for _, scope := range self.Grant.Scopes {
			mine, mineErr := h.portrait(ctx, scope)
			theirs, theirErr := w.laptop.portrait(ctx, scope)
			if err := errors.Join(mineErr, theirErr); err != nil {
				return err
			}
			if !maps.Equal(mine, theirs) {
				return fmt.Errorf("%s and the laptop hold %d and %d records of scope %s, which differ", h.name, len(mine), len(theirs), scope)
			}
		}
	}
	return nil
}
