package day

import (
	"context"
	"fmt"

	"zoucun/app/present"
	"zoucun/survey"
)

// filling is one visit as the person pays it.
type filling struct {
	village, household survey.RecordID // household is zero for one that is not in the register
	answers            [][2]string     // by question; those below a problem are relative to it
	problems           [][][2]string
}

// visit fills in the product's own form and finishes it.
func (h *holder) visit(ctx context.Context, f filling) (survey.RecordID, error) {
	desk, err := h.desk(ctx)
	if err != nil {
		return survey.RecordID{}, err
	}
	forms, err := h.store.Forms(ctx)
	if err != nil || len(forms) != 1 {
		return survey.RecordID{}, fmt.Errorf("%s has %d forms: %w", h.name, len(forms), err)
	}
	v, err := desk.Begin(ctx, forms[0], f.village, f.household)
	if err != nil {
		return survey.RecordID{}, err
	}
	for _, a := range f.answers {
		if err := v.Answer(ctx, survey.FieldPath(a[0]), a[1]); err != nil {
			return survey.RecordID{}, fmt.Errorf("%s answers %s: %w", h.name, a[0], err)
		}
	}
	for i, problem := range f.problems {
		if err := tell(ctx, v, i, problem); err != nil {
			return survey.RecordID{}, err
		}
	}
	wrong, err := v.Finish(ctx)
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%s cannot finish: %v", h.name, wrong)
	}
	return survey.RecordID(v.Draft().ID), err
}

// tell fills in a problem: the instance that is there from the beginning, or one more.
func tell(ctx context.Context, v *present.Visit, i int, answers [][2]string) error {
	const repeat = "problems/issues"
	if i == 0 {
		if err := v.Answer(ctx, "problems/has_issue", "yes"); err != nil {
			return err
		}
	}
	cards := cardsOf(v, repeat)
	if i == len(cards) {
		if err := v.Add(ctx, repeat); err != nil {
			return err
		}
		v.Leave()
		cards = cardsOf(v, repeat)
	}
	for _, a := range answers {
		if err := v.Answer(ctx, cards[i].Path+"/"+survey.FieldPath(a[0]), a[1]); err != nil {
			return fmt.Errorf("problem %d, %s: %w", i+1, a[0], err)
		}
	}
	return nil
}

// cardsOf goes to the section of a repeat and returns its cards.
func cardsOf(v *present.Visit, repeat survey.FieldPath) []present.Card {
	for i := range v.Index() {
		v.GoSection(i)
		for _, item := range v.Page().Items {
			if item.Kind == present.RepeatItem && item.Repeat == repeat {
				return item.Cards
			}
		}
	}
	return nil
}
