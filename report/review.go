package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"zoucun/survey"
)

// reviewWords says where a visit stands between its author and the township; nothing of one nobody has reviewed.
func reviewWords(v survey.Verdict) string {
	switch v.State() {
	case survey.StateAnswered:
		return "补充过，待审"
	case survey.StateReturned:
		return "退回"
	case survey.StatePassed:
		return "通过"
	case survey.StateJoined:
		return "并入 " + v.DupOf.String()
	case survey.StateUnreviewed:
	}
	return ""
}

// remarks puts what a review says into one text: of the whole, then of single questions by what they ask.
func (t *tabler) remarks(form Form, v survey.Verdict) string {
	said := []string{v.Comment}
	for _, path := range slices.Sorted(maps.Keys(v.Comments)) {
		said = append(said, questionLabel(form, path)+"："+v.Comments[path])
	}
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), "；")
}

func questionLabel(form Form, path survey.FieldPath) string {
	at := slices.IndexFunc(form.Questions, func(q Question) bool { return q.Field == withoutKeys(path) })
	if at < 0 {
		return string(path)
	}
	return cmp.Or(form.Questions[at].Label, string(path))
}
