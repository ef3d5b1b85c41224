package workbench

import (
	"path"
	"slices"

	"zoucun/survey"
)

// guarded are the fields that no one person decides on, whatever a form says: QZ-01 calls them protected (证件、银行卡) or
// sensitive under article 28 of the Personal Information Protection Law (健康、残疾、未成年人), and what somebody is
// entitled to hangs on the rest.
var guarded = []string{
	"id_no", "id_card", "bank_card", "bank_account", "health", "health_note", "disability", "religion", "minor_name",
	"benefit", "benefit_type", "benefit_status", "monitored", "monitor_type",
}

// sensitive reports whether a decision on a field takes two people: where its form says so (class S), and of the fields
// guarded always.
func sensitive(q question, field survey.FieldPath) bool {
	return q.class == "S" || slices.Contains(guarded, path.Base(string(withoutKeys(field))))
}
