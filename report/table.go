package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"zoucun/survey"
)

// Table is a sheet as values: what a person reads, before any file is written.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]string // each as long as Columns
}

// Column is a column of a table.
type Column struct {
	Label string // what people call it
	Name  string // what programs call it
}

// Data is what is reported: the records of the scopes and the forms they were filled with.
type Data struct {
	Forms   []Form // every version, newer ones first
	Records []survey.Record
}

// Tables lays records out: for every form a table with a row for each visit and a column for each question, a table
// for each of its repeats, then households and problems. A field that no form knows has a column all the same, at the
// end: nothing recorded is left out. Of envelopes there is a table of how many, where there are any.
func Tables(data Data) []Table {
	t := newTabler(data)
	var tables []Table
	for _, form := range t.forms {
		tables = append(tables, t.visits(form)...)
	}
	if orphans := t.byForm[""]; len(orphans) > 0 {
		tables = append(tables, t.visits(Form{Title: "其他走访"})...)
	}
	tables = append(tables, t.register("户", survey.TypeHousehold, householdColumns), t.register("问题", survey.TypeProblem, problemColumns))
	return append(tables, envelopes(t.records)...)
}

// tabler knows what identifiers in records stand for.
type tabler struct {
	forms   []Form // one for each form, questions of all versions together
	records []survey.Record
	byID    map[string]survey.Record
	byForm  map[survey.FormID][]survey.Record // visits
}

func newTabler(data Data) *tabler {
	t := &tabler{forms: joined(data.Forms), byID: map[string]survey.Record{}, byForm: map[survey.FormID][]survey.Record{}}
	t.records = slices.SortedFunc(slices.Values(data.Records), func(a, b survey.Record) int { return a.ID.Compare(b.ID) })
	for _, record := range t.records {
		t.byID[record.ID.String()] = record
		if record.Type == survey.TypeVisit {
			form := t.formOf(record)
			t.byForm[form] = append(t.byForm[form], record)
		}
	}
	return t
}

// joined makes one form of all versions of it. The newest version's questions come first, in its order.
func joined(versions []Form) []Form {
	versions = slices.SortedStableFunc(slices.Values(versions), func(a, b Form) int { return cmp.Compare(a.ID, b.ID) })
	var forms []Form
	for _, version := range versions {
		if len(forms) == 0 || forms[len(forms)-1].ID != version.ID {
			version.Questions = slices.Clone(version.Questions)
			forms = append(forms, version)
			continue
		}
		form := &forms[len(forms)-1]
		for _, q := range version.Questions {
			if at := slices.IndexFunc(form.Questions, func(have Question) bool { return have.Field == q.Field }); at < 0 {
				form.Questions = append(form.Questions, q)
			} else {
				form.Questions[at].Choices = together(form.Questions[at].Choices, q.Choices)
			}
		}
	}
	return forms
}

// together adds the labels of choices that a newer version no longer offers.
func together(newer, older map[string]string) map[string]string {
	if len(older) == 0 {
		return newer
	}
	all := maps.Clone(older)
	maps.Copy(all, newer)
	return all
}

// formOf returns the form a visit was filled with. A record that does not say has the first form that knows most of
// its fields.
func (t *tabler) formOf(visit survey.Record) survey.FormID {
	best, most := survey.FormID(""), 0
	for _, form := range t.forms {
		if form.ID == visit.Form {
			return form.ID
		}
		known := 0
		for _, q := range form.Questions {
			if _, there := visit.Fields[q.Field]; there {
				known++
			}
		}
		if known > most {
			best, most = form.ID, known
		}
	}
	if visit.Form != "" {
		return "" // its form is not here: better no words than another form's
	}
	return best
}

// label returns what people call the thing of an identifier: a place, a household, a member of staff.
func (t *tabler) label(id string) string {
	return t.byID[id].Fields[survey.PlaceName] // every register keeps its label in a field of this name
}

// choiceText returns the words of a choice; what has none stands for itself.
func (t *tabler) choiceText(q Question, value string) string {
	codes := []string{value}
	if q.Many {
		codes = strings.Fields(value)
	}
	for n, code := range codes {
		codes[n] = cmp.Or(q.Choices[code], t.label(code), code)
	}
	return strings.Join(codes, "、")
}

func state(record survey.Record) string {
	switch {
	case record.Voided:
		return "已作废"
	case len(record.Conflicts) > 0:
		return "有待定的修改"
	case record.TimeUnsure:
		return "有效，时间不确定"
	}
	return "有效"
}

// cellColumn is a column with the way to its value.
type cellColumn struct {
	Column

	value func(record survey.Record) string
}

// fieldColumn is a column that shows a field as it is.
func fieldColumn(label string, field survey.FieldPath) cellColumn {
	return cellColumn{Column{label, string(field)}, func(r survey.Record) string { return r.Fields[field] }}
}

// wordsColumn is a column that shows a choice in words.
func (t *tabler) wordsColumn(label string, field survey.FieldPath, q Question) cellColumn {
	return cellColumn{
		Column{label + "（文字）", string(field) + "#text"},
		func(r survey.Record) string { return t.choiceText(q, r.Fields[field]) },
	}
}

// namedColumn is a column that shows what the identifier in a field stands for.
func (t *tabler) namedColumn(label string, field survey.FieldPath, name string) cellColumn {
	return cellColumn{Column{label, name}, func(r survey.Record) string { return t.label(r.Fields[field]) }}
}

// leading are the columns that every table of records begins with.
func (t *tabler) leading() []cellColumn {
	return []cellColumn{
		{Column{"记录编号", "id"}, func(r survey.Record) string { return r.ID.String() }},
		{Column{"状态", "state"}, state},
		{Column{"村", "village"}, func(r survey.Record) string { return t.label(r.Scope.String()) }},
	}
}

// lay makes a table of columns and records.
func lay(name string, columns []cellColumn, records []survey.Record) Table {
	table := Table{Name: name}
	for _, c := range columns {
		table.Columns = append(table.Columns, c.Column)
	}
	for _, record := range records {
		cells := make([]string, len(columns))
		for n, c := range columns {
			cells[n] = c.value(record)
		}
		table.Rows = append(table.Rows, cells)
	}
	return table
}

// otherFields returns the fields of the records that are not shown, in order of name.
func otherFields(records []survey.Record, shown func(survey.FieldPath) bool) []survey.FieldPath {
	fields := map[survey.FieldPath]bool{}
	for _, record := range records {
		for field := range record.Fields {
			if !shown(field) {
				fields[field] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(fields))
}
