package workbench

import (
	"bytes"
	"context"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// TableFormat is how a register is written, as what its name ends in.
type TableFormat string

// Formats of a register.
const (
	TableWorkbook TableFormat = ".xlsx"
	TableCSV      TableFormat = ".csv" // in UTF-8, marked as such
)

// Export writes a register as a table with one row of titles, as Import reads it back: what is in use, of one village where
// village names one.
func (r *Roll) Export(ctx context.Context, reg Register, village survey.RecordID, as TableFormat) ([]byte, error) {
	var titles []string
	for _, c := range reg.Columns {
		titles = append(titles, c.Title)
	}
	records, err := r.inUse(ctx, reg, village)
	if err != nil {
		return nil, err
	}
	rows := make([][]string, len(records))
	for i, record := range records {
		for _, c := range reg.Columns {
			rows[i] = append(rows[i], r.written(ctx, reg, record, c))
		}
	}
	var file bytes.Buffer
	if as == TableCSV {
		err = sheet.WriteCSV(&file, titles, rows)
	} else {
		err = sheet.Write(ctx, &file, reg.Name, titles, rows)
	}
	return file.Bytes(), err
}

// Fill writes a register into a table somebody else has laid out (上级表格), each field below the column mapped to it.
func (im *Import) Fill(ctx context.Context) ([]byte, error) {
	if sheet.NotWorkbook(im.data) != "" {
		return nil, ask("workbench.Fill", "要填的表必须是 .xlsx。请在表格软件里另存为 .xlsx 再选。")
	}
	records, err := im.roll.inUse(ctx, im.Register, im.village.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]map[int]string, len(records))
	for i, record := range records {
		rows[i] = map[int]string{}
		for column, field := range im.Columns {
			if c, ok := im.Register.column(field); ok {
				rows[i][column] = im.roll.written(ctx, im.Register, record, c)
			}
		}
	}
	var book bytes.Buffer
	err = sheet.Fill(ctx, &book, im.data, im.table.Name, im.Header, &im.table, rows)
	return book.Bytes(), err
}

// inUse returns a register's records that are in use, in the order of its list.
func (r *Roll) inUse(ctx context.Context, reg Register, village survey.RecordID) ([]survey.Record, error) {
	r.forget()
	villages := []survey.Place{{ID: village}}
	if village.IsZero() || reg.Type != survey.TypeHousehold && reg.Type != survey.TypeDuty {
		villages = r.store.Villages()
	}
	var records []survey.Record
	keep := func(record survey.Record) error {
		if !record.Voided && (reg.Type != survey.TypePlace || record.Fields[survey.PlaceParent] != "") {
			records = append(records, record)
		}
		return nil
	}
	if reg.Type == survey.TypeHousehold {
		for _, v := range villages {
			for _, h := range r.store.SearchHouseholds(v.ID, "", 0) {
				records = append(records, survey.Record{ID: h.ID, Scope: survey.VillageScope(v.ID), Fields: h.Fields()})
			}
		}
		return records, nil
	}
	if err := r.store.Records(ctx, reg.Type, r.shared(), keep); err != nil || reg.Type != survey.TypeDuty {
		return records, err
	}
	for _, v := range villages {
		if err := r.store.Records(ctx, reg.Type, survey.VillageScope(v.ID), keep); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// written is a record's column as a table holds it: as a person reads it, and what a duty is on in three columns.
func (r *Roll) written(ctx context.Context, reg Register, record survey.Record, c Column) string {
	if reg.Type != survey.TypeDuty {
		return r.Said(reg, record, c)
	}
	duty := survey.DutyOf(record)
	switch c.Field { //nolint:exhaustive // the others are said as they are
	case villageName:
		return r.villageOf(record, duty)
	case groupName:
		if duty.Level == survey.DutyGroup {
			return r.place(duty.On.String())
		}
		return ""
	case houseCode:
		if duty.Level != survey.DutyHousehold {
			return ""
		}
		if h, err := r.store.Household(ctx, duty.On); err == nil {
			return h.Code
		}
		return ""
	}
	return r.Said(reg, record, c)
}

func (r *Roll) villageOf(record survey.Record, duty survey.Duty) string {
	if duty.Level == survey.DutyHousehold {
		return r.place(record.Scope.String())
	}
	for _, v := range r.store.Villages() {
		if v.ID == duty.On {
			return v.Name
		}
		for _, g := range r.store.Groups(v.ID) {
			if g.ID == duty.On {
				return v.Name
			}
		}
	}
	return ""
}
