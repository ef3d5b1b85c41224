package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"zoucun/survey"
)

// visits lays out the visits of a form: the table of visits, and one for each repeat.
func (t *tabler) visits(form Form) []Table {
	records := t.byForm[form.ID]
	name := cmp.Or(string(form.ID), form.Title)
	columns := append(t.leading(),
		cellColumn{Column{"户编号", "household_code"}, func(r survey.Record) string {
			return t.byID[r.Fields[survey.VisitHousehold]].Fields[survey.HouseholdCode]
		}},
		t.namedColumn("户主", survey.VisitHousehold, "household_head"),
		fieldColumn("名称", survey.VisitName),
		fieldColumn("户的记录编号", survey.VisitHousehold),
		cellColumn{Column{"审核", "review"}, func(r survey.Record) string { return reviewWords(survey.VerdictOf(r.Fields)) }},
		cellColumn{Column{"审核意见", "review_comments"}, func(r survey.Record) string { return t.remarks(form, survey.VerdictOf(r.Fields)) }},
	)
	repeatOf := map[survey.FieldPath]survey.FieldPath{survey.VisitHousehold: "", survey.VisitName: ""}
	var repeats []survey.FieldPath
	for _, q := range distinct(form.Questions) {
		if _, leads := repeatOf[q.Field]; leads {
			continue
		}
		repeatOf[q.Field] = q.Repeat
		switch {
		case q.Repeat == "":
			columns = append(columns, t.questionColumns(q)...)
		case !slices.Contains(repeats, q.Repeat):
			repeats = append(repeats, q.Repeat)
		}
	}
	shown := func(field survey.FieldPath) bool {
		if field.Noted() || field.OfReview() {
			return true
		}
		plain := withoutKeys(field)
		repeat, known := repeatOf[plain]
		return known && (repeat == "") == (plain == field)
	}
	for _, field := range otherFields(records, shown) {
		columns = append(columns, fieldColumn("", field))
	}
	tables := []Table{lay(name, columns, records)}
	for _, repeat := range repeats {
		tables = append(tables, t.repeat(name, form, repeat, records))
	}
	return tables
}

// questionColumns returns the column of a question and, for a choice, beside it the column with its words.
func (t *tabler) questionColumns(q Question) []cellColumn {
	columns := []cellColumn{fieldColumn(q.Label, q.Field)}
	if q.Choice {
		columns = append(columns, t.wordsColumn(q.Label, q.Field, q))
	}
	return columns
}

// distinct puts the group's label before a label that several questions of a table share.
func distinct(questions []Question) []Question {
	type words struct {
		repeat survey.FieldPath
		label  string
	}
	times := map[words]int{}
	for _, q := range questions {
		times[words{q.Repeat, q.Label}]++
	}
	questions = slices.Clone(questions)
	for n, q := range questions {
		if q.Label != "" && q.Group != "" && times[words{q.Repeat, q.Label}] > 1 {
			questions[n].Label = q.Group + " · " + q.Label
		}
	}
	return questions
}

// repeat lays out a repeat: a row for each instance in each visit.
func (t *tabler) repeat(name string, form Form, repeat survey.FieldPath, visits []survey.Record) Table {
	columns := append(t.leading(), cellColumn{Column{"条目编号", "instance"}, func(r survey.Record) string {
		return r.Fields[instanceField]
	}})
	for _, q := range distinct(form.Questions) {
		if q.Repeat == repeat {
			columns = append(columns, t.questionColumns(q)...)
		}
	}
	columns[0].Label = "走访的记录编号"
	short := repeat[strings.LastIndexByte(string(repeat), '/')+1:]
	return lay(name+" "+string(short), columns, instances(visits, repeat))
}

// instanceField holds the keys of a repeat instance while it is laid out as a record of its own.
const instanceField survey.FieldPath = "#instance"

// instances returns each instance of a repeat as a record with the visit's identity and the instance's own fields.
// Keys of instances are ordered by time, and so are the rows.
func instances(visits []survey.Record, repeat survey.FieldPath) []survey.Record {
	var found []survey.Record
	for _, visit := range visits {
		byKeys := map[string]survey.Fields{}
		for field, value := range visit.Fields {
			plain := withoutKeys(field)
			if plain == field || !strings.HasPrefix(string(plain), string(repeat)+"/") {
				continue
			}
			keys := keysOf(field, strings.Count(string(repeat), "/")+1)
			if byKeys[keys] == nil {
				byKeys[keys] = survey.Fields{instanceField: keys}
			}
			byKeys[keys][plain] = value
		}
		for _, keys := range slices.Sorted(maps.Keys(byKeys)) {
			instance := visit
			instance.Fields = byKeys[keys]
			found = append(found, instance)
		}
	}
	return found
}

// withoutKeys returns the path without the keys of repeat instances: "issues[0192…]/title" is "issues/title".
func withoutKeys(field survey.FieldPath) survey.FieldPath {
	if !strings.Contains(string(field), "[") {
		return field
	}
	var b strings.Builder
	for step := range strings.SplitSeq(string(field), "/") {
		if b.Len() > 0 {
			b.WriteByte('/')
		}
		name, _, _ := strings.Cut(step, "[")
		b.WriteString(name)
	}
	return survey.FieldPath(b.String())
}

// keysOf returns the keys in the first steps of a path, joined by a slash where repeats are nested.
func keysOf(field survey.FieldPath, steps int) string {
	var keys []string
	for n, step := range strings.Split(string(field), "/") {
		if _, key, keyed := strings.Cut(step, "["); keyed && n < steps {
			keys = append(keys, strings.TrimSuffix(key, "]"))
		}
	}
	return strings.Join(keys, "/")
}
