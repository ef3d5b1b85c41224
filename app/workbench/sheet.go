package workbench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/report/sheet"
	"zoucun/survey"
)

// Sheet is one record while its fields are changed, or a new one.
type Sheet struct {
	Register Register
	Line     Line
	New      bool
	Village  survey.RecordID // whose household or group it is
	Values   map[survey.FieldPath]string
}

// Pick takes one of a column's offers, a zero one for none.
func (s *Sheet) Pick(c Column, offer form.Choice) {
	s.Values[c.Field] = offer.Label
	if c.Kind == StaffColumn {
		s.Values[survey.DutyWho] = offer.Name // of two with one name, this one
	}
}

// Open returns a line's record with its columns as a person reads them.
func (r *Roll) Open(reg Register, l Line, village survey.RecordID) Sheet {
	s := Sheet{Register: reg, Line: l, New: l.Record.ID.IsZero(), Village: village, Values: map[survey.FieldPath]string{}}
	for _, c := range reg.Columns {
		s.Values[c.Field] = r.Said(reg, l.Record, c)
	}
	if reg.Type == survey.TypeDuty && s.New {
		s.Values[survey.DutySince] = r.today()
	}
	return s
}

// Columns are those that can be filled in: where a record belongs is chosen outside.
func (s Sheet) Columns() []Column {
	return slices.DeleteFunc(slices.Clone(s.Register.Columns), func(c Column) bool {
		where := c.Field == villageName || c.Kind == HouseColumn || c.Field == groupName && s.Register.Type == survey.TypeDuty
		return where && (s.Register.Type != survey.TypePlace || !s.New)
	})
}

// Picked tells the offer that a column says from the others.
func (s *Sheet) Picked(c Column) func(form.Choice) bool {
	return func(offer form.Choice) bool {
		who := cmp.Or(s.Values[survey.DutyWho], s.Line.Record.Fields[survey.DutyWho])
		return offer.Label == s.Values[c.Field] && (c.Kind != StaffColumn || who == "" || offer.Name == who)
	}
}

// Save writes what was changed. An error's Message names the field.
func (r *Roll) Save(ctx context.Context, s Sheet) error {
	fields, groups, err := r.fields(ctx, s)
	if err != nil {
		return err
	}
	record := s.Line.Record
	a := survey.Amendment{
		Record: record.ID, Type: s.Register.Type, Kind: survey.Put, Scope: record.Scope, Author: r.who, Fields: survey.Fields{},
	}
	if s.New {
		if a.Record, a.Scope, err = r.identify(ctx, s, fields); err != nil {
			return err
		}
	}
	for field, value := range fields {
		if record.Fields[field] != value {
			a.Fields[field] = value
		}
	}
	if len(a.Fields) == 0 {
		return nil
	}
	added, err := r.adding(ctx, groups)
	if err != nil {
		return err
	}
	return r.store.Amend(ctx, append(added, a)...)
}

// adding is what writes groups that are new. One that was taken out of use is none of them.
func (r *Roll) adding(ctx context.Context, groups []survey.Place) (added []survey.Amendment, err error) {
	for _, group := range groups {
		err := r.store.Records(ctx, survey.TypePlace, r.shared(), func(record survey.Record) error {
			if record.ID == group.ID {
				return ask("workbench.Save", "“"+group.Name+"”这个组已经停用，要用请先在“村和组”里恢复使用。没有保存。")
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		added = append(added, survey.Amendment{
			Record: group.ID, Type: survey.TypePlace, Kind: survey.Put, Scope: r.shared(), Author: r.who, Fields: group.Fields(), Note: "随户一起添加",
		})
	}
	return added, nil
}

// fields reads what a sheet says as the record's fields, and which of the groups it names are new.
func (r *Roll) fields(ctx context.Context, s Sheet) (fields survey.Fields, groups []survey.Place, err error) {
	fields = survey.Fields{}
	for _, c := range s.Columns() {
		value, err := c.parse(s.Values[c.Field], false)
		switch {
		case err != nil:
			return nil, nil, ask("workbench.Save", "“"+c.Title+"”"+firstLine(err)+"。没有保存。")
		case value == "" && c.Need:
			return nil, nil, ask("workbench.Save", "“"+c.Title+"”没有写，请补上。没有保存。")
		}
		fields[c.Field] = value
		if c.Kind == GroupColumn && value != "" {
			group, known := r.group(s.Village, value)
			if fields[c.Field] = group.ID.String(); !known {
				groups = append(groups, group)
			}
			continue
		}
		if err := r.refer(ctx, c, value, s, fields); err != nil {
			return nil, nil, ask("workbench.Save", err.Error()+"。没有保存。")
		}
	}
	if s.Register.Type == survey.TypeDuty {
		if s.New {
			fields[survey.DutyKind], fields[survey.DutyOn] = string(s.Line.Level), s.Line.On.String()
		}
		if until := fields[survey.DutyUntil]; until != "" && until < fields[survey.DutySince] {
			return nil, nil, ask("workbench.Save", "“结束”早于“开始”，请改正。没有保存。")
		}
	}
	return fields, groups, nil
}

// group returns a village's group by its name; one that is not there as it will be, behind the others.
func (r *Roll) group(village survey.RecordID, name string) (group survey.Place, known bool) {
	groups := r.store.Groups(village)
	for _, group := range groups {
		if group.Name == name {
			return group, true
		}
	}
	group = survey.Place{Parent: village, Name: name, Order: len(groups) + 1}
	group.ID = r.idFor(Register{Type: survey.TypePlace}, r.shared(), group.Fields())
	return group, false
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// refer puts the identifier of what a name stands for in the name's place.
func (r *Roll) refer(ctx context.Context, c Column, value string, s Sheet, fields survey.Fields) error {
	switch {
	case value == "":
	case c.Kind == StaffColumn:
		who, err := r.staffOf(ctx, s, value)
		if err != nil {
			return err
		}
		fields[survey.DutyWho] = who
	case c.Kind == VillageColumn:
		for _, place := range r.store.Villages() {
			if place.Name == value {
				delete(fields, c.Field)
				fields[survey.PlaceParent] = place.ID.String()
				return nil
			}
		}
		return fmt.Errorf("本机没有“%s”。新的村要先由县里登记并授权给本机", value)
	}
	return nil
}

// staffOf returns whom a duty is given to: whoever was picked, or had it before and still has, whatever became of them, or
// else the one of that name.
func (r *Roll) staffOf(ctx context.Context, s Sheet, name string) (string, error) {
	picked, before := s.Values[survey.DutyWho], s.Line.Record.Fields
	if before[survey.DutyName] == name && before[survey.DutyWho] == cmp.Or(picked, before[survey.DutyWho]) {
		return before[survey.DutyWho], nil
	}
	if id, err := survey.ParseID[survey.PersonID](picked); err == nil && r.store.StaffName(id) == name {
		return picked, nil
	}
	id, err := r.staff(ctx, name)
	return id.String(), err
}

// staff finds the one member of staff of a name.
func (r *Roll) staff(ctx context.Context, name string) (found survey.RecordID, err error) {
	n := 0
	err = r.store.Records(ctx, survey.TypeStaff, r.shared(), func(record survey.Record) error {
		if !record.Voided && record.Fields[survey.StaffName] == name {
			found = record.ID
			n++
		}
		return nil
	})
	switch {
	case err != nil:
		return found, err
	case n == 0:
		return found, fmt.Errorf("名册里没有叫“%s”的干部，请先在“干部”里添加", name)
	case n > 1:
		return found, fmt.Errorf("名册里有 %d 位叫“%s”的干部，请在“干部”里给姓名加字区分", n, name)
	}
	return found, nil
}

// identify returns what a new record is called and where it belongs; a name or number that is taken is refused.
func (r *Roll) identify(ctx context.Context, s Sheet, fields survey.Fields) (survey.RecordID, survey.ScopeID, error) {
	scope := r.shared()
	switch s.Register.Type { //nolint:exhaustive // the others belong to the register scope
	case survey.TypeDuty:
		return survey.NewID[survey.RecordID](), s.Line.Scope, nil
	case survey.TypeHousehold:
		scope = survey.VillageScope(s.Village)
		fields[survey.HouseholdVillage] = s.Village.String()
	}
	key := keyOf(s.Register, fields)
	taken := false
	err := r.store.Records(ctx, s.Register.Type, scope, func(record survey.Record) error {
		taken = taken || keyOf(s.Register, record.Fields) == key
		return nil
	})
	if err == nil && taken {
		err = ask("workbench.Save", "名册里已经有“"+key+"”。没有保存。已停用的可以在列表最后找到，恢复使用。")
	}
	return r.idFor(s.Register, scope, fields), scope, err
}

// keyOf is what makes two records of a register the same one.
func keyOf(reg Register, fields survey.Fields) string {
	switch reg.Type { //nolint:exhaustive // the others go by their name
	case survey.TypeHousehold:
		return sheet.CodeKey(fields[survey.HouseholdCode])
	case survey.TypePlace:
		return fields[survey.PlaceParent] + fields[survey.PlaceName]
	case survey.TypeDuty:
		return fields[survey.DutyOn] + fields[survey.DutyWho] + fields[survey.DutySince]
	default:
		return fields[survey.PlaceName]
	}
}

// idFor derives a record's identifier from what makes it the same one, as the import at the server does: the same roster
// imported here and there is one.
func (r *Roll) idFor(reg Register, scope survey.ScopeID, fields survey.Fields) survey.RecordID {
	name := string(reg.Type) + "/" + keyOf(reg, fields)
	if reg.Type == survey.TypePlace {
		name = "place/" + r.place(fields[survey.PlaceParent]) + "/" + fields[survey.PlaceName]
	}
	return survey.DerivedID[survey.RecordID](scope, name)
}
