package report

import (
	"slices"

	"zoucun/survey"
)

// field is a column of a register.
type field struct {
	label string
	path  survey.FieldPath
	names bool // the value is an identifier; a column with its words stands beside it
}

var householdColumns = []field{
	{"组", survey.HouseholdGroup, true},
	{"户编号", survey.HouseholdCode, false},
	{"户主", survey.HouseholdHead, false},
	{"门牌方位", survey.HouseholdDoor, false},
	{"电话", survey.HouseholdPhone, false},
	{"常住人数", survey.HouseholdResident, false},
	{"外出人数", survey.HouseholdAway, false},
	{"位置类型", survey.HouseholdLocation, false},
}

var problemColumns = []field{
	{"户", survey.ProblemHousehold, true},
	{"一句话", survey.ProblemTitle, false},
	{"性质", survey.ProblemNature, false},
	{"类别", survey.ProblemCategory, false},
	{"紧急", survey.ProblemUrgency, false},
	{"办理状态", survey.ProblemState, false},
}

// register lays out the records of a type: the columns given, then every other field there is.
func (t *tabler) register(name string, of survey.RecordType, fields []field) Table {
	var records []survey.Record
	for _, record := range t.records {
		if record.Type == of {
			records = append(records, record)
		}
	}
	shown := []survey.FieldPath{rosterStamp, survey.HouseholdVillage} // the village leads already
	columns := t.leading()
	for _, f := range fields {
		shown = append(shown, f.path)
		columns = append(columns, fieldColumn(f.label, f.path))
		if f.names {
			columns = append(columns, t.namedColumn(f.label+"（文字）", f.path, string(f.path)+"#text"))
		}
	}
	others := rest(records, func(path survey.FieldPath) bool { return slices.Contains(shown, path) })
	return lay(name, append(columns, others...), records)
}
