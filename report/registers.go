package report

import (
	"cmp"
	"slices"

	"zoucun/report/sheet"
	"zoucun/survey"
)

// field is a column of a register.
type field struct {
	label string
	path  survey.FieldPath
}

var householdColumns = []field{
	{"组", survey.HouseholdGroup},
	{"户编号", survey.HouseholdCode},
	{"户主", survey.HouseholdHead},
	{"家庭成员", survey.HouseholdMembers},
	{"门牌方位", survey.HouseholdDoor},
	{"电话", survey.HouseholdPhone},
	{"常住人数", survey.HouseholdResident},
	{"外出人数", survey.HouseholdAway},
	{"位置类型", survey.HouseholdLocation},
}

var problemColumns = []field{
	{"户", survey.ProblemHousehold},
	{"一句话", survey.ProblemTitle},
	{"性质", survey.ProblemNature},
	{"类别", survey.ProblemCategory},
	{"办理状态", survey.ProblemState},
}

// worded are the properties whose values are codes, whatever forms there are. Others are those that a question with
// choices saves to.
var worded = map[Property]Question{
	{survey.TypeHousehold, survey.HouseholdGroup}: {Choice: true},
	{survey.TypeProblem, survey.ProblemHousehold}: {Choice: true},
	{survey.TypeHousehold, survey.HouseholdLocation}: {Choice: true, Choices: map[string]string{
		string(survey.Roadside): "路边", string(survey.Central): "村中", string(survey.Remote): "偏远",
	}},
}

// questionFor returns the question that a property's words come from: those above, or one that saves to it.
func (t *tabler) questionFor(of Property) Question {
	if q, ok := worded[of]; ok {
		return q
	}
	for _, form := range t.forms {
		for _, q := range form.Questions {
			if q.Saved == of && q.Label != "" {
				return q
			}
		}
	}
	return Question{}
}

// register lays out the records of a type: the columns given, then every other field there is.
func (t *tabler) register(name string, of survey.RecordType, fields []field) Table {
	var records []survey.Record
	for _, record := range t.records {
		if record.Type == of {
			records = append(records, record)
		}
	}
	shown := []survey.FieldPath{sheet.Stamped, survey.HouseholdVillage} // the village leads already
	for _, f := range fields {
		shown = append(shown, f.path)
	}
	for _, path := range otherFields(records, func(path survey.FieldPath) bool { return slices.Contains(shown, path) }) {
		fields = append(slices.Clip(fields), field{path: path})
	}
	columns := t.leading()
	for _, f := range fields {
		q := t.questionFor(Property{of, f.path})
		label := cmp.Or(f.label, q.Label)
		columns = append(columns, fieldColumn(label, f.path))
		if q.Choice {
			columns = append(columns, t.wordsColumn(label, f.path, q))
		}
	}
	return lay(name, columns, records)
}
