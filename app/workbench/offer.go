package workbench

import (
	"cmp"
	"context"
	"slices"

	"zoucun/form"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Offered reports whether a column is picked from what the registers have. Something else may be written only where Open.
func (c Column) Offered() bool {
	return c.Kind == GroupColumn || c.Kind == StaffColumn || c.Kind == VillageColumn
}

// Open reports whether what a column offers is not all it can say: a group that is not there is added with its household.
func (c Column) Open() bool { return c.Kind == GroupColumn }

// Choices are what a column can say where that is little and always the same.
func (c Column) Choices() []form.Choice {
	if c.Kind != LocationColumn {
		return nil
	}
	var all []form.Choice
	for _, class := range []survey.LocationClass{survey.Roadside, survey.Central, survey.Remote} {
		all = append(all, form.Choice{Name: string(class), Label: values[survey.HouseholdLocation][string(class)]})
	}
	return all
}

// Offers returns what there is to pick for a column that is Offered.
func (r *Roll) Offers(ctx context.Context, s Sheet, c Column) ([]form.Choice, error) {
	switch c.Kind { //nolint:exhaustive // the others are written freely
	case GroupColumn:
		return choicesOf(r.store.Groups(s.Village)), nil
	case VillageColumn:
		return choicesOf(r.store.Villages()), nil
	case StaffColumn:
		return r.colleagues(ctx)
	}
	return nil, nil
}

// Readings returns how the township says words, for whoever searches offers.
func (r *Roll) Readings() []spell.Reading { return r.store.Readings() }

func choicesOf(places []survey.Place) []form.Choice {
	all := make([]form.Choice, len(places))
	for i, place := range places {
		all[i] = form.Choice{Name: place.ID.String(), Label: place.Name}
	}
	return all
}

// colleagues are the staff in use, by name, with what post they have.
func (r *Roll) colleagues(ctx context.Context) ([]form.Choice, error) {
	var all []form.Choice
	err := r.store.Records(ctx, survey.TypeStaff, r.shared(), func(record survey.Record) error {
		if !record.Voided {
			all = append(all, form.Choice{
				Name: record.ID.String(), Label: record.Fields[survey.StaffName],
				Row: map[string]string{string(survey.StaffPost): record.Fields[survey.StaffPost]},
			})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b form.Choice) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Name, b.Name)) })
	return all, err
}
