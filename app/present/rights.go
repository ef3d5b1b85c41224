package present

import (
	"context"
	"strconv"
	"strings"

	"zoucun/survey"
)

// RightsKeeper is where what is held on a household lies, with the log of who has looked at it.
type RightsKeeper interface {
	LogAccess(ctx context.Context, a survey.Access) error
	Correct(ctx context.Context, c survey.Correction) error
	Held(ctx context.Context, household survey.RecordID) ([]survey.Holding, error)
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
}

// Rights is one look at everything that is held on a household. Nothing is shown before the look is in the access log.
type Rights struct {
	keeper    RightsKeeper
	household survey.RecordID
	person    survey.PersonID
	reason    string
}

// NewRights returns a look that has not begun.
func NewRights(k RightsKeeper, household survey.RecordID, person survey.PersonID) *Rights {
	return &Rights{keeper: k, household: household, person: person}
}

// OtherReason is the reason that has to be written out.
const OtherReason = "其他"

// Reasons are what a look may be for.
func (r *Rights) Reasons() []string {
	return []string{"群众要求查看", "核对更正", "办理问题", OtherReason}
}

// longestReason bounds a reason, in characters.
const longestReason = 200

// Open notes in the access log that this person looks and why, and then returns everything that is held here.
func (r *Rights) Open(ctx context.Context, choice, text string) ([]survey.Holding, error) {
	text = strings.TrimSpace(text)
	switch {
	case choice == "":
		return nil, ask("请先选一个原因。")
	case choice == OtherReason && text == "":
		return nil, ask("选了“其他”，请写明为什么要看。")
	case len([]rune(text)) > longestReason:
		return nil, ask("原因最多 " + strconv.Itoa(longestReason) + " 个字，请写短一些。")
	}
	r.reason = strings.Trim(choice+"："+text, "：")
	return r.look(ctx, survey.ActShow)
}

// Page notes that what is held is put on a page, and returns it.
func (r *Rights) Page(ctx context.Context) ([]survey.Holding, error) {
	return r.look(ctx, survey.ActPage)
}

// Again returns what is held, for a screen that has been let in and shows it anew.
func (r *Rights) Again(ctx context.Context) ([]survey.Holding, error) {
	return r.keeper.Held(ctx, r.household)
}

func (r *Rights) look(ctx context.Context, act survey.Act) ([]survey.Holding, error) {
	h, err := r.keeper.Household(ctx, r.household)
	if err != nil {
		return nil, err
	}
	err = r.keeper.LogAccess(ctx, survey.Access{Scope: h.Scope, Household: h.ID, Person: r.person, Act: act, Reason: r.reason})
	if err != nil {
		return nil, err
	}
	return r.keeper.Held(ctx, r.household)
}

// Correctable is a field of a household that may be corrected, and what it says now.
type Correctable struct {
	Field survey.FieldPath
	Name  string
	Value string
}

// Correctables returns the fields that may be corrected.
func (r *Rights) Correctables(ctx context.Context) ([]Correctable, error) {
	h, err := r.keeper.Household(ctx, r.household)
	if err != nil {
		return nil, err
	}
	return []Correctable{
		{survey.HouseholdHead, "户主", h.Head},
		{survey.HouseholdDoor, "门牌方位", h.Door},
		{survey.HouseholdPhone, "电话", h.Phone},
		{survey.HouseholdResident, "常住人数", counted(h.Resident)},
		{survey.HouseholdAway, "外出人数", counted(h.Away)},
	}, nil
}

func counted(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Correct writes a field anew. What it said before stays in the household's history with who changed it and why. An empty
// value takes the field away; a household keeps its head.
func (r *Rights) Correct(ctx context.Context, c Correctable, value, reason string) error {
	value, reason = strings.TrimSpace(value), strings.TrimSpace(reason)
	number := c.Field == survey.HouseholdResident || c.Field == survey.HouseholdAway
	n, err := strconv.Atoi(value)
	switch {
	case c.Field == "":
		return ask("请先选要更正哪一项。")
	case value == c.Value:
		return ask("和现在登记的一样，没有要更正的。")
	case reason == "":
		return ask("请写明为什么更正，例如“本人说号码换了”。")
	case c.Field == survey.HouseholdHead && value == "":
		return ask("户主不能空着。")
	case number && value != "" && (err != nil || n < 0 || n > 99):
		return ask("人数请填 0 到 99。")
	case len([]rune(value)) > 50 || len([]rune(reason)) > longestReason:
		return ask("写得太长了，请写短一些。")
	}
	return r.keeper.Correct(ctx, survey.Correction{
		Record: r.household, Household: r.household, Author: r.person, Fields: survey.Fields{c.Field: value}, Reason: reason,
	})
}

// ask returns an error that only asks for something.
func ask(message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: "present.Rights", Message: message}
}
