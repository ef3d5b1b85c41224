package store

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"zoucun/form"
	"zoucun/survey"
)

// table is a register as forms see it: one row for each record, with its identifier as name and its fields as columns.
// It does not change once it is made; the index of a column is made when the column is first asked.
type table struct {
	columns []string
	cells   [][]string
	mu      sync.Mutex
	index   map[string]map[string][]int // by column, by value
}

var _ form.Table = (*table)(nil)

// nameColumn is the column that holds a record's identifier, labelColumn the one that people read.
const (
	nameColumn  = "name"
	labelColumn = "label"
)

// Table returns the register behind a form's external list by its file name ("household.csv" holds the records of type
// household), as it stands now. Of a type that lives in villages it has the records of the draft's village. It reports
// false where there is no such register here.
func (s *Store) Table(ctx context.Context, name string, d survey.Draft) (form.Table, bool) {
	recordType, isCSV := strings.CutSuffix(name, ".csv")
	if !isCSV || survey.RecordType(recordType) == survey.TypeSealed {
		return nil, false
	}
	var records []survey.Record
	err := s.cards(ctx, "WHERE r.type_tag = ? AND r.voided = 0 AND r.scope_id IN (?, ?)",
		[]any{s.typeTag(survey.RecordType(recordType)), d.Scope[:], s.sharedScope()}, func(c cardRow) error {
			records = append(records, c.record())
			return nil
		})
	if err != nil {
		s.log.ErrorContext(ctx, "read register for a form", slog.Any("error", err))
		return nil, false
	}
	if len(records) == 0 && !survey.RecordType(recordType).Register() {
		return nil, false
	}
	return newTable(records), true
}

// sharedScope returns the scope of places, staff and forms, or nothing before enrolment.
func (s *Store) sharedScope() []byte {
	m := s.member.Load()
	if m == nil {
		return nil
	}
	return m.shared[:]
}

// newTable lays records out in rows, in the order of their order, code and label.
func newTable(records []survey.Record) *table {
	slices.SortFunc(records, func(a, b survey.Record) int {
		return cmp.Or(
			compareNatural(a.Fields[survey.PlaceOrder], b.Fields[survey.PlaceOrder]),
			compareNatural(a.Fields[survey.HouseholdCode], b.Fields[survey.HouseholdCode]),
			compareNatural(a.Fields[labelColumn], b.Fields[labelColumn]),
			a.ID.Compare(b.ID),
		)
	})
	t := &table{columns: columnsOf(records), index: map[string]map[string][]int{}, cells: make([][]string, len(records))}
	for i, record := range records {
		row := make([]string, len(t.columns))
		row[0] = record.ID.String()
		for j, column := range t.columns[1:] {
			row[j+1] = record.Fields[survey.FieldPath(column)]
		}
		t.cells[i] = row
	}
	return t
}

// columnsOf returns name, label, and then every other field any record has, sorted.
func columnsOf(records []survey.Record) []string {
	seen := map[string]bool{nameColumn: true, labelColumn: true}
	columns := []string{nameColumn, labelColumn}
	for _, record := range records {
		for path := range record.Fields {
			if !seen[string(path)] {
				seen[string(path)] = true
				columns = append(columns, string(path))
			}
		}
	}
	slices.Sort(columns[2:])
	return columns
}

// Columns implements [form.Table].
func (t *table) Columns() []string { return t.columns }

// Len implements [form.Table].
func (t *table) Len() int { return len(t.cells) }

// Cell implements [form.Table].
func (t *table) Cell(row, column int) string { return t.cells[row][column] }

// Lookup implements [form.Table].
func (t *table) Lookup(column, value string) []int {
	at := slices.Index(t.columns, column)
	if at < 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	rows, ok := t.index[column]
	if !ok {
		rows = make(map[string][]int, len(t.cells))
		for i, cells := range t.cells {
			rows[cells[at]] = append(rows[cells[at]], i)
		}
		t.index[column] = rows
	}
	return rows[value]
}
