package present

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"zoucun/form"
	"zoucun/internal/alike"
	"zoucun/internal/spell"
	"zoucun/survey"
)

// Doubt is somebody named in a filling whose household is likely in the register already. It holds nothing up: whoever
// answers "不是" goes on.
type Doubt struct {
	Name       string // as it was typed
	New        bool   // a household is about to be created; otherwise none was chosen
	Candidates []Candidate
}

// Candidate is a household that may be the one meant.
type Candidate struct {
	ID     survey.RecordID
	Title  string // the head's name
	Detail string // where, who else, how many people
	Alike  string // what is alike: 同名 · 同门牌
}

// newcomer is a household that a filling is about to create, or a person it names without one.
type newcomer struct {
	facts  survey.Household
	entity int // which of the submission's entity changes creates it; -1 for none
}

// Doubt returns the first question to ask before the filling is finished, and whether there is one. There is none while
// an answer is missing or wrong, for Finish has to say so first.
func (v *Visit) Doubt(ctx context.Context) (Doubt, bool, error) {
	if err := v.keepTyped(ctx); err != nil {
		return Doubt{}, false, err
	}
	sub, err := v.session.Finish()
	if err != nil {
		return Doubt{}, false, nil //nolint:nilerr // Finish, which follows, says it in the right words
	}
	for _, n := range v.newcomers(sub) {
		if d := v.doubtOf(n); len(d.Candidates) > 0 {
			return d, true, nil
		}
	}
	return Doubt{}, false, nil
}

// doubtOf returns the candidates for a newcomer that nobody has judged yet; none where one was judged the same.
func (v *Visit) doubtOf(n newcomer) Doubt {
	d := Doubt{Name: n.facts.Head, New: n.entity >= 0}
	if _, same := v.judgedSame(d.Name); same {
		return d
	}
	village := survey.RecordID(v.draft.Scope)
	groups := v.desk.Forms.Groups(village)
	book := spell.NewBook(v.desk.Forms.Readings()...)
	for _, h := range likelySame(book, n.facts, v.desk.Forms.SearchHouseholds(village, "", 0)) {
		if v.judged(d.Name, h.ID) {
			continue
		}
		d.Candidates = append(d.Candidates, Candidate{
			ID: h.ID, Title: headOf(h.Household), Alike: h.Words(),
			Detail: joined(" · ", whereabouts(h.Household, placeName(groups, h.Group)), family(h.Members)),
		})
	}
	return d
}

func family(members string) string {
	if members == "" {
		return ""
	}
	return "家人 " + members
}

// newcomers returns whom a filling is about to bring into the village it was begun in.
func (v *Visit) newcomers(sub form.Submission) []newcomer {
	var all []newcomer
	chosen := !v.draft.Household.IsZero()
	for i, e := range sub.Entities {
		if survey.RecordType(e.Dataset) != survey.TypeHousehold {
			continue
		}
		chosen = chosen || e.Instance == ""
		village := e.Properties[string(survey.HouseholdVillage)]
		if e.Create && !e.Update && (village == "" || village == survey.RecordID(v.draft.Scope).String()) {
			all = append(all, newcomer{facts: householdIn(e), entity: i})
		}
	}
	if !chosen {
		all = append(all, newcomer{facts: v.respondent(sub), entity: -1})
	}
	return slices.DeleteFunc(all, func(n newcomer) bool { return n.facts.Head == "" })
}

func householdIn(e form.EntityChange) survey.Household {
	id, _ := survey.ParseID[survey.RecordID](e.ID)
	return survey.Household{
		ID: id, Head: e.Label, Members: e.Properties[string(survey.HouseholdMembers)],
		Door: e.Properties[string(survey.HouseholdDoor)], Phone: e.Properties[string(survey.HouseholdPhone)],
	}
}

// respondent returns who was talked to, with the door and the phone that the form would save of a household.
func (v *Visit) respondent(sub form.Submission) survey.Household {
	h := survey.Household{Door: v.saved(sub, survey.HouseholdDoor), Phone: v.saved(sub, survey.HouseholdPhone)}
	for field, value := range sub.Fields {
		if path.Base(string(field)) == survey.RespondentName && !strings.Contains(string(field), "[") {
			h.Head = value
		}
	}
	return h
}

// saved returns the answer that the form saves as a property of a household, whether or not it does so this time.
func (v *Visit) saved(sub form.Submission, property survey.FieldPath) string {
	for _, e := range v.session.Form().Entities {
		for _, question := range e.Saves {
			if survey.RecordType(e.Dataset) == survey.TypeHousehold && survey.FieldPath(question.Bind.SaveTo) == property {
				return sub.Fields[question.Field()]
			}
		}
	}
	return ""
}

// Same says that a doubt's household is one of its candidates: the visit will be paid to that one.
func (v *Visit) Same(ctx context.Context, d Doubt, household survey.RecordID) error {
	return v.judge(ctx, survey.Judgement{Name: d.Name, Household: household, Same: true})
}

// Distinct says that a doubt's household is none of those given. They are not asked about again for that name.
func (v *Visit) Distinct(ctx context.Context, d Doubt, households ...survey.RecordID) error {
	judgements := make([]survey.Judgement, len(households))
	for i, id := range households {
		judgements[i] = survey.Judgement{Name: d.Name, Household: id}
	}
	return v.judge(ctx, judgements...)
}

// judge keeps a person's word in the draft.
func (v *Visit) judge(ctx context.Context, judgements ...survey.Judgement) error {
	v.draft.Judged = slices.Concat(v.draft.Judged, judgements)
	return v.saveState(ctx)
}

func (v *Visit) judged(name string, household survey.RecordID) bool {
	return slices.ContainsFunc(v.draft.Judged, func(j survey.Judgement) bool { return j.Name == name && j.Household == household })
}

func (v *Visit) judgedSame(name string) (survey.RecordID, bool) {
	i := slices.IndexFunc(v.draft.Judged, func(j survey.Judgement) bool { return j.Name == name && j.Same })
	if i < 0 {
		return survey.RecordID{}, false
	}
	return v.draft.Judged[i].Household, true
}

// payToJudged makes a visit that names somebody judged the same as a household of the register a visit to that one. A
// household that is no longer there is none to visit.
func (v *Visit) payToJudged(ctx context.Context, sub *form.Submission) {
	for _, n := range v.newcomers(*sub) {
		id, same := v.judgedSame(n.facts.Head)
		if !same {
			continue
		}
		if _, err := v.desk.Forms.Household(ctx, id); err != nil {
			continue
		}
		if n.entity < 0 {
			v.draft.Household = id
			continue
		}
		payTo(sub, n.entity, id)
	}
}

// payTo turns the creation of a household into an update of one that is there. Only what was answered is said of it: a
// blank takes nothing away, and the head keeps the name the register has. What referred to the household that is not
// created refers to the other.
func payTo(sub *form.Submission, entity int, id survey.RecordID) {
	change := &sub.Entities[entity]
	created := change.ID
	change.ID, change.Create, change.Update, change.Label = id.String(), false, true, ""
	for property, value := range change.Properties {
		if value == "" {
			delete(change.Properties, property)
		}
	}
	for _, e := range sub.Entities {
		for property, value := range e.Properties {
			if value == created && created != "" {
				e.Properties[property] = id.String()
			}
		}
	}
	for field, value := range sub.Fields {
		if value == created && created != "" {
			sub.Fields[field] = id.String()
		}
	}
}

// lookalike is a household of the register that resembles another, and how.
type lookalike struct {
	survey.Household
	alike.Resemblance
}

// likelySame returns the households of a register that are likely the same as one, the likeliest first. Those equally
// likely stand in the order of their codes, however the register was ordered.
func likelySame(book *spell.Book, one survey.Household, register []survey.FoundHousehold) []lookalike {
	var found []lookalike
	for _, h := range register {
		if r := alike.Households(book, one, h.Household); h.ID != one.ID && r.Likely() {
			found = append(found, lookalike{h.Household, r})
		}
	}
	slices.SortFunc(found, func(a, b lookalike) int {
		return cmp.Or(cmp.Compare(b.Points(), a.Points()), cmp.Compare(a.Code, b.Code), a.ID.Compare(b.ID))
	})
	return found
}
